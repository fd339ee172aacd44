package pebblekv

import (
	"io/fs"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// flushCategory is how Pebble labels the files that a flush writes.
const flushCategory vfs.DiskWriteCategory = "pebble-memtable-flush"

// fuseFS is the file system that Pebble is given; see fuse.
//
// Tables and blob files that a compaction writes are left alone, for Pebble
// copes with a compaction that fails. One that a flush writes blows the fuse
// and still answers with the error, since the flush must not be believed; its
// next attempt goes to memory. Every other file (WAL, MANIFEST, markers,
// options) and every directory blows the fuse and answers that all is well.
type fuseFS struct {
	vfs.FS
	fuse *fuse
	// mem holds what is flushed after the fuse has blown: no more than the
	// memtables of that moment. File numbers are not used twice, so a name is
	// either here or in FS.
	mem *vfs.MemFS
}

func newFuseFS(inner vfs.FS, f *fuse) *fuseFS {
	return &fuseFS{FS: inner, fuse: f, mem: vfs.NewMem()}
}

func isTable(name string) bool {
	return strings.HasSuffix(name, ".sst") || strings.HasSuffix(name, ".blob")
}

func (f *fuseFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if isTable(name) {
		return f.createTable(name, category)
	}
	if f.fuse.blown() {
		return voidFile{}, nil
	}
	file, err := f.FS.Create(name, category)
	return f.critical(file, err)
}

func (f *fuseFS) createTable(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	flush := category == flushCategory
	if f.fuse.blown() && !flush {
		return nil, f.fuse.hold()
	}
	if f.fuse.blown() {
		if err := f.mem.MkdirAll(f.mem.PathDir(name), 0o755); err != nil {
			return nil, err
		}
		return f.mem.Create(name, category)
	}
	file, err := f.FS.Create(name, category)
	if !flush {
		return file, err
	}
	if err != nil {
		f.fuse.blow(err)
		return nil, err
	}
	return &flushFile{File: file, fuse: f.fuse}, nil
}

func (f *fuseFS) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	if f.inMemory(name) {
		return f.mem.Open(name, opts...)
	}
	return f.FS.Open(name, opts...)
}

func (f *fuseFS) Stat(name string) (vfs.FileInfo, error) {
	if f.inMemory(name) {
		return f.mem.Stat(name)
	}
	return f.FS.Stat(name)
}

func (f *fuseFS) inMemory(name string) bool {
	if !f.fuse.blown() || !isTable(name) {
		return false
	}
	_, err := f.mem.Stat(name)
	return err == nil
}

// critical wraps a file whose loss the store does not survive.
func (f *fuseFS) critical(file vfs.File, err error) (vfs.File, error) {
	if err != nil {
		f.fuse.blow(err)
		return voidFile{}, nil
	}
	return &criticalFile{File: file, fuse: f.fuse}, nil
}

func (f *fuseFS) OpenReadWrite(
	name string, category vfs.DiskWriteCategory, opts ...vfs.OpenOption,
) (vfs.File, error) {
	if f.fuse.blown() {
		return voidFile{}, nil
	}
	file, err := f.FS.OpenReadWrite(name, category, opts...)
	return f.critical(file, err)
}

func (f *fuseFS) ReuseForWrite(
	oldname, newname string, category vfs.DiskWriteCategory,
) (vfs.File, error) {
	if f.fuse.blown() {
		return voidFile{}, nil
	}
	file, err := f.FS.ReuseForWrite(oldname, newname, category)
	return f.critical(file, err)
}

func (f *fuseFS) OpenDir(name string) (vfs.File, error) {
	dir, err := f.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &criticalFile{File: dir, fuse: f.fuse}, nil
}

func (f *fuseFS) Remove(name string) error {
	if f.fuse.blown() {
		return nil
	}
	return f.FS.Remove(name)
}

func (f *fuseFS) RemoveAll(name string) error {
	if f.fuse.blown() {
		return nil
	}
	return f.FS.RemoveAll(name)
}

