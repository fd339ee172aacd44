package kvtest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/keyhaven/keyhaven/internal/kv"
)

// testScanConflicts checks that an update that walked a range is not fooled by
// a key that another one put into it or took from it.
func testScanConflicts(t *testing.T, store kv.Store) {
	spans := map[string]kv.Span{
		"up": kv.Prefix([]byte("r/")), "down": {From: []byte("r/"), To: []byte("r0"), Reverse: true},
		"all": {}, "all down": {Reverse: true},
	}
	intrusions := map[string]func(kv.Txn) error{
		"insert":    func(x kv.Txn) error { return x.Set([]byte("r/3"), []byte("1")) },
		"insert at": func(x kv.Txn) error { return x.Set([]byte("r/"), []byte("1")) },
		"delete":    func(x kv.Txn) error { return x.Delete([]byte("r/2")) },
		"change":    func(x kv.Txn) error { return x.Set([]byte("r/1"), []byte("2")) },
		"add":       func(x kv.Txn) error { return x.Add([]byte("r/n"), 1) },
	}
	for spanName, span := range spans {
		for name, intrude := range intrusions {
			update(t, store, func(x kv.Txn) error {
				return errors.Join(x.Set([]byte("r/1"), []byte("1")), x.Set([]byte("r/2"), []byte("1")),
					x.Delete([]byte("r/3")), x.Delete([]byte("r/")), x.Delete([]byte("r/n")), x.Delete([]byte("sum")))
			})
			runs := 0
			sum := func(x kv.Txn) error {
				runs++
				got, err := pairs(x, span)
				if err != nil {
					return err
				}
				if runs == 1 {
					update(t, store, intrude)
				}
				return x.Set([]byte("sum"), fmt.Append(nil, got))
			}
			update(t, store, sum)
			var after string
			view(t, store, func(r kv.Reader) error {
				got, err := pairs(r, span)
				got = slices.DeleteFunc(got, func(pair string) bool { // the outcome itself
					return strings.HasPrefix(pair, "sum=")
				})
				after = fmt.Sprint(got)
				return err
			})
			want(t, store, "sum", after)
			if t.Failed() {
				t.Fatalf("walk %s, %s", spanName, name)
			}
		}
	}
}

// testScanStopConflicts checks that the key at which a walk stopped, and every
// gap before it, counts as read.
func testScanStopConflicts(t *testing.T, store kv.Store) {
	tests := []struct {
		name    string
		reverse bool
		walk    func(kv.Iterator)
		disturb string
	}{
		{"up, current key", false, func(it kv.Iterator) { it.Next(); it.Next() }, "r/4"},
		{"up, gap", false, func(it kv.Iterator) { it.Next(); it.Next() }, "r/3"},
		{"up, before the first", false, func(it kv.Iterator) { it.Next() }, "r/"},
		{"down, current key", true, func(it kv.Iterator) { it.Next(); it.Next() }, "r/4"},
		{"down, gap", true, func(it kv.Iterator) { it.Next(); it.Next() }, "r/5"},
		{"down, after the last", true, func(it kv.Iterator) { it.Next() }, "r/7"},
		{"seek, target", false, func(it kv.Iterator) { it.Seek([]byte("r/3")) }, "r/3"},
		{"seek, where it ended", false, func(it kv.Iterator) { it.Seek([]byte("r/3")) }, "r/4"},
		{"seek down, target", true, func(it kv.Iterator) { it.Seek([]byte("r/5")) }, "r/5"},
		{"seek down, where it ended", true, func(it kv.Iterator) { it.Seek([]byte("r/5")) }, "r/4"},
		{"walk before a seek", false, func(it kv.Iterator) { it.Next(); it.Seek([]byte("r/6")) }, "r/2"},
	}
	for _, test := range tests {
		set(t, store, "r/2", "", "r/4", "", "r/6", "")
		runs := 0
		update(t, store, func(x kv.Txn) error {
			runs++
			span := kv.Prefix([]byte("r/"))
			span.Reverse = test.reverse
			it := x.Scan(span)
			test.walk(it)
			if err := it.Close(); err != nil {
				return err
			}
			if runs == 1 {
				set(t, store, test.disturb, "disturbed")
			}
			return x.Set([]byte("done"), nil)
		})
		if runs == 1 {
			t.Errorf("%s: the function ran once, and missed a change of what it read", test.name)
		}
		update(t, store, func(x kv.Txn) error { return x.Delete([]byte(test.disturb)) })
	}
}

// testScanNoConflict checks that only what was walked counts: an update is not
// disturbed by keys behind the one it stopped at.
func testScanNoConflict(t *testing.T, store kv.Store) {
	set(t, store, "r/2", "", "r/4", "", "r/6", "")
	tests := []struct {
		name    string
		reverse bool
		walk    func(kv.Iterator)
		disturb string
	}{
		{"up, behind", false, func(it kv.Iterator) { it.Next() }, "r/3"},
		{"down, behind", true, func(it kv.Iterator) { it.Next() }, "r/5"},
		{"seek, before", false, func(it kv.Iterator) { it.Seek([]byte("r/4")) }, "r/3"},
		{"seek down, before", true, func(it kv.Iterator) { it.Seek([]byte("r/4")) }, "r/5"},
		{"never moved", false, func(kv.Iterator) {}, "r/1"},
		{"beyond the span", false, func(it kv.Iterator) { _, _ = rest(it) }, "s"},
	}
	for _, test := range tests {
		runs := 0
		update(t, store, func(x kv.Txn) error {
			runs++
			span := kv.Prefix([]byte("r/"))
			span.Reverse = test.reverse
			it := x.Scan(span)
			test.walk(it)
			if err := it.Close(); err != nil {
				return err
			}
			if runs == 1 {
				set(t, store, test.disturb, "")
			}
			return x.Set([]byte("done"), nil)
		})
		if runs != 1 {
			t.Errorf("%s: the function ran %d times, want once", test.name, runs)
		}
		update(t, store, func(x kv.Txn) error { return x.Delete([]byte(test.disturb)) })
	}
}
