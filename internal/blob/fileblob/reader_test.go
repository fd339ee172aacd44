package fileblob

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/keyhaven/keyhaven/internal/blob"
)

// countingFS counts the bytes that are read.
type countingFS struct {
	osFS
	read *atomic.Int64
}

type countingFile struct {
	File
	read *atomic.Int64
}

func (c countingFS) Open(name string) (File, error) {
	f, err := c.osFS.Open(name)
	return countingFile{f, c.read}, err
}

func (c countingFile) ReadAt(p []byte, off int64) (int, error) {
	c.read.Add(int64(len(p)))
	return c.File.ReadAt(p, off)
}

// sparse makes a blob of zeros that takes no space on the disk.
func sparse(t *testing.T, s *Store, size int64) blob.Ref {
	t.Helper()
	ref := blob.Ref{1, 2, 3}
	f, err := os.Create(s.directory(ref).name(ref))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zeros := make([]byte, chunkSize)
	var table []byte
	for chunk := range chunks(size) {
		n := min(chunkSize, size-chunk*chunkSize)
		table = binary.BigEndian.AppendUint32(table, checksum(zeros[:n]))
	}
	end := trailer{ref: ref, size: size, tableSum: checksum(table)}.append(table)
	if _, err := f.WriteAt(end, size); err != nil {
		t.Fatal(err)
	}
	return ref
}

// TestHugeBlob: opening 5 GiB reads no table, and a reader holds one region.
func TestHugeBlob(t *testing.T) {
	const size = 5<<30 + 12345
	var read atomic.Int64
	s, err := Open(t.TempDir(), Options{FS: countingFS{read: &read}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ref := sparse(t, s, size)
	r, err := s.open(ref)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got := read.Load(); got != trailerSize {
		t.Errorf("Open read %d bytes, want the trailer", got)
	}

	// Jumps between regions, at once, to the edges of regions and the end.
	const regionBytes = regionChunks * chunkSize
	var wg sync.WaitGroup
	for worker := range uint64(4) {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(worker, 0))
			p := make([]byte, 2*chunkSize)
			for range 40 {
				off := random.Int64N(size/regionBytes+1)*regionBytes + random.Int64N(5) - 2
				off = max(0, off)
				want := min(int64(len(p)), size-off)
				n, err := r.ReadAt(p, off)
				if int64(n) != want || err != nil && !errors.Is(err, io.EOF) {
					t.Errorf("ReadAt(%d) = %d, %v, want %d", off, n, err, want)
				}
			}
		})
	}
	wg.Wait()
	if held := len(r.table.Load().sums); held > regionChunks*sumSize {
		t.Errorf("the reader holds %d bytes of the table, want at most %d", held, regionChunks*sumSize)
	}
	if n, err := r.ReadAt(make([]byte, 10), size-5); n != 5 || !errors.Is(err, io.EOF) {
		t.Errorf("ReadAt at the end = %d, %v, want 5, EOF", n, err)
	}
}

// TestHugeBlobDamaged: a wrong entry of a table that is read in parts shows as a
// wrong chunk, and Verify sees what no read compares.
func TestHugeBlobDamaged(t *testing.T) {
	const size = (regionChunks + 10) * chunkSize
	s, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx := context.Background()
	ref := sparse(t, s, size)
	if err := s.Verify(ctx, ref); err != nil {
		t.Fatalf("Verify: %v", err)
	}
	f, err := os.OpenFile(s.directory(ref).name(ref), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	// The entry of the last chunk.
	if _, err := f.WriteAt([]byte{0xde, 0xad}, size+(regionChunks+9)*sumSize); err != nil {
		t.Fatal(err)
	}
	r, err := s.open(ref)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	p := make([]byte, chunkSize)
	if n, err := r.ReadAt(p, size-2*chunkSize); n != chunkSize || err != nil {
		t.Errorf("ReadAt of a sound chunk = %d, %v", n, err)
	}
	if n, err := r.ReadAt(p, size-chunkSize); n != 0 || !errors.Is(err, blob.ErrCorrupt) {
		t.Errorf("ReadAt of the damaged chunk = %d, %v, want ErrCorrupt", n, err)
	}
	if err := s.Verify(ctx, ref); !errors.Is(err, blob.ErrCorrupt) {
		t.Errorf("Verify = %v, want ErrCorrupt", err)
	}

	// Data and entry damaged alike: the chunk agrees with its entry, and only
	// the checksum of the whole table tells.
	other := bytes.Repeat([]byte{7}, chunkSize)
	entry := binary.BigEndian.AppendUint32(nil, checksum(other))
	if _, err := f.WriteAt(other, size-chunkSize); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(entry, size+(regionChunks+9)*sumSize); err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(ctx, ref); !errors.Is(err, blob.ErrCorrupt) {
		t.Errorf("Verify of a forged chunk = %v, want ErrCorrupt", err)
	}
}

// TestReadAllocatesNothing holds for whole chunks and for parts of one.
func TestReadAllocatesNothing(t *testing.T) {
	s, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r, err := s.open(sparse(t, s, 20*chunkSize+5))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	p := make([]byte, 8*chunkSize)
	for _, off := range []int64{0, 4 * chunkSize, 17} {
		got := testing.AllocsPerRun(100, func() {
			if n, err := r.ReadAt(p, off); n != len(p) || err != nil {
				t.Fatalf("ReadAt(%d) = %d, %v", off, n, err)
			}
		})
		// A collection may empty the pool of scratch buffers.
		if got >= 1 {
			t.Errorf("ReadAt(%d) allocates %v times", off, got)
		}
	}
}
