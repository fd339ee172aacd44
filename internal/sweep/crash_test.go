package sweep_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven/internal/blob/faultblob"
	"github.com/keyhaven/keyhaven/internal/kv"
)

var errCrash = errors.New("crash")

// crashStore is an engine that stops after a number of steps. A step is a commit
// or, through step, the deletion of a blob. What comes after the last step has
// not happened; with torn set the last commit has, and says that it does not
// know.
type crashStore struct {
	kv.Store
	mu    sync.Mutex
	armed bool
	left  int // steps until the crash
	steps int // steps that were made
	torn  bool
}

func (s *crashStore) crashAfter(steps int, torn bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed, s.left, s.steps, s.torn = true, steps, 0, torn
}

func (s *crashStore) heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed = false
}

// step counts a step; last reports that it is the one that gets torn.
func (s *crashStore) step() (last bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps++
	if !s.armed {
		return false, nil
	}
	if s.left == 0 {
		return false, errCrash
	}
	s.left--
	return s.torn && s.left == 0, nil
}

func (s *crashStore) crashed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.armed && s.left == 0
}

func (s *crashStore) View(ctx context.Context, fn func(kv.Reader) error) error {
	if s.crashed() {
		return errCrash
	}
	return s.Store.View(ctx, fn)
}

func (s *crashStore) Update(ctx context.Context, fn func(kv.Txn) error) error {
	last, err := s.step()
	if err != nil {
		return err
	}
	if err := s.Store.Update(ctx, fn); err != nil {
		return err
	}
	if last {
		return fmt.Errorf("%w: %w", kv.ErrUnknown, errCrash)
	}
	return nil
}

// history makes every kind of work for a sweeper, and returns what must be left
// of it: the sizes of the objects in bucket "kept".
func history(r *rig) map[string]int64 {
	kept, gone := r.createBucket("kept"), r.createBucket("gone")
	r.put(kept, "stays", large)
	r.put(kept, "replaced", large)
	r.put(kept, "replaced", large+1)
	r.put(kept, "deleted", large)
	r.delete(kept, "deleted")
	r.put(kept, "copied", large+2)
	r.copy(kept, "copied", "copy")
	r.delete(kept, "copied")
	r.complete(kept, "multipart", large, 12, large+3) // the first two parts are not in the list
	r.complete(kept, "inline multipart", 12)
	r.complete(kept, "multipart deleted", large)
	r.copy(kept, "multipart deleted", "multipart copy")
	r.delete(kept, "multipart deleted")
	r.complete(kept, "multipart gone", large, large)
	r.delete(kept, "multipart gone")
	aborted, _ := r.upload(kept, "aborted", large, 12)
	r.must("abort", r.objects.AbortUpload(r.ctx, aborted, nil))
	r.upload(kept, "unfinished", large, 12)
	for i := range 3 {
		r.put(gone, fmt.Sprint("blob ", i), large)
	}
	r.put(gone, "inline", 12)
	r.complete(gone, "multipart", large)
	r.upload(gone, "unfinished", large)
	r.deleteBucket("gone")
	return map[string]int64{
		"stays": large, "replaced": large + 1, "copy": large + 2, "multipart": large + 3, "inline multipart": 12, "multipart copy": large,
		"deleted": -1, "copied": -1, "multipart deleted": -1, "multipart gone": -1,
	}
}

// keptBlobs is how many blobs history's objects and its unfinished upload need.
const keptBlobs = 6

// TestS3_CrashAtEveryStep stops the sweeper after each of its steps, starts
// anew, and looks: nothing that is referenced is missing at any time, and in the
// end nothing is left that is not (S1, R13).
func TestS3_CrashAtEveryStep(t *testing.T) {
	// One run without a crash tells how many steps there are.
	whole := newRig(t)
	want := history(whole)
	whole.engine.crashAfter(1<<30, false)
	whole.blobs.FailFunc(blobSteps(whole.engine))
	whole.must("sweep", whole.sweep.Once(whole.ctx))
	steps, left := whole.engine.steps, whole.kinds()
	if steps < 15 || whole.blobCount() != keptBlobs {
		t.Fatalf("a sweep makes %d steps and leaves %d blobs, want more than 15 and %d", steps, whole.blobCount(), keptBlobs)
	}
	for _, torn := range []bool{false, true} {
		for n := range steps {
			t.Run(fmt.Sprintf("torn %v/%d", torn, n), func(t *testing.T) {
				r := newRig(t)
				history(r)
				kept, err := r.buckets.Get(r.ctx, "kept")
				r.must("get bucket", err)
				check := func(when string) {
					t.Helper()
					for key, size := range want {
						if got := r.size(kept, key); got != size {
							t.Fatalf("%s: %s has %d bytes, want %d", when, key, got, size)
						}
					}
				}
				r.engine.crashAfter(n, torn)
				r.blobs.FailFunc(blobSteps(r.engine))
				if err := r.sweep.Once(r.ctx); !errors.Is(err, errCrash) {
					t.Fatalf("Once() = %v, want the crash", err)
				}
				r.restart()
				check("after the crash")
				if _, err := r.sweep.Orphans(r.ctx); err != nil {
					t.Fatalf("Orphans() = %v", err)
				}
				check("after the left-overs were deleted")
				r.must("sweep", r.sweep.Once(r.ctx))
				check("after the next sweep")
				if n := r.blobCount(); n != keptBlobs {
					t.Errorf("%d blobs are left, want %d", n, keptBlobs)
				}
				if d := cmp.Diff(left, r.kinds()); d != "" {
					t.Errorf("records that are left (-without a crash +with):\n%s", d)
				}
			})
		}
	}
}

// blobSteps lets the deletion of a blob be a step.
func blobSteps(s *crashStore) func(faultblob.Call) error {
	return func(c faultblob.Call) error {
		if c.Op != faultblob.Delete {
			return nil
		}
		_, err := s.step()
		return err
	}
}

// TestS2_Orphans: of the blobs that nothing needs, those of earlier sessions go
// and those of the running one stay, as a record may be about to name them.
func TestS2_Orphans(t *testing.T) {
	r := newRig(t)
	b := r.createBucket("kept")
	orphan := func() {
		w, err := r.blobs.Create(r.ctx, -1)
		r.must("create", err)
		_, err = w.Write([]byte("nobody names me"))
		r.must("write", err)
		_, err = w.Commit(r.ctx)
		r.must("commit", err)
	}
	r.put(b, "old", large)
	r.upload(b, "unfinished", large)
	r.complete(b, "multipart", large)
	orphan()
	orphan()
	r.restart()
	r.put(b, "new", large)
	orphan()
	if n, err := r.sweep.Orphans(r.ctx); n != 2 || err != nil {
		t.Errorf("Orphans() = %d, %v, want the two of the earlier session", n, err)
	}
	if n := r.blobCount(); n != 5 {
		t.Errorf("%d blobs are left, want the four that are needed and the one of this session", n)
	}
	for _, key := range []string{"old", "new", "multipart"} {
		if n := r.size(b, key); n != large {
			t.Errorf("%s has %d bytes", key, n)
		}
	}
	r.restart()
	if n, err := r.sweep.Orphans(r.ctx); n != 1 || err != nil {
		t.Errorf("Orphans() after the next start = %d, %v, want the one", n, err)
	}
}
