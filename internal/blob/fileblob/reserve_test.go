package fileblob_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"sync/atomic"
	"testing"

	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/blob/fileblob"
	"github.com/keyhaven/keyhaven/internal/blob/fileblob/crashfs"
)

// meteredFS is a file system that says how much is free.
type meteredFS struct {
	*crashfs.FS
	bytes, files atomic.Int64
}

func (f *meteredFS) Space(string) (int64, int64, error) { return f.bytes.Load(), f.files.Load(), nil }

func putBytes(s *fileblob.Store, n int, hint int64) (blob.Ref, error) {
	ctx := context.Background()
	w, err := s.Create(ctx, hint)
	if err != nil {
		return blob.Ref{}, err
	}
	defer w.Abort()
	if _, err := w.Write(bytes.Repeat([]byte{1}, n)); err != nil {
		return blob.Ref{}, err
	}
	return w.Commit(ctx)
}

// TestR3_ReserveIsLeftToTheMetadata: blobs stop before the disk is full, and go
// on as soon as there is space again; reading and deleting always work.
func TestR3_ReserveIsLeftToTheMetadata(t *testing.T) {
	const reserve = 10 << 20
	fsys := &meteredFS{FS: crashfs.New("blobs")}
	fsys.bytes.Store(math.MaxInt64)
	fsys.files.Store(math.MaxInt64)
	s := openStore(t, "blobs", fileblob.Options{FS: fsys, ReserveBytes: reserve})
	for _, c := range []struct {
		name         string
		bytes, files int64
		size         int
		hint         int64
		ok           bool
	}{
		{"plenty", reserve + 100<<20, math.MaxInt64, 1 << 20, -1, true},
		{"within the reserve", reserve - 1, math.MaxInt64, 1 << 20, -1, false},
		{"within the reserve, a small one", reserve - 1, math.MaxInt64, 10, -1, false},
		{"just enough", reserve + 2<<20, math.MaxInt64, 1 << 20, -1, true},
		{"announced to be too large", reserve + 20<<20, math.MaxInt64, 10, 40 << 20, false},
		{"announced to fit", reserve + 50<<20, math.MaxInt64, 10, 40 << 20, true},
		{"too few inodes", math.MaxInt64, 1000, 10, -1, false},
		{"again", reserve + 100<<20, 5000, 1 << 20, -1, true},
	} {
		s.DropLease()
		fsys.bytes.Store(c.bytes)
		fsys.files.Store(c.files)
		ref, err := putBytes(s, c.size, c.hint)
		if ok := err == nil; ok != c.ok || !ok && !errors.Is(err, blob.ErrNoSpace) {
			t.Errorf("%s: put = %v, want success %t", c.name, err, c.ok)
		}
		if err == nil {
			r, err := s.Open(t.Context(), ref)
			if err != nil {
				t.Fatalf("%s: Open = %v", c.name, err)
			}
			r.Close()
			if err := s.Delete(t.Context(), ref); err != nil {
				t.Errorf("%s: Delete = %v", c.name, err)
			}
		}
	}
	if files := fsys.Files(); len(files) != 1 { // UNCLEAN
		t.Errorf("files are left of blobs that were refused: %q", files)
	}
}

// TestReserveLooksSeldom: the disk is asked once in some megabytes.
func TestReserveLooksSeldom(t *testing.T) {
	fsys := &countedFS{meteredFS: &meteredFS{FS: crashfs.New("blobs")}}
	fsys.bytes.Store(1 << 40)
	fsys.files.Store(1 << 40)
	s := openStore(t, "blobs", fileblob.Options{FS: fsys})
	for range 64 {
		if _, err := putBytes(s, 512<<10, 512<<10); err != nil {
			t.Fatal(err)
		}
	}
	if n := fsys.looks.Load(); n < 1 || n > 5 {
		t.Errorf("32 MiB in 64 blobs asked the disk %d times", n)
	}
}

type countedFS struct {
	*meteredFS
	looks atomic.Int64
}

func (f *countedFS) Space(dir string) (int64, int64, error) {
	f.looks.Add(1)
	return f.meteredFS.Space(dir)
}
