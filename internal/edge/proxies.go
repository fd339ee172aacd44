package edge

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Proxies are the networks of the proxies in front of the server. What a request
// says about its client counts when it comes from one of them, and from nobody
// else (S5).
type Proxies []netip.Prefix

// ParseProxies reads networks and addresses, with commas between them.
func ParseProxies(list string) (Proxies, error) {
	var p Proxies
	for s := range strings.SplitSeq(list, ",") {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		if a, err := netip.ParseAddr(s); err == nil {
			p = append(p, netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()))
			continue
		}
		n, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, fmt.Errorf("%q is no network: write it as 10.0.0.0/8", s)
		}
		p = append(p, n.Masked())
	}
	return p, nil
}

func (p Proxies) has(a netip.Addr) bool {
	for _, n := range p {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// Handler passes requests on as they reached the first of the proxies.
func (p Proxies) Handler(next http.Handler) http.Handler {
	if len(p) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, p.client(r))
	})
}

// client returns the request as it reached the first of the proxies: with the
// address of its client, and as one over TLS where X-Forwarded-Proto says so. A
// client can put anything in front of X-Forwarded-For, so that it is read from
// the end, up to the first address that is no proxy's.
func (p Proxies) client(r *http.Request) *http.Request {
	if len(p) == 0 {
		return r
	}
	host, port, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r
	}
	peer, err := netip.ParseAddr(host)
	if err != nil || !p.has(peer.Unmap().WithZone("")) {
		return r
	}
	own := *r
	hops := strings.Split(strings.Join(r.Header["X-Forwarded-For"], ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		a, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break // nobody knows who stands before it
		}
		own.RemoteAddr = net.JoinHostPort(a.Unmap().WithZone("").String(), port)
		if !p.has(a.Unmap().WithZone("")) {
			break
		}
	}
	if r.TLS == nil && r.Header.Get("X-Forwarded-Proto") == "https" {
		own.TLS = &tls.ConnectionState{} // of a version that the proxy does not tell
	}
	return &own
}
