package access

import (
	"context"
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

// tracker holds the uses that are not on disk yet.
type tracker struct {
	mu     sync.Mutex
	queued map[string]*use
	flushM sync.Mutex // one flush at a time
}

func newTracker() *tracker { return &tracker{queued: map[string]*use{}} }

// use returns the use of a key: the queued one, or a new one.
func (t *tracker) use(id string) *use {
	t.mu.Lock()
	defer t.mu.Unlock()
	if u := t.queued[id]; u != nil {
		return u
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
		t.queued[u.id] = u
		t.mu.Unlock()
	}
}

// overlay returns the later of what is on disk and what is queued.
func (t *tracker) overlay(id string, stored keyhaven.LastUsed) keyhaven.LastUsed {
	t.mu.Lock()
	u := t.queued[id]
	t.mu.Unlock()
	if u == nil {
		return stored
	}
	if now := u.lastUsed(); now.Time.After(stored.Time) {
		return now
	}
	return stored
}

// flush writes the queued uses. An entry stays queued until it is on disk, so
// that a listing always sees it; a use that comes meanwhile queues it again.
func (t *tracker) flush(ctx context.Context, m *meta.Store) error {
	t.flushM.Lock()
	defer t.flushM.Unlock()
	t.mu.Lock()
	batch := make([]*use, 0, len(t.queued))
	for _, u := range t.queued {
		batch = append(batch, u)
	}
	t.mu.Unlock()
	for len(batch) > 0 {
		n := min(len(batch), flushBatch)
		if err := t.write(ctx, m, batch[:n]); err != nil {
			return err
		}
		batch = batch[n:]
	}
	return nil
}

func (t *tracker) write(ctx context.Context, m *meta.Store, batch []*use) error {
	for _, u := range batch {
		u.dirty.Store(false)
	}
	err := m.Update(ctx, func(tx *meta.Txn) error {
		for _, u := range batch {
			if err := tx.PutLastUsed(u.id, u.lastUsed()); err != nil {
				return err
			}
		}
		return nil
	})
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, u := range batch {
		switch {
		case err != nil:
			u.dirty.Store(true)
		case !u.dirty.Load() && t.queued[u.id] == u:
			delete(t.queued, u.id)
		}
	}
	return err
}
