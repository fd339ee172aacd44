package usage

import (
	"context"
	"errors"
	"hash/maphash"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/edge"
	"github.com/keyhaven/keyhaven/internal/meta"
)

const (
	step      = 5 * time.Minute
	shards    = 32
	shardSize = 4 << 10 // subjects of a shard; what comes on top is not told apart
	batch     = 100     // buckets in a transaction
)

// Options are the settings of the service; the zero value works.
type Options struct {
	Bundles keyhaven.Catalog // the plans; Lightsail's three when nil
	Log     *slog.Logger     // slog.Default when nil
}

// Service measures buckets.
type Service struct {
	meta *meta.Store
	opts Options
	seed maphash.Seed

	shards [shards]shard

	sampling sync.Mutex
	last     time.Time // when storage was accounted
	aging    map[keyhaven.BucketID]bool
}

// subject is a bucket, or what an access key does to it.
type subject struct{ bucket, accessKey string }

type shard struct {
	mu sync.Mutex
	m  map[subject]*tally
}

// tally is what was asked of a subject since the last sample.
type tally struct {
	points   meta.Measured
	transfer int64
}

// New returns the service.
func New(m *meta.Store, opts Options) *Service {
	if opts.Bundles == nil {
		opts.Bundles = keyhaven.NewCatalog()
	}
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	return &Service{meta: m, opts: opts, seed: maphash.MakeSeed(), aging: map[keyhaven.BucketID]bool{}}
}

// Observe counts a request that has ended. Requests that no door has taken for a
// bucket count nowhere.
func (s *Service) Observe(rec *edge.Record, o edge.Outcome) {
	if rec.Bucket == "" || rec.Door != "s3" && rec.Door != "website" {
		return
	}
	s.add(subject{rec.Bucket, ""}, rec, o)
	if p := rec.Principal; p != nil && p.AccessKeyID != "" {
		s.add(subject{rec.Bucket, p.AccessKeyID}, rec, o)
	}
}

func (s *Service) add(sub subject, rec *edge.Record, o edge.Outcome) {
	sh := s.shard(sub)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	t := sh.m[sub]
	if t == nil {
		if len(sh.m) >= shardSize {
			return
		}
		if sh.m == nil {
			sh.m = map[subject]*tally{}
		}
		t = &tally{points: meta.Measured{}}
		sh.m[sub] = t
	}
	t.count(keyhaven.MetricAllRequests, 1)
	if m := kindOf(rec); m != 0 {
		t.count(m, 1)
	}
	if o.BytesOut > 0 {
		t.count(keyhaven.MetricBytesDownloaded, o.BytesOut)
	}
	if o.BytesIn > 0 {
		t.count(keyhaven.MetricBytesUploaded, o.BytesIn)
	}
	failed := func(class int) int64 {
		if o.Status/100 == class {
			return 1
		}
		return 0
	}
	t.count(keyhaven.Metric4xxErrors, failed(4)) // zeros too: their average is the rate
	t.count(keyhaven.Metric5xxErrors, failed(5))
	t.count(keyhaven.MetricFirstByteLatency, o.FirstByte.Microseconds())
	t.count(keyhaven.MetricTotalRequestLatency, o.Total.Microseconds())
	if p := rec.Principal; p == nil || p.Kind != keyhaven.InstanceSession { // §3: to instances is free
		t.transfer += o.BytesOut
	}
}

func (s *Service) shard(sub subject) *shard { return &s.shards[maphash.Comparable(s.seed, sub)%shards] }

func (t *tally) count(m keyhaven.Metric, v int64) {
	p := t.points[m]
	p.Merge(meta.Point{N: 1, Sum: v, Min: v, Max: v})
	t.points[m] = p
}

// kindOf is the metric of the kind of a request ("Amazon S3 CloudWatch request
// metrics"), or 0.
func kindOf(rec *edge.Record) keyhaven.Metric {
	switch op := rec.Op; {
	case strings.HasPrefix(op, "List"):
		return keyhaven.MetricListRequests
	case strings.HasPrefix(op, "Head"):
		return keyhaven.MetricHeadRequests
	case strings.HasPrefix(op, "Get"), op == "WebsiteGetObject":
		return keyhaven.MetricGetRequests
	case op == "DeleteObjects", strings.HasPrefix(op, "Post"), strings.HasSuffix(op, "MultipartUpload") && !strings.HasPrefix(op, "Abort"):
		return keyhaven.MetricPostRequests
	case strings.HasPrefix(op, "Delete"), strings.HasPrefix(op, "Abort"):
		return keyhaven.MetricDeleteRequests
	case strings.HasPrefix(op, "Put"), strings.HasPrefix(op, "Upload"), strings.HasPrefix(op, "Copy"), strings.HasPrefix(op, "Create"):
		return keyhaven.MetricPutRequests
	}
	return 0
}

