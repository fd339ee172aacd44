package fileblob_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/blob/blobtest"
	"github.com/keyhaven/keyhaven/internal/blob/fileblob"
	"github.com/keyhaven/keyhaven/internal/blob/fileblob/crashfs"
)

// TestR3_FaultAtEachCall runs a life of a blob again and again, failing its
// first call of the file system, then its second, until one run meets no fault.
func TestR3_FaultAtEachCall(t *testing.T) {
	t.Parallel()
	for _, fault := range []struct {
		name string
		err  error // that the call returns
		want error // that the caller sees
	}{
		{"ENOSPC", syscall.ENOSPC, blob.ErrNoSpace},
		{"EDQUOT", syscall.EDQUOT, blob.ErrNoSpace},
		{"EIO", syscall.EIO, syscall.EIO},
		{"short write", &crashfs.Short{N: 1000, Err: syscall.ENOSPC}, blob.ErrNoSpace},
		{"silent short write", &crashfs.Short{N: 1000}, nil},
	} {
		t.Run(fault.name, func(t *testing.T) {
			for n := 1; ; n++ {
				if n > 100 {
					t.Fatal("100 calls and no end")
				}
				if !failCall(t, n, fault.err, fault.want) {
					break
				}
			}
		})
	}
}

// failCall fails the n-th call and reports whether there was one.
func failCall(t *testing.T, n int, fault, want error) bool {
	t.Helper()
	fsys := crashfs.New("blobs")
	s := openStore(t, "blobs", fileblob.Options{FS: fsys})
	first := blobtest.Bytes(1, 100)
	kept := mustPut(t, s, first)

	var hit crashfs.Op
	calls := 0
	var short *crashfs.Short
	onlyWrites := errors.As(fault, &short)
	fsys.SetHook(func(op crashfs.Op) error {
		if onlyWrites && op.Kind != crashfs.Write {
			return nil
		}
		if op.Kind == crashfs.Names && op.Name != "blobs/00" {
			return nil // List looks at 256 directories, and one is like another
		}
		if calls++; calls != n {
			return nil
		}
		hit = op
		return fault
	})
	where, err := liveOnce(s)
	fsys.SetHook(nil)
	if calls < n {
		if err != nil {
			t.Errorf("no fault, but %s: %v", where, err)
		}
		return false
	}
	at := fmt.Sprintf("call %d, %s %s", n, hit.Kind, hit.Name)
	if err == nil && !harmless(where, hit) {
		t.Errorf("%s: no error came of it", at)
	}
	if err != nil && want != nil && !errors.Is(err, want) {
		t.Errorf("%s: %s: %v, want %v", at, where, err, want)
	}
	if hit.Kind != crashfs.Remove {
		checkAllListed(t, at, fsys, s)
	}
	checkStillWorks(t, at, s, kept, first)
	checkLeftOvers(t, at, fsys, s)
	return true
}

// harmless tells the one failure that may be passed over: the store could not
// close the file of a blob that it aborts.
func harmless(where string, op crashfs.Op) bool { return where == "" && op.Kind == crashfs.Close }

// liveOnce writes, aborts, reads, verifies, lists and deletes, and returns the
// first error and where it came from.
func liveOnce(s *fileblob.Store) (string, error) {
	ctx := context.Background()
	w, err := s.Create(ctx, -1)
	if err != nil {
		return "Create", err
	}
	if _, err := w.Write(blobtest.Bytes(2, 300<<10)); err != nil {
		_ = w.Abort()
		return "Write", err
	}
	if err := w.Abort(); err != nil {
		return "Abort", err
	}
	content := blobtest.Bytes(3, 300<<10)
	w, err = s.Create(ctx, -1)
	if err != nil {
		return "Create", err
	}
	defer w.Abort() // after Commit it does nothing (B5)
	if _, err := w.Write(content); err != nil {
		return "Write", err
	}
	ref, err := w.Commit(ctx)
	if err != nil {
		return "Commit", err
	}
	got, err := readBlob(s, ref)
	if err != nil {
		return "read", err
	}
	if string(got) != string(content) {
		return "read", errors.New("other bytes than were written")
	}
	if err := s.Verify(ctx, ref); err != nil {
		return "Verify", err
	}
	for _, err := range s.List(ctx) {
		if err != nil {
			return "List", err
		}
	}
	if err := s.Delete(ctx, ref); err != nil {
		return "Delete", err
	}
	return "", nil
}

