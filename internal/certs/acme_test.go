package certs

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// authority is a double of an ACME authority (RFC 8555) with the TLS-ALPN
// challenge (RFC 8737) alone. It believes every signature, and validates for
// real: it connects to the server under test.
type authority struct {
	srv    *httptest.Server
	target string // address of the server under test
	key    *ecdsa.PrivateKey
	root   *x509.Certificate

	mu     sync.Mutex
	thumb  string // of the account's key
	domain string
	valid  bool
	chain  []byte
	errs   []error
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "double"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err == nil {
		a.root, err = x509.ParseCertificate(der)
	}
	if err != nil {
		t.Fatal(err)
	}
	a.srv = httptest.NewTLSServer(http.HandlerFunc(a.serve))
	t.Cleanup(a.srv.Close)
	return a
}

func (a *authority) serve(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w.Header().Set("Replay-Nonce", fmt.Sprint(time.Now().UnixNano()))
	url := a.srv.URL
	protected, payload := jws(r)
	answer := func(status int, v any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v) // the client is gone
	}
	state := map[bool]string{true: "valid", false: "pending"}
	switch r.URL.Path {
	case "/dir":
		answer(200, map[string]string{"newNonce": url + "/nonce", "newAccount": url + "/account", "newOrder": url + "/order"})
	case "/nonce":
		w.WriteHeader(http.StatusOK)
	case "/account":
		a.thumb = thumbprint(protected.JWK)
		w.Header().Set("Location", url+"/account/1")
		answer(201, map[string]string{"status": "valid"})
	case "/order", "/order/1":
		if r.URL.Path == "/order" {
			var in struct{ Identifiers []struct{ Value string } }
			a.fail(json.Unmarshal(payload, &in))
			a.domain = in.Identifiers[0].Value
		}
		status := state[a.valid]
		if a.valid && a.chain == nil {
			status = "ready"
		}
		w.Header().Set("Location", url+"/order/1")
		answer(201, map[string]any{
			"status": status, "identifiers": []any{map[string]string{"type": "dns", "value": a.domain}},
			"authorizations": []string{url + "/authz/1"}, "finalize": url + "/finalize", "certificate": url + "/cert",
		})
	case "/authz/1":
		answer(200, map[string]any{
			"status": state[a.valid], "identifier": map[string]string{"type": "dns", "value": a.domain},
			"challenges": []any{map[string]string{"type": "tls-alpn-01", "status": state[a.valid], "url": url + "/challenge", "token": "the-token"}},
		})
	case "/challenge":
		err := a.validate()
		a.fail(err)
		a.valid = err == nil
		answer(200, map[string]string{"type": "tls-alpn-01", "status": state[a.valid], "url": url + "/challenge", "token": "the-token"})
	case "/finalize":
		var in struct{ CSR string }
		a.fail(json.Unmarshal(payload, &in))
		a.fail(a.sign(in.CSR))
		answer(200, map[string]any{"status": "valid", "authorizations": []string{url + "/authz/1"}, "finalize": url + "/finalize", "certificate": url + "/cert"})
	case "/cert":
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		_, _ = w.Write(a.chain) // the client is gone
	default:
		answer(404, map[string]string{"type": "urn:ietf:params:acme:error:malformed"})
	}
}

func (a *authority) fail(err error) {
	if err != nil {
		a.errs = append(a.errs, err)
	}
}

type protectedHeader struct{ JWK map[string]string }

// jws reads a request without looking at its signature.
func jws(r *http.Request) (h protectedHeader, payload []byte) {
	var in struct{ Protected, Payload string }
	if r.Method != http.MethodPost || json.NewDecoder(r.Body).Decode(&in) != nil {
		return h, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(in.Protected)
	if err == nil {
		_ = json.Unmarshal(raw, &h) // a header without a key stays empty
	}
	payload, _ = base64.RawURLEncoding.DecodeString(in.Payload)
	return h, payload
}

// thumbprint is that of RFC 7638 for an EC key.
func thumbprint(jwk map[string]string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, `{"crv":%q,"kty":%q,"x":%q,"y":%q}`, jwk["crv"], jwk["kty"], jwk["x"], jwk["y"]))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// validate connects as RFC 8737 says and looks at the certificate.
func (a *authority) validate() error {
	c, err := tls.Dial("tcp", a.target, &tls.Config{ServerName: a.domain, NextProtos: []string{"acme-tls/1"}, InsecureSkipVerify: true})
	if err != nil {
		return err
	}
	defer c.Close()
	cert := c.ConnectionState().PeerCertificates[0]
	want := sha256.Sum256([]byte("the-token." + a.thumb))
	for _, x := range cert.Extensions {
		var got []byte
		if x.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 31}) {
			if _, err := asn1.Unmarshal(x.Value, &got); err == nil && string(got) == string(want[:]) && cert.VerifyHostname(a.domain) == nil {
				return nil
			}
		}
	}
	return fmt.Errorf("the certificate of %s does not answer the challenge", a.target)
}

func (a *authority) sign(csr string) error {
	raw, err := base64.RawURLEncoding.DecodeString(csr)
	if err != nil {
		return err
	}
	req, err := x509.ParseCertificateRequest(raw)
	if err != nil {
		return err
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: req.DNSNames, NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, a.root, req.PublicKey, a.key)
	if err != nil {
		return err
	}
	for _, c := range [][]byte{der, a.root.Raw} {
		a.chain = append(a.chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c})...)
	}
	return nil
}

// TestACME gets a certificate by the challenge that the API's own listener
// answers, and serves it.
func TestACME(t *testing.T) {
	a := newAuthority(t)
	dir := t.TempDir()
	root := filepath.Join(dir, "root.pem")
	if err := os.WriteFile(root, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.srv.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a.target = l.Addr().String()
	acme, err := NewACME(ACMEOptions{
		Domains: []string{"s3.example.com"}, CA: a.srv.URL + "/dir", CARoot: root, Dir: filepath.Join(dir, "acme"),
		Port: l.Addr().(*net.TCPAddr).Port, Log: quiet,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer acme.Close()
	srv := &http.Server{TLSConfig: acme.Config(), ReadHeaderTimeout: time.Second, ErrorLog: nil, Handler: http.NotFoundHandler()}
	go func() { _ = srv.ServeTLS(l, "", "") }() // ends with the listener
	defer srv.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := acme.config.ManageSync(ctx, []string{"s3.example.com"}); err != nil {
		t.Fatalf("no certificate: %v; the authority says %v", err, a.errs)
	}
	roots := x509.NewCertPool()
	roots.AddCert(a.root)
	c, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{RootCAs: roots, ServerName: "s3.example.com", NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if p := c.ConnectionState().NegotiatedProtocol; p != "h2" {
		t.Errorf("protocol = %q, want HTTP/2", p)
	}
	// The key stays in the directory, for its owner alone.
	err = filepath.WalkDir(filepath.Join(dir, "acme"), func(p string, d os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(p, ".key") {
			if info, err := d.Info(); err != nil || info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s can be read by others: %v %v", p, info.Mode(), err)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