// take returns what was asked since the last time, by bucket.
func (s *Service) take() map[string]map[string]*tally {
	all := map[string]map[string]*tally{}
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		m := sh.m
		sh.m = nil
		sh.mu.Unlock()
		for sub, t := range m {
			if all[sub.bucket] == nil {
				all[sub.bucket] = map[string]*tally{}
			}
			all[sub.bucket][sub.accessKey] = t
		}
	}
	return all
}

// Run samples at every step of the clock until ctx ends.
func (s *Service) Run(ctx context.Context) {
	for {
		now := time.Now()
		timer := time.NewTimer(now.Truncate(step).Add(step).Sub(now))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		if err := s.Sample(ctx); err != nil && ctx.Err() == nil {
			s.opts.Log.ErrorContext(ctx, "usage", "err", err)
		}
	}
}

// Sample stores a point of every bucket that holds something or was asked for
// something, for the step that ends now, and adds to the accounts of the month.
func (s *Service) Sample(ctx context.Context) error {
	s.sampling.Lock()
	defer s.sampling.Unlock()
	now := time.Now()
	var elapsed time.Duration
	if !s.last.IsZero() {
		elapsed = max(0, min(now.Sub(s.last), 2*step))
	} else {
		elapsed = min(step, now.Sub(now.Truncate(step))) // since the process began, or about that
	}
	s.last = now
	asked := s.take()
	var errs []error
	for from := ""; ; {
		buckets, err := s.page(ctx, from)
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		if len(buckets) == 0 {
			return errors.Join(append(errs, s.age(ctx, now))...)
		}
		var began []keyhaven.BucketID
		err = s.meta.Update(ctx, func(tx *meta.Txn) error {
			began = nil
			for _, b := range buckets {
				ok, err := s.sample(tx, b, asked[b.bucket.Name], now, elapsed)
				if err != nil {
					return err
				}
				if ok {
					began = append(began, b.bucket.ID)
				}
			}
			return nil
		})
		if err != nil {
			errs = append(errs, err)
			began = nil
		}
		for _, id := range began {
			s.aging[id] = true
		}
		from = buckets[len(buckets)-1].bucket.Name + "\x00"
	}
}

// counted is a bucket and what is in it.
type counted struct {
	bucket *keyhaven.Bucket
	usage  meta.Usage
}

// page reads some buckets and what is in them, before the transaction that
// stores it: to read the counters there would be to conflict with every write.
func (s *Service) page(ctx context.Context, from string) (page []counted, err error) {
	err = s.meta.View(ctx, func(r *meta.Reader) error {
		page = nil
		err := r.EachBucket(from, func(b *keyhaven.Bucket) bool {
			page = append(page, counted{bucket: b})
			return len(page) < batch
		})
		for i := range page {
			if err == nil {
				page[i].usage, err = r.Usage(page[i].bucket.ID)
			}
		}
		return err
	})
	return page, err
}

// sample stores the points of one bucket, and reports whether it is time to age
// those that it has.
func (s *Service) sample(tx *meta.Txn, c counted, asked map[string]*tally, now time.Time, elapsed time.Duration) (began bool, err error) {
	b, u := c.bucket, c.usage
	if current, err := tx.Bucket(b.Name); keyhaven.KindOf(err) == keyhaven.NotFound || err == nil && current.ID != b.ID {
		return false, nil
	} else if err != nil {
		return false, err
	}
	at := now.Add(-1) // the step that ends now
	slot := meta.FiveMinutes.Slot(at)
	points := Gauges(u)
	var transfer int64
	for key, t := range asked {
		if key != "" {
			if _, err := tx.AddPoints(meta.Series{Bucket: b.ID, AccessKey: key}, slot, t.points); err != nil {
				return false, err
			}
			continue
		}
		transfer = t.transfer
		for m, p := range t.points {
			points[m] = p
		}
	}
	if len(points) == 0 {
		return false, nil
	}
	if began, err = tx.AddPoints(meta.Series{Bucket: b.ID}, slot, points); err != nil {
		return false, err
	}
	month, err := tx.MonthUsage(b.ID, at)
	if err != nil {
		return false, err
	}
	size := Size(u)
	month.Transfer += transfer
	month.ByteSeconds += float64(size) * elapsed.Seconds()
	month.Seconds += int64(elapsed.Seconds())
	month.Peak = max(month.Peak, size)
	return began, tx.PutMonthUsage(b.ID, at, month)
}

// Size is BucketSizeBytes: all versions and the parts of unfinished uploads.
func Size(u meta.Usage) int64 { return u.Bytes + u.PartBytes }

// Gauges are the points of what is in a bucket; none of an empty one.
func Gauges(u meta.Usage) meta.Measured {
	size, objects := Size(u), u.Versions+u.Parts
	if size == 0 && objects == 0 {
		return meta.Measured{}
	}
	return meta.Measured{
		keyhaven.MetricBucketSizeBytes: {N: 1, Sum: size, Min: size, Max: size},
		keyhaven.MetricNumberOfObjects: {N: 1, Sum: objects, Min: objects, Max: objects},
	}
}
