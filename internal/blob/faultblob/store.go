package faultblob

import (
	"context"
	"errors"
	"iter"
	"sync"

	"github.com/keyhaven/keyhaven/internal/blob"
)

// Op is a call of the seam that can fail.
type Op string

// The calls.
const (
	Create Op = "Create"
	Write  Op = "Write"
	Commit Op = "Commit"
	Open   Op = "Open"
	ReadAt Op = "ReadAt"
	Delete Op = "Delete"
	List   Op = "List"
)

// Call is a call that is about to happen.
type Call struct {
	Op  Op
	N   int      // the how many-th of its Op, from 1, since New
	Ref blob.Ref // of Open, ReadAt and Delete
	Len int      // bytes of Write and ReadAt
	Off int64    // of ReadAt
}

// Store is a blob.Store that fails as it is told.
type Store struct {
	inner blob.Store

	mu    sync.Mutex
	count map[Op]int
	rules []func(Call) error
}

var _ blob.Store = (*Store)(nil)

// New wraps a store, without faults.
func New(inner blob.Store) *Store { return &Store{inner: inner, count: make(map[Op]int)} }

// FailNth lets the n-th call of op from now on fail once with err, 1 being the
// next.
func (s *Store) FailNth(op Op, n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.count[op] + n
	s.rules = append(s.rules, func(c Call) error {
		if c.Op == op && c.N == at {
			return err
		}
		return nil
	})
}

// FailAll lets every call of op fail with err, until Heal.
func (s *Store) FailAll(op Op, err error) {
	s.FailFunc(func(c Call) error {
		if c.Op == op {
			return err
		}
		return nil
	})
}

// FailFunc asks f before each call; the error that it returns is the call's. It
// may be called by several goroutines at once, and may block to hold a call up.
func (s *Store) FailFunc(f func(Call) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = append(s.rules, f)
}

// Heal ends all faults.
func (s *Store) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = nil
}

// Calls returns how many calls of op there were, with those that failed.
func (s *Store) Calls(op Op) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count[op]
}

func (s *Store) fault(c Call) error {
	s.mu.Lock()
	s.count[c.Op]++
	c.N = s.count[c.Op]
	rules := s.rules[:len(s.rules):len(s.rules)]
	s.mu.Unlock()
	for _, rule := range rules {
		if err := rule(c); err != nil {
			return err
		}
	}
	return nil
}

// Create implements blob.Store.
func (s *Store) Create(ctx context.Context, sizeHint int64) (blob.Writer, error) {
	if err := s.fault(Call{Op: Create}); err != nil {
		return nil, err
	}
	w, err := s.inner.Create(ctx, sizeHint)
	if err != nil {
		return nil, err
	}
	return &writer{store: s, inner: w}, nil
}

// Open implements blob.Store.
func (s *Store) Open(ctx context.Context, ref blob.Ref) (blob.Reader, error) {
	if err := s.fault(Call{Op: Open, Ref: ref}); err != nil {
		return nil, err
	}
	r, err := s.inner.Open(ctx, ref)
	if err != nil {
		return nil, err
	}
	return &reader{Reader: r, store: s, ref: ref}, nil
}

// Delete implements blob.Store.
func (s *Store) Delete(ctx context.Context, ref blob.Ref) error {
	if err := s.fault(Call{Op: Delete, Ref: ref}); err != nil {
		return err
	}
	return s.inner.Delete(ctx, ref)
}

// List implements blob.Store; the call is counted when the walk begins.
func (s *Store) List(ctx context.Context) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		if err := s.fault(Call{Op: List}); err != nil {
			yield(blob.Info{}, err)
			return
		}
		s.inner.List(ctx)(yield)
	}
}

// Session implements blob.Store.
func (s *Store) Session() blob.Session { return s.inner.Session() }

// Close implements blob.Store; it never fails on purpose.
func (s *Store) Close() error { return s.inner.Close() }

type writer struct {
	store *Store
	inner blob.Writer
	err   error // of a Write that failed; nothing works after it
	ended bool  // by a Commit that failed on purpose
}

var errEnded = errors.New("faultblob: the blob is already aborted")

func (w *writer) Write(p []byte) (int, error) {
	if w.ended {
		return 0, errEnded
	}
	if w.err != nil {
		return 0, w.err
	}
	if w.err = w.store.fault(Call{Op: Write, Len: len(p)}); w.err != nil {
		return 0, w.err
	}
	return w.inner.Write(p)
}

func (w *writer) Commit(ctx context.Context) (blob.Ref, error) {
	if w.ended {
		return blob.Ref{}, errEnded
	}
	err := w.err
	if err == nil {
		err = w.store.fault(Call{Op: Commit})
	}
	if err != nil {
		w.ended = true
		return blob.Ref{}, errors.Join(err, w.inner.Abort())
	}
	return w.inner.Commit(ctx)
}

func (w *writer) Abort() error { return w.inner.Abort() }

type reader struct {
	blob.Reader
	store *Store
	ref   blob.Ref
}

func (r *reader) ReadAt(p []byte, off int64) (int, error) {
	if err := r.store.fault(Call{Op: ReadAt, Ref: r.ref, Len: len(p), Off: off}); err != nil {
		return 0, err
	}
	return r.Reader.ReadAt(p, off)
}
