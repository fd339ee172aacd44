package crash

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/blob/fileblob"
	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/pebblekv"
	"github.com/keyhaven/keyhaven/internal/seal"
)

const (
	poolBytes   = 56 << 20
	poolReserve = 4 << 20 // of the metadata; blobs leave twice that
)

// pool is one small disk under both engines.
type pool struct {
	disks *disks
	blobs atomic.Int64 // bytes
	least atomic.Int64 // free at any look
}

func (p *pool) free() int64 {
	used := p.blobs.Load()
	names, _ := p.disks.meta.List("meta") // none before the first start
	for _, name := range names {
		if info, err := p.disks.meta.Stat("meta/" + name); err == nil {
			used += info.Size()
		}
	}
	free := poolBytes - used
	for least := p.least.Load(); free < least && !p.least.CompareAndSwap(least, free); least = p.least.Load() {
		continue
	}
	return max(free, 0)
}

type poolMeta struct {
	vfs.FS
	p *pool
}

func (f poolMeta) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{AvailBytes: uint64(f.p.free()), TotalBytes: poolBytes}, nil
}

type poolBlobs struct {
	blobFS
	p *pool
}

func (f poolBlobs) Space(string) (bytes, files int64, err error) {
	return f.p.free(), math.MaxInt64, nil
}

func (f poolBlobs) Create(name string) (fileblob.File, error) {
	file, err := f.blobFS.Create(name)
	return poolFile{file, f.p}, err
}

func (f poolBlobs) Remove(name string) error {
	size, err := f.Size(name)
	if err == nil {
		f.p.blobs.Add(-size)
	}
	return errors.Join(err, f.blobFS.Remove(name))
}

type poolFile struct {
	fileblob.File
	p *pool
}

func (f poolFile) Write(b []byte) (int, error) {
	n, err := f.File.Write(b)
	f.p.blobs.Add(int64(n))
	return n, err
}

// TestR3_FullDiskInMemory is TestR3_FullDisk over a disk in memory, on a clock
// that runs by itself: the disk is filled, everything can be read and every
// second object deleted, and then there is room again within minutes.
func TestR3_FullDiskInMemory(t *testing.T) {
	t.Parallel()
	ring, err := seal.LoadOrCreate(filepath.Join(t.TempDir(), "keyring.json"))
	if err != nil {
		t.Fatal(err)
	}
	for name, sizes := range map[string][]int{"records": {30 << 10}, "blobs": {1 << 20}, "both": {100, 20 << 10, 300 << 10}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { fullPool(t, ring, sizes) })
		})
	}
}

func (p *pool) open(ring *seal.Ring) (*services, error) {
	engine, err := pebblekv.Open("meta", pebblekv.Options{
		FS: poolMeta{&metaFS{p.disks.meta, p.disks}, p}, MemTableBytes: 1 << 20, CacheBytes: 1 << 20, ReserveBytes: poolReserve,
	})
	if err != nil {
		return nil, err
	}
	blobs, err := fileblob.Open("blobs", fileblob.Options{FS: poolBlobs{blobFS{p.disks}, p}, ReserveBytes: 2 * poolReserve})
	if err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	return newServices(engine, blobs, ring), nil
}

func fullPool(t *testing.T, ring *seal.Ring, sizes []int) {
	p := &pool{disks: newDisks()}
	p.least.Store(math.MaxInt64)
	sys, err := p.open(ring)
	if err == nil {
		err = errors.Join(sys.install(), sys.createBucket(plainBucket, false))
	}
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]string{}
	put := func(i int) error {
		time.Sleep(2 * time.Millisecond) // the disk is looked at now and then
		key := fmt.Sprintf("%05d", i)
		body := bodyOf(key, sizes[i%len(sizes)])
		err := sys.put(plainBucket, key, body, false)
		if err == nil {
			sums[key] = sumOf(body)
		} else if !errors.Is(err, kv.ErrNoSpace) && !errors.Is(err, blob.ErrNoSpace) {
			t.Fatalf("R3: put on a full disk = %v", err)
		}
		return err
	}
	n, deleted := 0, 0
	for full := 0; full < 5*len(sizes); n++ {
		if put(n) != nil {
			full++
		}
	}
	readPool(t, sys, sums, "while the disk is full")
	for i := range n {
		key := fmt.Sprintf("%05d", i)
		if _, there := sums[key]; !there || (i/len(sizes))%2 == 0 {
			continue
		}
		if err := sys.remove(plainBucket, key, ""); err != nil {
			t.Fatalf("R3: delete on a full disk = %v", err)
		}
		delete(sums, key)
		deleted += sizes[i%len(sizes)]
	}
	began, written := time.Now(), 0
	for i := n; written < deleted*2/3; i++ {
		for put(i) != nil {
			if time.Since(began) > 10*time.Minute {
				t.Fatalf("R3: of %d bytes that were deleted %d could be written again", deleted, written)
			}
			if err := sys.sweep.Once(context.Background()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		written += sizes[i%len(sizes)]
	}
	t.Logf("%d of %d bytes could be written again within %v; never less than %d bytes were free",
		written, deleted, time.Since(began).Round(time.Second), p.least.Load())
	if p.least.Load() <= 0 {
		t.Error("R3: the disk was written full")
	}
	readPool(t, sys, sums, "when there was room again")
	if err := sys.close(); err != nil {
		t.Fatal(err)
	}
	if sys, err = p.open(ring); err != nil {
		t.Fatal(err)
	}
	readPool(t, sys, sums, "after a restart")
	if err := sys.close(); err != nil {
		t.Error(err)
	}
}

func readPool(t *testing.T, sys *services, sums map[string]string, when string) {
	t.Helper()
	for key, sum := range sums {
		if body, err := sys.get(plainBucket, key, ""); err != nil || sumOf(body) != sum {
			t.Fatalf("R3: get of %s %s = %d bytes, %v", key, when, len(body), err)
		}
	}
	all, err := sys.list(plainBucket)
	if err != nil || len(all) != len(sums) {
		t.Fatalf("R3: list %s = %d objects, %v, want %d", when, len(all), err, len(sums))
	}
}
