package pebblekv_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/pebblekv"
)

// sizedDisk has so many bytes.
type sizedDisk struct {
	vfs.FS
	bytes uint64
}

func (d *sizedDisk) GetDiskUsage(dir string) (vfs.DiskUsage, error) {
	names, err := d.List(dir)
	if err != nil {
		return vfs.DiskUsage{}, err
	}
	used := uint64(0)
	for _, name := range names {
		if info, err := d.Stat(d.PathJoin(dir, name)); err == nil {
			used += uint64(info.Size())
		}
	}
	return vfs.DiskUsage{AvailBytes: d.bytes - min(d.bytes, used), TotalBytes: d.bytes}, nil
}

// TestR3_FullDiskRecovers fills a disk, deletes every second value, and writes
// as much as was deleted, less what is lost to logs: within minutes, and without
// opening the store again.
func TestR3_FullDiskRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const reserve = 8 << 20
		disk := &sizedDisk{FS: vfs.NewMem(), bytes: 128 << 20}
		store, err := pebblekv.Open("/kv", pebblekv.Options{FS: disk, ReserveBytes: reserve, MemTableBytes: 2 << 20})
		if err != nil {
			t.Fatalf("Open() = %v", err)
		}
		defer closeStore(t, store)
		random := rand.NewChaCha8([32]byte{})
		value := make([]byte, 50_000)
		put := func(i int) error {
			time.Sleep(5 * time.Millisecond) // the disk is looked at now and then
			random.Read(value)
			return store.Update(t.Context(), func(x kv.Txn) error { return x.Set(fmt.Appendf(nil, "d/%05d", i), value) })
		}
		n := 0
		for refused := 0; refused < 10; {
			switch err := put(n); {
			case err == nil:
				n++
			case errors.Is(err, kv.ErrNoSpace):
				refused++
				time.Sleep(time.Second)
			default:
				t.Fatalf("Update() on a full disk = %v, want %v", err, kv.ErrNoSpace)
			}
		}
		for i := 0; i < n; i += 2 {
			if err := store.Update(t.Context(), func(x kv.Txn) error { return x.Delete(fmt.Appendf(nil, "d/%05d", i)) }); err != nil {
				t.Fatalf("Update() that deletes on a full disk = %v", err)
			}
		}
		began, again := time.Now(), 0
		for ; again < n/3; again++ {
			for err := put(n + again); err != nil; err = put(n + again) {
				if time.Since(began) > 10*time.Minute || !errors.Is(err, kv.ErrNoSpace) {
					t.Fatalf("of %d values half were deleted, %d could be written again: %v", n, again, err)
				}
				time.Sleep(time.Second)
			}
		}
		t.Logf("of %d values half were deleted, %d were written again within %v", n, again, time.Since(began))
	})
}
