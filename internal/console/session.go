package console

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/audit"
	"github.com/keyhaven/keyhaven/internal/edge"
)

const cookieName = "keyhaven_session"

// settings are what a page must know before anybody signs in.
func (d *Door) settings(c *call) (any, error) {
	root, err := d.rootPassword(c.r.Context(), d.opts.Account)
	if err != nil {
		return nil, err
	}
	var sso any
	if d.opts.SingleSignOn != nil {
		sso = d.opts.SingleSignOn.Name
	}
	return map[string]any{
		"singleSignOn": sso,
		"endpoint":     d.endpoint(c.r), "region": d.opts.Region, "version": d.opts.Version,
		"operations": d.opts.Operations, "users": true, "rootPassword": root,
	}, nil
}

// endpoint is the address of the API for the page of this request.
func (d *Door) endpoint(r *http.Request) string {
	u, err := url.Parse(d.opts.Endpoint)
	if err != nil {
		return d.opts.Endpoint
	}
	ip, err := netip.ParseAddr(u.Hostname())
	if err != nil || !ip.IsUnspecified() {
		return d.opts.Endpoint
	}
	// The host that the browser used; what is no host name cannot have come from one.
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if !validHost(host) {
		return d.opts.Endpoint
	}
	return u.Scheme + "://" + net.JoinHostPort(host, u.Port())
}

func validHost(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Zone() == ""
	}
	for _, c := range []byte(host) {
		if c != '-' && c != '.' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return host != "" && len(host) <= 253
}

type signInInput struct {
	Kind            string `json:"kind"`
	Account         string `json:"account"`
	UserName        string `json:"userName"`
	Password        string `json:"password"`
	NewPassword     string `json:"newPassword"`
	AccessKeyID     string `json:"accessKeyId"`
	SecretAccessKey string `json:"secretAccessKey"`
	MFACode         string `json:"mfaCode"`
}

// signIn opens a session (C3).
func (d *Door) signIn(c *call) (any, error) {
	var in signInInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Kind == "root" {
		in.UserName = ""
	}
	// The name counts together with the address: by itself anybody could lock its
	// owner out.
	from := "address " + clientAddress(c.r)
	who := []string{from, from + " " + in.Kind + " " + in.Account + "/" + in.UserName + in.AccessKeyID}
	if wait := d.throttle.wait(who...); wait > 0 {
		return nil, tooMany(c, wait)
	}
	var s *access.SignIn
	var err error
	switch in.Kind {
	case "key":
		s, err = d.withKey(c, &in)
	case "root", "user":
		s, err = d.withPassword(c, &in)
	default:
		err = &refusal{http.StatusBadRequest, "InvalidRequest", "There is no such way to sign in."}
	}
	if r, ok := errors.AsType[*refusal](err); ok && r.status == http.StatusForbidden {
		d.throttle.failed(who...)
		d.recordFailure(c, &in)
	}
	if err != nil {
		return nil, mapLimit(err)
	}
	d.throttle.succeeded(who[1])
	d.recordSignIn(c, s, in.Kind)
	http.SetCookie(c.w, d.cookie(c.r, s.Token.Reveal(), s.ExpiresAt))
	return d.handOut(c, s.Token, s)
}

// withKey signs in the holder of a key pair.
func (d *Door) withKey(c *call, in *signInInput) (*access.SignIn, error) {
	s, err := d.opts.Access.SignInWithKey(c.r.Context(), in.AccessKeyID, keyhaven.NewSecret(in.SecretAccessKey), d.secondFactor(in.MFACode))
	if keyhaven.KindOf(err) == keyhaven.Unauthenticated {
		return nil, &refusal{http.StatusForbidden, "SignInFailed", "The access key ID and the secret access key do not belong together, or the key may not sign in."}
	}
	return s, err
}

func mapLimit(err error) error {
	if keyhaven.KindOf(err) == keyhaven.LimitExceeded {
		return &refusal{http.StatusServiceUnavailable, "TooManySessions", "Too many people are signed in."}
	}
	return err
}

// clientAddress is the network of the client, as failures are counted by it.
func clientAddress(r *http.Request) string {
	if p := edge.ClientNetwork(r); p.IsValid() {
		return p.String()
	}
	return edge.ClientAddress(r)
}

func (d *Door) cookie(r *http.Request, token string, expires time.Time) *http.Cookie {
	return &http.Cookie{
		Name: cookieName, Value: token, Path: "/console/", Expires: expires,
		HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode,
	}
}

func sessionOf(r *http.Request) (keyhaven.Secret, error) {
	c, err := r.Cookie(cookieName)
	if err != nil || c.Value == "" || len(c.Value) > 128 {
		return keyhaven.Secret{}, errSignedOut
	}
	return keyhaven.NewSecret(c.Value), nil
}

// credentials hands the page of an open session fresh credentials.
func (d *Door) credentials(c *call) (any, error) {
	token, err := sessionOf(c.r)
	if err != nil {
		return nil, err
	}
	s, err := d.opts.Access.SignedIn(c.r.Context(), token)
	if keyhaven.KindOf(err) == keyhaven.Unauthenticated {
		http.SetCookie(c.w, d.cookie(c.r, "", time.Unix(1, 0)))
		return nil, errSignedOut
	}
	if err != nil {
		return nil, err
	}
	return d.handOut(c, token, s)
}

func (d *Door) handOut(c *call, token keyhaven.Secret, s *access.SignIn) (any, error) {
	creds, err := d.opts.Access.SessionCredentials(c.r.Context(), token)
	if keyhaven.KindOf(err) == keyhaven.Unauthenticated {
		return nil, errSignedOut
	}
	if err != nil {
		return nil, err
	}
	person, err := d.person(c.r.Context(), &s.Principal)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"person": person,
		"credentials": map[string]any{
			"accessKeyId": creds.AccessKeyID, "secretAccessKey": creds.Secret.Reveal(),
			"sessionToken": creds.Token.Reveal(), "expiration": creds.ExpiresAt.Format(time.RFC3339),
		},
	}, nil
}

// person is what a page is told of who is signed in.
func (d *Door) person(ctx context.Context, p *keyhaven.Principal) (map[string]any, error) {
	out := map[string]any{
		"account": p.Account, "arn": p.ARN(), "name": p.Name, "root": p.Kind == keyhaven.Root,
		"owner": p.Owns(d.opts.Account), "role": p.Kind == keyhaven.RoleSession,
	}
	if p.Kind != keyhaven.Root {
		return out, nil
	}
	has, err := d.rootPassword(ctx, p.Account)
	out["name"], out["password"] = "root", has
	return out, err
}

// signOut ends the session and forgets its cookie. A session that has ended
// already is no error.
func (d *Door) signOut(c *call) (any, error) {
	http.SetCookie(c.w, d.cookie(c.r, "", time.Unix(1, 0)))
	token, err := sessionOf(c.r)
	if err != nil {
		return struct{}{}, nil
	}
	s, err := d.opts.Access.SignedIn(c.r.Context(), token)
	if keyhaven.KindOf(err) == keyhaven.Unauthenticated {
		return struct{}{}, nil
	}
	if err != nil {
		return nil, err
	}
	if err := d.opts.Access.SignOut(c.r.Context(), token); err != nil {
		return nil, err
	}
	d.record(c, logout, audit.IdentityOf(&s.Principal), "", nil)
	return struct{}{}, nil
}
