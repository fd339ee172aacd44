package memblob

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/keyhaven/keyhaven/internal/blob"
)

// Store is a blob.Store in memory.
type Store struct {
	session blob.Session
	closed  atomic.Bool
	blobs   *blobs // shared by all openings
}

var _ blob.Store = (*Store)(nil)

type blobs struct {
	mu      sync.RWMutex
	content map[blob.Ref][]byte
}

var (
	errClosed = errors.New("memblob: store is closed")
	errEnded  = errors.New("memblob: the blob is already committed or aborted")
)

// New returns an empty store.
func New() *Store { return open(&blobs{content: make(map[blob.Ref][]byte)}) }

// Reopen closes the store and returns another opening of the same blobs, with a
// session of its own.
func (s *Store) Reopen() *Store {
	s.closed.Store(true)
	return open(s.blobs)
}

func open(b *blobs) *Store {
	s := &Store{blobs: b}
	_, _ = rand.Read(s.session[:]) // never fails
	return s
}

func (s *Store) begin(ctx context.Context) error {
	if s.closed.Load() {
		return errClosed
	}
	return ctx.Err()
}

// Create begins a blob.
func (s *Store) Create(ctx context.Context, _ int64) (blob.Writer, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	return &writer{store: s}, nil
}

// Open returns a reader over a committed blob.
func (s *Store) Open(ctx context.Context, ref blob.Ref) (blob.Reader, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	s.blobs.mu.RLock()
	defer s.blobs.mu.RUnlock()
	content, ok := s.blobs.content[ref]
	if !ok {
		return nil, fmt.Errorf("memblob: open %s: %w", ref, blob.ErrNotFound)
	}
	return &reader{content: bytes.NewReader(content)}, nil
}

// Delete removes a blob.
func (s *Store) Delete(ctx context.Context, ref blob.Ref) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	s.blobs.mu.Lock()
	defer s.blobs.mu.Unlock()
	delete(s.blobs.content, ref)
	return nil
}

// List yields the blobs that were there when it began.
func (s *Store) List(ctx context.Context) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		if err := s.begin(ctx); err != nil {
			yield(blob.Info{}, err)
			return
		}
		for _, info := range s.blobs.infos() {
			if err := s.begin(ctx); err != nil {
				yield(blob.Info{}, err)
				return
			}
			if !yield(info, nil) {
				return
			}
		}
	}
}

func (b *blobs) infos() []blob.Info {
	b.mu.RLock()
	defer b.mu.RUnlock()
	infos := make([]blob.Info, 0, len(b.content))
	for ref, content := range b.content {
		infos = append(infos, blob.Info{Ref: ref, Size: int64(len(content))})
	}
	return infos
}

// Session returns the session of this opening.
func (s *Store) Session() blob.Session { return s.session }

// Close ends the opening; the blobs are there for Reopen.
func (s *Store) Close() error {
	s.closed.Store(true)
	return nil
}

type writer struct {
	store   *Store
	content []byte
	ended   bool
}

func (w *writer) Write(p []byte) (int, error) {
	if w.ended {
		return 0, errEnded
	}
	w.content = append(w.content, p...)
	return len(p), nil
}

func (w *writer) Commit(ctx context.Context) (blob.Ref, error) {
	if w.ended {
		return blob.Ref{}, errEnded
	}
	w.ended = true
	if err := w.store.begin(ctx); err != nil {
		return blob.Ref{}, err
	}
	var ref blob.Ref
	n := copy(ref[:], w.store.session[:])
	_, _ = rand.Read(ref[n:]) // never fails
	b := w.store.blobs
	b.mu.Lock()
	defer b.mu.Unlock()
	b.content[ref] = w.content
	return ref, nil
}

func (w *writer) Abort() error {
	w.ended = true
	return nil
}

type reader struct {
	content *bytes.Reader
	closed  atomic.Bool
}

func (r *reader) ReadAt(p []byte, off int64) (int, error) {
	if r.closed.Load() {
		return 0, fs.ErrClosed
	}
	return r.content.ReadAt(p, off)
}

func (r *reader) Size() int64 { return r.content.Size() }

func (r *reader) Close() error {
	if r.closed.Swap(true) {
		return fs.ErrClosed
	}
	return nil
}
