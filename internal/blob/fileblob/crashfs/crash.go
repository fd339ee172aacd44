package crashfs

import (
	"maps"
	"math/rand/v2"
	"slices"
)

const sector = 512 // bytes that a disk writes at once

// Crash returns a file system as the loss of power at this point may leave it;
// the seed decides what. The file system itself is not changed. No hook is set
// in the new one, and everything in it is durable.
func (f *FS) Crash(seed uint64) *FS {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := crash{
		random: rand.New(rand.NewPCG(seed, 0)),
		nodes:  make(map[*node]*node),
	}
	// How much is lost at all varies, so that "nearly all" and "nearly nothing"
	// are seen as often as an even mix.
	c.loss = []float64{0, 0.1, 0.5, 0.9, 1}[c.random.IntN(5)]
	return &FS{root: c.node(f.root)}
}

type crash struct {
	random *rand.Rand
	loss   float64
	nodes  map[*node]*node // a file may be there under two names
}

func (c *crash) loses() bool { return c.random.Float64() < c.loss }

func (c *crash) node(n *node) *node {
	if left, ok := c.nodes[n]; ok {
		return left
	}
	left := new(node)
	c.nodes[n] = left
	if n.names == nil {
		left.data = replay(n.synced, c.writes(n.pending))
		left.synced = left.data
		return left
	}
	left.names = maps.Clone(n.stable)
	for _, ch := range n.changes {
		if !c.loses() {
			set(left.names, ch.name, ch.node)
		}
	}
	// In order of the names, so that the same seed gives the same outcome.
	for _, name := range slices.Sorted(maps.Keys(left.names)) {
		left.names[name] = c.node(left.names[name])
	}
	left.stable = maps.Clone(left.names)
	return left
}

// writes returns what is left of the writes.
func (c *crash) writes(pending []write) []write {
	var left []write
	for _, w := range pending {
		if !c.loses() {
			left = append(left, w)
			continue
		}
		switch c.random.IntN(3) {
		case 0: // wholly lost
		case 1: // the front is left
			left = append(left, write{off: w.off, p: w.p[:c.random.IntN(len(w.p)+1)]})
		case 2: // some sectors are left
			for at := 0; at < len(w.p); at += sector {
				if c.random.IntN(2) == 0 {
					left = append(left, write{off: w.off + at, p: w.p[at:min(at+sector, len(w.p))]})
				}
			}
		}
	}
	return left
}
