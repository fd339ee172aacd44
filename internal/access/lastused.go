package access

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/edge"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// flushBatch is how many last uses go into one transaction.
const flushBatch = 1000

// use is the last use of one key or role. The hot path writes it without a lock; only
// the first use after a flush queues it.
type use struct {
	id     string
	nanos  atomic.Int64
	place  atomic.Pointer[place]
	client atomic.Pointer[client]
	action atomic.Pointer[string]
	first  atomic.Int64  // the first use since this is kept in memory
	count  atomic.Uint64 // requests that are not on disk
	dirty  atomic.Bool
}

type place struct{ region, service string }

type client struct{ address, agent string }

// decided notes what a request asked for.
func (u *use) decided(action string) {
	if p := u.action.Load(); p == nil || *p != action {
		u.action.Store(&action)
	}
}

// activity merges what is in memory into what is stored.
func (u *use) activity(stored keyhaven.KeyActivity, count uint64, everUsed bool) keyhaven.KeyActivity {
	stored.Requests += count
	if first := u.first.Load(); first != 0 && !everUsed && (stored.FirstUsed.IsZero() || stored.FirstUsed.UnixNano() > first) {
		stored.FirstUsed = time.Unix(0, first).UTC()
	}
	if c := u.client.Load(); c != nil {
		stored.Address, stored.UserAgent = edge.HostOf(c.address), c.agent[:min(len(c.agent), keyhaven.MaxAgent)]
	}
	if a := u.action.Load(); a != nil {
		stored.Action = *a
	}
	return stored
}

func (u *use) lastUsed() keyhaven.LastUsed {
	p := u.place.Load()
	if p == nil {
		return keyhaven.LastUsed{}
	}
	return keyhaven.LastUsed{Time: time.Unix(0, u.nanos.Load()).UTC(), Region: p.region, Service: p.service}
}

// tracker holds the uses that are not on disk yet. A key has more than one when
// its credential was evicted and looked up again under a request in flight.
type tracker struct {
	mu     sync.Mutex
	queued map[string][]*use
	flushM sync.Mutex // one flush at a time
}

func newTracker() *tracker { return &tracker{queued: map[string][]*use{}} }

// use returns the use of a key: a queued one, or a new one.
func (t *tracker) use(id string) *use {
	t.mu.Lock()
	defer t.mu.Unlock()
	if q := t.queued[id]; len(q) > 0 {
		return q[len(q)-1]
	}
	return &use{id: id}
}

// touch notes a verified request.
func (t *tracker) touch(u *use, now time.Time, r *http.Request, region, service string) {
	u.nanos.Store(now.UnixNano())
	u.count.Add(1)
	u.first.CompareAndSwap(0, now.UnixNano())
	if c := u.client.Load(); c == nil || c.address != r.RemoteAddr || c.agent != r.UserAgent() {
		u.client.Store(&client{r.RemoteAddr, r.UserAgent()})
	}
	if p := u.place.Load(); p == nil || p.region != region || p.service != service {
		u.place.Store(&place{region, service})
	}
	if u.dirty.CompareAndSwap(false, true) {
		t.mu.Lock()
		if !slices.Contains(t.queued[u.id], u) {
			t.queued[u.id] = append(t.queued[u.id], u)
		}
		t.mu.Unlock()
	}
}

// overlay returns the latest of what is on disk and what is queued.
func (t *tracker) overlay(id string, stored keyhaven.LastUsed) keyhaven.LastUsed {
	t.mu.Lock()
	defer t.mu.Unlock()
	return latest(t.queued[id], stored)
}

func latest(uses []*use, than keyhaven.LastUsed) keyhaven.LastUsed {
	for _, u := range uses {
		if at := u.lastUsed(); at.Time.After(than.Time) {
			than = at
		}
	}
	return than
}

// activity returns what is known of the use of a key: what is on disk and what is
// queued.
func (t *tracker) activity(id string, last keyhaven.LastUsed, stored keyhaven.KeyActivity) keyhaven.KeyActivity {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, u := range byTime(t.queued[id]) {
		stored = u.activity(stored, u.count.Load(), !last.Time.IsZero() && stored.FirstUsed.IsZero())
	}
	return stored
}

// byTime puts the latest use last.
func byTime(uses []*use) []*use {
	uses = slices.Clone(uses)
	slices.SortFunc(uses, func(a, b *use) int { return cmp.Compare(a.nanos.Load(), b.nanos.Load()) })
	return uses
}

// pending is the queued uses of one key.
type pending struct {
	id     string
	uses   []*use
	counts []uint64 // what each adds to the requests on disk
}

// take moves the counts out of the uses.
func (p *pending) take() {
	p.counts = make([]uint64, len(p.uses))
	for i, u := range p.uses {
		u.dirty.Store(false)
		p.counts[i] = u.count.Swap(0)
	}
}

// giveBack undoes take.
func (p *pending) giveBack() {
	for i, u := range p.uses {
		u.dirty.Store(true)
		u.count.Add(p.counts[i])
	}
}

// put writes them.
func (p *pending) put(tx *meta.Txn) error {
	last, err := tx.LastUsed(p.id)
	if err != nil {
		return err
	}
	activity, err := tx.KeyActivity(p.id)
	if err != nil {
		return err
	}
	unknown := !last.Time.IsZero() && activity.FirstUsed.IsZero() // it was used before this was kept
	for i, u := range p.uses {
		activity = u.activity(activity, p.counts[i], unknown)
	}
	return tx.PutLastUsed(p.id, latest(p.uses, keyhaven.LastUsed{}), activity)
}

// flush writes the queued uses. An entry stays queued until it is on disk, so
// that a listing always sees it; a use that comes meanwhile queues it again.
func (t *tracker) flush(ctx context.Context, m *meta.Store) error {
	t.flushM.Lock()
	defer t.flushM.Unlock()
	t.mu.Lock()
	batch := make([]pending, 0, len(t.queued))
	for id, uses := range t.queued {
		batch = append(batch, pending{id: id, uses: byTime(uses)})
	}
	t.mu.Unlock()
	for part := range slices.Chunk(batch, flushBatch) {
		if err := t.write(ctx, m, part); err != nil {
			return err
		}
	}
	return nil
}

func (t *tracker) write(ctx context.Context, m *meta.Store, batch []pending) error {
	for i := range batch {
		batch[i].take()
	}
	err := m.Update(ctx, func(tx *meta.Txn) error {
		for i := range batch {
			if err := batch[i].put(tx); err != nil {
				return err
			}
		}
		return nil
	})
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range batch {
		p := &batch[i]
		if err != nil {
			p.giveBack()
			continue
		}
		t.queued[p.id] = slices.DeleteFunc(t.queued[p.id], func(u *use) bool { return !u.dirty.Load() })
		if len(t.queued[p.id]) == 0 {
			delete(t.queued, p.id)
		}
	}
	return err
}
