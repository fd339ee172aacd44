package identity_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/identity"
	"github.com/keyhaven/keyhaven/internal/meta"
)

const firstPassword, laterPassword = "Correct-horse-1", "Battery-staple-2"

// invited makes an account whose root is invited.
func (r *rig) invited(name string) (keyhaven.AccountID, keyhaven.Secret) {
	r.t.Helper()
	a, code, err := r.CreateAccount(r.ctx, identity.AccountInput{Name: name, Invite: true})
	r.must("create", err)
	return a.ID, code
}

// rootIn signs in the root of the account.
func (r *rig) rootIn(id keyhaven.AccountID, password string) error {
	_, err := r.SignIn(r.ctx, string(id), "", password)
	return err
}

func TestAcceptInvitation(t *testing.T) {
	r := newRig(t)
	id, code := r.invited("Second")
	if !strings.HasPrefix(code.Reveal(), string(id)+".") || len(code.Reveal()) < 13+26 {
		t.Errorf("the code has %d characters", len(code.Reveal()))
	}
	r.fails("sign-in before", r.rootIn(id, firstPassword), keyhaven.Denied, keyhaven.NounPassword)
	for name, bad := range map[string]string{
		"no code": "", "the account alone": string(id), "another code": string(id) + ".AAAAAAAAAAAAAAAAAAAAAAAAAA",
		"another account": string(other) + code.Reveal()[12:], "no account": "999999999999" + code.Reveal()[12:],
	} {
		_, err := r.AcceptInvitation(r.ctx, keyhaven.NewSecret(bad), firstPassword)
		r.fails(name, err, keyhaven.Denied, keyhaven.NounAccount)
	}
	for _, weak := range []string{"", "short", "onlylowercaseletters", "root"} {
		_, err := r.AcceptInvitation(r.ctx, code, weak)
		r.fails("password "+weak, err, keyhaven.Invalid, keyhaven.NounPassword)
	}
	whose, err := r.AcceptInvitation(r.ctx, code, firstPassword)
	if err != nil || whose != id {
		t.Fatalf("AcceptInvitation() = %s, %v", whose, err)
	}
	r.must("sign-in", r.rootIn(id, firstPassword))
	_, err = r.AcceptInvitation(r.ctx, code, laterPassword)
	r.fails("again", err, keyhaven.Denied, keyhaven.NounAccount)
	r.must("take the password away", r.SetRootPassword(r.ctx, id, ""))
	_, err = r.AcceptInvitation(r.ctx, code, laterPassword)
	r.fails("again without a password", err, keyhaven.Denied, keyhaven.NounAccount)
}

// TestOneAcceptsAnInvitation: of many who have the code, one gets in.
func TestOneAcceptsAnInvitation(t *testing.T) {
	r := newRig(t)
	_, code := r.invited("Second")
	var in atomic.Int32
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if _, err := r.AcceptInvitation(r.ctx, code, firstPassword); err == nil {
				in.Add(1)
			}
		})
	}
	all.Wait()
	if in.Load() != 1 {
		t.Errorf("%d accepted the invitation", in.Load())
	}
}

// TestInvitationsEnd: with time, by a password, a device, a new one, and
// with the account.
func TestInvitationsEnd(t *testing.T) {
	for name, end := range map[string]func(*rig, keyhaven.AccountID){
		"time":       func(r *rig, _ keyhaven.AccountID) { r.now = r.now.Add(identity.InvitationLifetime) },
		"a password": func(r *rig, id keyhaven.AccountID) { r.must("set", r.SetRootPassword(r.ctx, id, laterPassword)) },
		"a password that has gone": func(r *rig, id keyhaven.AccountID) {
			r.must("set", r.SetRootPassword(r.ctx, id, laterPassword))
			r.must("unset", r.SetRootPassword(r.ctx, id, ""))
		},
		"a device": func(r *rig, id keyhaven.AccountID) {
			r.must("device", r.meta.Update(r.ctx, func(tx *meta.Txn) error {
				return tx.PutEntity(&keyhaven.MFADevice{Entity: keyhaven.Entity{ID: "MFA", Account: id, Name: "phone"}, Owner: string(id)})
			}))
		},
		"a new one": func(r *rig, id keyhaven.AccountID) {
			_, _, err := r.Reinvite(r.ctx, id)
			r.must("invite", err)
		},
		"the close": func(r *rig, id keyhaven.AccountID) { r.must("close", r.closing(id)) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			id, code := r.invited("Second")
			end(r, id)
			_, err := r.AcceptInvitation(r.ctx, code, firstPassword)
			r.fails("accept", err, keyhaven.Denied, keyhaven.NounAccount)
		})
	}
}

