//go:build e2e

package clients

import (
	"crypto/tls"
	"net/http"
	"strings"
	"testing"
)

// TestConsoleOverTLS: where the API has TLS, so has the console, and its pages call
// the address that the operator gave for the API.
func TestConsoleOverTLS(t *testing.T) {
	t.Parallel()
	c := newCertificate(t)
	s := newServer(t, "--tls-cert", c.certFile, "--tls-key", c.keyFile, "--public-url", "https://s3.haven.test")
	s.tls, s.listen = c, freeAddress(t)
	s.start()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.tls.pool}}}
	defer client.CloseIdleConnections()
	if !strings.HasPrefix(s.console, "https://") {
		t.Fatalf("the console is at %s, want it over TLS", s.console)
	}
	res, err := client.Get(s.console + "/")
	check(t, err)
	check(t, res.Body.Close())
	if got := res.Header.Get("Strict-Transport-Security"); got == "" || res.StatusCode != http.StatusOK {
		t.Errorf("the console answers %s with Strict-Transport-Security %q", res.Status, got)
	}
	wantText(t, "the policy of a page", res.Header.Get("Content-Security-Policy"), "connect-src 'self' https://s3.haven.test;")
	_, body := fetch(t, client, s.console+"/console/settings", nil)
	wantText(t, "the settings of the console", body, `"https://s3.haven.test"`)
	if status, _ := fetch(t, http.DefaultClient, strings.Replace(s.console, "https", "http", 1)+"/", nil); status != http.StatusBadRequest {
		t.Errorf("the console over plain HTTP: status %d, want it refused", status)
	}
}
