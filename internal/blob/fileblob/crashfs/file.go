package crashfs

import (
	"errors"
	"io"
	"io/fs"

	"github.com/keyhaven/keyhaven/internal/blob/fileblob"
)

// file is an open file.
type file struct {
	fs     *FS
	name   string
	node   *node
	closed bool
}

var _ fileblob.File = (*file)(nil)

func (f *file) begin(op Kind, size int) (unlock func(), err error) {
	unlock, err = f.fs.begin(Op{Kind: op, Name: f.name, Size: size})
	if err != nil {
		return nil, err
	}
	if f.closed {
		unlock()
		return nil, fail(op, f.name, fs.ErrClosed)
	}
	return unlock, nil
}

// Write implements fileblob.File.
func (f *file) Write(p []byte) (int, error) {
	unlock, err := f.begin(Write, len(p))
	var short *Short
	if errors.As(err, &short) {
		f.fs.mu.Lock()
		defer f.fs.mu.Unlock()
		n := min(short.N, len(p))
		f.node.write(p[:n])
		return n, short.Err
	}
	if err != nil {
		return 0, err
	}
	defer unlock()
	f.node.write(p)
	return len(p), nil
}

// ReadAt implements fileblob.File.
func (f *file) ReadAt(p []byte, off int64) (int, error) {
	unlock, err := f.begin(Read, len(p))
	if err != nil {
		return 0, err
	}
	defer unlock()
	n := 0
	if off < int64(len(f.node.data)) {
		n = copy(p, f.node.data[off:])
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Size implements fileblob.File.
func (f *file) Size() (int64, error) {
	unlock, err := f.begin(Size, 0)
	if err != nil {
		return 0, err
	}
	defer unlock()
	return int64(len(f.node.data)), nil
}

// Sync implements fileblob.File.
func (f *file) Sync() error {
	unlock, err := f.begin(Sync, 0)
	if err != nil {
		f.fs.mu.Lock()
		defer f.fs.mu.Unlock()
		f.node.dropWrites()
		return err
	}
	defer unlock()
	f.node.syncFile()
	return nil
}

// Writeback implements fileblob.File; Crash may keep unsynced writes anyway.
func (f *file) Writeback(int64, int64) {}

// Close implements fileblob.File. The file is closed even when a hook fails it.
func (f *file) Close() error {
	unlock, err := f.begin(Close, 0)
	if err != nil {
		f.fs.mu.Lock()
		unlock = f.fs.mu.Unlock
	}
	defer unlock()
	f.closed = true
	return err
}
