package console

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// How many failures to sign in within Window make it wait for the rest of it: of
// one name from one address, and of an address, which many may share behind a
// proxy.
const (
	Attempts        = 10
	AddressAttempts = 50
	Window          = 5 * time.Minute

	maxTracked = 100_000
)

// throttle counts failures to sign in, by address and by name.
type throttle struct {
	mu     sync.Mutex
	counts map[string]*failures
}

type failures struct {
	n     int
	until time.Time
}

func newThrottle() *throttle { return &throttle{counts: map[string]*failures{}} }

// wait returns how long these must wait before they may try, or 0.
func (t *throttle) wait(names ...string) (longest time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, name := range names {
		limit := Attempts
		if strings.HasPrefix(name, "address ") && strings.Count(name, " ") == 1 {
			limit = AddressAttempts
		}
		if f := t.counts[name]; f != nil && f.n >= limit {
			longest = max(longest, time.Until(f.until))
		}
	}
	return longest
}

func (t *throttle) failed(names ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if len(t.counts) >= maxTracked {
		for name, f := range t.counts {
			if !f.until.After(now) {
				delete(t.counts, name)
			}
		}
	}
	for _, name := range names {
		f := t.counts[name]
		if f == nil || !f.until.After(now) {
			if f == nil && len(t.counts) >= maxTracked {
				continue // addresses are counted still; memory is not given away
			}
			f = &failures{until: now.Add(Window)}
			t.counts[name] = f
		}
		f.n++
	}
}

func (t *throttle) succeeded(names ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, name := range names {
		delete(t.counts, name)
	}
}

func tooMany(c *call, wait time.Duration) error {
	seconds := strconv.Itoa(int(wait/time.Second) + 1)
	c.w.Header().Set("Retry-After", seconds)
	return &refusal{http.StatusTooManyRequests, "TooManyAttempts", "Too many failed attempts to sign in. Try again in " + seconds + " seconds."}
}
