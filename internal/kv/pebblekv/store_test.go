package pebblekv_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/pebblekv"
)

func openMem(t *testing.T) *pebblekv.Store {
	t.Helper()
	store, err := pebblekv.Open("/kv", pebblekv.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatalf("Open() = %v", err)
	}
	return store
}

func wantCounter(t *testing.T, store kv.Store, key string, want int64) {
	t.Helper()
	err := store.View(context.Background(), func(r kv.Reader) error {
		v, err := r.Get([]byte(key))
		if err != nil {
			return err
		}
		got, err := kv.DecodeCounter(v)
		if got != want {
			t.Errorf("counter %q = %d, want %d", key, got, want)
		}
		return err
	})
	if err != nil {
		t.Errorf("View() = %v", err)
	}
}

// TestUnluckyUpdateEnds: an update that loses every race is run alone, where
// nobody can come between.
func TestUnluckyUpdateEnds(t *testing.T) {
	ctx := context.Background()
	store := openMem(t)
	defer closeStore(t, store)
	add := func(x kv.Txn) error { return x.Add([]byte("n"), 1) }
	const races = 4 // as many as an update may lose
	runs := 0
	err := store.Update(ctx, func(x kv.Txn) error {
		runs++
		if _, err := x.Get([]byte("n")); err != nil && !errors.Is(err, kv.ErrNotFound) {
			return err
		}
		if runs <= races {
			if err := store.Update(ctx, add); err != nil {
				return err
			}
		}
		return add(x)
	})
	if err != nil || runs != races+1 {
		t.Errorf("Update() = %v after %d runs, want nil after %d", err, runs, races+1)
	}
	wantCounter(t, store, "n", races+1)
}

// TestUpdateAloneLetsGo: whatever becomes of an update that runs alone, others
// can go on.
func TestUpdateAloneLetsGo(t *testing.T) {
	stop := errors.New("stop")
	endings := map[string]func(kv.Txn, context.CancelFunc) error{
		"error":     func(kv.Txn, context.CancelFunc) error { return stop },
		"nothing":   func(kv.Txn, context.CancelFunc) error { return nil },
		"cancel":    func(x kv.Txn, cancel context.CancelFunc) error { cancel(); return x.Set([]byte("a"), nil) },
		"bad add":   func(x kv.Txn, _ context.CancelFunc) error { return x.Add([]byte("text"), 1) },
		"panic":     func(kv.Txn, context.CancelFunc) error { panic(stop) },
		"no change": func(x kv.Txn, _ context.CancelFunc) error { _, err := x.Get([]byte("hot")); return err },
	}
	for name, end := range endings {
		store := openMem(t)
		ctx, cancel := context.WithCancel(context.Background())
		disturb := func() error {
			return store.Update(context.Background(), func(x kv.Txn) error {
				return errors.Join(x.Set([]byte("hot"), nil), x.Set([]byte("text"), []byte("text")))
			})
		}
		func() {
			defer func() {
				if p := recover(); (p != nil) != (name == "panic") {
					t.Errorf("%s: recover() = %v", name, p)
				}
			}()
			runs := 0
			_ = store.Update(ctx, func(x kv.Txn) error {
				if runs++; runs > 4 {
					return end(x, cancel)
				}
				_, _ = x.Get([]byte("hot"))
				if err := disturb(); err != nil {
					return err
				}
				return x.Set([]byte("lost"), nil)
			})
		}()
		if err := disturb(); err != nil {
			t.Errorf("%s: a later Update() = %v", name, err)
		}
		for _, key := range []string{"a", "lost"} {
			if err := store.View(context.Background(), getKey(key)); !errors.Is(err, kv.ErrNotFound) {
				t.Errorf("%s: Get(%s) = %v, want %v", name, key, err, kv.ErrNotFound)
			}
		}
		cancel()
		closeStore(t, store)
	}
}

// TestK5_MoreCountersThanTheCacheHolds adds to so many counters that the cache
// starts anew again and again.
func TestK5_MoreCountersThanTheCacheHolds(t *testing.T) {
	store := openMem(t)
	defer closeStore(t, store)
	const counters, rounds, step = 40_000, 2, 4000
	for range rounds {
		for lo := 0; lo < counters; lo += step {
			err := store.Update(context.Background(), func(x kv.Txn) error {
				for i := lo; i < lo+step; i++ {
					if err := x.Add(fmt.Append(nil, "n/", i), int64(i)); err != nil {
						return err
					}
				}
				return x.Add([]byte("hot"), 1)
			})
			if err != nil {
				t.Fatalf("Update() = %v", err)
			}
		}
	}
	wantCounter(t, store, "hot", rounds*counters/step)
	for i := 0; i < counters; i += 997 {
		wantCounter(t, store, fmt.Sprint("n/", i), int64(rounds*i))
	}
}

// TestLongUpdateSeesLateConflict keeps an update open over many others: what it
// needs to know of them must not be thrown away.
func TestLongUpdateSeesLateConflict(t *testing.T) {
	ctx := context.Background()
	store := openMem(t)
	defer closeStore(t, store)
	runs := 0
	err := store.Update(ctx, func(x kv.Txn) error {
		runs++
		if err := scanPrefix("r/", runs == 1)(x); err != nil {
			return err
		}
		if runs == 1 {
			var others sync.WaitGroup
			for g := range 8 {
				others.Go(func() {
					for i := range 200 {
						key := fmt.Sprintf("other/%d/%d", g, i)
						if g == 3 && i == 7 {
							key = "r/intruder"
						}
						if err := setKey(ctx, store, key)(); err != nil {
							t.Errorf("Update() = %v", err)
						}
					}
				})
			}
			others.Wait()
		}
		return x.Set([]byte("done"), nil)
	})
	if err != nil || runs != 2 {
		t.Errorf("Update() = %v after %d runs, want a second run", err, runs)
	}
}

func TestLimitsOfATransaction(t *testing.T) {
	store := openMem(t)
	defer closeStore(t, store)
	value := make([]byte, kv.MaxValue)
	err := store.Update(context.Background(), func(x kv.Txn) error {
		for i := range 9 { // 72 MiB
			if err := x.Set(fmt.Append(nil, i), value); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil || errors.Is(err, kv.ErrUnknown) {
		t.Errorf("Update() of 72 MiB = %v, want a plain error", err)
	}
	if err := store.View(context.Background(), getKey("0")); !errors.Is(err, kv.ErrNotFound) {
		t.Errorf("Get() after the refusal = %v, want %v", err, kv.ErrNotFound)
	}
}

func TestOpenLocksItsDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "yet", "there")
	first, err := pebblekv.Open(dir, pebblekv.Options{})
	if err != nil {
		t.Fatalf("Open() = %v", err)
	}
	if second, err := pebblekv.Open(dir, pebblekv.Options{}); err == nil {
		closeStore(t, second)
		t.Error("a second Open() of the directory = nil")
	}
	if m := first.Metrics(); m.DiskBytes == 0 || m.MemTableBytes == 0 {
		t.Errorf("Metrics() = %+v, want sizes", m)
	}
	closeStore(t, first)
	closeStore(t, first)
	if m := first.Metrics(); m != (pebblekv.Metrics{}) {
		t.Errorf("Metrics() after Close = %+v, want none", m)
	}
}
