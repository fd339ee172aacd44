package pebblekv_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/pebblekv"
)

// pendingStore opens a store in a bubble, with "old" written and durable.
func pendingStore(t *testing.T, inner vfs.FS) (*pebblekv.Store, *testDisk) {
	t.Helper()
	disk := newTestDisk(inner)
	store, err := pebblekv.Open("/kv", pebblekv.Options{FS: disk})
	if err != nil {
		t.Fatalf("Open() = %v", err)
	}
	err = store.Update(context.Background(), func(x kv.Txn) error {
		return errors.Join(x.Set([]byte("old"), []byte("1")), x.Add([]byte("n"), 1))
	})
	if err != nil {
		t.Fatalf("Update() = %v", err)
	}
	return store, disk
}

func closeStore(t *testing.T, store kv.Store) {
	t.Helper()
	if err := store.Close(); err != nil {
		t.Errorf("Close() = %v", err)
	}
}

// call runs fn in the background and returns where its error will be.
func call(fn func() error) (result func() (error, bool)) {
	var done atomic.Pointer[error]
	go func() {
		err := fn()
		done.Store(&err)
	}()
	return func() (error, bool) {
		if p := done.Load(); p != nil {
			return *p, true
		}
		return nil, false
	}
}

func setKey(ctx context.Context, store kv.Store, key string) func() error {
	return func() error {
		return store.Update(ctx, func(x kv.Txn) error {
			return errors.Join(x.Set([]byte(key), []byte("2")), x.Add([]byte("n"), 1))
		})
	}
}

func getKey(key string) func(kv.Reader) error {
	return func(r kv.Reader) error {
		_, err := r.Get([]byte(key))
		return err
	}
}

func scanPrefix(prefix string, reverse bool) func(kv.Reader) error {
	return func(r kv.Reader) error {
		span := kv.Prefix([]byte(prefix))
		span.Reverse = reverse
		it := r.Scan(span)
		for it.Next() {
			continue
		}
		return it.Close()
	}
}

// TestR1_ReadsWaitForTheSyncOfWhatTheyRead holds the sync of one update and looks
// which calls return meanwhile.
func TestR1_ReadsWaitForTheSyncOfWhatTheyRead(t *testing.T) {
	stop := errors.New("stop")
	tests := []struct {
		name  string
		read  func(kv.Reader) error
		waits bool
		want  error
	}{
		{"pending key", getKey("new"), true, nil},
		{"pending counter", getKey("n"), true, nil},
		{"durable key", getKey("old"), false, nil},
		{"missing key", getKey("none"), false, kv.ErrNotFound},
		{"deleted key", getKey("gone"), true, kv.ErrNotFound},
		{"nothing", func(kv.Reader) error { return nil }, false, nil},
		{"error after reading", func(r kv.Reader) error { return errors.Join(getKey("new")(r), stop) }, true, stop},
		{"scan over it", scanPrefix("ne", false), true, nil},
		{"scan down over it", scanPrefix("ne", true), true, nil},
		{"scan of the gap that it left", scanPrefix("gon", false), true, nil},
		{"scan elsewhere", scanPrefix("o", false), false, nil},
		{"scan that stops before it", func(r kv.Reader) error {
			it := r.Scan(kv.Span{From: []byte("a"), Reverse: true})
			it.Next() // "old", the last key
			return it.Close()
		}, false, nil},
		{"many keys", func(r kv.Reader) error {
			for i := range 100 {
				_, _ = r.Get(fmt.Append(nil, i))
			}
			return getKey("new")(r)
		}, true, nil},
	}
	for _, test := range tests {
		for _, viaUpdate := range []bool{false, true} {
			name := fmt.Sprintf("%s, update=%t", test.name, viaUpdate)
			synctest.Test(t, func(t *testing.T) {
				ctx := context.Background()
				store, disk := pendingStore(t, vfs.NewMem())
				defer closeStore(t, store)
				if err := setKey(ctx, store, "gone")(); err != nil {
					t.Fatalf("Update() = %v", err)
				}
				release := disk.hold()
				write := call(func() error {
					return store.Update(ctx, func(x kv.Txn) error {
						return errors.Join(x.Set([]byte("new"), nil), x.Add([]byte("n"), 1), x.Delete([]byte("gone")))
					})
				})
				synctest.Wait()
				read := call(func() error {
					if viaUpdate {
						return store.Update(ctx, func(x kv.Txn) error { return test.read(x) })
					}
					return store.View(ctx, test.read)
				})
				synctest.Wait()
				if _, done := write(); done {
					t.Errorf("%s: the update returned before its sync", name)
				}
				if _, done := read(); done == test.waits {
					t.Errorf("%s: returned before the sync: %t, want %t", name, done, !test.waits)
				}
				release()
				synctest.Wait()
				if err, done := write(); !done || err != nil {
					t.Errorf("%s: Update() = %v, done=%t", name, err, done)
				}
				if err, done := read(); !done || !errors.Is(err, test.want) {
					t.Errorf("%s: %v, done=%t, want %v", name, err, done, test.want)
				}
			})
		}
	}
}

