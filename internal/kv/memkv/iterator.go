package memkv

import (
	"bytes"
	"errors"

	"github.com/keyhaven/keyhaven/internal/kv"
)

var errNoPair = errors.New("memkv: the iterator is at no key")

// iterator looks each step up anew in the reader's tree, so that it sees what a
// transaction writes ahead of it.
type iterator struct {
	r       *reader
	lower   []byte
	upper   []byte // nil: no bound
	reverse bool
	closed  bool

	started bool
	start   []byte // see walk
	at      *pair  // nil at the end
	key     loan
	value   loan
	err     error

	// walked is told the range of each walk; nil in a View.
	walked func(lo, hi []byte)
}

func newIterator(r *reader, span kv.Span) *iterator {
	it := &iterator{r: r, lower: bytes.Clone(span.From), reverse: span.Reverse}
	if span.To != nil {
		it.upper = append([]byte{}, span.To...)
	}
	return it
}

func (it *iterator) Next() bool {
	switch {
	case it.closed:
		return false
	case !it.started && it.reverse:
		return it.walk(it.upper)
	case !it.started:
		return it.walk(it.lower)
	case it.at == nil:
		return false
	case it.reverse:
		return it.move(it.at.key)
	}
	return it.move(successor(it.at.key))
}

func (it *iterator) Seek(key []byte) bool {
	if it.closed {
		return false
	}
	it.endWalk()
	if !it.reverse {
		if bytes.Compare(key, it.lower) < 0 {
			key = it.lower
		}
		return it.walk(bytes.Clone(key))
	}
	if it.upper != nil && bytes.Compare(key, it.upper) >= 0 {
		return it.walk(it.upper)
	}
	return it.walk(successor(key))
}

// walk begins a walk: upwards from start, downwards from below start.
func (it *iterator) walk(start []byte) bool {
	it.started = true
	it.start = start
	return it.move(start)
}

func (it *iterator) move(from []byte) bool {
	it.giveBack()
	var p *pair
	if it.reverse {
		p = it.r.root.below(from)
	} else {
		p = it.r.root.atOrAbove(from)
	}
	if p != nil && !it.within(p.key) {
		p = nil
	}
	it.at = p
	if p != nil {
		it.key = loan{copy: bytes.Clone(p.key), original: p.key}
	}
	return p != nil
}

func (it *iterator) within(key []byte) bool {
	return bytes.Compare(key, it.lower) >= 0 && (it.upper == nil || bytes.Compare(key, it.upper) < 0)
}

// giveBack ends the slices of the current pair.
func (it *iterator) giveBack() {
	for _, l := range []loan{it.key, it.value} {
		if err := l.take(); it.err == nil {
			it.err = err
		}
	}
	it.key, it.value = loan{}, loan{}
}

func (it *iterator) Key() []byte { return it.key.copy }

func (it *iterator) Value() ([]byte, error) {
	if it.at == nil || it.closed {
		return nil, errNoPair
	}
	if it.value.copy == nil {
		it.value = loan{copy: append([]byte{}, it.at.value...), original: it.at.value}
	}
	return it.value.copy, nil
}

// endWalk tells what the function can know from the walk: the keys up to the
// current one, or to the end of the span.
func (it *iterator) endWalk() {
	if it.walked == nil || !it.started {
		return
	}
	lo, hi := it.start, it.upper
	switch {
	case it.reverse && it.at != nil:
		lo, hi = it.at.key, it.start
	case it.reverse:
		lo, hi = it.lower, it.start
	case it.at != nil:
		hi = successor(it.at.key)
	}
	it.walked(lo, hi)
}

func (it *iterator) Close() error {
	if !it.closed {
		it.endWalk()
		it.closed = true
		it.at = nil
		it.giveBack()
	}
	return it.err
}
