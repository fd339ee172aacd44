package audit

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"
)

const (
	// maxSegment is the size in bytes from which a new file is begun. One is begun
	// with every day of UTC, too.
	maxSegment = 64 << 20
	// maxLine bounds a record in bytes.
	maxLine = 256 << 10
)

// ErrClosed is what Append returns after Close.
var ErrClosed = errors.New("the log is closed")

var errSync = errors.New("the log could not be synced; restart the server")

// Options are the settings of a Log.
type Options struct {
	// Retention is how long files are kept after their last record; for ever when
	// zero.
	Retention time.Duration
	Log       *slog.Logger     // slog.Default when nil
	Now       func() time.Time // time.Now when nil
}

// Log is an open log. It is for many goroutines.
type Log struct {
	dir  string
	opts Options

	mu       sync.Mutex
	file     *os.File
	segment  uint64 // the number of its first record
	size     int64
	day      int64
	next     uint64 // the number of the next record
	previous string // the hash of the last line
	written  uint64 // records written
	failed   error  // what a failed write left cannot be trusted

	syncing sync.Mutex
	synced  uint64 // records on disk; under syncing
}

// Open opens the log in a directory, which it makes when there is none, and cuts
// off a line that a crash tore (W4). The log must be open once.
func Open(dir string, opts Options) (*Log, error) {
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	l := &Log{dir: dir, opts: opts, next: 1}
	if err := l.open(); err != nil {
		return nil, fmt.Errorf("audit log %s: %w", dir, err)
	}
	return l, nil
}

