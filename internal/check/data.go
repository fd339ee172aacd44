package check

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// stepBytes is how much of a blob is read between two looks at the pace.
const stepBytes = 256 << 10

// dataReader holds the bytes of versions and parts against what their records
// say.
type dataReader struct {
	meta  *meta.Store
	blobs blob.Store
	deep  bool // read blobs, and not only open them
	pace  *pacer
	buf   []byte
	bytes int64 // read or, without deep, vouched for
}

// problem is what is wrong with one stretch of bytes.
type problem struct {
	text string
	blob string
}

// check calls fn for everything that is wrong with the bytes. Errors are those
// of ctx; all others are problems.
func (d *dataReader) check(ctx context.Context, data meta.Data, size int64, parts int, fn func(problem) error) error {
	switch n := places(data); {
	case n > 1:
		return fn(problem{text: "its record names more than one place for its bytes"})
	case n == 0 && size != 0:
		return fn(problem{text: fmt.Sprintf("its record names no place for its %d bytes", size)})
	}
	switch {
	case !data.Inline.IsZero():
		return d.inline(ctx, data, size, fn)
	case !data.Blob.IsZero():
		return d.blob(ctx, data.Blob, size, fn)
	case !data.Manifest.IsZero():
		return d.manifest(ctx, data.Manifest, size, parts, fn)
	}
	return nil
}

func places(d meta.Data) (n int) {
	for _, unset := range []bool{d.Inline.IsZero(), d.Blob.IsZero(), d.Manifest.IsZero()} {
		if !unset {
			n++
		}
	}
	return n
}

func (d *dataReader) inline(ctx context.Context, data meta.Data, size int64, fn func(problem) error) error {
	what := fmt.Sprintf("its data record %s", data.Inline)
	var have int64
	err := d.meta.View(ctx, func(r *meta.Reader) error {
		b, err := r.Inline(data)
		have = int64(len(b))
		return err
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fn(problem{text: dataProblem(what, err)})
	}
	if have != size {
		return fn(problem{text: fmt.Sprintf("%s has %d bytes and should have %d", what, have, size)})
	}
	return d.read(ctx, have)
}

func (d *dataReader) blob(ctx context.Context, ref blob.Ref, size int64, fn func(problem) error) error {
	err := d.readBlob(ctx, ref, size)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if wrong, ok := errors.AsType[*sizeError](err); ok {
		return fn(problem{text: wrong.Error(), blob: ref.String()})
	}
	if err != nil {
		return fn(problem{text: dataProblem("its blob "+ref.String(), err), blob: ref.String()})
	}
	return nil
}

type sizeError struct {
	ref        blob.Ref
	have, want int64
}

func (e *sizeError) Error() string {
	return fmt.Sprintf("its blob %s has %d bytes and should have %d", e.ref, e.have, e.want)
}

func (d *dataReader) readBlob(ctx context.Context, ref blob.Ref, size int64) error {
	r, err := d.blobs.Open(ctx, ref)
	if err != nil {
		return err
	}
	defer r.Close()
	if r.Size() != size {
		return &sizeError{ref, r.Size(), size}
	}
	if !d.deep {
		d.bytes += size
		return nil
	}
	if d.buf == nil {
		d.buf = make([]byte, stepBytes)
	}
	for off := int64(0); off < size; {
		n, err := r.ReadAt(d.buf[:min(stepBytes, size-off)], off)
		if err != nil && (!errors.Is(err, io.EOF) || off+int64(n) != size) {
			return err
		}
		off += int64(n)
		if err := d.read(ctx, int64(n)); err != nil {
			return err
		}
	}
	return nil
}

// read counts bytes and keeps the pace.
func (d *dataReader) read(ctx context.Context, n int64) error {
	d.bytes += n
	return d.pace.took(ctx, n)
}

func (d *dataReader) manifest(ctx context.Context, id meta.ID, size int64, count int, fn func(problem) error) error {
	var parts []meta.PartRecord
	err := d.meta.View(ctx, func(r *meta.Reader) (err error) {
		parts, err = r.Manifest(id)
		return err
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fn(problem{text: dataProblem("its manifest "+id.String(), err)})
	}
	var sum int64
	for i := range parts {
		p := &parts[i]
		sum += p.Size
		err := d.check(ctx, p.Data, p.StoredSize(), 0, func(pr problem) error {
			pr.text = fmt.Sprintf("part %d: %s", p.Number, pr.text)
			return fn(pr)
		})
		if err != nil {
			return err
		}
	}
	if sum != size || len(parts) != count {
		return fn(problem{text: fmt.Sprintf("its manifest has %d parts with %d bytes and should have %d with %d", len(parts), sum, count, size)})
	}
	return nil
}
