package pebblekv_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/pebblekv"
)

// slowCompactions lets no compaction write a table until it is released, and
// fails each then.
type slowCompactions struct {
	vfs.FS
	release chan struct{}
}

func (d *slowCompactions) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if isTable(name) && strings.Contains(string(c), "compaction") {
		<-d.release
		return nil, syscall.EIO
	}
	return d.FS.Create(name, c)
}

// ReuseForWrite goes by a way on which errorfs can fail what is written.
func (d *slowCompactions) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := d.Rename(from, to); err != nil {
		return nil, err
	}
	return d.OpenReadWrite(to, c)
}

// fill makes some thirty updates a flush, all over the same keys.
func fill(t *testing.T, store kv.Store, from, n int) {
	t.Helper()
	for i := range n {
		err := store.Update(context.Background(), func(x kv.Txn) error { return faultPair(x, from+i) })
		if err != nil {
			t.Fatalf("Update(%d) = %v", from+i, err)
		}
	}
}

// TestR3_CompactionsBehind holds compactions back until level 0 is deep. Updates
// become slow and do not stop; one that is held is told at once when the disk
// fails, and the store closes.
func TestR3_CompactionsBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := &injector{cause: syscall.EIO, match: func(op errorfs.Op) bool {
			return isWAL(op.Path) && op.Kind.ReadOrWrite() == errorfs.OpIsWrite
		}}
		slow := &slowCompactions{FS: errorfs.Wrap(vfs.NewMem(), in), release: make(chan struct{})}
		store, err := pebblekv.Open("/kv", pebblekv.Options{FS: slow, MemTableBytes: 1})
		if err != nil {
			t.Fatalf("Open() = %v", err)
		}
		began := time.Now()
		fill(t, store, 1000, 1000)
		held := time.Since(began)
		if held == 0 || held > 1000*time.Second {
			t.Errorf("updates over a deep level 0 were held for %v in all", held)
		}
		ctx, cancel := context.WithCancel(context.Background())
		given := call(setKey(ctx, store, "given up"))
		synctest.Wait()
		cancel()
		synctest.Wait()
		if err, done := given(); !done || !errors.Is(err, context.Canceled) {
			t.Errorf("a held update that is canceled = %v, done=%t", err, done)
		}
		in.armed.Store(true)
		first := call(setKey(context.Background(), store, "first"))
		time.Sleep(300 * time.Millisecond)
		second := call(setKey(context.Background(), store, "second"))
		time.Sleep(800 * time.Millisecond) // the first goes on after a second, and fails
		synctest.Wait()
		if err, done := first(); !done || !errors.Is(err, syscall.EIO) {
			t.Errorf("the update that met the failing disk = %v, done=%t", err, done)
		}
		if err, done := second(); !done || !errors.Is(err, syscall.EIO) || errors.Is(err, kv.ErrUnknown) {
			t.Errorf("the update that was held meanwhile = %v, done=%t", err, done)
		}
		close(slow.release)
		closeStore(t, store)
	})
}

// TestR4_DamagedTableOfLevel0 damages a table that every compaction of level 0
// has to read. Writing, reading and deleting go on all the same.
func TestR4_DamagedTableOfLevel0(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // compactions that fail are paced
		disk := vfs.NewCrashableMem()
		store, err := pebblekv.Open("/kv", pebblekv.Options{FS: disk, MemTableBytes: 1})
		if err != nil {
			t.Fatalf("Open() = %v", err)
		}
		fill(t, store, 1000, 90)
		mem := disk.CrashClone(vfs.CrashCloneCfg{}) // the newest of it is in the log
		closeStore(t, store)
		if damageTables(t, mem) == 0 {
			t.Fatal("there is no table to damage")
		}
		if store, err = pebblekv.Open("/kv", pebblekv.Options{FS: mem, MemTableBytes: 1}); err != nil {
			t.Fatalf("Open() of the damaged store = %v", err)
		}
		defer closeStore(t, store)
		fill(t, store, 11_000, 1000)
		f := &faultRun{answers: map[int]error{}}
		for i := range 1000 {
			f.answers[11_000+i] = nil
		}
		f.checkLive(t, store)
		err = store.Update(context.Background(), func(x kv.Txn) error {
			return errors.Join(x.Delete([]byte("a/11000")), x.Delete([]byte("a/01001")), x.Set([]byte("a/01002"), nil))
		})
		if err != nil {
			t.Errorf("Update() over what is damaged = %v", err)
		}
		if err := store.View(context.Background(), getKey("a/01002")); err != nil {
			t.Errorf("Get() of what was written over the damage = %v", err)
		}
		// Pebble looks below a deletion, where it meets the damage.
		if err := store.View(context.Background(), getKey("a/01001")); err == nil {
			t.Error("Get() of what was deleted after the damage finds it")
		}
	})
}

