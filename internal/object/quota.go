package object

import (
	"context"
	"sync"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// reservations are bytes that writes in flight will add to buckets whose plan is
// enforcing, so that writes at the same time cannot go over its quota together.
type reservations struct {
	mu    sync.Mutex
	bytes map[keyhaven.BucketID]int64
}

func (s *Service) quota(b *keyhaven.Bucket) int64 {
	if s.opts.Quota == nil {
		return 0
	}
	return s.opts.Quota(b.BundleID)
}

// room refuses a write before its body is read, if its size (-1 when unknown) is
// over the quota of an enforcing plan.
func (s *Service) room(ctx context.Context, b *keyhaven.Bucket, size int64) error {
	release, err := s.reserve(ctx, b, max(size, 0))
	if err == nil {
		release()
	}
	return err
}

// reserve sets bytes of the quota aside until release is called. What a write
// replaces is still counted. Errors: LimitExceeded quota.
func (s *Service) reserve(ctx context.Context, b *keyhaven.Bucket, size int64) (release func(), err error) {
	quota := s.quota(b)
	if quota == 0 || size == 0 {
		return func() {}, nil
	}
	s.held.mu.Lock()
	defer s.held.mu.Unlock()
	var used meta.Usage
	err = s.meta.View(ctx, func(r *meta.Reader) (err error) {
		used, err = r.Usage(b.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	if used.Bytes+used.PartBytes+s.held.bytes[b.ID]+size > quota {
		return nil, &keyhaven.Error{Kind: keyhaven.LimitExceeded, Noun: keyhaven.NounQuota, ID: b.Name}
	}
	if s.held.bytes == nil {
		s.held.bytes = map[keyhaven.BucketID]int64{}
	}
	s.held.bytes[b.ID] += size
	return func() {
		s.held.mu.Lock()
		defer s.held.mu.Unlock()
		if s.held.bytes[b.ID] -= size; s.held.bytes[b.ID] == 0 {
			delete(s.held.bytes, b.ID)
		}
	}, nil
}

// updateWithin is an update that adds size bytes to the bucket.
func (s *Service) updateWithin(ctx context.Context, b *keyhaven.Bucket, size int64, fn func(*meta.Txn) error) error {
	release, err := s.reserve(ctx, b, size)
	if err != nil {
		return err
	}
	defer release()
	return s.meta.Update(ctx, fn)
}
