package access_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/bucket"
	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/sigv4"
)

func TestAuthenticate(t *testing.T) {
	r := newRig(t, memkv.New())
	k := r.createKey("photos")
	id := r.mustAuth(k)
	want := keyhaven.Principal{
		Kind: keyhaven.BucketKey, Account: account, CanonicalID: "canonical", AccessKeyID: k.ID,
		BucketID: k.BucketID, BucketName: "photos",
	}
	if id.Principal != want || id.Region != region || id.Service != "s3" || id.Signature == nil {
		t.Errorf("Authenticate() = %+v, want %+v", id, want)
	}
	root, err := r.CreateRootKey(r.ctx, account)
	r.must("create root key", err)
	if p := r.mustAuth(root).Principal; p.Kind != keyhaven.Root || p.Account != account || p.BucketID != (keyhaven.BucketID{}) {
		t.Errorf("Authenticate() of the root = %+v", p)
	}

	_, err = r.auth("AKIAIOSFODNN7EXAMPLE", k.Secret)
	wantUnknown(t, "an unknown key", err)
	_, err = r.auth(k.ID, root.Secret)
	wantReason(t, "another's secret", err, sigv4.SignatureMismatch)
	_, err = r.auth(k.ID, keyhaven.Secret{})
	wantReason(t, "no secret", err, sigv4.SignatureMismatch)
	_, err = r.Authenticate(request(), "s3", "")
	if !errors.Is(err, sigv4.ErrUnsigned) {
		t.Errorf("Authenticate() of an unsigned request = %v, want ErrUnsigned", err)
	}
	wrong := request()
	s := signer(k.ID, k.Secret)
	s.Service = "lightsail"
	s.SignHeader(wrong, nil)
	_, err = r.Authenticate(wrong, "s3", "")
	wantReason(t, "a signature for another service", err, sigv4.Malformed)
	late := request()
	s = signer(k.ID, k.Secret)
	s.Now = func() time.Time { return time.Now().Add(-16 * time.Minute) }
	s.SignHeader(late, nil)
	_, err = r.Authenticate(late, "s3", "")
	wantReason(t, "an old signature", err, sigv4.SkewedClock)
}

// TestSessionTokensAreRefused: there are no temporary credentials yet, so a
// token, valid signature or not, is never ours.
func TestSessionTokensAreRefused(t *testing.T) {
	r := newRig(t, memkv.New())
	k := r.createKey("photos")
	req := request()
	s := signer(k.ID, k.Secret)
	s.Token = keyhaven.NewSecret("a session token")
	s.SignHeader(req, nil)
	_, err := r.Authenticate(req, "s3", "")
	wantUnknown(t, "a session token", err)
	presigned := request()
	s.Presign(presigned, time.Minute)
	_, err = r.Authenticate(presigned, "s3", "")
	wantUnknown(t, "a presigned session token", err)
	if used := r.keys("photos")[0].LastUsed; used != (keyhaven.LastUsed{}) {
		t.Errorf("a refused request counts as the last use: %+v", used)
	}
}

// TestInactiveKeyIsRefused, but only to who holds the secret: others learn
// nothing of the status.
func TestInactiveKeyIsRefused(t *testing.T) {
	r := newRig(t, memkv.New())
	k := r.createKey("photos")
	r.mustAuth(k)
	r.deactivate(k.ID)
	_, err := r.auth(k.ID, k.Secret)
	wantUnknown(t, "an inactive key", err)
	_, err = r.auth(k.ID, keyhaven.NewSecret("a guess"))
	wantReason(t, "a guess at an inactive key", err, sigv4.SignatureMismatch)
}

// TestManyScopes: one key signs for more days, regions and services than are
// kept ready.
func TestManyScopes(t *testing.T) {
	r := newRig(t, memkv.New())
	k := r.createKey("photos")
	for range 2 {
		for _, name := range []string{"a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "a10", "a11", "a12"} {
			req := request()
			s := signer(k.ID, k.Secret)
			s.Region = name
			s.SignHeader(req, nil)
			id, err := r.Authenticate(req, "s3", "")
			if err != nil || id.Region != name {
				t.Errorf("in region %s Authenticate() = %+v, %v", name, id, err)
			}
		}
	}
}

