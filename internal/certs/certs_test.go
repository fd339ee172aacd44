package certs

import (
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
)

var quiet = slog.New(slog.DiscardHandler)

func pool(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	p, err := loadRoots(filepath.Join(dir, DevCA))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// handshake connects a client to a listener of the configuration.
func handshake(t *testing.T, server *tls.Config, roots *x509.CertPool, name string) (*x509.Certificate, error) {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", server)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		if c, err := l.Accept(); err == nil {
			_ = c.(*tls.Conn).Handshake() // the client sees what went wrong
			c.Close()
		}
	}()
	c, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{RootCAs: roots, ServerName: name})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0], nil
}

// TestDev: clients that trust the authority trust the certificate for each of
// its hosts and no other; the authority stays when a certificate is made anew.
func TestDev(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tls")
	for round := range 2 {
		if err := Dev(dir, []string{"localhost", "*.s3.example.test", "127.0.0.1", "::1"}); err != nil {
			t.Fatal(err)
		}
		f, err := NewFiles(filepath.Join(dir, DevCert), filepath.Join(dir, DevKey), quiet)
		if err != nil {
			t.Fatal(err)
		}
		for name, ok := range map[string]bool{"localhost": true, "photos.s3.example.test": true, "127.0.0.1": true, "example.com": false} {
			if _, err := handshake(t, f.Config(), pool(t, dir), name); (err == nil) != ok {
				t.Errorf("round %d, %s: %v, want it trusted: %v", round, name, err, ok)
			}
		}
	}
	for _, key := range []string{DevKey, devCAKey} {
		info, err := os.Stat(filepath.Join(dir, key))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v, want it to be its owner's alone", key, info.Mode(), err)
		}
	}
}

// TestFilesAreReadAgain: a renewed certificate is used without a restart; one
// that is damaged, or does not fit its key yet, is not.
func TestFilesAreReadAgain(t *testing.T) {
	dir := t.TempDir()
	if err := Dev(dir, []string{"localhost"}); err != nil {
		t.Fatal(err)
	}
	cert, key := filepath.Join(dir, DevCert), filepath.Join(dir, DevKey)
	f, err := NewFiles(cert, key, quiet)
	if err != nil {
		t.Fatal(err)
	}
	serial := func() string {
		t.Helper()
		f.looked.Store(0) // as if a second had passed
		c, err := handshake(t, f.Config(), pool(t, dir), "localhost")
		if err != nil {
			t.Fatal(err)
		}
		return c.SerialNumber.String()
	}
	first := serial()
	if err := os.WriteFile(cert, []byte("damage"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := serial(); got != first {
		t.Error("another certificate came of a damaged file")
	}
	if err := Dev(dir, []string{"localhost"}); err != nil {
		t.Fatal(err)
	}
	if got := serial(); got == first {
		t.Error("the renewed certificate is not used")
	}
	if _, err := NewFiles(cert, filepath.Join(dir, devCAKey), quiet); err == nil {
		t.Error("a key of another certificate was accepted")
	}
}
