package cloudtrail

import (
	"sync"
	"time"

	"github.com/keyhaven/keyhaven"
)

// The rate of look-ups of one account (CloudTrail API Reference, "LookupEvents":
// two per second). The first ones may come at once, so that a person who turns
// pages does not feel it.
const (
	perSecond = 2
	burst     = 10
)

// rates counts the look-ups of accounts. Only accounts that exist get here, so it
// is as small as their number.
type rates struct {
	mu   sync.Mutex
	left map[keyhaven.AccountID]*allowance
}

type allowance struct {
	n  float64
	at time.Time
}

func newRates() *rates { return &rates{left: map[keyhaven.AccountID]*allowance{}} }

// take reports whether an account may look up once more.
func (r *rates) take(account keyhaven.AccountID, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.left[account]
	if a == nil {
		a = &allowance{n: burst, at: now}
		r.left[account] = a
	}
	a.n, a.at = min(burst, a.n+max(0, now.Sub(a.at).Seconds())*perSecond), now
	if a.n < 1 {
		return false
	}
	a.n--
	return true
}
