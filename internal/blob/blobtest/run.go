package blobtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/keyhaven/keyhaven/internal/blob"
)

// Options say what an engine can do.
type Options struct {
	// Persistent says that opening the same dir again, after Close, gives the
	// blobs back.
	Persistent bool
	// ChunkSize is the unit in bytes at whose edges the engine may err; 0 means
	// 64 KiB.
	ChunkSize int
	// NoModel leaves out the random histories, for an engine whose every call
	// takes milliseconds and which runs them over something faster as well.
	NoModel bool
}

// Open opens a store over dir, a directory that is there. The suite closes it.
type Open func(t *testing.T, dir string) blob.Store

// Run checks that the engine keeps the contract.
func Run(t *testing.T, open Open, opts Options) {
	if opts.ChunkSize == 0 {
		opts.ChunkSize = 64 << 10
	}
	s := suite{open: open, Options: opts, store: open(t, t.TempDir())}
	defer closeStore(t, s.store)
	for _, test := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"B1_InvisibleBeforeCommit", s.invisibleBeforeCommit},
		{"B1_AbortLeavesNothing", s.abortLeavesNothing},
		{"B1_WriterKeepsNoSlice", s.writerKeepsNoSlice},
		{"B2_RefsAreUnique", s.refsAreUnique},
		{"B3_Sizes", s.sizes},
		{"B3_Edges", s.edges},
		{"B3_ReaderAt", s.ioReaderAt},
		{"B3_SplitWrites", s.splitWrites},
		{"B4_DeleteIsIdempotent", s.deleteIsIdempotent},
		{"B4_ReaderOutlivesDelete", s.readerOutlivesDelete},
		{"B5_WriterEndsOnce", s.writerEndsOnce},
		{"B6_Session", s.session},
		{"List", s.list},
		{"Context", s.context},
		{"Concurrency", s.concurrency},
	} {
		t.Run(test.name, test.run)
	}
	if !opts.NoModel {
		t.Run("Model", s.model)
	}
	if opts.Persistent {
		t.Run("B1_Restart", s.restart)
		t.Run("B4_Restart", s.restartAfterDelete)
	}
}

type suite struct {
	open Open
	Options
	store blob.Store // for the tests that need no directory of their own
}

// start returns an empty store. It is the same for all tests, because opening a
// new one may be slow.
func (s suite) start(t fatal) blob.Store {
	t.Helper()
	empty(t, s.store)
	return s.store
}

func empty(t fatal, store blob.Store) {
	t.Helper()
	for ref := range listed(t, store) {
		if err := store.Delete(context.Background(), ref); err != nil {
			t.Fatalf("Delete(%s): %v", ref, err)
		}
	}
	if left := listed(t, store); len(left) > 0 {
		t.Fatalf("List after deleting all = %v", left)
	}
}

func closeStore(t *testing.T, store blob.Store) {
	t.Helper()
	if err := store.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// fatal is testing.T or rapid.T.
type fatal interface {
	Helper()
	Fatalf(format string, args ...any)
}

// Bytes returns n bytes that are the same for the same seed.
func Bytes(seed uint64, n int) []byte {
	p := make([]byte, n)
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	// ChaCha8's Read never fails.
	_, _ = rand.NewChaCha8(key).Read(p)
	return p
}

func create(t fatal, store blob.Store, hint int64) blob.Writer {
	t.Helper()
	w, err := store.Create(context.Background(), hint)
	if err != nil {
		t.Fatalf("Create(%d): %v", hint, err)
	}
	return w
}

func write(t fatal, w blob.Writer, p []byte) {
	t.Helper()
	if n, err := w.Write(p); n != len(p) || err != nil {
		t.Fatalf("Write of %d bytes = %d, %v", len(p), n, err)
	}
}

func commit(t fatal, w blob.Writer) blob.Ref {
	t.Helper()
	ref, err := w.Commit(context.Background())
	if err != nil {
		t.Fatalf("Commit: %v", err)
	}
	return ref
}

func put(t fatal, store blob.Store, content []byte) blob.Ref {
	t.Helper()
	w := create(t, store, int64(len(content)))
	write(t, w, content)
	return commit(t, w)
}

func openBlob(t fatal, store blob.Store, ref blob.Ref) blob.Reader {
	t.Helper()
	r, err := store.Open(context.Background(), ref)
	if err != nil {
		t.Fatalf("Open(%s): %v", ref, err)
	}
	return r
}

func closeReader(t fatal, r blob.Reader) {
	t.Helper()
	if err := r.Close(); err != nil {
		t.Fatalf("Close of a reader: %v", err)
	}
}

// check compares the whole blob.
func check(t fatal, store blob.Store, ref blob.Ref, want []byte) {
	t.Helper()
	r := openBlob(t, store, ref)
	checkReader(t, r, want)
	closeReader(t, r)
}

func checkReader(t fatal, r blob.Reader, want []byte) {
	t.Helper()
	if got := r.Size(); got != int64(len(want)) {
		t.Fatalf("Size = %d, want %d", got, len(want))
	}
	got, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
	if err != nil {
		t.Fatalf("reading %d bytes: %v", len(want), err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("reading %d bytes gave others than were written", len(want))
	}
}

// checkRange reads n bytes at off as io.ReaderAt says it must go.
func checkRange(t fatal, r blob.Reader, content []byte, off, n int) {
	t.Helper()
	want := content[min(off, len(content)):min(off+n, len(content))]
	p := make([]byte, n)
	got, err := r.ReadAt(p, int64(off))
	if got != len(want) || !bytes.Equal(p[:got], want) {
		t.Fatalf("ReadAt(%d bytes, %d) of %d = %d, %v, want %d and the bytes written", n, off, len(content), got, err, len(want))
	}
	atEnd := off+n >= len(content)
	switch {
	case got < n && !errors.Is(err, io.EOF):
		t.Fatalf("ReadAt(%d bytes, %d) of %d = %d, %v, want io.EOF", n, off, len(content), got, err)
	case got == n && err != nil && (!atEnd || !errors.Is(err, io.EOF)):
		t.Fatalf("ReadAt(%d bytes, %d) of %d: %v", n, off, len(content), err)
	}
}

func checkAbsent(t fatal, store blob.Store, ref blob.Ref) {
	t.Helper()
	r, err := store.Open(context.Background(), ref)
	if !errors.Is(err, blob.ErrNotFound) {
		if err == nil {
			_ = r.Close()
		}
		t.Fatalf("Open(%s) = %v, want ErrNotFound", ref, err)
	}
}

// listed returns what List yields, and fails when it yields a ref twice.
func listed(t fatal, store blob.Store) map[blob.Ref]int64 {
	t.Helper()
	sizes := make(map[blob.Ref]int64)
	for info, err := range store.List(context.Background()) {
		if err != nil {
			t.Fatalf("List: %v", err)
		}
		if _, ok := sizes[info.Ref]; ok {
			t.Fatalf("List yields %s twice", info.Ref)
		}
		sizes[info.Ref] = info.Size
	}
	return sizes
}
