package s3_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestK2_ProxiesRewrite: what proxies change on the way without changing what
// is meant does not break a signature.
func TestK2_ProxiesRewrite(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	s.must(t, root, "PUT", "/photos/a%20b%2Bc~d", "hello")
	for name, change := range map[string]func(r *http.Request){
		"nothing":              func(*http.Request) {},
		"the order of a query": func(r *http.Request) { r.URL.RawQuery = "x-id=GetObject&versionId=null&a=" },
		"a value without =":    func(r *http.Request) { r.URL.RawQuery = "versionId=null&x-id=GetObject&a" },
		"percent signs":        func(r *http.Request) { r.URL.RawPath = "/photos/a%20b%2bc%7Ed" },
		"a needless escape":    func(r *http.Request) { r.URL.RawPath = "/%70hotos/a%20b%2Bc~d" },
		"spaces in a header":   func(r *http.Request) { r.Header.Set("X-Amz-Meta-Note", "a b") },
		"a header of its own":  func(r *http.Request) { r.Header.Set("X-Forwarded-For", "10.0.0.1") },
		"accepted encodings":   func(r *http.Request) { r.Header.Set("Accept-Encoding", "gzip") },
		"a user agent":         func(r *http.Request) { r.Header.Set("User-Agent", "proxy") },
		"a via":                func(r *http.Request) { r.Header.Set("Via", "1.1 proxy") },
		"the default port":     func(r *http.Request) { r.Host += ":80" },
	} {
		r := s.request(t, "GET", "/photos/a%20b%2Bc~d?versionId=null&x-id=GetObject&a=", "", "X-Amz-Meta-Note: a   b ")
		r.Host = "localhost"
		root.signer().SignHeader(r, nil)
		change(r)
		if a := s.serve(r); a.status != 200 || a.body != "hello" {
			t.Errorf("changed %s: %d %s %s", name, a.status, a.code(), a.element("Message"))
		}
	}
}

// TestK2_TellsTheDifference: when a signature does not match, the answer shows
// what the server signed, and no secret.
func TestK2_TellsTheDifference(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	r := s.request(t, "PUT", "/photos/a.txt?acl", "", "X-Amz-Acl: private")
	root.signer().SignHeader(r, nil)
	r.Host = "proxy.internal"
	a := s.serve(r).want(t, 403, "SignatureDoesNotMatch")
	canonical := a.elements(t, "CanonicalRequest")[0]
	if !strings.HasPrefix(canonical, "PUT\n/photos/a.txt\nacl=\n") || !strings.Contains(canonical, "\nhost:proxy.internal\n") {
		t.Errorf("canonical request = %q", canonical)
	}
	if toSign := a.elements(t, "StringToSign")[0]; !strings.HasPrefix(toSign, "AWS4-HMAC-SHA256\n") {
		t.Errorf("string to sign = %q", toSign)
	}
	given := r.Header.Get("Authorization")
	given = given[strings.LastIndexByte(given, '=')+1:]
	for _, secret := range []string{root.secret, given} {
		if strings.Contains(a.body, secret) {
			t.Error("the answer shows the secret, or a signature")
		}
	}
}
