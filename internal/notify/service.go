package notify

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/keyhaven/keyhaven/internal/meta"
)

const (
	page       = 64              // reports taken from a queue at a time
	firstPause = time.Second     // after the first failure
	lastPause  = 5 * time.Minute // after many
	lifetime   = 7 * 24 * time.Hour
)

// Options are the settings of the service.
type Options struct {
	Webhooks map[string]string // addresses by name
	// Send sends a message once; an error means that it did not arrive for sure.
	Send  func(ctx context.Context, address, id string, body []byte) error
	Every time.Duration // pause when there is nothing to do; one second when zero
	Log   *slog.Logger  // slog.Default when nil
}

// Service sends reports.
type Service struct {
	meta   *meta.Store
	opts   Options
	queues map[string]*queue
}

// queue is what is known of a webhook while the process runs.
type queue struct {
	pause time.Duration
	next  time.Time // not before
}

// New returns the service.
func New(m *meta.Store, opts Options) *Service {
	if opts.Every == 0 {
		opts.Every = time.Second
	}
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	return &Service{meta: m, opts: opts, queues: map[string]*queue{}}
}

// Known reports whether there is a webhook of this name.
func (s *Service) Known(name string) bool { return s.opts.Webhooks[name] != "" }

// Run sends until ctx ends.
func (s *Service) Run(ctx context.Context) {
	for {
		if err := s.Once(ctx); err != nil && ctx.Err() == nil {
			s.opts.Log.Error("notifications", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(s.opts.Every):
		}
	}
}

// Once sends what waits now and whose pause is over. One webhook that fails or
// is slow does not hold up the others.
func (s *Service) Once(ctx context.Context) error {
	var names []string
	err := s.meta.View(ctx, func(r *meta.Reader) (err error) {
		names, err = r.EventWebhooks()
		return err
	})
	if err != nil {
		return err
	}
	results := make(chan error, len(names))
	for _, name := range names {
		q := s.queues[name]
		if q == nil {
			q = &queue{}
			s.queues[name] = q
		}
		go func() { results <- s.drain(ctx, name, q) }()
	}
	var errs []error
	for range names {
		errs = append(errs, <-results)
	}
	return errors.Join(errs...)
}

// drain sends the reports of one webhook until one fails.
func (s *Service) drain(ctx context.Context, name string, q *queue) error {
	if time.Now().Before(q.next) {
		return nil
	}
	for ctx.Err() == nil {
		var events []*meta.Event
		err := s.meta.View(ctx, func(r *meta.Reader) (err error) {
			events, err = r.Events(name, page)
			return err
		})
		if err != nil || len(events) == 0 {
			return err
		}
		n, failed := s.send(ctx, name, events)
		if err := s.remove(ctx, events[:n]); err != nil {
			return err
		}
		if failed != nil {
			q.pause = min(max(2*q.pause, firstPause), lastPause)
			q.next = time.Now().Add(q.pause)
			s.opts.Log.Warn("notifications: cannot send; trying again", "webhook", name, "pause", q.pause, "err", failed)
			return nil
		}
		q.pause, q.next = 0, time.Time{}
	}
	return nil
}

// send sends reports in order and returns how many are done with.
func (s *Service) send(ctx context.Context, name string, events []*meta.Event) (n int, err error) {
	for _, e := range events {
		address := s.opts.Webhooks[name]
		if direct, ok := strings.CutPrefix(name, "="); ok { // an address, and not the name of one
			address = direct
		}
		if address == "" {
			err = errors.New("the server's configuration has no webhook of this name")
		} else {
			err = s.opts.Send(ctx, address, e.ID.String(), e.Body)
		}
		if err != nil {
			if time.Since(e.At) < lifetime {
				return n, err
			}
			s.opts.Log.Error("notifications: given up after a week", "webhook", name, "id", e.ID.String(), "err", err)
		}
		n++
	}
	return n, nil
}

func (s *Service) remove(ctx context.Context, events []*meta.Event) error {
	if len(events) == 0 {
		return nil
	}
	// What was sent leaves the queue even if the server is about to stop.
	return s.meta.Update(context.WithoutCancel(ctx), func(tx *meta.Txn) error {
		for _, e := range events {
			if err := tx.DeleteEvent(e); err != nil {
				return err
			}
		}
		return nil
	})
}
