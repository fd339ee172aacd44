package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"time"
)

const (
	// MaxPage is the largest number of events in one answer (CloudTrail API
	// Reference, "LookupEvents").
	MaxPage = 50
	// maxScan bounds, in bytes, what one look-up reads. It answers with what it
	// has found, and where to go on.
	maxScan = 32 << 20
	// step is what is read at a time, from the end of a file to its start.
	step = 1 << 20
)

// Query selects records.
type Query struct {
	Account    string
	Start, End time.Time // zero: no bound; both are included
	Match      func(*Event) bool
	Before     uint64 // only records with smaller numbers; 0: all
	Max        int    // at most MaxPage
}

// Found is a record and the line that holds it.
type Found struct {
	Event Event
	Line  json.RawMessage
}

// Lookup returns records, the newest first, and the number to go on before; 0 at
// the end. An answer with fewer records than were asked for need not be the last.
func (l *Log) Lookup(q Query) (found []Found, next uint64, err error) {
	segments, err := listSegments(l.dir)
	if err != nil {
		return nil, 0, err
	}
	s := &scan{q: q, budget: maxScan}
	for i := len(segments) - 1; i >= 0 && !s.done; i-- {
		if q.Before != 0 && segments[i] >= q.Before {
			continue
		}
		if err := s.file(segmentPath(l.dir, segments[i])); err != nil && !errors.Is(err, os.ErrNotExist) { // pruned meanwhile
			return nil, 0, err
		}
	}
	return s.found, s.next, nil
}

// scan is one look-up on its way back through the log.
type scan struct {
	q      Query
	budget int
	found  []Found
	next   uint64
	done   bool
}

// file reads the lines of a file from the last to the first.
func (s *scan) file(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	var rest []byte // the start of the lines that were read, without theirs
	for end > 0 && !s.done {
		n := min(step, end)
		buf := make([]byte, n, int(n)+len(rest))
		if _, err := f.ReadAt(buf, end-n); err != nil {
			return err
		}
		end -= n
		buf = append(buf, rest...)
		for !s.done {
			i := bytes.LastIndexByte(buf[:max(len(buf)-1, 0)], '\n')
			if i < 0 && end > 0 {
				break // its start is further to the front
			}
			s.line(buf[i+1:])
			if buf = buf[:i+1]; i < 0 {
				break
			}
		}
		rest = buf
		if s.budget -= int(n); s.budget <= 0 {
			s.done = true
		}
	}
	return nil
}

// line looks at one line. One that has no end is still being written.
func (s *scan) line(line []byte) {
	if len(line) == 0 || line[len(line)-1] != '\n' {
		return
	}
	var e Event
	if json.Unmarshal(line, &e) != nil || e.Chain == nil {
		return // verify tells of it
	}
	n := e.Chain.Sequence
	if s.q.Before != 0 && n >= s.q.Before {
		return
	}
	if !s.q.Start.IsZero() && e.EventTime.Before(s.q.Start) {
		s.done, s.next = true, 0 // all that is left is older
		return
	}
	if len(s.found) == s.q.Max {
		s.done = true
		return
	}
	s.next = n
	if e.RecipientAccountID != s.q.Account || !s.q.End.IsZero() && e.EventTime.After(s.q.End) {
		return
	}
	if s.q.Match == nil || s.q.Match(&e) {
		s.found = append(s.found, Found{e, bytes.Clone(bytes.TrimSuffix(line, []byte("\n")))})
	}
}
