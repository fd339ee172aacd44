package access

import "github.com/keyhaven/keyhaven/internal/policy"

// WithoutReason is the decision alone.
func (d Decision) WithoutReason() Decision {
	d.why = policy.Decision{}
	return d
}

// MaxFaultyAddresses is how many addresses may be counted at a time.
const MaxFaultyAddresses = maxFaulty

// FaultyAddresses is how many are.
func (s *Service) FaultyAddresses() int { return int(s.faults.tracked.Load()) }
