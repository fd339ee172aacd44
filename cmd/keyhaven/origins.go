package main

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// origins are those of the console's page in browsers: the ones that are
// configured, and those under which its listener is reached.
type origins struct {
	exact map[string]bool
	// port is that of a console which listens on every address. Browsers reach it
	// under the host that they use for the API.
	port    string
	scheme  string
	address string // of a console that listens, where no other is configured
	first   string // that is configured
}

func newOrigins(configured string) (*origins, error) {
	o := &origins{exact: map[string]bool{}}
	for origin := range listed(configured) {
		origin = strings.TrimSuffix(origin, "/")
		if _, ok := parseOrigin(origin); !ok {
			return nil, fmt.Errorf("--console-origin %q is no origin: write it as https://console.example.com", origin)
		}
		o.exact[strings.ToLower(origin)] = true
		if o.first == "" {
			o.first = origin
		}
	}
	return o, nil
}

// listen adds the origins of the console's listener.
func (o *origins) listen(scheme string, address net.Addr) {
	o.scheme = scheme
	host, port, err := net.SplitHostPort(address.String())
	if err != nil {
		return
	}
	ip, err := netip.ParseAddr(host)
	switch {
	case err == nil && ip.IsUnspecified():
		o.port = port
	case err == nil && ip.IsLoopback():
		for _, h := range []string{"localhost", "127.0.0.1", "::1"} {
			o.exact[o.origin(h, port)] = true
		}
	}
	o.address = o.origin(host, port)
	o.exact[o.address] = true
}

// console is where the client of a request to the API finds the console's pages;
// "" when none listens.
func (o *origins) console(r *http.Request) string {
	switch {
	case o.address == "":
		return ""
	case o.first != "":
		return o.first
	case o.port != "":
		return o.origin(hostOf(r), o.port)
	}
	return o.address
}

// hostOf is the host of a request, without the port and the brackets.
func hostOf(r *http.Request) string {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.Trim(host, "[]")
}

// origin is what a browser sends for a page of this host and port.
func (o *origins) origin(host, port string) string {
	if port == "80" && o.scheme == "http" || port == "443" && o.scheme == "https" {
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		return o.scheme + "://" + host
	}
	return o.scheme + "://" + net.JoinHostPort(host, port)
}

// allow reports whether a page of the origin is the console's.
func (o *origins) allow(r *http.Request, origin string) bool {
	if o.exact[origin] {
		return true
	}
	return o.port != "" && origin == o.origin(hostOf(r), o.port)
}
