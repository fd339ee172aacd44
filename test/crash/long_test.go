//go:build crash

package crash

const (
	killRounds   = 250
	stopRounds   = 40
	powerRounds  = 200
	powerCuts    = 30 // in each round, at the mean
	linearRounds = 300
	slowClients  = 10_000
	slowMemory   = "96"
	largePart    = 5 << 30
	rotTrials    = 150
)
