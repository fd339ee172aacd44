package crash

import (
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"
)

// killRig is a workload on the binary.
type killRig struct {
	*server
	load   *workload
	random *rand.Rand
}

func newKillRig(t *testing.T) *killRig {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := &killRig{
		server: newServer(t, filepath.Join(t.TempDir(), "data")),
		random: rand.New(rand.NewPCG(seed, 3)),
	}
	r.start()
	r.load = newWorkload(newClient(r.endpoint), newModel())
	r.load.big = true
	if err := r.load.prepare(); err != nil {
		t.Fatal(err)
	}
	return r
}

// work lets the workload run and ends the process under it.
func (r *killRig) work(end func()) {
	r.t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.load.run(r.random.Uint64(), workers, 1<<30, nil)
	}()
	// A sleep chooses the instant, and synchronizes nothing.
	time.Sleep(time.Duration(20+r.random.IntN(300)) * time.Millisecond)
	end()
	<-done
}

// resume starts the server again and holds everything against the model.
func (r *killRig) resume() {
	r.t.Helper()
	r.start()
	r.load = r.load.on(newClient(r.endpoint), r.load.model)
	if err := r.load.verify(); err != nil {
		r.t.Fatal(err)
	}
}

// TestR2_Kill kills the server at random points under load, and while it starts.
// Everything that was acknowledged is there afterwards, nothing is half there,
// and everything can be read and written: R1, R2, R5.
func TestR2_Kill(t *testing.T) {
	t.Parallel()
	r := newKillRig(t)
	for round := range killRounds {
		before := r.load
		r.work(r.kill)
		if err := before.failures(); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		for r.random.IntN(3) == 0 {
			r.launch()
			time.Sleep(time.Duration(r.random.IntN(150)) * time.Millisecond)
			r.kill()
		}
		if round%5 == 4 {
			r.fsck()
		}
		r.resume()
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
		t.Logf("kill: round %d of %d: %s", round+1, killRounds, r.load.model)
	}
	r.stop()
	r.fsck()
}

// TestR2_Stop stops the server under load, as an init system does.
func TestR2_Stop(t *testing.T) {
	t.Parallel()
	r := newKillRig(t)
	for round := range stopRounds {
		before := r.load
		r.work(r.stop)
		if err := before.failures(); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		r.fsck()
		r.resume()
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
		t.Logf("stop: round %d of %d: %s", round+1, stopRounds, r.load.model)
	}
	r.stop()
}
