package pebblekv

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"slices"
	"sync/atomic"
)

// slotCount is the number of hash slots; 128 KiB in all.
const slotCount = 1 << 14

// commit is one link of the history (I1): the keys that one commit wrote.
type commit struct {
	seq  uint64
	next *commit // set under the commit lock, before the next commit is published
	keys []byte  // sorted; each a uvarint length and the key
}

// history tells which keys recent commits wrote.
//
// A reader walks it without a lock: it loads a newest commit `to` and follows
// next from an older one, but never reads to.next, so that every next it reads
// was set before `to` was published.
type history struct {
	seed  maphash.Seed
	slots [slotCount]atomic.Uint64 // by key hash: the newest commit that wrote such a key

	begun   atomic.Pointer[commit] // newest commit handed to Pebble
	applied atomic.Pointer[commit] // newest commit that new snapshots contain
	synced  atomic.Pointer[commit] // newest commit known to be durable
}

func newHistory() *history {
	h := &history{seed: maphash.MakeSeed()}
	root := &commit{}
	h.begun.Store(root)
	h.applied.Store(root)
	h.synced.Store(root)
	return h
}

func (h *history) slot(key []byte) uint32 { return slotOf(h.hash(key)) }

func (h *history) hash(key []byte) uint64 { return maphash.Bytes(h.seed, key) }

func slotOf(hash uint64) uint32 { return uint32(hash) & (slotCount - 1) }

// begin links c behind the newest commit. The caller holds the commit lock.
func (h *history) begin(c *commit, slots []uint32) {
	last := h.begun.Load()
	c.seq = last.seq + 1
	last.next = c
	for _, s := range slots {
		h.slots[s].Store(c.seq)
	}
	h.begun.Store(c)
}

// raiseSynced notes that c and everything before it is durable.
func (h *history) raiseSynced(c *commit) {
	for {
		cur := h.synced.Load()
		if cur.seq >= c.seq || h.synced.CompareAndSwap(cur, c) {
			return
		}
	}
}

// touched returns the number of the newest commit after from, up to to, that
// wrote something r read, or 0.
//
// The hash slots settle nearly every call without a walk: a key whose slot is
// not newer than from was not written.
func (h *history) touched(from, to *commit, r *readSet) uint64 {
	if from.seq >= to.seq || r.empty() {
		return 0
	}
	hits := r.hits[:0]
	for i := range r.points {
		if h.slots[r.points[i].slot].Load() > from.seq {
			hits = append(hits, r.points[i].key)
		}
	}
	r.hits = hits
	if len(hits) == 0 && len(r.ranges) == 0 {
		return 0
	}
	slices.SortFunc(hits, bytes.Compare)
	r.mergeRanges()
	var newest uint64
	for c := from; c != to; {
		c = c.next
		if c.wroteAny(hits, r.ranges) {
			newest = c.seq
		}
	}
	return newest
}

func (c *commit) wroteAny(points [][]byte, ranges []keyRange) bool {
	for rest := c.keys; len(rest) > 0; {
		n, w := binary.Uvarint(rest)
		key := rest[w : w+int(n)]
		rest = rest[w+int(n):]
		if _, ok := slices.BinarySearchFunc(points, key, bytes.Compare); ok {
			return true
		}
		if inRanges(ranges, key) {
			return true
		}
	}
	return false
}

// readSet is what a transaction, or a View while syncs are pending, has read.
type readSet struct {
	points []point
	ranges []keyRange
	hits   [][]byte // scratch of touched
}

type point struct {
	key  []byte
	slot uint32
}

// keyRange is the keys k with lo ≤ k < hi; a nil hi means no upper bound.
type keyRange struct{ lo, hi []byte }

func (r *readSet) empty() bool { return len(r.points) == 0 && len(r.ranges) == 0 }

func (r *readSet) reset() {
	clear(r.points)
	clear(r.ranges)
	clear(r.hits)
	r.points, r.ranges, r.hits = r.points[:0], r.ranges[:0], r.hits[:0]
}

// mergeRanges sorts the ranges and joins those that overlap.
func (r *readSet) mergeRanges() {
	if len(r.ranges) < 2 {
		return
	}
	slices.SortFunc(r.ranges, func(a, b keyRange) int { return bytes.Compare(a.lo, b.lo) })
	out := r.ranges[:1]
	for _, next := range r.ranges[1:] {
		last := &out[len(out)-1]
		switch {
		case last.hi == nil:
			continue
		case bytes.Compare(next.lo, last.hi) > 0:
			out = append(out, next)
		case next.hi == nil || bytes.Compare(next.hi, last.hi) > 0:
			last.hi = next.hi
		}
	}
	r.ranges = out
}

// inRanges reports whether key is in one of the sorted, disjoint ranges.
func inRanges(ranges []keyRange, key []byte) bool {
	i, found := slices.BinarySearchFunc(ranges, key, func(r keyRange, key []byte) int {
		return bytes.Compare(r.lo, key)
	})
	if found {
		return true // a range that holds nothing is never noted
	}
	if i == 0 {
		return false
	}
	hi := ranges[i-1].hi
	return hi == nil || bytes.Compare(key, hi) < 0
}

// arena holds the copies of keys and values that one call needs.
type arena struct{ buf []byte }

const (
	arenaChunk  = 4 << 10
	arenaRetain = 64 << 10
)

// copy returns a copy of b that lives until reset. A full chunk is left to the
// slices that point into it.
func (a *arena) copy(b []byte) []byte {
	out := a.alloc(len(b))
	copy(out, b)
	return out
}

func (a *arena) alloc(n int) []byte {
	if a.buf == nil || cap(a.buf)-len(a.buf) < n { // never nil, which is no bound
		a.buf = make([]byte, 0, max(arenaChunk, 2*n))
	}
	end := len(a.buf) + n
	out := a.buf[len(a.buf):end:end]
	a.buf = a.buf[:end]
	return out
}

func (a *arena) reset() {
	if cap(a.buf) > arenaRetain {
		a.buf = nil
	}
	a.buf = a.buf[:0]
}

// successor returns the first key after key.
func (a *arena) successor(key []byte) []byte {
	out := a.alloc(len(key) + 1)
	copy(out, key)
	out[len(key)] = 0
	return out
}
