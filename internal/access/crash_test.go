package access_test

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/keyhaven/keyhaven/internal/kv/pebblekv"
)

// TestR1_KeysSurviveLossOfPower cuts the power right after calls were answered:
// a key that was shown works, one that was deleted does not (R1, R5).
func TestR1_KeysSurviveLossOfPower(t *testing.T) {
	fs := vfs.NewCrashableMem()
	open := func() *pebblekv.Store {
		engine, err := pebblekv.Open("data", pebblekv.Options{FS: fs})
		if err != nil {
			t.Fatal(err)
		}
		return engine
	}
	engine := open()
	r := newRig(t, engine)
	cut := func() {
		t.Helper()
		left := fs.CrashClone(vfs.CrashCloneCfg{})
		r.must("close", r.Close())
		r.must("close", engine.Close())
		fs = left
		engine = open()
		r.engine.Store, r.Service = engine, nil
		r.open()
	}
	t.Cleanup(func() { r.must("close", engine.Close()) })

	first, second := r.createKey("photos"), r.createKey("photos")
	cut()
	r.mustAuth(first)
	if n := len(r.keys("photos")); n != 2 {
		t.Errorf("the bucket has %d keys, want both", n)
	}
	_, err := r.DeleteBucketKey(r.ctx, of("photos"), first.ID)
	r.must("delete key", err)
	cut()
	_, err = r.auth(first.ID, first.Secret)
	wantUnknown(t, "a key that was deleted before the cut", err)
	r.mustAuth(second)
	r.reopen() // writes the last use
	cut()
	if keys := r.keys("photos"); len(keys) != 1 || keys[0].LastUsed.Service != "s3" {
		t.Errorf("after the cut the bucket has the keys %+v, want the second and its last use", keys)
	}
}
