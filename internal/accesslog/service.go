package accesslog

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

const (
	batchSize  = 256 << 10 // bytes of one record in the store
	maxPending = 64 << 20  // bytes in memory; more than that is dropped
)

// Options are the settings of the service.
type Options struct {
	// Store stores a log object in a bucket of the account. Errors: NotFound when
	// there is no such bucket.
	Store func(ctx context.Context, account keyhaven.AccountID, bucket, key string, lines []byte) error
	// DeliverEvery is the time between deliveries; five minutes when zero.
	DeliverEvery time.Duration
	FlushEvery   time.Duration // how long records stay in memory; one second when zero
	Log          *slog.Logger  // slog.Default when nil
}

// Service keeps and delivers access records.
type Service struct {
	meta *meta.Store
	opts Options

	mu      sync.Mutex
	pending map[stream][]byte
	bytes   int
	dropped int
	full    chan struct{} // asks for a flush before its time

	flushing sync.Mutex // one flush at a time
}

// stream is what comes together in one batch.
type stream struct {
	source  string
	account keyhaven.AccountID
	region  string
	logging keyhaven.Logging
	day     uint32
}

// New returns the service.
func New(m *meta.Store, opts Options) *Service {
	if opts.DeliverEvery == 0 {
		opts.DeliverEvery = 5 * time.Minute
	}
	if opts.FlushEvery == 0 {
		opts.FlushEvery = time.Second
	}
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	return &Service{meta: m, opts: opts, pending: map[stream][]byte{}, full: make(chan struct{}, 1)}
}

// Note keeps one record: a line without its end. at is when the request came.
func (s *Service) Note(b *keyhaven.Bucket, l *keyhaven.Logging, at time.Time, line []byte) {
	st := stream{b.Name, b.Account, b.Region, *l, uint32(at.Unix() / (24 * 60 * 60))}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bytes+len(line) >= maxPending {
		s.dropped++
		return
	}
	s.pending[st] = append(append(s.pending[st], line...), '\n')
	s.bytes += len(line) + 1
	if s.bytes >= maxPending/16 {
		select {
		case s.full <- struct{}{}:
		default:
		}
	}
}

// take returns what is pending.
func (s *Service) take() (map[stream][]byte, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken, dropped := s.pending, s.dropped
	s.pending, s.bytes, s.dropped = map[stream][]byte{}, 0, 0
	return taken, dropped
}

// giveBack puts in front what could not be written.
func (s *Service) giveBack(taken map[stream][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for st, lines := range taken {
		s.bytes += len(lines)
		s.pending[st] = append(lines, s.pending[st]...)
	}
}

// Flush writes the pending records to the store. What fails stays pending.
func (s *Service) Flush(ctx context.Context) error {
	s.flushing.Lock()
	defer s.flushing.Unlock()
	taken, dropped := s.take()
	if dropped > 0 {
		s.opts.Log.Error("access logs: records were dropped, as they could not be written", "records", dropped)
	}
	for st, lines := range taken {
		for len(lines) > 0 {
			n := cut(lines)
			b := &meta.LogBatch{
				ID: s.meta.NewID(), Source: st.source, Account: st.account, Region: st.region,
				Logging: st.logging, Day: st.day, Lines: lines[:n],
			}
			err := s.meta.Update(ctx, func(tx *meta.Txn) error { return tx.PutLogBatch(b) })
			if err != nil {
				taken[st] = lines
				s.giveBack(taken)
				return err
			}
			lines = lines[n:]
		}
		delete(taken, st)
	}
	return nil
}

// cut returns how many bytes of whole lines make a batch.
func cut(lines []byte) int {
	if len(lines) <= batchSize {
		return len(lines)
	}
	for n := batchSize; n > 0; n-- {
		if lines[n-1] == '\n' {
			return n
		}
	}
	for n, c := range lines {
		if c == '\n' {
			return n + 1
		}
	}
	return len(lines)
}

// Run flushes and delivers until ctx ends, and flushes once more then. Failures
// are logged and tried again.
func (s *Service) Run(ctx context.Context) {
	next := time.Now().Add(s.opts.DeliverEvery)
	timer := time.NewTimer(s.opts.FlushEvery)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			s.try("write", s.Flush(context.WithoutCancel(ctx)))
			return
		case <-s.full:
		case <-timer.C:
		}
		s.try("write", s.Flush(ctx))
		if now := time.Now(); !now.Before(next) {
			s.try("deliver", s.Deliver(ctx))
			next = now.Add(s.opts.DeliverEvery)
		}
		timer.Reset(s.opts.FlushEvery)
	}
}

func (s *Service) try(what string, err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		s.opts.Log.Error("access logs: something failed", "doing", what, "err", err)
	}
}
