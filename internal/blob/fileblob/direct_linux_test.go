package fileblob

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// TestDirectFile writes pieces that are aligned and pieces that are not.
func TestDirectFile(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	memory := make([]byte, 1<<20)
	for i := range memory {
		memory[i] = byte(rnd.Uint32())
	}
	for round := range 40 {
		name := filepath.Join(t.TempDir(), "f")
		f, err := osFS{}.CreateDirect(name)
		if err != nil {
			t.Fatal(err)
		}
		var want []byte
		for range rnd.IntN(6) {
			from, n := rnd.IntN(8)*directUnit, 1+rnd.IntN(3*directUnit)
			switch rnd.IntN(3) {
			case 0:
				n = directUnit * (1 + rnd.IntN(40))
			case 1:
				from += rnd.IntN(100)
			}
			p := memory[from : from+n]
			if m, err := f.Write(p); err != nil || m != n {
				t.Fatalf("Write of %d bytes = %d, %v", n, m, err)
			}
			want = append(want, p...)
		}
		if err := f.Sync(); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("round %d: the file has %d bytes, want %d", round, len(got), len(want))
		}
	}
}

func TestDirectFileMustBeNew(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (osFS{}).CreateDirect(name); !os.IsExist(err) {
		t.Errorf("CreateDirect over a file = %v, want that it exists", err)
	}
}

// TestLargeBlobs stores blobs that are written past the page cache, around the
// boundaries of its unit and of the chunks.
func TestLargeBlobs(t *testing.T) {
	s, err := Open(t.TempDir(), Options{ReserveBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	data := make([]byte, directSize+3*chunkSize)
	rnd := rand.New(rand.NewPCG(2, 2))
	for i := range data {
		data[i] = byte(rnd.Uint32())
	}
	for _, n := range []int{directSize, directSize + 1, directSize + directUnit - 1, directSize + directUnit, directSize + chunkSize, len(data)} {
		w, err := s.Create(t.Context(), int64(n))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data[:n]); err != nil {
			t.Fatal(err)
		}
		ref, err := w.Commit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Verify(t.Context(), ref); err != nil {
			t.Error(err)
		}
		r, err := s.Open(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, n)
		if m, err := r.ReadAt(got, 0); m != n || err != nil || !bytes.Equal(got, data[:n]) {
			t.Errorf("a blob of %d bytes reads %d bytes, %v", n, m, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}
