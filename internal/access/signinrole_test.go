package access_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/identity"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
)

const provider = "arn:aws:iam::111122223333:oidc-provider/Id.test"

// signInAsRole makes the role ops, whose sessions last two hours, and signs in as
// it.
func (r *rig) signInAsRole() (*identity.Service, *access.SignIn) {
	r.t.Helper()
	people := identity.New(r.meta, r.ring, identity.Options{})
	role, err := people.CreateRole(r.ctx, account, identity.NewRole{Name: "ops", MaxSession: 7200, Trust: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"` +
		provider + `"},"Action":"sts:AssumeRoleWithWebIdentity"}]}`})
	r.must("create role", err)
	s, err := r.SignInAsRole(r.ctx, access.RoleSignIn{Role: role, Name: "ann", Provider: provider, Subject: "7", Audience: "haven"})
	r.must("sign in", err)
	return people, s
}

// TestS11_RoleSignIn: the credentials of a sign-in as a role are those of the role,
// after a restart too, and end with the sign-in.
func TestS11_RoleSignIn(t *testing.T) {
	onEngines(t, func(t *testing.T, r *rig) {
		_, s := r.signInAsRole()
		c := r.credentials(s)
		for range 2 {
			id, err := r.authTemporary(c)
			r.must("authenticate", err)
			if p := id.Principal; p.Kind != keyhaven.RoleSession || p.ARN() != "arn:aws:sts::111122223333:assumed-role/ops/ann" || id.SessionKind() != access.AssumedSession {
				t.Errorf("Authenticate() = %+v", p)
			}
			keys := id.Policies.Keys
			if keys["id.test:sub"][0] != "7" || keys["id.test:aud"][0] != "haven" || keys["aws:federatedprovider"][0] != provider || keys["aws:tokenissuetime"] == nil {
				t.Errorf("the session's keys are %v", keys)
			}
			if again, err := r.SignedIn(r.ctx, s.Token); err != nil || again.Principal.Name != "ann" || again.Principal.Kind != keyhaven.RoleSession {
				t.Errorf("SignedIn() = %+v, %v", again, err)
			}
			r.reopen()
		}
		r.must("sign out", r.SignOut(r.ctx, s.Token))
		_, err := r.authTemporary(c)
		wantUnknown(t, "credentials after signing out", err)
		_, err = r.SessionCredentials(r.ctx, s.Token)
		wantError(t, "SessionCredentials", err, keyhaven.Unauthenticated, keyhaven.NounAccessKey)
	})
}

func TestS11_RoleSignInEndsWithTheRole(t *testing.T) {
	r := newRig(t, memkv.New())
	people, s := r.signInAsRole()
	c := r.credentials(s)
	if _, err := r.authTemporary(c); err != nil {
		t.Fatal(err)
	}
	role, err := people.Role(r.ctx, account, "ops")
	r.must("role", err)
	r.must("delete role", people.DeleteRole(r.ctx, account, "ops"))
	_, err = r.authTemporary(c)
	wantUnknown(t, "credentials after their role is gone", err)
	_, err = r.SignedIn(r.ctx, s.Token)
	wantError(t, "SignedIn after the role is gone", err, keyhaven.Unauthenticated, keyhaven.NounAccessKey)
	_, err = r.SignInAsRole(r.ctx, access.RoleSignIn{Role: role, Name: "ann", Provider: provider, Subject: "7", Audience: "haven"})
	wantUnknown(t, "signing in as a role that is gone", err)
}

// TestRoleSignInExpires: it lasts as long as a session of the role may, and
// credentials that are renewed are as old as it.
func TestRoleSignInExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, memkv.New())
		_, s := r.signInAsRole()
		if got := time.Until(s.ExpiresAt); got != 2*time.Hour {
			t.Errorf("the sign-in lasts %v", got)
		}
		began := time.Now().UTC().Format(time.RFC3339)
		time.Sleep(90 * time.Minute)
		c := r.credentials(s)
		if c.ExpiresAt.After(s.ExpiresAt) {
			t.Errorf("credentials until %v outlive their session, which ends %v", c.ExpiresAt, s.ExpiresAt)
		}
		id, err := r.authTemporary(c)
		r.must("authenticate", err)
		if got := id.Policies.Keys["aws:tokenissuetime"][0]; got != began {
			t.Errorf("credentials are of %s, the sign-in of %s", got, began)
		}
		time.Sleep(30 * time.Minute)
		_, err = r.SignedIn(r.ctx, s.Token)
		wantError(t, "SignedIn at the end", err, keyhaven.Unauthenticated, keyhaven.NounAccessKey)
		if _, err := r.authTemporary(c); err == nil {
			t.Error("credentials outlive the sign-in")
		}
		r.must("close", r.Close())
		r.Service = nil
	})
}
