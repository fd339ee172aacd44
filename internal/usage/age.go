package usage

import (
	"context"
	"errors"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// After a long rest of the server all that it has is old at once. It is aged over
// many samples, so that none of them comes late.
const (
	agedRecords = 500 // in a transaction
	agedBatches = 40  // transactions after a sample
)

// age makes hours of the points that are older than those of five minutes are
// kept. What one bucket fails by does not hold up the others: it is tried again
// when its next record begins, and they go on after the next sample.
func (s *Service) age(ctx context.Context, now time.Time) error {
	for n := 0; n < agedBatches && len(s.aging) > 0; n++ {
		var buckets []keyhaven.BucketID
		for id := range s.aging {
			if buckets = append(buckets, id); len(buckets) == batch {
				break
			}
		}
		err := s.ageSome(ctx, now, buckets...)
		if err == nil {
			continue
		}
		if ctx.Err() != nil || len(buckets) == 1 {
			return err
		}
		var errs []error
		for _, id := range buckets {
			errs = append(errs, s.ageSome(ctx, now, id))
		}
		return errors.Join(errs...)
	}
	return nil
}

// ageSome does one transaction of it. Buckets of which nothing is left, and one
// that fails alone, are forgotten.
func (s *Service) ageSome(ctx context.Context, now time.Time, buckets ...keyhaven.BucketID) error {
	var left int
	err := s.meta.Update(ctx, func(tx *meta.Txn) error {
		left = agedRecords
		for _, id := range buckets {
			n, err := tx.AgeSeries(id, now, left)
			if err != nil {
				return err
			}
			left -= n
		}
		return nil
	})
	if err == nil && left > 0 || err != nil && len(buckets) == 1 {
		for _, id := range buckets {
			delete(s.aging, id)
		}
	}
	return err
}
