package pebblekv

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// pressure slows updates down while compactions are behind: each sublevel of
// level 0 is one more table that a read may have to look into.
//
// Pebble would stop them instead, inside its commit, until a compaction has
// ended. That compaction may never come: the disk has failed or is full, or one
// damaged table fails it each time. So Pebble's own stop is switched off (see
// tuning.go), and an update is held here, before it has begun, for holdMost at
// the longest. Compactions outrun what still comes through then.
type pressure struct {
	sublevels atomic.Int64
	kicks     chan struct{}
	stopped   chan struct{}
	done      chan struct{}

	mu      sync.Mutex
	changed chan struct{} // closed when sublevels was measured again
}

const (
	l0Stop   = 24 // sublevels of level 0 from which on updates are held
	holdMost = time.Second
)

func newPressure() *pressure {
	return &pressure{
		kicks: make(chan struct{}, 1), stopped: make(chan struct{}), done: make(chan struct{}),
		changed: make(chan struct{}),
	}
}

// kick says that a flush or a compaction has ended. Pebble's locks may be held.
func (p *pressure) kick() {
	select {
	case p.kicks <- struct{}{}:
	default:
	}
}

// run measures after each kick, until stop.
func (p *pressure) run(measure func() int64) {
	defer close(p.done)
	for {
		select {
		case <-p.stopped:
			return
		case <-p.kicks:
		}
		p.set(measure())
	}
}

func (p *pressure) set(sublevels int64) {
	p.sublevels.Store(sublevels)
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.changed)
	p.changed = make(chan struct{})
}

// stop returns when nothing is measured any more.
func (p *pressure) stop() {
	close(p.stopped)
	<-p.done
}

// hold waits while there are too many sublevels. It fails when ctx is done or
// the fuse blows first.
func (p *pressure) hold(ctx context.Context, f *fuse) error {
	if p.sublevels.Load() < l0Stop {
		return nil
	}
	most := time.NewTimer(holdMost)
	defer most.Stop()
	for {
		p.mu.Lock()
		changed := p.changed
		p.mu.Unlock()
		if p.sublevels.Load() < l0Stop {
			return nil
		}
		select {
		case <-changed:
		case <-most.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-f.dead:
			return f.refusal()
		}
	}
}
