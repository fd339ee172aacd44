package crash

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven/internal/blob/fileblob"
	"github.com/keyhaven/keyhaven/internal/kv/pebblekv"
	"github.com/keyhaven/keyhaven/internal/seal"
)

// A failure prints its seed: go test -run TestR1 -power-seed N.
var powerSeed = flag.Uint64("power-seed", 0, "first seed of the histories that lose power; 0 for one to ten")

// openOn starts the services over disks. Everything is small, so that flushes
// and compactions are among what is cut.
func (d *disks) openOn(ring *seal.Ring) (*services, error) {
	engine, err := pebblekv.Open("meta", pebblekv.Options{
		FS: &metaFS{d.meta, d}, MemTableBytes: 256 << 10, CacheBytes: 1 << 20,
	})
	if err != nil {
		return nil, err
	}
	blobs, err := fileblob.Open("blobs", fileblob.Options{FS: blobFS{d}})
	if err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	return newServices(engine, blobs, ring), nil
}

// TestR1_PowerLoss cuts the power of both disks at instants of random histories,
// and goes on from what one of the cuts left: R1, R2, R9, R13.
func TestR1_PowerLoss(t *testing.T) {
	t.Parallel()
	ring, err := seal.LoadOrCreate(filepath.Join(t.TempDir(), "keyring.json"))
	if err != nil {
		t.Fatal(err)
	}
	seed := *powerSeed
	if seed == 0 {
		seed = rand.Uint64N(1 << 32)
	}
	h := &history{ring: ring, disks: newDisks(), random: rand.New(rand.NewPCG(seed, 1))}
	if err := h.begin(); err != nil {
		t.Fatal(err)
	}
	// How often the disks change in a round depends on the speed of the machine.
	for round := 0; round < powerRounds || h.cuts < powerRounds*powerCuts; round++ {
		run := run{workers: workers, steps: 12, spacing: 25}
		if round%4 == 1 { // every instant of a short history
			run.workers, run.steps, run.spacing = 1, 8, 1
		}
		if err := h.round(run); err != nil {
			t.Fatalf("seed %d, round %d: %v", seed, round, err)
		}
		t.Logf("power: round %d of %d: %d cuts so far", round+1, powerRounds, h.cuts)
		if round == 20*powerRounds {
			t.Fatalf("the power was lost only %d times", h.cuts)
		}
	}
	t.Logf("seed %d: the power was lost %d times in %d changes of the disks, %d of them during recovery",
		seed, h.cuts, h.changes, h.recoveries)
}

// history goes from one loss of power to the next.
type history struct {
	ring   *seal.Ring
	random *rand.Rand
	disks  *disks
	load   *workload

	changes    int64
	cuts       int
	recoveries int
}

// run is how much is done in one round. The power is lost before each change of
// a disk with a chance of one in spacing.
type run struct{ workers, steps, spacing int }

func (h *history) begin() error {
	sys, err := h.disks.openOn(h.ring)
	if err != nil {
		return err
	}
	h.load = newWorkload(sys, newModel())
	return errors.Join(sys.install(), h.load.prepare(), sys.close())
}

// outage is what one loss of power left, and what was known at that instant.
type outage struct {
	change int64
	disks  *disks
	load   *workload
}

// round opens what is there, works on it, and verifies what the losses of power
// leave. The next round goes on with one of them.
func (h *history) round(run run) error {
	sys, err := h.disks.openOn(h.ring)
	if err != nil {
		return err
	}
	h.load = h.load.on(sys, h.load.model)
	outages := h.work(sys, run)
	h.changes += h.disks.ops.Load()
	if err := errors.Join(h.load.failures(), sys.close()); err != nil || len(outages) == 0 {
		return err
	}
	h.random.Shuffle(len(outages), func(i, j int) { outages[i], outages[j] = outages[j], outages[i] })
	for _, o := range outages {
		h.cuts++
		if err := h.verify(o); err != nil {
			return fmt.Errorf("power lost before change %d: %w", o.change, err)
		}
		h.disks, h.load = o.disks, o.load
	}
	return nil
}

// work runs the workload, and sweep beside it, and returns what losses of power
// would have left.
func (h *history) work(sys *services, run run) []*outage {
	var mu sync.Mutex
	var outages []*outage
	chance, seed := rand.New(rand.NewPCG(h.random.Uint64(), 2)), h.random.Uint64()
	h.disks.hook(func(change int64) {
		mu.Lock()
		defer mu.Unlock()
		if chance.IntN(run.spacing) != 0 || len(outages) >= maxOutages {
			return
		}
		o := &outage{change: change}
		o.disks = h.disks.crash(chance.Uint64(), func() { o.load = h.load.on(nil, h.load.model.clone()) })
		outages = append(outages, o)
	})
	defer h.disks.hook(nil)
	stop := make(chan struct{})
	var sweeper sync.WaitGroup
	sweeper.Go(func() {
		for {
			if err := sys.sweep.Once(context.Background()); err != nil {
				h.load.fail("sweep: %w", err)
			}
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
		}
	})
	h.load.run(seed, run.workers, run.steps, nil)
	close(stop)
	sweeper.Wait()
	return outages
}

// maxOutages bounds the memory of a round: each is a copy of both disks.
const maxOutages = 200

// verify starts the server on what a loss of power left. Whatever was
// acknowledged is there, nothing is half there, and sweep afterwards removes
// what nothing needs and nothing else.
func (h *history) verify(o *outage) error {
	if h.random.IntN(3) == 0 {
		if err := h.interruptRecovery(o); err != nil {
			return fmt.Errorf("first recovery: %w", err)
		}
	}
	sys, err := o.disks.openOn(h.ring)
	if err != nil {
		return err
	}
	o.load.sys = sys
	return errors.Join(h.inspect(o, sys), sys.close())
}

func (h *history) inspect(o *outage, sys *services) error {
	if _, err := sys.check(true); err != nil {
		return fmt.Errorf("check after the start: %w", err)
	}
	if err := o.load.verify(); err != nil {
		return err
	}
	ctx := context.Background()
	if _, err := sys.sweep.Orphans(ctx); err != nil {
		return err
	}
	if err := sys.sweep.Once(ctx); err != nil {
		return err
	}
	sum, err := sys.check(true)
	if err != nil {
		return fmt.Errorf("check after sweep: %w", err)
	}
	if sum.LeftOver != 0 || sum.Pending != 0 {
		return fmt.Errorf("sweep left %d blobs and %d entries of the outbox", sum.LeftOver, sum.Pending)
	}
	if err := o.load.verify(); err != nil {
		return fmt.Errorf("after sweep: %w", err)
	}
	return nil
}

// interruptRecovery starts the server and sweeps, loses the power at some change
// of that, and puts what is left in the place of the outage's disks.
func (h *history) interruptRecovery(o *outage) error {
	at, seed := int64(h.random.IntN(60)), h.random.Uint64()
	var left *disks
	var once sync.Once
	o.disks.hook(func(change int64) {
		if change > at {
			once.Do(func() { left = o.disks.crash(seed, func() {}) })
		}
	})
	sys, err := o.disks.openOn(h.ring)
	if err != nil {
		return err
	}
	_, err = sys.sweep.Orphans(context.Background())
	err = errors.Join(err, sys.sweep.Once(context.Background()), sys.close())
	o.disks.hook(nil)
	if left != nil {
		o.disks = left
		h.recoveries++
	}
	return err
}
