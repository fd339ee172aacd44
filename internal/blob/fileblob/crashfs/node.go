package crashfs

import "maps"

// node is a file, or a directory if names is not nil. A file only grows, and its
// bytes never change, so slices of data can be shared.
type node struct {
	data    []byte
	synced  []byte  // the durable part of data, with what is in writes missing
	pending []write // not durable, in order

	names   map[string]*node
	stable  map[string]*node // the durable part of names
	changes []change         // not durable, in order
}

type write struct {
	off     int
	p       []byte
	dropped bool // by a failed sync (C4)
}

// change sets a name to a node, or removes it if node is nil.
type change struct {
	name string
	node *node
}

func newDir() *node {
	return &node{names: make(map[string]*node), stable: make(map[string]*node)}
}

func (n *node) write(p []byte) {
	if len(p) == 0 {
		return
	}
	off := len(n.data)
	n.data = append(n.data, p...)
	n.pending = append(n.pending, write{off: off, p: n.data[off:len(n.data):len(n.data)]})
}

func (n *node) dropWrites() {
	for i := range n.pending {
		n.pending[i].dropped = true
	}
}

// syncFile makes the pending writes durable but those that were dropped.
func (n *node) syncFile() {
	var dropped []write
	var good []write
	for _, w := range n.pending {
		if w.dropped {
			dropped = append(dropped, w)
		} else {
			good = append(good, w)
		}
	}
	n.pending = dropped
	if len(dropped) == 0 {
		n.synced = n.data[:len(n.data):len(n.data)]
		return
	}
	n.synced = replay(n.synced, good)
}

// replay returns the bytes of a file that had base and got the writes.
func replay(base []byte, writes []write) []byte {
	if len(writes) == 0 {
		return base[:len(base):len(base)]
	}
	data := append([]byte(nil), base...)
	for _, w := range writes {
		if end := w.off + len(w.p); end > len(data) {
			data = append(data, make([]byte, end-len(data))...)
		}
		copy(data[w.off:], w.p)
	}
	return data
}

func (n *node) change(name string, to *node) {
	set(n.names, name, to)
	n.changes = append(n.changes, change{name: name, node: to})
}

func set(names map[string]*node, name string, to *node) {
	if to == nil {
		delete(names, name)
	} else {
		names[name] = to
	}
}

func (n *node) syncDir() {
	n.stable = maps.Clone(n.names)
	n.changes = nil
}
