package console

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/webidentity"
)

// Tokens is what the door needs of package webidentity.
type Tokens interface {
	Begin(ctx context.Context, c *webidentity.Client, redirect string) (string, *webidentity.Attempt, error)
	Finish(ctx context.Context, account keyhaven.AccountID, c *webidentity.Client, a *webidentity.Attempt, state, code string) (*webidentity.Identity, error)
}

// Sealer encrypts what a browser keeps for the server.
type Sealer interface {
	Seal(plaintext []byte, context string) ([]byte, error)
	Open(sealed []byte, context string) ([]byte, error)
}

// SingleSignOn is the sign-in by an OpenID Connect provider.
type SingleSignOn struct {
	Name   string // what people call it
	Client *webidentity.Client
	Roles  []string // names; a person signs in as the first that admits them
	Tokens Tokens
	Sealer Sealer
	// Origin reports whether pages of the origin are the console's.
	Origin func(r *http.Request, origin string) bool
}

const (
	callbackPath   = "/console/oidc/callback"
	attemptCookie  = "keyhaven_oidc"
	attemptContext = "console/oidc"
	// attemptLifetime is how long a person may take at the provider.
	attemptLifetime = 10 * time.Minute
	maxPagePath     = 1024 // bytes
)

// attempt is what the browser keeps, sealed, while its person is at the provider.
type attempt struct {
	webidentity.Attempt
	Page    string    `json:"p"` // that the person wants
	Expires time.Time `json:"e"`
}

// redirect is an answer that sends the browser on.
type redirect string

// beginSingleSignOn answers the address at the provider where the page goes.
func (d *Door) beginSingleSignOn(c *call) (any, error) {
	sso := d.opts.SingleSignOn
	if sso == nil {
		return nil, &refusal{http.StatusNotFound, "NotFound", "This server has no identity provider to sign in by."}
	}
	var in struct {
		Page string `json:"page"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	origin := c.r.Header.Get("Origin")
	if origin == "" || !sso.Origin(c.r, origin) {
		return nil, &refusal{http.StatusForbidden, "CrossOrigin", "The request does not come from a page of the console. Behind a proxy, --console-origin must name its address."}
	}
	to, a, err := sso.Tokens.Begin(c.r.Context(), sso.Client, origin+callbackPath)
	if err != nil {
		return nil, d.providerRefusal(c, err)
	}
	raw, err := json.Marshal(attempt{Attempt: *a, Page: ownPage(in.Page), Expires: time.Now().Add(attemptLifetime)})
	if err != nil {
		return nil, err
	}
	sealed, err := sso.Sealer.Seal(raw, attemptContext)
	if err != nil {
		return nil, err
	}
	http.SetCookie(c.w, d.attemptCookie(c.r, base64.RawURLEncoding.EncodeToString(sealed), attemptLifetime))
	return map[string]string{"url": to}, nil
}

// attemptCookie is sent when the provider sends the browser back, which a strict
// cookie would not be.
func (d *Door) attemptCookie(r *http.Request, value string, life time.Duration) *http.Cookie {
	return &http.Cookie{
		Name: attemptCookie, Value: value, Path: callbackPath, MaxAge: int(life / time.Second),
		HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode,
	}
}

// ownPage is the page if it is one of the console's, else the first.
func ownPage(page string) string {
	u, err := url.Parse(page)
	if err != nil || len(page) > maxPagePath || u.Scheme != "" || u.Host != "" || u.User != nil || strings.Contains(page, "\\") {
		return "/"
	}
	rest, ok := strings.CutPrefix(u.Path, "/")
	first, _, _ := strings.Cut(rest, "/")
	if !ok || !pages[first] || strings.HasPrefix(rest, "/") {
		return "/"
	}
	return (&url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery}).String()
}
