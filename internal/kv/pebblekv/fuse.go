package pebblekv

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/keyhaven/keyhaven/internal/kv"
)

// fuse stands between Pebble and a disk that refuses a write it cannot do
// without. It blows once and for good.
//
// Pebble 2.1.7 left alone ends the process: DB.commitWrite and DB.rotateWAL
// panic while they hold commitPipeline.mu, when the WAL cannot be written,
// closed or created; versionSet.UpdateVersionLocked calls Logger.Fatalf when
// the MANIFEST cannot be written; atomicfs.Marker.Move panics when the directory
// cannot be synced; blob.FileWriter.Close aborts a file that it has closed
// already, through a nil pointer, when the last write or the sync of a blob file
// fails; and a flush that fails is tried again at once, for ever, while writers
// stall. None of that can be caught: it happens in Pebble's own goroutines, or
// leaves commitPipeline.mu locked.
//
// So Pebble never learns of it. The file system that it is given (fuseFS) blows
// the fuse before it answers, and from then on accepts and drops every write,
// sync, creation and removal. Nothing that was on disk at that moment is touched
// again: to the next Open it looks like a power cut. Pebble meanwhile goes on
// in memory, so that reads are served: flushes end in memory, which frees a
// writer that waits for one, and no compaction begins.
//
// The fuse is blown before Pebble sees the answer. A commit that finds it whole
// after its sync is therefore durable, and one that finds it blown may be or not.
type fuse struct {
	once   sync.Once
	cause  atomic.Pointer[error]
	dead   chan struct{} // closed when the fuse has blown
	onBlow func(error)
}

func newFuse(onBlow func(error)) *fuse {
	return &fuse{dead: make(chan struct{}), onBlow: onBlow}
}

func (f *fuse) blow(cause error) {
	f.once.Do(func() {
		f.cause.Store(&cause)
		close(f.dead)
		f.onBlow(cause)
	})
}

// err returns why the fuse blew, or nil.
func (f *fuse) err() error {
	if p := f.cause.Load(); p != nil {
		return *p
	}
	return nil
}

func (f *fuse) blown() bool { return f.cause.Load() != nil }

var errFrozen = errors.New("pebblekv: the store is read-only")

// refusal is the error of an update that was not begun.
func (f *fuse) refusal() error {
	return classify("pebblekv: the store is read-only since a write failed", f.err())
}

// unknown is the error of an update whose commit was begun.
func (f *fuse) unknown() error {
	return fmt.Errorf("%w: %w", kv.ErrUnknown, classify("pebblekv: commit", f.err()))
}

// unsafeRead is the error of a call that read what cannot be made durable.
func (f *fuse) unsafeRead() error {
	return classify("pebblekv: read of a commit that failed", f.err())
}

// classify wraps cause, and kv.ErrNoSpace where the cause is a full disk.
func classify(what string, cause error) error {
	if isNoSpace(cause) {
		return fmt.Errorf("%s: %w: %w", what, kv.ErrNoSpace, cause)
	}
	return fmt.Errorf("%s: %w", what, cause)
}

func isNoSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
