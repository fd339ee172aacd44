package edge

import (
	"net/http/httptest"
	"testing"
)

// TestS5_ForwardedHeaders: who the client is, is what the configured proxies say,
// and what anybody else says is ignored.
func TestS5_ForwardedHeaders(t *testing.T) {
	p, err := ParseProxies("10.0.0.0/8, 192.0.2.1,2001:db8::/32")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		peer, forwarded, proto string
		want                   string
		secure                 bool
	}{
		{"10.1.2.3:5", "198.51.100.7", "https", "198.51.100.7:5", true},
		{"10.1.2.3:5", "198.51.100.7", "http", "198.51.100.7:5", false},
		{"10.1.2.3:5", "", "", "10.1.2.3:5", false},
		{"[2001:db8::9]:5", "2001:db9::1", "https", "[2001:db9::1]:5", true},
		{"[::ffff:10.1.2.3]:5", "198.51.100.7", "", "198.51.100.7:5", false},
		{"203.0.113.9:5", "198.51.100.7", "https", "203.0.113.9:5", false},               // a stranger
		{"10.1.2.3:5", "127.0.0.1, 198.51.100.7", "", "198.51.100.7:5", false},           // the client's own claim
		{"10.1.2.3:5", "198.51.100.7, 10.9.9.9, 192.0.2.1", "", "198.51.100.7:5", false}, // through three
		{"10.1.2.3:5", "198.51.100.7, rubbish, 10.9.9.9", "", "10.9.9.9:5", false},
		{"10.1.2.3:5", "rubbish", "", "10.1.2.3:5", false},
		{"pipe", "198.51.100.7", "https", "pipe", false},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		r.Header.Set("X-Forwarded-Proto", c.proto)
		got := p.client(r)
		if got.RemoteAddr != c.want || (got.TLS != nil) != c.secure {
			t.Errorf("%+v: %s, TLS %v", c, got.RemoteAddr, got.TLS != nil)
		}
		if got := Proxies(nil).client(r); got != r {
			t.Error("without proxies a request is changed")
		}
	}
	for _, bad := range []string{"x", "10.0.0.0/33", "10.0.0.0/8,,y"} {
		if _, err := ParseProxies(bad); err == nil {
			t.Errorf("ParseProxies(%q) = nil", bad)
		}
	}
}
