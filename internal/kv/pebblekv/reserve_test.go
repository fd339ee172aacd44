package pebblekv_test

import (
	"context"
	"errors"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/pebblekv"
)

// TestR3_ReserveKeepsRoomForDeleting: with little space left only updates that
// delete go through, and when space is back all do.
func TestR3_ReserveKeepsRoomForDeleting(t *testing.T) {
	const reserve = 1 << 20
	tests := []struct {
		name string
		free uint64
		fn   func(kv.Txn) error
		ok   bool
	}{
		{"plenty, bulk", reserve, func(x kv.Txn) error { return x.Set([]byte("k"), make([]byte, 1<<16)) }, true},
		{"low, bulk", reserve - 1, func(x kv.Txn) error { return x.Set([]byte("k"), make([]byte, 1<<16)) }, false},
		{"low, small", reserve - 1, func(x kv.Txn) error { return x.Set([]byte("k"), nil) }, true},
		{"very low, small", reserve/2 - 1, func(x kv.Txn) error { return x.Set([]byte("k"), nil) }, false},
		{"very low, counting", reserve/2 - 1, func(x kv.Txn) error { return x.Add([]byte("n"), 1) }, false},
		{"very low, deleting", 0, func(x kv.Txn) error { return errors.Join(x.Delete([]byte("k")), x.Add([]byte("n"), -1)) }, true},
		{"very low, reading", 0, func(x kv.Txn) error { _, _ = x.Get([]byte("k")); return nil }, true},
	}
	for _, test := range tests {
		disk := newTestDisk(vfs.NewMem())
		disk.free.Store(test.free)
		store, err := pebblekv.Open("/kv", pebblekv.Options{FS: disk, ReserveBytes: reserve})
		if err != nil {
			t.Fatalf("Open() = %v", err)
		}
		err = store.Update(context.Background(), test.fn)
		if test.ok && err != nil || !test.ok && !errors.Is(err, kv.ErrNoSpace) {
			t.Errorf("%s: Update() = %v, want it to go through: %t", test.name, err, test.ok)
		}
		if errors.Is(err, kv.ErrUnknown) {
			t.Errorf("%s: Update() = %v, but nothing happened", test.name, err)
		}
		closeStore(t, store)
	}
}

// TestR3_ReserveJudgesTheLastRun: what a run deleted that lost its race does not
// let the next one through.
func TestR3_ReserveJudgesTheLastRun(t *testing.T) {
	disk := newTestDisk(vfs.NewMem())
	store, err := pebblekv.Open("/kv", pebblekv.Options{FS: disk, ReserveBytes: 1 << 20})
	if err != nil {
		t.Fatalf("Open() = %v", err)
	}
	defer closeStore(t, store)
	disk.free.Store(0)
	touch := func(x kv.Txn) error { return x.Delete([]byte("hot")) }
	runs := 0
	err = store.Update(context.Background(), func(x kv.Txn) error {
		if runs++; runs > 1 {
			return x.Set([]byte("a"), nil)
		}
		_, _ = x.Get([]byte("hot"))
		return errors.Join(touch(x), store.Update(context.Background(), touch))
	})
	if runs != 2 || !errors.Is(err, kv.ErrNoSpace) {
		t.Errorf("Update() = %v after %d runs, want %v after 2", err, runs, kv.ErrNoSpace)
	}
}
