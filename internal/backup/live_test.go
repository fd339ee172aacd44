package backup_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven/internal/backup"
	"github.com/keyhaven/keyhaven/internal/backup/targettest"
	"github.com/keyhaven/keyhaven/internal/blob/memblob"
	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/kv/pebblekv"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// recorder notes the state of a store after every commit.
type recorder struct {
	kv.Store
	t tester

	mu     sync.Mutex
	grown  sync.Cond
	states []string
}

func newRecorder(t tester, engine kv.Store) *recorder {
	r := &recorder{Store: engine, t: t}
	r.grown.L = &r.mu
	return r
}

func (r *recorder) Update(ctx context.Context, fn func(kv.Txn) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.Store.Update(ctx, fn); err != nil {
		return err
	}
	lines, _ := records(r.t, meta.New(r.Store))
	if d := digest(lines); len(r.states) == 0 || r.states[len(r.states)-1] != d {
		r.states = append(r.states, d)
		r.grown.Broadcast()
	}
	return nil
}

// await returns when n more commits have changed something.
func (r *recorder) await(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for until := len(r.states) + n; len(r.states) < until; {
		r.grown.Wait()
	}
}

func (r *recorder) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.states)
}

func digest(lines []string) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(lines, "\n"))))
}

// TestA1_OneMoment makes backups while a writer and the sweeper go on. Each must
// restore to one of the states that were committed while it was made.
func TestA1_OneMoment(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) kv.Store{
		"memkv": func(*testing.T) kv.Store { return memkv.New() },
		"pebblekv": func(t *testing.T) kv.Store {
			engine, err := pebblekv.Open(filepath.Join(t.TempDir(), "meta"), pebblekv.Options{ReserveBytes: -1})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { engine.Close() })
			return engine
		},
	} {
		t.Run(name, func(t *testing.T) {
			ring, _ := ringOf(t)
			engine := newRecorder(t, open(t))
			s := newSite(t, ring, engine, memblob.New(), smallOptions)
			t.Cleanup(s.close)
			for range 30 {
				s.act()
			}
			ctx, stop := context.WithCancel(t.Context())
			var writers sync.WaitGroup
			writers.Go(func() {
				for ctx.Err() == nil {
					s.act()
				}
			})
			writers.Go(func() {
				for ctx.Err() == nil {
					if err := s.sweeper.Once(t.Context()); err != nil {
						t.Errorf("sweep: %v", err)
					}
				}
			})
			wantMoments(t, s, engine)
			stop()
			writers.Wait()
		})
	}
}

func wantMoments(t *testing.T, s *site, engine *recorder) {
	t.Helper()
	to := targettest.NewMemory()
	watched := targettest.NewFaulty(to, func(c targettest.Call) error {
		// Before the snapshot, when it is about to be read, and after it.
		if c.Op == "List" && c.Name == "data/" || c.Op == "Put" && strings.HasPrefix(c.Name, "meta/") || c.Op == "List" && c.Name == "blobs/" {
			engine.await(3)
		}
		return nil
	})
	type interval struct {
		id       string
		from, to int
	}
	var made []interval
	for range 5 {
		before := engine.count()
		m, err := s.backups.Run(t.Context(), backup.Input{To: watched})
		if err != nil {
			t.Errorf("Run = %v", err)
			return
		}
		made = append(made, interval{m.ID, before, engine.count()})
	}
	for _, m := range made {
		verify(t, to, m.id)
		r := newRestored()
		if err := r.restore(to, s.ring, m.id); err != nil {
			t.Errorf("Restore = %v", err)
			continue
		}
		lines, _ := records(t, r.meta)
		engine.mu.Lock()
		states := engine.states[m.from-1 : m.to]
		engine.mu.Unlock()
		is := func(state string) bool { return state == digest(lines) }
		switch n := len(states); {
		case !slices.ContainsFunc(states, is):
			t.Errorf("backup %s is none of the %d states", m.id, n)
		case !slices.ContainsFunc(states[3:n-3], is):
			t.Errorf("backup %s is one of the first or last states, not the one between", m.id)
		}
	}
}

// TestA1_ChangesAtTheWorstMoments changes everything right before the snapshot,
// within it, and while blobs are copied.
func TestA1_ChangesAtTheWorstMoments(t *testing.T) {
	s := newMemorySite(t)
	for range 60 {
		s.act()
	}
	churn := func() {
		for range 60 {
			s.act()
		}
		if err := s.sweeper.Once(context.Background()); err != nil {
			t.Error(err)
		}
	}
	to := targettest.NewMemory()
	var want []string
	var once sync.Once
	var mu sync.Mutex
	moments := map[string]bool{}
	faulty := targettest.NewFaulty(to, func(c targettest.Call) error {
		switch {
		case c.Op == "List" && c.Name == "data/": // before the small objects are copied ahead
			churn()
		case c.Op == "Put" && strings.HasPrefix(c.Name, "meta/"): // within the snapshot
			want = s.state()
			churn()
		case c.Op == "Put" && strings.HasPrefix(c.Name, "index/") && strings.HasSuffix(c.Name, "-data"):
			churn()
		case c.Op == "Put" && strings.HasPrefix(c.Name, "blobs/"):
			once.Do(churn)
		default:
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		moments[c.Op+" "+strings.SplitN(c.Name, "/", 2)[0]] = true
		return nil
	})
	m := s.run(faulty)
	if len(moments) < 4 {
		t.Fatalf("the backup passed %v only", moments)
	}
	wantRestored(t, to, s.ring, m.ID, want)
	if d := cmp.Diff(want, s.state()); d == "" {
		t.Error("nothing has changed meanwhile")
	}
	if err := s.sweeper.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.state() // after the backup things are freed again, and what is needed is there
}

// TestNothingIsHeldAfterwards wants blobs to be freed again after a backup,
// whether it succeeds or fails.
func TestNothingIsHeldAfterwards(t *testing.T) {
	s := newMemorySite(t)
	s.run(targettest.NewMemory())
	broken := targettest.NewFaulty(targettest.NewMemory(), func(c targettest.Call) error {
		if strings.HasPrefix(c.Name, "meta/") {
			return errTold
		}
		return nil
	})
	if _, err := s.backups.Run(t.Context(), backup.Input{To: broken}); !errors.Is(err, errTold) {
		t.Fatalf("Run on a broken target = %v, want its error", err)
	}
	if done, _ := s.pins.Free([16]byte{1}, func() error { return nil }); !done {
		t.Error("nothing can be freed after the backups")
	}
}
