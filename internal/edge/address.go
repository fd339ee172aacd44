package edge

import (
	"net"
	"net/http"
	"net/netip"
)

// ClientAddress is the address that a request came from, without its port: the
// peer's, or behind trusted proxies the client's. Forwarding headers from anybody
// else are not believed: anybody can write them.
func ClientAddress(r *http.Request) string { return HostOf(r.RemoteAddr) }

// HostOf is an address without its port.
func HostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}

// ClientNetwork is what belongs to one customer around the ClientAddress: of IPv6
// its /64, of IPv4 the address alone. It is not valid for what is no IP address.
func ClientNetwork(r *http.Request) netip.Prefix {
	ip, err := netip.ParseAddr(ClientAddress(r))
	if err != nil {
		return netip.Prefix{}
	}
	ip = ip.Unmap().WithZone("")
	bits := ip.BitLen()
	if ip.Is6() {
		bits = 64
	}
	return netip.PrefixFrom(ip, bits).Masked()
}
