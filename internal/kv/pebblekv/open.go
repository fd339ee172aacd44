package pebblekv

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/keyhaven/keyhaven/internal/kv"
)

// Options tunes a store. The zero value is good.
type Options struct {
	// FS holds the files; nil means the operating system's.
	FS vfs.FS
	// CacheBytes bounds the cache of blocks read from disk; 0 means 24 MiB. It
	// is filled as blocks are read, not before.
	CacheBytes int64
	// MemTableBytes is the size of the newest writes kept in memory before they
	// are flushed; 0 means 16 MiB. The first memtable has 256 KiB and each next
	// one twice that, so a store that is idle stays small. Under load up to
	// four exist at a time.
	MemTableBytes int64
	// ReserveBytes is the disk space that is kept for deleting: when less is
	// free, updates that only add data fail with kv.ErrNoSpace (see reserve). 0
	// means 128 MiB, a negative value switches the reserve off.
	ReserveBytes int64
	// Logger receives what happens in the background; nil means nobody.
	Logger *slog.Logger
}

const (
	defaultCacheBytes    = 24 << 20
	defaultMemTableBytes = 16 << 20
	defaultReserveBytes  = 128 << 20
	minMemTableBytes     = 64 << 10
	memTableLimit        = 3 // flushing and mutable memtables before writers wait
)

func (o Options) withDefaults() Options {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.CacheBytes <= 0 {
		o.CacheBytes = defaultCacheBytes
	}
	if o.MemTableBytes <= 0 {
		o.MemTableBytes = defaultMemTableBytes
	}
	o.MemTableBytes = max(o.MemTableBytes, minMemTableBytes)
	if o.ReserveBytes == 0 {
		o.ReserveBytes = defaultReserveBytes
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Store is a kv.Store in one directory.
type Store struct {
	db       *pebble.DB
	fuse     *fuse
	history  *history
	counters counters
	hot      hot
	reserve  *reserve
	reclaim  *reclaim
	pressure *pressure
	gate     gate
	lock     commitLock

	cached  snapshotCache
	syncing syncWaiters
	readers sync.Pool // of *reader
	txns    sync.Pool // of *txn
}

var _ kv.Store = (*Store)(nil)

// Open opens the store in dir, and creates it and its directory when there is
// none. The directory is locked against a second Open until Close.
func Open(dir string, opts Options) (store *Store, err error) {
	opts = opts.withDefaults()
	f := newFuse(func(cause error) {
		opts.Logger.Error("kv store turns read-only: a write failed", "err", cause)
	})
	space := newReserve(opts.FS, dir, opts.ReserveBytes)
	p := newPressure()
	db, err := openPebble(dir, pebbleOptions(opts, f, space, p))
	if err == nil && f.blown() {
		err = errors.Join(f.err(), db.Close())
	}
	if err != nil {
		return nil, classify("pebblekv: open", errors.Join(f.err(), err))
	}
	s := &Store{
		db:       db,
		fuse:     f,
		history:  newHistory(),
		reserve:  space,
		pressure: p,
	}
	s.gate.init()
	s.lock.init()
	s.syncing.init()
	s.readers.New = func() any { return &reader{s: s} }
	s.txns.New = func() any { return newTxn(s) }
	space.unflushed = func() uint64 { return db.Metrics().WAL.Size }
	s.reclaim = startReclaim(s, opts.Logger)
	go p.run(func() int64 { return int64(db.Metrics().Levels[0].Sublevels) })
	p.kick()
	return s, nil
}

// openPebble turns the panics of a Pebble that cannot be opened into errors.
func openPebble(dir string, opts *pebble.Options) (db *pebble.DB, err error) {
	defer func() {
		if p := recover(); p != nil {
			db, err = nil, fmt.Errorf("pebble: %v", p)
		}
	}()
	return pebble.Open(dir, opts)
}

// Close waits for running calls, and for Pebble's background work, and releases
// the directory. Calls that come later return kv.ErrClosed. Closing twice is
// harmless.
func (s *Store) Close() error {
	if !s.gate.close() {
		return nil
	}
	s.dropSnapshot()
	s.anchor(nil)
	if s.lock.wedged.Load() {
		// A panic in Pebble's commit left its lock behind; DB.Close would wait
		// for it for ever.
		return s.fuse.refusal()
	}
	s.reclaim.stop()
	s.pressure.stop()
	s.settle()
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("pebblekv: close: %w", err)
	}
	return nil
}

// settleTime bounds how long Close waits for the last flush.
const settleTime = 10 * time.Second

// settle moves what is in the WAL into tables. Damage to the end of a WAL is not
// always told from the end of a WAL that a crash cut off; in a table it is. It is a
// precaution and no promise: without it all is in the WAL.
func (s *Store) settle() {
	if s.fuse.blown() {
		return
	}
	flushed, err := s.db.AsyncFlush()
	if err != nil {
		return
	}
	select {
	case <-flushed:
	case <-time.After(settleTime): // the disk is full or does not answer
	}
}

// Metrics is a glance at the size of a store, in bytes.
type Metrics struct {
	DiskBytes     uint64 // all files
	MemTableBytes uint64 // newest writes, in memory
	CacheBytes    int64  // blocks in memory
}

// Metrics returns the present sizes; all are zero when the store is closed.
func (s *Store) Metrics() Metrics {
	if s.gate.enter() != nil {
		return Metrics{}
	}
	defer s.gate.leave()
	m := s.db.Metrics()
	return Metrics{
		DiskBytes:     m.DiskSpaceUsage(),
		MemTableBytes: m.MemTable.Size,
		CacheBytes:    m.BlockCache.Size,
	}
}
