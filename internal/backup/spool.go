package backup

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
)

// spool is a list of entries in a file without a name, which is gone when the
// process is.
type spool struct {
	f *os.File
	w *bufio.Writer
	n int64
}

const spoolEntry = 24 // bytes

func newSpool(dir string) (*spool, error) {
	f, err := os.CreateTemp(dir, ".backup-*")
	if err != nil {
		return nil, fmt.Errorf("backup: spool: %w", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, fmt.Errorf("backup: spool: %w", err)
	}
	return &spool{f: f, w: bufio.NewWriterSize(f, 64<<10)}, nil
}

func (s *spool) add(e entry) error {
	b := append(s.w.AvailableBuffer(), e.id[:]...)
	if _, err := s.w.Write(binary.BigEndian.AppendUint64(b, e.n)); err != nil {
		return fmt.Errorf("backup: spool: %w", err)
	}
	s.n++
	return nil
}

// entries returns the entries that have been added so far.
func (s *spool) entries() (entries, error) {
	if err := s.w.Flush(); err != nil {
		return nil, fmt.Errorf("backup: spool: %w", err)
	}
	return &spoolReader{r: bufio.NewReaderSize(io.NewSectionReader(s.f, 0, s.n*spoolEntry), 64<<10)}, nil
}

func (s *spool) Close() error { return s.f.Close() }

type spoolReader struct{ r *bufio.Reader }

func (s *spoolReader) next() (e entry, ok bool, err error) {
	var b [spoolEntry]byte
	_, err = io.ReadFull(s.r, b[:])
	if err == io.EOF {
		return e, false, nil
	}
	if err != nil {
		return e, false, fmt.Errorf("backup: spool: %w", err)
	}
	copy(e.id[:], b[:])
	e.n = binary.BigEndian.Uint64(b[16:])
	return e, true, nil
}

// Close leaves the spool open for others.
func (s *spoolReader) Close() error { return nil }
