package webidentity

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/keyhaven/keyhaven"
)

// Client is this server as a client of a provider, for people who sign in with
// their browser (OpenID Connect Core, "Authorization Code Flow").
type Client struct {
	Issuer string
	ID     string
	Secret keyhaven.Secret // zero for a public client
	Scopes []string        // openid among them
}

// Attempt is what a sign-in that is under way must find again: it stays between
// this server and the browser.
type Attempt struct {
	State    string `json:"s"`
	Nonce    string `json:"n"`
	Verifier string `json:"v"` // of the code (RFC 7636)
	Redirect string `json:"r"` // where the provider sends the browser back to
}

// Begin returns the address at the provider where a person signs in, and what
// Finish takes. Errors: *Refusal.
func (s *Service) Begin(ctx context.Context, c *Client, redirect string) (string, *Attempt, error) {
	conf, err := s.config(ctx, c, redirect)
	if err != nil {
		return "", nil, err
	}
	a := &Attempt{State: oauth2.GenerateVerifier(), Nonce: oauth2.GenerateVerifier(), Verifier: oauth2.GenerateVerifier(), Redirect: redirect}
	return conf.AuthCodeURL(a.State, oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier)), a, nil
}

// Finish exchanges the code that the browser brought back for a token, and returns
// whom it proves to the account. Errors: *Refusal.
func (s *Service) Finish(ctx context.Context, account keyhaven.AccountID, c *Client, a *Attempt, state, code string) (*Identity, error) {
	if subtle.ConstantTimeCompare([]byte(state), []byte(a.State)) != 1 || state == "" {
		return nil, invalid("The answer of the identity provider is not to this sign-in.")
	}
	conf, err := s.config(ctx, c, a.Redirect)
	if err != nil {
		return nil, err
	}
	got, err := conf.Exchange(oidc.ClientContext(ctx, s.client), code, oauth2.VerifierOption(a.Verifier))
	if err != nil {
		return nil, &Refusal{Why: Unreachable, Msg: "The identity provider did not exchange the code.", Err: withoutBody(err)}
	}
	raw, _ := got.Extra("id_token").(string)
	if raw == "" || len(raw) > maxToken {
		return nil, &Refusal{Why: Unreachable, Msg: "The identity provider gave no token."}
	}
	id, err := s.verify(ctx, account, c.Issuer, c.ID, raw)
	if err != nil {
		return nil, err
	}
	switch {
	case subtle.ConstantTimeCompare([]byte(id.claims.Nonce), []byte(a.Nonce)) != 1:
		return nil, invalid("The token is not of this sign-in.")
	case id.claims.Party != "" && string(id.claims.Party) != c.ID:
		return nil, invalid("Incorrect token audience")
	}
	return id, nil
}

// config is what a provider is asked by.
func (s *Service) config(ctx context.Context, c *Client, redirect string) (*oauth2.Config, error) {
	at, err := s.discover(ctx, c.Issuer)
	if err != nil {
		return nil, err
	}
	var more struct {
		Methods []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := at.Claims(&more); err != nil {
		return nil, &Refusal{Why: Unreachable, Msg: "The identity provider describes itself wrongly.", Err: err}
	}
	endpoint := at.Endpoint()
	if endpoint.AuthURL == "" || endpoint.TokenURL == "" {
		return nil, &Refusal{Why: Unreachable, Msg: "The identity provider names no address to sign in at."}
	}
	// Tried in turn, as the library would, a code could be used up by the first try.
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if c.Secret.IsZero() || len(more.Methods) > 0 && !slices.Contains(more.Methods, "client_secret_basic") {
		endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{ClientID: c.ID, ClientSecret: c.Secret.Reveal(), Endpoint: endpoint, RedirectURL: redirect, Scopes: c.Scopes}, nil
}

// withoutBody is the error of an exchange without the answer that it repeats, which
// has no bounds and may hold a token.
func withoutBody(err error) error {
	if e, ok := errors.AsType[*oauth2.RetrieveError](err); ok && e.Response != nil {
		return fmt.Errorf("%s: %s", e.Response.Status, shorten(e.ErrorCode))
	}
	return err
}
