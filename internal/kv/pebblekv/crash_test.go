package pebblekv_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/pebblekv"
)

const (
	crashWriters = 8
	crashWindow  = 3 // pairs that each writer keeps
)

// crashRun is a history in which each writer numbers its updates. Update j of a
// writer writes both halves of pair j, removes pair j-crashWindow, counts the
// pairs and notes j, so that the note tells the whole state of the writer.
type crashRun struct {
	acked [crashWriters]atomic.Int64 // newest update that returned nil
	seen  [crashWriters]atomic.Int64 // newest note that a read returned
}

func noteKey(w int) []byte { return fmt.Appendf(nil, "note/%d", w) }

func halfKey(half string, w, j int) []byte { return fmt.Appendf(nil, "%s/%d/%05d", half, w, j) }

// pairValue is sometimes large enough to be kept apart from its key.
func pairValue(w, j int) []byte {
	return bytes.Repeat([]byte{byte(w), byte(j)}, 1+(w*7+j*13)%1200)
}

func (c *crashRun) update(store kv.Store, w, j int) error {
	return store.Update(context.Background(), func(x kv.Txn) error {
		err := errors.Join(x.Set(halfKey("a", w, j), pairValue(w, j)), x.Set(halfKey("d", w, j), pairValue(w, j)),
			x.Add([]byte("pairs"), 1), x.Set(noteKey(w), strconv.AppendInt(nil, int64(j), 10)))
		if j > crashWindow {
			err = errors.Join(err, x.Delete(halfKey("a", w, j-crashWindow)),
				x.Delete(halfKey("d", w, j-crashWindow)), x.Add([]byte("pairs"), -1))
		}
		return err
	})
}

func readNote(r kv.Reader, w int) (int64, error) {
	v, err := r.Get(noteKey(w))
	if errors.Is(err, kv.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(string(v), 10, 64)
}

var errLook = errors.New("only looking")

// read returns the note of a writer, by one of the ways to read.
func (c *crashRun) read(store kv.Store, w, way int) (n int64, err error) {
	get := func(r kv.Reader) (err error) { n, err = readNote(r, w); return err }
	ctx := context.Background()
	switch way {
	case 0:
		err = store.View(ctx, get)
	case 1:
		err = store.View(ctx, func(r kv.Reader) error { return errors.Join(get(r), errLook) })
	case 2:
		err = store.Update(ctx, func(x kv.Txn) error { return get(x) })
	default:
		err = store.View(ctx, func(r kv.Reader) error {
			it := r.Scan(kv.Span{From: noteKey(w), To: append(noteKey(w), 0)})
			if it.Next() {
				v, err := it.Value()
				if err != nil {
					return errors.Join(err, it.Close())
				}
				n, _ = strconv.ParseInt(string(v), 10, 64)
			}
			return it.Close()
		})
	}
	if errors.Is(err, errLook) {
		err = nil
	}
	return n, err
}

// check compares a store after a crash with what was known before it.
func (c *crashRun) check(t *testing.T, store kv.Store, acked, seen [crashWriters]int64) {
	t.Helper()
	var pairs int64
	err := store.View(context.Background(), func(r kv.Reader) error {
		for w := range crashWriters {
			last, err := readNote(r, w)
			if err != nil {
				return err
			}
			if last < acked[w] {
				t.Errorf("writer %d: update %d was acknowledged, %d is the last that survived", w, acked[w], last)
			}
			if last < seen[w] {
				t.Errorf("writer %d: update %d was read, %d is the last that survived", w, seen[w], last)
			}
			for _, half := range []string{"a", "d"} {
				if err := checkHalf(t, r, half, w, int(last)); err != nil {
					return err
				}
			}
			pairs += min(last, crashWindow)
		}
		v, err := r.Get([]byte("pairs"))
		if errors.Is(err, kv.ErrNotFound) {
			v, err = kv.EncodeCounter(0), nil
		}
		if err != nil {
			return err
		}
		got, err := kv.DecodeCounter(v)
		if got != pairs {
			t.Errorf("the counter says %d pairs, there are %d", got, pairs)
		}
		return err
	})
	if err != nil {
		t.Errorf("View() after the crash = %v", err)
	}
}

// checkHalf checks that of a writer's half exactly the pairs are there that its
// last update left.
func checkHalf(t *testing.T, r kv.Reader, half string, w, last int) error {
	t.Helper()
	j := max(last-crashWindow, 0)
	it := r.Scan(kv.Prefix(fmt.Appendf(nil, "%s/%d/", half, w)))
	for it.Next() {
		j++
		v, err := it.Value()
		if err != nil {
			return errors.Join(err, it.Close())
		}
		if want := halfKey(half, w, j); !bytes.Equal(it.Key(), want) || !bytes.Equal(v, pairValue(w, j)) {
			t.Errorf("found %q with %d bytes, want %q with %d", it.Key(), len(v), want, len(pairValue(w, j)))
		}
	}
	if j != last {
		t.Errorf("half %s of writer %d ends at %d, want %d", half, w, j, last)
	}
	return it.Close()
}

func load(a *[crashWriters]atomic.Int64) (out [crashWriters]int64) {
	for i := range a {
		out[i] = a[i].Load()
	}
	return out
}

// TestR1_AcknowledgedUpdatesSurvivePowerLoss cuts the power at random moments of
// a random history. What was acknowledged, or read, before the cut is there
// after it, each update is there as a whole or not at all, and the counter
// agrees.
func TestR1_AcknowledgedUpdatesSurvivePowerLoss(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			crashHistory(t, seed)
		})
	}
}

