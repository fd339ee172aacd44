package pebblekv_test

import (
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// testDisk is a file system that tests look into and interfere with.
type testDisk struct {
	vfs.FS
	syncs atomic.Int64 // of the WAL
	free  atomic.Uint64

	mu   sync.Mutex
	held chan struct{} // WAL syncs wait while it is open
}

func newTestDisk(inner vfs.FS) *testDisk {
	d := &testDisk{FS: inner}
	d.free.Store(1 << 40)
	return d
}

// hold makes WAL syncs wait until release is called.
func (d *testDisk) hold() (release func()) {
	held := make(chan struct{})
	d.mu.Lock()
	d.held = held
	d.mu.Unlock()
	return func() {
		d.mu.Lock()
		d.held = nil
		d.mu.Unlock()
		close(held)
	}
}

func (d *testDisk) sync() {
	d.syncs.Add(1)
	d.mu.Lock()
	held := d.held
	d.mu.Unlock()
	if held != nil {
		<-held
	}
	// A sync takes its time; let others see what is not yet durable.
	for range 20 {
		runtime.Gosched()
	}
}

func (d *testDisk) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.FS.Create(name, category)
	return d.wrap(name, f), err
}

func (d *testDisk) ReuseForWrite(oldname, newname string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.FS.ReuseForWrite(oldname, newname, category)
	return d.wrap(newname, f), err
}

func (d *testDisk) wrap(name string, f vfs.File) vfs.File {
	if f == nil || !strings.HasSuffix(name, ".log") {
		return f
	}
	return &testWAL{File: f, disk: d}
}

func (d *testDisk) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{AvailBytes: d.free.Load()}, nil
}

func (d *testDisk) Unwrap() vfs.FS { return d.FS }

type testWAL struct {
	vfs.File
	disk *testDisk
}

func (w *testWAL) Sync() error {
	w.disk.sync()
	return w.File.Sync()
}

func (w *testWAL) SyncData() error {
	w.disk.sync()
	return w.File.SyncData()
}
