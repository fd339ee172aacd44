package access

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/keyhaven/keyhaven/internal/edge"
)

// Refusals are the requests of one network that were refused with Throttled within
// a FaultWindow.
type Refusals struct {
	Network     netip.Prefix
	Count       int
	First, Last time.Time
	KeyIDs      []string // that they named, at most ten
	Address     string   // of the last one
	UserAgent   string   // of the last one
}

const maxRefusedKeys = 10

// refusals counts what is refused until somebody is told of it.
type refusals struct {
	mu       sync.Mutex
	networks map[netip.Prefix]*Refusals
}

func (f *refusals) add(r *http.Request, keyID string, now time.Time) {
	at := edge.ClientNetwork(r)
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.networks[at]
	if n == nil {
		if len(f.networks) >= maxFaulty {
			return // as with the faults: memory is not given away
		}
		n = &Refusals{Network: at, First: now}
		if f.networks == nil {
			f.networks = map[netip.Prefix]*Refusals{}
		}
		f.networks[at] = n
	}
	n.Count++
	n.Last, n.Address, n.UserAgent = now, edge.ClientAddress(r), r.UserAgent()
	if len(n.KeyIDs) < maxRefusedKeys && !slices.Contains(n.KeyIDs, keyID) {
		n.KeyIDs = append(n.KeyIDs, keyID)
	}
}

// take returns what began before a time, and forgets it.
func (f *refusals) take(before time.Time) (out []Refusals) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for at, n := range f.networks {
		if n.First.Before(before) {
			out = append(out, *n)
			delete(f.networks, at)
		}
	}
	slices.SortFunc(out, func(a, b Refusals) int { return a.First.Compare(b.First) })
	return out
}

// refusalsEvery is how often it is looked whether somebody is to be told.
const refusalsEvery = 2 * time.Second

// RunRefusals tells, until ctx ends, of each network whose requests are refused, once
// in a FaultWindow.
func (s *Service) RunRefusals(ctx context.Context, tell func(Refusals)) {
	tick := time.NewTicker(refusalsEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			for _, n := range s.refusals.take(s.now().Add(-FaultWindow)) {
				tell(n)
			}
		}
	}
}

// LastRefusals returns what nobody was told of yet, when there are no more requests.
func (s *Service) LastRefusals() []Refusals {
	return s.refusals.take(s.now().Add(time.Nanosecond))
}