func crashHistory(t *testing.T, seed uint64) {
	const updates, crashes = 120, 6
	mem := vfs.NewCrashableMem()
	opts := pebblekv.Options{FS: newTestDisk(mem), MemTableBytes: 1}
	if seed%2 == 1 {
		opts.MemTableBytes = 1 << 20 // nothing is flushed
	}
	store, err := pebblekv.Open("/kv", opts)
	if err != nil {
		t.Fatalf("Open() = %v", err)
	}
	var c crashRun
	var writers, readers sync.WaitGroup
	progress := make(chan struct{}, crashWriters*updates)
	turns := make(chan struct{}, 4) // each lets one read happen, beside the writers
	for w := range crashWriters {
		writers.Go(func() {
			for j := 1; j <= updates; j++ {
				select {
				case turns <- struct{}{}:
				default:
				}
				if err := c.update(store, w, j); err != nil {
					t.Errorf("Update() = %v", err)
					return
				}
				c.acked[w].Store(int64(j))
				progress <- struct{}{}
			}
		})
	}
	for i := range 2 {
		readers.Go(func() { c.readAll(t, store, turns, rand.New(rand.NewPCG(seed, uint64(i)))) })
	}
	rnd := rand.New(rand.NewPCG(seed, 99))
	for range crashes {
		for range rnd.IntN(crashWriters * updates / crashes) {
			<-progress
		}
		acked, seen := load(&c.acked), load(&c.seen)
		cut := mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: []int{0, 50, 100}[rnd.IntN(3)], RNG: rnd})
		c.reopen(t, cut, acked, seen)
	}
	writers.Wait()
	close(turns)
	readers.Wait()
	if err := store.Close(); err != nil {
		t.Errorf("Close() = %v", err)
	}
	c.reopen(t, mem, load(&c.acked), load(&c.seen))
}

func (c *crashRun) readAll(t *testing.T, store kv.Store, turns chan struct{}, rnd *rand.Rand) {
	for range turns {
		w := rnd.IntN(crashWriters)
		n, err := c.read(store, w, rnd.IntN(4))
		if err != nil {
			t.Errorf("read = %v", err)
			continue
		}
		for old := c.seen[w].Load(); old < n && !c.seen[w].CompareAndSwap(old, n); {
			old = c.seen[w].Load()
		}
	}
}

// reopen checks what is on a disk, twice: opening must not lose anything.
func (c *crashRun) reopen(t *testing.T, disk vfs.FS, acked, seen [crashWriters]int64) {
	t.Helper()
	for range 2 {
		store, err := pebblekv.Open("/kv", pebblekv.Options{FS: disk, MemTableBytes: 1})
		if err != nil {
			t.Fatalf("Open() after the crash = %v", err)
		}
		c.check(t, store, acked, seen)
		if err := store.Close(); err != nil {
			t.Errorf("Close() after the crash = %v", err)
		}
	}
}
