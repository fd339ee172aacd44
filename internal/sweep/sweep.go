package sweep

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/meta"
)

const (
	pageSize  = 256 // outbox entries read at a time
	dropLimit = 500 // records dropped in one transaction
	deleters  = 8   // blobs deleted at the same time, so that they share directory syncs
)

// Options are the settings of the service; the zero value works.
type Options struct {
	Every time.Duration // pause when there is nothing to do; one second when zero
	Log   *slog.Logger  // slog.Default when nil
}

// Service is the sweeper.
type Service struct {
	meta  *meta.Store
	blobs blob.Store
	pins  *blob.Pins
	opts  Options
}

// New returns the sweeper. pins is shared with the service of objects.
func New(m *meta.Store, blobs blob.Store, pins *blob.Pins, opts Options) *Service {
	if opts.Every == 0 {
		opts.Every = time.Second
	}
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	return &Service{meta: m, blobs: blobs, pins: pins, opts: opts}
}

// orphansPause is how long Run waits after a failed look for left-overs, which
// lists every blob, before it looks again.
const orphansPause = time.Minute

// errorPause is between two lines of the log about failures: an entry that
// cannot be done fails every time.
const errorPause = time.Minute

// Run sweeps until ctx ends. Failures are logged and tried again.
func (s *Service) Run(ctx context.Context) {
	var look time.Time  // when to look for left-overs
	var quiet time.Time // no failure is logged before
	for found := false; ; {
		if !found && !time.Now().Before(look) {
			found = s.startOrphans(ctx)
			look = time.Now().Add(orphansPause)
		}
		if err := s.Once(ctx); err != nil && ctx.Err() == nil && !time.Now().Before(quiet) {
			s.opts.Log.Error("sweep", "err", err)
			quiet = time.Now().Add(errorPause)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(s.opts.Every):
		}
	}
}

func (s *Service) startOrphans(ctx context.Context) (done bool) {
	n, err := s.Orphans(ctx)
	if err != nil && ctx.Err() == nil {
		s.opts.Log.Error("sweep: left-over blobs", "err", err)
	}
	if n > 0 {
		s.opts.Log.Info("sweep: deleted left-over blobs", "blobs", n)
	}
	return err == nil
}

// failures counts errors and keeps the first, as on a broken disk there is one
// for each entry of the outbox.
type failures struct {
	n     int
	first error
}

func (f *failures) add(err error) {
	if err == nil {
		return
	}
	if f.n++; f.n == 1 {
		f.first = err
	}
}

func (f *failures) err() error {
	if f.n < 2 {
		return f.first
	}
	return fmt.Errorf("%w (and %d more failures)", f.first, f.n-1)
}

// Once does all the work that there is now. An entry that fails does not hold
// up the others and stays for the next time; the first failure comes back.
func (s *Service) Once(ctx context.Context) error {
	var fails failures
	s.due(ctx, &fails)
	var last *meta.Work
	for {
		var page []meta.Work
		err := s.meta.View(ctx, func(r *meta.Reader) (err error) {
			page, err = r.Outbox(last, pageSize)
			return err
		})
		fails.add(err)
		if err != nil || len(page) == 0 {
			return fails.err()
		}
		s.page(ctx, page, &fails)
		last = &page[len(page)-1]
	}
}

// due does what has fallen due, a page in one transaction. When that fails each
// entry gets its own, so that one which cannot be done holds up no other.
func (s *Service) due(ctx context.Context, fails *failures) {
	now := time.Now()
	for after := (*meta.Due)(nil); ; {
		var page []meta.Due
		err := s.meta.View(ctx, func(r *meta.Reader) (err error) {
			page, err = r.Due(now, after, dropLimit)
			return err
		})
		if err != nil {
			fails.add(fmt.Errorf("sweep: due: %w", err))
			return
		}
		if len(page) == 0 {
			return
		}
		if s.do(ctx, page) != nil {
			for i := range page {
				fails.add(s.do(ctx, page[i:i+1]))
			}
		}
		after = &page[len(page)-1]
	}
}

