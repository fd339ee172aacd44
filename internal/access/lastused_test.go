package access_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// onDisk returns the last use that is in the store.
func (r *rig) onDisk(id string) (u keyhaven.LastUsed) {
	r.t.Helper()
	r.must("last used", r.meta.View(r.ctx, func(x *meta.Reader) (err error) {
		u, err = x.LastUsed(id)
		return err
	}))
	return u
}

// TestKEY10_LastUsed: a use is seen at once, is on disk after a while, and
// survives a restart (A4).
func TestKEY10_LastUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, memkv.NewRerunning())
		k := r.createKey("photos")
		seen := func() keyhaven.LastUsed { return r.keys("photos")[0].LastUsed }
		if u := seen(); u != (keyhaven.LastUsed{}) { // KEY-09
			t.Errorf("an unused key was last used %+v", u)
		}
		time.Sleep(time.Second)
		r.mustAuth(k)
		first := keyhaven.LastUsed{Time: time.Now().UTC(), Region: region, Service: "s3"}
		if u := seen(); u != first {
			t.Errorf("LastUsed = %+v, want %+v at once", u, first)
		}
		if u := r.onDisk(k.ID); u != (keyhaven.LastUsed{}) {
			t.Errorf("on disk is %+v already: it costs requests I/O", u)
		}
		time.Sleep(time.Minute)
		if u := r.onDisk(k.ID); u != first {
			t.Errorf("after a minute %+v is on disk, want %+v", u, first)
		}
		r.mustAuth(k) // between two writings
		second := keyhaven.LastUsed{Time: time.Now().UTC(), Region: region, Service: "s3"}
		if u := seen(); u != second {
			t.Errorf("LastUsed = %+v, want %+v at once", u, second)
		}
		r.reopen()
		if u := seen(); u != second {
			t.Errorf("after a restart LastUsed = %+v, want %+v", u, second)
		}
		r.must("close", r.Close())
		r.Service = nil
	})
}

// TestLastUsedOfRefused: only a request that was verified counts.
func TestLastUsedOfRefused(t *testing.T) {
	r := newRig(t, memkv.New())
	k := r.createKey("photos")
	if _, err := r.auth(k.ID, keyhaven.NewSecret("a guess")); err == nil {
		t.Error("a guess authenticates")
	}
	if u := r.keys("photos")[0].LastUsed; u != (keyhaven.LastUsed{}) {
		t.Errorf("a refused request counts as the last use: %+v", u)
	}
}

// TestLastUsedIsNotResurrected: what is written late does not bring back the
// record of a key that has been deleted.
func TestLastUsedIsNotResurrected(t *testing.T) {
	r := newRig(t, memkv.New())
	k := r.createKey("photos")
	r.mustAuth(k)
	_, err := r.DeleteBucketKey(r.ctx, of("photos"), k.ID)
	r.must("delete key", err)
	r.reopen() // which writes what is left
	if u := r.onDisk(k.ID); u != (keyhaven.LastUsed{}) {
		t.Errorf("a deleted key has the last use %+v", u)
	}
}

// TestLastUsedIsWrittenLater: what could not be written is tried again, and is
// seen meanwhile.
func TestLastUsedIsWrittenLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, memkv.New())
		k := r.createKey("photos")
		r.mustAuth(k)
		used := time.Now()
		fault := errors.New("injected fault")
		r.engine.fail.Store(&fault)
		time.Sleep(5*time.Minute + time.Second) // and from here on between the writings
		if u := r.keys("photos")[0].LastUsed; !u.Time.Equal(used) {
			t.Errorf("LastUsed = %+v while it cannot be written", u)
		}
		r.engine.fail.Store(nil)
		time.Sleep(time.Minute)
		if u := r.onDisk(k.ID); !u.Time.Equal(used) {
			t.Errorf("on disk is %+v, want the use at %v", u, used)
		}
		updates := r.engine.updates.Load()
		time.Sleep(time.Hour)
		if n := r.engine.updates.Load() - updates; n != 0 {
			t.Errorf("%d updates in an hour without a request", n)
		}
		r.must("close", r.Close())
		r.Service = nil
	})
}

// TestRootKeyLastUsed: the listing of root keys shows it too.
func TestRootKeyLastUsed(t *testing.T) {
	r := newRig(t, memkv.New())
	k, err := r.CreateRootKey(r.ctx, account)
	r.must("create root key", err)
	r.mustAuth(k)
	keys, err := r.RootKeys(r.ctx, account)
	if err != nil || len(keys) != 1 || keys[0].LastUsed.Service != "s3" {
		t.Errorf("RootKeys() = %+v, %v", keys, err)
	}
}

// TestAccount passes the account on.
func TestAccount(t *testing.T) {
	r := newRig(t, memkv.New())
	a, err := r.Account(r.ctx, account)
	if err != nil || a.CanonicalID != "canonical" {
		t.Errorf("Account() = %+v, %v", a, err)
	}
	_, err = r.Account(r.ctx, other)
	wantError(t, "Account", err, keyhaven.NotFound, keyhaven.NounAccount)
	if id := access.NewKeyID(); !keyhaven.ValidAccessKeyID(id) {
		t.Errorf("NewKeyID() = %q", id)
	}
}
