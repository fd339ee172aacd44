package dirtarget

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/keyhaven/keyhaven/internal/backup"
)

const (
	tmpDir   = "tmp"
	lockFile = "lock"
	lostDir  = "lost+found"
)

// Target is a backup.Target in a directory.
type Target struct {
	path string

	mu   sync.Mutex
	made map[string]bool // directories whose names are durable
}

var _ backup.Target = (*Target)(nil)

// Open returns the target at path, which need not exist until Lock makes it.
func Open(path string) *Target { return &Target{path: path, made: map[string]bool{}} }

// String returns the path.
func (t *Target) String() string { return t.path }

// file returns the path of a file, of a name that stays within the target.
func (t *Target) file(name string) (string, error) {
	if !fs.ValidPath(name) || name == "." || hidden(name) {
		return "", fmt.Errorf("dirtarget: %q is not the name of a file", name)
	}
	return filepath.Join(t.path, filepath.FromSlash(name)), nil
}

// hidden reports whether a name is our own and not a file's of the target.
func hidden(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return first == tmpDir || first == lockFile || first == lostDir
}

// Put implements backup.Target (D1).
func (t *Target) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	path, err := t.file(name)
	if err != nil {
		return err
	}
	if err := t.mkdir(filepath.Dir(path)); err != nil {
		return err
	}
	tmp := filepath.Join(t.path, tmpDir, rand.Text())
	if err := t.mkdir(filepath.Dir(tmp)); err != nil {
		return err
	}
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("dirtarget: %w", err)
	}
	defer os.Remove(tmp) // after the rename it is not there
	if err := write(&writer{ctx: ctx, f: f}); err != nil {
		f.Close()
		return err
	}
	err = f.Sync()
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("dirtarget: %w", err)
	}
	return nil
}

// writer stops at the end of the context.
type writer struct {
	ctx context.Context
	f   *os.File
}

func (w *writer) Write(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := w.f.Write(p)
	if err != nil {
		return n, fmt.Errorf("dirtarget: %w", err)
	}
	return n, nil
}

// mkdir makes a directory and those above it durable.
func (t *Target) mkdir(dir string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var missing []string
	for d := dir; !t.made[d]; d = filepath.Dir(d) {
		missing = append(missing, d)
		if d == t.path || d == filepath.Dir(d) {
			break
		}
	}
	slices.Reverse(missing)
	for _, d := range missing {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return fmt.Errorf("dirtarget: %w", err)
		}
		// What is above the target may not be ours to open.
		if err := syncDir(filepath.Dir(d)); err != nil && d != t.path {
			return fmt.Errorf("dirtarget: %w", err)
		}
		t.made[d] = true
	}
	return nil
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Get implements backup.Target.
func (t *Target) Get(_ context.Context, name string) (io.ReadCloser, int64, error) {
	path, err := t.file(name)
	if err != nil {
		return nil, 0, err
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, fmt.Errorf("dirtarget: %s: %w", path, backup.ErrNotFound)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("dirtarget: %w", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", path)
	}
	if err != nil {
		f.Close()
		return nil, 0, fmt.Errorf("dirtarget: %w", err)
	}
	return f, info.Size(), nil
}

// List implements backup.Target. It holds the names of one directory at a time,
// and of those above it, in memory.
func (t *Target) List(ctx context.Context, prefix string) iter.Seq2[backup.File, error] {
	return func(yield func(backup.File, error) bool) {
		base := prefix[:strings.LastIndexByte(prefix, '/')+1]
		t.walk(ctx, base, prefix, yield)
	}
}

// walk lists a directory, whose name is empty or ends in a slash. It reports
// whether the caller wants more.
func (t *Target) walk(ctx context.Context, dir, prefix string, yield func(backup.File, error) bool) bool {
	names, err := os.ReadDir(filepath.Join(t.path, filepath.FromSlash(dir)))
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	if err = cmp.Or(err, ctx.Err()); err != nil {
		yield(backup.File{}, fmt.Errorf("dirtarget: %w", err))
		return false
	}
	// The order of whole names: that of a directory is the one of its name with
	// the slash.
	slices.SortFunc(names, func(a, b fs.DirEntry) int { return strings.Compare(slashed(a), slashed(b)) })
	for _, e := range names {
		name := dir + slashed(e)
		switch {
		case hidden(name):
		case e.IsDir() && (strings.HasPrefix(name, prefix) || strings.HasPrefix(prefix, name)):
			if !t.walk(ctx, name, prefix, yield) {
				return false
			}
		case !e.IsDir() && strings.HasPrefix(name, prefix):
			info, err := e.Info()
			if errors.Is(err, fs.ErrNotExist) {
				continue // deleted meanwhile
			}
			if err != nil {
				yield(backup.File{}, fmt.Errorf("dirtarget: %w", err))
				return false
			}
			if !yield(backup.File{Name: name, Size: info.Size()}, nil) {
				return false
			}
		}
	}
	return true
}

func slashed(e fs.DirEntry) string {
	if e.IsDir() {
		return e.Name() + "/"
	}
	return e.Name()
}

// Delete implements backup.Target. Directories stay.
func (t *Target) Delete(ctx context.Context, names ...string) error {
	dirs := map[string]bool{}
	for _, name := range names {
		path, err := t.file(name)
		if err = cmp.Or(err, ctx.Err()); err != nil {
			return err
		}
		err = os.Remove(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("dirtarget: %w", err)
		}
		dirs[filepath.Dir(path)] = true
	}
	for dir := range dirs {
		if err := syncDir(dir); err != nil {
			return fmt.Errorf("dirtarget: %w", err)
		}
	}
	return nil
}

// Lock implements backup.Target. It makes the directory, and removes what a
// holder that was cut off has left in tmp.
func (t *Target) Lock(context.Context) (backup.Lock, error) {
	if err := t.mkdir(t.path); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(t.path, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("dirtarget: %w", err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = backup.ErrLocked
	}
	if err == nil {
		err = removeAll(filepath.Join(t.path, tmpDir))
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("dirtarget: %w", err)
	}
	return &lock{f}, nil
}

// removeAll empties a directory.
func removeAll(dir string) error {
	names, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range names {
		err = cmp.Or(err, os.Remove(filepath.Join(dir, e.Name())))
	}
	return err
}

type lock struct{ f *os.File }

// Check never fails: the system keeps the lock as long as the file is open.
func (l *lock) Check(context.Context) error { return nil }

// Release implements backup.Lock.
func (l *lock) Release() error { return l.f.Close() }
