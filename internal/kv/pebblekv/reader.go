package pebblekv

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/cockroachdb/pebble/v2"

	"github.com/keyhaven/keyhaven/internal/kv"
)

// pinLimit is how many values a call keeps pinned in Pebble; those after are
// copied, for each pin holds a Pebble iterator.
const pinLimit = 16

// reader reads one snapshot for one call. A View uses it as it is, a txn embeds
// it.
type reader struct {
	s     *Store
	snap  *snapshot // nil until the first read
	track bool      // note every read, not only those whose sync is pending
	arena arena
	reads readSet
	pins  []io.Closer
	iters []*iterator // not yet closed by the caller
}

func (r *reader) snapshot() *snapshot {
	if r.snap == nil {
		r.snap = r.s.snapshot()
	}
	return r.snap
}

// pending reports whether the snapshot may hold commits that are not durable.
func (r *reader) pending() bool {
	return r.snap.upto.seq > r.s.history.synced.Load().seq
}

func (r *reader) Get(key []byte) ([]byte, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	snap, hist := r.snapshot(), r.s.history
	hash := hist.hash(key)
	slot := slotOf(hash)
	if r.track || r.pending() {
		r.notePoint(key, slot)
	}
	if value := r.s.hot.get(hist, key, slot, snap); value != nil {
		return value, nil
	}
	value, pin, err := getPinned(snap, key)
	if err != nil {
		return nil, err
	}
	r.s.hot.put(hist, key, value, hash, snap)
	if len(r.pins) < pinLimit {
		r.pins = append(r.pins, pin)
		return value[:len(value):len(value)], nil
	}
	value = r.arena.copy(value)
	if err := pin.Close(); err != nil {
		return nil, fmt.Errorf("pebblekv: get: %w", err)
	}
	return value, nil
}

// getPinned reads a value, which lives until the closer is closed.
//
// Pebble 2.1.7 loses the error when the value is in a blob file that cannot be
// read, and returns nil as if it were the value: DB.Get ends with
// Iterator.Value, which drops it. The iterator, which is the closer, still has
// it.
func getPinned(from pebble.Reader, key []byte) ([]byte, io.Closer, error) {
	value, pin, err := from.Get(key)
	switch {
	case errors.Is(err, pebble.ErrNotFound):
		return nil, nil, kv.ErrNotFound
	case err != nil:
		return nil, nil, fmt.Errorf("pebblekv: get: %w", err)
	}
	if it, ok := pin.(interface{ Error() error }); ok && it.Error() != nil {
		return nil, nil, fmt.Errorf("pebblekv: get: %w", pin.Close())
	}
	return value, pin, nil
}

// notePoint notes that key was read. Of reads that only matter because a sync
// is pending, all but a few are dropped here by their hash.
func (r *reader) notePoint(key []byte, slot uint32) {
	h := r.s.history
	if !r.track && h.slots[slot].Load() <= h.synced.Load().seq {
		return
	}
	r.reads.points = append(r.reads.points, point{key: r.arena.copy(key), slot: slot})
}

func (r *reader) Scan(span kv.Span) kv.Iterator { return r.scan(span, nil) }

func (r *reader) scan(span kv.Span, t *txn) *iterator {
	snap := r.snapshot()
	it := &iterator{r: r, t: t, reverse: span.Reverse, tracked: r.track || r.pending()}
	if len(span.From) > 0 {
		it.lower = r.arena.copy(span.From)
	}
	if span.To != nil {
		it.upper = r.arena.copy(span.To)
	}
	r.iters = append(r.iters, it)
	if it.upper != nil && bytes.Compare(it.lower, it.upper) >= 0 {
		it.empty = true
		return it
	}
	opts := pebble.IterOptions{LowerBound: it.lower, UpperBound: it.upper}
	base, err := snap.NewIter(&opts)
	if err != nil {
		it.err = err
		it.empty = true
		return it
	}
	it.base = base
	return it
}

// finish closes what the function left open. It returns the error of an
// iterator that nobody closed: a walk that it cut short may have misled the
// function.
func (r *reader) finish() error {
	var err error
	for len(r.iters) > 0 {
		err = errors.Join(err, r.iters[len(r.iters)-1].Close())
	}
	return err
}

// settle waits until everything that was read is durable.
func (r *reader) settle() error {
	if r.snap == nil || r.reads.empty() {
		return nil
	}
	h := r.s.history
	seq := h.touched(h.synced.Load(), r.snap.upto, &r.reads)
	return r.s.waitSynced(seq)
}

// release gives everything back. Slices that were returned end here (K7).
func (r *reader) release() {
	for len(r.iters) > 0 {
		_ = r.iters[len(r.iters)-1].Close()
	}
	for i, pin := range r.pins {
		_ = pin.Close()
		r.pins[i] = nil
	}
	r.pins = r.pins[:0]
	if r.snap != nil {
		r.snap.release()
		r.snap = nil
	}
	r.reads.reset()
	r.arena.reset()
}

// waitSynced waits until commit seq is durable, and fails when it cannot be.
func (s *Store) waitSynced(seq uint64) error {
	synced := func() bool { return s.history.synced.Load().seq >= seq }
	if synced() {
		return nil
	}
	s.syncing.wait(func() bool { return synced() || s.fuse.blown() })
	if synced() {
		return nil
	}
	return s.fuse.unsafeRead()
}

func checkKey(key []byte) error {
	if len(key) == 0 || len(key) > kv.MaxKey {
		return fmt.Errorf("pebblekv: a key has 1 to %d bytes, not %d", kv.MaxKey, len(key))
	}
	return nil
}
