package console

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/audit"
	"github.com/keyhaven/keyhaven/internal/policy"
	"github.com/keyhaven/keyhaven/internal/webidentity"
)

// finishSingleSignOn signs in who comes back from the provider. What fails is told
// on the page, which is where the person looks.
func (d *Door) finishSingleSignOn(c *call) (any, error) {
	sso := d.opts.SingleSignOn
	if sso == nil {
		return nil, &refusal{http.StatusNotFound, "NotFound", "This server has no identity provider to sign in by."}
	}
	http.SetCookie(c.w, d.attemptCookie(c.r, "", -time.Second))
	a, err := sso.attempt(c.r)
	if err == nil {
		err = d.signInByProvider(c, a)
	}
	if err == nil {
		return redirect(a.Page), nil
	}
	r, ok := errors.AsType[*refusal](err)
	if !ok {
		r = &refusal{code: "InternalError"}
		d.opts.Log.ErrorContext(c.r.Context(), "console request failed", "request_id", c.w.Header().Get("X-Request-Id"), "op", c.r.URL.Path, "err", err)
	}
	q := url.Values{"signInError": {r.code}, "requestId": {c.w.Header().Get("X-Request-Id")}}
	return redirect("/?" + q.Encode()), nil
}

var errAttempt = &refusal{http.StatusForbidden, "SignInExpired", "The sign-in took too long or was begun in another browser. Begin it again."}

// attempt is the sign-in that this browser began.
func (sso *SingleSignOn) attempt(r *http.Request) (*attempt, error) {
	kept, err := r.Cookie(attemptCookie)
	if err != nil {
		return nil, errAttempt
	}
	sealed, err := base64.RawURLEncoding.DecodeString(kept.Value)
	if err != nil {
		return nil, errAttempt
	}
	raw, err := sso.Sealer.Open(sealed, attemptContext)
	var a attempt
	if err != nil || json.Unmarshal(raw, &a) != nil || !a.Expires.After(time.Now()) {
		return nil, errAttempt
	}
	return &a, nil
}

// signInByProvider finishes the sign-in, and gives the browser its session.
func (d *Door) signInByProvider(c *call, a *attempt) error {
	sso, q := d.opts.SingleSignOn, c.r.URL.Query()
	if iss := q.Get("iss"); iss != "" && iss != sso.Client.Issuer { // RFC 9207
		return errAttempt
	}
	if q.Get("error") != "" { // what the provider says of it is its own business
		return &refusal{http.StatusForbidden, "SignInCancelled", "The identity provider did not sign you in."}
	}
	from := "address " + clientAddress(c.r)
	if wait := d.throttle.wait(from); wait > 0 {
		return tooMany(c, wait)
	}
	ctx := c.r.Context()
	id, err := sso.Tokens.Finish(ctx, d.opts.Account, sso.Client, &a.Attempt, q.Get("state"), q.Get("code"))
	if err != nil {
		d.throttle.failed(from)
		err = d.providerRefusal(c, err)
		d.recordProviderFailure(c, audit.Identity{Type: "WebIdentityUser", UserName: hidden}, err)
		return err
	}
	role, err := d.roleOf(ctx, id)
	if err != nil {
		return err
	}
	who := audit.WebIdentityUser(id.Provider.ARN(), id.Audience, id.Subject)
	if role == nil {
		d.throttle.failed(from)
		err := &refusal{http.StatusForbidden, "NoRole", "No role here admits you. Ask whoever runs this server."}
		d.recordProviderFailure(c, who, err)
		return err
	}
	s, err := d.opts.Access.SignInAsRole(ctx, access.RoleSignIn{
		Role: role, Name: id.SessionName(), Provider: id.Provider.ARN(), Subject: id.Subject, Audience: id.Audience,
	})
	if err != nil {
		return mapLimit(err)
	}
	d.record(c, consoleLogin, audit.IdentityOf(&s.Principal), "", map[string]any{
		"MFAUsed": "No", "SignInBy": "oidc", "IdentityProvider": who.IdentityProvider, "Subject": who.UserName,
	})
	http.SetCookie(c.w, d.cookie(c.r, s.Token.Reveal(), s.ExpiresAt))
	return nil
}

// roleOf is the first role that admits the person; nil for none.
func (d *Door) roleOf(ctx context.Context, id *webidentity.Identity) (*keyhaven.Role, error) {
	for _, name := range d.opts.SingleSignOn.Roles {
		r, err := d.opts.People.Role(ctx, d.opts.Account, name)
		if keyhaven.KindOf(err) == keyhaven.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		trust, err := policy.Parse(policy.Trust, []byte(r.Trust))
		if err != nil {
			return nil, err
		}
		if id.MayAssume(r, trust, id.SessionName()) {
			return r, nil
		}
	}
	return nil, nil
}

// providerRefusal is how a page hears that the provider or its token is no good.
func (d *Door) providerRefusal(c *call, err error) error {
	why, ok := errors.AsType[*webidentity.Refusal](err)
	if !ok {
		return err
	}
	d.opts.Log.WarnContext(c.r.Context(), "sign-in by the identity provider failed", "request_id", c.w.Header().Get("X-Request-Id"), "err", err)
	if why.Why == webidentity.Unreachable {
		return &refusal{http.StatusBadGateway, "IdentityProviderFailed", "The identity provider does not answer as it should. The server's log says how."}
	}
	return &refusal{http.StatusForbidden, "InvalidIdentity", "What the identity provider says of you is not accepted here. The server's log says why."}
}

// recordProviderFailure records that somebody who came from the provider is not
// signed in.
func (d *Door) recordProviderFailure(c *call, who audit.Identity, err error) {
	r, ok := errors.AsType[*refusal](err)
	if !ok {
		return
	}
	skipped, ok := d.failures.Take(time.Now(), "")
	if !ok {
		return
	}
	who.AccountID = string(d.opts.Account)
	more := map[string]any{"MFAUsed": "No", "SignInBy": "oidc", "Reason": r.code}
	if skipped > 0 {
		more["FailuresNotRecorded"] = skipped
	}
	d.record(c, consoleLogin, who, "Failed authentication", more)
}
