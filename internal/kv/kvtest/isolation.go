package kvtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"

	"github.com/keyhaven/keyhaven/internal/kv"
)

func testViewIsASnapshot(t *testing.T, store kv.Store) {
	set(t, store, "a", "1", "b", "1")
	for _, first := range []string{"get", "scan"} {
		update(t, store, func(x kv.Txn) error { return x.Delete([]byte("c")) })
		set(t, store, "a", "1", "b", "1")
		view(t, store, func(r kv.Reader) error {
			if first == "get" {
				if got, err := get(r, "a"); got != "1" {
					t.Errorf("Get(a) = %q, %v, want 1", got, err)
				}
			} else if got, err := pairs(r, kv.Span{}); len(got) != 2 {
				t.Errorf("Scan = %q, %v, want two pairs", got, err)
			}
			set(t, store, "a", "2", "b", "2", "c", "2")
			for _, key := range []string{"a", "b"} {
				if got, err := get(r, key); got != "1" {
					t.Errorf("Get(%s) after a later update = %q, %v, want 1", key, got, err)
				}
			}
			if got, err := get(r, "c"); got != missing {
				t.Errorf("Get(c) after a later update = %q, %v, want none", got, err)
			}
			got, err := pairs(r, kv.Span{})
			if len(got) != 2 {
				t.Errorf("Scan after a later update = %q, want two pairs", got)
			}
			return err
		})
		want(t, store, "c", "2")
	}
}

const accounts = 16

func account(i int) []byte { return fmt.Appendf(nil, "account/%02d", i) }

func balance(r kv.Reader, key []byte) (int, error) {
	v, err := r.Get(key)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(string(v))
}

// testViewsSeeConsistentSums moves money about while views add it up, by Get
// and by Scan.
func testViewsSeeConsistentSums(t *testing.T, store kv.Store) {
	update(t, store, func(x kv.Txn) error {
		for i := range accounts {
			if err := x.Set(account(i), []byte("100")); err != nil {
				return err
			}
		}
		return nil
	})
	var movers, viewers sync.WaitGroup
	stop := make(chan struct{})
	for seed := range 4 {
		movers.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(seed), 0))
			for range 60 {
				from, to, amount := account(rnd.IntN(accounts)), account(rnd.IntN(accounts)), rnd.IntN(50)
				err := store.Update(context.Background(), func(x kv.Txn) error { return move(x, from, to, amount) })
				if err != nil {
					t.Errorf("Update() = %v", err)
				}
			}
		})
	}
	for seed := range 2 {
		viewers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				checkSum(t, store, (i+seed)%2 == 0)
			}
		})
	}
	movers.Wait()
	close(stop)
	viewers.Wait()
	checkSum(t, store, true)
}

func move(x kv.Txn, from, to []byte, amount int) error {
	a, err := balance(x, from)
	if err != nil {
		return err
	}
	if err := x.Set(from, strconv.AppendInt(nil, int64(a-amount), 10)); err != nil {
		return err
	}
	b, err := balance(x, to) // sees the Set when from is to
	if err != nil {
		return err
	}
	return x.Set(to, strconv.AppendInt(nil, int64(b+amount), 10))
}

func checkSum(t *testing.T, store kv.Store, scan bool) {
	sum := 0
	err := store.View(context.Background(), func(r kv.Reader) error {
		if !scan {
			for i := range accounts {
				n, err := balance(r, account(i))
				if err != nil {
					return err
				}
				sum += n
			}
			return nil
		}
		it := r.Scan(kv.Prefix([]byte("account/")))
		for it.Next() {
			v, err := it.Value()
			if err != nil {
				return errors.Join(err, it.Close())
			}
			n, err := strconv.Atoi(string(v))
			if err != nil {
				return errors.Join(err, it.Close())
			}
			sum += n
		}
		return it.Close()
	})
	if err != nil || sum != accounts*100 {
		t.Errorf("sum (scan=%t) = %d, %v, want %d", scan, sum, err, accounts*100)
	}
}

// testRealTime checks that whoever was told that an update is done sees it.
func testRealTime(t *testing.T, store kv.Store) {
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			key := fmt.Sprintf("key/%d", g)
			for i := range 30 {
				value := strconv.Itoa(i)
				err := store.Update(context.Background(), func(x kv.Txn) error {
					return x.Set([]byte(key), []byte(value))
				})
				if err != nil {
					t.Errorf("Update() = %v", err)
				}
				want(t, store, key, value)
			}
		})
	}
	all.Wait()
}

func testWriteSkew(t *testing.T, store kv.Store) {
	set(t, store, "on/1", "yes", "on/2", "yes")
	// Whoever goes off call leaves at least one on call, if updates are
	// serializable.
	leave := func(x kv.Txn, me, other string, between func()) error {
		got, err := get(x, "on/"+other)
		if err != nil {
			return err
		}
		between()
		if got != "yes" {
			return nil
		}
		return x.Set([]byte("on/"+me), []byte("no"))
	}
	runs := 0
	update(t, store, func(x kv.Txn) error {
		runs++
		return leave(x, "1", "2", func() {
			if runs == 1 {
				update(t, store, func(y kv.Txn) error { return leave(y, "2", "1", func() {}) })
			}
		})
	})
	want(t, store, "on/2", "no")
	want(t, store, "on/1", "yes")
}

func testMissingKeyConflicts(t *testing.T, store kv.Store) {
	runs := 0
	update(t, store, func(x kv.Txn) error {
		runs++
		got, err := get(x, "a")
		if err != nil {
			return err
		}
		if runs == 1 {
			set(t, store, "a", "there")
		}
		return x.Set([]byte("saw"), []byte(got))
	})
	want(t, store, "saw", "there")
}

func testNoLostUpdate(t *testing.T, store kv.Store) {
	const writers, rounds = 32, 10
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range rounds {
				err := store.Update(context.Background(), func(x kv.Txn) error {
					n, err := counter(x, "n")
					if err != nil {
						return err
					}
					return x.Set([]byte("n"), kv.EncodeCounter(n+1))
				})
				if err != nil {
					t.Errorf("Update() = %v", err)
				}
			}
		})
	}
	all.Wait()
	wantCounter(t, store, "n", writers*rounds)
}

// testOneCreatorWins lets many writers create the same keys if they are not
// there; of each key exactly one must succeed.
func testOneCreatorWins(t *testing.T, store kv.Store) {
	const writers, keys = 32, 5
	errExists := errors.New("exists")
	var all sync.WaitGroup
	var mu sync.Mutex
	won := make(map[string]string)
	for w := range writers {
		all.Go(func() {
			for k := range keys {
				key, me := "key/"+strconv.Itoa(k), strconv.Itoa(w)
				err := store.Update(context.Background(), func(x kv.Txn) error {
					if got, err := get(x, key); err != nil || got != missing {
						return errors.Join(err, errExists)
					}
					return x.Set([]byte(key), []byte(me))
				})
				mu.Lock()
				if _, taken := won[key]; err == nil && taken {
					t.Errorf("two writers created %s", key)
				} else if err == nil {
					won[key] = me
				} else if !errors.Is(err, errExists) {
					t.Errorf("Update() = %v", err)
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if len(won) != keys {
		t.Errorf("%d keys were created, want %d", len(won), keys)
	}
	for key, winner := range won {
		want(t, store, key, winner)
	}
}
