package pebblekv

import (
	"bytes"
	"sync/atomic"
)

// hotBytes is what a key and its value have at most to be kept in memory: records
// of buckets and objects mostly have half of it.
const hotBytes = 512

// hot keeps values that are read again and again, so that the record of a bucket
// that is written to costs no walk through memtables and tables at every request.
// It needs no invalidation: the slots of the history say whether a key may have
// been written since its value was read. Under many writes the slots, which keys
// share, make values look old early; then they are read again.
//
// It holds at most one value for each slot, at most 9 MiB in all, and a value only
// once it is read for the second time.
type hot struct {
	values [slotCount]atomic.Pointer[hotPair]
	seen   [slotCount]atomic.Uint32 // part of the hash of the key that was read last
}

// hotPair is a key and the value that it had when commit seq was the newest. It is
// never changed.
type hotPair struct {
	key, value []byte
	seq        uint64
}

// get returns the value of key in snap, or nil when it is not known.
//
// Written after both the pair was read and the snapshot was taken, the key could
// have another value now; written between the two, another one in the snapshot. In
// both cases the slot has a newer commit than one of them: it is set before a
// commit can be seen.
func (h *hot) get(hist *history, key []byte, slot uint32, snap *snapshot) []byte {
	p := h.values[slot].Load()
	if p == nil || hist.slots[slot].Load() > min(p.seq, snap.from.seq) || !bytes.Equal(p.key, key) {
		return nil
	}
	return p.value
}

// put takes the value that key has in snap, if it is worth it.
func (h *hot) put(hist *history, key, value []byte, hash uint64, snap *snapshot) {
	if len(key)+len(value) > hotBytes {
		return
	}
	slot, mark := slotOf(hash), uint32(hash>>32)
	if h.seen[slot].Swap(mark) != mark {
		return
	}
	// The snapshot may hold commits that came after snap.from (I2).
	if hist.slots[slot].Load() > snap.from.seq {
		return
	}
	b := make([]byte, len(key)+len(value))
	n := copy(b, key)
	copy(b[n:], value)
	h.values[slot].Store(&hotPair{key: b[:n:n], value: b[n:], seq: snap.from.seq})
}