func (f *fuseFS) Rename(oldname, newname string) error {
	return f.guard(func() error { return f.FS.Rename(oldname, newname) })
}

func (f *fuseFS) Link(oldname, newname string) error {
	return f.guard(func() error { return f.FS.Link(oldname, newname) })
}

func (f *fuseFS) guard(op func() error) error {
	f.fuse.guard(op)
	return nil
}

func (f *fuseFS) Unwrap() vfs.FS { return f.FS }

// guard runs op unless the fuse has blown, and blows it when op fails.
func (f *fuse) guard(op func() error) {
	if f.blown() {
		return
	}
	if err := op(); err != nil {
		f.blow(err)
	}
}

// criticalFile is the WAL, the MANIFEST, a marker or a directory.
type criticalFile struct {
	vfs.File
	fuse *fuse
}

func (c *criticalFile) Write(p []byte) (int, error) {
	n := len(p)
	if c.fuse.blown() {
		return n, nil
	}
	if _, err := c.File.Write(p); err != nil {
		c.fuse.blow(err)
	}
	return n, nil
}

func (c *criticalFile) WriteAt(p []byte, off int64) (int, error) {
	c.fuse.guard(func() error { _, err := c.File.WriteAt(p, off); return err })
	return len(p), nil
}

func (c *criticalFile) Sync() error     { c.fuse.guard(c.File.Sync); return nil }
func (c *criticalFile) SyncData() error { c.fuse.guard(c.File.SyncData); return nil }

func (c *criticalFile) SyncTo(length int64) (fullSync bool, err error) {
	c.fuse.guard(func() (err error) { fullSync, err = c.File.SyncTo(length); return err })
	return fullSync, nil
}

// Close is not guarded: the descriptor is given back whatever happened. An
// error may be a write that the system reports late.
func (c *criticalFile) Close() error {
	if err := c.File.Close(); err != nil {
		c.fuse.blow(err)
	}
	return nil
}

// flushFile is a table or blob file that a flush writes.
type flushFile struct {
	vfs.File
	fuse *fuse
}

func (w *flushFile) note(err error) error {
	if err != nil {
		w.fuse.blow(err)
	}
	return err
}

func (w *flushFile) Write(p []byte) (int, error) {
	n, err := w.File.Write(p)
	return n, w.note(err)
}

func (w *flushFile) Sync() error     { return w.note(w.File.Sync()) }
func (w *flushFile) SyncData() error { return w.note(w.File.SyncData()) }
func (w *flushFile) Close() error    { return w.note(w.File.Close()) }

func (w *flushFile) SyncTo(length int64) (bool, error) {
	full, err := w.File.SyncTo(length)
	return full, w.note(err)
}

// voidFile takes the writes that come after the fuse has blown.
type voidFile struct{}

func (voidFile) Write(p []byte) (int, error)            { return len(p), nil }
func (voidFile) WriteAt(p []byte, _ int64) (int, error) { return len(p), nil }
func (voidFile) Read([]byte) (int, error)               { return 0, errFrozen }
func (voidFile) ReadAt([]byte, int64) (int, error)      { return 0, errFrozen }
func (voidFile) Preallocate(int64, int64) error         { return nil }
func (voidFile) Stat() (vfs.FileInfo, error)            { return voidInfo{}, nil }
func (voidFile) Sync() error                            { return nil }
func (voidFile) SyncData() error                        { return nil }
func (voidFile) SyncTo(int64) (bool, error)             { return true, nil }
func (voidFile) Prefetch(int64, int64) error            { return nil }
func (voidFile) Fd() uintptr                            { return vfs.InvalidFd }
func (voidFile) Close() error                           { return nil }

type voidInfo struct{}

func (voidInfo) Name() string           { return "" }
func (voidInfo) Size() int64            { return 0 }
func (voidInfo) Mode() fs.FileMode      { return 0 }
func (voidInfo) ModTime() time.Time     { return time.Time{} }
func (voidInfo) IsDir() bool            { return false }
func (voidInfo) Sys() any               { return nil }
func (voidInfo) DeviceID() vfs.DeviceID { return vfs.DeviceID{} }
