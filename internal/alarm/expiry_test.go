package alarm_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// TestKeyExpiryWarnings: a key's people hear of its end a week and a day before,
// once each, also after a restart, and again when the end is moved.
func TestKeyExpiryWarnings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		if err := r.contact(keyhaven.ContactWebhook, hook); err != nil {
			t.Fatal(err)
		}
		key := &meta.KeyRecord{AccessKey: keyhaven.AccessKey{
			ID: "AKIAIOSFODNN7EXAMPLE", Status: keyhaven.KeyActive, Owner: keyhaven.OwnerBucket, Account: account,
			BucketID: photos.ID, BucketName: photos.Name, CreatedAt: time.Now(),
		}}
		key.Care.Name, key.Care.ExpiresAt = "nightly", time.Now().Add(30*24*time.Hour)
		r.change(func(tx *meta.Txn) error { return tx.PutAccessKey(key) })
		var told []string
		hours := func(n int) {
			t.Helper()
			for range n {
				time.Sleep(time.Hour)
				if err := r.WarnOfExpiry(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			told = append(told, r.sent(hook)...)
		}
		hours(22 * 24)
		if len(told) != 0 {
			t.Fatalf("eight days before: %q", told)
		}
		hours(25)
		if len(told) != 1 || !strings.Contains(told[0], `"accessKeyId":"AKIAIOSFODNN7EXAMPLE"`) || !strings.Contains(told[0], `"bucketName":"photos"`) {
			t.Fatalf("a week before: %q", told)
		}
		first := r.key(key.ID).Care.WarnedAt
		if w := r.warned; len(w) != 1 || w[0].KeyID != key.ID || w[0].Notice != 7*24*time.Hour || w[0].Contacts != 1 || !w[0].Time.Equal(first) {
			t.Errorf("a week before: the hook hears %+v, the key says %v", w, first)
		}
		hours(5 * 24)
		if len(told) != 1 {
			t.Fatalf("between the warnings: %q", told)
		}
		hours(30)
		if len(told) != 2 {
			t.Fatalf("a day before: %q", told)
		}
		if at := r.key(key.ID).Care.WarnedAt; len(r.warned) != 2 || at.Sub(first) != 6*24*time.Hour {
			t.Errorf("a day before: the hook hears %+v, the key says %v after %v", r.warned, at, first)
		}
		hours(48)
		if len(told) != 2 {
			t.Fatalf("afterwards: %q", told)
		}
		r.change(func(tx *meta.Txn) error {
			k, err := tx.AccessKey(key.ID)
			if err != nil {
				return err
			}
			k.Care.ExpiresAt, k.Care.Warned = time.Now().Add(12*time.Hour), 0
			return tx.PutAccessKey(k)
		})
		hours(2) // both are due: one message
		if len(told) != 3 {
			t.Fatalf("a new end: %q", told)
		}
		r.change(func(tx *meta.Txn) error {
			k, err := tx.AccessKey(key.ID)
			if err != nil {
				return err
			}
			k.Status, k.Care.Warned = keyhaven.KeyInactive, 0
			return tx.PutAccessKey(k)
		})
		hours(2)
		if len(told) != 3 {
			t.Fatalf("an inactive key: %q", told)
		}
	})
}

// key reads a key.
func (r *rig) key(id string) (k *meta.KeyRecord) {
	r.t.Helper()
	err := r.meta.View(r.t.Context(), func(tx *meta.Reader) (err error) {
		k, err = tx.AccessKey(id)
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return k
}
