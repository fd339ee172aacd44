package pebblekv

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"
)

// TestTouchedAgainstModel compares touched with a plain search through random
// histories and reads.
func TestTouchedAgainstModel(t *testing.T) {
	key := rapid.SliceOfN(rapid.SampledFrom([]byte{0, 'a', 'b', 0xff}), 1, 3)
	rapid.Check(t, func(rt *rapid.T) {
		h := newHistory()
		var all []*commit
		written := make(map[uint64][][]byte)
		all = append(all, h.begun.Load())
		for range rapid.IntRange(0, 10).Draw(rt, "commits") {
			keys := rapid.SliceOfN(key, 1, 4).Draw(rt, "keys")
			slices.SortFunc(keys, bytes.Compare)
			c := &commit{}
			var slots []uint32
			for _, k := range keys {
				c.keys = append(binary.AppendUvarint(c.keys, uint64(len(k))), k...)
				slots = append(slots, h.slot(k))
			}
			h.begin(c, slots)
			all = append(all, c)
			written[c.seq] = keys
		}
		var reads readSet
		for _, k := range rapid.SliceOfN(key, 0, 5).Draw(rt, "points") {
			reads.points = append(reads.points, point{key: k, slot: h.slot(k)})
		}
		for range rapid.IntRange(0, 4).Draw(rt, "ranges") {
			r := keyRange{lo: key.Draw(rt, "lo"), hi: key.Draw(rt, "hi")}
			if rapid.IntRange(0, 4).Draw(rt, "open") == 0 {
				r.hi = nil
			}
			if r.hi == nil || bytes.Compare(r.lo, r.hi) < 0 {
				reads.ranges = append(reads.ranges, r)
			}
		}
		from := rapid.IntRange(0, len(all)-1).Draw(rt, "from")
		to := rapid.IntRange(0, len(all)-1).Draw(rt, "to")
		var want uint64
		for seq := from + 1; seq <= to; seq++ {
			for _, k := range written[uint64(seq)] {
				if readsKey(reads, k) {
					want = uint64(seq)
				}
			}
		}
		if got := h.touched(all[from], all[to], &reads); got != want {
			rt.Fatalf("touched(%d, %d) = %d, want %d", from, to, got, want)
		}
	})
}

func readsKey(reads readSet, key []byte) bool {
	for _, p := range reads.points {
		if bytes.Equal(p.key, key) {
			return true
		}
	}
	for _, r := range reads.ranges {
		if bytes.Compare(r.lo, key) <= 0 && (r.hi == nil || bytes.Compare(key, r.hi) < 0) {
			return true
		}
	}
	return false
}

// TestHashCollisionIsNoConflict reads and writes different keys of one slot.
func TestHashCollisionIsNoConflict(t *testing.T) {
	h := newHistory()
	read := []byte("read")
	other := []byte("other")
	for i := 0; h.slot(other) != h.slot(read); i++ {
		other = fmt.Append(nil, "other", i)
	}
	from := h.begun.Load()
	c := &commit{keys: append(binary.AppendUvarint(nil, uint64(len(other))), other...)}
	h.begin(c, []uint32{h.slot(other)})
	reads := readSet{points: []point{{key: read, slot: h.slot(read)}}}
	if got := h.touched(from, c, &reads); got != 0 {
		t.Errorf("touched = %d for another key of the same slot, want 0", got)
	}
}

// TestSnapshotBounds puts a snapshot into each of the moments of a commit (I2).
func TestSnapshotBounds(t *testing.T) {
	s, err := Open("/kv", Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatalf("Open() = %v", err)
	}
	before := s.snapshot()
	c := &commit{}
	s.history.begin(c, nil)
	during := s.snapshot()
	if during.upto != c && during != before {
		t.Errorf("a snapshot made while a commit is applied ends before the commit")
	}
	s.dropSnapshot()
	fresh := s.snapshot()
	if fresh.upto != c || fresh.from == c {
		t.Errorf("a snapshot made while a commit is applied is from %d up to %d, want from before %d up to it",
			fresh.from.seq, fresh.upto.seq, c.seq)
	}
	s.history.applied.Store(c)
	after := s.snapshot()
	if after.from != c {
		t.Errorf("a snapshot of before the commit is used after it")
	}
	for _, p := range []*snapshot{before, during, fresh, after} {
		p.release()
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close() = %v: snapshots are left", err)
	}
}

func TestArenaCopiesStayApart(t *testing.T) {
	var a arena
	var copies [][]byte
	for i := range 3000 {
		copies = append(copies, a.copy(fmt.Append(nil, "copy ", i)))
	}
	_ = append(copies[0], "overrun"...)
	if got := new(arena).copy([]byte{}); got == nil {
		t.Error("a copy of nothing is nil, which stands for no bound")
	}
	for i, got := range copies {
		if want := fmt.Sprint("copy ", i); string(got) != want {
			t.Fatalf("copy %d = %q, want %q", i, got, want)
		}
	}
}
