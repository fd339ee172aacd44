package kvtest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven/internal/kv"
)

func testOrder(t *testing.T, store kv.Store) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var keys []string
	for range 500 {
		key := make([]byte, 1+rnd.IntN(6))
		for i := range key {
			key[i] = []byte{0, 1, 'a', 0x7f, 0x80, 0xfe, 0xff}[rnd.IntN(7)]
		}
		keys = append(keys, string(key))
	}
	update(t, store, func(x kv.Txn) error {
		for _, key := range keys {
			if err := x.Set([]byte(key), nil); err != nil {
				return err
			}
		}
		return nil
	})
	slices.Sort(keys)
	keys = slices.Compact(keys)
	view(t, store, func(r kv.Reader) error {
		for _, reverse := range []bool{false, true} {
			var got []string
			it := r.Scan(kv.Span{Reverse: reverse})
			for it.Next() {
				got = append(got, string(it.Key()))
			}
			if err := it.Close(); err != nil {
				return err
			}
			if reverse {
				slices.Reverse(got)
			}
			if diff := cmp.Diff(keys, got); diff != "" {
				t.Errorf("Scan(reverse=%t) (-want +got):\n%s", reverse, diff)
			}
		}
		return nil
	})
}

func testLimits(t *testing.T, store kv.Store) {
	key := bytes.Repeat([]byte{'k'}, kv.MaxKey)
	value := bytes.Repeat([]byte{'v'}, kv.MaxValue)
	update(t, store, func(x kv.Txn) error {
		return errors.Join(x.Set(key, value), x.Set([]byte("empty"), nil))
	})
	view(t, store, func(r kv.Reader) error {
		got, err := r.Get(key)
		if !bytes.Equal(got, value) {
			t.Errorf("Get(largest key) returned %d bytes, want %d of another kind", len(got), len(value))
		}
		return err
	})
	want(t, store, "empty", "")
	want(t, store, "none", missing)

	long := append(bytes.Clone(key), 'k')
	update(t, store, func(x kv.Txn) error {
		bad := map[string]error{
			"Set(empty key)":    x.Set(nil, nil),
			"Set(long key)":     x.Set(long, nil),
			"Set(long value)":   x.Set([]byte("x"), append(value, 'v')),
			"Delete(empty key)": x.Delete(nil),
			"Delete(long key)":  x.Delete(long),
			"Add(empty key)":    x.Add(nil, 1),
			"Add(long key)":     x.Add(long, 1),
		}
		for what, err := range bad {
			if err == nil {
				t.Errorf("%s = nil, want an error", what)
			}
		}
		return x.Set([]byte("after"), []byte("kept"))
	})
	want(t, store, "x", missing)
	want(t, store, "after", "kept")
	view(t, store, func(r kv.Reader) error {
		for _, bad := range [][]byte{nil, long} {
			if _, err := r.Get(bad); err == nil || errors.Is(err, kv.ErrNotFound) {
				t.Errorf("Get(key of %d bytes) = %v, want another error", len(bad), err)
			}
		}
		return nil
	})
}

func testScanSpans(t *testing.T, store kv.Store) {
	set(t, store, "a", "1", "ab", "2", "b", "3", "b\x00", "4", "b\xff", "5", "c", "6", "\xff\xff", "7")
	tests := []struct {
		name string
		span kv.Span
		want []string
	}{
		{"all", kv.Span{}, []string{"a=1", "ab=2", "b=3", "b\x00=4", "b\xff=5", "c=6", "\xff\xff=7"}},
		{"from is in", kv.Span{From: []byte("b")}, []string{"b=3", "b\x00=4", "b\xff=5", "c=6", "\xff\xff=7"}},
		{"to is out", kv.Span{To: []byte("b")}, []string{"a=1", "ab=2"}},
		{"between keys", kv.Span{From: []byte("aa"), To: []byte("b\x01")}, []string{"ab=2", "b=3", "b\x00=4"}},
		{"nothing there", kv.Span{From: []byte("d"), To: []byte("e")}, nil},
		{"from is to", kv.Span{From: []byte("b"), To: []byte("b")}, nil},
		{"from after to", kv.Span{From: []byte("c"), To: []byte("b")}, nil},
		{"to is empty", kv.Span{To: []byte{}}, nil},
		{"prefix", kv.Prefix([]byte("b")), []string{"b=3", "b\x00=4", "b\xff=5"}},
		{"prefix at the end", kv.Prefix([]byte("\xff")), []string{"\xff\xff=7"}},
	}
	for _, test := range tests {
		for _, reverse := range []bool{false, true} {
			view(t, store, func(r kv.Reader) error {
				span := test.span
				span.Reverse = reverse
				got, err := pairs(r, span)
				if reverse {
					slices.Reverse(got)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("%s, reverse=%t (-want +got):\n%s", test.name, reverse, diff)
				}
				return err
			})
		}
	}
}

