package s3_test

import (
	"fmt"
	"strings"
	"testing"
)

// traversals would lead from a key of one bucket to another bucket, if a key
// were a path.
var traversals = []string{
	"../archive/a.txt", "%2e%2e/archive/a.txt", "..%2farchive%2fa.txt", "%2e%2e%2farchive%2fa.txt", "%252e%252e/archive/a.txt",
	"x/../../archive/a.txt", "./../archive/a.txt", "..//archive/a.txt", "/archive/a.txt", "//archive/a.txt", "..%5carchive%5ca.txt",
	"%5c..%5c..%5carchive%5ca.txt", "a.txt%00", "%00/../archive/a.txt", "a.txt%2f..%2f..%2farchive%2fa.txt", "..;/archive/a.txt",
	".%2e/archive/a.txt", "%c0%ae%c0%ae/archive/a.txt", "..%c0%afarchive/a.txt", "archive/a.txt%3fversionId=null",
	"..%00/archive/a.txt", "%2e%2e%00/archive/a.txt", "a.txt%20", "a.txt.", "A.TXT",
}

// TestS2_KeysAreNoPaths: with the key of one bucket, nothing that stands in the
// place of an object key reads or writes another bucket, or another object.
func TestS2_KeysAreNoPaths(t *testing.T) {
	run(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		s.newBucket(t, "archive")
		k := s.newKey(t, "photos")
		s.must(t, root, "PUT", "/archive/a.txt", "secret")
		s.must(t, root, "PUT", "/photos/a.txt", "mine")
		for i, key := range traversals {
			body := fmt.Sprint("written ", i)
			if a := s.do(t, k, "GET", "/photos/"+key, ""); a.status != 404 && a.code() != "InvalidURI" {
				t.Errorf("GET %s = %d %q, want 404 or InvalidURI", key, a.status, a.body)
			}
			put := s.do(t, k, "PUT", "/photos/"+key, body)
			switch {
			case put.code() == "InvalidURI": // no UTF-8
				continue
			case put.status != 200:
				t.Errorf("PUT %s = %d %s", key, put.status, put.body)
				continue
			}
			s.do(t, k, "GET", "/photos/"+key, "").wantBody(t, 200, body)
			s.do(t, root, "GET", "/archive/a.txt", "").wantBody(t, 200, "secret")
			s.do(t, root, "GET", "/photos/a.txt", "").wantBody(t, 200, "mine")
			s.must(t, k, "DELETE", "/photos/"+key, "")
		}
		if got := s.must(t, root, "GET", "/photos", "").elements(t, "Key"); len(got) != 1 {
			t.Errorf("the bucket holds %q, want a.txt alone", got)
		}
	})
}

// TestS2_CopySources: nor does what stands in the source of a copy.
func TestS2_CopySources(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	s.newBucket(t, "archive")
	k := s.newKey(t, "photos")
	s.must(t, root, "PUT", "/archive/a.txt", "secret")
	upload := s.begin(t, k, "/photos/big.bin")
	sources := []string{"archive/a.txt", "/archive/a.txt", "archive%2fa.txt", "%2farchive%2fa.txt", "archive/a.txt?versionId=null"}
	for _, key := range traversals {
		sources = append(sources, "photos/"+key, "/photos/"+key)
	}
	for _, source := range sources {
		a := s.do(t, k, "PUT", "/photos/copy", "", "X-Amz-Copy-Source: "+source)
		p := s.do(t, k, "PUT", "/photos/big.bin?partNumber=1&uploadId="+upload, "", "X-Amz-Copy-Source: "+source)
		for _, a := range []*answer{a, p} {
			if a.status != 404 && a.status != 403 && a.status != 400 {
				t.Errorf("copy of %s = %d %s, want a refusal", source, a.status, a.body)
			}
		}
	}
	s.do(t, k, "GET", "/photos/copy", "").want(t, 404, "NoSuchKey")
	for _, none := range []string{"", "/", "//", "photos", "photos/", "/photos", "/photos/", "?", "?versionId=null", "//a.txt", "photos?versionId=null"} {
		s.do(t, k, "PUT", "/photos/copy", "", "X-Amz-Copy-Source: "+none).want(t, 400, "InvalidArgument")
	}
}

// TestS2_Buckets: nor what stands in the place of the bucket.
func TestS2_Buckets(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	s.newBucket(t, "archive")
	k := s.newKey(t, "photos")
	s.must(t, root, "PUT", "/archive/a.txt", "secret")
	for _, target := range []string{
		"/archive/a.txt", "//archive/a.txt", "/./archive/a.txt", "/%61rchive/a.txt",
		"/../archive/a.txt", "/%2e%2e/archive/a.txt", "/photos%00/a.txt", "/Archive/a.txt", "/archive%20/a.txt", "/archive./a.txt", "/archive%2fa.txt",
	} {
		for _, method := range []string{"GET", "PUT", "DELETE"} {
			if a := s.do(t, k, method, target, ""); a.status/100 != 4 {
				t.Errorf("%s %s = %d %s, want a refusal", method, target, a.status, a.body)
			}
		}
	}
	s.do(t, root, "GET", "/archive/a.txt", "").wantBody(t, 200, "secret")
}

// TestS5_ForwardingHeadersMeanNothing: a client cannot choose its bucket, its
// scheme or its name with the headers of proxies.
func TestS5_ForwardingHeadersMeanNothing(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	s.newBucket(t, "archive")
	k := s.newKey(t, "photos")
	s.must(t, root, "PUT", "/archive/a.txt", "secret")
	forged := []string{
		"X-Forwarded-Host: archive." + domain, "X-Forwarded-For: 127.0.0.1", "X-Real-Ip: 127.0.0.1", "X-Forwarded-Proto: https",
		"Forwarded: for=127.0.0.1;host=archive." + domain, "X-Original-Url: /archive/a.txt", "X-Rewrite-Url: /archive/a.txt",
		"X-Http-Method-Override: DELETE", "X-Forwarded-Prefix: /archive",
	}
	s.must(t, k, "PUT", "/photos/a.txt", "mine", forged...)
	s.do(t, k, "GET", "/photos/a.txt", "", forged...).wantBody(t, 200, "mine")
	s.do(t, anonymous, "GET", "/archive/a.txt", "", forged...).want(t, 403, "AccessDenied")
	upload := s.begin(t, k, "/photos/b.txt")
	p := s.part(t, k, "/photos/b.txt", upload, 1, "part")
	done := s.must(t, k, "POST", "/photos/b.txt?uploadId="+upload, completeBody(p), forged...)
	if got := done.element("Location"); !strings.HasPrefix(got, "http://localhost:9000/photos/") {
		t.Errorf("Location = %s", got)
	}
}
