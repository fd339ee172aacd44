package pebblekv

import (
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// pebbleLogger passes on what an operator should know of Pebble's own log.
type pebbleLogger struct {
	log    *slog.Logger
	fuse   *fuse
	began  time.Time
	quiet  atomic.Int64 // no failure is logged before, a time.Duration since began
	missed atomic.Int64 // failures that were not logged

	second atomic.Int64 // since began, in which damage was last met
	damage atomic.Int64 // how often in that second
}

const (
	failureInterval = time.Minute
	// Whoever meets damage waits for damagePause if it was met damageBurst times
	// within the second. Pebble 2.1.7 collects the statistics of tables at once
	// again when it could not read one, which otherwise is a busy loop for as
	// long as the table is there.
	damageBurst = 50
	damagePause = 10 * time.Millisecond
)

// Infof implements pebble.Logger; Pebble tells there what it does all day.
func (*pebbleLogger) Infof(string, ...any) {}

// Errorf implements pebble.Logger.
func (l *pebbleLogger) Errorf(format string, args ...any) {
	l.failure(fmt.Errorf(format, args...))
}

// Fatalf is reached when Pebble finds its own state broken; disk errors do not
// come here (see fuse). The fuse keeps the disk as it is. Going on with broken
// state could return wrong data, so this panics: in a commit the panic is
// caught, in the background it ends the process.
func (l *pebbleLogger) Fatalf(format string, args ...any) {
	err := fmt.Errorf("pebble: "+format, args...)
	l.fuse.blow(err)
	panic(err)
}

// failure logs an error of background work, of which one cause can make any
// number.
func (l *pebbleLogger) failure(err error) {
	now := int64(time.Since(l.began))
	quiet := l.quiet.Load()
	if l.fuse.blown() || now < quiet || !l.quiet.CompareAndSwap(quiet, now+int64(failureInterval)) {
		l.missed.Add(1)
		return
	}
	l.log.Error("kv engine: background work failed", "err", err, "unlogged", l.missed.Swap(0))
}

func (l *pebbleLogger) paceDamage() {
	second := int64(time.Since(l.began) / time.Second)
	if l.second.Swap(second) != second {
		l.damage.Store(0)
	}
	if l.damage.Add(1) > damageBurst {
		time.Sleep(damagePause)
	}
}

func (l *pebbleLogger) events(c *compactions, r *blobRewrites, p *pressure) *pebble.EventListener {
	ended := func(err error) {
		p.kick()
		switch {
		case err == nil:
			c.succeeded()
		case !errors.Is(err, pebble.ErrCancelledCompaction):
			c.failed()
			l.failure(err)
		}
	}
	return &pebble.EventListener{
		BackgroundError:      l.failure,
		FlushEnd:             func(pebble.FlushInfo) { p.kick() },
		CompactionEnd:        func(info pebble.CompactionInfo) { ended(info.Err) },
		BlobFileRewriteBegin: r.begin,
		BlobFileRewriteEnd: func(info pebble.BlobFileRewriteInfo) {
			r.end(info)
			ended(info.Err)
		},
		// Pebble's default is Fatalf. A damaged block is an error of the read
		// that met it, and of no other.
		DataCorruption: func(info pebble.DataCorruptionInfo) {
			l.failure(fmt.Errorf("%s is damaged: %w", info.Path, info.Details))
			l.paceDamage()
		},
		WriteStallBegin: func(info pebble.WriteStallBeginInfo) {
			l.log.Warn("kv engine: writers wait", "reason", info.Reason)
		},
		WriteStallEnd: func() { l.log.Warn("kv engine: writers go on") },
	}
}
