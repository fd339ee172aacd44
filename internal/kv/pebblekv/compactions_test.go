package pebblekv

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/keyhaven/keyhaven/internal/kv"
)

// backlog is a database with many compactions to do, of which two may run at a
// time. Each ends at once, as outcome says.
type backlog struct {
	c       *compactions
	left    atomic.Int64
	running atomic.Int64
	begun   atomic.Int64
	outcome func() error
}

func (b *backlog) GetAllowedWithoutPermission() int { return 2 }

func (b *backlog) GetWaitingCompaction() (bool, pebble.WaitingCompaction) {
	return b.left.Load() > 0, pebble.WaitingCompaction{}
}

func (b *backlog) Schedule(h pebble.CompactionGrantHandle) bool {
	go b.run(h)
	return true
}

// try does as DB.maybeScheduleCompaction.
func (b *backlog) try() {
	for b.left.Load() > 0 {
		ok, h := b.c.TrySchedule()
		if !ok {
			return
		}
		go b.run(h)
	}
}

func (b *backlog) run(h pebble.CompactionGrantHandle) {
	if b.running.Add(1) > 2 {
		panic("too many compactions at a time")
	}
	b.begun.Add(1)
	if b.outcome() == nil {
		b.left.Add(-1)
		b.c.succeeded()
	} else {
		b.c.failed()
	}
	b.running.Add(-1)
	h.Done()
	b.try()
}

func newBacklog(n int64, outcome func() error, room func() bool) *backlog {
	b := &backlog{c: newCompactions(newFuse(func(error) {}), room), outcome: outcome}
	b.left.Store(n)
	b.c.Register(1, b)
	return b
}

func always() bool { return true }

func TestCompactionsRunUntilDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBacklog(100, func() error { return nil }, always)
		b.try()
		synctest.Wait()
		if left := b.left.Load(); left > 0 {
			t.Errorf("%d compactions are left and none is running", left)
		}
		b.c.Unregister()
		if ok, _ := b.c.TrySchedule(); ok {
			t.Error("a compaction begins after the end")
		}
	})
}

func TestR4_FailingCompactionsArePaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Bool
		broken.Store(true)
		b := newBacklog(10, func() error {
			if broken.Load() {
				return errors.New("damaged")
			}
			return nil
		}, always)
		b.try()
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := b.begun.Load(); n < 50 || n > 200 {
			t.Errorf("a compaction that fails was tried %d times in an hour, want about two a minute", n)
		}
		before := b.begun.Load()
		b.c.UpdateGetAllowedWithoutPermission()
		synctest.Wait()
		if b.begun.Load() == before {
			t.Error("no compaction is tried after a flush")
		}
		broken.Store(false)
		time.Sleep(2 * maxCompactionPause)
		synctest.Wait()
		if left := b.left.Load(); left > 0 {
			t.Errorf("%d compactions are left after the damage was healed", left)
		}
		b.c.Unregister()
	})
}

func TestR3_CompactionsWaitForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var room atomic.Bool
		b := newBacklog(10, func() error { return nil }, room.Load)
		b.try()
		time.Sleep(time.Minute)
		if n := b.begun.Load(); n > 0 {
			t.Errorf("%d compactions ran on a full disk", n)
		}
		room.Store(true)
		time.Sleep(2 * compactionPause)
		synctest.Wait()
		if left := b.left.Load(); left > 0 {
			t.Errorf("%d compactions are left though there is room", left)
		}
		b.c.Unregister()
	})
}

const blobKeys = 100

func blobKey(i int) []byte { return fmt.Appendf(nil, "d/%03d", i) }

func blobValue(i int) []byte { return bytes.Repeat([]byte{byte(i)}, 4000+i) }

