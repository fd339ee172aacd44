package fileblob

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/keyhaven/keyhaven/internal/blob"
)

// TestFormatVersion1 opens files that version 1 wrote. They never change.
func TestFormatVersion1(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for name, want := range map[string]string{
		"000102030405060708090a0b0c0d0e0f": "hello, blob",
		"000102030405ff0708090a0b0c0d0e0f": "",
	} {
		file, err := os.ReadFile(filepath.Join("testdata", "v1", name))
		if err != nil {
			t.Fatal(err)
		}
		ref, err := blob.ParseRef(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(s.directory(ref).name(ref), file, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.Verify(context.Background(), ref); err != nil {
			t.Errorf("Verify(%s): %v", name, err)
		}
		r, err := s.Open(context.Background(), ref)
		if err != nil {
			t.Errorf("Open(%s): %v", name, err)
			continue
		}
		got, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
		if string(got) != want || err != nil {
			t.Errorf("%s = %q, %v, want %q", name, got, err, want)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestWritesVersion1: what is written now is what testdata holds.
func TestWritesVersion1(t *testing.T) {
	dir := t.TempDir()
	// The session, then the rest of the ref.
	random := bytes.NewReader([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})
	s, err := Open(dir, Options{Random: random})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	w, err := s.Create(context.Background(), -1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("hello, blob")); err != nil {
		t.Fatal(err)
	}
	ref, err := w.Commit(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "06", ref.String()))
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("testdata", "v1", ref.String()))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("file = %x, want %x", got, want)
	}
	if _, err := s.Create(context.Background(), -1); !errors.Is(err, io.EOF) {
		t.Errorf("Create without randomness: %v, want its error", err)
	}
}

func TestDataSize(t *testing.T) {
	// Every size has a file size of its own, and no other file size is taken.
	valid := make(map[int64]int64)
	for size := int64(0); size < 3*chunkSize; size++ {
		valid[size+chunks(size)*sumSize+trailerSize] = size
	}
	for file := int64(-1); file < 3*chunkSize; file++ {
		want, ok := valid[file]
		got, gotOK := dataSize(file)
		if gotOK != ok || ok && got != want || got < 0 {
			t.Fatalf("dataSize(%d) = %d, %t, want %d, %t", file, got, gotOK, want, ok)
		}
	}
}

func TestParseTrailerRefuses(t *testing.T) {
	good := trailer{size: 5, tableSum: 7, ref: blob.Ref{1}}
	b := good.append(nil)
	if got, ok := parseTrailer(b); !ok || got != good {
		t.Fatalf("parseTrailer = %v, %t, want %v", got, ok, good)
	}
	for i := range b {
		for bit := range 8 {
			b[i] ^= 1 << bit
			if _, ok := parseTrailer(b); ok {
				t.Errorf("bit %d of byte %d flipped, and it is taken", bit, i)
			}
			b[i] ^= 1 << bit
		}
		if _, ok := parseTrailer(b[:i]); ok {
			t.Errorf("%d bytes are taken", i)
		}
	}
	// A later version, with a checksum that is right.
	next := append([]byte(nil), b[:40]...)
	next[7] = 2
	next = append(next, 0, 0, 0, 0)
	sum := checksum(next[:40])
	next[40], next[41], next[42], next[43] = byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum)
	if _, ok := parseTrailer(next); ok {
		t.Error("version 2 is taken")
	}
}
