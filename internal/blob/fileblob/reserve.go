package fileblob

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"github.com/keyhaven/keyhaven/internal/blob"
)

const (
	defaultReserveBytes = 256 << 20
	// reserveFiles is how many inodes are left, where the file system counts them.
	reserveFiles = 1024
	// lease is how many bytes are written between two looks at the disk.
	lease = 16 << 20
)

// spacer is what an FS offers that can tell how much of the disk is free.
type spacer interface {
	// Space returns the bytes and inodes that are free for dir;
	// math.MaxInt64 where there is no bound.
	Space(dir string) (bytes, files int64, err error)
}

// reserve leaves a part of the disk to others. Blobs are what fills a disk, and
// the metadata beside them needs space to note that some were deleted: without
// it a full disk could never be emptied (R3).
type reserve struct {
	disk  spacer // nil when the disk cannot be asked
	dir   string
	bytes int64 // left to others

	leftBytes atomic.Int64 // of the lease
	leftFiles atomic.Int64
	mu        sync.Mutex // one look at a time
}

func newReserve(fs FS, dir string, bytes int64) *reserve {
	r := &reserve{dir: dir, bytes: bytes}
	if bytes == 0 {
		r.bytes = defaultReserveBytes
	}
	if bytes >= 0 {
		r.disk, _ = fs.(spacer)
	}
	return r
}

// take claims bytes and files that are about to be written, or returns an error
// that wraps blob.ErrNoSpace.
func (r *reserve) take(bytes, files int64) error {
	if r.disk == nil {
		return nil
	}
	if r.leftBytes.Add(-bytes) >= 0 && r.leftFiles.Add(-files) >= 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	roomBytes, roomFiles := r.room()
	if roomBytes < bytes || roomFiles < files {
		r.leftBytes.Store(0)
		r.leftFiles.Store(0)
		return r.refusal(roomBytes, roomFiles)
	}
	r.leftBytes.Store(min(roomBytes-bytes, lease))
	r.leftFiles.Store(min(roomFiles-files, reserveFiles/8))
	return nil
}

// fits returns an error when a blob of so many bytes has no place now, so that
// a large one need not be sent in vain.
func (r *reserve) fits(bytes int64) error {
	if r.disk == nil || bytes <= lease {
		return nil
	}
	if room, files := r.room(); room < bytes {
		return r.refusal(room, files)
	}
	return nil
}

// room returns what blobs may still use. A disk that does not answer has room:
// it will say so itself when it is full.
func (r *reserve) room() (bytes, files int64) {
	bytes, files, err := r.disk.Space(r.dir)
	if err != nil {
		return math.MaxInt64, math.MaxInt64
	}
	return bytes - r.bytes, files - reserveFiles
}

func (r *reserve) refusal(bytes, files int64) error {
	return fmt.Errorf("%d bytes and %d files are free beyond what is kept for metadata: %w", max(bytes, 0), max(files, 0), blob.ErrNoSpace)
}
