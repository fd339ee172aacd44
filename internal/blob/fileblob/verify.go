package fileblob

import (
	"context"
	"errors"

	"github.com/keyhaven/keyhaven/internal/blob"
)

// Verify reads the whole blob and returns an error wrapping blob.ErrCorrupt at
// the first place that is not as it was written, or blob.ErrNotFound.
func (s *Store) Verify(ctx context.Context, ref blob.Ref) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	r, err := s.open(ref)
	if err != nil {
		return err
	}
	return errors.Join(r.verify(ctx), r.Close())
}

func (r *reader) verify(ctx context.Context) error {
	buf := r.store.buffers.Get().(*[bufferSize]byte)
	defer r.store.buffers.Put(buf)
	for off := int64(0); off < r.size; off += bufferSize {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := r.readChunks(buf[:min(bufferSize, r.size-off)], off); err != nil {
			return err
		}
	}
	return r.verifyTable()
}

// verifyTable compares the table with its checksum, which opening a large blob
// does not.
func (r *reader) verifyTable() error {
	var sum uint32
	for chunk := int64(0); chunk < chunks(r.size); chunk += regionChunks {
		part, err := r.region(chunk)
		if err != nil {
			return err
		}
		sum = update(sum, part.sums)
	}
	if sum != r.tableSum {
		return r.corrupt(r.size)
	}
	return nil
}
