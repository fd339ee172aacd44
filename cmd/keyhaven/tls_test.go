package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func noEnv(string) (string, bool) { return "", false }

// runCLI runs a command line and returns what it prints.
func runCLI(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	status = run(t.Context(), args, noEnv, &out, &errs)
	return status, out.String(), errs.String()
}

func TestTLSDev(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tls")
	status, out, errs := runCLI(t, "tls", "dev", "--dir", dir, "--domain", "s3.test")
	if status != 0 || !strings.Contains(out, "*.s3.test") || !strings.Contains(out, "AWS_CA_BUNDLE="+filepath.Join(dir, "ca.pem")) {
		t.Fatalf("tls dev = %d\n%s%s", status, out, errs)
	}
	s := &tlsSettings{TLSCert: filepath.Join(dir, "cert.pem"), TLSKey: filepath.Join(dir, "key.pem")}
	tr, err := s.transport(dir, nil, slog.New(slog.DiscardHandler))
	if err != nil || tr.config == nil || s.scheme() != "https" {
		t.Fatalf("transport = %+v, %v", tr, err)
	}
	if err := os.Remove(s.TLSKey); err != nil {
		t.Fatal(err)
	}
	if _, err := s.transport(dir, nil, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a key that is gone was accepted")
	}
}

func TestTLSSettings(t *testing.T) {
	for name, c := range map[string]struct {
		s  tlsSettings
		ok bool
	}{
		"none":           {tlsSettings{}, true},
		"half":           {tlsSettings{TLSCert: "a"}, false},
		"both ways":      {tlsSettings{TLSCert: "a", TLSKey: "b", ACMEDomain: "c"}, false},
		"http alone":     {tlsSettings{HTTPListen: ":80"}, false},
		"wildcard":       {tlsSettings{ACMEDomain: "*.example.com"}, false},
		"email for none": {tlsSettings{ACMEEmail: "a@example.com"}, false},
		"acme":           {tlsSettings{ACMEDomain: "a.example.com, b.example.com", ACMEEmail: "a@example.com", HTTPListen: ":80"}, true},
	} {
		if err := c.s.check(); (err == nil) != c.ok {
			t.Errorf("%s: %v, want it accepted: %v", name, err, c.ok)
		}
	}
	if d := (&tlsSettings{ACMEDomain: "a, b,"}).domains(); len(d) != 2 || d[1] != "b" {
		t.Errorf("domains = %q", d)
	}
}

// TestRedirect: browsers are sent on, clients with credentials are told.
func TestRedirect(t *testing.T) {
	for _, c := range []struct {
		method, url, auth, port string
		status                  int
		location                string
	}{
		{"GET", "http://s3.example.com/a//b?x=1", "", "443", 308, "https://s3.example.com/a//b?x=1"},
		{"HEAD", "http://s3.example.com:8080/", "", "9000", 308, "https://s3.example.com:9000/"},
		{"GET", "http://[::1]:80/", "", "9000", 308, "https://[::1]:9000/"},
		{"GET", "http://s3.example.com/", "AWS4-HMAC-SHA256 x", "443", 403, ""},
		{"GET", "http://s3.example.com/a?X-Amz-Signature=00", "", "443", 403, ""},
		{"PUT", "http://s3.example.com/a", "", "443", 403, ""},
	} {
		r := httptest.NewRequestWithContext(context.Background(), c.method, c.url, nil)
		if c.auth != "" {
			r.Header.Set("Authorization", c.auth)
		}
		w := httptest.NewRecorder()
		redirect(c.port).ServeHTTP(w, r)
		body, err := io.ReadAll(w.Result().Body)
		if err != nil || w.Code != c.status || w.Header().Get("Location") != c.location || w.Code == http.StatusForbidden && !strings.Contains(string(body), "AccessDenied") {
			t.Errorf("%s %s = %d %s %s", c.method, c.url, w.Code, w.Header().Get("Location"), body)
		}
	}
}
