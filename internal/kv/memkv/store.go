package memkv

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/keyhaven/keyhaven/internal/kv"
)

// optimisticAttempts is how often an update may lose a race before it runs
// alone.
const optimisticAttempts = 4

// Store is a kv.Store in memory.
type Store struct {
	rerun bool

	commit sync.Mutex // held while the root changes
	root   atomic.Pointer[node]

	mu     sync.Mutex // guards closed against calls that begin
	closed bool
	calls  sync.WaitGroup
}

var _ kv.Store = (*Store)(nil)

// New returns an empty store.
func New() *Store { return &Store{} }

// NewRerunning returns an empty store that runs every function given to Update
// once for nothing before it runs it in earnest, to find functions that have
// effects of their own.
func NewRerunning() *Store { return &Store{rerun: true} }

func (s *Store) enter() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return kv.ErrClosed
	}
	s.calls.Add(1)
	return nil
}

// Close implements kv.Store. Closing twice is harmless.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.calls.Wait()
	s.root.Store(nil)
	return nil
}

// View implements kv.Store.
func (s *Store) View(ctx context.Context, fn func(kv.Reader) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.calls.Done()
	if err := ctx.Err(); err != nil {
		return err
	}
	r := &reader{root: s.root.Load()}
	return r.finish(fn(r))
}

// Update implements kv.Store.
func (s *Store) Update(ctx context.Context, fn func(kv.Txn) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.calls.Done()
	if s.rerun && ctx.Err() == nil {
		t := s.begin()
		_ = t.run(ctx, fn) // what the run for nothing says does not matter
	}
	for range optimisticAttempts {
		done, err := s.attempt(ctx, fn)
		if done {
			return err
		}
	}
	s.commit.Lock()
	defer s.commit.Unlock()
	t := s.begin()
	if err := t.run(ctx, fn); err != nil {
		return err
	}
	return s.apply(t)
}

func (s *Store) begin() *txn {
	root := s.root.Load()
	return &txn{reader: reader{root: root}, base: root}
}

// attempt reports whether the update is over: it is not when another one has
// changed what fn read.
func (s *Store) attempt(ctx context.Context, fn func(kv.Txn) error) (done bool, err error) {
	if err := ctx.Err(); err != nil {
		return true, err
	}
	t := s.begin()
	if err := t.run(ctx, fn); err != nil {
		return true, err
	}
	s.commit.Lock()
	defer s.commit.Unlock()
	if !t.current(s.root.Load()) {
		return false, nil
	}
	return true, s.apply(t)
}

// apply repeats what t wrote on the newest tree.
func (s *Store) apply(t *txn) error {
	root := s.root.Load()
	for _, w := range t.log {
		var err error
		if root, err = w(root); err != nil {
			return err
		}
	}
	s.root.Store(root)
	return nil
}
