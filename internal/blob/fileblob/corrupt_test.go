package fileblob_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/blob/blobtest"
	"github.com/keyhaven/keyhaven/internal/blob/fileblob"
)

const chunk = 64 << 10

// pathOf is where the format says that a blob is.
func pathOf(dir string, ref blob.Ref) string {
	name := ref.String()
	return filepath.Join(dir, name[12:14], name)
}

// TestR4_FlippedBits damages each of many bytes of a file: bytes that are
// returned are right, and what is wrong is reported.
func TestR4_FlippedBits(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, fileblob.Options{})
	defer s.Close()
	for _, size := range []int{0, 1, 100, chunk, 2*chunk + 100} {
		content := blobtest.Bytes(uint64(size), size)
		ref := mustPut(t, s, content)
		path := pathOf(dir, ref)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range places(size, len(whole)) {
			damaged := slices.Clone(whole)
			damaged[at] ^= 1 << (at % 8)
			if err := os.WriteFile(path, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			checkDamage(t, s, ref, content, at)
		}
		// The damaged blob is listed and can be deleted.
		if err := s.Delete(context.Background(), ref); err != nil {
			t.Errorf("Delete of a damaged blob of %d bytes: %v", size, err)
		}
		if _, err := s.Open(context.Background(), ref); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("Open after Delete of a damaged blob: %v, want ErrNotFound", err)
		}
	}
}

// places are all bytes of table and trailer and some of the data.
func places(size, file int) []int {
	var at []int
	for i := range file {
		if i >= size || i < 3 || i%4099 == 0 || i%chunk == chunk-1 || i == size-1 {
			at = append(at, i)
		}
	}
	return at
}

// checkDamage reads the whole and then every chunk by itself: the sound chunks
// are right, the damaged one is ErrCorrupt.
func checkDamage(t *testing.T, s *fileblob.Store, ref blob.Ref, content []byte, at int) {
	t.Helper()
	if err := s.Verify(context.Background(), ref); !errors.Is(err, blob.ErrCorrupt) {
		t.Errorf("%d bytes, byte %d flipped: Verify = %v, want ErrCorrupt", len(content), at, err)
	}
	r, err := s.Open(context.Background(), ref)
	if err != nil {
		if !errors.Is(err, blob.ErrCorrupt) || at < len(content) {
			t.Errorf("%d bytes, byte %d flipped: Open = %v", len(content), at, err)
		}
		return
	}
	defer r.Close()
	p := bytes.Repeat([]byte{0xaa}, len(content)+10)
	n, err := r.ReadAt(p, 0)
	if !errors.Is(err, blob.ErrCorrupt) {
		t.Errorf("%d bytes, byte %d flipped: ReadAt = %d, %v, want ErrCorrupt", len(content), at, n, err)
	}
	if !bytes.Equal(p[:n], content[:n]) || bytes.Contains(p[n:], content[n:min(n+100, len(content))]) {
		t.Errorf("%d bytes, byte %d flipped: ReadAt gave bytes that were not verified", len(content), at)
	}
	for off := 0; off < len(content); off += chunk {
		want := content[off:min(off+chunk, len(content))]
		n, err := r.ReadAt(p[:len(want)], int64(off))
		if hit := at/chunk == off/chunk; hit != errors.Is(err, blob.ErrCorrupt) || !hit && n != len(want) {
			t.Errorf("%d bytes, byte %d flipped: ReadAt(%d) = %d, %v", len(content), at, off, n, err)
		}
		if !bytes.Equal(p[:n], want[:n]) {
			t.Errorf("%d bytes, byte %d flipped: ReadAt(%d) gave a wrong byte", len(content), at, off)
		}
	}
}

// TestR4_CutOrMisplacedFiles: a file of another length, and one that stands
// under the name of another, are never read.
func TestR4_CutOrMisplacedFiles(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, fileblob.Options{})
	defer s.Close()
	content := blobtest.Bytes(1, chunk+50)
	ref, other := mustPut(t, s, content), mustPut(t, s, blobtest.Bytes(2, chunk+50))
	path := pathOf(dir, ref)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := os.ReadFile(pathOf(dir, other))
	if err != nil {
		t.Fatal(err)
	}
	damaged := map[string][]byte{
		"empty":     nil,
		"longer":    append(slices.Clone(whole), 0),
		"zeroed":    make([]byte, len(whole)),
		"misplaced": foreign,
		"grown":     slices.Insert(slices.Clone(whole), 10, 0),
		"doubled":   append(slices.Clone(whole), whole...),
	}
	for _, n := range []int{1, 43, 44, 45, 48, 49, 100, chunk, chunk + 48, len(whole) - 45, len(whole) - 44, len(whole) - 4, len(whole) - 1} {
		damaged["cut "+string(rune('a'+len(damaged)))] = whole[:n]
	}
	for name, file := range damaged {
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Open(context.Background(), ref); !errors.Is(err, blob.ErrCorrupt) {
			t.Errorf("%s (%d bytes): Open = %v, want ErrCorrupt", name, len(file), err)
		}
		found := false
		for info, err := range s.List(context.Background()) {
			found = found || info.Ref == ref && err == nil && info.Size >= 0
		}
		if !found {
			t.Errorf("%s (%d bytes): not listed", name, len(file))
		}
	}
	if err := s.Delete(context.Background(), ref); err != nil {
		t.Errorf("Delete: %v", err)
	}
}

// TestR4_CutWhileOpen: a reader whose file loses its end reports that.
func TestR4_CutWhileOpen(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, fileblob.Options{})
	defer s.Close()
	content := blobtest.Bytes(1, 3*chunk)
	ref := mustPut(t, s, content)
	r, err := s.Open(context.Background(), ref)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := os.Truncate(pathOf(dir, ref), chunk+10); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, chunk)
	if n, err := r.ReadAt(p, 0); n != chunk || err != nil || !cmp.Equal(p, content[:chunk]) {
		t.Errorf("ReadAt before the cut = %d, %v", n, err)
	}
	if n, err := r.ReadAt(p, chunk); n != 0 || !errors.Is(err, blob.ErrCorrupt) {
		t.Errorf("ReadAt behind the cut = %d, %v, want ErrCorrupt", n, err)
	}
}
