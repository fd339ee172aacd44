package access_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/sigv4"
)

// TestKEY03_CreateAndList: the secret is in the answer and in no listing
// (KEY-05), and the operation can be found (KEY-24).
func TestKEY03_CreateAndList(t *testing.T) {
	r := newRig(t, memkv.NewRerunning())
	before := time.Now().Add(-time.Second)
	k, op, err := r.CreateBucketKey(r.ctx, of("photos"))
	r.must("create key", err)
	if k.Secret.IsZero() || k.Status != keyhaven.KeyActive || k.CreatedAt.Before(before) || k.BucketName != "photos" || k.Owner != keyhaven.OwnerBucket {
		t.Errorf("CreateBucketKey() = %+v", k)
	}
	found, err := r.buckets.Operation(r.ctx, account, op.ID)
	if err != nil || found.Type != "CreateBucketAccessKey" || found.ResourceName != "photos" {
		t.Errorf("Operation(%q) = %+v, %v", op.ID, found, err)
	}
	second := r.createKey("photos")
	keys := r.keys("photos")
	if len(keys) != 2 || keys[0].ID != k.ID || keys[1].ID != second.ID {
		t.Fatalf("BucketKeys() = %+v, want both, the oldest first", keys)
	}
	for _, got := range keys {
		if !got.Secret.IsZero() || got.LastUsed != (keyhaven.LastUsed{}) { // KEY-09
			t.Errorf("BucketKeys() shows %+v", got)
		}
	}
}

// TestKEY08_Forms checks many ids and secrets against their patterns
// (spec/access-keys.md §2).
func TestKEY08_Forms(t *testing.T) {
	id, secret := regexp.MustCompile(`^AKIA[A-Z2-7]{16}$`), regexp.MustCompile(`^[A-Za-z0-9/+]{40}$`)
	r := newRig(t, memkv.New())
	seen := map[string]bool{}
	for range 300 {
		k := r.createKey("photos")
		if !id.MatchString(k.ID) || !keyhaven.ValidAccessKeyID(k.ID) || !secret.MatchString(k.Secret.Reveal()) {
			t.Fatalf("a key has the id %q and a secret of %d characters", k.ID, len(k.Secret.Reveal()))
		}
		if seen[k.ID] || seen[k.Secret.Reveal()] {
			t.Fatalf("the key %s came twice", k.ID)
		}
		seen[k.ID], seen[k.Secret.Reveal()] = true, true
		_, err := r.DeleteBucketKey(r.ctx, of("photos"), k.ID)
		r.must("delete key", err)
	}
}

// TestKEY07_ThirdKeyIsRefused lets thirty-two create at once: an owner has two
// keys (A3), bucket and root alike.
func TestKEY07_ThirdKeyIsRefused(t *testing.T) {
	onEngines(t, func(t *testing.T, r *rig) {
		for name, create := range map[string]func() error{
			"bucket": func() error { _, _, err := r.CreateBucketKey(r.ctx, of("photos")); return err },
			"root":   func() error { _, err := r.CreateRootKey(r.ctx, account); return err },
		} {
			var wg sync.WaitGroup
			var made atomic.Int64
			for range 32 {
				wg.Go(func() {
					if err := create(); err == nil {
						made.Add(1)
					} else if !keyhaven.Is(err, keyhaven.LimitExceeded, keyhaven.NounAccessKey) {
						t.Errorf("%s: create = %v", name, err)
					}
				})
			}
			wg.Wait()
			if made.Load() != keyhaven.MaxKeysPerOwner {
				t.Errorf("%s: %d keys were made, want %d", name, made.Load(), keyhaven.MaxKeysPerOwner)
			}
		}
		roots, err := r.RootKeys(r.ctx, account)
		if n := len(r.keys("photos")); n != 2 || len(roots) != 2 || err != nil {
			t.Errorf("the bucket has %d keys and the root %d, %v", n, len(roots), err)
		}
		// One that goes makes room for one (KEY-15).
		_, err = r.DeleteBucketKey(r.ctx, of("photos"), r.keys("photos")[0].ID)
		r.must("delete key", err)
		r.createKey("photos")
		wantError(t, "the third", func() error { _, _, err := r.CreateBucketKey(r.ctx, of("photos")); return err }(),
			keyhaven.LimitExceeded, keyhaven.NounAccessKey)
	})
}

