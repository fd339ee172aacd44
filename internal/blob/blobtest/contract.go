package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven/internal/blob"
)

func (s suite) invisibleBeforeCommit(t *testing.T) {
	store := s.start(t)
	w := create(t, store, -1)
	for range 5 {
		write(t, w, Bytes(1, 2*s.ChunkSize+1))
		if got := listed(t, store); len(got) != 0 {
			t.Fatalf("List before Commit = %v, want nothing", got)
		}
	}
	ref := commit(t, w)
	want := map[blob.Ref]int64{ref: 5 * int64(2*s.ChunkSize+1)}
	if diff := cmp.Diff(want, listed(t, store)); diff != "" {
		t.Errorf("List after Commit (-want +got):\n%s", diff)
	}
	check(t, store, ref, bytes.Repeat(Bytes(1, 2*s.ChunkSize+1), 5))
}

func (s suite) abortLeavesNothing(t *testing.T) {
	store := s.start(t)
	for _, n := range []int{0, 1, 3*s.ChunkSize + 1} {
		w := create(t, store, int64(n))
		write(t, w, Bytes(1, n))
		if err := w.Abort(); err != nil {
			t.Errorf("Abort after %d bytes: %v", n, err)
		}
		if err := w.Abort(); err != nil {
			t.Errorf("second Abort after %d bytes: %v", n, err)
		}
	}
	if got := listed(t, store); len(got) != 0 {
		t.Errorf("List after Abort = %v, want nothing", got)
	}
}

func (s suite) writerKeepsNoSlice(t *testing.T) {
	store := s.start(t)
	for _, n := range []int{1, s.ChunkSize, 4 * s.ChunkSize} {
		w := create(t, store, -1)
		p := Bytes(1, n)
		write(t, w, p)
		clear(p)
		write(t, w, p)
		check(t, store, commit(t, w), append(Bytes(1, n), make([]byte, n)...))
	}
}

func (s suite) refsAreUnique(t *testing.T) {
	store := s.start(t)
	// The same bytes each time: a ref does not come from the content.
	seen := make(map[blob.Ref]bool)
	for range 20 {
		ref := put(t, store, []byte("same"))
		if ref.IsZero() || seen[ref] {
			t.Fatalf("Commit gave %s twice, or zero", ref)
		}
		seen[ref] = true
	}
}

// someSizes are the sizes at which an engine with chunks may err.
func (s suite) someSizes() []int {
	c := s.ChunkSize
	return []int{0, 1, 2, c - 1, c, c + 1, 2*c - 1, 2 * c, 2*c + 1, 5*c + 7, 3 << 20, 3<<20 + 1}
}

func (s suite) sizes(t *testing.T) {
	store := s.start(t)
	want := make(map[blob.Ref]int64)
	for i, n := range s.someSizes() {
		content := Bytes(uint64(i), n)
		for _, hint := range []int64{-1, 0, int64(n), int64(n) + 1} {
			w := create(t, store, hint)
			write(t, w, content)
			ref := commit(t, w)
			check(t, store, ref, content)
			want[ref] = int64(n)
		}
	}
	if diff := cmp.Diff(want, listed(t, store)); diff != "" {
		t.Errorf("List (-want +got):\n%s", diff)
	}
}

func (s suite) edges(t *testing.T) {
	store := s.start(t)
	c := s.ChunkSize
	lengths := []int{0, 1, c - 1, c, c + 1, 2 * c, 4*c + 1, 7 * c}
	for _, n := range []int{0, 1, c - 1, c, c + 1, 3 * c, 5*c + 7} {
		content := Bytes(uint64(n), n)
		r := openBlob(t, store, put(t, store, content))
		offsets := []int{0, 1}
		for _, edge := range []int{c, 2 * c, 4 * c, n} {
			offsets = append(offsets, edge-1, edge, edge+1)
		}
		for _, off := range offsets {
			for _, length := range lengths {
				if off >= 0 {
					checkRange(t, r, content, off, length)
				}
			}
		}
		if n, err := r.ReadAt(make([]byte, 1), -1); n != 0 || err == nil {
			t.Errorf("ReadAt(-1) = %d, %v, want an error", n, err)
		}
		if n, err := r.ReadAt(make([]byte, 1), 1<<62); n != 0 || !errors.Is(err, io.EOF) {
			t.Errorf("ReadAt(1<<62) = %d, %v, want io.EOF", n, err)
		}
		closeReader(t, r)
	}
}

// ioReaderAt lets the standard library judge, with one blob only: it reads byte
// by byte, and an engine may verify a whole chunk for each.
func (s suite) ioReaderAt(t *testing.T) {
	store := s.start(t)
	content := Bytes(5, 1000)
	r := openBlob(t, store, put(t, store, content))
	if err := iotest.TestReader(io.NewSectionReader(r, 0, r.Size()), content); err != nil {
		t.Error(err)
	}
	closeReader(t, r)
}

