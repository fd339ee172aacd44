package edge_test

import (
	"net/http"
	"testing"

	"github.com/keyhaven/keyhaven/internal/edge"
)

func TestClientAddress(t *testing.T) {
	for remote, want := range map[string][2]string{
		"192.0.2.7:80":             {"192.0.2.7", "192.0.2.7/32"},
		"[2001:db8:1:2:3::4]:80":   {"2001:db8:1:2:3::4", "2001:db8:1:2::/64"},
		"[fe80::1%eth0]:80":        {"fe80::1%eth0", "fe80::/64"},
		"[::ffff:192.0.2.7]:80":    {"::ffff:192.0.2.7", "192.0.2.7/32"},
		"192.0.2.7":                {"192.0.2.7", "192.0.2.7/32"},
		"@":                        {"@", "invalid Prefix"},
		"":                         {"", "invalid Prefix"},
		"no-address.example.com:1": {"no-address.example.com", "invalid Prefix"},
	} {
		r := &http.Request{RemoteAddr: remote}
		if a, n := edge.ClientAddress(r), edge.ClientNetwork(r).String(); a != want[0] || n != want[1] {
			t.Errorf("%q is %s in %s, want %s in %s", remote, a, n, want[0], want[1])
		}
	}
}
