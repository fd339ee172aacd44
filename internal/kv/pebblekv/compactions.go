package pebblekv

import (
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// compactions decides when Pebble may compact. Unlike Pebble's own scheduler it
// lets none begin when the fuse has blown, nor while the disk is nearly full,
// nor for a while after one has failed: Pebble tries a failed compaction again
// at once, so that one damaged table would keep a processor busy for ever. It
// also does not wake up ten times a second.
//
// Its lock comes after Pebble's: it is never held in a call to Pebble but
// GetAllowedWithoutPermission, which takes none.
type compactions struct {
	blown func() bool
	room  func() bool // the disk has space for a compaction

	mu       sync.Mutex
	idle     sync.Cond // granting has become false
	db       pebble.DBForCompaction
	running  int
	granting bool
	stopped  bool
	failures int       // in a row
	resume   time.Time // none begins before
	again    *time.Timer
}

const (
	compactionPause    = time.Second // after the first failure, and between looks at the disk
	maxCompactionPause = time.Minute
)

func newCompactions(f *fuse, room func() bool) *compactions {
	c := &compactions{blown: f.blown, room: room}
	c.idle.L = &c.mu
	return c
}

// Register implements pebble.CompactionScheduler.
func (c *compactions) Register(_ int, db pebble.DBForCompaction) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.db = db
	c.again = time.AfterFunc(time.Hour, c.grant)
	c.again.Stop()
}

// Unregister implements pebble.CompactionScheduler.
func (c *compactions) Unregister() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	c.again.Stop()
	for c.granting {
		c.idle.Wait()
	}
}

// TrySchedule implements pebble.CompactionScheduler. What it refuses Pebble
// keeps for grant.
func (c *compactions) TrySchedule() (bool, pebble.CompactionGrantHandle) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.free() {
		return false, nil
	}
	c.running++
	return true, c
}

// free reports whether a compaction may begin now, and if it is only paused
// sees to it that grant looks again.
func (c *compactions) free() bool {
	if c.stopped || c.blown() || c.running >= c.db.GetAllowedWithoutPermission() {
		return false
	}
	pause := time.Until(c.resume)
	if pause <= 0 && !c.room() {
		pause = compactionPause
	}
	if pause > 0 {
		c.again.Reset(pause)
		return false
	}
	return true
}

// grant lets compactions begin that were refused before.
func (c *compactions) grant() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.granting {
		c.idle.Wait()
	}
	c.granting = true
	for c.free() && c.offer() {
		continue
	}
	c.granting = false
	c.idle.Broadcast()
}

// offer lets one compaction begin, if Pebble has one. It lets go of the lock
// meanwhile.
func (c *compactions) offer() (begun bool) {
	c.running++
	c.mu.Unlock()
	if waiting, _ := c.db.GetWaitingCompaction(); waiting {
		begun = c.db.Schedule(c)
	}
	c.mu.Lock()
	if !begun {
		c.running--
	}
	return begun
}

// UpdateGetAllowedWithoutPermission implements pebble.CompactionScheduler. Pebble
// calls it after each flush, with its lock held, so that another goroutine does
// the work. It ends a pause: there is something new to compact, which must not
// pile up because of an old failure.
func (c *compactions) UpdateGetAllowedWithoutPermission() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stopped && !c.blown() {
		c.resume = time.Time{}
		c.again.Reset(0)
	}
}

// Done implements pebble.CompactionGrantHandle.
func (c *compactions) Done() {
	c.mu.Lock()
	c.running--
	c.mu.Unlock()
	c.grant()
}

// Started implements pebble.CompactionGrantHandle.
func (c *compactions) Started() {}

// MeasureCPU implements pebble.CompactionGrantHandle.
func (c *compactions) MeasureCPU(pebble.CompactionGoroutineKind) {}

// CumulativeStats implements pebble.CompactionGrantHandle.
func (c *compactions) CumulativeStats(pebble.CompactionGrantHandleStats) {}

// failed and succeeded are told how compactions end. Pebble calls them before
// it looks for the next one.
func (c *compactions) failed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	pause := min(compactionPause<<min(c.failures, 10), maxCompactionPause)
	c.failures++
	c.resume = time.Now().Add(pause)
}

func (c *compactions) succeeded() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures = 0
}
