// Package oidctest is an OpenID Connect provider for tests.
package oidctest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"
)

// Issuer is a provider on a loopback address, with a certificate of its own.
type Issuer struct {
	*httptest.Server
	Key *rsa.PrivateKey
	// Secret is that of every client that exchanges a code; "" for public clients.
	Secret string
	// Person is what the next tokens say of who signs in, beside what Token does.
	Person map[string]any
	t      testing.TB
	mu     sync.Mutex
	codes  map[string]url.Values // by code, what was asked for it
}

// New starts a provider; it ends with the test.
func New(t testing.TB) *Issuer {
	t.Helper()
	i := &Issuer{Key: NewKey(t), t: t, codes: map[string]url.Values{}}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		i.answer(w, map[string]any{
			"issuer": i.URL, "jwks_uri": i.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"},
			"authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token",
		})
	})
	mux.HandleFunc("GET /authorize", i.authorize)
	mux.HandleFunc("POST /token", i.exchange)
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		i.answer(w, map[string]any{"keys": []any{map[string]any{
			"kty": "RSA", "kid": "1", "use": "sig", "alg": "RS256", "n": B64(i.Key.N.Bytes()), "e": B64(big.NewInt(int64(i.Key.E)).Bytes()),
		}}})
	})
	i.Server = httptest.NewTLSServer(mux)
	t.Cleanup(i.Close)
	return i
}

func (i *Issuer) answer(w http.ResponseWriter, doc any) {
	if err := json.NewEncoder(w).Encode(doc); err != nil {
		i.t.Error(err)
	}
}

// NewKey makes a signing key.
func NewKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// B64 is how tokens encode bytes.
func B64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// Token signs claims by a key; those that are given replace the usual ones, nil
// removes one. The usual audience is sts.test, the usual life a minute.
func (i *Issuer) Token(key *rsa.PrivateKey, change map[string]any) string {
	i.t.Helper()
	claims := map[string]any{
		"iss": i.URL, "sub": "repo:acme/app", "aud": "sts.test", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
	}
	for k, v := range change {
		if claims[k] = v; v == nil {
			delete(claims, k)
		}
	}
	body, err := json.Marshal(claims)
	if err != nil {
		i.t.Fatal(err)
	}
	head := B64([]byte(`{"alg":"RS256","kid":"1"}`)) + "." + B64(body)
	sum := sha256.Sum256([]byte(head))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		i.t.Fatal(err)
	}
	return head + "." + B64(sig)
}
