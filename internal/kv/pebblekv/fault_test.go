package pebblekv_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/pebblekv"
)

// faultRun writes numbered pairs until the store refuses, and remembers what
// each update answered.
type faultRun struct {
	mu      sync.Mutex
	answers map[int]error
}

func faultPair(x kv.Txn, i int) error {
	value := bytes.Repeat([]byte{byte(i)}, 100+i%2000)
	return errors.Join(x.Set(fmt.Appendf(nil, "a/%05d", i), value), x.Set(fmt.Appendf(nil, "d/%05d", i), value),
		x.Add([]byte("pairs"), 1))
}

// write runs up to n updates on each of four goroutines, or until one fails.
func (f *faultRun) write(store kv.Store, from, n int) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for {
				i := int(next.Add(1))
				if i > n {
					return
				}
				err := store.Update(context.Background(), func(x kv.Txn) error { return faultPair(x, from+i) })
				f.mu.Lock()
				f.answers[from+i] = err
				f.mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	all.Wait()
}

func (f *faultRun) failed() bool {
	for _, err := range f.answers {
		if err != nil {
			return true
		}
	}
	return false
}

// checkLive reads everything that was acknowledged from the store that failed.
func (f *faultRun) checkLive(t *testing.T, store kv.Store) {
	t.Helper()
	for i, err := range f.answers {
		if err != nil {
			continue
		}
		err := store.View(context.Background(), func(r kv.Reader) error {
			v, err := r.Get(fmt.Appendf(nil, "d/%05d", i))
			if want := 100 + i%2000; err == nil && len(v) != want {
				t.Errorf("pair %d has %d bytes, want %d", i, len(v), want)
			}
			return err
		})
		if err != nil {
			t.Errorf("View(pair %d) after the failure = %v", i, err)
		}
	}
}

// checkReopened compares a disk with the answers.
func (f *faultRun) checkReopened(t *testing.T, what string, disk vfs.FS) {
	t.Helper()
	store, err := pebblekv.Open("/kv", pebblekv.Options{FS: disk})
	if err != nil {
		t.Fatalf("%s: Open() = %v", what, err)
	}
	defer closeStore(t, store)
	var pairs int64
	err = store.View(context.Background(), func(r kv.Reader) error {
		for i, answer := range f.answers {
			var there [2]bool
			for h, half := range []string{"a", "d"} {
				v, err := r.Get(fmt.Appendf(nil, "%s/%05d", half, i))
				if err != nil && !errors.Is(err, kv.ErrNotFound) {
					return err
				}
				there[h] = err == nil && len(v) == 100+i%2000
			}
			switch {
			case there[0] != there[1]:
				t.Errorf("%s: one half of pair %d is there", what, i)
			case answer == nil && !there[0]:
				t.Errorf("%s: pair %d was acknowledged and is lost", what, i)
			case answer != nil && !errors.Is(answer, kv.ErrUnknown) && there[0]:
				t.Errorf("%s: pair %d was refused (%v) and is there", what, i, answer)
			}
			if there[0] {
				pairs++
			}
		}
		v, err := r.Get([]byte("pairs"))
		if errors.Is(err, kv.ErrNotFound) {
			v, err = kv.EncodeCounter(0), nil
		}
		if err != nil {
			return err
		}
		n, err := kv.DecodeCounter(v)
		if n != pairs {
			t.Errorf("%s: the counter says %d pairs, there are %d", what, n, pairs)
		}
		return err
	})
	if err != nil {
		t.Errorf("%s: View() = %v", what, err)
	}
}

// isWAL and so on tell the files of Pebble apart.
func isWAL(path string) bool      { return strings.HasSuffix(path, ".log") }
func isManifest(path string) bool { return strings.Contains(path, "MANIFEST-") }
func isTable(path string) bool    { return strings.HasSuffix(path, ".sst") }
func isBlob(path string) bool     { return strings.HasSuffix(path, ".blob") }
func isDir(path string) bool      { return path == "/kv" }

