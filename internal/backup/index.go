package backup

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
)

// indexFrame is the size in bytes at which a frame of an index is written:
// small, because Prune has many indexes open at the same time.
const indexFrame = 64 << 10

// entry is one line of an index: of small objects the id and the number of the
// segment, of blobs the ref and the size.
type entry struct {
	id [16]byte
	n  uint64
}

func (e entry) less(other entry) bool { return bytes.Compare(e.id[:], other.id[:]) < 0 }

// entries yields entries in ascending order of id; ok is false at the end.
type entries interface {
	next() (e entry, ok bool, err error)
	io.Closer
}

// indexWriter writes entries: 16 bytes of id and the number as a uvarint.
type indexWriter struct{ frames *frameWriter }

func newIndexWriter(w io.Writer, c *codec) *indexWriter {
	return &indexWriter{frames: newFrameWriter(w, c, indexFrame)}
}

func (w *indexWriter) add(e entry) error {
	w.frames.buf = append(w.frames.buf, e.id[:]...)
	w.frames.buf = binary.AppendUvarint(w.frames.buf, e.n)
	return w.frames.added()
}

func (w *indexWriter) finish() error { return w.frames.finish() }

// indexReader reads what indexWriter wrote.
type indexReader struct {
	frames frameReader
	buf    []byte
	last   entry
	any    bool
}

func openIndex(ctx context.Context, t Target, ref FileRef, c *codec) (*indexReader, error) {
	f, err := openRef(ctx, t, ref)
	if err != nil {
		return nil, err
	}
	return &indexReader{frames: frameReader{f: f, codec: c}}, nil
}

func (r *indexReader) next() (e entry, ok bool, err error) {
	if len(r.buf) == 0 {
		if r.buf, err = r.frames.next(); err != nil || r.buf == nil {
			return e, false, err
		}
	}
	if len(r.buf) < len(e.id) {
		return e, false, r.malformed()
	}
	copy(e.id[:], r.buf)
	n, w := binary.Uvarint(r.buf[len(e.id):])
	if w <= 0 || r.any && !r.last.less(e) {
		return e, false, r.malformed()
	}
	e.n = n
	r.buf = r.buf[len(e.id)+w:]
	r.last, r.any = e, true
	return e, true, nil
}

func (r *indexReader) malformed() error {
	return damaged(r.frames.f.name, "an entry of the index is malformed or out of order")
}

func (r *indexReader) Close() error { return r.frames.Close() }

// cursor walks entries side by side with ids that ascend.
type cursor struct {
	from  entries
	at    entry
	begun bool
	ended bool
}

// find moves to the first entry at or after id and reports whether it is id's.
func (c *cursor) find(id [16]byte) (n uint64, found bool, err error) {
	for !c.ended && (!c.begun || c.at.less(entry{id: id})) {
		var ok bool
		c.at, ok, err = c.from.next()
		c.begun, c.ended = true, !ok
		if err != nil {
			return 0, false, err
		}
	}
	return c.at.n, !c.ended && c.at.id == id, nil
}