func testScanSeek(t *testing.T, store kv.Store) {
	set(t, store, "b", "1", "d", "2", "f", "3", "h", "4", "k", "5")
	tests := []struct {
		span     string
		seek, to string
		reverse  bool
		rest     []string
	}{
		{span: "ak", seek: "d", to: "d", rest: []string{"f=3", "h=4"}},
		{span: "ak", seek: "e", to: "f", rest: []string{"h=4"}},
		{span: "ak", seek: "a", to: "b", rest: []string{"d=2", "f=3", "h=4"}},
		{span: "ak", seek: "A", to: "b", rest: []string{"d=2", "f=3", "h=4"}},
		{span: "cj", seek: "a", to: "d", rest: []string{"f=3", "h=4"}},
		{span: "ak", seek: "h", to: "h"},
		{span: "ak", seek: "k"},
		{span: "ak", seek: "z"},
		{span: "ak", seek: "d", to: "d", rest: []string{"b=1"}, reverse: true},
		{span: "ak", seek: "e", to: "d", rest: []string{"b=1"}, reverse: true},
		{span: "ak", seek: "k", to: "h", rest: []string{"f=3", "d=2", "b=1"}, reverse: true},
		{span: "ak", seek: "z", to: "h", rest: []string{"f=3", "d=2", "b=1"}, reverse: true},
		{span: "cj", seek: "b", reverse: true},
		{span: "cj", seek: "A", reverse: true},
		{span: "cj", seek: "d", to: "d", reverse: true},
	}
	// Each test seeks from every place that an iterator can be at.
	places := map[string]func(kv.Iterator){
		"the beginning":   func(kv.Iterator) {},
		"the first key":   func(it kv.Iterator) { it.Next() },
		"the second key":  func(it kv.Iterator) { it.Next(); it.Next() },
		"the end":         func(it kv.Iterator) { _, _ = rest(it) },
		"a seek below":    func(it kv.Iterator) { it.Seek([]byte("a")) },
		"a seek above":    func(it kv.Iterator) { it.Seek([]byte("z")) },
		"the key itself":  func(it kv.Iterator) { it.Seek([]byte("d")) },
		"a key after it":  func(it kv.Iterator) { it.Seek([]byte("h")) },
		"a seek and next": func(it kv.Iterator) { it.Seek([]byte("d")); it.Next() },
	}
	for _, test := range tests {
		for place, move := range places {
			view(t, store, func(r kv.Reader) error {
				it := r.Scan(kv.Span{From: []byte(test.span[:1]), To: []byte(test.span[1:]), Reverse: test.reverse})
				move(it)
				what := fmt.Sprintf("Seek(%q) in %s from %s, reverse=%t", test.seek, test.span, place, test.reverse)
				if got := it.Seek([]byte(test.seek)); got != (test.to != "") {
					t.Errorf("%s = %t", what, got)
				}
				if got := string(it.Key()); got != test.to {
					t.Errorf("%s is at %q, want %q", what, got, test.to)
				}
				got, err := rest(it)
				if diff := cmp.Diff(test.rest, got); diff != "" {
					t.Errorf("%s, then (-want +got):\n%s", what, diff)
				}
				return errors.Join(err, it.Close())
			})
		}
	}
}

func testIteratorAtNoKey(t *testing.T, store kv.Store) {
	set(t, store, "a", "1")
	view(t, store, func(r kv.Reader) error {
		it := r.Scan(kv.Span{})
		check := func(where string) {
			if key := it.Key(); len(key) != 0 {
				t.Errorf("Key() %s = %q, want none", where, key)
			}
			if _, err := it.Value(); err == nil {
				t.Errorf("Value() %s = nil error", where)
			}
		}
		check("before the first key")
		_, _ = rest(it)
		check("after the last key")
		if it.Next() {
			t.Error("Next() after the end = true")
		}
		err := it.Close()
		check("after Close")
		if it.Next() || it.Seek([]byte("a")) {
			t.Error("Next() or Seek() after Close = true")
		}
		return errors.Join(err, it.Close())
	})
}
