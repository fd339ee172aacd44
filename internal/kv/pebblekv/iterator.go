package pebblekv

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/keyhaven/keyhaven/internal/kv"
)

var errNoPair = errors.New("pebblekv: the iterator is at no key")

// iterator walks a span of a snapshot, and in a txn the writes of the txn merged
// into it.
//
// The merge looks up the txn's next write anew at each step, so that a function
// may write while it walks: what it writes ahead of the iterator is seen.
type iterator struct {
	r       *reader
	t       *txn             // nil in a View
	base    *pebble.Iterator // nil when the span is empty
	lower   []byte
	upper   []byte // nil: no bound
	reverse bool
	tracked bool // note the ranges that are walked
	empty   bool
	closed  bool

	started bool   // a walk has begun, at start
	start   []byte // upwards the lowest key of the walk, downwards the bound above it
	ok      bool   // at a pair

	baseOK bool   // base is at a pair
	onBase bool   // base is at the current key
	local  int    // txn: index of the write at the current key, or -1
	key    []byte // txn: the current key
	bound  []byte // txn: upwards the lowest next key, downwards the bound above it

	scratch []byte
	err     error
}

// Next implements kv.Iterator.
func (it *iterator) Next() bool {
	switch {
	case it.empty || it.closed:
		return false
	case !it.started:
		it.begin(it.lower, it.upper)
		if it.reverse {
			it.baseOK = it.base.Last()
		} else {
			it.baseOK = it.base.First()
		}
		return it.land()
	case !it.ok:
		return false
	}
	return it.step()
}

// Seek implements kv.Iterator.
func (it *iterator) Seek(key []byte) bool {
	if it.empty || it.closed {
		return false
	}
	it.noteWalk()
	if it.reverse {
		it.seekDown(key)
	} else {
		it.seekUp(key)
	}
	return it.land()
}

func (it *iterator) seekUp(key []byte) {
	if bytes.Compare(key, it.lower) < 0 {
		key = it.lower
	}
	key = it.r.arena.copy(key)
	it.begin(key, nil)
	it.baseOK = it.base.SeekGE(key)
}

func (it *iterator) seekDown(key []byte) {
	bound := it.upper
	if bound == nil || bytes.Compare(key, bound) < 0 {
		bound = it.r.arena.successor(key)
	}
	it.begin(nil, bound)
	it.baseOK = it.base.SeekLT(bound)
}

// begin starts a walk that will see keys from low up, or from below high down.
func (it *iterator) begin(low, high []byte) {
	it.started = true
	it.onBase = false
	it.start = low
	if it.reverse {
		it.start = high
	}
	if it.t != nil {
		it.setBound(it.start)
	}
}

func (it *iterator) setBound(b []byte) {
	if b == nil {
		it.bound = nil
		return
	}
	it.bound = append(it.bound[:0], b...)
}

// land settles on the first pair of a walk whose base has been positioned.
func (it *iterator) land() bool {
	if it.t == nil {
		it.ok = it.baseOK
		return it.ok
	}
	it.ok = it.merge()
	return it.ok
}

func (it *iterator) step() bool {
	if it.t == nil {
		it.advanceBase()
		it.ok = it.baseOK
		return it.ok
	}
	it.ok = it.merge()
	return it.ok
}

func (it *iterator) advanceBase() {
	if it.reverse {
		it.baseOK = it.base.Prev()
	} else {
		it.baseOK = it.base.Next()
	}
}

// merge moves to the next pair of base and writes together.
func (it *iterator) merge() bool {
	for {
		if it.onBase {
			it.advanceBase()
			it.onBase = false
		}
		it.local = it.t.beyond(it)
		switch {
		case !it.baseOK && it.local < 0:
			return false
		case it.local < 0:
			it.settleOn(it.base.Key(), true)
			return true
		}
		w := &it.t.writes[it.local]
		order := -1 // of the write against the base
		if it.baseOK {
			order = bytes.Compare(w.key, it.base.Key())
			if it.reverse {
				order = -order
			}
		}
		if order > 0 {
			it.local = -1
			it.settleOn(it.base.Key(), true)
			return true
		}
		it.settleOn(w.key, order == 0)
		if w.kind != deletion {
			return true
		}
	}
}

// settleOn makes key the current one and moves the bound past it.
func (it *iterator) settleOn(key []byte, onBase bool) {
	it.onBase = onBase
	it.bound = append(it.bound[:0], key...)
	if it.reverse {
		it.key = it.bound
		return
	}
	it.bound = append(it.bound, 0)
	it.key = it.bound[:len(key):len(key)]
}

// Key implements kv.Iterator.
func (it *iterator) Key() []byte {
	switch {
	case !it.ok:
		return nil
	case it.t == nil:
		return it.base.Key()
	}
	return it.key
}

// Value implements kv.Iterator.
func (it *iterator) Value() ([]byte, error) {
	if !it.ok {
		return nil, errNoPair
	}
	if it.t == nil || it.local < 0 {
		return it.baseValue()
	}
	w := &it.t.writes[it.local]
	if w.kind != addition {
		return w.value, nil
	}
	var stored []byte
	if it.onBase {
		var err error
		if stored, err = it.baseValue(); err != nil {
			return nil, err
		}
	}
	sum, err := w.sum(stored)
	if err != nil {
		return nil, err
	}
	it.scratch = append(it.scratch[:0], kv.EncodeCounter(sum)...)
	return it.scratch, nil
}

func (it *iterator) baseValue() ([]byte, error) {
	v, err := it.base.ValueAndErr()
	if err != nil {
		return nil, fmt.Errorf("pebblekv: scan: %w", err)
	}
	return v, nil
}

// noteWalk notes the range that was walked since begin: all that the function
// can know about is the keys up to the current one, or to the end of the span.
func (it *iterator) noteWalk() {
	if !it.tracked || !it.started {
		return
	}
	walked := keyRange{lo: it.start, hi: it.upper}
	switch {
	case it.reverse && it.ok:
		walked = keyRange{lo: it.r.arena.copy(it.Key()), hi: it.start}
	case it.reverse:
		walked = keyRange{lo: it.lower, hi: it.start}
	case it.ok:
		walked.hi = it.r.arena.successor(it.Key())
	}
	if walked.hi == nil || bytes.Compare(walked.lo, walked.hi) < 0 {
		it.r.reads.ranges = append(it.r.reads.ranges, walked)
	}
}

// Close implements kv.Iterator. Closing twice returns the same error.
func (it *iterator) Close() error {
	if it.closed {
		return it.err
	}
	it.noteWalk()
	it.closed = true
	it.ok = false
	if i := slices.Index(it.r.iters, it); i >= 0 {
		it.r.iters = slices.Delete(it.r.iters, i, i+1)
	}
	if it.base != nil {
		if err := it.base.Close(); err != nil {
			it.err = fmt.Errorf("pebblekv: scan: %w", err)
		}
		it.base = nil
	}
	return it.err
}