func (l *Log) open() error {
	if err := os.MkdirAll(l.dir, 0o700); err != nil {
		return err
	}
	if err := syncDir(filepath.Dir(l.dir)); err != nil {
		return err
	}
	segments, err := listSegments(l.dir)
	if err != nil || len(segments) == 0 {
		return err
	}
	first := segments[len(segments)-1]
	f, err := os.OpenFile(segmentPath(l.dir, first), os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	l.file, l.segment, l.next = f, first, first
	if err := l.recover(); err != nil {
		return errors.Join(err, f.Close())
	}
	return nil
}

// recover reads the newest file to its end.
func (l *Log) recover() error {
	in := bufio.NewReaderSize(l.file, 1<<20)
	for {
		line, err := in.ReadSlice('\n')
		if err != nil { // the end, or a line without one
			break
		}
		var e Event
		if json.Unmarshal(line, &e) != nil || e.Chain == nil {
			break
		}
		l.size += int64(len(line))
		l.day = dayOf(e.EventTime)
		l.next, l.previous = e.Chain.Sequence+1, hashOf(line[:len(line)-1])
	}
	end, err := l.file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if end > l.size {
		if err := l.cutTorn(end); err != nil {
			return err
		}
	}
	if l.previous == "" && l.segment > 1 {
		// The file was begun and nothing came into it: the chain goes on from the
		// file before, if that is still kept.
		if l.previous, err = lastHash(l.dir, l.segment); err != nil {
			return err
		}
	}
	if _, err = l.file.Seek(l.size, io.SeekStart); err != nil {
		return err
	}
	l.written, l.synced = l.next-1, l.next-1
	return nil
}

// cutTorn cuts off what follows the last record that can be read. It is kept
// beside the log, as it may be damage and not the trace of a crash.
func (l *Log) cutTorn(end int64) error {
	torn := make([]byte, min(end-l.size, maxSegment))
	if _, err := l.file.ReadAt(torn, l.size); err != nil {
		return err
	}
	name := fmt.Sprintf("torn-%020d-%d", l.next, l.opts.Now().Unix())
	if err := os.WriteFile(filepath.Join(l.dir, name), torn, 0o600); err != nil {
		return err
	}
	l.opts.Log.Warn("audit: moved an unreadable end of the log aside", "file", segmentName(l.segment), "bytes", end-l.size, "to", name)
	return errors.Join(l.file.Truncate(l.size), l.file.Sync(), syncDir(l.dir))
}

// Append adds a record, and returns when it is on disk unless it is of a read
// (W1). The event is completed by the log.
func (l *Log) Append(ctx context.Context, e *Event) error {
	n, err := l.write(e)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	if e.ReadOnly {
		return nil
	}
	return l.syncTo(n)
}

func (l *Log) write(e *Event) (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.mend(); err != nil {
		return 0, err
	}
	e.complete(uuid.NewString(), l.opts.Now())
	if err := l.rotate(e.EventTime); err != nil {
		return 0, err
	}
	e.Chain = &Chain{Sequence: l.next, Previous: l.previous}
	line, err := json.Marshal(e)
	if err != nil {
		return 0, err
	}
	if len(line) >= maxLine {
		e.RequestParameters, e.ResponseElements = nil, nil
		if line, err = json.Marshal(e); err != nil {
			return 0, err
		}
	}
	if _, err := l.file.Write(append(line, '\n')); err != nil {
		l.failed = err
		return 0, err
	}
	l.size += int64(len(line)) + 1
	l.previous = hashOf(line)
	l.next++
	l.written = e.Chain.Sequence
	return l.written, nil
}

// mend cuts off what a failed write left. After a failed sync nobody knows what
// is on disk: only a restart, which reads it, helps.
func (l *Log) mend() error {
	if l.failed == nil || errors.Is(l.failed, ErrClosed) || errors.Is(l.failed, errSync) {
		return l.failed
	}
	if err := l.file.Truncate(l.size); err != nil {
		return err
	}
	if _, err := l.file.Seek(l.size, io.SeekStart); err != nil {
		return err
	}
	l.failed = nil
	return nil
}

// rotate begins a new file with the first record, when the old one is full, and
// with every day.
func (l *Log) rotate(at time.Time) error {
	if l.file != nil && l.size < maxSegment && (l.size == 0 || dayOf(at) == l.day) {
		l.day = dayOf(at)
		return nil
	}
	f, err := os.OpenFile(segmentPath(l.dir, l.next), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err := syncDir(l.dir); err != nil {
		return errors.Join(err, f.Close())
	}
	if l.file != nil {
		if err := l.file.Sync(); err != nil {
			l.failed = fmt.Errorf("%w: %w", errSync, err)
			return errors.Join(l.failed, f.Close())
		}
		_ = l.file.Close() // it is synced
	}
	l.file, l.segment, l.size, l.day = f, l.next, 0, dayOf(at)
	return nil
}

// syncTo returns when record n is on disk. Records that arrive meanwhile share
// the next sync.
func (l *Log) syncTo(n uint64) error {
	l.syncing.Lock()
	defer l.syncing.Unlock()
	if l.synced >= n {
		return nil
	}
	l.mu.Lock()
	f, written, err := l.file, l.written, l.failed
	l.mu.Unlock()
	if errors.Is(err, ErrClosed) || errors.Is(err, errSync) {
		return err
	}
	if err := f.Sync(); err != nil && !errors.Is(err, os.ErrClosed) { // rotate syncs before it closes
		l.mu.Lock()
		defer l.mu.Unlock()
		l.failed = fmt.Errorf("%w: %w", errSync, err)
		return fmt.Errorf("audit: %w", l.failed)
	}
	l.synced = written
	return nil
}

// Head returns the number and the hash of the last record, to be kept elsewhere
// (W2); 0 and "" for an empty log.
func (l *Log) Head() (sequence uint64, hash string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.next - 1, l.previous
}

// Close syncs and closes the log.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if errors.Is(l.failed, ErrClosed) {
		return nil
	}
	l.failed = ErrClosed
	if l.file == nil {
		return nil
	}
	return errors.Join(l.file.Sync(), l.file.Close())
}

func hashOf(line []byte) string {
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:])
}

func dayOf(t time.Time) int64 { return t.Unix() / (24 * 60 * 60) }

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
