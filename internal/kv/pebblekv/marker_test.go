package pebblekv_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/pebblekv"
)

// markerDisk checks, at each creation of a marker of the MANIFEST, that the
// MANIFEST which it names is there after a power cut: of two new names that are
// not synced a disk may keep either.
type markerDisk struct {
	vfs.FS
	mem   *vfs.MemFS
	moves atomic.Int64
	lost  atomic.Pointer[string]
}

func (d *markerDisk) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if rest, ok := strings.CutPrefix(d.PathBase(name), "marker.manifest."); ok {
		d.moves.Add(1)
		_, manifest, _ := strings.Cut(rest, ".")
		cut := d.mem.CrashClone(vfs.CrashCloneCfg{})
		if _, err := cut.Stat(d.PathJoin(d.PathDir(name), manifest)); err != nil {
			d.lost.Store(&manifest)
		}
	}
	return d.FS.Create(name, c)
}

func TestR1_MarkerNeverOutlivesItsManifest(t *testing.T) {
	mem := vfs.NewCrashableMem()
	disk := &markerDisk{FS: mem, mem: mem}
	for range 3 { // each start writes a new MANIFEST
		store, err := pebblekv.Open("kv", pebblekv.Options{FS: disk})
		if err != nil {
			t.Fatalf("Open() = %v", err)
		}
		err = store.Update(context.Background(), func(x kv.Txn) error { return x.Set([]byte("k"), []byte("v")) })
		if err != nil {
			t.Errorf("Update() = %v", err)
		}
		closeStore(t, store)
	}
	if disk.moves.Load() < 3 {
		t.Errorf("the marker moved %d times, want 3 at least", disk.moves.Load())
	}
	if p := disk.lost.Load(); p != nil {
		t.Errorf("R1: the marker could survive a power cut without %s, which it names", *p)
	}
}