// damageTables flips a bit in the first block of every table.
func damageTables(t *testing.T, mem *vfs.MemFS) (n int) {
	t.Helper()
	names, err := mem.List("/kv")
	if err != nil {
		t.Fatalf("List() = %v", err)
	}
	for _, name := range names {
		if !isTable(name) {
			continue
		}
		f, err := mem.OpenReadWrite("/kv/"+name, vfs.WriteCategoryUnspecified)
		if err != nil {
			t.Fatalf("OpenReadWrite() = %v", err)
		}
		b := make([]byte, 1)
		_, err = f.ReadAt(b, 20)
		b[0] ^= 1
		if _, werr := f.WriteAt(b, 20); err != nil && !errors.Is(err, io.EOF) || werr != nil {
			t.Fatalf("damaging %s: %v, %v", name, err, werr)
		}
		if err := f.Close(); err != nil {
			t.Fatalf("Close() = %v", err)
		}
		n++
	}
	return n
}

// starved is a file system that has no descriptors now and then.
type starved struct {
	vfs.FS
	now     atomic.Bool
	refused atomic.Int64
}

func (d *starved) take(err *error) bool {
	if !d.now.Load() {
		return false
	}
	d.refused.Add(1)
	*err = syscall.EMFILE
	return true
}

func (d *starved) Create(name string, c vfs.DiskWriteCategory) (f vfs.File, err error) {
	if d.take(&err) {
		return nil, err
	}
	return d.FS.Create(name, c)
}

func (d *starved) Open(name string, opts ...vfs.OpenOption) (f vfs.File, err error) {
	if d.take(&err) {
		return nil, err
	}
	return d.FS.Open(name, opts...)
}

func (d *starved) OpenDir(name string) (f vfs.File, err error) {
	if d.take(&err) {
		return nil, err
	}
	return d.FS.OpenDir(name)
}

func (d *starved) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (f vfs.File, err error) {
	if d.take(&err) {
		return nil, err
	}
	return d.FS.OpenReadWrite(name, c, opts...)
}

// ReuseForWrite renames first, like the operating system's.
func (d *starved) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (f vfs.File, err error) {
	if d.take(&err) {
		return nil, errors.Join(err, d.Rename(from, to))
	}
	return d.FS.ReuseForWrite(from, to, c)
}

// TestR3_NoDescriptors: a process that has no file descriptor left for a while
// is no reason to turn read-only.
func TestR3_NoDescriptors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := &starved{FS: vfs.NewMem()}
		store, err := pebblekv.Open("/kv", pebblekv.Options{FS: disk, MemTableBytes: 1})
		if err != nil {
			t.Fatalf("Open() = %v", err)
		}
		for round := range 8 {
			fill(t, store, 1000*round, 100+10*round) // WALs to be used again
			disk.now.Store(true)
			f := &faultRun{answers: map[int]error{}}
			writers := call(func() error { f.write(store, 100_000+1000*round, 500); return nil })
			time.Sleep(10 * time.Second)
			disk.now.Store(false)
			time.Sleep(10 * time.Minute)
			synctest.Wait()
			if _, done := writers(); !done || f.failed() {
				t.Fatalf("updates without descriptors: done=%t, failed=%t: %v", done, f.failed(), f.answers)
			}
			f.checkLive(t, store)
		}
		closeStore(t, store)
		if disk.refused.Load() < 8 {
			t.Errorf("descriptors were refused %d times: the test starves nothing", disk.refused.Load())
		}
	})
}
