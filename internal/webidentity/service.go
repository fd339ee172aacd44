package webidentity

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/keyhaven/keyhaven"
)

const (
	discoveryAge = time.Hour // after which a provider is asked again for its endpoints and keys
	maxIssuers   = 256       // whose keys are held
)

// Providers is what a Service needs of the service of identity.
type Providers interface {
	Provider(ctx context.Context, account keyhaven.AccountID, name string) (*keyhaven.IdentityProvider, error)
}

// Service verifies tokens.
type Service struct {
	trusted Providers
	client  *http.Client
	mu      sync.Mutex
	found   map[string]issuer
}

// New returns a service that fetches the keys of providers by the client.
func New(trusted Providers, client *http.Client) *Service {
	return &Service{trusted: trusted, client: client, found: map[string]issuer{}}
}

// issuer is a provider that was discovered.
type issuer struct {
	*oidc.Provider
	verifier *oidc.IDTokenVerifier
	since    time.Time
}

// discover returns the provider of an issuer, asked for at most once in
// discoveryAge.
func (s *Service) discover(ctx context.Context, name string) (issuer, error) {
	s.mu.Lock()
	have, ok := s.found[name]
	s.mu.Unlock()
	if ok && time.Since(have.since) < discoveryAge {
		return have, nil
	}
	// The key set outlives the request that fetched it.
	p, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), s.client), name)
	if err != nil {
		return issuer{}, &Refusal{Why: Unreachable, Msg: "The identity provider could not be asked for its keys.", Err: err}
	}
	have = issuer{p, p.Verifier(&oidc.Config{SkipClientIDCheck: true}), time.Now()} // Verify checks the audience
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.found) >= maxIssuers {
		clear(s.found)
	}
	s.found[name] = have
	return have, nil
}
