package pebblekv

import (
	"math"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
)

// formatVersion is pinned: a newer Pebble must not change the files of a store
// that may have to go back to the release before.
const formatVersion = pebble.FormatValueSeparation

// farReferences is the blob reference depth that no table reaches.
const farReferences = 1 << 20

func pebbleOptions(opts Options, f *fuse, space *reserve, p *pressure) *pebble.Options {
	log := &pebbleLogger{log: opts.Logger, fuse: f, began: time.Now()}
	scheduler := newCompactions(f, space.room)
	disk := newFuseFS(opts.FS, f, space)
	o := &pebble.Options{
		FS:                 disk,
		FormatMajorVersion: formatVersion,
		Logger:             log,
		EventListener:      log.events(scheduler, &disk.rewrites, p),

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
		L0StopWritesThreshold:      math.MaxInt32, // see pressure
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
	o.Experimental.CompactionScheduler = scheduler
	o.Experimental.L0CompactionConcurrency = 8
	o.Experimental.ReadSamplingMultiplier = -1
	o.Experimental.ValueSeparationPolicy = func() pebble.ValueSeparationPolicy {
		p := pebble.ValueSeparationPolicy{
			Enabled:               true,
			MinimumSize:           1 << 10,
			MaxBlobReferenceDepth: 10,
			RewriteMinimumAge:     time.Minute, // as it is at Open
			TargetGarbageRatio:    0.25,
		}
		scarce, short := space.scarce()
		if scarce {
			// Else a compaction may write all values again that it meets.
			p.MaxBlobReferenceDepth = farReferences
		}
		if short {
			p.TargetGarbageRatio = 0.02
		}
		return p
	}
	return o
}
