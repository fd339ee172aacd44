package meta

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv"
)

// Store is the typed metadata store over one kv engine.
type Store struct {
	kv       kv.Store
	lastSeq  atomic.Uint64
	buckets  bucketCache
	configs  configCache
	accounts accountCache

	mu         sync.RWMutex
	watchers   []func(accessKeyID string)
	principals []func(Principal)
}

// New returns a store over an open engine. The caller closes the engine.
func New(engine kv.Store) *Store {
	return &Store{
		kv: engine, buckets: bucketCache{byName: map[string]*keyhaven.Bucket{}}, configs: configCache{m: map[configName]any{}},
		accounts: accountCache{byID: map[keyhaven.AccountID]*keyhaven.Account{}},
	}
}

// WatchKeys registers fn to be called with the id of every access key that was
// changed or deleted, after the commit and before the call that changed it
// returns. It is called at wiring time only.
func (s *Store) WatchKeys(fn func(accessKeyID string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watchers = append(s.watchers, fn)
}

// WatchPrincipals registers fn to be called with everybody whose rights have
// changed, after the commit and before the call that changed them returns. It is
// called at wiring time only.
func (s *Store) WatchPrincipals(fn func(Principal)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.principals = append(s.principals, fn)
}

// Reader reads records from one consistent snapshot.
type Reader struct {
	r kv.Reader
	s *Store
}

// Txn reads and writes records in one serializable transaction.
type Txn struct {
	Reader
	t       kv.Txn
	touched touched
}

// touched is what a transaction changed that caches may hold.
type touched struct {
	keys       []string
	buckets    []string
	principals []Principal
	accounts   []keyhaven.AccountID
}

// View runs fn over a snapshot.
func (s *Store) View(ctx context.Context, fn func(*Reader) error) error {
	return domain(s.kv.View(ctx, func(r kv.Reader) error { return fn(&Reader{r: r, s: s}) }))
}

// Update runs fn in a transaction; when it returns nil the change is durable and
// no cache holds anything older. fn may run more than once (kv K3).
func (s *Store) Update(ctx context.Context, fn func(*Txn) error) error {
	var done touched
	err := s.kv.Update(ctx, func(t kv.Txn) error {
		tx := &Txn{Reader: Reader{r: t, s: s}, t: t}
		err := fn(tx)
		done = tx.touched
		return err
	})
	// An unknown outcome may have happened, so the caches forget in any case.
	s.forget(done)
	return domain(err)
}

func (s *Store) forget(t touched) {
	if len(t.buckets) > 0 {
		s.buckets.forget(t.buckets)
	}
	if len(t.accounts) > 0 {
		s.accounts.forget(t.accounts)
	}
	if len(t.keys) == 0 && len(t.principals) == 0 {
		return
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, id := range t.keys {
		for _, fn := range s.watchers {
			fn(id)
		}
	}
	for _, p := range t.principals {
		for _, fn := range s.principals {
			fn(p)
		}
	}
}

// domain gives the engine's own failures a kind that doors can translate.
func domain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, kv.ErrNoSpace):
		return &keyhaven.Error{Kind: keyhaven.Unavailable, Noun: keyhaven.NounStorage, Msg: "There is no space left on the server.", Err: err}
	case errors.Is(err, kv.ErrUnknown), errors.Is(err, kv.ErrClosed):
		return &keyhaven.Error{Kind: keyhaven.Unavailable, Err: err}
	}
	return err
}

// OutcomeUnknown reports whether err, an error of Update, leaves open whether
// the change has happened. With any other error it has not (kv K4).
func OutcomeUnknown(err error) bool { return errors.Is(err, kv.ErrUnknown) }

// NextSeq returns a number that is greater than every one before it in this
// process and close to the time in nanoseconds. Order that must survive a
// restart under a clock that jumped back is kept by comparing with the record
// that is replaced.
func (s *Store) NextSeq() uint64 {
	now := uint64(time.Now().UnixNano())
	for {
		last := s.lastSeq.Load()
		next := max(now, last+1)
		if s.lastSeq.CompareAndSwap(last, next) {
			return next
		}
	}
}

// NewID returns a fresh time-ordered id.
func (s *Store) NewID() ID { return idOf(s.NextSeq(), Random()) }

// Random returns 64 random bits.
func Random() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return binary.BigEndian.Uint64(b[:])
}

// get returns the record under key, or nil when there is none. A key that is too
// long to be stored, because a caller asked for an absurd name, has none.
func (r *Reader) get(key []byte) ([]byte, error) {
	if len(key) > kv.MaxKey {
		return nil, nil
	}
	v, err := r.r.Get(key)
	if errors.Is(err, kv.ErrNotFound) {
		return nil, nil
	}
	return v, err
}

// has reports whether the span holds any key.
func (r *Reader) has(span kv.Span) (bool, error) {
	it := r.r.Scan(span)
	ok := it.Next()
	return ok, it.Close()
}

// scan calls fn for each pair of the span until it returns false.
func (r *Reader) scan(span kv.Span, fn func(k, v []byte) (bool, error)) error {
	it := r.r.Scan(span)
	for it.Next() {
		v, err := it.Value()
		if err != nil {
			it.Close()
			return err
		}
		more, err := fn(it.Key(), v)
		if err != nil {
			it.Close()
			return err
		}
		if !more {
			break
		}
	}
	return it.Close()
}