// TestR3_FailingDisk lets each kind of write fail, for ever or once. The store
// turns read-only, says so truthfully and at once, goes on serving reads, closes,
// and opens again with everything that it acknowledged.
func TestR3_FailingDisk(t *testing.T) {
	tests := []struct {
		name  string
		file  func(string) bool
		kinds []errorfs.OpKind
	}{
		{"WAL write", isWAL, []errorfs.OpKind{errorfs.OpFileWrite}},
		{"WAL sync", isWAL, []errorfs.OpKind{errorfs.OpFileSync, errorfs.OpFileSyncData}},
		{"WAL create", isWAL, []errorfs.OpKind{errorfs.OpCreate, errorfs.OpReuseForWrite}},
		{"MANIFEST write", isManifest, []errorfs.OpKind{errorfs.OpFileWrite}},
		{"MANIFEST sync", isManifest, []errorfs.OpKind{errorfs.OpFileSync, errorfs.OpFileSyncData}},
		{"directory sync", isDir, []errorfs.OpKind{errorfs.OpFileSync, errorfs.OpFileSyncData}},
		{"table create", isTable, []errorfs.OpKind{errorfs.OpCreate}},
		{"table write", isTable, []errorfs.OpKind{errorfs.OpFileWrite}},
		{"table sync", isTable, []errorfs.OpKind{errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo}},
		{"blob create", isBlob, []errorfs.OpKind{errorfs.OpCreate}},
		{"blob write", isBlob, []errorfs.OpKind{errorfs.OpFileWrite}},
	}
	for _, test := range tests {
		for _, cause := range []error{syscall.EIO, syscall.ENOSPC} {
			for _, once := range []bool{false, true} {
				name := fmt.Sprintf("%s/%v/once=%t", test.name, cause, once)
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					in := &injector{cause: cause, once: once, match: func(op errorfs.Op) bool {
						for _, kind := range test.kinds {
							if op.Kind == kind && test.file(op.Path) {
								return true
							}
						}
						return false
					}}
					f := failStore(t, in)
					if !f.failed() {
						t.Fatalf("no update failed after %d faults", in.hits.Load())
					}
				})
			}
		}
	}
}

// TestR3_RandomFaults lets any one write operation, and perhaps all after it,
// fail.
func TestR3_RandomFaults(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewPCG(seed, 1))
			var n atomic.Int64
			at := int64(rnd.IntN(400))
			in := &injector{cause: syscall.ENOSPC, once: seed%2 == 0, match: func(op errorfs.Op) bool {
				return op.Kind.ReadOrWrite() == errorfs.OpIsWrite && op.Kind != errorfs.OpFileClose && n.Add(1) > at
			}}
			failStore(t, in)
		})
	}
}

// injector fails operations once it is armed.
type injector struct {
	cause error
	once  bool
	match func(errorfs.Op) bool
	armed atomic.Bool
	hits  atomic.Int64
}

func (in *injector) String() string { return "injector" }

func (in *injector) MaybeError(op errorfs.Op) error {
	if !in.armed.Load() || !in.match(op) {
		return nil
	}
	if in.hits.Add(1) > 1 && in.once {
		return nil
	}
	return in.cause
}

// failStore runs a store on a disk that begins to fail, and checks everything
// that must hold whether or not an update notices.
func failStore(t *testing.T, in *injector) *faultRun {
	t.Helper()
	mem := vfs.NewCrashableMem()
	store, err := pebblekv.Open("/kv", pebblekv.Options{FS: errorfs.Wrap(mem, in), MemTableBytes: 1})
	if err != nil {
		t.Fatalf("Open() = %v", err)
	}
	f := &faultRun{answers: make(map[int]error)}
	f.write(store, 0, 50)
	if f.failed() {
		t.Errorf("an update failed before the first fault")
	}
	in.armed.Store(true)
	f.write(store, 1000, 400)
	if f.failed() {
		checkReadOnly(t, store, in.cause)
	}
	f.checkLive(t, store)
	f.checkReopened(t, "power cut", mem.CrashClone(vfs.CrashCloneCfg{}))
	if err := store.Close(); err != nil {
		t.Errorf("Close() after the failure = %v", err)
	}
	in.armed.Store(false)
	f.checkReopened(t, "power cut after Close", mem.CrashClone(vfs.CrashCloneCfg{}))
	f.checkReopened(t, "restart", mem)
	return f
}

