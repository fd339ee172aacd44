package access

import (
	"errors"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/edge"
	"github.com/keyhaven/keyhaven/internal/sigv4"
)

// The bounds of authentication that fails.
const (
	// MaxFaults is how many requests from one address (of IPv6: one /64) may come
	// with a wrong secret in a FaultWindow. After that, no secret is tried from it,
	// but of keys that it used last: nobody locks out a key's owner, not even from
	// behind the same proxy.
	MaxFaults   = 300
	FaultWindow = time.Minute

	maxFaulty = 20_000 // addresses that are counted at a time
)

// faults counts failures by address.
type faults struct {
	tracked atomic.Int64 // addresses; 0 spares requests the lock
	mu      sync.Mutex
	counts  map[netip.Prefix]*faultCount
	swept   time.Time
}

type faultCount struct {
	n     int
	until time.Time
}

// exceeded reports whether an address has failed too often.
func (f *faults) exceeded(r *http.Request, now time.Time, limit int) bool {
	if limit < 0 || f.tracked.Load() == 0 {
		return false
	}
	at := edge.ClientNetwork(r)
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.counts[at]
	if c == nil {
		return false
	}
	if !now.Before(c.until) {
		f.drop(at)
		return false
	}
	return c.n >= limit
}

// failed counts a failure.
func (f *faults) failed(r *http.Request, now time.Time) {
	at := edge.ClientNetwork(r)
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.counts[at]
	if c == nil || !now.Before(c.until) {
		if c == nil && !f.room(now) {
			return // too many addresses: memory is not given away
		}
		c = &faultCount{until: now.Add(FaultWindow)}
		if f.counts == nil {
			f.counts = map[netip.Prefix]*faultCount{}
		}
		f.counts[at] = c
		f.tracked.Store(int64(len(f.counts)))
	}
	c.n++
}

// room makes room for one more address by forgetting those whose time is over.
func (f *faults) room(now time.Time) bool {
	if len(f.counts) < maxFaulty {
		return true
	}
	if now.Sub(f.swept) < time.Second { // looking at all of them is work that a flood must not buy
		return false
	}
	f.swept = now
	for at, c := range f.counts {
		if !now.Before(c.until) {
			f.drop(at)
		}
	}
	return len(f.counts) < maxFaulty
}

func (f *faults) drop(at netip.Prefix) {
	delete(f.counts, at)
	f.tracked.Store(int64(len(f.counts)))
}

// isFault reports whether an error is a wrong secret. A key that is not there is
// none: clients go on with a key that was deleted, and ids cannot be guessed; nor
// is a wrong clock or a malformed header.
func isFault(err error) bool {
	e, ok := errors.AsType[*sigv4.Error](err)
	return ok && e.Reason == sigv4.SignatureMismatch
}

// from reports whether the address used the key last.
func (u *use) from(r *http.Request) bool {
	c := u.client.Load()
	return c != nil && edge.HostOf(c.address) == edge.ClientAddress(r)
}

// trusted reports whether a credential is verified although its address has
// failed too often: a session's token cannot be guessed, and a key that the
// address used last is its own.
func (c *credential) trusted(r *http.Request) bool { return c.used == nil || c.used.from(r) }

func errThrottled() error { return &keyhaven.Error{Kind: keyhaven.Throttled} }
