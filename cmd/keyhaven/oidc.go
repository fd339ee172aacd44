package main

import (
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/console"
	"github.com/keyhaven/keyhaven/internal/webidentity"
)

// singleSignOn reads by what provider people sign in; nil for none.
func (c *settings) singleSignOn(getenv func(string) (string, bool)) (*console.SingleSignOn, error) {
	if c.OIDCIssuer == "" {
		if c.OIDCClientID != "" || c.OIDCRoles != "" {
			return nil, errors.New("--oidc-client-id and --oidc-roles need the provider: --oidc-issuer")
		}
		return nil, nil
	}
	u, err := url.Parse(c.OIDCIssuer)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("--oidc-issuer %q is no issuer: write it as https://id.example.com", c.OIDCIssuer)
	}
	if c.OIDCClientID == "" {
		return nil, errors.New("--oidc-issuer needs this server's client id there: --oidc-client-id")
	}
	roles := slices.Collect(listed(c.OIDCRoles))
	if len(roles) == 0 {
		return nil, errors.New("--oidc-issuer needs the roles that people sign in as: --oidc-roles")
	}
	secret, _ := getenv("KEYHAVEN_OIDC_CLIENT_SECRET")
	return &console.SingleSignOn{
		Name: c.OIDCName, Roles: roles,
		Client: &webidentity.Client{
			Issuer: c.OIDCIssuer, ID: c.OIDCClientID, Secret: keyhaven.NewSecret(secret),
			Scopes: append([]string{oidc.ScopeOpenID}, slices.Collect(listed(c.OIDCScopes))...),
		},
	}, nil
}
