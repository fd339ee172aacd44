package pebblekv

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/keyhaven/keyhaven/internal/kv"
)

// flushCategory is how Pebble labels the files that a flush writes.
const flushCategory vfs.DiskWriteCategory = "pebble-memtable-flush"

// fuseFS is the file system that Pebble is given; see fuse.
//
// WAL, MANIFEST, markers, options and directories blow the fuse and answer that
// all is well. So do the tables and blob files that Pebble cannot fail to write
// (see fuse), which go on in memory. A compaction that cannot write a table is
// told so: it changes nothing and is tried again later.
type fuseFS struct {
	vfs.FS
	fuse     *fuse
	space    *reserve
	rewrites blobRewrites
	// mem holds the tables that are in memory: no more than the memtables and
	// unfinished blob files of the moment when the fuse blew.
	mem *vfs.MemFS
}

func newFuseFS(inner vfs.FS, f *fuse, space *reserve) *fuseFS {
	return &fuseFS{FS: inner, fuse: f, space: space, mem: vfs.NewMem()}
}

var errTight = fmt.Errorf("pebblekv: too little space for a compaction: %w", kv.ErrNoSpace)

func isBlob(name string) bool  { return strings.HasSuffix(name, ".blob") }
func isTable(name string) bool { return strings.HasSuffix(name, ".sst") || isBlob(name) }

func (f *fuseFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if isTable(name) {
		return f.createTable(name, category)
	}
	if isMarker(f.PathBase(name)) {
		f.fuse.guard(func() error {
			return f.fuse.patient(func() error { return syncDir(f.FS, f.PathDir(name)) })
		})
	}
	if f.fuse.blown() {
		return voidFile{}, nil
	}
	file, err := f.create(name, category)
	return f.critical(file, err)
}

func (f *fuseFS) create(name string, category vfs.DiskWriteCategory) (file vfs.File, err error) {
	err = f.fuse.patient(func() error {
		file, err = f.FS.Create(name, category)
		return err
	})
	return file, err
}

// isMarker tells the files whose names point at other files. Pebble creates one
// after the file that it names and syncs the directory once, after both: a power
// cut before that could keep the marker and lose what it points at. So the
// directory is synced before a marker appears.
func isMarker(base string) bool { return strings.HasPrefix(base, "marker.") }

func syncDir(fsys vfs.FS, name string) error {
	dir, err := fsys.OpenDir(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (f *fuseFS) createTable(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	flush := category == flushCategory
	if f.fuse.blown() {
		if !flush {
			return nil, errFrozen
		}
		return f.createInMemory(name)
	}
	if !flush && f.space.tight() {
		return nil, errTight
	}
	if category == rewriteCategory {
		if err := f.rewrites.verify(f, f.PathDir(name)); err != nil {
			return nil, err
		}
	}
	file, err := f.create(name, category)
	switch {
	case !flush && (err != nil || !isBlob(name)):
		return file, err
	case err != nil:
		f.fuse.blow(err)
		return f.createInMemory(name)
	}
	return &tableFile{File: file, fs: f, name: name}, nil
}

func (f *fuseFS) createInMemory(name string) (vfs.File, error) {
	if err := f.mem.MkdirAll(f.mem.PathDir(name), 0o755); err != nil {
		return nil, err
	}
	return f.mem.Create(name, vfs.WriteCategoryUnspecified)
}

func (f *fuseFS) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	if isBlob(name) {
		file, err := f.openBlob(name, opts...)
		if err != nil {
			return nil, err // not a nil *blobFile
		}
		return file, nil
	}
	return f.open(name, opts...)
}

func (f *fuseFS) open(name string, opts ...vfs.OpenOption) (file vfs.File, err error) {
	err = f.fuse.patient(func() error {
		file, err = f.where(name).Open(name, opts...)
		return err
	})
	return file, err
}

func (f *fuseFS) openBlob(name string, opts ...vfs.OpenOption) (*blobFile, error) {
	file, err := f.open(name, opts...)
	if err != nil {
		return nil, err
	}
	return openBlob(file)
}

func (f *fuseFS) Stat(name string) (vfs.FileInfo, error) {
	return f.where(name).Stat(name)
}

// where returns the file system that a file is in.
func (f *fuseFS) where(name string) vfs.FS {
	if f.fuse.blown() && isTable(name) {
		if _, err := f.mem.Stat(name); err == nil {
			return f.mem
		}
	}
	return f.FS
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
	file, err := f.openReadWrite(name, category, opts...)
	return f.critical(file, err)
}

func (f *fuseFS) ReuseForWrite(
	oldname, newname string, category vfs.DiskWriteCategory,
) (vfs.File, error) {
	if f.fuse.blown() {
		return voidFile{}, nil
	}
	file, err := f.FS.ReuseForWrite(oldname, newname, category)
	if noDescriptor(err) {
		file, err = f.reuse(oldname, newname, category)
	}
	return f.critical(file, err)
}

// reuse finishes what lacked a descriptor: the file may have its new name
// already.
func (f *fuseFS) reuse(oldname, newname string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if _, err := f.FS.Stat(oldname); err == nil {
		if err := f.FS.Rename(oldname, newname); err != nil {
			return nil, err
		}
	}
	return f.openReadWrite(newname, category)
}

func (f *fuseFS) openReadWrite(
	name string, category vfs.DiskWriteCategory, opts ...vfs.OpenOption,
) (file vfs.File, err error) {
	err = f.fuse.patient(func() error {
		file, err = f.FS.OpenReadWrite(name, category, opts...)
		return err
	})
	return file, err
}

func (f *fuseFS) OpenDir(name string) (vfs.File, error) {
	var dir vfs.File
	err := f.fuse.patient(func() (err error) {
		dir, err = f.FS.OpenDir(name)
		return err
	})
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

// tableFile is a table or blob file that must not fail. When the disk fails it
// blows the fuse, and the file moves to memory.
type tableFile struct {
	vfs.File // on disk, or in memory
	fs       *fuseFS
	name     string
	size     int64
	moved    bool
}

func (w *tableFile) Write(p []byte) (int, error) {
	if _, err := w.File.Write(p); err != nil {
		w.move(err)
		if _, err := w.File.Write(p); err != nil {
			return 0, err
		}
	}
	w.size += int64(len(p))
	return len(p), nil
}

func (w *tableFile) Sync() error     { return w.check(w.File.Sync()) }
func (w *tableFile) SyncData() error { return w.check(w.File.SyncData()) }

func (w *tableFile) SyncTo(length int64) (bool, error) {
	full, err := w.File.SyncTo(length)
	return full, w.check(err)
}

func (w *tableFile) Close() error { return w.check(w.File.Close()) }

func (w *tableFile) check(err error) error {
	if err != nil {
		w.move(err)
	}
	return nil
}

// move blows the fuse and continues the file in memory. What cannot be read back
// is left out, and met by the checksums of whoever reads it.
func (w *tableFile) move(cause error) {
	w.fs.fuse.blow(cause)
	if w.moved {
		return
	}
	w.moved = true
	mem, err := w.fs.createInMemory(w.name)
	if err != nil {
		w.File = voidFile{}
		return
	}
	// Closed or not, the descriptor on disk is of no more use.
	_ = w.File.Close()
	w.File = mem
	disk, err := w.fs.FS.Open(w.name)
	if err != nil {
		return
	}
	// A copy that ends early is what the comment above speaks of.
	_, _ = io.CopyN(mem, disk, w.size)
	_ = disk.Close()
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
