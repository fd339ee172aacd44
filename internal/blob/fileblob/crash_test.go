package fileblob_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/blob/blobtest"
	"github.com/keyhaven/keyhaven/internal/blob/fileblob"
	"github.com/keyhaven/keyhaven/internal/blob/fileblob/crashfs"
)

// history is a random run that is probed before every operation that changes
// something: a copy of the file system loses power there and must be sound.
type history struct {
	t      *testing.T
	random *rand.Rand
	fs     *crashfs.FS
	store  *fileblob.Store
	ledger *ledger
	faults bool // operations fail now and then
	probes int
}

// More histories for a longer look: go test -run R1 -histories 500.
var histories = flag.Uint64("histories", 5, "number of random histories that lose power")

func TestR1_CommittedBlobsSurvivePowerLoss(t *testing.T) {
	t.Parallel()
	for _, faults := range []bool{false, true} {
		for seed := range *histories {
			t.Run(fmt.Sprintf("faults=%t/%d", faults, seed), func(t *testing.T) {
				h := &history{
					t:      t,
					random: rand.New(rand.NewPCG(seed, 1)),
					fs:     crashfs.New("blobs"),
					ledger: newLedger(),
					faults: faults,
				}
				h.run(20)
			})
		}
	}
}

func (h *history) run(steps int) {
	h.open()
	for range steps {
		switch n := h.random.IntN(20); {
		case n < 10:
			h.put()
		case n < 12:
			h.abort()
		case n < 17:
			h.delete()
		case n < 18:
			h.restart()
		default:
			h.crash()
		}
		h.checkLive()
		if h.t.Failed() {
			return
		}
	}
	if h.probes < steps {
		h.t.Errorf("only %d probes in %d steps", h.probes, steps)
	}
}

func (h *history) probe(op crashfs.Op) error {
	if !changes(op.Kind) {
		return nil
	}
	h.probes++
	seed := h.random.Uint64()
	if err := checkAfterCrash(h.fs.Crash(seed), h.ledger, h.ledger); err != nil {
		h.t.Errorf("crash before %s %s (seed %d): %v", op.Kind, op.Name, seed, err)
	}
	if h.faults && h.random.IntN(25) == 0 {
		return syscall.EIO
	}
	return nil
}

// changes leaves out what only reads, and the making of the 256 directories.
func changes(kind crashfs.Kind) bool {
	switch kind {
	case crashfs.Create, crashfs.Write, crashfs.Sync, crashfs.Rename, crashfs.Remove, crashfs.SyncDir:
		return true
	}
	return false
}

// expect fails the test for an error that no fault explains.
func (h *history) expect(what string, err error) {
	if err != nil && (!h.faults || !errors.Is(err, syscall.EIO)) {
		h.t.Errorf("%s: %v", what, err)
	}
}

func (h *history) open() {
	h.fs.SetHook(h.probe)
	for {
		s, err := fileblob.Open("blobs", fileblob.Options{FS: h.fs})
		h.expect("Open", err)
		if err == nil || h.t.Failed() {
			h.store = s
			return
		}
	}
}

func (h *history) content() []byte {
	near := []int{0, 0, 1000, 64 << 10, 128 << 10, 300 << 10}[h.random.IntN(6)]
	// The 16 random bytes at least make it unique.
	return blobtest.Bytes(h.random.Uint64(), near+16+h.random.IntN(200))
}

func (h *history) put() {
	h.expect("put", h.ledger.put(h.store, h.content(), 1000+h.random.IntN(200<<10)))
}

func (h *history) abort() {
	w, err := h.store.Create(context.Background(), -1)
	h.expect("Create", err)
	if err != nil {
		return
	}
	_, err = w.Write(h.content())
	h.expect("Write", err)
	h.expect("Abort", w.Abort())
}

func (h *history) delete() {
	if refs := sorted(h.ledger.committed); len(refs) > 0 {
		h.expect("Delete", h.ledger.delete(h.store, refs[h.random.IntN(len(refs))]))
	}
}

func sorted[V any](m map[blob.Ref]V) []blob.Ref {
	return slices.SortedFunc(maps.Keys(m), func(a, b blob.Ref) int { return bytes.Compare(a[:], b[:]) })
}

// restart ends the process but not the power. One that is killed does not close
// the store.
func (h *history) restart() {
	if h.random.IntN(2) == 0 {
		h.expect("Close", h.store.Close())
	}
	h.open()
	h.tidy()
}

// crash goes on with what the loss of power left.
func (h *history) crash() {
	h.fs = h.fs.Crash(h.random.Uint64())
	h.open()
	h.tidy()
}

// tidy does as the sweep does: it deletes what nobody was promised, which a
// Commit or Delete that failed may have left.
func (h *history) tidy() {
	there, err := contents(h.store)
	if err != nil {
		h.t.Errorf("after a restart: %v", err)
	}
	for _, ref := range sorted(there) {
		if _, ok := h.ledger.committed[ref]; !ok || h.ledger.deleting[ref] {
			h.expect("Delete of a left-over", h.ledger.delete(h.store, ref))
		}
	}
}

// checkLive compares the running store with the ledger (B1).
func (h *history) checkLive() {
	there, err := contents(h.store)
	if err != nil {
		h.t.Errorf("the running store: %v", err)
	}
	for ref, content := range h.ledger.committed {
		if got, ok := there[ref]; got != content && (ok || !h.ledger.deleting[ref]) {
			h.t.Errorf("the running store lacks %s", ref)
		}
		delete(there, ref)
	}
	for ref := range there {
		if !h.ledger.deleting[ref] || h.ledger.deleted[ref] {
			h.t.Errorf("the running store shows %s, which was deleted or never committed", ref)
		}
	}
}

// TestR1_Concurrent does the same with writers that share the syncs of a
// directory, which the random source makes one and the same for all.
func TestR1_Concurrent(t *testing.T) {
	t.Parallel()
	fsys := crashfs.New("blobs")
	s := openStore(t, "blobs", fileblob.Options{FS: fsys, Random: oneDirectory{}})
	books := newLedger()
	var ops atomic.Uint64
	fsys.SetHook(func(op crashfs.Op) error {
		n := ops.Add(1)
		if !changes(op.Kind) {
			return nil
		}
		before := books.clone()
		left := fsys.Crash(n)
		if err := checkAfterCrash(left, before, books.clone()); err != nil {
			t.Errorf("crash before %s %s (seed %d): %v", op.Kind, op.Name, n, err)
		}
		return nil
	})
	var wg sync.WaitGroup
	for worker := range uint64(8) {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(worker, 2))
			for range 4 {
				content := blobtest.Bytes(random.Uint64(), 16+random.IntN(200<<10))
				if err := books.put(s, content, 1+len(content)/2); err != nil {
					t.Errorf("put: %v", err)
				}
				ref, ok := books.claim()
				if !ok || random.IntN(2) == 0 {
					continue
				}
				if err := books.delete(s, ref); err != nil {
					t.Errorf("Delete: %v", err)
				}
			}
		})
	}
	wg.Wait()
	fsys.SetHook(nil)
	there, err := contents(s)
	if err != nil || len(there) != len(books.committed) {
		t.Errorf("%d blobs are there, %v, want %d", len(there), err, len(books.committed))
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}
