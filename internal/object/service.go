package object

import (
	"log/slog"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/md5lanes"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/sse"
)

// DefaultUploadLifetime is how long an unfinished multipart upload lives
// (spec/bucket-semantics.md §6.1).
const DefaultUploadLifetime = 24 * time.Hour

// Options are the settings of the service; the zero value works.
type Options struct {
	UploadLifetime time.Duration  // DefaultUploadLifetime when zero
	LifecycleRate  int            // versions that the lifecycle looks at in a second; DefaultLifecycleRate when zero
	Ring           KeyRing        // wraps the keys of encrypted objects; nil encrypts none
	LocalKeys      *sse.LocalKeys // what aws:kms can name
	Log            *slog.Logger   // for what no caller can be told; slog.Default when nil
	// Quota is the storage quota of a plan in bytes, 0 when it does not bind. Nil
	// for no quotas.
	Quota func(bundleID string) int64
}

// Service is the service of objects.
type Service struct {
	meta  *meta.Store
	blobs blob.Store
	pins  *blob.Pins
	opts  Options
	held  reservations
	lanes *md5lanes.Pool
}

// New returns the service. pins is shared with sweep.
func New(m *meta.Store, blobs blob.Store, pins *blob.Pins, opts Options) *Service {
	if opts.UploadLifetime == 0 {
		opts.UploadLifetime = DefaultUploadLifetime
	}
	if opts.LifecycleRate == 0 {
		opts.LifecycleRate = DefaultLifecycleRate
	}
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	return &Service{meta: m, blobs: blobs, pins: pins, opts: opts, lanes: md5lanes.NewPool()}
}

// bucket reads the bucket again inside a transaction: it must still be the one
// that the caller was authorized for.
func (s *Service) bucket(r *meta.Reader, b *keyhaven.Bucket) (*keyhaven.Bucket, error) {
	now, err := r.Bucket(b.Name)
	if err != nil {
		return nil, err
	}
	if now.ID != b.ID {
		return nil, &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounBucket, ID: b.Name}
	}
	return now, nil
}

func noKey(key string) error {
	return &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounObject, ID: key}
}

func noVersion(id keyhaven.VersionID) error {
	return &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounVersion, ID: id.String()}
}
