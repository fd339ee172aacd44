package pebblekv

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
)

// formatVersion is pinned: a newer Pebble must not change the files of a store
// that may have to go back to the release before.
const formatVersion = pebble.FormatValueSeparation

func pebbleOptions(opts Options, f *fuse, room func() bool) *pebble.Options {
	log := pebbleLogger{log: opts.Logger, fuse: f}
	o := &pebble.Options{
		FS:                 newFuseFS(opts.FS, f, room),
		FormatMajorVersion: formatVersion,
		Logger:             log,
		EventListener:      log.events(),

		// Pebble takes its memtables out of the cache's budget. They are added
		// here so that CacheBytes is what is left for blocks.
		CacheSize:                   opts.CacheBytes + memTableLimit*opts.MemTableBytes,
		MemTableSize:                uint64(opts.MemTableBytes),
		MemTableStopWritesThreshold: memTableLimit,
		WALBytesPerSync:             512 << 10,
		MaxOpenFiles:                512,

		// Two cores: one compaction, a second when level 0 piles up.
		CompactionConcurrencyRange: func() (int, int) { return 1, 2 },
		L0CompactionThreshold:      4,
		L0StopWritesThreshold:      24,
		LBaseMaxBytes:              64 << 20,
	}
	// Small tables keep their bloom filters small, each of which is read whole.
	o.TargetFileSizes = [...]int64{2 << 20, 4 << 20, 8 << 20, 16 << 20, 16 << 20, 16 << 20, 16 << 20}
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		o.Levels[i].FilterType = pebble.TableFilter
		o.Levels[i].BlockSize = 8 << 10
	}
	o.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionFastest })
	o.Experimental.L0CompactionConcurrency = 8
	o.Experimental.ReadSamplingMultiplier = -1
	o.Experimental.ValueSeparationPolicy = func() pebble.ValueSeparationPolicy {
		return pebble.ValueSeparationPolicy{
			Enabled:               true,
			MinimumSize:           1 << 10,
			MaxBlobReferenceDepth: 10,
			RewriteMinimumAge:     5 * time.Minute,
			TargetGarbageRatio:    0.25,
		}
	}
	return o
}

// pebbleLogger passes on what an operator should know of Pebble's own log.
type pebbleLogger struct {
	log  *slog.Logger
	fuse *fuse
}

func (pebbleLogger) Infof(string, ...any) {}

func (l pebbleLogger) Errorf(format string, args ...any) {
	l.log.Error("kv engine", "err", fmt.Sprintf(format, args...))
}

// Fatalf is reached when Pebble finds its own state broken; disk errors do not
// come here (see fuse). The fuse keeps the disk as it is. Going on with broken
// state could return wrong data, so this panics: in a commit the panic is
// caught, in the background it ends the process.
func (l pebbleLogger) Fatalf(format string, args ...any) {
	err := fmt.Errorf("pebble: "+format, args...)
	l.fuse.blow(err)
	panic(err)
}

func (l pebbleLogger) events() *pebble.EventListener {
	return &pebble.EventListener{
		BackgroundError: func(err error) {
			if !l.fuse.blown() {
				l.log.Error("kv engine: background work failed", "err", err)
			}
		},
		// Pebble's default is Fatalf. A damaged block is an error of the read
		// that met it, and of no other.
		DataCorruption: func(info pebble.DataCorruptionInfo) {
			l.log.Error("kv engine: data is damaged", "path", info.Path, "err", info.Details)
		},
		WriteStallBegin: func(info pebble.WriteStallBeginInfo) {
			l.log.Warn("kv engine: writers wait", "reason", info.Reason)
		},
		WriteStallEnd: func() { l.log.Warn("kv engine: writers go on") },
	}
}
