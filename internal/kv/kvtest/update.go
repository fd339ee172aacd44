package kvtest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/keyhaven/keyhaven/internal/kv"
)

// testRerun makes the first run lose, and checks that nothing of it is left:
// neither writes nor additions nor what it read.
func testRerun(t *testing.T, store kv.Store) {
	set(t, store, "a", "0", "b", "0")
	runs := 0
	update(t, store, func(x kv.Txn) error {
		runs++
		a, err := get(x, "a")
		if err != nil {
			return err
		}
		if runs == 1 {
			set(t, store, "a", "1")
			return errors.Join(x.Set([]byte("only first"), nil), x.Add([]byte("n"), 100), x.Delete([]byte("b")))
		}
		return errors.Join(x.Set([]byte("saw"), []byte(a)), x.Add([]byte("n"), 1))
	})
	if runs < 2 {
		t.Errorf("the function ran %d times, want a second time after a conflict", runs)
	}
	want(t, store, "saw", "1")
	want(t, store, "only first", missing)
	want(t, store, "b", "0")
	wantCounter(t, store, "n", 1)
}

func testErrorLeavesNothing(t *testing.T, store kv.Store) {
	set(t, store, "a", "old")
	stop := errors.New("stop")
	err := store.Update(context.Background(), func(x kv.Txn) error {
		return errors.Join(x.Set([]byte("a"), []byte("new")), x.Set([]byte("b"), nil),
			x.Add([]byte("n"), 5), stop)
	})
	if !errors.Is(err, stop) {
		t.Errorf("Update() = %v, want %v", err, stop)
	}
	if err := store.Update(context.Background(), func(kv.Txn) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("Update() = %v, want %v unwrapped", err, stop)
	}
	if err := store.View(context.Background(), func(kv.Reader) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("View() = %v, want %v unwrapped", err, stop)
	}
	want(t, store, "a", "old")
	want(t, store, "b", missing)
	wantCounter(t, store, "n", 0)
}

// testPanicLeavesNothing checks that a store outlives a function that panics,
// as doors turn panics into answers.
func testPanicLeavesNothing(t *testing.T, store kv.Store) {
	catch := func(call func()) {
		defer func() {
			if p := recover(); p != "stop" {
				t.Errorf("recover() = %v, want the panic of the function", p)
			}
		}()
		call()
	}
	for range 3 {
		catch(func() {
			_ = store.Update(context.Background(), func(x kv.Txn) error {
				_ = x.Set([]byte("a"), []byte("new"))
				x.Scan(kv.Span{}).Next()
				panic("stop")
			})
		})
		catch(func() {
			_ = store.View(context.Background(), func(r kv.Reader) error {
				_, _ = r.Get([]byte("a"))
				panic("stop")
			})
		})
	}
	want(t, store, "a", missing)
	set(t, store, "b", "1")
	want(t, store, "b", "1")
}

func testCanceledBefore(t *testing.T, store kv.Store) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := store.Update(ctx, func(x kv.Txn) error { return x.Set([]byte("a"), nil) })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Update(canceled) = %v, want %v", err, context.Canceled)
	}
	err = store.View(ctx, func(kv.Reader) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("View(canceled) = %v, want %v", err, context.Canceled)
	}
	want(t, store, "a", missing)
}

func testCanceledInside(t *testing.T, store kv.Store) {
	ctx, cancel := context.WithCancel(context.Background())
	err := store.Update(ctx, func(x kv.Txn) error {
		cancel()
		return errors.Join(x.Set([]byte("a"), nil), x.Add([]byte("n"), 1))
	})
	if !errors.Is(err, context.Canceled) || errors.Is(err, kv.ErrUnknown) {
		t.Errorf("Update(canceled inside) = %v, want %v and nothing unknown", err, context.Canceled)
	}
	want(t, store, "a", missing)
	wantCounter(t, store, "n", 0)
}

// testCancellationDoesNotLie cancels updates at any moment and compares what
// they answered with what is there.
func testCancellationDoesNotLie(t *testing.T, store kv.Store) {
	const updates = 200
	outcome := make([]error, updates)
	var all sync.WaitGroup
	for i := range updates {
		ctx, cancel := context.WithCancel(context.Background())
		all.Go(func() {
			outcome[i] = store.Update(ctx, func(x kv.Txn) error {
				return errors.Join(x.Set(fmt.Appendf(nil, "key/%d", i), nil), x.Add([]byte("n"), 1))
			})
		})
		all.Go(cancel)
	}
	all.Wait()
	var done int64
	for i, err := range outcome {
		key := "key/" + strconv.Itoa(i)
		var got string
		view(t, store, func(r kv.Reader) (err error) { got, err = get(r, key); return err })
		if got != missing {
			done++
		}
		switch {
		case errors.Is(err, kv.ErrUnknown):
		case err == nil && got == missing:
			t.Errorf("%s: Update() = nil and the key is missing", key)
		case err != nil && got != missing:
			t.Errorf("%s: Update() = %v and the key is there", key, err)
		case err != nil && !errors.Is(err, context.Canceled):
			t.Errorf("%s: Update() = %v, want nil or %v", key, err, context.Canceled)
		}
	}
	wantCounter(t, store, "n", done)
}

