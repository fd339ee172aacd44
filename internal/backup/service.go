package backup

import (
	"context"
	"log/slog"

	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/meta"
)

const (
	defaultSegmentBytes = 16 << 20
	defaultCopiers      = 4

	defaultCheckpointBytes = 1 << 30
)

// Options are the settings of the service; the zero value works.
type Options struct {
	Release      string // of keyhaven, for the manifests
	StoreFormat  int    // of the data directory, for the manifests
	SpoolDir     string // for files without names; the system's when empty
	SegmentBytes int    // bytes of a segment before compression; 16 MiB when zero
	Copiers      int    // blobs copied at the same time; 4 when zero
	// CheckpointBytes is how much is copied of small objects before it is noted
	// in the target that it is there, for the case that the backup is cut off;
	// 1 GiB when zero.
	CheckpointBytes int64
	Log             *slog.Logger // for what no caller can be told; slog.Default when nil
}

// Service makes backups of one installation.
type Service struct {
	meta  *meta.Store
	blobs blob.Store
	pins  *blob.Pins
	opts  Options
}

// New returns the service. pins is shared with sweep, which frees nothing that
// a running backup may still read.
func New(m *meta.Store, blobs blob.Store, pins *blob.Pins, opts Options) *Service {
	if opts.SegmentBytes == 0 {
		opts.SegmentBytes = defaultSegmentBytes
	}
	if opts.Copiers == 0 {
		opts.Copiers = defaultCopiers
	}
	if opts.CheckpointBytes == 0 {
		opts.CheckpointBytes = defaultCheckpointBytes
	}
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	return &Service{meta: m, blobs: blobs, pins: pins, opts: opts}
}

// Input is what one backup is asked to do.
type Input struct {
	To Target
	// Full copies everything again, also what the target holds: the way to mend
	// one that Verify finds damaged.
	Full bool
	// KeyRing is the file of the key ring, to be written into the target; nil
	// leaves it out.
	KeyRing []byte
	// Report is told how far the backup is, at most about once a second; nil for
	// nobody. It is called by one goroutine at a time.
	Report func(Progress)
}

// release gives the lock back; what cannot be given back now ends with the
// process or with time.
func release(ctx context.Context, l Lock, log *slog.Logger) {
	if err := l.Release(); err != nil {
		log.WarnContext(ctx, "backup: the lock of the target was not released", "err", err)
	}
}
