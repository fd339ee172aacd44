package crashfs

import (
	"errors"
	"io/fs"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/keyhaven/keyhaven/internal/blob/fileblob"
)

// FS is the file system. It is safe for concurrent use.
type FS struct {
	mu   sync.Mutex
	root *node
	hook func(Op) error
}

var _ fileblob.FS = (*FS)(nil)

// Op is an operation that is about to happen.
type Op struct {
	Kind Kind
	Name string // of the file or directory; of a rename the old name
	Size int    // bytes of a write or read
}

// Kind says which operation.
type Kind string

// The operations. Those of files have the name under which the file was opened.
const (
	Create  Kind = "create"
	Open    Kind = "open"
	Size    Kind = "size"
	Rename  Kind = "rename"
	Remove  Kind = "remove"
	Mkdir   Kind = "mkdir"
	SyncDir Kind = "syncdir"
	Names   Kind = "names"
	Write   Kind = "write"
	Read    Kind = "read"
	Sync    Kind = "sync"
	Close   Kind = "close"
)

// Short is what a hook returns to let a write take only N bytes. The write then
// returns Err, which may be nil.
type Short struct {
	N   int
	Err error
}

func (s *Short) Error() string { return "crashfs: short write" }

// New returns a file system that has the given directories, durable.
func New(dirs ...string) *FS {
	f := &FS{root: newDir()}
	for _, dir := range dirs {
		at := f.root
		for name := range strings.SplitSeq(path.Clean(dir), "/") {
			if at.names[name] == nil {
				at.names[name] = newDir()
				at.stable[name] = at.names[name]
			}
			at = at.names[name]
		}
	}
	return f
}

// SetHook sets what is called before each operation, without a lock held. An
// error that it returns is the operation's; nil lets it happen.
func (f *FS) SetHook(hook func(Op) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hook = hook
}

func (f *FS) announce(op Op) error {
	f.mu.Lock()
	hook := f.hook
	f.mu.Unlock()
	if hook == nil {
		return nil
	}
	return hook(op)
}

// begin announces the operation and takes the lock.
func (f *FS) begin(op Op) (unlock func(), err error) {
	if err := f.announce(op); err != nil {
		return nil, err
	}
	f.mu.Lock()
	return f.mu.Unlock, nil
}

var errIsDir = errors.New("is a directory")

// lookup returns the node of a name, and the directory that has it.
func (f *FS) lookup(op Kind, name string) (dir, n *node, err error) {
	n = f.root
	for part := range strings.SplitSeq(path.Clean(name), "/") {
		if n == nil || n.names == nil {
			return nil, nil, fail(op, name, fs.ErrNotExist)
		}
		dir, n = n, n.names[part]
	}
	return dir, n, nil
}

func fail(op Kind, name string, err error) error {
	return &fs.PathError{Op: string(op), Path: name, Err: err}
}

// file returns a file that is there.
func (f *FS) file(op Kind, name string) (dir, n *node, err error) {
	dir, n, err = f.lookup(op, name)
	switch {
	case err != nil:
		return nil, nil, err
	case n == nil:
		return nil, nil, fail(op, name, fs.ErrNotExist)
	case n.names != nil:
		return nil, nil, fail(op, name, errIsDir)
	}
	return dir, n, nil
}

// add enters a new node.
func (f *FS) add(op Kind, name string, n *node) error {
	dir, old, err := f.lookup(op, name)
	if err != nil {
		return err
	}
	if old != nil {
		return fail(op, name, fs.ErrExist)
	}
	dir.change(path.Base(name), n)
	return nil
}

// Create implements fileblob.FS.
func (f *FS) Create(name string) (fileblob.File, error) {
	unlock, err := f.begin(Op{Kind: Create, Name: name})
	if err != nil {
		return nil, err
	}
	defer unlock()
	n := new(node)
	if err := f.add(Create, name, n); err != nil {
		return nil, err
	}
	return &file{fs: f, name: name, node: n}, nil
}

// Open implements fileblob.FS.
func (f *FS) Open(name string) (fileblob.File, error) {
	unlock, err := f.begin(Op{Kind: Open, Name: name})
	if err != nil {
		return nil, err
	}
	defer unlock()
	_, n, err := f.file(Open, name)
	if err != nil {
		return nil, err
	}
	return &file{fs: f, name: name, node: n}, nil
}

// Size implements fileblob.FS.
func (f *FS) Size(name string) (int64, error) {
	unlock, err := f.begin(Op{Kind: Size, Name: name})
	if err != nil {
		return 0, err
	}
	defer unlock()
	_, n, err := f.file(Size, name)
	if err != nil {
		return 0, err
	}
	return int64(len(n.data)), nil
}

// Rename implements fileblob.FS.
func (f *FS) Rename(from, to string) error {
	unlock, err := f.begin(Op{Kind: Rename, Name: from})
	if err != nil {
		return err
	}
	defer unlock()
	dir, n, err := f.file(Rename, from)
	if err != nil {
		return err
	}
	if path.Dir(from) != path.Dir(to) {
		return fail(Rename, from, errors.New("to another directory"))
	}
	dir.change(path.Base(to), n)
	dir.change(path.Base(from), nil)
	return nil
}

// Remove implements fileblob.FS.
func (f *FS) Remove(name string) error {
	unlock, err := f.begin(Op{Kind: Remove, Name: name})
	if err != nil {
		return err
	}
	defer unlock()
	dir, _, err := f.file(Remove, name)
	if err != nil {
		return err
	}
	dir.change(path.Base(name), nil)
	return nil
}

// Mkdir implements fileblob.FS.
func (f *FS) Mkdir(name string) error {
	unlock, err := f.begin(Op{Kind: Mkdir, Name: name})
	if err != nil {
		return err
	}
	defer unlock()
	return f.add(Mkdir, name, newDir())
}

// SyncDir implements fileblob.FS.
func (f *FS) SyncDir(name string) error {
	unlock, err := f.begin(Op{Kind: SyncDir, Name: name})
	if err != nil {
		return err
	}
	defer unlock()
	_, n, err := f.lookup(SyncDir, name)
	if err != nil {
		return err
	}
	if n == nil || n.names == nil {
		return fail(SyncDir, name, fs.ErrNotExist)
	}
	n.syncDir()
	return nil
}

// Names implements fileblob.FS; names come sorted.
func (f *FS) Names(dir string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		names, err := f.names(dir)
		if err != nil {
			yield("", err)
			return
		}
		for _, name := range names {
			if !yield(name, nil) {
				return
			}
		}
	}
}

func (f *FS) names(dir string) ([]string, error) {
	unlock, err := f.begin(Op{Kind: Names, Name: dir})
	if err != nil {
		return nil, err
	}
	defer unlock()
	_, n, err := f.lookup(Names, dir)
	if err != nil {
		return nil, err
	}
	if n == nil || n.names == nil {
		return nil, fail(Names, dir, fs.ErrNotExist)
	}
	return slices.Sorted(maps.Keys(n.names)), nil
}

// Files returns the names of all files, sorted.
func (f *FS) Files() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var files []string
	var walk func(at string, n *node)
	walk = func(at string, n *node) {
		if n.names == nil {
			files = append(files, at)
		}
		for name, child := range n.names {
			walk(path.Join(at, name), child)
		}
	}
	walk("", f.root)
	slices.Sort(files)
	return files
}
