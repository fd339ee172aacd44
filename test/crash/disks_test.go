package crash

import (
	"iter"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/keyhaven/keyhaven/internal/blob/fileblob"
	"github.com/keyhaven/keyhaven/internal/blob/fileblob/crashfs"
)

// disks are the two file systems of a server, in memory, with one switch for
// their power. What is not synced when it goes is lost or kept at random, each
// write by itself.
type disks struct {
	meta  *vfs.MemFS
	blobs *crashfs.FS

	gate sync.RWMutex // held for reading during every change, for writing to cut the power
	ops  atomic.Int64 // changes so far
	cut  atomic.Pointer[func(op int64)]
}

func newDisks() *disks {
	return &disks{meta: vfs.NewCrashableMem(), blobs: crashfs.New("blobs")}
}

// change runs one change of a disk. The hook is called before it.
func (d *disks) change() (done func()) {
	n := d.ops.Add(1)
	if hook := d.cut.Load(); hook != nil {
		(*hook)(n)
	}
	d.gate.RLock()
	return d.gate.RUnlock
}

// hook sets what is called before each change; nil for nothing.
func (d *disks) hook(fn func(op int64)) {
	if fn == nil {
		d.cut.Store(nil)
		return
	}
	d.cut.Store(&fn)
}

// crash returns what the loss of power at this instant leaves of both. atOnce
// runs while nothing changes.
func (d *disks) crash(seed uint64, atOnce func()) *disks {
	d.gate.Lock()
	defer d.gate.Unlock()
	atOnce()
	random := rand.New(rand.NewPCG(seed, 1))
	return &disks{
		meta:  d.meta.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: []int{0, 10, 50, 100}[random.IntN(4)], RNG: random}),
		blobs: d.blobs.Crash(seed),
	}
}

// metaFS is the disk of the metadata, as Pebble sees it.
type metaFS struct {
	vfs.FS
	d *disks
}

func (f *metaFS) wrap(file vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return &metaFile{file, f.d}, nil
}

func (f *metaFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	defer f.d.change()()
	return f.wrap(f.FS.Create(name, c))
}

func (f *metaFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	defer f.d.change()()
	return f.wrap(f.FS.OpenReadWrite(name, c, opts...))
}

func (f *metaFS) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	defer f.d.change()()
	return f.wrap(f.FS.ReuseForWrite(from, to, c))
}

func (f *metaFS) OpenDir(name string) (vfs.File, error) { return f.wrap(f.FS.OpenDir(name)) }

func (f *metaFS) Link(from, to string) error {
	defer f.d.change()()
	return f.FS.Link(from, to)
}

func (f *metaFS) Remove(name string) error {
	defer f.d.change()()
	return f.FS.Remove(name)
}

func (f *metaFS) RemoveAll(name string) error {
	defer f.d.change()()
	return f.FS.RemoveAll(name)
}

func (f *metaFS) Rename(from, to string) error {
	defer f.d.change()()
	return f.FS.Rename(from, to)
}

func (f *metaFS) Unwrap() vfs.FS { return f.FS }

type metaFile struct {
	vfs.File
	d *disks
}

func (f *metaFile) Write(p []byte) (int, error) {
	defer f.d.change()()
	return f.File.Write(p)
}

func (f *metaFile) WriteAt(p []byte, off int64) (int, error) {
	defer f.d.change()()
	return f.File.WriteAt(p, off)
}

func (f *metaFile) Sync() error {
	defer f.d.change()()
	return f.File.Sync()
}

func (f *metaFile) SyncData() error {
	defer f.d.change()()
	return f.File.SyncData()
}

func (f *metaFile) SyncTo(n int64) (bool, error) {
	defer f.d.change()()
	return f.File.SyncTo(n)
}

// blobFS is the disk of the blobs, as fileblob sees it.
type blobFS struct{ d *disks }

var _ fileblob.FS = blobFS{}

func (f blobFS) Create(name string) (fileblob.File, error) {
	defer f.d.change()()
	file, err := f.d.blobs.Create(name)
	if err != nil {
		return nil, err
	}
	return blobFile{file, f.d}, nil
}

func (f blobFS) Open(name string) (fileblob.File, error) { return f.d.blobs.Open(name) }
func (f blobFS) Size(name string) (int64, error)         { return f.d.blobs.Size(name) }
func (f blobFS) Names(dir string) iter.Seq2[string, error] {
	return f.d.blobs.Names(dir)
}

func (f blobFS) Rename(from, to string) error {
	defer f.d.change()()
	return f.d.blobs.Rename(from, to)
}

func (f blobFS) Remove(name string) error {
	defer f.d.change()()
	return f.d.blobs.Remove(name)
}

func (f blobFS) Mkdir(name string) error { return f.d.blobs.Mkdir(name) }

func (f blobFS) SyncDir(name string) error {
	defer f.d.change()()
	return f.d.blobs.SyncDir(name)
}

type blobFile struct {
	fileblob.File
	d *disks
}

func (f blobFile) Write(p []byte) (int, error) {
	defer f.d.change()()
	return f.File.Write(p)
}

func (f blobFile) Sync() error {
	defer f.d.change()()
	return f.File.Sync()
}
