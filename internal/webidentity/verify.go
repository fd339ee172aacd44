package webidentity

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/identity"
)

const (
	maxToken    = 20000       // bytes ("AssumeRoleWithWebIdentity")
	tokenLeeway = time.Minute // that a clock may be ahead
)

// Identity is who a token proves.
type Identity struct {
	Provider *keyhaven.IdentityProvider
	Subject  string
	Audience string // the client that the token is for
	claims   claims
}

// Verify returns who a token of any provider that the account trusts proves.
// Errors: *Refusal.
func (s *Service) Verify(ctx context.Context, account keyhaven.AccountID, raw string) (*Identity, error) {
	from, err := issuerOf(raw)
	if err != nil {
		return nil, err
	}
	return s.verify(ctx, account, from, "", raw)
}

// verify checks that the provider is trusted, before it is asked for anything;
// then the signature, the issuer, the times and the audience of a token, which is
// any client that the provider is trusted with when client is "".
func (s *Service) verify(ctx context.Context, account keyhaven.AccountID, from, client, raw string) (*Identity, error) {
	p, err := s.trusted.Provider(ctx, account, identity.ProviderName(strings.TrimSuffix(from, "/")))
	if keyhaven.KindOf(err) == keyhaven.NotFound {
		return nil, invalid("No OpenIDConnect provider found in your account for " + shorten(from))
	}
	if err != nil {
		return nil, err
	}
	at, err := s.discover(ctx, from)
	if err != nil {
		return nil, err
	}
	t, err := at.verifier.Verify(oidc.ClientContext(ctx, s.client), raw)
	if _, expired := errors.AsType[*oidc.TokenExpiredError](err); expired {
		return nil, &Refusal{Why: Expired, Msg: "Token expired: current date/time must be before the expiration date/time"}
	}
	if err != nil {
		return nil, &Refusal{Why: Invalid, Msg: "The web identity token could not be verified.", Err: err}
	}
	if t.IssuedAt.After(time.Now().Add(tokenLeeway)) || t.Subject == "" {
		return nil, invalid("The web identity token has no subject or is issued in the future.")
	}
	id := &Identity{Provider: p, Subject: t.Subject}
	i := slices.IndexFunc(t.Audience, func(a string) bool { return slices.Contains(p.ClientIDs, a) && (client == "" || a == client) })
	if i < 0 {
		return nil, invalid("Incorrect token audience")
	}
	id.Audience = t.Audience[i]
	if err := t.Claims(&id.claims); err != nil {
		return nil, &Refusal{Why: Invalid, Msg: "The web identity token could not be verified.", Err: err}
	}
	return id, nil
}

// issuerOf reads who says to have issued a token; nothing is verified yet.
func issuerOf(raw string) (string, error) {
	parts := strings.Split(raw, ".")
	if len(raw) > maxToken || len(parts) != 3 {
		return "", invalid("The web identity token that was passed is not a JSON Web Token.")
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	var c struct {
		Issuer string `json:"iss"`
	}
	if err != nil || json.Unmarshal(body, &c) != nil || !strings.HasPrefix(c.Issuer, "https://") {
		return "", invalid("The web identity token that was passed names no issuer.")
	}
	return c.Issuer, nil
}

// shorten bounds what an answer repeats of a token.
func shorten(s string) string {
	if len(s) > 255 {
		return strings.ToValidUTF8(s[:255], "") + "…"
	}
	return s
}
