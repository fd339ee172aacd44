package kvtest

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven/internal/kv"
)

func testReadsOwnWrites(t *testing.T, store kv.Store) {
	set(t, store, "kept", "old", "changed", "old", "deleted", "old")
	update(t, store, func(x kv.Txn) error { return x.Add([]byte("n"), 5) })
	update(t, store, func(x kv.Txn) error {
		err := errors.Join(x.Set([]byte("changed"), []byte("new")), x.Delete([]byte("deleted")),
			x.Set([]byte("born"), []byte("new")), x.Set([]byte("shortlived"), nil), x.Delete([]byte("shortlived")),
			x.Add([]byte("n"), 2), x.Add([]byte("m"), -1))
		if err != nil {
			return err
		}
		for key, value := range map[string]string{
			"kept": "old", "changed": "new", "deleted": missing, "born": "new", "shortlived": missing,
		} {
			got, err := get(x, key)
			if got != value || err != nil {
				t.Errorf("Get(%q) = %q, %v, want %q", key, got, err, value)
			}
		}
		for key, value := range map[string]int64{"n": 7, "m": -1} {
			got, err := counter(x, key)
			if got != value || err != nil {
				t.Errorf("counter %q = %d, %v, want %d", key, got, err, value)
			}
		}
		return x.Add([]byte("n"), 1)
	})
	wantCounter(t, store, "n", 8)
	want(t, store, "shortlived", missing)
	want(t, store, "deleted", missing)
}

func testScansOwnWrites(t *testing.T, store kv.Store) {
	set(t, store, "b", "old", "d", "old", "f", "old", "h", "old", "z", "old")
	update(t, store, func(x kv.Txn) error { return x.Set([]byte("n"), kv.EncodeCounter('A')) })
	update(t, store, func(x kv.Txn) error {
		err := errors.Join(x.Set([]byte("a"), []byte("new")), x.Delete([]byte("b")), x.Set([]byte("c"), []byte("new")),
			x.Set([]byte("d"), []byte("new")), x.Delete([]byte("e")), x.Delete([]byte("h")), x.Delete([]byte("z")),
			x.Add([]byte("n"), 1), x.Add([]byte("o"), 'x'))
		if err != nil {
			return err
		}
		number := func(n int64) string { return string(kv.EncodeCounter(n)) }
		up := []string{"a=new", "c=new", "d=new", "f=old", "n=" + number('B'), "o=" + number('x')}
		down := []string{"o=" + number('x'), "n=" + number('B'), "f=old", "d=new", "c=new", "a=new"}
		tests := []struct {
			name string
			span kv.Span
			seek string
			want []string
		}{
			{"up", kv.Span{}, "", up},
			{"down", kv.Span{Reverse: true}, "", down},
			{"up in a span", kv.Span{From: []byte("b"), To: []byte("f")}, "", up[1:3]},
			{"down in a span", kv.Span{From: []byte("b"), To: []byte("f"), Reverse: true}, "", down[3:5]},
			{"seek to a new key", kv.Span{}, "c", up[1:]},
			{"seek to a deleted key", kv.Span{}, "b", up[1:]},
			{"seek past all", kv.Span{}, "p", nil},
			{"seek down to a deleted key", kv.Span{Reverse: true}, "h", down[2:]},
			{"seek down to a new key", kv.Span{Reverse: true}, "a", down[5:]},
			{"seek above the span", kv.Span{From: []byte("b"), To: []byte("d"), Reverse: true}, "z", down[4:5]},
			{"seek below the span", kv.Span{From: []byte("b"), To: []byte("d")}, "a", up[1:2]},
		}
		for _, test := range tests {
			got, err := seekAndWalk(x.Scan(test.span), test.seek)
			if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
				t.Errorf("%s: %v (-want +got):\n%s", test.name, err, diff)
			}
		}
		return nil
	})
}

// seekAndWalk seeks if it is told where to, and returns all pairs from there.
func seekAndWalk(it kv.Iterator, seek string) ([]string, error) {
	var got []string
	if seek != "" {
		if !it.Seek([]byte(seek)) {
			return nil, it.Close()
		}
		v, err := it.Value()
		if err != nil {
			return nil, errors.Join(err, it.Close())
		}
		got = append(got, string(it.Key())+"="+string(v))
	}
	more, err := rest(it)
	return append(got, more...), errors.Join(err, it.Close())
}

