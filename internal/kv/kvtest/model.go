package kvtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keyhaven/keyhaven/internal/kv"
)

// model is the store as a map.
type model map[string]string

// span returns the keys of span in its direction.
func (m model) span(span kv.Span) []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if key >= string(span.From) && (span.To == nil || key < string(span.To)) {
			out = append(out, key)
		}
	}
	if span.Reverse {
		slices.Reverse(out)
	}
	return out
}

func (m model) counter(key string) int64 {
	v, ok := m[key]
	if !ok {
		return 0
	}
	n, err := kv.DecodeCounter([]byte(v))
	if err != nil {
		return -1
	}
	return n
}

var errAborted = errors.New("aborted")

// testModel runs random histories on the store and on a map.
func (s *suite) testModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir := t.TempDir()
		store := s.open(t, dir)
		defer func() { closeStore(t, store) }()
		m := model{}
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			switch kind := rapid.IntRange(0, 9).Draw(rt, "step"); {
			case kind == 0 && !s.volatile:
				closeStore(t, store)
				store = s.open(t, dir)
			case kind < 4:
				err := store.View(context.Background(), func(r kv.Reader) error { return compare(rt, r, m) })
				if err != nil {
					rt.Fatalf("View() = %v", err)
				}
			default:
				m = updateBoth(rt, store, m)
			}
		}
	})
}

func updateBoth(rt *rapid.T, store kv.Store, m model) model {
	var after model
	abort := rapid.IntRange(0, 4).Draw(rt, "abort") == 0
	err := store.Update(context.Background(), func(x kv.Txn) error {
		after = maps.Clone(m)
		for range rapid.IntRange(0, 8).Draw(rt, "writes") {
			if err := writeBoth(rt, x, after); err != nil {
				return err
			}
			if rapid.Bool().Draw(rt, "look") {
				if err := compare(rt, x, after); err != nil {
					return err
				}
			}
		}
		if abort {
			return errAborted
		}
		return nil
	})
	if abort && errors.Is(err, errAborted) {
		return m
	}
	if err != nil || abort {
		rt.Fatalf("Update() = %v, abort=%t", err, abort)
	}
	return after
}

// Keys are few, so that writes meet; counters have their own.
func drawKey(rt *rapid.T) string {
	return rapid.SampledFrom([]string{
		"\x00", "a", "a\x00", "aa", "ab", "b", "b\xff", "b\xff\xff", "c", "\xff", "\xff\xff",
	}).Draw(rt, "key")
}

func drawCounter(rt *rapid.T) string {
	return rapid.SampledFrom([]string{"aan", "n", "n\x00"}).Draw(rt, "counter")
}

func writeBoth(rt *rapid.T, x kv.Txn, m model) error {
	switch rapid.IntRange(0, 5).Draw(rt, "write") {
	case 0, 1:
		key := drawKey(rt)
		value := rapid.SampledFrom([]string{"", "1", "22", fmt.Sprintf("%02000d", len(m))}).Draw(rt, "value")
		m[key] = value
		return x.Set([]byte(key), []byte(value))
	case 2:
		key := drawKey(rt)
		delete(m, key)
		return x.Delete([]byte(key))
	case 3:
		key := drawCounter(rt)
		delete(m, key)
		return x.Delete([]byte(key))
	}
	key := drawCounter(rt)
	delta := rapid.Int64Range(-3, 3).Draw(rt, "delta")
	m[key] = string(kv.EncodeCounter(m.counter(key) + delta))
	return x.Add([]byte(key), delta)
}

// compare reads the store in one of the ways there are.
func compare(rt *rapid.T, r kv.Reader, m model) error {
	if rapid.Bool().Draw(rt, "get") {
		key := rapid.OneOf(rapid.Custom(drawKey), rapid.Custom(drawCounter)).Draw(rt, "got")
		wanted, ok := m[key]
		if !ok {
			wanted = missing
		}
		got, err := get(r, key)
		if got != wanted {
			rt.Fatalf("Get(%q) = %q, want %q", key, got, wanted)
		}
		return err
	}
	span := kv.Span{Reverse: rapid.Bool().Draw(rt, "reverse")}
	if rapid.Bool().Draw(rt, "bounded below") {
		span.From = []byte(drawKey(rt))
	}
	if rapid.Bool().Draw(rt, "bounded above") {
		span.To = []byte(drawKey(rt))
	}
	it := r.Scan(span)
	err := walkBoth(rt, it, m, span)
	return errors.Join(err, it.Close())
}

// walkBoth moves the iterator about and checks each place that it comes to.
func walkBoth(rt *rapid.T, it kv.Iterator, m model, span kv.Span) error {
	keys := m.span(span)
	next := 0 // index of the key that the next move comes to
	for range rapid.IntRange(1, 6).Draw(rt, "moves") {
		var moved bool
		if rapid.IntRange(0, 2).Draw(rt, "move") == 0 {
			target := drawKey(rt)
			moved = it.Seek([]byte(target))
			next = slices.IndexFunc(keys, func(key string) bool {
				return key == target || (key > target) != span.Reverse
			})
			if next < 0 {
				next = len(keys)
			}
		} else {
			moved = it.Next()
		}
		if moved != (next < len(keys)) {
			rt.Fatalf("moved = %t, want %t; span %+v", moved, next < len(keys), span)
		}
		if !moved {
			continue
		}
		v, err := it.Value()
		if err != nil {
			return err
		}
		key := keys[next]
		if diff := cmp.Diff(key+"="+m[key], string(it.Key())+"="+string(v)); diff != "" {
			rt.Fatalf("span %+v (-want +got):\n%s", span, diff)
		}
		next++
	}
	return nil
}