func testAddCommutes(t *testing.T, store kv.Store) {
	runs := 0
	update(t, store, func(x kv.Txn) error {
		runs++
		if err := x.Add([]byte("n"), 1); err != nil {
			return err
		}
		if runs == 1 {
			update(t, store, func(y kv.Txn) error { return y.Add([]byte("n"), 10) })
		}
		return x.Add([]byte("n"), 100)
	})
	if runs != 1 {
		t.Errorf("the function ran %d times: additions conflict", runs)
	}
	wantCounter(t, store, "n", 111)
}

func testAddIsExact(t *testing.T, store kv.Store) {
	const writers, rounds = 16, 25
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range rounds {
				err := store.Update(context.Background(), func(x kv.Txn) error {
					return errors.Join(x.Add([]byte("all"), 1), x.Add([]byte("signed"), int64(1-2*(i%2))),
						x.Add(fmt.Appendf(nil, "each/%d", w), int64(i)), x.Set(fmt.Appendf(nil, "key/%d/%d", w, i), nil))
				})
				if err != nil {
					t.Errorf("Update() = %v", err)
				}
			}
		})
	}
	all.Wait()
	wantCounter(t, store, "all", writers*rounds)
	wantCounter(t, store, "signed", writers)
	for w := range writers {
		wantCounter(t, store, fmt.Sprintf("each/%d", w), rounds*(rounds-1)/2)
	}
	view(t, store, func(r kv.Reader) error {
		keys, err := pairs(r, kv.Prefix([]byte("key/")))
		if len(keys) != writers*rounds {
			t.Errorf("%d keys, want %d: the counter counts other things", len(keys), writers*rounds)
		}
		return err
	})
}

func testAddMixes(t *testing.T, store kv.Store) {
	n := []byte("n")
	steps := []struct {
		name string
		fn   func(kv.Txn) error
		want int64
	}{
		{"add to nothing", func(x kv.Txn) error { return x.Add(n, 3) }, 3},
		{"add less", func(x kv.Txn) error { return x.Add(n, -5) }, -2},
		{"set", func(x kv.Txn) error { return x.Set(n, kv.EncodeCounter(40)) }, 40},
		{"add to set", func(x kv.Txn) error { return x.Add(n, 2) }, 42},
		{"set, add", func(x kv.Txn) error { return errors.Join(x.Set(n, kv.EncodeCounter(7)), x.Add(n, 1)) }, 8},
		{"add, set", func(x kv.Txn) error { return errors.Join(x.Add(n, 1), x.Set(n, kv.EncodeCounter(5))) }, 5},
		{"delete, add", func(x kv.Txn) error { return errors.Join(x.Delete(n), x.Add(n, 6)) }, 6},
		{"add, add", func(x kv.Txn) error { return errors.Join(x.Add(n, 1), x.Add(n, -3)) }, 4},
		{"delete, add, add", func(x kv.Txn) error { return errors.Join(x.Delete(n), x.Add(n, 1), x.Add(n, 1)) }, 2},
		{"add, delete", func(x kv.Txn) error { return errors.Join(x.Add(n, 9), x.Delete(n)) }, 0},
		{"add after delete", func(x kv.Txn) error { return x.Add(n, 1) }, 1},
		{"large", func(x kv.Txn) error { return x.Add(n, 1<<62) }, 1<<62 + 1},
	}
	for _, step := range steps {
		update(t, store, step.fn)
		view(t, store, func(r kv.Reader) error {
			got, err := counter(r, "n")
			if got != step.want {
				t.Errorf("%s: %d, want %d", step.name, got, step.want)
			}
			return err
		})
	}
}

func testAddRefuses(t *testing.T, store kv.Store) {
	set(t, store, "text", "not a counter")
	err := store.Update(context.Background(), func(x kv.Txn) error {
		return errors.Join(x.Set([]byte("a"), nil), x.Add([]byte("text"), 1))
	})
	if err == nil {
		t.Error("Add to a value that is no counter: Update() = nil")
	}
	want(t, store, "text", "not a counter")
	want(t, store, "a", missing)
	err = store.Update(context.Background(), func(x kv.Txn) error {
		if err := x.Set([]byte("other"), []byte("short")); err != nil {
			return err
		}
		return x.Add([]byte("other"), 1)
	})
	if err == nil {
		t.Error("Add to an own value that is no counter: Update() = nil")
	}
	want(t, store, "other", missing)
}

func testClosed(t *testing.T, store kv.Store) {
	set(t, store, "a", "1")
	began, end := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		err := store.View(context.Background(), func(r kv.Reader) error {
			close(began)
			<-end
			got, err := get(r, "a")
			if got != "1" {
				t.Errorf("Get(a) while Close waits = %q, want 1", got)
			}
			return err
		})
		if err != nil {
			t.Errorf("View() that Close waits for = %v", err)
		}
	})
	<-began
	all.Go(func() { closeStore(t, store) })
	close(end)
	all.Wait()
	if err := store.View(context.Background(), func(kv.Reader) error { return nil }); !errors.Is(err, kv.ErrClosed) {
		t.Errorf("View() after Close = %v, want %v", err, kv.ErrClosed)
	}
	if err := store.Update(context.Background(), func(kv.Txn) error { return nil }); !errors.Is(err, kv.ErrClosed) {
		t.Errorf("Update() after Close = %v, want %v", err, kv.ErrClosed)
	}
}
