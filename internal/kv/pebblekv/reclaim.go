package pebblekv

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// reclaim wins disk space back when updates are refused for the lack of it.
//
// What is deleted takes its space until a compaction has brought the deletion
// and the value together. Pebble does so when it has something to compact, and a
// disk on which nothing can be written but deletions never gives it that: the
// deletions stay in the memtable, and the disk stays full. So they are flushed
// and compacted here, a few tables at a time, until there is space or nothing
// left to win.
//
// A blob file goes when all of its values are gone. One of which some are left
// is rewritten by Pebble, without them, when it is RewriteMinimumAge old and
// there is enough garbage (see tuning.go).
type reclaim struct {
	s       *Store
	log     *slog.Logger
	kicks   chan struct{}
	deletes atomic.Uint64 // updates that deleted
	cancel  context.CancelFunc
	done    chan struct{}
}

const (
	reclaimPause    = 2 * time.Second  // between two attempts, at least
	reclaimPatience = 10 * time.Minute // without a deletion, until it waits for the next kick
	reclaimTables   = 8                // of the lowest level, compacted at a time
)

func startReclaim(s *Store, log *slog.Logger) *reclaim {
	ctx, cancel := context.WithCancel(context.Background())
	r := &reclaim{s: s, log: log, kicks: make(chan struct{}, 1), cancel: cancel, done: make(chan struct{})}
	go r.run(ctx)
	return r
}

// stop returns when no compaction of this is running any more.
func (r *reclaim) stop() {
	r.cancel()
	<-r.done
}

// kick says that there is too little space.
func (r *reclaim) kick() {
	select {
	case r.kicks <- struct{}{}:
	default:
	}
}

func (r *reclaim) run(ctx context.Context) {
	defer close(r.done)
	seen, first := uint64(0), true
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.kicks:
		}
		for last := time.Now(); time.Since(last) < reclaimPatience && !r.s.fuse.blown() && !r.s.reserve.plenty(); {
			began := time.Now()
			// Before the first attempt there may be deletions of earlier openings.
			if n := r.deletes.Load(); n != seen || first {
				seen, first, last = n, false, began
				r.attempt(ctx)
			}
			r.look()
			select {
			case <-ctx.Done():
				return
			case <-time.After(max(reclaimPause, 2*time.Since(began))):
			}
		}
	}
}

// look lets Pebble look for something to compact. It does so by itself when
// something has changed, but a blob file may only have to become old enough. It
// also does when its oldest snapshot goes.
func (r *reclaim) look() {
	r.s.dropSnapshot()
	r.s.anchor(nil)
	// Close fails only when it was closed before.
	_ = r.s.db.NewSnapshot().Close()
}

// attempt compacts what deletions have touched, until there is space.
func (r *reclaim) attempt(ctx context.Context) {
	began, before := time.Now(), r.s.reserve.look()
	err := r.compact(ctx)
	if ctx.Err() != nil || r.s.fuse.blown() {
		return
	}
	r.log.Info("kv engine: compacted for space", "free_before", before, "free_after", r.s.reserve.look(),
		"duration", time.Since(began), "err", err)
}

func (r *reclaim) compact(ctx context.Context) error {
	// Old snapshots keep what was deleted after them.
	r.s.dropSnapshot()
	r.s.anchor(nil)
	if r.s.fuse.blown() {
		return nil
	}
	if err := r.s.db.Flush(); err != nil {
		return err
	}
	bounds, err := r.bounds()
	if err != nil {
		return err
	}
	for i := 1; i < len(bounds); i++ {
		if r.s.fuse.blown() || r.s.reserve.plenty() {
			return nil
		}
		if err := r.s.db.Compact(ctx, bounds[i-1], bounds[i], false); err != nil {
			return err
		}
	}
	return nil
}

// bounds cuts the keys that there are into stretches with a few tables of the
// lowest level in each, so that a compaction needs little space while it runs.
// There are none when no table holds a deletion.
func (r *reclaim) bounds() ([][]byte, error) {
	levels, err := r.s.db.SSTables()
	if err != nil {
		return nil, err
	}
	var lowest []pebble.SSTableInfo
	var first, last []byte
	deletions := false
	for _, tables := range levels {
		if len(tables) > 0 {
			lowest = tables
		}
		for _, t := range tables {
			// Without entries the statistics are not there yet.
			deletions = deletions || t.TableStats.NumDeletions > 0 || t.TableStats.NumEntries == 0
			if first == nil || bytes.Compare(t.Smallest.UserKey, first) < 0 {
				first = t.Smallest.UserKey
			}
			if bytes.Compare(t.Largest.UserKey, last) > 0 {
				last = t.Largest.UserKey
			}
		}
	}
	if !deletions {
		return nil, nil
	}
	bounds := [][]byte{first}
	for i := reclaimTables; i < len(lowest); i += reclaimTables {
		if k := lowest[i].Smallest.UserKey; bytes.Compare(k, bounds[len(bounds)-1]) > 0 {
			bounds = append(bounds, k)
		}
	}
	return append(bounds, append(slices.Clone(last), 0)), nil
}
