package fileblob_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/blob/blobtest"
	"github.com/keyhaven/keyhaven/internal/blob/fileblob"
	"github.com/keyhaven/keyhaven/internal/blob/fileblob/crashfs"
)

func TestOpenNeedsTheDirectory(t *testing.T) {
	_, err := fileblob.Open(filepath.Join(t.TempDir(), "missing"), fileblob.Options{})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of a missing directory: %v, want fs.ErrNotExist", err)
	}
}

// calls records what a store does below.
func calls(fsys *crashfs.FS, do func()) []crashfs.Op {
	var ops []crashfs.Op
	fsys.SetHook(func(op crashfs.Op) error {
		ops = append(ops, op)
		return nil
	})
	do()
	fsys.SetHook(nil)
	return ops
}

func count(ops []crashfs.Op, kind crashfs.Kind) int {
	n := 0
	for _, op := range ops {
		if op.Kind == kind {
			n++
		}
	}
	return n
}

// TestOpenLooksOnlyAfterCrash: after a clean Close no directory is listed (F5),
// and the only sync is that of the parent.
func TestOpenLooksOnlyAfterCrash(t *testing.T) {
	fsys := crashfs.New("blobs")
	open := func() (s *fileblob.Store, ops []crashfs.Op) {
		ops = calls(fsys, func() { s = openStore(t, "blobs", fileblob.Options{FS: fsys}) })
		return s, ops
	}
	s, ops := open()
	if count(ops, crashfs.Mkdir) != 256 || count(ops, crashfs.SyncDir) != 1 || count(ops, crashfs.Names) != 0 {
		t.Errorf("first Open makes %d directories, %d syncs, %d listings, want 256, 1, 0",
			count(ops, crashfs.Mkdir), count(ops, crashfs.SyncDir), count(ops, crashfs.Names))
	}
	if i := slices.IndexFunc(ops, func(op crashfs.Op) bool { return op.Kind == crashfs.SyncDir }); i != len(ops)-1 {
		t.Errorf("first Open syncs at call %d of %d, want last", i, len(ops))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, ops = open()
	if n := count(ops, crashfs.Names); n != 0 {
		t.Errorf("Open after Close lists %d directories, want none", n)
	}
	if _, err := s.Create(context.Background(), -1); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil { // with a writer that has not ended
		t.Fatal(err)
	}
	s, ops = open()
	if n := count(ops, crashfs.Names); n != 256 {
		t.Errorf("Open after an unclean Close lists %d directories, want all", n)
	}
	if diff := cmp.Diff([]string{"blobs/UNCLEAN"}, fsys.Files()); diff != "" {
		t.Errorf("files after Open (-want +got):\n%s", diff)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := fsys.Files(); len(got) != 0 {
		t.Errorf("files after Close: %v", got)
	}
}

// TestAbortedBlobsStayAway: a temporary file whose end the loss of power undoes
// after a clean Close would never be cleared up, so Close syncs it (F5).
func TestAbortedBlobsStayAway(t *testing.T) {
	ctx := context.Background()
	broken := errors.New("broken")
	for name, end := range map[string]func(fsys *crashfs.FS, w blob.Writer) error{
		"abort": func(_ *crashfs.FS, w blob.Writer) error { return w.Abort() },
		"failed commit": func(fsys *crashfs.FS, w blob.Writer) error {
			fsys.SetHook(func(op crashfs.Op) error {
				if op.Kind == crashfs.SyncDir {
					return broken
				}
				return nil
			})
			defer fsys.SetHook(nil)
			if _, err := w.Commit(ctx); !errors.Is(err, broken) {
				return fmt.Errorf("Commit: %w, want the error of the sync", err)
			}
			return nil
		},
	} {
		fsys := crashfs.New("blobs")
		s := openStore(t, "blobs", fileblob.Options{FS: fsys, Random: oneDirectory{}})
		w, err := s.Create(ctx, -1)
		if err != nil {
			t.Fatal(err)
		}
		mustPut(t, s, []byte("syncs the directory")) // so that the temporary file is durable
		if err := end(fsys, w); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := s.Close(); err != nil {
			t.Fatalf("%s: Close: %v", name, err)
		}
		for seed := range uint64(50) {
			left := fsys.Crash(seed)
			if err := openStore(t, "blobs", fileblob.Options{FS: left}).Close(); err != nil {
				t.Fatal(err)
			}
			checkNoTemporary(t, fmt.Sprintf("%s, crash %d", name, seed), left)
		}
	}
}

// TestCloseThatFails leaves UNCLEAN, so that the next Open clears up (F5).
func TestCloseThatFails(t *testing.T) {
	fsys := crashfs.New("blobs")
	s := openStore(t, "blobs", fileblob.Options{FS: fsys})
	w, err := s.Create(context.Background(), -1)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Abort(); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	fsys.SetHook(func(op crashfs.Op) error {
		if op.Kind == crashfs.SyncDir {
			return broken
		}
		return nil
	})
	if err := s.Close(); !errors.Is(err, broken) {
		t.Errorf("Close whose sync fails: %v, want its error", err)
	}
	fsys.SetHook(nil)
	if diff := cmp.Diff([]string{"blobs/UNCLEAN"}, fsys.Files()); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// TestHiddenUntilDurable looks between rename and sync (B1, F3).
func TestHiddenUntilDurable(t *testing.T) {
	fsys := crashfs.New("blobs")
	s := openStore(t, "blobs", fileblob.Options{FS: fsys})
	ctx := context.Background()
	looked := false
	fsys.SetHook(func(op crashfs.Op) error {
		if op.Kind != crashfs.SyncDir || looked {
			return nil
		}
		looked = true
		for info, err := range s.List(ctx) {
			t.Errorf("List before the sync yields %s, %v", info.Ref, err)
		}
		for _, name := range fsys.Files() {
			ref, err := blob.ParseRef(filepath.Base(name))
			if err != nil {
				continue
			}
			if _, err := s.Open(ctx, ref); !errors.Is(err, blob.ErrNotFound) {
				t.Errorf("Open before the sync: %v, want ErrNotFound", err)
			}
			if err := s.Delete(ctx, ref); err != nil {
				t.Errorf("Delete before the sync: %v", err)
			}
		}
		return nil
	})
	ref := mustPut(t, s, []byte("content"))
	fsys.SetHook(nil)
	if !looked {
		t.Fatal("Commit did not sync the directory")
	}
	if got, err := readBlob(s, ref); string(got) != "content" || err != nil {
		t.Errorf("after Commit: %q, %v", got, err)
	}
}

// TestHiddenWhenStuck: a blob whose Commit failed and whose file cannot be
// removed is not shown by the running store (F3).
func TestHiddenWhenStuck(t *testing.T) {
	fsys := crashfs.New("blobs")
	s := openStore(t, "blobs", fileblob.Options{FS: fsys})
	ctx := context.Background()
	broken := errors.New("broken")
	fsys.SetHook(func(op crashfs.Op) error {
		if op.Kind == crashfs.SyncDir || op.Kind == crashfs.Remove {
			return broken
		}
		return nil
	})
	w, err := s.Create(ctx, -1)
	if err != nil {
		t.Fatal(err)
	}
	if ref, err := w.Commit(ctx); !errors.Is(err, broken) || !ref.IsZero() {
		t.Fatalf("Commit = %s, %v, want the error", ref, err)
	}
	fsys.SetHook(nil)
	for info := range s.List(ctx) {
		t.Errorf("List yields %s, whose Commit failed", info.Ref)
	}
}

// TestForeignFilesAreLeftAlone: what is not named as a blob is neither listed
// nor removed.
func TestForeignFilesAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, fileblob.Options{})
	ref := mustPut(t, s, []byte("content"))
	elsewhere := "00"
	if ref.String()[12:14] == "00" {
		elsewhere = "01"
	}
	foreign := []string{
		"INSTALLATION",
		ref.String(),
		"00/README",
		"00/short.tmp",
		elsewhere + "/" + ref.String(), // not where its ref belongs
		"ab/" + strings.ToUpper("0102030405ffabffffffffffffffffff"),
		"ab/" + strings.ToUpper("0102030405ffabffffffffffffffffff") + ".tmp",
		"zz/note",
	}
	if err := os.Mkdir(filepath.Join(dir, "zz"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range foreign {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "ab", "010203040506abffffffffffffffffff"), 0o700); err != nil {
		t.Fatal(err)
	}
	// Opened without a Close before, as after a crash.
	s = openStore(t, dir, fileblob.Options{})
	there, err := contents(s)
	if err != nil {
		t.Errorf("contents: %v", err)
	}
	if diff := cmp.Diff(map[blob.Ref]string{ref: "content"}, there); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
	for _, name := range foreign {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCallsPerOperation(t *testing.T) {
	fsys := crashfs.New("blobs")
	s := openStore(t, "blobs", fileblob.Options{FS: fsys})
	kinds := func(do func()) []crashfs.Kind {
		var kinds []crashfs.Kind
		for _, op := range calls(fsys, do) {
			kinds = append(kinds, op.Kind)
		}
		return kinds
	}
	var ref blob.Ref
	content := blobtest.Bytes(1, 100<<10)
	got := kinds(func() { ref = mustPut(t, s, content) })
	want := []crashfs.Kind{crashfs.Create, crashfs.Write, crashfs.Sync, crashfs.Close, crashfs.Rename, crashfs.SyncDir}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls of a put (-want +got):\n%s", diff)
	}
	got = kinds(func() {
		if _, err := readBlob(s, ref); err != nil {
			t.Errorf("read: %v", err)
		}
	})
	want = []crashfs.Kind{crashfs.Open, crashfs.Size, crashfs.Read, crashfs.Read, crashfs.Close}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls of a read (-want +got):\n%s", diff)
	}
	got = kinds(func() {
		if err := s.Delete(context.Background(), ref); err != nil {
			t.Errorf("Delete: %v", err)
		}
	})
	if diff := cmp.Diff([]crashfs.Kind{crashfs.Remove, crashfs.SyncDir}, got); diff != "" {
		t.Errorf("calls of a delete (-want +got):\n%s", diff)
	}
}

func TestClosedStore(t *testing.T) {
	s := openStore(t, t.TempDir(), fileblob.Options{})
	ctx := context.Background()
	ref := mustPut(t, s, []byte("content"))
	r, err := s.Open(ctx, ref)
	if err != nil {
		t.Fatal(err)
	}
	w, err := s.Create(ctx, -1)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	_, createErr := s.Create(ctx, -1)
	_, openErr := s.Open(ctx, ref)
	_, commitErr := w.Commit(ctx)
	var listErr error
	for _, err := range s.List(ctx) {
		listErr = err
	}
	for call, err := range map[string]error{
		"Create": createErr, "Open": openErr, "Commit": commitErr, "List": listErr,
		"Delete": s.Delete(ctx, ref), "Verify": s.Verify(ctx, ref),
	} {
		if err == nil {
			t.Errorf("%s works after Close", call)
		}
	}
	p := make([]byte, 7)
	if _, err := r.ReadAt(p, 0); string(p) != "content" || err != nil {
		t.Errorf("an open reader after Close reads %q, %v", p, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}
