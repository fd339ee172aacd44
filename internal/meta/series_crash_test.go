package meta

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv/pebblekv"
)

// TestSeriesCrash cuts the power before every write and sync of the engine while
// the points of an older release and new ones age: what was acknowledged is
// there, once, as five minutes or as hours.
func TestSeriesCrash(t *testing.T) {
	disk := vfs.NewCrashableMem()
	var mu sync.Mutex
	var left []*vfs.MemFS
	cutting := false
	random := rand.New(rand.NewPCG(1, 2))
	cut := errorfs.InjectorFunc(func(op errorfs.Op) error {
		mu.Lock()
		defer mu.Unlock()
		if cutting && op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
			left = append(left, disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: random.IntN(101), RNG: random}))
		}
		return nil
	})
	open := func(fs vfs.FS) *pebblekv.Store {
		engine, err := pebblekv.Open("meta", pebblekv.Options{FS: fs, ReserveBytes: -1})
		if err != nil {
			t.Fatal(err)
		}
		return engine
	}
	engine := open(errorfs.Wrap(disk, cut))
	defer engine.Close()
	m := newSeriesModel(engine)
	m.loadOld(t)
	all := []Series{{testBucket, ""}, {testBucket, "AKIA\x00"}}
	check := func() {
		mu.Lock()
		crashes := left
		left = nil
		mu.Unlock()
		for _, fs := range crashes {
			after := open(fs)
			survived := &seriesModel{store: New(after), now: m.now, all: m.all}
			for _, s := range all {
				survived.compare(t, s, oldStart, m.now.Add(time.Hour))
			}
			if err := after.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	crashes := 0
	for range 12 {
		for _, s := range all {
			m.add(t, s, FiveMinutes.Slot(m.now), Measured{keyhaven.MetricAllRequests: {N: 2, Sum: 2, Min: 1, Max: 1}})
		}
		mu.Lock()
		cutting = true
		mu.Unlock()
		m.age(t, 40)
		mu.Lock()
		cutting = false
		crashes += len(left)
		mu.Unlock()
		check()
		m.now = m.now.Add(8 * 24 * time.Hour)
	}
	if crashes < 10 {
		t.Errorf("%d crashes", crashes)
	}
}
