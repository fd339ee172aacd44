//go:build crash

package crash

const (
	killRounds   = 250
	stopRounds   = 40
	powerRounds  = 150
	powerCuts    = 40
	linearRounds = 300
	slowClients  = 10_000
	slowMemory   = "96"
	largePart    = 5 << 30
	rotTrials    = 150
)
