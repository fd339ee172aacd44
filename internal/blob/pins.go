package blob

import "sync"

// Pins keeps what readers hold from being freed under them. A reader that
// needs several blobs over a long time pins the thing that keeps them (for a
// multipart object its manifest); the sweeper frees only what nobody has
// pinned. The zero value is ready.
type Pins struct {
	mu   sync.Mutex
	held map[Ref]int // number of pins, or freeing
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
// running fn, when ref is pinned or being freed.
func (p *Pins) Free(ref Ref, fn func() error) (bool, error) {
	p.mu.Lock()
	if p.held[ref] != 0 {
		p.mu.Unlock()
		return false, nil
	}
	if p.held == nil {
		p.held = map[Ref]int{}
	}
	p.held[ref] = freeing
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.held, ref)
		p.mu.Unlock()
	}()
	return true, fn()
}
