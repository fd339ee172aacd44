package pebblekv

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/keyhaven/keyhaven/internal/kv"
)

// gate counts the running calls, so that Close can wait for them. Unlike a
// read-write mutex it lets a call inside a call fail, not deadlock, while Close
// waits.
type gate struct {
	calls   atomic.Int64 // less closing once Close has begun
	drained chan struct{}
	once    sync.Once // a call that is turned away may find the gate empty again
}

const closing = 1 << 40

func (g *gate) init() { g.drained = make(chan struct{}) }

func (g *gate) enter() error {
	if g.calls.Add(1) <= 0 {
		g.leave()
		return kv.ErrClosed
	}
	return nil
}

func (g *gate) leave() {
	if g.calls.Add(-1) == -closing {
		g.drain()
	}
}

func (g *gate) drain() { g.once.Do(func() { close(g.drained) }) }

// close shuts the gate and waits until everybody has left. It reports whether
// this call was the one that shut it.
func (g *gate) close() bool {
	for {
		n := g.calls.Load()
		if n < 0 {
			<-g.drained
			return false
		}
		if g.calls.CompareAndSwap(n, n-closing) {
			if n == 0 {
				g.drain()
			}
			<-g.drained
			return true
		}
	}
}

// commitLock orders the commits. It is a channel so that a caller can give up:
// Pebble may keep the holder waiting while it flushes and compacts.
type commitLock struct {
	held chan struct{}
	// wedged is set when a commit panicked inside Pebble and left its locks.
	wedged atomic.Bool
}

func (l *commitLock) init() { l.held = make(chan struct{}, 1) }

// acquire fails when ctx is done or the fuse blows first.
func (l *commitLock) acquire(ctx context.Context, f *fuse) error {
	select {
	case l.held <- struct{}{}:
		return nil
	default:
	}
	select {
	case l.held <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-f.dead:
		return f.refusal()
	}
}

func (l *commitLock) release() { <-l.held }

// syncWaiters are the calls that wait for the sync of somebody else's commit.
type syncWaiters struct {
	count atomic.Int32
	mu    sync.Mutex
	cond  sync.Cond
}

func (w *syncWaiters) init() { w.cond.L = &w.mu }

// wake is called after synced was raised or the fuse has blown.
func (w *syncWaiters) wake() {
	if w.count.Load() == 0 {
		return
	}
	w.mu.Lock()
	w.cond.Broadcast()
	w.mu.Unlock()
}

// wait blocks until done. Whoever makes done true calls wake afterwards.
func (w *syncWaiters) wait(done func() bool) {
	w.count.Add(1)
	defer w.count.Add(-1)
	w.mu.Lock()
	defer w.mu.Unlock()
	for !done() {
		w.cond.Wait()
	}
}
