package meta

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
)

// lateStore lets a View end only after the hook, so that what it read is old by
// the time that a cache may take it.
type lateStore struct {
	kv.Store
	hook func()
}

func (s *lateStore) View(ctx context.Context, fn func(kv.Reader) error) error {
	err := s.Store.View(ctx, fn)
	s.hook()
	return err
}

// numbered returns a bucket that carries a number.
func numbered(name string, n int) *keyhaven.Bucket {
	return &keyhaven.Bucket{ID: testBucket, Name: name, Account: "111122223333", Tags: []keyhaven.Tag{{Key: "n", Value: strconv.Itoa(n)}}}
}

func number(t fatal, b *keyhaven.Bucket) int {
	t.Helper()
	n, err := strconv.Atoi(b.Tags[0].Value)
	if err != nil {
		t.Fatalf("tag of %s: %v", b.Name, err)
	}
	return n
}

// TestBucketCacheRefusesOldReads is the one bad order, step by step: a look-up
// reads, a change is answered, the look-up stores what it read.
func TestBucketCacheRefusesOldReads(t *testing.T) {
	late := &lateStore{Store: memkv.New(), hook: func() {}}
	s := New(late)
	write(t, s, func(tx *Txn) error { return tx.PutBucket(numbered("photos", 1)) })

	hasRead, goOn := make(chan bool), make(chan bool)
	late.hook = func() { hasRead <- true; <-goOn }
	first := make(chan *keyhaven.Bucket)
	go func() {
		b, err := s.Bucket(t.Context(), "photos")
		if err != nil {
			t.Errorf("Bucket() = %v", err)
		}
		first <- b
	}()
	<-hasRead
	write(t, s, func(tx *Txn) error { return tx.PutBucket(numbered("photos", 2)) })
	late.hook = func() {}
	goOn <- true
	if n := number(t, <-first); n != 1 {
		t.Fatalf("the first look-up sees %d, want 1: the test does not test what it says", n)
	}
	b, err := s.Bucket(t.Context(), "photos")
	if err != nil || number(t, b) != 2 {
		t.Errorf("Bucket() = %+v, %v, want the changed one", b, err)
	}
	write(t, s, func(tx *Txn) error { return tx.DeleteBucket(b) })
	if _, err := s.Bucket(t.Context(), "photos"); !keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounBucket) {
		t.Errorf("Bucket() of a deleted bucket = %v, want NotFound", err)
	}
}

// TestBucketCacheIsNeverOlder looks up while buckets change: a look-up that
// begins after a change was answered sees that change.
func TestBucketCacheIsNeverOlder(t *testing.T) {
	s := New(&lateStore{Store: memkv.New(), hook: runtime.Gosched})
	const names, changes = 3, 300
	var answered [names]atomic.Int64
	var changing, looking sync.WaitGroup
	var done atomic.Bool
	name := func(i int) string { return fmt.Sprintf("bucket-%d", i) }
	for i := range names {
		write(t, s, func(tx *Txn) error { return tx.PutBucket(numbered(name(i), 0)) })
		changing.Go(func() {
			for n := 1; n <= changes; n++ {
				err := s.Update(context.Background(), func(tx *Txn) error { return tx.PutBucket(numbered(name(i), n)) })
				if err != nil {
					t.Errorf("change: %v", err)
				}
				answered[i].Store(int64(n))
			}
		})
		for range 2 {
			looking.Go(func() {
				for !done.Load() {
					least := int(answered[i].Load())
					b, err := s.Bucket(context.Background(), name(i))
					if err != nil {
						t.Errorf("Bucket() = %v", err)
						return
					}
					if got := number(t, b); got < least {
						t.Errorf("change %d of %s was answered, and a later look-up sees %d", least, b.Name, got)
						return
					}
					runtime.Gosched()
				}
			})
		}
	}
	changing.Wait()
	done.Store(true)
	looking.Wait()
}

func TestBucketCacheIsBounded(t *testing.T) {
	c := bucketCache{byName: map[string]*keyhaven.Bucket{}}
	for i := range maxCachedBuckets + 10 {
		c.put(&keyhaven.Bucket{Name: strconv.Itoa(i)}, 0)
	}
	if len(c.byName) != maxCachedBuckets {
		t.Errorf("the cache holds %d buckets, want %d", len(c.byName), maxCachedBuckets)
	}
	if b, _ := c.get(strconv.Itoa(maxCachedBuckets + 9)); b == nil {
		t.Error("the newest look-up is not in the cache")
	}
}

// failingStore fails each Update with an error, after it has happened.
type failingStore struct {
	kv.Store
	err error
}

func (s *failingStore) Update(ctx context.Context, fn func(kv.Txn) error) error {
	if err := s.Store.Update(ctx, fn); err != nil {
		return err
	}
	return s.err
}

// TestUnknownOutcomeForgets: after an error of unknown outcome the caches look
// again, and the error says so.
func TestUnknownOutcomeForgets(t *testing.T) {
	engine := &failingStore{Store: memkv.New()}
	s := New(engine)
	var forgotten []string
	s.WatchKeys(func(id string) { forgotten = append(forgotten, id) })
	write(t, s, func(tx *Txn) error { return tx.PutBucket(numbered("photos", 1)) })
	if _, err := s.Bucket(t.Context(), "photos"); err != nil {
		t.Fatal(err)
	}
	engine.err = fmt.Errorf("engine: the disk: %w", kv.ErrUnknown)
	err := s.Update(t.Context(), func(tx *Txn) error {
		if err := tx.PutAccessKey(&KeyRecord{AccessKey: keyhaven.AccessKey{ID: "AKIA"}}); err != nil {
			return err
		}
		return tx.PutBucket(numbered("photos", 2))
	})
	if !OutcomeUnknown(err) || keyhaven.KindOf(err) != keyhaven.Unavailable {
		t.Errorf("Update() = %v, want an unavailable of unknown outcome", err)
	}
	if b, err := s.Bucket(t.Context(), "photos"); err != nil || number(t, b) != 2 {
		t.Errorf("Bucket() = %+v, %v, want what the store holds", b, err)
	}
	if len(forgotten) != 1 || forgotten[0] != "AKIA" {
		t.Errorf("the watchers of keys were told %q, want AKIA", forgotten)
	}
	engine.err = kv.ErrNoSpace
	err = s.Update(t.Context(), func(*Txn) error { return nil })
	if !keyhaven.Is(err, keyhaven.Unavailable, keyhaven.NounStorage) || OutcomeUnknown(err) {
		t.Errorf("Update() on a full disk = %v, want unavailable storage and a known outcome", err)
	}
}
