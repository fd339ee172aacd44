package usage

import (
	"context"
	"math"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// Plan is what a bucket has used of its plan in the billing month, in bytes.
// Nothing is refused for being over, unless the plan is enforcing.
type Plan struct {
	At               time.Time
	Storage          int64 // now: all versions, parts and log objects
	StorageQuota     int64
	StorageForecast  float64 // mean of the month, if it stays as it is
	Transfer         int64   // bytes out since the month, or the plan, began
	TransferQuota    int64
	TransferForecast float64 // at the end of the month, at the rate so far
	TransferOverage  int64   // over the quotas of the month, those of earlier plans too
}

const minForecast = 24 * time.Hour

// Plan returns what the bucket has used, the last minutes included.
func (s *Service) Plan(ctx context.Context, b *keyhaven.Bucket) (*Plan, error) {
	now := time.Now().UTC()
	p := &Plan{At: now}
	var month meta.MonthUsage
	err := s.meta.View(ctx, func(r *meta.Reader) error {
		u, err := r.Usage(b.ID)
		if err != nil {
			return err
		}
		p.Storage = Size(u)
		month, err = r.MonthUsage(b.ID, now)
		return err
	})
	if err != nil {
		return nil, err
	}
	p.Transfer = month.Transfer - month.Base + s.pendingTransfer(b.Name)
	if bundle, ok := s.opts.Bundles.Find(b.BundleID); ok {
		p.StorageQuota, p.TransferQuota = bundle.StorageQuota(), bundle.TransferQuota()
	}
	p.TransferOverage = month.Overage + max(0, p.Transfer-p.TransferQuota)
	begin, end := keyhaven.BillingMonth(now)
	if b.BundleChangedAt.After(begin) {
		begin = b.BundleChangedAt
	}
	// The rate of less than a day tells nothing of a month.
	past := max(now.Sub(begin), minForecast).Seconds()
	p.TransferForecast = float64(p.Transfer) * max(1, end.Sub(begin).Seconds()/past)
	rest := end.Sub(now).Seconds()
	p.StorageForecast = math.Round((month.ByteSeconds + float64(p.Storage)*rest) / (float64(month.Seconds) + rest)) // there are whole bytes alone
	return p, nil
}

// pendingTransfer is what has gone out since the last sample.
func (s *Service) pendingTransfer(bucket string) int64 {
	sh := s.shard(subject{bucket: bucket})
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if t := sh.m[subject{bucket: bucket}]; t != nil {
		return t.transfer
	}
	return 0
}
