package backup

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"sort"

	"golang.org/x/sync/errgroup"

	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// openSegments is how many segments are kept in memory while small objects are
// read: ids are in the order of time, and so are segments, nearly.
const openSegments = 3

// The longest key and value that a reader accepts, in bytes.
const (
	maxKey   = 8 << 10
	maxValue = 8 << 20
)

// reading reads one backup and proves it (A4).
type reading struct {
	t       Target
	m       *Manifest
	codec   *codec
	report  *reporter
	copiers int
}

func newReading(t Target, m *Manifest, report func(Progress), copiers int) (*reading, error) {
	c, err := newCodec()
	if err != nil {
		return nil, err
	}
	if copiers == 0 {
		copiers = defaultCopiers
	}
	return &reading{t: t, m: m, codec: c, report: newReporter(report), copiers: copiers}, nil
}

// pairs calls fn for every record, in order of key. The slices are fn's.
func (r *reading) pairs(ctx context.Context, fn func(k, v []byte) error) error {
	r.report.step("metadata")
	f, err := openRef(ctx, r.t, r.m.Metadata.FileRef)
	if err != nil {
		return err
	}
	defer f.Close()
	frames := &frameReader{f: f, codec: r.codec}
	count := int64(0)
	for {
		raw, err := frames.next()
		if err != nil {
			return err
		}
		if raw == nil {
			break
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		for raw = slices.Clone(raw); len(raw) > 0; count++ {
			k, rest, ok := cutBytes(raw, maxKey)
			v, rest, ok2 := cutBytes(rest, maxValue)
			if !ok || !ok2 {
				return damaged(f.name, "a record is malformed")
			}
			if err := fn(k, v); err != nil {
				return err
			}
			r.report.add(1, int64(len(k)+len(v)))
			raw = rest
		}
	}
	if count != r.m.Metadata.Records {
		return damaged(f.name, "it has %d records, and its backup says %d", count, r.m.Metadata.Records)
	}
	return nil
}

// cutBytes reads bytes that their length goes before.
func cutBytes(raw []byte, most uint64) (b, rest []byte, ok bool) {
	n, w := binary.Uvarint(raw)
	if w <= 0 || n > most || n > uint64(len(raw)-w) {
		return nil, nil, false
	}
	end := w + int(n)
	return raw[w:end:end], raw[end:], true
}

// small calls fn for the bytes of every small object, in order of id. The slice
// is fn's, and holds a whole segment in memory.
func (r *reading) small(ctx context.Context, fn func(id meta.ID, data []byte) error) error {
	r.report.step("small objects")
	index, err := openIndex(ctx, r.t, r.m.Data.Index, r.codec)
	if err != nil {
		return err
	}
	defer index.Close()
	shelf := &shelf{reading: r, segs: map[int]Segment{}}
	for _, seg := range r.m.Data.Segments {
		shelf.segs[seg.Number] = seg
	}
	count := int64(0)
	for {
		e, ok, err := index.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		data, err := shelf.find(ctx, int(e.n), e.id)
		if err != nil {
			return err
		}
		if err := fn(e.id, data); err != nil {
			return err
		}
		count++
		r.report.add(1, int64(len(data)))
	}
	if count != r.m.Data.Records {
		return damaged(r.m.Data.Index.Name, "it has %d entries, and its backup says %d", count, r.m.Data.Records)
	}
	return nil
}

// shelf keeps the segments that were read last.
type shelf struct {
	*reading
	segs map[int]Segment
	open []openSegment // the last one was used last
}

type openSegment struct {
	number  int
	records []record
}

func (s *shelf) find(ctx context.Context, number int, id meta.ID) ([]byte, error) {
	seg, ok := s.segs[number]
	if !ok {
		return nil, damaged(s.m.Data.Index.Name, "it names a segment that the manifest does not have")
	}
	records, err := s.take(ctx, seg)
	if err != nil {
		return nil, err
	}
	i, ok := sort.Find(len(records), func(i int) int { return bytes.Compare(id[:], records[i].id[:]) })
	if !ok {
		return nil, damaged(seg.Name, "record %x is not in it", id)
	}
	return records[i].data, nil
}

func (s *shelf) take(ctx context.Context, seg Segment) ([]record, error) {
	i := slices.IndexFunc(s.open, func(o openSegment) bool { return o.number == seg.Number })
	if i >= 0 {
		o := s.open[i]
		if i < len(s.open)-1 {
			s.open = append(slices.Delete(s.open, i, i+1), o)
		}
		return o.records, nil
	}
	if len(s.open) == openSegments {
		s.open = slices.Delete(s.open, 0, 1)
	}
	records, err := readSegment(ctx, s.t, seg, s.codec)
	if err != nil {
		return nil, err
	}
	s.open = append(s.open, openSegment{seg.Number, records})
	return records, nil
}

// blobs calls fn for every blob, several at a time, those of one session after
// those of another, and begin before each session.
func (r *reading) blobs(ctx context.Context, begin func(context.Context, blob.Session) error, fn func(context.Context, blob.Ref, int64) error) error {
	r.report.step("blobs")
	index, err := openIndex(ctx, r.t, r.m.Blobs.Index, r.codec)
	if err != nil {
		return err
	}
	defer index.Close()
	var blobs, bytes int64
	e, ok, err := index.next()
	for ok && err == nil {
		session := blob.Ref(e.id).Session()
		if err := begin(ctx, session); err != nil {
			return err
		}
		g, running := errgroup.WithContext(ctx)
		g.SetLimit(r.copiers)
		for ok && err == nil && running.Err() == nil && blob.Ref(e.id).Session() == session {
			ref, size := blob.Ref(e.id), int64(e.n)
			blobs, bytes = blobs+1, bytes+size
			g.Go(func() error {
				err := fn(running, ref, size)
				r.report.add(1, 0)
				return err
			})
			e, ok, err = index.next()
		}
		if waitErr := g.Wait(); waitErr != nil {
			return waitErr
		}
		if err == nil {
			err = ctx.Err()
		}
	}
	if err != nil {
		return err
	}
	if blobs != r.m.Blobs.Blobs || bytes != r.m.Blobs.Bytes {
		return damaged(r.m.Blobs.Index.Name, "it has %d blobs of %d bytes, and its backup says %d of %d", blobs, bytes, r.m.Blobs.Blobs, r.m.Blobs.Bytes)
	}
	return nil
}

// copyBlob copies a blob and returns nil when all of it was sound. A nil w is
// nobody.
func (r *reading) copyBlob(ctx context.Context, w io.Writer, ref blob.Ref, size int64) error {
	f, err := openFile(ctx, r.t, blobName(ref))
	if err != nil {
		return err
	}
	defer f.Close()
	if f.size != size {
		return damaged(f.name, "it holds %d bytes, and the backup says %d", f.size, size)
	}
	if w == nil {
		w = io.Discard
	}
	buf := make([]byte, 256<<10)
	for {
		n, err := f.Read(buf)
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return fmt.Errorf("backup: restore blob %s: %w", ref, err)
			}
			r.report.add(0, int64(n))
		}
		if err == io.EOF { //nolint:errorlint // a wrapped one is a broken connection, not the end of the file
			return nil
		}
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}
