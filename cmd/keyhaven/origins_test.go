package main

import (
	"net"
	"net/http"
	"testing"
)

func TestConsoleOrigins(t *testing.T) {
	for _, try := range []struct {
		configured, scheme, listen, host, origin string
		want                                     bool
	}{
		{"", "http", "127.0.0.1:9001", "localhost:9000", "http://localhost:9001", true},
		{"", "http", "127.0.0.1:9001", "localhost:9000", "http://127.0.0.1:9001", true},
		{"", "http", "127.0.0.1:9001", "localhost:9000", "http://[::1]:9001", true},
		{"", "http", "127.0.0.1:9001", "localhost:9000", "https://localhost:9001", false},
		{"", "http", "127.0.0.1:9001", "localhost:9000", "http://localhost:9000", false},
		{"", "http", "127.0.0.1:80", "localhost:9000", "http://localhost", true},
		{"", "http", "192.0.2.1:9001", "192.0.2.1:9000", "http://192.0.2.1:9001", true},
		{"", "http", "192.0.2.1:9001", "192.0.2.1:9000", "http://localhost:9001", false},
		{"", "http", "0.0.0.0:9001", "files.example:9000", "http://files.example:9001", true},
		{"", "http", "[::]:9001", "[2001:db8::1]:9000", "http://[2001:db8::1]:9001", true},
		{"", "http", "0.0.0.0:9001", "files.example:9000", "http://evil.example:9001", false},
		{"", "http", "0.0.0.0:9001", "files.example:9000", "null", false},
		{"", "https", "127.0.0.1:9001", "localhost:9000", "https://localhost:9001", true},
		{"", "https", "127.0.0.1:9001", "localhost:9000", "http://localhost:9001", false},
		{"", "https", "192.0.2.1:443", "192.0.2.1:9000", "https://192.0.2.1", true},
		{"", "https", "192.0.2.1:80", "192.0.2.1:9000", "https://192.0.2.1:80", true},
		{"", "https", "0.0.0.0:9001", "files.example:9000", "https://files.example:9001", true},
		{"https://console.example, http://b:1", "http", "", "x", "https://console.example", true},
		{"https://console.example/,http://b:1", "http", "", "x", "http://b:1", true},
		{"https://console.example", "http", "", "x", "https://console.example.evil", false},
	} {
		o, err := newOrigins(try.configured)
		if err != nil {
			t.Fatal(err)
		}
		if try.listen != "" {
			addr, err := net.ResolveTCPAddr("tcp", try.listen)
			if err != nil {
				t.Fatal(err)
			}
			o.listen(try.scheme, addr)
		}
		if got := o.allow(&http.Request{Host: try.host}, try.origin); got != try.want {
			t.Errorf("%q listening on %s: origin %s for host %s: %v, want %v", try.configured, try.listen, try.origin, try.host, got, try.want)
		}
	}
	for _, bad := range []string{"console.example", "*", "ftp://a", "https://a/b", "https://a?b", "https://u@a"} {
		if _, err := newOrigins(bad); err == nil {
			t.Errorf("%q is taken for an origin", bad)
		}
	}
}

func TestConsoleAddress(t *testing.T) {
	for _, try := range []struct{ configured, listen, host, want string }{
		{"", "", "localhost:9000", ""},
		{"https://console.example", "", "localhost:9000", ""},
		{"", "127.0.0.1:9001", "localhost:9000", "http://127.0.0.1:9001"},
		{"", "0.0.0.0:9001", "files.example:9000", "http://files.example:9001"},
		{"", "[::]:80", "[2001:db8::1]:9000", "http://[2001:db8::1]"},
		{"https://console.example/,http://b:1", "0.0.0.0:9001", "files.example", "https://console.example"},
	} {
		o, err := newOrigins(try.configured)
		if err != nil {
			t.Fatal(err)
		}
		if try.listen != "" {
			addr, err := net.ResolveTCPAddr("tcp", try.listen)
			if err != nil {
				t.Fatal(err)
			}
			o.listen("http", addr)
		}
		if got := o.console(&http.Request{Host: try.host}); got != try.want {
			t.Errorf("%q listening on %q, for a client of %s: %q, want %q", try.configured, try.listen, try.host, got, try.want)
		}
	}
}
