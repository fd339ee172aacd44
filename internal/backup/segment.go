package backup

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"sync"

	"github.com/keyhaven/keyhaven/internal/meta"
)

const (
	segmentDir   = "data/"
	segmentFrame = 1 << 20 // bytes
	uploaders    = 2       // segments on their way at the same time
	maxRecord    = 8 << 20 // bytes of one small object that a reader accepts
	maxSegment   = 1 << 28 // bytes of a segment that a reader accepts
)

// segments gathers the bytes of small objects in segments and writes them. It
// knows them by number: those that were there before and those it writes.
type segments struct {
	t     Target
	codec *codec
	limit int64

	buf    *bytes.Buffer
	frames *frameWriter // into buf; nil while no segment is open
	open   Segment

	uploads sync.WaitGroup
	slots   chan struct{} // one for each upload that may run

	mu    sync.Mutex // guards what follows while uploads run
	table []Segment
	err   error // of the first upload that failed
}

func newSegments(t Target, c *codec, limit int) *segments {
	return &segments{t: t, codec: c, limit: int64(limit), slots: make(chan struct{}, uploaders)}
}

// adopt adds a segment that the target holds and returns its number here.
func (s *segments) adopt(seg Segment) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	seg.Number, seg.Live = len(s.table), 0
	s.table = append(s.table, seg)
	return seg.Number
}

// add copies one record into the open segment and returns its number.
func (s *segments) add(id meta.ID, data []byte) (number int, err error) {
	if s.frames == nil {
		s.open = Segment{Number: s.adopt(Segment{})}
		s.buf = &bytes.Buffer{}
		s.frames = newFrameWriter(s.buf, s.codec, segmentFrame)
	}
	f := s.frames
	f.buf = append(f.buf, id[:]...)
	f.buf = binary.AppendUvarint(f.buf, uint64(len(data)))
	f.buf = append(f.buf, data...)
	s.open.Records++
	s.open.Bytes += int64(len(data))
	return s.open.Number, f.added()
}

// full reports whether it is time to flush.
func (s *segments) full() bool { return s.frames != nil && s.open.Bytes >= s.limit }

// flush sends the open segment on its way.
func (s *segments) flush(ctx context.Context) error {
	if s.frames == nil {
		return nil
	}
	if err := s.frames.finish(); err != nil {
		return err
	}
	seg, raw := s.open, s.buf.Bytes()
	s.frames, s.buf = nil, nil
	s.slots <- struct{}{}
	if err := s.failure(); err != nil {
		<-s.slots
		return err
	}
	s.uploads.Go(func() {
		defer func() { <-s.slots }()
		var random [16]byte
		rand.Read(random[:])
		ref, err := putFile(ctx, s.t, segmentDir+hex.EncodeToString(random[:]), func(w io.Writer) error {
			_, err := w.Write(raw)
			return err
		})
		seg.FileRef = ref
		s.mu.Lock()
		defer s.mu.Unlock()
		s.table[seg.Number] = seg
		if s.err == nil {
			s.err = err
		}
	})
	return nil
}

func (s *segments) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// wait returns when no upload runs any more; with nil all that was flushed is
// durable.
func (s *segments) wait() error {
	s.uploads.Wait()
	return s.failure()
}

// live returns the segments that an index names, which counted how often.
func (s *segments) live(counts map[int]int64) []Segment {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []Segment{}
	for _, seg := range s.table {
		if n := counts[seg.Number]; n > 0 {
			seg.Live = n
			out = append(out, seg)
		}
	}
	return out
}

// record is the bytes of one small object.
type record struct {
	id   meta.ID
	data []byte
}

// readSegment reads a whole segment, which it proves sound.
func readSegment(ctx context.Context, t Target, seg Segment, c *codec) ([]record, error) {
	f, err := openRef(ctx, t, seg.FileRef)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	frames := &frameReader{f: f, codec: c}
	var records []record
	total := int64(0)
	for {
		raw, err := frames.next()
		if err != nil {
			return nil, err
		}
		if raw == nil {
			break
		}
		if total += int64(len(raw)); total > maxSegment {
			return nil, damaged(f.name, "it has more than %d bytes", maxSegment)
		}
		if records, err = parseRecords(records, slices.Clone(raw)); err != nil {
			return nil, damaged(f.name, "%v", err)
		}
	}
	if int64(len(records)) != seg.Records {
		return nil, damaged(f.name, "it has %d records, and its backup says %d", len(records), seg.Records)
	}
	return records, nil
}

func parseRecords(records []record, raw []byte) ([]record, error) {
	for len(raw) > 0 {
		var r record
		if len(raw) < len(r.id) {
			return nil, errors.New("a record is cut short")
		}
		copy(r.id[:], raw)
		size, w := binary.Uvarint(raw[len(r.id):])
		raw = raw[len(r.id):]
		if w <= 0 || size > maxRecord || size > uint64(len(raw)-w) {
			return nil, errors.New("a record has an impossible length")
		}
		r.data, raw = raw[w:w+int(size)], raw[w+int(size):]
		if n := len(records); n > 0 && bytes.Compare(records[n-1].id[:], r.id[:]) >= 0 {
			return nil, errors.New("its records are out of order")
		}
		records = append(records, r)
	}
	return records, nil
}
