package access_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/sigv4"
)

// signIn makes a key of the root and signs in with it.
func (r *rig) signIn() (*keyhaven.AccessKey, *access.SignIn) {
	r.t.Helper()
	k, err := r.CreateRootKey(r.ctx, account)
	r.must("create root key", err)
	s, err := r.SignInWithKey(r.ctx, k.ID, k.Secret, nil)
	r.must("sign in", err)
	return k, s
}

func (r *rig) credentials(s *access.SignIn) *access.TemporaryCredentials {
	r.t.Helper()
	c, err := r.SessionCredentials(r.ctx, s.Token)
	r.must("session credentials", err)
	return c
}

// authTemporary signs a request with temporary credentials.
func (r *rig) authTemporary(c *access.TemporaryCredentials) (*access.Identity, error) {
	req := request()
	s := signer(c.AccessKeyID, c.Secret)
	s.Token = c.Token
	s.SignHeader(req, nil)
	return r.Authenticate(req, "s3", "")
}

func TestSession(t *testing.T) {
	onEngines(t, func(t *testing.T, r *rig) {
		k, s := r.signIn()
		if s.Principal.Kind != keyhaven.Root || s.Principal.Account != account || s.Token.IsZero() {
			t.Errorf("SignInWithKey() = %+v", s)
		}
		c := r.credentials(s)
		id, err := r.authTemporary(c)
		r.must("authenticate", err)
		if p := id.Principal; p.Kind != keyhaven.Root || p.Account != account || p.AccessKeyID != c.AccessKeyID || c.AccessKeyID[:4] != "ASIA" {
			t.Errorf("Authenticate() = %+v", p)
		}
		if keys, err := r.RootKeys(r.ctx, account); err != nil || !keys[0].LastUsed.Time.IsZero() {
			t.Errorf("signing in counts as a use of the key: %+v, %v", keys[0], err)
		}
		r.reopen()
		if _, err := r.authTemporary(c); err != nil {
			t.Errorf("credentials after a restart: %v", err)
		}
		if again, err := r.SignedIn(r.ctx, s.Token); err != nil || again.Principal.AccessKeyID != k.ID {
			t.Errorf("SignedIn() after a restart = %+v, %v", again, err)
		}
	})
}

// TestS7SessionNeedsAPrivilegedKey: a bucket key cannot become a sign-in.
func TestS7SessionNeedsAPrivilegedKey(t *testing.T) {
	r := newRig(t, memkv.New())
	k := r.createKey("photos")
	_, err := r.SignInWithKey(r.ctx, k.ID, k.Secret, nil)
	wantUnknown(t, "a bucket key signs in", err)
	root, err := r.CreateRootKey(r.ctx, account)
	r.must("create root key", err)
	_, err = r.SignInWithKey(r.ctx, root.ID, k.Secret, nil)
	wantUnknown(t, "a wrong secret", err)
	_, err = r.SignInWithKey(r.ctx, root.ID, keyhaven.Secret{}, nil)
	wantUnknown(t, "no secret", err)
	_, err = r.SignInWithKey(r.ctx, "", keyhaven.Secret{}, nil)
	wantUnknown(t, "nothing", err)
}

// TestS11SessionEnds: signing out, and the end of the key, refuse the very next
// request of the credentials that are out.
func TestS11SessionEnds(t *testing.T) {
	r := newRig(t, memkv.New())
	_, s := r.signIn()
	c := r.credentials(s)
	r.must("sign out", r.SignOut(r.ctx, s.Token))
	_, err := r.authTemporary(c)
	wantUnknown(t, "credentials after signing out", err)
	_, err = r.SignedIn(r.ctx, s.Token)
	wantError(t, "SignedIn", err, keyhaven.Unauthenticated, keyhaven.NounAccessKey)
	_, err = r.SessionCredentials(r.ctx, s.Token)
	wantError(t, "SessionCredentials", err, keyhaven.Unauthenticated, keyhaven.NounAccessKey)
	r.must("sign out again", r.SignOut(r.ctx, s.Token))

	k, s := r.signIn()
	c = r.credentials(s)
	if _, err := r.authTemporary(c); err != nil {
		t.Fatal(err)
	}
	r.must("delete key", r.DeleteRootKey(r.ctx, account, k.ID))
	_, err = r.authTemporary(c)
	wantUnknown(t, "credentials after their key is deleted", err)
	_, err = r.SignedIn(r.ctx, s.Token)
	wantError(t, "SignedIn after the key is deleted", err, keyhaven.Unauthenticated, keyhaven.NounAccessKey)
}

func TestSessionExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, memkv.New())
		_, s := r.signIn()
		c := r.credentials(s)
		time.Sleep(access.CredentialsLifetime - time.Second)
		if _, err := r.authTemporary(c); err != nil {
			t.Errorf("credentials a second before their end: %v", err)
		}
		time.Sleep(time.Second)
		_, err := r.authTemporary(c)
		wantUnknown(t, "credentials at their end", err)
		time.Sleep(access.SessionLifetime - access.CredentialsLifetime - time.Minute)
		if c := r.credentials(s); c.ExpiresAt.After(s.ExpiresAt) {
			t.Errorf("credentials until %v outlive their session, which ends %v", c.ExpiresAt, s.ExpiresAt)
		}
		time.Sleep(time.Minute)
		_, err = r.SignedIn(r.ctx, s.Token)
		wantError(t, "SignedIn at the end", err, keyhaven.Unauthenticated, keyhaven.NounAccessKey)
		r.must("close", r.Close())
		r.Service = nil
	})
}

// TestSessionTokensOfOthers: a token works with its own key id and secret only.
func TestSessionTokensOfOthers(t *testing.T) {
	r := newRig(t, memkv.New())
	_, s := r.signIn()
	a, b := r.credentials(s), r.credentials(s)
	mixed := *a
	mixed.Token = b.Token
	_, err := r.authTemporary(&mixed)
	wantUnknown(t, "another's token", err)
	mixed = *a
	mixed.Secret = b.Secret
	_, err = r.authTemporary(&mixed)
	wantReason(t, "another's secret", err, sigv4.SignatureMismatch)
	for _, token := range []string{"khc1.", "khc1.!!", "khc1.AAAA", a.Token.Reveal() + "A"} {
		mixed = *a
		mixed.Token = keyhaven.NewSecret(token)
		_, err = r.authTemporary(&mixed)
		wantUnknown(t, "the token "+token[:5], err)
	}
	req := request()
	signer(a.AccessKeyID, a.Secret).SignHeader(req, nil)
	_, err = r.Authenticate(req, "s3", "")
	wantUnknown(t, "no token", err)
	req = request()
	signer(a.AccessKeyID, a.Secret).SignHeader(req, nil)
	req.Header.Set("X-Amz-Security-Token", a.Token.Reveal())
	if _, err = r.Authenticate(req, "s3", ""); err == nil {
		t.Error("a token that is not signed is taken")
	}
}