// TestK4_CancellationDuringTheSyncIsNotAnAnswer: the commit has begun, so the
// update waits and tells the truth.
func TestK4_CancellationDuringTheSyncIsNotAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, disk := pendingStore(t, vfs.NewMem())
		defer closeStore(t, store)
		release := disk.hold()
		ctx, cancel := context.WithCancel(context.Background())
		write := call(setKey(ctx, store, "new"))
		synctest.Wait()
		cancel()
		synctest.Wait()
		if err, done := write(); done {
			t.Errorf("Update() = %v before its sync", err)
		}
		release()
		synctest.Wait()
		if err, done := write(); !done || err != nil {
			t.Errorf("Update() = %v, done=%t, want nil: the change is durable", err, done)
		}
	})
}

// TestCommitsShareSyncs: updates that come during a sync need only one more.
func TestCommitsShareSyncs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, disk := pendingStore(t, vfs.NewMem())
		defer closeStore(t, store)
		release := disk.hold()
		before := disk.syncs.Load()
		var writes []func() (error, bool)
		for i := range 100 {
			writes = append(writes, call(setKey(context.Background(), store, fmt.Sprint(i))))
			synctest.Wait()
		}
		release()
		synctest.Wait()
		for i, write := range writes {
			if err, done := write(); !done || err != nil {
				t.Errorf("update %d = %v, done=%t", i, err, done)
			}
		}
		if syncs := disk.syncs.Load() - before; syncs != 2 {
			t.Errorf("100 updates took %d syncs, want 2", syncs)
		}
	})
}

// TestR3_FailedSyncIsNobodysSuccess holds the sync of an update, lets another
// call read what it wrote, and then fails the sync.
func TestR3_FailedSyncIsNobodysSuccess(t *testing.T) {
	for _, cause := range []error{syscall.EIO, syscall.ENOSPC} {
		synctest.Test(t, func(t *testing.T) {
			ctx := context.Background()
			var broken atomic.Bool
			inner := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
				if broken.Load() && op.Kind == errorfs.OpFileSyncData {
					return cause
				}
				return nil
			}))
			store, disk := pendingStore(t, inner)
			defer closeStore(t, store)
			release := disk.hold()
			write := call(setKey(ctx, store, "new"))
			synctest.Wait()
			readers := map[string]func() (error, bool){
				"View":   call(func() error { return store.View(ctx, getKey("new")) }),
				"Scan":   call(func() error { return store.View(ctx, scanPrefix("ne", false)) }),
				"Update": call(func() error { return store.Update(ctx, func(x kv.Txn) error { return getKey("new")(x) }) }),
			}
			behind := call(func() error {
				return store.Update(ctx, func(x kv.Txn) error {
					return errors.Join(getKey("new")(x), x.Set([]byte("more"), nil))
				})
			})
			synctest.Wait()
			broken.Store(true)
			release()
			synctest.Wait()
			for name, write := range map[string]func() (error, bool){"update": write, "update behind": behind} {
				err, done := write()
				if !done || !errors.Is(err, kv.ErrUnknown) || !errors.Is(err, cause) {
					t.Errorf("%s = %v, done=%t, want %v and %v", name, err, done, kv.ErrUnknown, cause)
				}
			}
			for name, read := range readers {
				if err, done := read(); !done || !errors.Is(err, cause) || errors.Is(err, kv.ErrUnknown) {
					t.Errorf("%s = %v, done=%t, want %v", name, err, done, cause)
				}
			}
			checkReadOnly(t, store, cause)
			if err := store.View(ctx, getKey("old")); err != nil {
				t.Errorf("View(old) = %v, want nil: it is durable", err)
			}
			if err := store.View(ctx, scanPrefix("o", false)); err != nil {
				t.Errorf("Scan of durable keys = %v", err)
			}
			if err := store.View(ctx, getKey("new")); !errors.Is(err, cause) {
				t.Errorf("View(new) later = %v, want %v", err, cause)
			}
		})
	}
}

// checkReadOnly checks the answer of a store to updates after a failure.
func checkReadOnly(t *testing.T, store kv.Store, cause error) {
	t.Helper()
	runs := 0
	err := store.Update(context.Background(), func(x kv.Txn) error {
		runs++
		return x.Set([]byte("late"), nil)
	})
	if runs != 0 || !errors.Is(err, cause) || errors.Is(err, kv.ErrUnknown) {
		t.Errorf("Update() after the failure = %v and %d runs, want %v at once", err, runs, cause)
	}
	if noSpace := errors.Is(cause, syscall.ENOSPC); errors.Is(err, kv.ErrNoSpace) != noSpace {
		t.Errorf("Update() after %v = %v, wraps ErrNoSpace: %t, want %t", cause, err, !noSpace, noSpace)
	}
}