// TestReinvite: an invitation that nobody accepted is replaced; one gets
// nobody into an account that is in use.
func TestReinvite(t *testing.T) {
	r := newRig(t)
	id, _ := r.invited("Second")
	r.now = r.now.Add(48 * time.Hour)
	a, code, err := r.Reinvite(r.ctx, id)
	if err != nil || a.ID != id || !a.Invitation.ExpiresAt.Equal(r.now.Add(identity.InvitationLifetime)) {
		t.Fatalf("Reinvite() = %+v, %v", a, err)
	}
	_, err = r.AcceptInvitation(r.ctx, code, firstPassword)
	r.must("accept", err)
	withKey, _ := r.invited("Third")
	r.must("key", r.meta.Update(r.ctx, func(tx *meta.Txn) error {
		return tx.PutAccessKey(&meta.KeyRecord{AccessKey: keyhaven.AccessKey{ID: "AKIAROOT", Owner: keyhaven.OwnerRoot, Account: withKey}})
	}))
	closed, _ := r.invited("Fourth")
	r.must("close", r.closing(closed))
	for name, id := range map[string]keyhaven.AccountID{"a root with a password": id, "a root with a key": withKey, "a closed account": closed, "never invited": other, "the first": account} {
		_, _, err = r.Reinvite(r.ctx, id)
		r.fails(name, err, keyhaven.Conflict, keyhaven.NounAccount)
	}
	_, _, err = r.Reinvite(r.ctx, "999999999999")
	r.fails("no account", err, keyhaven.NotFound, keyhaven.NounAccount)
}

func TestInviteFirst(t *testing.T) {
	r := newRig(t)
	code, err := r.InviteFirst(r.ctx)
	r.must("invite", err)
	r.now = r.now.Add(identity.FirstStartLifetime - time.Second)
	id, err := r.AcceptInvitation(r.ctx, code, firstPassword)
	if err != nil || id != account {
		t.Fatalf("AcceptInvitation() = %s, %v", id, err)
	}
	if code, err = r.InviteFirst(r.ctx); err != nil || !code.IsZero() {
		t.Errorf("a root with a password is invited: %v", err)
	}
	r.must("sign-in", r.rootIn(account, firstPassword))
}

func TestAccountWithPassword(t *testing.T) {
	r := newRig(t)
	a, _, err := r.CreateAccount(r.ctx, identity.AccountInput{Name: "Second", Password: keyhaven.NewSecret(firstPassword)})
	r.must("create", err)
	r.must("sign-in", r.rootIn(a.ID, firstPassword))
	_, _, err = r.CreateAccount(r.ctx, identity.AccountInput{Name: "Third", Password: keyhaven.NewSecret("weak")})
	r.fails("a weak password", err, keyhaven.Invalid, keyhaven.NounPassword)
	if all, err := r.Accounts(r.ctx); err != nil || len(all) != 3 {
		t.Errorf("there are %d accounts, %v", len(all), err)
	}
}

func TestAccountsFrom(t *testing.T) {
	r := newRig(t)
	for _, id := range []keyhaven.AccountID{"777788889999", "888899990000"} {
		_, _, err := r.CreateAccount(r.ctx, identity.AccountInput{Name: "x", ID: id})
		r.must("create", err)
	}
	var got []string
	var next keyhaven.AccountID
	for i := 0; i == 0 || next != ""; i++ {
		page, after, err := r.AccountsFrom(r.ctx, next, 3)
		r.must("list", err)
		for _, a := range page {
			got = append(got, string(a.ID))
		}
		next = after
	}
	if want := "111122223333 444455556666 777788889999 888899990000"; strings.Join(got, " ") != want {
		t.Errorf("the pages have %v, want %s", got, want)
	}
}

func TestAccountContents(t *testing.T) {
	r := newRig(t)
	_, err := r.CreateUser(r.ctx, other, identity.NewUser{Name: "bob"})
	r.must("user", err)
	_, _, err = r.RegisterInstance(r.ctx, other, "us-east-1", "web-1")
	r.must("instance", err)
	r.must("bucket", r.meta.Update(r.ctx, func(tx *meta.Txn) error {
		return tx.PutBucket(&keyhaven.Bucket{ID: keyhaven.BucketID{1}, Name: "photos", Account: other})
	}))
	got, err := r.AccountContents(r.ctx, other)
	if want := (identity.Contents{Buckets: 1, Users: 1, Instances: 1}); err != nil || got != want {
		t.Errorf("AccountContents() = %+v, %v, want %+v", got, err, want)
	}
	_, err = r.AccountContents(r.ctx, "999999999999")
	r.fails("no account", err, keyhaven.NotFound, keyhaven.NounAccount)
}
