package pebblekv_test

import (
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/kvtest"
	"github.com/keyhaven/keyhaven/internal/kv/pebblekv"
)

// disks keeps a file system in memory for each directory, so that a store finds
// its files again when it is opened a second time.
func disks() func(dir string) vfs.FS {
	var mu sync.Mutex
	all := make(map[string]vfs.FS)
	return func(dir string) vfs.FS {
		mu.Lock()
		defer mu.Unlock()
		if all[dir] == nil {
			all[dir] = vfs.NewMem()
		}
		return all[dir]
	}
}

func TestContract(t *testing.T) {
	disk := disks()
	kvtest.Run(t, func(t *testing.T, dir string) kv.Store {
		store, err := pebblekv.Open(dir, pebblekv.Options{FS: disk(dir)})
		if err != nil {
			t.Fatalf("Open() = %v", err)
		}
		return store
	})
}

// TestContractSmallMemTables makes flushes, compactions and WAL rotations part
// of every test.
func TestContractSmallMemTables(t *testing.T) {
	disk := disks()
	kvtest.Run(t, func(t *testing.T, dir string) kv.Store {
		store, err := pebblekv.Open(dir, pebblekv.Options{FS: disk(dir), MemTableBytes: 1, CacheBytes: 1})
		if err != nil {
			t.Fatalf("Open() = %v", err)
		}
		return store
	})
}

func Benchmark(b *testing.B) {
	kvtest.Bench(b, func(b *testing.B, dir string) kv.Store {
		store, err := pebblekv.Open(dir, pebblekv.Options{})
		if err != nil {
			b.Fatalf("Open() = %v", err)
		}
		return store
	})
}