// TestInactiveKeysCount: two keys are two, whatever their status.
func TestInactiveKeysCount(t *testing.T) {
	r := newRig(t, memkv.New())
	k := r.createKey("photos")
	r.createKey("photos")
	r.deactivate(k.ID)
	_, _, err := r.CreateBucketKey(r.ctx, of("photos"))
	wantError(t, "the third", err, keyhaven.LimitExceeded, keyhaven.NounAccessKey)
	if got := r.keys("photos")[0]; got.ID != k.ID || got.Status != keyhaven.KeyInactive { // KEY-21
		t.Errorf("BucketKeys() shows %+v first, want the inactive one", got)
	}
}

func (r *rig) deactivate(id string) {
	r.t.Helper()
	r.must("deactivate", r.meta.Update(r.ctx, func(tx *meta.Txn) error {
		rec, err := tx.AccessKey(id)
		if err != nil {
			return err
		}
		rec.Status = keyhaven.KeyInactive
		return tx.PutAccessKey(rec)
	}))
}

// TestS9_SecretsAreSealed looks for the secrets in everything that is stored
// (SEC-03), and puts a sealed one under another id, where it must not open (A1).
func TestS9_SecretsAreSealed(t *testing.T) {
	r := newRig(t, memkv.New())
	k := r.createKey("photos")
	root, err := r.CreateRootKey(r.ctx, account)
	r.must("create root key", err)
	given := keyhaven.NewSecret("a secret of the environment")
	r.must("environment key", r.SetEnvironmentKey(r.ctx, account, "keyhaven_admin_key", given))
	r.mustAuth(k)
	r.reopen()
	records := 0
	r.must("scan", r.engine.View(r.ctx, func(x kv.Reader) error {
		it := x.Scan(kv.Span{})
		for it.Next() {
			v, err := it.Value()
			if err != nil {
				return err
			}
			records++
			for _, secret := range []keyhaven.Secret{k.Secret, root.Secret, given} {
				if bytes.Contains(append(it.Key(), v...), []byte(secret.Reveal())) {
					t.Errorf("the record under %q holds a secret", it.Key())
				}
			}
		}
		return it.Close()
	}))
	if records < 10 {
		t.Errorf("the scan saw %d records", records)
	}
	r.must("swap", r.meta.Update(r.ctx, func(tx *meta.Txn) error {
		a, err := tx.AccessKey(k.ID)
		if err != nil {
			return err
		}
		b, err := tx.AccessKey(root.ID)
		if err != nil {
			return err
		}
		b.Sealed = a.Sealed
		return tx.PutAccessKey(b)
	}))
	if _, err := r.auth(root.ID, k.Secret); err == nil || keyhaven.KindOf(err) != keyhaven.Internal {
		t.Errorf("a secret that was sealed for another key authenticates: %v", err)
	}
	if _, err := r.auth(root.ID, k.Secret); err != nil && strings.Contains(err.Error(), k.Secret.Reveal()) {
		t.Errorf("the error shows the secret: %v", err)
	}
	r.mustAuth(k)
}

func TestWrongOwners(t *testing.T) {
	r := newRig(t, memkv.New())
	r.createBucket("films")
	k := r.createKey("photos")
	root, err := r.CreateRootKey(r.ctx, account)
	r.must("create root key", err)
	for name, in := range map[string]access.BucketKeyInput{
		"no bucket": of("nope"), // KEY-23
		"account":   {Account: other, Region: region, Bucket: "photos"},
		"region":    {Account: account, Region: "eu-west-1", Bucket: "photos"},
	} {
		_, _, err := r.CreateBucketKey(r.ctx, in)
		wantError(t, name+": create", err, keyhaven.NotFound, keyhaven.NounBucket)
		_, err = r.BucketKeys(r.ctx, in)
		wantError(t, name+": list", err, keyhaven.NotFound, keyhaven.NounBucket)
		_, err = r.DeleteBucketKey(r.ctx, in, k.ID)
		wantError(t, name+": delete", err, keyhaven.NotFound, keyhaven.NounBucket)
	}
	for _, id := range []string{root.ID, "AKIAIOSFODNN7EXAMPLE", "", "akia", strings.Repeat("A", 1<<16)} {
		_, err := r.DeleteBucketKey(r.ctx, of("photos"), id)
		wantError(t, fmt.Sprintf("delete %.10q", id), err, keyhaven.NotFound, keyhaven.NounAccessKey)
		if id != root.ID {
			wantError(t, fmt.Sprintf("delete root key %.10q", id), r.DeleteRootKey(r.ctx, account, id), keyhaven.NotFound, keyhaven.NounAccessKey)
		}
	}
	_, err = r.DeleteBucketKey(r.ctx, of("films"), k.ID)
	wantError(t, "delete through another bucket", err, keyhaven.NotFound, keyhaven.NounAccessKey)
	wantError(t, "delete as a root key", r.DeleteRootKey(r.ctx, account, k.ID), keyhaven.NotFound, keyhaven.NounAccessKey)
	wantError(t, "delete of another account", r.DeleteRootKey(r.ctx, other, root.ID), keyhaven.NotFound, keyhaven.NounAccessKey)
	r.mustAuth(k)
	r.mustAuth(root)
}

