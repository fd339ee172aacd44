package memkv

import (
	"bytes"
	"math/rand/v2"
)

// pair is one key and its value; neither is changed once it is in a tree, so
// that the same pointer means the same write.
type pair struct{ key, value []byte }

// node is the root of a treap that is never changed: a change copies the path to
// it. A snapshot is therefore a root, and nil is the empty tree.
type node struct {
	*pair
	priority    uint64
	left, right *node
}

func (n *node) with(left, right *node) *node {
	return &node{pair: n.pair, priority: n.priority, left: left, right: right}
}

// split returns the trees of the keys below key and of the rest.
func (n *node) split(key []byte) (below, rest *node) {
	if n == nil {
		return nil, nil
	}
	if bytes.Compare(n.key, key) < 0 {
		below, rest = n.right.split(key)
		return n.with(n.left, below), rest
	}
	below, rest = n.left.split(key)
	return below, n.with(rest, n.right)
}

// join returns the union of a and b; the keys of a are below those of b.
func join(a, b *node) *node {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	case a.priority > b.priority:
		return a.with(a.left, join(a.right, b))
	}
	return b.with(join(a, b.left), b.right)
}

func (n *node) without(key []byte) *node {
	below, rest := n.split(key)
	_, above := rest.split(successor(key))
	return join(below, above)
}

// set returns a tree with a copy of the pair.
func (n *node) set(key, value []byte) *node {
	p := &pair{key: bytes.Clone(key), value: append([]byte{}, value...)}
	below, rest := n.split(key)
	_, above := rest.split(successor(key))
	return join(join(below, &node{pair: p, priority: rand.Uint64()}), above)
}

// get returns the pair of key, or nil.
func (n *node) get(key []byte) *pair {
	p := n.atOrAbove(key)
	if p == nil || !bytes.Equal(p.key, key) {
		return nil
	}
	return p
}

// atOrAbove returns the pair of the lowest key ≥ key, or nil.
func (n *node) atOrAbove(key []byte) *pair {
	var found *pair
	for n != nil {
		if bytes.Compare(n.key, key) >= 0 {
			found = n.pair
			n = n.left
		} else {
			n = n.right
		}
	}
	return found
}

// below returns the pair of the highest key < key, or nil. A nil key has no
// bound.
func (n *node) below(key []byte) *pair {
	var found *pair
	for n != nil {
		if key == nil || bytes.Compare(n.key, key) < 0 {
			found = n.pair
			n = n.right
		} else {
			n = n.left
		}
	}
	return found
}

func successor(key []byte) []byte {
	return append(bytes.Clone(key), 0)
}
