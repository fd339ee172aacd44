package backup

import (
	"context"
	"errors"
	"io"
	"iter"
)

// The errors of the seam. Engines wrap their own in these where they apply.
var (
	ErrNotFound = errors.New("backup: no such file in the target")
	ErrLocked   = errors.New("backup: the target is in use by another backup or prune")
	ErrLost     = errors.New("backup: the lock of the target was lost to another process")
)

// Target is the place that backups are in: files under names with slashes. It
// is safe for concurrent use.
type Target interface {
	// Put writes a file, or replaces it: it shows when Put returns nil, whole and
	// durable, and not before. An error of write is returned and leaves what was
	// there. The caller holds the lock.
	Put(ctx context.Context, name string, write func(io.Writer) error) error
	// Get opens a file and returns its size in bytes, or ErrNotFound.
	Get(ctx context.Context, name string) (io.ReadCloser, int64, error)
	// List yields the files whose names begin with prefix, in bytewise order of
	// name. Files that are written meanwhile may or may not be seen.
	List(ctx context.Context, prefix string) iter.Seq2[File, error]
	// Delete removes files; one that is not there is no error. The caller holds
	// the lock.
	Delete(ctx context.Context, names ...string) error
	// Lock takes the target for one writer, or returns ErrLocked. It is held
	// until Release, or until the process is gone.
	Lock(ctx context.Context) (Lock, error)
	// String names the target for people, without secrets.
	String() string
}

// File is a file that is listed.
type File struct {
	Name string
	Size int64 // bytes
}

// Lock is the right to write to a target.
type Lock interface {
	// Check returns ErrLost when the lock has passed to somebody else, as it may
	// when this process was suspended for long.
	Check(ctx context.Context) error
	// Release gives the lock back. The target may be used no more by its holder.
	Release() error
}
