package memkv

import (
	"bytes"
	"context"
	"fmt"

	"github.com/keyhaven/keyhaven/internal/kv"
)

// txn is one attempt at an update. Its reader's root is the base with the
// transaction's own writes.
type txn struct {
	reader
	base   *node
	points [][]byte // keys read
	ranges [][2][]byte
	open   []*iterator
	log    []func(*node) (*node, error) // what it wrote, in order
}

func (t *txn) run(ctx context.Context, fn func(kv.Txn) error) error {
	if err := t.finish(fn(t)); err != nil {
		return err
	}
	for _, it := range t.open {
		if err := it.Close(); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (t *txn) Get(key []byte) ([]byte, error) {
	t.points = append(t.points, bytes.Clone(key))
	return t.reader.Get(key)
}

func (t *txn) Scan(span kv.Span) kv.Iterator {
	it := newIterator(&t.reader, span)
	it.walked = func(lo, hi []byte) { t.ranges = append(t.ranges, [2][]byte{lo, hi}) }
	t.open = append(t.open, it)
	return it
}

func (t *txn) Set(key, value []byte) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if len(value) > kv.MaxValue {
		return fmt.Errorf("memkv: a value has at most %d bytes, not %d", kv.MaxValue, len(value))
	}
	key, value = bytes.Clone(key), bytes.Clone(value)
	return t.write(func(n *node) (*node, error) { return n.set(key, value), nil })
}

func (t *txn) Delete(key []byte) error {
	if err := checkKey(key); err != nil {
		return err
	}
	key = bytes.Clone(key)
	return t.write(func(n *node) (*node, error) { return n.without(key), nil })
}

func (t *txn) Add(key []byte, delta int64) error {
	if err := checkKey(key); err != nil {
		return err
	}
	key = bytes.Clone(key)
	return t.write(func(n *node) (*node, error) {
		var old int64
		if p := n.get(key); p != nil {
			var err error
			if old, err = kv.DecodeCounter(p.value); err != nil {
				return nil, fmt.Errorf("memkv: add: %w", err)
			}
		}
		return n.set(key, kv.EncodeCounter(old+delta)), nil
	})
}

func (t *txn) write(w func(*node) (*node, error)) error {
	root, err := w(t.root)
	if err != nil {
		return err
	}
	t.root = root
	t.log = append(t.log, w)
	return nil
}

// current reports whether everything that t read is in now as it was in its
// base.
func (t *txn) current(now *node) bool {
	if now == t.base {
		return true
	}
	for _, key := range t.points {
		if t.base.get(key) != now.get(key) {
			return false
		}
	}
	for _, r := range t.ranges {
		if !sameRange(t.base, now, r[0], r[1]) {
			return false
		}
	}
	return true
}

// sameRange compares the pairs from lo up to but not including hi.
func sameRange(a, b *node, lo, hi []byte) bool {
	for {
		p, q := a.atOrAbove(lo), b.atOrAbove(lo)
		if p != nil && hi != nil && bytes.Compare(p.key, hi) >= 0 {
			p = nil
		}
		if q != nil && hi != nil && bytes.Compare(q.key, hi) >= 0 {
			q = nil
		}
		if p != q {
			return false
		}
		if p == nil {
			return true
		}
		lo = successor(p.key)
	}
}