// blobStore leaves a store on the disk with a blob file in it.
func blobStore(t *testing.T) *vfs.MemFS {
	t.Helper()
	mem := vfs.NewMem()
	store, err := Open("/kv", Options{FS: mem})
	if err != nil {
		t.Fatalf("Open() = %v", err)
	}
	err = store.Update(context.Background(), func(x kv.Txn) error {
		for i := range blobKeys {
			if err := x.Set(blobKey(i), blobValue(i)); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, store.db.Flush(), store.Close()); err != nil {
		t.Fatalf("filling the store: %v", err)
	}
	return mem
}

// deleteBlobs deletes the values from i up to j, and makes Pebble notice.
func deleteBlobs(t *testing.T, db *pebble.DB, i, j int) {
	t.Helper()
	for ; i < j; i++ {
		if err := db.Delete(blobKey(i), pebble.Sync); err != nil {
			t.Fatalf("Delete() = %v", err)
		}
	}
	if err := errors.Join(db.Flush(), db.Compact(context.Background(), []byte("a"), []byte("z"), false)); err != nil {
		t.Fatalf("Compact() = %v", err)
	}
}

// TestR4_DamagedBlobFileOutlivesItsRewrite lets Pebble rewrite a blob file that
// is damaged, which it must survive. It deletes most of what is in the file, so
// that Pebble wants to.
func TestR4_DamagedBlobFileOutlivesItsRewrite(t *testing.T) {
	mem := blobStore(t)
	if damageBlobs(t, mem) == 0 {
		t.Fatal("there is no blob file")
	}
	db, rewritten := openRewriting(t, mem)
	deleteBlobs(t, db, 20, blobKeys) // what is left is in the damaged block
	if err := <-rewritten; !errors.Is(err, errDamagedBlob) {
		t.Errorf("the rewrite of a damaged blob file = %v, want %v", err, errDamagedBlob)
	}
	if err := db.Close(); err != nil {
		t.Errorf("Close() = %v", err)
	}
}

// TestBlobFilesAreRewritten checks that what is done against damage lets intact
// files pass, those that were rewritten before among them.
func TestBlobFilesAreRewritten(t *testing.T) {
	db, rewritten := openRewriting(t, blobStore(t))
	for _, left := range []int{50, 20, 5} {
		deleteBlobs(t, db, left, blobKeys)
		if err := <-rewritten; err != nil {
			t.Errorf("the rewrite for %d values = %v", left, err)
		}
		for i := range left {
			got, pin, err := getPinned(db, blobKey(i))
			if err != nil || !bytes.Equal(got, blobValue(i)) {
				t.Fatalf("value %d after the rewrite: %d bytes, %v", i, len(got), err)
			}
			if err := pin.Close(); err != nil {
				t.Errorf("Close() = %v", err)
			}
		}
	}
	if err := db.Close(); err != nil {
		t.Errorf("Close() = %v", err)
	}
}

// damageBlobs flips a bit in the first block of each blob file.
func damageBlobs(t *testing.T, mem *vfs.MemFS) (n int) {
	t.Helper()
	names, err := mem.List("/kv")
	if err != nil {
		t.Fatalf("List() = %v", err)
	}
	for _, name := range names {
		if isBlob(name) {
			damageByte(t, mem, "/kv/"+name, 100)
			n++
		}
	}
	return n
}

// damageByte flips a bit of a file; a negative offset counts from its end.
func damageByte(t *testing.T, mem *vfs.MemFS, path string, at int64) {
	t.Helper()
	f, err := mem.OpenReadWrite(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatalf("OpenReadWrite() = %v", err)
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatalf("Stat() = %v", err)
	}
	if at < 0 {
		at += info.Size()
	}
	b := make([]byte, 1)
	_, readErr := f.ReadAt(b, at)
	b[0] ^= 1
	_, writeErr := f.WriteAt(b, at)
	if err := errors.Join(readErr, writeErr, f.Close()); err != nil {
		t.Fatalf("damaging %s: %v", path, err)
	}
}

// openRewriting opens the Pebble of a store that rewrites blob files however
// young they are, and returns where it will tell how the first rewrite ended.
func openRewriting(t *testing.T, mem vfs.FS) (*pebble.DB, <-chan error) {
	t.Helper()
	opts := pebbleOptions(Options{FS: mem}.withDefaults(), newFuse(func(error) {}), newReserve(mem, "", -1), newPressure())
	policy := opts.Experimental.ValueSeparationPolicy()
	policy.RewriteMinimumAge = 0
	opts.Experimental.ValueSeparationPolicy = func() pebble.ValueSeparationPolicy { return policy }
	rewritten := make(chan error, 100)
	ended := opts.EventListener.BlobFileRewriteEnd
	opts.EventListener.BlobFileRewriteEnd = func(info pebble.BlobFileRewriteInfo) {
		ended(info)
		rewritten <- info.Err
	}
	db, err := pebble.Open("/kv", opts)
	if err != nil {
		t.Fatalf("Open() = %v", err)
	}
	return db, rewritten
}

func TestBlobFileChecks(t *testing.T) {
	block := []byte("a block of values and a type byte\x00")
	block = binary.LittleEndian.AppendUint32(block, maskedCRC(block))
	footer := make([]byte, blobFooter)
	copy(footer[4:], "whatever a footer holds")
	binary.LittleEndian.PutUint32(footer, maskedCRC(footer[4:]))
	intact := append(bytes.Clone(block), footer...)
	for at := -1; at < len(intact); at++ {
		data := bytes.Clone(intact)
		if at >= 0 {
			data[at] ^= 4
		}
		f, err := openBlob(vfs.NewMemFile(data))
		if err != nil {
			t.Fatalf("openBlob() = %v", err)
		}
		_, blockErr := f.ReadAt(make([]byte, len(block)), 0)
		_, footerErr := f.ReadAt(make([]byte, blobFooter), int64(len(block)))
		if damaged := at >= 0 && at < len(block); errors.Is(blockErr, errDamagedBlob) != damaged {
			t.Errorf("bit flipped at %d: reading the block = %v", at, blockErr)
		}
		if damaged := at >= len(block); errors.Is(footerErr, errDamagedBlob) != damaged {
			t.Errorf("bit flipped at %d: reading the footer = %v", at, footerErr)
		}
	}
	if _, err := openBlob(vfs.NewMemFile(footer[:blobFooter-1])); !errors.Is(err, errDamagedBlob) {
		t.Errorf("openBlob() of a short file = %v, want %v", err, errDamagedBlob)
	}
}
