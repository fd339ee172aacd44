package pebblekv

import (
	"context"

	"github.com/keyhaven/keyhaven/internal/kv"
)

// View implements kv.Store. It runs fn once. Before it returns, with or without
// an error, everything that fn read is durable; when the sync of such a commit
// failed that error is returned in place of fn's.
func (s *Store) View(ctx context.Context, fn func(kv.Reader) error) error {
	if err := s.gate.enter(); err != nil {
		return err
	}
	defer s.gate.leave()
	if err := ctx.Err(); err != nil {
		return err
	}
	r := s.readers.Get().(*reader)
	defer s.putReader(r)
	err := fn(r)
	if finishErr := r.finish(); err == nil {
		err = finishErr
	}
	if settleErr := r.settle(); settleErr != nil {
		return settleErr
	}
	return err
}

// putReader runs even when fn panics, so that a door that turns panics into
// errors does not leak snapshots.
func (s *Store) putReader(r *reader) {
	r.release()
	s.readers.Put(r)
}
