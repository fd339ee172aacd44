package main

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/edge"
)

// publicURL is the address under which clients reach the API: what is
// configured, else the listener's own.
func (s *settings) publicURL(listener net.Addr) string {
	if s.PublicURL != "" {
		return strings.TrimSuffix(s.PublicURL, "/")
	}
	return s.scheme() + "://" + listener.String()
}

// checkPublicURL refuses an address that signatures could not be made for: the
// path of a request is all of its path at the server.
func (s *settings) checkPublicURL() error {
	if s.PublicURL == "" {
		return nil
	}
	if _, ok := parseOrigin(strings.TrimSuffix(s.PublicURL, "/")); !ok {
		return fmt.Errorf("--public-url %q is no address of a server: write it as https://s3.example.com", s.PublicURL)
	}
	return nil
}

// parseOrigin reads SCHEME://HOST[:PORT] with nothing behind it.
func parseOrigin(origin string) (*url.URL, bool) {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Scheme+"://"+u.Host != origin {
		return nil, false
	}
	return u, true
}

// proxies are those in front of the server; check has read them before.
func (s *settings) proxies() edge.Proxies {
	p, _ := edge.ParseProxies(s.TrustedProxies)
	return p
}

// bucketURL is the address under which clients reach a bucket: as a host under
// the domain, else as a path.
func bucketURL(endpoint, domain string) func(*keyhaven.Bucket) string {
	scheme, address, _ := strings.Cut(endpoint, "://")
	return func(b *keyhaven.Bucket) string {
		if domain == "" {
			return endpoint + "/" + b.Name
		}
		_, port, err := net.SplitHostPort(address)
		if err != nil || port == "80" && scheme == "http" || port == "443" && scheme == "https" {
			return scheme + "://" + b.Name + ".s3." + b.Region + "." + domain
		}
		return scheme + "://" + b.Name + ".s3." + b.Region + "." + domain + ":" + port
	}
}

// strictTransport tells browsers that reached a page over TLS not to come back
// without, for a year.
func strictTransport(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS != nil {
			w.Header().Set("Strict-Transport-Security", "max-age=31536000")
		}
		h.ServeHTTP(w, r)
	})
}
