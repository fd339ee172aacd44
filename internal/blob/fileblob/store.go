package fileblob

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/keyhaven/keyhaven/internal/blob"
)

const (
	suffix  = ".tmp"    // of a blob that is being written
	unclean = "UNCLEAN" // the file that says a Store is open or did not close
)

// Options change how a Store works; the zero value is right for use.
type Options struct {
	FS     FS        // default: the file system of the machine
	Random io.Reader // of sessions and refs; default: crypto/rand
	// ReserveBytes is the disk space that is left to the metadata: with less
	// free, blobs are refused with blob.ErrNoSpace. 0 means 256 MiB, a negative
	// value switches the reserve off. Inodes are left too.
	ReserveBytes int64
}

// Store is a blob.Store over a directory.
type Store struct {
	fs      FS
	random  io.Reader
	path    string
	session blob.Session
	reserve *reserve
	dirs    [fanOut]directory

	buffers sync.Pool // *[bufferSize]byte, of writers and Verify
	scratch sync.Pool // *[chunkSize]byte, of readers

	closed  atomic.Bool
	writers atomic.Int64 // not ended
	stuck   atomic.Bool  // a temporary file could not be removed (F5)
}

var _ blob.Store = (*Store)(nil)

var errClosed = errors.New("fileblob: store is closed")

// Open opens the directory dir, which must exist, and makes what it lacks. The
// left-overs of a crash are removed before it returns.
func Open(dir string, opts Options) (*Store, error) {
	if opts.FS == nil {
		opts.FS = osFS{}
	}
	if opts.Random == nil {
		opts.Random = rand.Reader
	}
	s := &Store{
		fs:      opts.FS,
		random:  opts.Random,
		path:    dir,
		reserve: newReserve(opts.FS, dir, opts.ReserveBytes),
		buffers: sync.Pool{New: func() any { return new([bufferSize]byte) }},
		scratch: sync.Pool{New: func() any { return new([chunkSize]byte) }},
	}
	if _, err := io.ReadFull(s.random, s.session[:]); err != nil {
		return nil, fmt.Errorf("fileblob: open: random: %w", err)
	}
	if err := s.prepare(); err != nil {
		return nil, wrap(err, "open %s", dir)
	}
	return s, nil
}

// prepare makes the fan-out directories and UNCLEAN durable before any blob can
// be created. The sync is needed even when all of them are there: the crash of a
// process leaves names that the loss of power would still take away.
func (s *Store) prepare() error {
	for i := range s.dirs {
		d := &s.dirs[i]
		d.path = fmt.Sprintf("%s/%02x", s.path, i)
		if err := s.fs.Mkdir(d.path); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	f, err := s.fs.Create(s.path + "/" + unclean)
	crashed := errors.Is(err, fs.ErrExist)
	switch {
	case crashed:
	case err != nil:
		return err
	default:
		if err := f.Close(); err != nil {
			return err
		}
	}
	if err := s.fs.SyncDir(s.path); err != nil {
		return err
	}
	if crashed {
		return s.removeLeftOvers()
	}
	return nil
}

// removeLeftOvers removes what writers left that never committed.
func (s *Store) removeLeftOvers() error {
	for i := range s.dirs {
		d := &s.dirs[i]
		for name, err := range s.fs.Names(d.path) {
			if err != nil {
				return err
			}
			if !isTemporary(name) {
				continue
			}
			err := d.removeTemporary(s.fs, d.path+"/"+name)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

func isTemporary(name string) bool {
	stem, ok := strings.CutSuffix(name, suffix)
	_, isRef := refOf(stem)
	return ok && isRef
}

// refOf returns the ref that a file of this name has.
func refOf(name string) (blob.Ref, bool) {
	ref, err := blob.ParseRef(name)
	return ref, err == nil && ref.String() == name
}

func (s *Store) directory(ref blob.Ref) *directory { return &s.dirs[ref[blob.SessionSize]] }

// begin is the first step of every call.
func (s *Store) begin(ctx context.Context) error {
	if s.closed.Load() {
		return errClosed
	}
	return ctx.Err()
}

// Session returns the session of this opening, drawn at random.
func (s *Store) Session() blob.Session { return s.session }

// Delete removes the blob's file and makes that durable.
func (s *Store) Delete(ctx context.Context, ref blob.Ref) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	d := s.directory(ref)
	if d.hides(ref) {
		return nil // not committed, so not there
	}
	if err := s.fs.Remove(d.name(ref)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return wrap(err, "delete %s", ref)
	}
	if err := d.makeDurable(s.fs); err != nil {
		return wrap(err, "delete %s", ref)
	}
	return nil
}

// Close ends the opening. Readers keep working; writers that have not ended can
// only be aborted.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	if s.writers.Load() > 0 || s.stuck.Load() {
		return nil // F5: the next Open has something to remove
	}
	for i := range s.dirs {
		if d := &s.dirs[i]; d.loose.Load() {
			if err := d.makeDurable(s.fs); err != nil {
				return wrap(err, "close")
			}
		}
	}
	if err := s.fs.Remove(s.path + "/" + unclean); err != nil {
		return wrap(err, "close")
	}
	return nil
}

// wrap says what failed, and turns a full disk into blob.ErrNoSpace.
func wrap(err error, format string, args ...any) error {
	if what := fmt.Sprintf(format, args...); noSpace(err) {
		return fmt.Errorf("fileblob: %s: %w: %w", what, blob.ErrNoSpace, err)
	} else {
		return fmt.Errorf("fileblob: %s: %w", what, err)
	}
}
