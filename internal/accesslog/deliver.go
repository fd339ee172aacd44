package accesslog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

const (
	pageBytes   = 16 << 20 // lines held in memory during a delivery
	objectBytes = 4 << 20  // about the largest log object
)

// Deliver stores the records in the store as objects, one or more for each
// bucket, and removes them. Records whose target is gone are removed too, with a
// line in the server's log. What fails stays for the next time.
func (s *Service) Deliver(ctx context.Context) error {
	for {
		var batches []*meta.LogBatch
		var more bool
		err := s.meta.View(ctx, func(r *meta.Reader) (err error) {
			batches, more, err = r.LogBatches(pageBytes)
			return err
		})
		if err != nil {
			return err
		}
		if err := s.deliver(ctx, batches); err != nil || !more {
			return err
		}
	}
}

func (s *Service) deliver(ctx context.Context, batches []*meta.LogBatch) error {
	groups := map[stream][]*meta.LogBatch{}
	var order []stream
	for _, b := range batches {
		st := stream{b.Source, b.Account, b.Region, b.Logging, b.Day}
		if !b.Logging.Partitioned || !b.Logging.EventTime {
			st.day = 0 // days may share an object
		}
		if groups[st] == nil {
			order = append(order, st)
		}
		groups[st] = append(groups[st], b)
	}
	var errs []error
	for _, st := range order {
		for group := groups[st]; len(group) > 0; {
			n, size := 1, len(group[0].Lines)
			for n < len(group) && size+len(group[n].Lines) <= objectBytes {
				size += len(group[n].Lines)
				n++
			}
			if err := s.store(ctx, st, group[:n], size); err != nil {
				errs = append(errs, fmt.Errorf("log of bucket %q: %w", st.source, err))
				break
			}
			group = group[n:]
		}
	}
	return errors.Join(errs...)
}

// store makes one object and removes its batches.
func (s *Service) store(ctx context.Context, st stream, batches []*meta.LogBatch, size int) error {
	lines := make([]byte, 0, size)
	for _, b := range batches {
		lines = append(lines, b.Lines...)
	}
	err := s.opts.Store(ctx, st.account, st.logging.Target, st.key(time.Now().UTC()), lines)
	if keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounBucket) {
		s.opts.Log.Warn("access logs: their target is gone, and so are they", "bucket", st.source, "target", st.logging.Target)
		err = nil
	}
	if err != nil {
		return err
	}
	return s.meta.Update(ctx, func(tx *meta.Txn) error {
		for _, b := range batches {
			if err := tx.DeleteLogBatch(b.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// key names a log object that is delivered at this time ("Log object key
// format", S3 user guide).
func (st stream) key(now time.Time) string {
	unique := fmt.Sprintf("%016X", meta.Random())
	if !st.logging.Partitioned {
		return st.logging.Prefix + now.Format("2006-01-02-15-04-05-") + unique
	}
	at := now
	if st.logging.EventTime {
		at = time.Unix(int64(st.day)*24*60*60, 0).UTC()
	}
	return st.logging.Prefix + string(st.account) + "/" + st.region + "/" + st.source + "/" +
		at.Format("2006/01/02/2006-01-02-15-04-05-") + unique
}
