package object

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/sse"
)

// openParts prepares the reading of a multipart object. The manifest is pinned
// before it is read again, so that from then on its parts stay until Close.
func (s *Service) openParts(ctx context.Context, c *Content, in GetInput, id meta.ID) error {
	if !s.pins.Pin(blob.Ref(id)) {
		return errGone
	}
	c.cleanup = append(c.cleanup, func() { s.pins.Unpin(blob.Ref(id)) })
	var parts []meta.PartRecord
	err := s.meta.View(ctx, func(r *meta.Reader) (err error) {
		current, err := find(r, in)
		if err != nil || current.Data.Manifest != id {
			return errGone
		}
		parts, err = r.Manifest(id)
		return err
	})
	if err != nil {
		return err
	}
	if in.PartNumber != 0 {
		i := slices.IndexFunc(parts, func(p meta.PartRecord) bool { return p.Number == in.PartNumber })
		if i < 0 {
			return noPart()
		}
		for _, p := range parts[:i] {
			c.Offset += p.Size
		}
		c.Length, c.Partial, c.Part = parts[i].Size, true, &parts[i].Part
	}
	if !in.HeadOnly {
		body := &partsReader{ctx: ctx, s: s, key: c.key, parts: parts, skip: c.Offset, left: c.Length}
		c.cleanup = append(c.cleanup, body.closePart)
		c.body = body
	}
	return nil
}

// partsReader reads a range over parts, one open part at a time.
type partsReader struct {
	ctx   context.Context
	s     *Service
	parts []meta.PartRecord
	key   sse.Key
	skip  int64 // bytes of parts before the range
	left  int64 // bytes of the range
	cur   io.Reader
	close func()
}

func (r *partsReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for r.left > 0 {
		if r.cur == nil {
			if err := r.next(); err != nil {
				return 0, err
			}
		}
		n, err := r.cur.Read(p[:min(int64(len(p)), r.left)])
		r.left -= int64(n)
		if err == io.EOF || r.left == 0 {
			r.closePart()
			err = nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.EOF
}

func (r *partsReader) closePart() {
	if r.close != nil {
		r.close()
	}
	r.cur, r.close = nil, nil
}

// next opens the part where the range goes on.
func (r *partsReader) next() error {
	for len(r.parts) > 0 && r.skip >= r.parts[0].Size {
		r.skip -= r.parts[0].Size
		r.parts = r.parts[1:]
	}
	if len(r.parts) == 0 {
		return fmt.Errorf("object: parts end before the object: %w", blob.ErrCorrupt)
	}
	p := r.parts[0]
	off := r.skip
	r.parts, r.skip = r.parts[1:], 0
	if !p.Data.Inline.IsZero() {
		return r.s.meta.View(r.ctx, func(m *meta.Reader) error {
			data, err := m.Inline(p.Data)
			if err != nil {
				return err
			}
			if int64(len(data)) != p.StoredSize() {
				return fmt.Errorf("object: data record of part %d has a wrong size: %w", p.Number, blob.ErrCorrupt)
			}
			r.cur, err = opened(bytes.NewReader(bytes.Clone(data)), r.key, p.Sealed.Salt, p.Size, off, p.Size-off)
			return err
		})
	}
	b, err := r.s.blobs.Open(r.ctx, p.Data.Blob)
	if err != nil {
		return fmt.Errorf("object: open part %d: %w", p.Number, err)
	}
	if b.Size() != p.StoredSize() {
		b.Close()
		return fmt.Errorf("object: blob of part %d has a wrong size: %w", p.Number, blob.ErrCorrupt)
	}
	r.close = func() { b.Close() }
	r.cur, err = opened(b, r.key, p.Sealed.Salt, p.Size, off, p.Size-off)
	return err
}
