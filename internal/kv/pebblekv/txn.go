package pebblekv

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"sort"

	"github.com/cockroachdb/pebble/v2"

	"github.com/keyhaven/keyhaven/internal/kv"
)

// maxTxnBytes bounds the keys and values of one transaction.
const maxTxnBytes = 64 << 20

var errTxnTooLarge = fmt.Errorf("pebblekv: a transaction writes at most %d bytes", maxTxnBytes)

type writeKind uint8

const (
	assignment writeKind = iota
	deletion
	addition
)

// write is the outcome of all that a transaction did to one key.
type write struct {
	key   []byte
	value []byte // assignment
	delta int64  // addition
	total int64  // addition: the new value, once resolved
	kind  writeKind
}

// sum returns what an addition makes of the stored value, nil if there is none.
func (w *write) sum(stored []byte) (int64, error) {
	if stored == nil {
		return w.delta, nil
	}
	n, err := kv.DecodeCounter(stored)
	if err != nil {
		return 0, fmt.Errorf("pebblekv: add: %w", err)
	}
	return n + w.delta, nil
}

// txn is one attempt at an update. Assignments and deletions go into the batch
// at once, where their bytes stay; additions join it under the commit lock.
type txn struct {
	reader
	batch  *pebble.Batch // nil until the first write
	writes []write
	order  []int32 // indices into writes, by key
	slots  []uint32
	size   int
	adds   int
	dels   int
	bulky  bool // a value of bulkBytes or more was written
}

func newTxn(s *Store) *txn {
	return &txn{reader: reader{s: s, track: true}}
}

func (t *txn) Get(key []byte) ([]byte, error) {
	at, found := t.find(key)
	if !found {
		return t.reader.Get(key)
	}
	w := &t.writes[t.order[at]]
	switch w.kind {
	case assignment:
		return w.value, nil
	case deletion:
		return nil, kv.ErrNotFound
	}
	stored, err := t.reader.Get(key)
	if err != nil && !errors.Is(err, kv.ErrNotFound) {
		return nil, err
	}
	sum, err := w.sum(stored)
	if err != nil {
		return nil, err
	}
	return t.arena.copy(kv.EncodeCounter(sum)), nil
}

func (t *txn) Scan(span kv.Span) kv.Iterator { return t.scan(span, t) }

func (t *txn) Set(key, value []byte) error {
	if err := t.admit(key, len(value)); err != nil {
		return err
	}
	if len(value) > kv.MaxValue {
		return fmt.Errorf("pebblekv: a value has at most %d bytes, not %d", kv.MaxValue, len(value))
	}
	t.bulky = t.bulky || len(value) >= bulkBytes
	op := t.ops().SetDeferred(len(key), len(value))
	copy(op.Key, key)
	copy(op.Value, value)
	w := write{key: clip(op.Key), value: clip(op.Value), kind: assignment}
	if err := op.Finish(); err != nil {
		return fmt.Errorf("pebblekv: set: %w", err)
	}
	t.put(w)
	return nil
}

func (t *txn) Delete(key []byte) error {
	if err := t.admit(key, 0); err != nil {
		return err
	}
	op := t.ops().DeleteDeferred(len(key))
	copy(op.Key, key)
	w := write{key: clip(op.Key), kind: deletion}
	if err := op.Finish(); err != nil {
		return fmt.Errorf("pebblekv: delete: %w", err)
	}
	t.put(w)
	return nil
}

func (t *txn) Add(key []byte, delta int64) error {
	if err := t.admit(key, 8); err != nil {
		return err
	}
	at, found := t.find(key)
	if !found {
		t.put(write{key: t.arena.copy(key), delta: delta, kind: addition})
		return nil
	}
	w := &t.writes[t.order[at]]
	switch w.kind {
	case addition:
		w.delta += delta
		return nil
	case deletion:
		return t.Set(key, kv.EncodeCounter(delta))
	}
	n, err := kv.DecodeCounter(w.value)
	if err != nil {
		return fmt.Errorf("pebblekv: add: %w", err)
	}
	return t.Set(key, kv.EncodeCounter(n+delta))
}

// admit checks a write's key and the size of the transaction with it.
func (t *txn) admit(key []byte, valueLen int) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if t.size+len(key)+valueLen > maxTxnBytes {
		return errTxnTooLarge
	}
	t.size += len(key) + valueLen
	return nil
}

func (t *txn) ops() *pebble.Batch {
	if t.batch == nil {
		t.batch = t.s.db.NewBatch()
	}
	return t.batch
}

// clip keeps an append from writing into the batch behind b.
func clip(b []byte) []byte { return b[:len(b):len(b)] }

// find returns where key is, or belongs, in order.
func (t *txn) find(key []byte) (at int, found bool) {
	n := len(t.order)
	// Keys mostly come in order.
	if n == 0 || bytes.Compare(t.writes[t.order[n-1]].key, key) < 0 {
		return n, false
	}
	at = sort.Search(n, func(i int) bool {
		return bytes.Compare(t.writes[t.order[i]].key, key) >= 0
	})
	return at, bytes.Equal(t.writes[t.order[at]].key, key)
}

func (t *txn) put(w write) {
	at, found := t.find(w.key)
	if found {
		old := &t.writes[t.order[at]]
		t.count(old.kind, -1)
		*old = w
	} else {
		t.order = append(t.order, 0)
		copy(t.order[at+1:], t.order[at:])
		t.order[at] = int32(len(t.writes))
		t.writes = append(t.writes, w)
	}
	t.count(w.kind, 1)
}

func (t *txn) count(kind writeKind, n int) {
	switch kind {
	case addition:
		t.adds += n
	case deletion:
		t.dels += n
	}
}

// beyond returns the index of the next write that it has not passed and that
// is within its span, or -1.
func (t *txn) beyond(it *iterator) int {
	at := len(t.order)
	if it.bound != nil {
		at, _ = t.find(it.bound)
	}
	if it.reverse {
		at--
		if at < 0 || bytes.Compare(t.writes[t.order[at]].key, it.lower) < 0 {
			return -1
		}
		return int(t.order[at])
	}
	if it.bound == nil {
		at = 0
	}
	if at == len(t.order) {
		return -1
	}
	if it.upper != nil && bytes.Compare(t.writes[t.order[at]].key, it.upper) >= 0 {
		return -1
	}
	return int(t.order[at])
}

// prepare makes the link of the history for what the transaction writes.
func (t *txn) prepare() *commit {
	size := 0
	for i := range t.writes {
		size += binary.MaxVarintLen16 + len(t.writes[i].key)
	}
	keys := make([]byte, 0, size)
	t.slots = t.slots[:0]
	for _, i := range t.order {
		key := t.writes[i].key
		keys = binary.AppendUvarint(keys, uint64(len(key)))
		keys = append(keys, key...)
		t.slots = append(t.slots, t.s.history.slot(key))
	}
	return &commit{keys: keys}
}

// reset makes the transaction ready for another attempt.
func (t *txn) reset() {
	t.release()
	if t.batch != nil {
		t.batch.Reset()
	}
	clear(t.writes)
	t.writes, t.order = t.writes[:0], t.order[:0]
	t.size, t.adds, t.dels, t.bulky = 0, 0, 0, false
}

// recycle gives the transaction back for another call.
func (t *txn) recycle() {
	if t.batch != nil {
		// The error of Batch.Close says only that it was closed before.
		_ = t.batch.Close()
		t.batch = nil
	}
	t.reset()
	if cap(t.writes) > 1024 {
		t.writes, t.order, t.slots = nil, nil, nil
	}
	t.s.txns.Put(t)
}