// testWritesWhileScanning deletes and changes the current key, as a sweep does,
// and checks that the walk goes on undisturbed.
func testWritesWhileScanning(t *testing.T, store kv.Store) {
	for _, reverse := range []bool{false, true} {
		update(t, store, func(x kv.Txn) error {
			for i := range 20 {
				if err := x.Set(fmt.Appendf(nil, "k/%02d", i), []byte("old")); err != nil {
					return err
				}
			}
			return nil
		})
		update(t, store, func(x kv.Txn) error {
			span := kv.Prefix([]byte("k/"))
			span.Reverse = reverse
			it := x.Scan(span)
			seen := 0
			for it.Next() {
				key := bytes.Clone(it.Key())
				var err error
				if seen%2 == 0 {
					err = x.Delete(key)
				} else {
					err = x.Set(key, []byte("new"))
				}
				if err != nil {
					return errors.Join(err, it.Close())
				}
				seen++
			}
			if seen != 20 {
				t.Errorf("reverse=%t: the walk saw %d keys, want 20", reverse, seen)
			}
			return it.Close()
		})
		view(t, store, func(r kv.Reader) error {
			got, err := pairs(r, kv.Prefix([]byte("k/")))
			if len(got) != 10 {
				t.Errorf("reverse=%t: %d keys are left, want 10: %q", reverse, len(got), got)
			}
			return err
		})
	}
}

// testSlicesLast holds on to what Get returned until the function ends.
func testSlicesLast(t *testing.T, store kv.Store) {
	const n = 100
	value := func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, 1+i*40) }
	update(t, store, func(x kv.Txn) error {
		for i := range n {
			if err := x.Set(fmt.Appendf(nil, "key/%d", i), value(i)); err != nil {
				return err
			}
		}
		return nil
	})
	check := func(r kv.Reader) error {
		var got [n][]byte
		for i := range n {
			v, err := r.Get(fmt.Appendf(nil, "key/%d", i))
			if err != nil {
				return err
			}
			got[i] = v
		}
		if _, err := pairs(r, kv.Span{}); err != nil {
			return err
		}
		for i := range n {
			if !bytes.Equal(got[i], value(i)) {
				t.Errorf("value %d has changed before the function returned", i)
			}
		}
		return nil
	}
	view(t, store, check)
	update(t, store, func(x kv.Txn) error {
		if err := x.Set([]byte("other"), nil); err != nil {
			return err
		}
		return check(x)
	})
}

func testArgumentsReused(t *testing.T, store kv.Store) {
	update(t, store, func(x kv.Txn) error {
		buf := make([]byte, 8)
		for i := range 50 {
			key := fmt.Appendf(buf[:0], "k%d", i)
			value := fmt.Append(nil, i)
			if err := x.Set(key, value); err != nil {
				return err
			}
			clear(value)
			if err := x.Add(append(key[:0], "n"...), 1); err != nil {
				return err
			}
			if err := x.Delete(append(key[:0], "gone"...)); err != nil {
				return err
			}
			clear(key)
		}
		lo, hi := []byte("k0"), []byte("k2")
		it := x.Scan(kv.Span{From: lo, To: hi})
		clear(lo)
		clear(hi)
		got, err := rest(it)
		if len(got) != 12 { // k0, k1, k10 to k19
			t.Errorf("the span changed with its bounds: %q", got)
		}
		return errors.Join(err, it.Close())
	})
	for i := range 50 {
		want(t, store, fmt.Sprintf("k%d", i), fmt.Sprint(i))
	}
	wantCounter(t, store, "n", 50)
}

func testManyWrites(t *testing.T, store kv.Store) {
	const n = 3000
	update(t, store, func(x kv.Txn) error {
		for i := range n {
			// In an order that is neither up nor down.
			key := fmt.Appendf(nil, "key/%05d", (i*1237)%n)
			if err := errors.Join(x.Set(key, bytes.Repeat(key, 20)), x.Add([]byte("n"), 1)); err != nil {
				return err
			}
		}
		return nil
	})
	wantCounter(t, store, "n", n)
	view(t, store, func(r kv.Reader) error {
		got, err := pairs(r, kv.Prefix([]byte("key/")))
		if len(got) != n {
			t.Errorf("%d keys, want %d", len(got), n)
		}
		return err
	})
}