func (s *Service) do(ctx context.Context, page []meta.Due) error {
	return s.meta.Update(ctx, func(tx *meta.Txn) error {
		for _, d := range page {
			if err := tx.Do(d); err != nil {
				return err
			}
		}
		return nil
	})
}

// page does the work of a page of entries and removes those that are done in
// one transaction.
func (s *Service) page(ctx context.Context, page []meta.Work, fails *failures) {
	done := make([]bool, len(page))
	errs := make([]error, len(page))
	var g errgroup.Group
	g.SetLimit(deleters)
	for i, w := range page {
		if w.Kind != meta.FreeBlob {
			done[i], errs[i] = s.drop(ctx, w)
			continue
		}
		g.Go(func() error {
			done[i], errs[i] = s.freeBlob(ctx, w.Blob)
			return nil
		})
	}
	_ = g.Wait() // the errors are in errs
	for _, err := range errs {
		fails.add(err)
	}
	fails.add(s.meta.Update(ctx, func(tx *meta.Txn) error {
		for i, w := range page {
			if !done[i] {
				continue
			}
			if err := tx.Done(w); err != nil {
				return err
			}
		}
		return nil
	}))
}

// freeBlob deletes a blob that nothing refers to (S1).
func (s *Service) freeBlob(ctx context.Context, ref blob.Ref) (done bool, err error) {
	var needed bool
	err = s.meta.View(ctx, func(r *meta.Reader) (err error) {
		needed, err = r.Referenced(ref)
		return err
	})
	if err != nil {
		return false, err
	}
	if needed {
		return false, fmt.Errorf("sweep: blob %v is in the outbox and still referenced; it is kept", ref)
	}
	return s.free(ref, func() error { return s.blobs.Delete(ctx, ref) })
}

// free runs fn unless a reader holds ref; then the entry stays for the next time.
func (s *Service) free(ref blob.Ref, fn func() error) (done bool, err error) {
	free, err := s.pins.Free(ref, fn)
	return free && err == nil, err
}

// drop does the work of an entry whose records are dropped in transactions.
func (s *Service) drop(ctx context.Context, w meta.Work) (done bool, err error) {
	step := func(fn func(tx *meta.Txn) (more bool, err error)) error {
		for more := true; more; {
			err := s.meta.Update(ctx, func(tx *meta.Txn) (err error) {
				more, err = fn(tx)
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	}
	if w.Err != nil {
		return false, fmt.Errorf("sweep: %w", w.Err)
	}
	switch w.Kind {
	case meta.FreeManifest:
		return s.free(blob.Ref(w.ID), func() error {
			return step(func(tx *meta.Txn) (bool, error) { return false, tx.DropManifest(w.ID) })
		})
	case meta.FreeUpload:
		err := step(func(tx *meta.Txn) (bool, error) { return tx.DropParts(w.ID, dropLimit) })
		return err == nil, err
	case meta.PurgeBucket:
		err := step(func(tx *meta.Txn) (bool, error) { return tx.DropBucket(w.Bucket, dropLimit) })
		return err == nil, err
	}
	return false, fmt.Errorf("sweep: outbox entry of unknown kind %d", w.Kind)
}

// Orphans deletes the blobs of earlier sessions that nothing refers to: what a
// crash left between a blob's commit and its record's. It returns how many. One
// that cannot be deleted does not hold up the others; the first failure comes
// back.
func (s *Service) Orphans(ctx context.Context) (deleted int, err error) {
	var fails failures
	mine := s.blobs.Session()
	for info, err := range s.blobs.List(ctx) {
		if err != nil {
			return deleted, err
		}
		if info.Ref.Session() == mine {
			continue
		}
		var needed bool
		err := s.meta.View(ctx, func(r *meta.Reader) (err error) {
			needed, err = r.Referenced(info.Ref)
			return err
		})
		if err != nil {
			return deleted, err
		}
		if needed {
			continue
		}
		// Under the pins too: a backup may still copy what was needed when it
		// began.
		done, err := s.free(info.Ref, func() error { return s.blobs.Delete(ctx, info.Ref) })
		if err != nil {
			fails.add(err)
			continue
		}
		if done {
			deleted++
		}
	}
	return deleted, fails.err()
}