// TestR14_EnvironmentKey are the starts of a server whose environment names a
// root key, one after another.
func TestR14_EnvironmentKey(t *testing.T) {
	r := newRig(t, memkv.NewRerunning())
	const first, second = "keyhaven_first_key", "keyhaven_second_key"
	one, two := keyhaven.NewSecret("the first of the secrets"), keyhaven.NewSecret("the second of the secrets")
	bucketKey := r.createKey("photos")
	set := func(id string, secret keyhaven.Secret) error { return r.SetEnvironmentKey(r.ctx, account, id, secret) }
	works := func(id string, secret keyhaven.Secret) {
		t.Helper()
		if _, err := r.auth(id, secret); err != nil {
			t.Errorf("%s does not authenticate: %v", id, err)
		}
		r.mustAuth(bucketKey) // that of the bucket is never touched
	}
	only := func(ids ...string) {
		t.Helper()
		keys, err := r.RootKeys(r.ctx, account)
		r.must("root keys", err)
		var got []string
		for _, k := range keys {
			got = append(got, k.ID)
		}
		if fmt.Sprint(got) != fmt.Sprint(ids) {
			t.Errorf("the root has the keys %v, want %v", got, ids)
		}
	}

	r.must("first start", set(first, one))
	works(first, one)
	keys, err := r.RootKeys(r.ctx, account)
	r.must("root keys", err)
	made := keys[0].CreatedAt
	r.must("the same again", set(first, one))
	works(first, one)
	if keys, _ := r.RootKeys(r.ctx, account); !keys[0].CreatedAt.Equal(made) {
		t.Error("the same pair again made another key")
	}

	r.must("another secret", set(first, two))
	works(first, two)
	_, err = r.auth(first, one)
	wantReason(t, "the old secret", err, sigv4.SignatureMismatch)

	r.must("another id", set(second, two))
	works(second, two)
	_, err = r.auth(first, two)
	wantUnknown(t, "the old id", err)
	only(second)

	chosen, err := r.CreateRootKey(r.ctx, account)
	r.must("create root key", err)
	only(second, chosen.ID)
	wantError(t, "the id of another root key", set(chosen.ID, one), keyhaven.AlreadyExists, keyhaven.NounAccessKey)
	wantError(t, "the id of a bucket key", set(bucketKey.ID, one), keyhaven.AlreadyExists, keyhaven.NounAccessKey)
	only(second, chosen.ID) // what failed has changed nothing
	works(second, two)
	works(chosen.ID, chosen.Secret)

	r.must("delete", r.DeleteRootKey(r.ctx, account, second))
	_, err = r.CreateRootKey(r.ctx, account)
	r.must("create root key", err)
	wantError(t, "a third", set(second, two), keyhaven.LimitExceeded, keyhaven.NounAccessKey)

	for name, pair := range map[string]struct {
		id     string
		secret keyhaven.Secret
	}{
		"short id":     {"fifteen_letters", one},
		"long id":      {strings.Repeat("x", 129), one},
		"bad id":       {"keyhaven-admin-key", one},
		"short secret": {first, keyhaven.NewSecret("fifteen letters")},
		"long secret":  {first, keyhaven.NewSecret(strings.Repeat("x", 129))},
		"no secret":    {first, keyhaven.Secret{}},
	} {
		err := set(pair.id, pair.secret)
		wantError(t, name, err, keyhaven.Invalid, keyhaven.NounAccessKey)
		if !pair.secret.IsZero() && strings.Contains(err.Error(), pair.secret.Reveal()) {
			t.Errorf("%s: the error shows the secret", name)
		}
	}
}
