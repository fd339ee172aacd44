package pebblekv

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/keyhaven/keyhaven/internal/kv"
)

// maxCounters bounds the cache; when it is full it starts anew.
const maxCounters = 1 << 14

// counters turns additions into values, so that a counter on disk is a plain
// pair. It caches the values of counters, which are those of the newest applied
// commit. The commit lock guards it.
//
// The cache changes only after Pebble has taken the batch. A batch whose sync
// fails afterwards leaves its values here, but then the fuse has blown and
// nothing is added any more.
//
// Pebble's Merge operator would need no cache, but makes a read walk all
// additions since the last compaction.
type counters struct {
	values map[string]*int64
}

// resolve appends the additions of t to its batch and notes their new values.
func (c *counters) resolve(db *pebble.DB, t *txn) error {
	if t.adds == 0 {
		return nil
	}
	for i := range t.writes {
		w := &t.writes[i]
		if w.kind != addition {
			continue
		}
		old, err := c.load(db, w)
		if err != nil {
			return err
		}
		w.total = old + w.delta
		if err := t.ops().Set(w.key, kv.EncodeCounter(w.total), nil); err != nil {
			return fmt.Errorf("pebblekv: add: %w", err)
		}
	}
	return nil
}

func (c *counters) load(db *pebble.DB, w *write) (int64, error) {
	if p, ok := c.values[string(w.key)]; ok {
		return *p, nil
	}
	stored, pin, err := getPinned(db, w.key)
	if errors.Is(err, kv.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	n, err := kv.DecodeCounter(stored)
	if err != nil {
		err = fmt.Errorf("pebblekv: add: %w", err)
	}
	return n, errors.Join(err, pin.Close())
}

// applied takes over what t has written.
func (c *counters) applied(t *txn) {
	if len(c.values)+t.adds > maxCounters || c.values == nil && t.adds > 0 {
		c.values = make(map[string]*int64)
	}
	if len(c.values)+t.adds == 0 {
		return
	}
	for i := range t.writes {
		w := &t.writes[i]
		p, cached := c.values[string(w.key)]
		switch {
		case w.kind == addition && cached:
			*p = w.total
		case w.kind == addition:
			c.values[string(w.key)] = new(w.total)
		case cached:
			delete(c.values, string(w.key))
		}
	}
}
