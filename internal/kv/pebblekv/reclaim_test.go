package pebblekv_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/pebblekv"
)

// TestR3_DeletingWinsSpaceBack: the space of what is deleted on a full disk comes
// back though nothing else is written, snapshots of before or not.
func TestR3_DeletingWinsSpaceBack(t *testing.T) {
	const reserve = 1 << 20
	disk := newTestDisk(vfs.NewMem())
	store, err := pebblekv.Open("/kv", pebblekv.Options{FS: disk, ReserveBytes: reserve, MemTableBytes: 1 << 20})
	if err != nil {
		t.Fatalf("Open() = %v", err)
	}
	defer closeStore(t, store)
	random := rand.NewChaCha8([32]byte{})
	value := make([]byte, 50_000)
	key := func(i int) []byte { return fmt.Appendf(nil, "d/%04d", i) }
	const values = 200
	for i := range values {
		random.Read(value)
		if err := store.Update(t.Context(), func(x kv.Txn) error { return x.Set(key(i), value) }); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.View(t.Context(), func(r kv.Reader) error { _, err := r.Get(key(0)); return err }); err != nil {
		t.Fatal(err)
	}
	full := store.Metrics().DiskBytes
	if full < values*uint64(len(value)) {
		t.Fatalf("%d values of %d bytes take %d bytes on disk", values, len(value), full)
	}
	disk.free.Store(reserve * 3 / 4)
	for i := range values {
		if err := store.Update(t.Context(), func(x kv.Txn) error { return x.Delete(key(i)) }); err != nil {
			t.Fatalf("Update() that deletes on a full disk = %v", err)
		}
	}
	deadline := time.Now().Add(30 * time.Second)
	for store.Metrics().DiskBytes > full/2 { // old logs stay, to be used again
		// Each refusal says that space is wanted. The disk is not asked every time.
		err := store.Update(context.Background(), func(x kv.Txn) error { return x.Set([]byte("more"), value) })
		if err != nil && !errors.Is(err, kv.ErrNoSpace) {
			t.Fatalf("Update() on a full disk = %v, want %v", err, kv.ErrNoSpace)
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d bytes are in use after all values were deleted", store.Metrics().DiskBytes, full)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// TestR3_OverwritingIsNoDeleting: a large value is refused on a full disk, also
// when the one before it is deleted in the same update.
func TestR3_OverwritingIsNoDeleting(t *testing.T) {
	const reserve = 1 << 20
	disk := newTestDisk(vfs.NewMem())
	disk.free.Store(reserve - 1)
	store, err := pebblekv.Open("/kv", pebblekv.Options{FS: disk, ReserveBytes: reserve})
	if err != nil {
		t.Fatalf("Open() = %v", err)
	}
	defer closeStore(t, store)
	err = store.Update(t.Context(), func(x kv.Txn) error {
		return errors.Join(x.Delete([]byte("old")), x.Set([]byte("new"), make([]byte, 1<<16)))
	})
	if !errors.Is(err, kv.ErrNoSpace) {
		t.Errorf("Update() = %v, want %v", err, kv.ErrNoSpace)
	}
	err = store.Update(t.Context(), func(x kv.Txn) error {
		for i := range 2000 {
			if err := errors.Join(x.Delete(fmt.Appendf(nil, "o/%d", i)), x.Set(fmt.Appendf(nil, "x/%d", i), []byte("work"))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Errorf("Update() that deletes a lot = %v", err)
	}
}