func mustPut(t *testing.T, s *fileblob.Store, content []byte) blob.Ref {
	t.Helper()
	w, err := s.Create(context.Background(), int64(len(content)))
	if err != nil {
		t.Fatalf("Create: %v", err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatalf("Write: %v", err)
	}
	ref, err := w.Commit(context.Background())
	if err != nil {
		t.Fatalf("Commit: %v", err)
	}
	return ref
}

// checkAllListed wants no file on disk but the blobs that are listed.
func checkAllListed(t *testing.T, at string, fsys *crashfs.FS, s *fileblob.Store) {
	t.Helper()
	there, err := contents(s)
	if files := fsys.Files(); err != nil || len(files) != len(there)+1 {
		t.Errorf("%s: %d blobs are listed, %v, but UNCLEAN and they are the files %v", at, len(there), err, files)
	}
}

// checkStillWorks wants the old blob whole, nothing half-present, and room for
// another.
func checkStillWorks(t *testing.T, at string, s *fileblob.Store, kept blob.Ref, content []byte) {
	t.Helper()
	there, err := contents(s)
	if err != nil {
		t.Errorf("%s: afterwards: %v", at, err)
	}
	if there[kept] != string(content) {
		t.Errorf("%s: afterwards the old blob is gone", at)
	}
	next := blobtest.Bytes(4, 200<<10)
	if got, err := readBlob(s, mustPut(t, s, next)); err != nil || string(got) != string(next) {
		t.Errorf("%s: afterwards a new blob reads %d bytes, %v", at, len(got), err)
	}
}

// checkLeftOvers wants no temporary file after the next Open, not even when the
// removal of one failed.
func checkLeftOvers(t *testing.T, at string, fsys *crashfs.FS, s *fileblob.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Errorf("%s: Close: %v", at, err)
	}
	s = openStore(t, "blobs", fileblob.Options{FS: fsys})
	checkNoTemporary(t, at+", opened again", fsys)
	if err := s.Close(); err != nil {
		t.Errorf("%s: second Close: %v", at, err)
	}
}

func checkNoTemporary(t *testing.T, at string, fsys *crashfs.FS) {
	t.Helper()
	for _, name := range fsys.Files() {
		if strings.HasSuffix(name, ".tmp") {
			t.Errorf("%s: %s is left", at, name)
		}
	}
}

// TestR3_FaultAtOpen fails each call of an Open that has left-overs to remove.
func TestR3_FaultAtOpen(t *testing.T) {
	t.Parallel()
	for n := 1; ; n++ {
		fsys := crashfs.New("blobs")
		s := openStore(t, "blobs", fileblob.Options{FS: fsys})
		kept := mustPut(t, s, []byte("kept"))
		if _, err := s.Create(context.Background(), -1); err != nil {
			t.Fatalf("Create: %v", err)
		}
		calls := 0
		fsys.SetHook(func(crashfs.Op) error {
			if calls++; calls == n {
				return syscall.EIO
			}
			return nil
		})
		_, err := fileblob.Open("blobs", fileblob.Options{FS: fsys})
		fsys.SetHook(nil)
		if calls < n {
			if err != nil {
				t.Errorf("no fault, but Open: %v", err)
			}
			if n < 500 {
				t.Errorf("Open makes %d calls, want all directories made and looked at", n)
			}
			return
		}
		if !errors.Is(err, syscall.EIO) {
			t.Errorf("call %d failed, Open = %v, want EIO", n, err)
		}
		s = openStore(t, "blobs", fileblob.Options{FS: fsys})
		checkNoTemporary(t, fmt.Sprintf("call %d", n), fsys)
		if got, err := readBlob(s, kept); err != nil || string(got) != "kept" {
			t.Errorf("call %d failed; afterwards the old blob = %q, %v", n, got, err)
		}
	}
}

