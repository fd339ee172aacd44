package access_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/bucket"
	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/kv/pebblekv"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/seal"
	"github.com/keyhaven/keyhaven/internal/sigv4"
	"github.com/keyhaven/keyhaven/internal/sigv4/sigv4test"
)

const (
	account = keyhaven.AccountID("111122223333")
	other   = keyhaven.AccountID("444455556666")
	region  = "us-east-2"
)

// rig is the service over an engine that counts, with an account and the bucket
// "photos".
type rig struct {
	*access.Service
	t       testing.TB
	ctx     context.Context
	engine  *countingStore
	meta    *meta.Store
	ring    *seal.Ring
	buckets *bucket.Service
}

// countingStore counts the calls of an engine, fails Update when told to, and
// runs a hook when the next View has ended.
type countingStore struct {
	kv.Store
	views, updates atomic.Int64
	fail           atomic.Pointer[error]
	afterView      atomic.Pointer[func()]
}

func (s *countingStore) View(ctx context.Context, fn func(kv.Reader) error) error {
	s.views.Add(1)
	err := s.Store.View(ctx, fn)
	if hook := s.afterView.Swap(nil); hook != nil {
		(*hook)()
	}
	return err
}

func (s *countingStore) Update(ctx context.Context, fn func(kv.Txn) error) error {
	s.updates.Add(1)
	if err := s.fail.Load(); err != nil {
		return *err
	}
	return s.Store.Update(ctx, fn)
}

// newRig opens the service over the engine. The last uses are written when the
// test says so: by time in a synctest bubble, or by Close.
func newRig(t testing.TB, engine kv.Store) *rig {
	t.Helper()
	ring, err := seal.LoadOrCreate(filepath.Join(t.TempDir(), "ring"))
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, ctx: context.Background(), engine: &countingStore{Store: engine}, ring: ring}
	r.open()
	r.must("put account", r.meta.Update(r.ctx, func(tx *meta.Txn) error {
		return tx.PutAccount(keyhaven.Account{ID: account, CanonicalID: "canonical"})
	}))
	r.createBucket("photos")
	return r
}

// open starts the services over the engine, as a process does.
func (r *rig) open() {
	r.meta = meta.New(r.engine)
	r.Service = access.New(r.meta, r.ring, access.Options{LastUsedEvery: time.Minute, Log: slog.New(slog.DiscardHandler)})
	r.buckets = bucket.New(r.meta, bucket.Options{})
	s := r.Service
	r.t.Cleanup(func() {
		if s == r.Service {
			r.must("close", s.Close())
		}
	})
}

// reopen is a new process over the same store.
func (r *rig) reopen() {
	r.t.Helper()
	r.must("close", r.Close())
	r.Service = nil
	r.open()
}

// onEngines runs a test over every engine.
func onEngines(t *testing.T, fn func(t *testing.T, r *rig)) {
	t.Run("memkv", func(t *testing.T) { fn(t, newRig(t, memkv.NewRerunning())) })
	t.Run("pebblekv", func(t *testing.T) {
		engine, err := pebblekv.Open("data", pebblekv.Options{FS: vfs.NewMem(), CacheBytes: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := engine.Close(); err != nil {
				t.Errorf("Close() = %v", err)
			}
		})
		fn(t, newRig(t, engine))
	})
}

func (r *rig) must(what string, err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatalf("%s: %v", what, err)
	}
}

func (r *rig) createBucket(name string) *keyhaven.Bucket {
	r.t.Helper()
	b, _, err := r.buckets.Create(r.ctx, bucket.CreateInput{Account: account, Region: region, Name: name})
	r.must("create bucket", err)
	return b
}

// of names a bucket as a call of its owner in its region does.
func of(name string) access.BucketKeyInput {
	return access.BucketKeyInput{Account: account, Region: region, Bucket: name}
}

func (r *rig) createKey(name string) *keyhaven.AccessKey {
	r.t.Helper()
	k, _, err := r.CreateBucketKey(r.ctx, of(name))
	r.must("create key", err)
	return k
}

func (r *rig) keys(name string) []*keyhaven.AccessKey {
	r.t.Helper()
	keys, err := r.BucketKeys(r.ctx, of(name))
	r.must("keys", err)
	return keys
}

// signer signs as the key does, for S3.
func signer(id string, secret keyhaven.Secret) sigv4test.Signer {
	return sigv4test.Signer{AccessKeyID: id, Secret: secret, Region: region, Service: "s3"}
}

func request() *http.Request {
	return httptest.NewRequest(http.MethodGet, "http://localhost/photos/k", nil)
}

// auth signs a request as the key does and authenticates it.
func (r *rig) auth(id string, secret keyhaven.Secret) (*access.Identity, error) {
	req := request()
	signer(id, secret).SignHeader(req, nil)
	return r.Authenticate(req, "s3", "")
}

func (r *rig) mustAuth(k *keyhaven.AccessKey) *access.Identity {
	r.t.Helper()
	id, err := r.auth(k.ID, k.Secret)
	r.must("authenticate", err)
	return id
}

func wantError(t testing.TB, what string, err error, k keyhaven.Kind, n keyhaven.Noun) {
	t.Helper()
	if !keyhaven.Is(err, k, n) {
		t.Errorf("%s = %v, want %v %v", what, err, n, k)
	}
}

// wantUnknown checks that a key is refused as one that does not exist.
func wantUnknown(t testing.TB, what string, err error) {
	t.Helper()
	wantError(t, what, err, keyhaven.Unauthenticated, keyhaven.NounAccessKey)
}

func wantReason(t testing.TB, what string, err error, reason sigv4.Reason) {
	t.Helper()
	if e, ok := errors.AsType[*sigv4.Error](err); !ok || e.Reason != reason {
		t.Errorf("%s = %v, want %v", what, err, fmt.Sprint(reason))
	}
}
