package pebblekv

import (
	"context"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/keyhaven/keyhaven/internal/kv"
)

// optimisticAttempts is how often an update may lose a race before it runs
// under the commit lock, where it cannot.
const optimisticAttempts = 4

// Update implements kv.Store. A canceled ctx stops it before the commit; once
// the commit has begun it waits for the sync, whatever ctx says, so that its
// answer is true.
//
// After a write to the disk has failed every later Update fails at once, with
// an error that wraps the cause, and kv.ErrNoSpace when the disk was full; only
// opening the store again helps. fn must not call Update.
func (s *Store) Update(ctx context.Context, fn func(kv.Txn) error) error {
	if err := s.gate.enter(); err != nil {
		return err
	}
	defer s.gate.leave()
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.fuse.blown() {
		return s.fuse.refusal()
	}
	if err := s.pressure.hold(ctx, s.fuse); err != nil {
		return err
	}
	t := s.txns.Get().(*txn)
	defer t.recycle()
	for range optimisticAttempts {
		lost, err := s.attempt(ctx, t, fn)
		if !lost {
			return err
		}
		t.reset()
	}
	return s.exclusive(ctx, t, fn)
}

// attempt runs fn once and commits. It reports whether it lost a race and has
// changed nothing.
func (s *Store) attempt(ctx context.Context, t *txn, fn func(kv.Txn) error) (lost bool, err error) {
	if err := t.run(fn); err != nil || len(t.order) == 0 {
		return false, t.conclude(ctx, err)
	}
	if err := s.admit(ctx, t); err != nil {
		return false, err
	}
	c := t.prepare()
	checked := s.history.begun.Load() // up to here the reads are checked without the lock
	if t.snap != nil && s.history.touched(t.snap.from, checked, &t.reads) != 0 {
		return true, nil
	}
	lost, err = s.commit(ctx, t, c, checked)
	if lost || err != nil {
		return lost, err
	}
	return false, s.await(t, c)
}

func (s *Store) commit(ctx context.Context, t *txn, c, checked *commit) (lost bool, err error) {
	if err := s.lock.acquire(ctx, s.fuse); err != nil {
		return false, err
	}
	defer s.lock.release()
	if s.history.touched(checked, s.history.begun.Load(), &t.reads) != 0 {
		return true, nil
	}
	return false, s.applyLocked(t, c)
}

// exclusive runs fn and commits under the commit lock.
func (s *Store) exclusive(ctx context.Context, t *txn, fn func(kv.Txn) error) error {
	c, err := s.runLocked(ctx, t, fn)
	switch {
	case c == nil:
		return t.conclude(ctx, err)
	case err != nil:
		return err
	}
	return s.await(t, c)
}

// runLocked returns the commit that it began, or nil when there was none.
func (s *Store) runLocked(ctx context.Context, t *txn, fn func(kv.Txn) error) (*commit, error) {
	if err := s.lock.acquire(ctx, s.fuse); err != nil {
		return nil, err
	}
	defer s.lock.release()
	if err := t.run(fn); err != nil || len(t.order) == 0 {
		return nil, err
	}
	if err := s.admit(ctx, t); err != nil {
		return nil, err
	}
	c := t.prepare()
	return c, s.applyLocked(t, c)
}

// run calls fn and ends the walks that it left open.
func (t *txn) run(fn func(kv.Txn) error) error {
	err := fn(t)
	if finishErr := t.finish(); err == nil {
		err = finishErr
	}
	return err
}

// conclude ends an update that changes nothing: like a View it answers only
// when what it read is durable.
func (t *txn) conclude(ctx context.Context, err error) error {
	if settleErr := t.settle(); settleErr != nil {
		return settleErr
	}
	if err != nil {
		return err
	}
	return ctx.Err()
}

// admit is the last word before a commit is begun.
func (s *Store) admit(ctx context.Context, t *txn) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := s.reserve.admit(t)
	if err != nil || t.dels > 0 && !s.reserve.plenty() {
		s.reclaim.kick()
	}
	return err
}

// applyLocked makes the writes visible and hands them to the WAL. The caller
// holds the commit lock and has checked the reads.
func (s *Store) applyLocked(t *txn, c *commit) error {
	if s.fuse.blown() {
		return s.fuse.refusal()
	}
	if err := s.counters.resolve(s.db, t); err != nil {
		return err
	}
	if t.dels > 0 {
		s.reclaim.deletes.Add(1)
	}
	s.history.begin(c, t.slots)
	if err := s.apply(t.batch); err != nil {
		t.batch = nil // Pebble may still hold it
		s.fuse.blow(err)
		s.syncing.wake()
		return s.fuse.unknown()
	}
	s.counters.applied(t)
	s.history.applied.Store(c)
	return nil
}

// apply turns a panic of Pebble's commit into an error. The fuse leaves no known
// way to one, but Pebble's lock would be lost with it.
func (s *Store) apply(b *pebble.Batch) (err error) {
	defer func() {
		if p := recover(); p != nil {
			s.lock.wedged.Store(true)
			err = fmt.Errorf("pebble: commit: %v", p)
		}
	}()
	return s.db.ApplyNoSyncWait(b, pebble.Sync)
}

// await waits for the sync of c, without any lock: commits in flight share it.
func (s *Store) await(t *txn, c *commit) error {
	s.dropSnapshot()
	if err := t.batch.SyncWait(); err != nil {
		s.fuse.blow(err)
	}
	// A sync that the fuse has swallowed happened after it blew.
	if s.fuse.blown() {
		s.syncing.wake()
		return s.fuse.unknown()
	}
	s.history.raiseSynced(c)
	s.syncing.wake()
	return nil
}
