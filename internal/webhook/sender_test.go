package webhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/webhook"
)

const secret = "a secret of sixteen bytes or more"

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

func TestSend(t *testing.T) {
	var got *http.Request
	var body []byte
	status := http.StatusNoContent
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(status)
	}))
	defer receiver.Close()
	s := webhook.New(webhook.Options{Secret: keyhaven.NewSecret(secret), Allow: loopback})
	if err := s.Send(t.Context(), receiver.URL+"/hook?a=b", "id-1", []byte(`{"a":1}`)); err != nil {
		t.Fatal(err)
	}
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte("id-1." + got.Header.Get("Webhook-Timestamp") + `.{"a":1}`))
	if want := "v1," + base64.StdEncoding.EncodeToString(m.Sum(nil)); got.Header.Get("Webhook-Signature") != want || got.Header.Get("Webhook-Id") != "id-1" {
		t.Errorf("signature = %q, want %q", got.Header.Get("Webhook-Signature"), want)
	}
	if string(body) != `{"a":1}` || got.Method != "POST" || got.URL.String() != "/hook?a=b" || got.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s %s %q", got.Method, got.URL, body)
	}
	for _, status = range []int{400, 500, 301} {
		if err := s.Send(t.Context(), receiver.URL, "id", nil); err == nil {
			t.Errorf("an answer of %d is taken for success", status)
		}
	}
}

// TestS12_PrivateNetworks: a message reaches no address that is not public,
// whatever its name, and follows no redirect to one.
func TestS12_PrivateNetworks(t *testing.T) {
	reached := false
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer inside.Close()
	closed := webhook.New(webhook.Options{Secret: keyhaven.NewSecret(secret)})
	_, port, _ := cutPort(inside.URL)
	for _, address := range []string{
		inside.URL, "http://localhost:" + port, "http://[::ffff:127.0.0.1]:" + port, "http://0.0.0.0:" + port, "http://[::]:" + port,
		"http://10.0.0.1:1", "http://169.254.169.254/latest/meta-data", "http://192.168.0.1", "http://[fe80::1]", "http://[fc00::1]", "http://100.64.0.1",
	} {
		if err := closed.Send(t.Context(), address, "id", nil); !errors.Is(err, webhook.ErrPrivate) {
			t.Errorf("%s: %v, want %v", address, err, webhook.ErrPrivate)
		}
	}
	outside := httptest.NewServer(http.RedirectHandler(inside.URL, http.StatusTemporaryRedirect))
	defer outside.Close()
	open := webhook.New(webhook.Options{Secret: keyhaven.NewSecret(secret), Allow: loopback})
	if err := open.Send(t.Context(), outside.URL, "id", nil); err == nil {
		t.Error("a redirect is taken for success")
	}
	if reached {
		t.Error("a message has reached the inside")
	}
}

func cutPort(u string) (string, string, bool) {
	for i := len(u) - 1; i > 0; i-- {
		if u[i] == ':' {
			return u[:i], u[i+1:], true
		}
	}
	return u, "", false
}

func TestPublic(t *testing.T) {
	for s, want := range map[string]bool{
		"1.1.1.1": true, "2606:4700::1111": true, "8.8.8.8": true, "172.15.0.1": true, "172.32.0.1": true,
		"172.16.0.1": false, "127.1.2.3": false, "::1": false, "::": false, "0.1.2.3": false, "224.0.0.1": false, "255.255.255.255": false,
		"198.19.0.1": false, "64:ff9b::a00:1": false, "2002:a00:1::": false, "::ffff:10.0.0.1": false, "ff02::1": false, "::10.0.0.1": false,
	} {
		if got := webhook.Public(netip.MustParseAddr(s)); got != want {
			t.Errorf("Public(%s) = %v", s, got)
		}
	}
}

func TestValidURL(t *testing.T) {
	for _, good := range []string{"http://a", "https://a.example:8443/x?y=z"} {
		if err := webhook.ValidURL(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", "a", "ftp://a", "http://", "https://u:p@a", "file:///etc/passwd", "http://a#b", "gopher://a", "http://a\r\nb"} {
		if webhook.ValidURL(bad) == nil {
			t.Errorf("%q is taken for an address", bad)
		}
	}
}
