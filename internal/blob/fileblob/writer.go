package fileblob

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/keyhaven/keyhaven/internal/blob"
)

const (
	// bufferSize is what a writer collects before it calls the file system, a
	// multiple of chunkSize. Measured: beyond two chunks nothing is gained.
	bufferSize = 2 * chunkSize
	// writebackSize is how many bytes are handed to the disk early, at a time.
	// Measured: a third less time for 64 MiB; steps of 1 MiB gain less.
	writebackSize = 4 << 20
)

// writer writes one blob. What is on file is a whole number of chunks until
// finish. It holds a buffer only while it holds part of one, and writes larger
// slices from where they are.
type writer struct {
	store *Store
	ref   blob.Ref
	dir   *directory
	file  File

	buf    *[bufferSize]byte // nil when filled is 0
	filled int
	table  []byte
	size   int64 // bytes of data on file
	handed int64 // of these, handed to Writeback
	err    error // the first failure; nothing works after it
	ended  bool
}

var errEnded = errors.New("fileblob: the blob is already committed or aborted")

// Create begins a blob under a temporary name. Larger writes are cheaper: slices
// of 128 KiB or more are not copied. A Writer is for one goroutine.
func (s *Store) Create(ctx context.Context, sizeHint int64) (blob.Writer, error) {
	// Counted before the store is seen open: Close looks the other way round, so
	// one of the two sees the other (F5).
	s.writers.Add(1)
	w, err := s.create(ctx, sizeHint)
	if err != nil {
		s.writers.Add(-1)
		return nil, err
	}
	return w, nil
}

func (s *Store) create(ctx context.Context, sizeHint int64) (*writer, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	if sizeHint > MaxSize {
		return nil, fmt.Errorf("fileblob: create: %d bytes are more than %d", sizeHint, int64(MaxSize))
	}
	if err := errors.Join(s.reserve.take(0, 1), s.reserve.fits(sizeHint)); err != nil {
		return nil, wrap(err, "create")
	}
	var ref blob.Ref
	n := copy(ref[:], s.session[:])
	if _, err := io.ReadFull(s.random, ref[n:]); err != nil {
		return nil, fmt.Errorf("fileblob: create: random: %w", err)
	}
	d := s.directory(ref)
	f, err := s.createFile(d.temporary(ref), sizeHint)
	if err != nil {
		return nil, wrap(err, "create")
	}
	w := &writer{store: s, ref: ref, dir: d, file: f}
	if sizeHint > 0 {
		// A false hint costs at most 64 KiB; the table grows when it must.
		w.table = make([]byte, 0, min(chunks(sizeHint), 16<<10)*sumSize+trailerSize)
	}
	return w, nil
}

// directSize is the size in bytes from which a blob is written past the page
// cache.
const directSize = 1 << 20

// directCreator is what an FS offers that can write past the page cache.
// Measured on a virtual machine: the kernel's work for a MiB of a file is 0.2 ms
// instead of 1.7 ms where the cache must grow for it, and 0.3 ms where it need
// not. What was just stored does not push out what is read.
type directCreator interface {
	CreateDirect(name string) (File, error)
}

func (s *Store) createFile(name string, sizeHint int64) (File, error) {
	if c, ok := s.fs.(directCreator); ok && sizeHint >= directSize {
		return c.CreateDirect(name)
	}
	return s.fs.Create(name)
}

// Write takes more of the blob.
func (w *writer) Write(p []byte) (int, error) {
	if w.ended {
		return 0, errEnded
	}
	if w.err != nil {
		return 0, w.err
	}
	if int64(len(p)) > MaxSize-w.size-int64(w.filled) {
		w.err = fmt.Errorf("fileblob: write: more than %d bytes", int64(MaxSize))
		return 0, w.err
	}
	total := len(p)
	for len(p) > 0 {
		n, err := w.take(p)
		if err != nil {
			w.err = wrap(err, "write")
			return total - len(p), w.err
		}
		p = p[n:]
	}
	return total, nil
}

// take writes the whole chunks at the front of p, or puts bytes in the buffer.
func (w *writer) take(p []byte) (int, error) {
	if w.filled == 0 && len(p) >= bufferSize {
		n := len(p) / chunkSize * chunkSize
		return n, w.put(p[:n])
	}
	if w.buf == nil {
		w.buf = w.store.buffers.Get().(*[bufferSize]byte)
	}
	n := copy(w.buf[w.filled:], p)
	w.filled += n
	if w.filled < bufferSize {
		return n, nil
	}
	err := w.put(w.buf[:])
	w.release()
	return n, err
}

// put writes data that begins at a chunk, and enters its checksums.
func (w *writer) put(p []byte) error {
	// In steps, so that a chunk is still in the cache when it is written.
	for len(p) > 0 {
		step := p[:min(len(p), bufferSize)]
		w.sum(step)
		if err := w.write(step); err != nil {
			return err
		}
		w.size += int64(len(step))
		p = p[len(step):]
		if n := w.size - w.handed; n >= writebackSize {
			w.file.Writeback(w.handed, n)
			w.handed = w.size
		}
	}
	return nil
}

func (w *writer) sum(p []byte) {
	for len(p) > 0 {
		n := min(len(p), chunkSize)
		w.table = binary.BigEndian.AppendUint32(w.table, checksum(p[:n]))
		p = p[n:]
	}
}

// finish writes what is in the buffer, the table and the trailer: at once when
// the buffer holds them all.
func (w *writer) finish() error {
	rest := w.filled
	if rest > 0 {
		w.sum(w.buf[:rest])
	}
	t := trailer{ref: w.ref, size: w.size + int64(rest), tableSum: checksum(w.table)}
	footer := t.append(w.table)
	if rest+len(footer) <= bufferSize && rest > 0 {
		n := copy(w.buf[rest:], footer)
		return w.write(w.buf[:rest+n])
	}
	if rest > 0 {
		if err := w.write(w.buf[:rest]); err != nil {
			return err
		}
	}
	return w.write(footer)
}

func (w *writer) release() {
	if w.buf != nil {
		w.store.buffers.Put(w.buf)
	}
	w.buf, w.filled = nil, 0
}

func (w *writer) write(p []byte) error {
	if err := w.store.reserve.take(int64(len(p)), 0); err != nil {
		return err
	}
	n, err := w.file.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	return err
}
