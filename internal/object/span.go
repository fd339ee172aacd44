package object

import (
	"io"

	"github.com/keyhaven/keyhaven/internal/blob"
)

// span reads a range of a blob. A read ends where a unit of the store ends, if
// it can, so that no unit is read and verified twice.
type span struct {
	r        io.ReaderAt
	off, end int64
}

func (s *span) Read(p []byte) (int, error) {
	left := s.end - s.off
	if left <= 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), left)
	if over := (s.off + n) % blob.ReadUnit; n < left && over < n {
		n -= over
	}
	got, err := s.r.ReadAt(p[:n], s.off)
	s.off += int64(got)
	if int64(got) == n {
		err = nil // io.ReaderAt may report the end together with the last bytes
	}
	return got, err
}
