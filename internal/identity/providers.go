package identity

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// ProviderName is the name of an identity provider: its URL without the scheme.
func ProviderName(raw string) string { return strings.TrimPrefix(raw, "https://") }

// ProviderOf is the name in the ARN of a provider of the account; ok is false for
// anything else.
func ProviderOf(account keyhaven.AccountID, arn string) (name string, ok bool) {
	return strings.CutPrefix(arn, "arn:aws:iam::"+string(account)+":oidc-provider/")
}

// CreateProvider trusts the tokens of an OpenID Connect provider that were issued
// for one of the client ids. The URL is https and has no query. Errors: Invalid;
// AlreadyExists identity provider.
func (s *Service) CreateProvider(ctx context.Context, account keyhaven.AccountID, rawURL string, clientIDs, thumbprints []string, tags []keyhaven.Tag) (*keyhaven.IdentityProvider, error) {
	u, err := url.Parse(rawURL)
	if err != nil || len(rawURL) > maxURL || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, invalid("The provider's URL must begin with https:// and have no query.")
	}
	if len(clientIDs) > maxClientIDs || len(thumbprints) > maxThumbprints {
		return nil, failure(keyhaven.LimitExceeded, keyhaven.NounIdentityProvider, rawURL, "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100")
	}
	for _, id := range clientIDs {
		if id == "" || len(id) > maxURL {
			return nil, invalid("A client id has 1 to 255 characters.")
		}
	}
	rawURL = strings.TrimSuffix(rawURL, "/")
	b, err := s.newBase(providers, account, ProviderName(rawURL), "", tags)
	if err != nil {
		return nil, err
	}
	p := &keyhaven.IdentityProvider{Entity: b, URL: rawURL, ClientIDs: clientIDs, Thumbprints: thumbprints}
	return p, s.create(ctx, providers, p, nil)
}

// Provider returns an identity provider by its name. Errors: NotFound.
func (s *Service) Provider(ctx context.Context, account keyhaven.AccountID, name string) (*keyhaven.IdentityProvider, error) {
	return read[*keyhaven.IdentityProvider](ctx, s, providers, account, name)
}

// Providers returns the identity providers of an account.
func (s *Service) Providers(ctx context.Context, account keyhaven.AccountID) ([]*keyhaven.IdentityProvider, error) {
	all, _, err := list[*keyhaven.IdentityProvider](ctx, s, account, "", Page{Max: 1000})
	return all, err
}

// DeleteProvider deletes an identity provider. Errors: NotFound.
func (s *Service) DeleteProvider(ctx context.Context, account keyhaven.AccountID, name string) error {
	return remove[*keyhaven.IdentityProvider](ctx, s, providers, account, name, nil)
}

// ChangeClientID adds a client id of a provider, or removes it. Errors: NotFound;
// LimitExceeded.
func (s *Service) ChangeClientID(ctx context.Context, account keyhaven.AccountID, name, clientID string, add bool) error {
	return change(ctx, s, providers, account, name, func(_ *meta.Txn, p *keyhaven.IdentityProvider) error {
		ids := slices.DeleteFunc(slices.Clone(p.ClientIDs), func(id string) bool { return id == clientID })
		if add {
			if clientID == "" || len(clientID) > maxURL {
				return invalid("A client id has 1 to 255 characters.")
			}
			if ids = append(ids, clientID); len(ids) > maxClientIDs {
				return failure(keyhaven.LimitExceeded, keyhaven.NounIdentityProvider, name, "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100")
			}
		}
		p.ClientIDs = ids
		return nil
	})
}

// SetThumbprints replaces the thumbprints of a provider. Errors: NotFound;
// LimitExceeded.
func (s *Service) SetThumbprints(ctx context.Context, account keyhaven.AccountID, name string, thumbprints []string) error {
	if len(thumbprints) > maxThumbprints {
		return failure(keyhaven.LimitExceeded, keyhaven.NounIdentityProvider, name, "Cannot exceed quota for ThumbprintsPerOpenIdConnectProvider: 5")
	}
	return change(ctx, s, providers, account, name, func(_ *meta.Txn, p *keyhaven.IdentityProvider) error {
		p.Thumbprints = thumbprints
		return nil
	})
}
