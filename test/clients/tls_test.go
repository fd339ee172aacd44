//go:build e2e

package clients

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// domain is the domain of the virtual-host tests. No name server knows it: the
// clients of these tests dial the server whatever the host is.
const domain = "haven.test"

// certificate is a self-signed certificate on disk that is its own authority.
type certificate struct {
	certFile, keyFile string
	pool              *x509.CertPool
}

func newCertificate(t testing.TB) *certificate {
	t.Helper()
	c, err := makeCertificate(t.TempDir())
	check(t, err)
	return c
}

func makeCertificate(dir string) (*certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "keyhaven tests"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IsCA:        true, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		DNSNames:    []string{"localhost", domain, "*." + domain, "*.s3." + region + "." + domain},
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	keyBytes, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	c := &certificate{certFile: filepath.Join(dir, "cert.pem"), keyFile: filepath.Join(dir, "key.pem"), pool: x509.NewCertPool()}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	c.pool.AppendCertsFromPEM(certPEM)
	return c, errors.Join(
		os.WriteFile(c.certFile, certPEM, 0o600),
		os.WriteFile(c.keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyBytes}), 0o600))
}

// startTLSServer starts a server that speaks HTTPS.
func startTLSServer(t testing.TB, args ...string) *server {
	t.Helper()
	c := newCertificate(t)
	s := newServer(t, append([]string{"--tls-cert", c.certFile, "--tls-key", c.keyFile}, args...)...)
	s.tls = c
	s.start()
	return s
}

// httpClient returns a client with connections of its own, all to this server
// whatever host a URL names.
func (s *server) httpClient() *http.Client {
	address := s.address()
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		},
		DisableCompression: true,
	}
	if s.tls != nil {
		transport.TLSClientConfig = &tls.Config{RootCAs: s.tls.pool}
	}
	return &http.Client{Transport: transport}
}
