package fileblob

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync/atomic"

	"github.com/keyhaven/keyhaven/internal/blob"
)

const (
	// regionChunks is how many entries of the table a reader holds at most, 16
	// KiB of them for 256 MiB of data. A longer table is read as it is needed.
	regionChunks = 4096
	// stride is how much is read before it is verified, so that it is verified
	// while it is in the cache.
	stride = 4 * chunkSize
)

// reader reads one blob. It is safe for concurrent use.
type reader struct {
	store *Store
	ref   blob.Ref
	file  File
	trailer
	table atomic.Pointer[region]
}

// region is a part of the table.
type region struct {
	first int64 // chunk
	sums  []byte
}

func (r *region) has(chunk int64) bool {
	return r != nil && chunk >= r.first && chunk < r.first+int64(len(r.sums)/sumSize)
}

func (r *region) sum(chunk int64) uint32 {
	return binary.BigEndian.Uint32(r.sums[(chunk-r.first)*sumSize:])
}

// Open opens a committed blob. Reads of whole chunks of 64 KiB, or to the end of
// the blob, go straight to the caller's slice; others cost a copy and the
// reading of the rest of the chunk.
func (s *Store) Open(ctx context.Context, ref blob.Ref) (blob.Reader, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	r, err := s.open(ref)
	if err != nil {
		return nil, err
	}
	return r, nil
}

func (s *Store) open(ref blob.Ref) (*reader, error) {
	d := s.directory(ref)
	if d.hides(ref) {
		return nil, wrap(blob.ErrNotFound, "open %s", ref)
	}
	f, err := s.fs.Open(d.name(ref))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, wrap(blob.ErrNotFound, "open %s", ref)
	}
	if err != nil {
		return nil, wrap(err, "open %s", ref)
	}
	r := &reader{store: s, ref: ref, file: f}
	if err := r.readEnd(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return r, nil
}

// readEnd reads the trailer, and with it the table if a region can hold it.
func (r *reader) readEnd() error {
	fileSize, err := r.file.Size()
	if err != nil {
		return wrap(err, "open %s", r.ref)
	}
	size, ok := dataSize(fileSize)
	if !ok {
		return r.corrupt(0)
	}
	tableSize := chunks(size) * sumSize
	whole := tableSize <= regionChunks*sumSize
	if !whole {
		tableSize = 0
	}
	end := make([]byte, tableSize+trailerSize)
	if err := r.readFull(end, fileSize-int64(len(end))); err != nil {
		return err
	}
	sums := end[:tableSize]
	r.trailer, ok = parseTrailer(end[tableSize:])
	if !ok || r.trailer.ref != r.ref || r.size != size {
		return r.corrupt(size)
	}
	if whole {
		if checksum(sums) != r.tableSum {
			return r.corrupt(size)
		}
		r.table.Store(&region{sums: sums})
	}
	return nil
}

func (r *reader) corrupt(off int64) error { return wrap(blob.ErrCorrupt, "read %s at %d", r.ref, off) }

// readFull fills p from the file, which is that long.
func (r *reader) readFull(p []byte, off int64) error {
	n, err := r.file.ReadAt(p, off)
	switch {
	case n == len(p):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return r.corrupt(off + int64(n))
	default:
		return wrap(err, "read %s at %d", r.ref, off)
	}
}

// Size returns the bytes of the blob.
func (r *reader) Size() int64 { return r.size }

// Close releases the file.
func (r *reader) Close() error {
	if err := r.file.Close(); err != nil {
		return wrap(err, "close %s", r.ref)
	}
	return nil
}

// ReadAt is io.ReaderAt. What p holds beyond the bytes it counts is zero or
// untouched (F4).
func (r *reader) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("fileblob: read %s: negative offset", r.ref)
	}
	if len(p) == 0 {
		return 0, nil
	}
	want := p[:max(0, min(int64(len(p)), r.size-off))]
	done := 0
	for done < len(want) {
		n, err := r.readSome(want[done:], off+int64(done))
		if err != nil {
			clear(want[done:])
			return done, err
		}
		done += n
	}
	if done < len(p) {
		return done, io.EOF
	}
	return done, nil
}

// readSome reads at least a byte of p, which ends within the blob.
func (r *reader) readSome(p []byte, off int64) (int, error) {
	skip := off % chunkSize
	// The chunks that p covers to their end; the last one of the blob is shorter.
	n := min(int64(len(p)), stride)
	if off+n < r.size {
		n -= n % chunkSize
	}
	if skip == 0 && n > 0 {
		return int(n), r.readChunks(p[:n], off)
	}
	buf := r.store.scratch.Get().(*[chunkSize]byte)
	defer r.store.scratch.Put(buf)
	chunk := buf[:min(chunkSize, r.size-(off-skip))]
	if err := r.readChunks(chunk, off-skip); err != nil {
		return 0, err
	}
	return copy(p, chunk[skip:]), nil
}

// readChunks reads whole chunks and compares each with its checksum (F4).
func (r *reader) readChunks(p []byte, off int64) error {
	if err := r.readFull(p, off); err != nil {
		return err
	}
	for len(p) > 0 {
		chunk := p[:min(len(p), chunkSize)]
		sums, err := r.region(off / chunkSize)
		if err != nil {
			return err
		}
		if sums.sum(off/chunkSize) != checksum(chunk) {
			return r.corrupt(off)
		}
		p, off = p[len(chunk):], off+int64(len(chunk))
	}
	return nil
}

// region returns the part of the table that has the chunk's checksum.
func (r *reader) region(chunk int64) (*region, error) {
	if held := r.table.Load(); held.has(chunk) {
		return held, nil
	}
	next := &region{first: chunk - chunk%regionChunks}
	next.sums = make([]byte, min(regionChunks, chunks(r.size)-next.first)*sumSize)
	if err := r.readFull(next.sums, r.size+next.first*sumSize); err != nil {
		return nil, err
	}
	r.table.Store(next)
	return next, nil
}