func (s suite) splitWrites(t *testing.T) {
	store := s.start(t)
	content := Bytes(3, 9*s.ChunkSize+11)
	for _, step := range []int{777, s.ChunkSize - 1, s.ChunkSize, s.ChunkSize + 1, 3*s.ChunkSize + 5} {
		t.Run(fmt.Sprint(step), func(t *testing.T) {
			w := create(t, store, -1)
			for part := range slices.Chunk(content, step) {
				write(t, w, part)
				write(t, w, nil)
			}
			check(t, store, commit(t, w), content)
		})
	}
}

func (s suite) deleteIsIdempotent(t *testing.T) {
	store := s.start(t)
	ctx := context.Background()
	kept, ref := put(t, store, Bytes(1, 100)), put(t, store, Bytes(2, 100))
	never := ref
	never[blob.RefSize-1] ^= 1
	for _, r := range []blob.Ref{ref, ref, never, {}} {
		if err := store.Delete(ctx, r); err != nil {
			t.Errorf("Delete(%s): %v", r, err)
		}
		checkAbsent(t, store, r)
	}
	if diff := cmp.Diff(map[blob.Ref]int64{kept: 100}, listed(t, store)); diff != "" {
		t.Errorf("List (-want +got):\n%s", diff)
	}
	check(t, store, kept, Bytes(1, 100))
}

func (s suite) readerOutlivesDelete(t *testing.T) {
	store := s.start(t)
	content := Bytes(1, 4*s.ChunkSize+1)
	ref := put(t, store, content)
	r := openBlob(t, store, ref)
	if err := store.Delete(context.Background(), ref); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	checkAbsent(t, store, ref)
	checkReader(t, r, content)
	closeReader(t, r)
}

func (s suite) writerEndsOnce(t *testing.T) {
	store := s.start(t)
	ctx := context.Background()
	w := create(t, store, -1)
	write(t, w, []byte("kept"))
	ref := commit(t, w)
	if err := w.Abort(); err != nil {
		t.Errorf("Abort after Commit: %v", err)
	}
	checkEnded(t, ctx, w)
	check(t, store, ref, []byte("kept"))

	w = create(t, store, -1)
	write(t, w, []byte("gone"))
	if err := w.Abort(); err != nil {
		t.Errorf("Abort: %v", err)
	}
	checkEnded(t, ctx, w)
	if diff := cmp.Diff(map[blob.Ref]int64{ref: 4}, listed(t, store)); diff != "" {
		t.Errorf("List (-want +got):\n%s", diff)
	}
}

func checkEnded(t *testing.T, ctx context.Context, w blob.Writer) {
	t.Helper()
	if n, err := w.Write([]byte("late")); n != 0 || err == nil {
		t.Errorf("Write after the end = %d, %v, want an error", n, err)
	}
	if ref, err := w.Commit(ctx); !ref.IsZero() || err == nil {
		t.Errorf("Commit after the end = %s, %v, want an error", ref, err)
	}
}

func (s suite) session(t *testing.T) {
	dir := t.TempDir()
	var sessions []blob.Session
	for range 3 {
		store := s.open(t, dir)
		if slices.Contains(sessions, store.Session()) {
			t.Errorf("session %x came twice", store.Session())
		}
		sessions = append(sessions, store.Session())
		for range 3 {
			if got := put(t, store, nil).Session(); got != store.Session() {
				t.Errorf("ref of session %x, want %x", got, store.Session())
			}
		}
		closeStore(t, store)
	}
}

func (s suite) list(t *testing.T) {
	store := s.start(t)
	want := make(map[blob.Ref]int64)
	for i := range 40 {
		want[put(t, store, Bytes(1, i*100))] = int64(i * 100)
	}
	if diff := cmp.Diff(want, listed(t, store)); diff != "" {
		t.Fatalf("List (-want +got):\n%s", diff)
	}
	n := 0
	for _, err := range store.List(context.Background()) {
		if err != nil {
			t.Fatalf("List: %v", err)
		}
		if n++; n == 7 {
			break
		}
	}
	if n != 7 {
		t.Errorf("a List that is left early yields %d, want 7", n)
	}
	// Deleting while listing is what the sweep does.
	for info, err := range store.List(context.Background()) {
		if err != nil {
			t.Fatalf("List while deleting: %v", err)
		}
		if err := store.Delete(context.Background(), info.Ref); err != nil {
			t.Fatalf("Delete while listing: %v", err)
		}
	}
	for ref := range listed(t, store) {
		t.Errorf("%s is left after deleting all that List yields", ref)
	}
}

func (s suite) context(t *testing.T) {
	store := s.start(t)
	ref := put(t, store, []byte("kept"))
	w := create(t, store, -1)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	check := func(call string, err error) {
		t.Helper()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a cancelled context: %v, want context.Canceled", call, err)
		}
	}
	_, err := store.Create(ctx, -1)
	check("Create", err)
	_, err = store.Open(ctx, ref)
	check("Open", err)
	check("Delete", store.Delete(ctx, ref))
	_, err = w.Commit(ctx)
	check("Commit", err)
	checkEnded(t, context.Background(), w)
	err = nil
	for _, lerr := range store.List(ctx) {
		err = lerr
	}
	check("List", err)
	if diff := cmp.Diff(map[blob.Ref]int64{ref: 4}, listed(t, store)); diff != "" {
		t.Errorf("List (-want +got):\n%s", diff)
	}
}
