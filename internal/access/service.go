package access

import (
	"context"
	"log/slog"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/seal"
)

// Options are the settings of the service; the zero value works.
type Options struct {
	// LastUsedEvery is how often last uses are written; two seconds when zero.
	LastUsedEvery time.Duration
	Log           *slog.Logger     // slog.Default when nil
	Now           func() time.Time // time.Now when nil
	// MaxFaults is how many wrong secrets are tried from one address in a
	// FaultWindow; MaxFaults when zero, any number when negative.
	MaxFaults int
}

// Service is the service of access keys and authorization.
type Service struct {
	meta     *meta.Store
	ring     *seal.Ring
	cache    *credentialCache
	subjects *subjectCache
	used     *tracker
	faults   faults
	refusals refusals
	opts     Options
	now      func() time.Time
	done     chan struct{}
	stop     chan struct{}
}

// New returns the service and starts the writer of last uses. Call Close.
func New(m *meta.Store, ring *seal.Ring, opts Options) *Service {
	if opts.LastUsedEvery == 0 {
		opts.LastUsedEvery = 2 * time.Second
	}
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.MaxFaults == 0 {
		opts.MaxFaults = MaxFaults
	}
	s := &Service{
		meta: m, ring: ring, opts: opts, now: opts.Now,
		cache: newCredentialCache(), subjects: newSubjectCache(), used: newTracker(),
		done: make(chan struct{}), stop: make(chan struct{}),
	}
	m.WatchKeys(s.cache.forget)
	m.WatchPrincipals(s.subjects.forget)
	go s.writeLastUses()
	return s
}

// Close writes what is left of the last uses.
func (s *Service) Close() error {
	close(s.stop)
	<-s.done
	return s.used.flush(context.Background(), s.meta)
}

func (s *Service) writeLastUses() {
	defer close(s.done)
	t := time.NewTicker(s.opts.LastUsedEvery)
	defer t.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-t.C:
			// What could not be written stays queued for the next time.
			if err := s.used.flush(context.Background(), s.meta); err != nil {
				s.opts.Log.Error("last uses not written", "err", err)
			}
		}
	}
}

// Account returns an account.
func (s *Service) Account(ctx context.Context, id keyhaven.AccountID) (a *keyhaven.Account, err error) {
	err = s.meta.View(ctx, func(r *meta.Reader) (err error) {
		a, err = r.Account(id)
		return err
	})
	return a, err
}
