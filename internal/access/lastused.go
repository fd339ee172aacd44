package access

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// flushBatch is how many last uses go into one transaction.
const flushBatch = 1000

// use is the last use of one key. The hot path writes it without a lock; only
// the first use after a flush queues it.
type use struct {
	id    string
	nanos atomic.Int64
	place atomic.Pointer[place]
	dirty atomic.Bool
}

type place struct{ region, service string }

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

func (t *tracker) touch(u *use, now time.Time, region, service string) {
	u.nanos.Store(now.UnixNano())
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

// pending is the queued uses of one key.
type pending struct {
	id   string
	uses []*use
}

// flush writes the queued uses. An entry stays queued until it is on disk, so
// that a listing always sees it; a use that comes meanwhile queues it again.
func (t *tracker) flush(ctx context.Context, m *meta.Store) error {
	t.flushM.Lock()
	defer t.flushM.Unlock()
	t.mu.Lock()
	batch := make([]pending, 0, len(t.queued))
	for id, uses := range t.queued {
		batch = append(batch, pending{id, slices.Clone(uses)})
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
	for _, p := range batch {
		for _, u := range p.uses {
			u.dirty.Store(false)
		}
	}
	err := m.Update(ctx, func(tx *meta.Txn) error {
		for _, p := range batch {
			if err := tx.PutLastUsed(p.id, latest(p.uses, keyhaven.LastUsed{})); err != nil {
				return err
			}
		}
		return nil
	})
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range batch {
		if err != nil {
			for _, u := range p.uses {
				u.dirty.Store(true)
			}
			continue
		}
		t.queued[p.id] = slices.DeleteFunc(t.queued[p.id], func(u *use) bool { return !u.dirty.Load() })
		if len(t.queued[p.id]) == 0 {
			delete(t.queued, p.id)
		}
	}
	return err
}