// TestA4_NoIOPerRequest: a credential that is in use costs no call of the store.
func TestA4_NoIOPerRequest(t *testing.T) {
	r := newRig(t, memkv.New())
	k := r.createKey("photos")
	r.mustAuth(k)
	views, updates := r.engine.views.Load(), r.engine.updates.Load()
	for range 100 {
		r.mustAuth(k)
	}
	if v, u := r.engine.views.Load()-views, r.engine.updates.Load()-updates; v != 0 || u != 0 {
		t.Errorf("a hundred requests made %d views and %d updates", v, u)
	}
}

// TestS11_RevokedWhenDeleteReturns signs all the time while keys are made and
// deleted: no request that begins after the delete has returned is accepted
// (A2, KEY-14), presigned or not.
func TestS11_RevokedWhenDeleteReturns(t *testing.T) {
	onEngines(t, func(t *testing.T, r *rig) {
		const rounds = 50
		var current atomic.Pointer[keyhaven.AccessKey]
		var done atomic.Bool
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for !done.Load() {
					if k := current.Load(); k != nil {
						// It may be deleted or not; what counts is that it keeps
						// looking the key up.
						if _, err := r.auth(k.ID, k.Secret); err != nil && !keyhaven.Is(err, keyhaven.Unauthenticated, keyhaven.NounAccessKey) {
							t.Errorf("Authenticate() = %v", err)
						}
					}
				}
			})
		}
		for range rounds {
			k := r.createKey("photos")
			current.Store(k)
			r.mustAuth(k) // valid as soon as it is shown
			presigned := request()
			signer(k.ID, k.Secret).Presign(presigned, time.Hour)
			_, err := r.Authenticate(presigned, "s3", "")
			r.must("presigned", err)
			_, err = r.DeleteBucketKey(r.ctx, of("photos"), k.ID)
			r.must("delete key", err)
			for range 3 {
				_, err = r.auth(k.ID, k.Secret)
				wantUnknown(t, "a deleted key", err)
				_, err = r.Authenticate(presigned, "s3", "")
				wantUnknown(t, "a presigned request of a deleted key", err)
			}
		}
		done.Store(true)
		wg.Wait()
	})
}

// TestA2_OldLookupIsNotKept is the one bad order, step by step: a look-up reads
// the key, the key is deleted, the look-up goes on. It began before and may
// succeed; the next one may not.
func TestA2_OldLookupIsNotKept(t *testing.T) {
	r := newRig(t, memkv.New())
	k := r.createKey("photos")
	r.engine.afterView.Store(new(func() {
		_, err := r.DeleteBucketKey(r.ctx, of("photos"), k.ID)
		r.must("delete key", err)
	}))
	r.mustAuth(k) // in which the hook ran
	_, err := r.auth(k.ID, k.Secret)
	wantUnknown(t, "a deleted key", err)
}

// TestA2_UnknownOutcome: when nobody knows whether a key was deleted, the store
// is asked again.
func TestA2_UnknownOutcome(t *testing.T) {
	r := newRig(t, memkv.New())
	k := r.createKey("photos")
	r.mustAuth(k)
	fault := error(kv.ErrUnknown)
	r.engine.fail.Store(&fault)
	if _, err := r.DeleteBucketKey(r.ctx, of("photos"), k.ID); keyhaven.KindOf(err) != keyhaven.Unavailable {
		t.Errorf("DeleteBucketKey() = %v, want unavailable", err)
	}
	r.engine.fail.Store(nil)
	r.mustAuth(k) // it was not deleted
}

// TestDeletedBucketsKeys: the keys of a bucket die with it, and a new bucket of
// the name does not bring them back.
func TestDeletedBucketsKeys(t *testing.T) {
	r := newRig(t, memkv.New())
	k := r.createKey("photos")
	r.mustAuth(k)
	_, err := r.buckets.Delete(r.ctx, bucket.DeleteInput{Account: account, Name: "photos", Force: true})
	r.must("delete bucket", err)
	_, err = r.auth(k.ID, k.Secret)
	wantUnknown(t, "a key of a deleted bucket", err)
	r.createBucket("photos")
	_, err = r.auth(k.ID, k.Secret)
	wantUnknown(t, "a key of the bucket before", err)
	if keys := r.keys("photos"); len(keys) != 0 {
		t.Errorf("the new bucket has the keys %+v", keys)
	}
	if next := r.createKey("photos"); r.mustAuth(next).Principal.BucketID == k.BucketID {
		t.Error("the new bucket has the id of the old one")
	}
}
