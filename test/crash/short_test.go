//go:build !crash

package crash

// How much is done. The long run is in long_test.go.
const (
	killRounds   = 10
	stopRounds   = 3
	powerRounds  = 6
	powerCuts    = 10 // in each round, at the mean
	linearRounds = 40
	slowClients  = 600
	slowMemory   = "32"
	largePart    = 32 << 20
	rotTrials    = 6
)
