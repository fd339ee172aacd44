package sts

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/keyhaven/keyhaven/internal/query"
)

const (
	fetchTimeout = 5 * time.Second
	maxDocument  = 1 << 20     // bytes of a discovery document or a key set
	verifierAge  = time.Hour   // after which discovery is done again
	maxVerifiers = 256         // issuers whose keys are held
	tokenLeeway  = time.Minute // that a clock may be ahead
)

// NewClient returns a client for the documents of identity providers. It follows
// no redirects, reads little, and unless private is set it connects to public
// addresses alone, whatever a name resolves to (cases S8, S12).
func NewClient(private bool) *http.Client {
	dialer := &net.Dialer{Timeout: fetchTimeout}
	if !private {
		dialer.Control = func(_, address string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(address)
			if err != nil {
				return err
			}
			if ip := at.Addr().Unmap(); !ip.IsGlobalUnicast() || ip.IsPrivate() || sharedRange.Contains(ip) {
				return errors.New("sts: the identity provider's address is private; see --oidc-private")
			}
			return nil
		}
	}
	return &http.Client{
		Timeout:       fetchTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: limited{&http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: fetchTimeout, MaxIdleConns: 16, IdleConnTimeout: time.Minute,
			MaxResponseHeaderBytes: 64 << 10,
		}},
	}
}

var sharedRange = netip.MustParsePrefix("100.64.0.0/10") // carrier-grade NAT

// limited bounds the bodies of answers.
type limited struct{ next http.RoundTripper }

func (l limited) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(r)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxDocument), resp.Body}
	}
	return resp, err
}

// verifiers holds the keys of issuers.
type verifiers struct {
	client *http.Client
	mu     sync.Mutex
	of     map[string]verifier
}

type verifier struct {
	*oidc.IDTokenVerifier
	since time.Time
}

func newVerifiers(client *http.Client) *verifiers {
	return &verifiers{client: client, of: map[string]verifier{}}
}

func (v *verifiers) get(ctx context.Context, issuer string) (verifier, error) {
	v.mu.Lock()
	have, ok := v.of[issuer]
	v.mu.Unlock()
	if ok && time.Since(have.since) < verifierAge {
		return have, nil
	}
	// The key set outlives the request that fetched it.
	p, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), v.client), issuer)
	if err != nil {
		return verifier{}, err
	}
	have = verifier{p.Verifier(&oidc.Config{SkipClientIDCheck: true}), time.Now()} // the audience is checked by the door
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.of) >= maxVerifiers {
		clear(v.of)
	}
	v.of[issuer] = have
	return have, nil
}

// verify checks the signature, the issuer and the times of a token.
func (v *verifiers) verify(ctx context.Context, issuer, raw string) (*identityToken, error) {
	ver, err := v.get(ctx, issuer)
	if err != nil {
		return nil, &query.Answer{Code: "IDPCommunicationError", Status: 400, Message: "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements"}
	}
	t, err := ver.Verify(oidc.ClientContext(ctx, v.client), raw)
	if _, expired := errors.AsType[*oidc.TokenExpiredError](err); expired {
		return nil, &query.Answer{Code: "ExpiredTokenException", Status: 400, Message: "Token expired: current date/time must be before the expiration date/time"}
	}
	if err != nil {
		return nil, badToken("The web identity token could not be verified.")
	}
	if t.IssuedAt.After(time.Now().Add(tokenLeeway)) || t.Subject == "" {
		return nil, badToken("The web identity token has no subject or is issued in the future.")
	}
	var more struct {
		AMR []string `json:"amr"`
	}
	if err := t.Claims(&more); err != nil {
		more.AMR = nil // one that is not a list says nothing
	}
	return &identityToken{subject: t.Subject, audienceList: t.Audience, amr: more.AMR}, nil
}
