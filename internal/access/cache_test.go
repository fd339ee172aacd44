package access

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/meta"
)

func TestCredentialCacheIsBounded(t *testing.T) {
	c := newCredentialCache()
	for i := range cacheShards * maxPerShard * 2 {
		id := fmt.Sprint(i)
		_, gen := c.get(id)
		c.put(id, &credential{}, gen)
		if cred, _ := c.get(id); cred == nil {
			t.Fatalf("the look-up of %s is not in the cache", id)
		}
	}
	for i := range c.shards {
		if n := len(c.shards[i].m); n > maxPerShard {
			t.Errorf("a shard holds %d credentials, want %d at most", n, maxPerShard)
		}
	}
}

// TestA2_ForgottenIsNotStored: a look-up that began before a forget cannot store
// after it.
func TestA2_ForgottenIsNotStored(t *testing.T) {
	c := newCredentialCache()
	_, gen := c.get("AKIA")
	c.forget("AKIA")
	c.put("AKIA", &credential{}, gen)
	if cred, _ := c.get("AKIA"); cred != nil {
		t.Error("what was read before the change is in the cache")
	}
}

// trackerRig is a tracker over a store with one key.
type trackerRig struct {
	*tracker
	t    *testing.T
	meta *meta.Store
}

const testKey = "AKIAIOSFODNN7EXAMPLE"

func newTrackerRig(t *testing.T) *trackerRig {
	r := &trackerRig{tracker: newTracker(), t: t, meta: meta.New(memkv.NewRerunning())}
	err := r.meta.Update(context.Background(), func(tx *meta.Txn) error {
		return tx.PutAccessKey(&meta.KeyRecord{AccessKey: keyhaven.AccessKey{ID: testKey}})
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func at(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }

func (r *trackerRig) flushed(want time.Time) {
	r.t.Helper()
	if err := r.flush(context.Background(), r.meta); err != nil {
		r.t.Fatal(err)
	}
	err := r.meta.View(context.Background(), func(x *meta.Reader) error {
		u, err := x.LastUsed(testKey)
		if !u.Time.Equal(want) {
			r.t.Errorf("on disk is %v, want %v", u.Time, want)
		}
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	if len(r.queued) != 0 {
		r.t.Errorf("%d keys are queued after the writing", len(r.queued))
	}
}

// TestA4_TwoCredentialsOfOneKey: a credential was evicted and looked up again
// while a request still held the old one. Both record uses, in any order, and
// none is lost.
func TestA4_TwoCredentialsOfOneKey(t *testing.T) {
	r := newTrackerRig(t)
	older, newer := r.use(testKey), r.use(testKey)
	r.touch(newer, at(20), anyRequest, "r", "s3")
	r.touch(older, at(10), anyRequest, "r", "s3")
	if u := r.overlay(testKey, keyhaven.LastUsed{}); !u.Time.Equal(at(20)) {
		t.Errorf("the last use is %v, want the later of two", u.Time)
	}
	r.flushed(at(20))
	r.touch(newer, at(30), anyRequest, "r", "s3")
	r.flushed(at(30))
	r.touch(older, at(40), anyRequest, "r", "s3")
	r.flushed(at(40))
	r.touch(newer, at(50), anyRequest, "r2", "s3")
	if u := r.overlay(testKey, keyhaven.LastUsed{Time: at(40)}); u.Region != "r2" {
		t.Errorf("the last use is %+v, want the one in r2", u)
	}
	r.flushed(at(50))
}

// TestA4_UsesWhileWriting records uses from many requests while they are
// written: the last one gets there.
func TestA4_UsesWhileWriting(t *testing.T) {
	r := newTrackerRig(t)
	var wg sync.WaitGroup
	for g := range 4 {
		u := r.use(testKey)
		wg.Go(func() {
			for i := range 500 {
				r.touch(u, at(int64(i*4+g+1)), anyRequest, "r", "s3")
			}
		})
	}
	wg.Go(func() {
		for range 100 {
			if err := r.flush(context.Background(), r.meta); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
	r.touch(r.use(testKey), at(3000), anyRequest, "r", "s3")
	r.flushed(at(3000))
}

// TestFlushByBatches writes more keys than go into one transaction.
func TestFlushByBatches(t *testing.T) {
	r := newTrackerRig(t)
	const keys = flushBatch + 7
	id := func(i int) string { return fmt.Sprintf("AKIA%016d", i) }
	err := r.meta.Update(context.Background(), func(tx *meta.Txn) error {
		for i := range keys {
			if err := tx.PutAccessKey(&meta.KeyRecord{AccessKey: keyhaven.AccessKey{ID: id(i)}}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range keys {
		r.touch(r.use(id(i)), at(int64(i+1)), anyRequest, "r", "s3")
	}
	if err := r.flush(context.Background(), r.meta); err != nil {
		t.Fatal(err)
	}
	err = r.meta.View(context.Background(), func(x *meta.Reader) error {
		for i := range keys {
			if u, err := x.LastUsed(id(i)); err != nil || !u.Time.Equal(at(int64(i+1))) {
				t.Errorf("key %d was last used %v, %v", i, u.Time, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// anyRequest is a request of some client.
var anyRequest = httptest.NewRequest(http.MethodGet, "/", nil)