// TestR3_OpenOnAFailingDisk: an Open that cannot write is an error, never a
// panic or a store that forgets.
func TestR3_OpenOnAFailingDisk(t *testing.T) {
	for at := range int64(60) {
		var n atomic.Int64
		in := &injector{cause: syscall.ENOSPC, match: func(op errorfs.Op) bool {
			return op.Kind.ReadOrWrite() == errorfs.OpIsWrite && n.Add(1) > at
		}}
		mem := vfs.NewCrashableMem()
		f := &faultRun{answers: make(map[int]error)}
		for round := range 2 { // a new store, and one with a WAL to replay
			in.armed.Store(true)
			store, err := pebblekv.Open("/kv", pebblekv.Options{FS: errorfs.Wrap(mem, in), MemTableBytes: 1})
			if err == nil {
				closeStore(t, store)
			} else if !errors.Is(err, kv.ErrNoSpace) {
				t.Errorf("Open() with fault %d = %v, want %v", at, err, kv.ErrNoSpace)
			}
			in.armed.Store(false)
			n.Store(0)
			if store, err = pebblekv.Open("/kv", pebblekv.Options{FS: mem}); err != nil {
				t.Fatalf("Open() after fault %d = %v", at, err)
			}
			f.write(store, 100*round, 20)
			closeStore(t, store)
			f.checkReopened(t, "restart", mem)
		}
	}
}

// TestR3_UpdateThatBeganBeforeTheFailure: it is refused and has changed nothing,
// so its outcome is not unknown.
func TestR3_UpdateThatBeganBeforeTheFailure(t *testing.T) {
	in := &injector{cause: syscall.EIO, match: func(op errorfs.Op) bool { return isWAL(op.Path) }}
	mem := vfs.NewMem()
	store, err := pebblekv.Open("/kv", pebblekv.Options{FS: errorfs.Wrap(mem, in)})
	if err != nil {
		t.Fatalf("Open() = %v", err)
	}
	err = store.Update(context.Background(), func(x kv.Txn) error {
		in.armed.Store(true)
		if err := setKey(context.Background(), store, "fails")(); !errors.Is(err, kv.ErrUnknown) {
			t.Errorf("Update() on the failing disk = %v, want %v", err, kv.ErrUnknown)
		}
		return x.Set([]byte("late"), nil)
	})
	if !errors.Is(err, syscall.EIO) || errors.Is(err, kv.ErrUnknown) {
		t.Errorf("Update() = %v, want %v and not %v", err, syscall.EIO, kv.ErrUnknown)
	}
	closeStore(t, store)
	in.armed.Store(false)
	store, err = pebblekv.Open("/kv", pebblekv.Options{FS: mem})
	if err != nil {
		t.Fatalf("Open() again = %v", err)
	}
	defer closeStore(t, store)
	if err := store.View(context.Background(), getKey("late")); !errors.Is(err, kv.ErrNotFound) {
		t.Errorf("Get(late) = %v, want %v", err, kv.ErrNotFound)
	}
}

// TestR3_StalledWritersAreLetGo: writers that wait for a flush get their answer
// when it turns out that the disk takes no more.
func TestR3_StalledWritersAreLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := make(chan struct{})
		disk := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
			if op.Kind == errorfs.OpFileWrite && isTable(op.Path) {
				<-full
				return syscall.ENOSPC
			}
			return nil
		}))
		store, err := pebblekv.Open("/kv", pebblekv.Options{FS: disk, MemTableBytes: 1})
		if err != nil {
			t.Fatalf("Open() = %v", err)
		}
		defer closeStore(t, store)
		f := &faultRun{answers: make(map[int]error)}
		writers := call(func() error {
			f.write(store, 0, 10_000)
			return nil
		})
		synctest.Wait()
		if _, done := writers(); done {
			t.Fatal("writers do not wait for the flush")
		}
		if err := store.View(context.Background(), getKey("none")); !errors.Is(err, kv.ErrNotFound) {
			t.Errorf("View() while writers wait = %v, want %v", err, kv.ErrNotFound)
		}
		close(full)
		synctest.Wait()
		if _, done := writers(); !done {
			t.Error("writers wait for a flush that cannot be")
		}
		if !f.failed() {
			t.Error("no writer was told of the full disk")
		}
		checkReadOnly(t, store, syscall.ENOSPC)
		f.checkLive(t, store)
	})
}