// TestR3_FullDiskStillReadsAndDeletes fails all that takes space.
func TestR3_FullDiskStillReadsAndDeletes(t *testing.T) {
	t.Parallel()
	fsys := crashfs.New("blobs")
	s := openStore(t, "blobs", fileblob.Options{FS: fsys})
	ref := mustPut(t, s, []byte("there"))
	fsys.SetHook(func(op crashfs.Op) error {
		switch op.Kind {
		case crashfs.Create, crashfs.Write, crashfs.Mkdir:
			return syscall.ENOSPC
		}
		return nil
	})
	if _, err := s.Create(context.Background(), -1); !errors.Is(err, blob.ErrNoSpace) {
		t.Errorf("Create on a full disk: %v, want ErrNoSpace", err)
	}
	if got, err := readBlob(s, ref); err != nil || string(got) != "there" {
		t.Errorf("read on a full disk = %q, %v", got, err)
	}
	if err := s.Delete(context.Background(), ref); err != nil {
		t.Errorf("Delete on a full disk: %v", err)
	}
}

// TestDeleteAgainSyncs: the unlink of a Delete that failed may not be durable,
// so the next Delete syncs although the file is gone (F2).
func TestDeleteAgainSyncs(t *testing.T) {
	t.Parallel()
	fsys := crashfs.New("blobs")
	s := openStore(t, "blobs", fileblob.Options{FS: fsys})
	ref := mustPut(t, s, []byte("gone"))
	fsys.SetHook(func(op crashfs.Op) error {
		if op.Kind == crashfs.SyncDir {
			return syscall.EIO
		}
		return nil
	})
	if err := s.Delete(context.Background(), ref); !errors.Is(err, syscall.EIO) {
		t.Fatalf("Delete whose sync fails: %v, want EIO", err)
	}
	fsys.SetHook(nil)
	if err := s.Delete(context.Background(), ref); err != nil {
		t.Fatalf("Delete again: %v", err)
	}
	for seed := range uint64(20) {
		left := openStore(t, "blobs", fileblob.Options{FS: fsys.Crash(seed)})
		if _, err := left.Open(context.Background(), ref); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("crash %d: the deleted blob opens: %v", seed, err)
		}
	}
}

// TestWriteAfterFailedWrite: nothing works after the first failure, so that a
// blob with a hole is never committed.
func TestWriteAfterFailedWrite(t *testing.T) {
	t.Parallel()
	fsys := crashfs.New("blobs")
	s := openStore(t, "blobs", fileblob.Options{FS: fsys})
	ctx := context.Background()
	w, err := s.Create(ctx, -1)
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	fsys.SetHook(func(op crashfs.Op) error {
		if op.Kind == crashfs.Write {
			return broken
		}
		return nil
	})
	if n, err := w.Write(make([]byte, 300<<10)); n != 0 || !errors.Is(err, broken) {
		t.Errorf("Write = %d, %v, want the error", n, err)
	}
	fsys.SetHook(nil)
	if n, err := w.Write(make([]byte, 300<<10)); n != 0 || !errors.Is(err, broken) {
		t.Errorf("second Write = %d, %v, want the first error", n, err)
	}
	if ref, err := w.Commit(ctx); !ref.IsZero() || !errors.Is(err, broken) {
		t.Errorf("Commit = %s, %v, want the first error", ref, err)
	}
	checkAllListed(t, "after the failed Commit", fsys, s)
}
