package main

import (
	"net"
	"testing"

	"github.com/keyhaven/keyhaven"
)

func TestPublicURL(t *testing.T) {
	listener := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9000}
	for _, c := range []struct {
		configured string
		tls        tlsSettings
		want       string // empty when it is refused
	}{
		{"", tlsSettings{}, "http://127.0.0.1:9000"},
		{"", tlsSettings{TLSCert: "a", TLSKey: "b"}, "https://127.0.0.1:9000"},
		{"https://s3.example.com", tlsSettings{}, "https://s3.example.com"},
		{"https://s3.example.com:8443/", tlsSettings{}, "https://s3.example.com:8443"},
		{"s3.example.com", tlsSettings{}, ""},
		{"https://s3.example.com/path", tlsSettings{}, ""},
		{"https://user@s3.example.com", tlsSettings{}, ""},
		{"ftp://s3.example.com", tlsSettings{}, ""},
	} {
		s := &settings{PublicURL: c.configured, tlsSettings: c.tls}
		err := s.checkPublicURL()
		if (err == nil) != (c.want != "") {
			t.Errorf("--public-url %q: %v", c.configured, err)
		}
		if got := s.publicURL(listener); err == nil && got != c.want {
			t.Errorf("--public-url %q: the address is %s, want %s", c.configured, got, c.want)
		}
	}
}

func TestBucketURL(t *testing.T) {
	b := &keyhaven.Bucket{Name: "photos", Region: "eu-central-1"}
	for _, c := range [][3]string{
		{"http://127.0.0.1:9000", "", "http://127.0.0.1:9000/photos"},
		{"https://s3.example.com", "", "https://s3.example.com/photos"},
		{"http://127.0.0.1:9000", "example.com", "http://photos.s3.eu-central-1.example.com:9000"},
		{"https://example.com", "example.com", "https://photos.s3.eu-central-1.example.com"},
		{"https://example.com:443", "example.com", "https://photos.s3.eu-central-1.example.com"},
	} {
		if got := bucketURL(c[0], c[1])(b); got != c[2] {
			t.Errorf("at %s with the domain %q: %s, want %s", c[0], c[1], got, c[2])
		}
	}
}
