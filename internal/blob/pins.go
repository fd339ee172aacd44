package blob

import "sync"

// Pins keeps what readers hold from being freed under them. A reader that
// needs several blobs over a long time pins the thing that keeps them (for a
// multipart object its manifest); the sweeper frees only what nobody has
// pinned. The zero value is ready.
type Pins struct {
	mu    sync.Mutex
	held  map[Ref]int // number of pins, or freeing
	holds int         // number of Hold calls in force
	busy  int         // number of Free calls that are running
	idle  sync.Cond   // busy became zero
}

const freeing = -1

// Pin holds ref until Unpin. It reports false when ref is being freed, and then
// holds nothing: what led to ref is no longer current.
func (p *Pins) Pin(ref Ref) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held[ref] == freeing {
		return false
	}
	if p.held == nil {
		p.held = map[Ref]int{}
	}
	p.held[ref]++
	return true
}

// Unpin ends one Pin.
func (p *Pins) Unpin(ref Ref) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held[ref]--; p.held[ref] <= 0 {
		delete(p.held, ref)
	}
}

// Free runs fn while nobody holds ref or can pin it. It reports false, without
// running fn, when ref is pinned or being freed, or while Hold is in force.
func (p *Pins) Free(ref Ref, fn func() error) (bool, error) {
	p.mu.Lock()
	if p.held[ref] != 0 || p.holds > 0 {
		p.mu.Unlock()
		return false, nil
	}
	p.busy++
	if p.held == nil {
		p.held = map[Ref]int{}
	}
	p.held[ref] = freeing
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.held, ref)
		if p.busy--; p.busy == 0 && p.idle.L != nil {
			p.idle.Broadcast()
		}
		p.mu.Unlock()
	}()
	return true, fn()
}

// Hold keeps everything from being freed until release is called: a backup
// reads what was referenced at its beginning. It returns once no Free is
// running any more.
func (p *Pins) Hold() (release func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.holds++
	p.idle.L = &p.mu
	for p.busy > 0 {
		p.idle.Wait()
	}
	return sync.OnceFunc(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.holds--
	})
}
