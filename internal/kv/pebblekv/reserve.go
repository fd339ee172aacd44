package pebblekv

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/keyhaven/keyhaven/internal/kv"
)

// reserve keeps a full disk from stopping the store: space can only be won back
// by deleting, and deleting writes.
//
// Below the reserve an update is refused that writes bulkBytes or more, at once
// or in one value; below half of it every update that deletes nothing, and
// compactions wait; below a quarter those that run give up. The rest goes on
// until the disk is really full, when the fuse blows. What is in memtables counts
// as used: it will be written again.
type reserve struct {
	fs    vfs.FS
	dir   string
	bytes uint64
	began time.Time     // monotonic: the wall clock may jump
	free  atomic.Uint64 // at the last look
	next  atomic.Int64  // when to look again, a time.Duration since began

	// unflushed returns the bytes that a flush will write. It takes Pebble's main
	// lock, which those who call room may hold.
	unflushed func() uint64
	flush     atomic.Uint64 // what it returned last
	ask       atomic.Int64  // when to ask again
}

const (
	bulkBytes       = 4 << 10
	reserveInterval = 100 * time.Millisecond
	unflushedMost   = 1 << 30 // more than memtables hold
	unlimited       = 1 << 62 // the free bytes of a file system that does not say
)

func newReserve(fs vfs.FS, dir string, bytes int64) *reserve {
	r := &reserve{fs: fs, dir: dir, bytes: uint64(max(bytes, 0)), began: time.Now()}
	r.free.Store(unlimited)
	return r
}

// admit returns an error that wraps kv.ErrNoSpace when the update must not run.
func (r *reserve) admit(t *txn) error {
	deletes := t.dels > 0
	if r.bytes == 0 || deletes && !t.bulky {
		return nil
	}
	limit := r.bytes / 2
	if t.bulky || t.size >= bulkBytes {
		limit = r.bytes
	}
	if free := r.afterFlush(); free < limit {
		return fmt.Errorf("pebblekv: %d bytes are free and %d are kept for deleting: %w",
			free, limit, kv.ErrNoSpace)
	}
	return nil
}

// plenty reports whether there is no need to win space back: neither here nor
// for blobs, which stop while twice the reserve is left.
func (r *reserve) plenty() bool { return r.bytes == 0 || r.afterFlush() >= 3*r.bytes }

// afterFlush returns the bytes that will be free when all memtables are flushed.
func (r *reserve) afterFlush() uint64 {
	free := r.look()
	if r.unflushed == nil || free > r.bytes+unflushedMost {
		return free
	}
	now := int64(time.Since(r.began))
	if ask := r.ask.Load(); now >= ask && r.ask.CompareAndSwap(ask, now+int64(reserveInterval)) {
		r.flush.Store(r.unflushed())
	}
	return free - min(free, r.flush.Load())
}

// scarce reports whether compactions must make do with little space, and short
// whether space should be won back at any price.
func (r *reserve) scarce() (scarce, short bool) {
	if r.bytes == 0 {
		return false, false
	}
	free := r.measure()
	return free < 16*r.bytes, free < 4*r.bytes
}

// tight reports whether a compaction must give up what it has written.
func (r *reserve) tight() bool { return r.bytes > 0 && r.measure() < r.bytes/4 }

// room reports whether a compaction may begin.
func (r *reserve) room() bool { return r.bytes == 0 || r.look() >= r.bytes/2 }

// look returns the free bytes, at most reserveInterval old.
func (r *reserve) look() uint64 {
	now := int64(time.Since(r.began))
	next := r.next.Load()
	if now < next || !r.next.CompareAndSwap(next, now+int64(reserveInterval)) {
		return r.free.Load()
	}
	free := r.measure()
	r.free.Store(free)
	return free
}

func (r *reserve) measure() uint64 {
	usage, err := r.fs.GetDiskUsage(r.dir)
	if err != nil {
		return unlimited
	}
	return usage.AvailBytes
}
