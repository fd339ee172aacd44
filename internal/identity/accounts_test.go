package identity_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/identity"
	"github.com/keyhaven/keyhaven/internal/meta"
)

func TestCreateAccount(t *testing.T) {
	r := newRig(t)
	a, code, err := r.CreateAccount(r.ctx, identity.AccountInput{Name: "Second"})
	r.must("create", err)
	if !a.ID.Valid() || len(a.CanonicalID) != 64 || a.Name != "Second" || a.Closed() || !code.IsZero() || a.Login != nil || a.Invitation != nil {
		t.Errorf("CreateAccount() = %+v", a)
	}
	b, _, err := r.CreateAccount(r.ctx, identity.AccountInput{Name: "Third", ID: "777788889999"})
	r.must("create under an id", err)
	if b.ID != "777788889999" || b.CanonicalID == a.CanonicalID {
		t.Errorf("CreateAccount() = %+v", b)
	}
	_, _, err = r.CreateAccount(r.ctx, identity.AccountInput{Name: "Again", ID: "777788889999"})
	r.fails("a taken id", err, keyhaven.AlreadyExists, keyhaven.NounAccount)
	_, _, err = r.CreateAccount(r.ctx, identity.AccountInput{Name: "", ID: ""})
	r.fails("no name", err, keyhaven.Invalid, keyhaven.NounAccount)
	_, _, err = r.CreateAccount(r.ctx, identity.AccountInput{Name: "x", ID: "12"})
	r.fails("a bad id", err, keyhaven.Invalid, keyhaven.NounAccount)
	all, err := r.Accounts(r.ctx)
	r.must("list", err)
	byID := func(a, b *keyhaven.Account) int { return strings.Compare(string(a.ID), string(b.ID)) }
	if len(all) != 4 || !slices.IsSortedFunc(all, byID) {
		t.Errorf("Accounts() has %d, sorted %v", len(all), slices.IsSortedFunc(all, byID))
	}
}

// TestCloseAccount: what belongs to a closed account goes, and its number is
// never given again.
func TestCloseAccount(t *testing.T) {
	r := newRig(t)
	r.must("alias", r.SetAlias(r.ctx, other, "acme"))
	r.must("fill", r.meta.Update(r.ctx, func(tx *meta.Txn) error {
		for i := range 1200 {
			u := &keyhaven.User{Entity: keyhaven.Entity{ID: fmt.Sprintf("AIDA%017d", i), Account: other, Name: fmt.Sprintf("user%d", i)}}
			if err := tx.PutEntity(u); err != nil {
				return err
			}
			k := &meta.KeyRecord{AccessKey: keyhaven.AccessKey{ID: fmt.Sprintf("AKIA%016d", i), Owner: keyhaven.OwnerUser, Account: other, UserID: u.ID}}
			if err := tx.PutAccessKey(k); err != nil {
				return err
			}
		}
		return tx.PutAccessKey(&meta.KeyRecord{AccessKey: keyhaven.AccessKey{ID: "AKIAROOT", Owner: keyhaven.OwnerRoot, Account: other}})
	}))
	r.fails("the first account", r.closing(account), keyhaven.Conflict, keyhaven.NounAccount)
	r.fails("no account", r.closing("999999999999"), keyhaven.NotFound, keyhaven.NounAccount)
	lost, err := r.CloseAccount(r.ctx, other)
	if want := (identity.Contents{Users: 1200}); err != nil || lost != want {
		t.Errorf("CloseAccount() = %+v, %v, want %+v", lost, err, want)
	}
	r.must("close again", r.closing(other)) // does no harm
	r.must("look", r.meta.View(r.ctx, func(tx *meta.Reader) error {
		keys := 0
		if err := tx.AccessKeys(func(*meta.KeyRecord) error { keys++; return nil }); err != nil {
			return err
		}
		users, err := tx.CountEntities(other, meta.EntityUser)
		if keys != 0 || users != 0 {
			t.Errorf("%d keys and %d users are left", keys, users)
		}
		return err
	}))
	_, err = r.FindAccount(r.ctx, "acme")
	r.fails("the alias of a closed account", err, keyhaven.NotFound, keyhaven.NounAccount)
	_, err = r.FindAccount(r.ctx, string(other))
	r.fails("a closed account", err, keyhaven.NotFound, keyhaven.NounAccount)
	_, _, err = r.CreateAccount(r.ctx, identity.AccountInput{Name: "x", ID: other})
	r.fails("the number of a closed account", err, keyhaven.AlreadyExists, keyhaven.NounAccount)
}

func (r *rig) closing(id keyhaven.AccountID) error {
	_, err := r.CloseAccount(r.ctx, id)
	return err
}

func TestCloseAccountWithBuckets(t *testing.T) {
	r := newRig(t)
	r.must("bucket", r.meta.Update(r.ctx, func(tx *meta.Txn) error {
		return tx.PutBucket(&keyhaven.Bucket{ID: keyhaven.BucketID{1}, Name: "photos", Account: other})
	}))
	r.fails("close", r.closing(other), keyhaven.NotEmpty, keyhaven.NounAccount)
	if a, err := r.Account(r.ctx, other); err != nil || a.Closed() {
		t.Errorf("the account is %+v, %v", a, err)
	}
}

func TestAlias(t *testing.T) {
	r := newRig(t)
	r.must("set", r.SetAlias(r.ctx, account, "acme"))
	r.must("set again", r.SetAlias(r.ctx, account, "acme"))
	r.fails("another's", r.SetAlias(r.ctx, other, "acme"), keyhaven.AlreadyExists, keyhaven.NounAccount)
	for _, bad := range []string{"", "ab", "-ab", "a--b", "Acme", "111122223333", "ab-"} {
		r.fails(bad, r.SetAlias(r.ctx, other, bad), keyhaven.Invalid, keyhaven.NounAccount)
	}
	a, err := r.FindAccount(r.ctx, "acme")
	if err != nil || a.ID != account {
		t.Errorf("FindAccount() = %+v, %v", a, err)
	}
	r.must("rename", r.SetAlias(r.ctx, account, "acme-2"))
	r.must("the old one is free", r.SetAlias(r.ctx, other, "acme"))
	r.fails("delete another's", r.DeleteAlias(r.ctx, account, "acme"), keyhaven.NotFound, keyhaven.NounAccount)
	r.must("delete", r.DeleteAlias(r.ctx, other, "acme"))
	_, err = r.FindAccount(r.ctx, "acme")
	r.fails("a deleted alias", err, keyhaven.NotFound, keyhaven.NounAccount)
}
