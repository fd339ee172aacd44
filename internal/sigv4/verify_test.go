package sigv4_test

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/sigv4"
)

func TestVerifyClock(t *testing.T) {
	tests := []struct {
		name    string
		presign time.Duration // 0: header form
		now     time.Duration // after signing
		want    sigv4.Reason
	}{
		{"header, late", 0, 15 * time.Minute, 0},
		{"header, too late", 0, 15*time.Minute + time.Second, sigv4.SkewedClock},
		{"header, early", 0, -15 * time.Minute, 0},
		{"header, too early", 0, -15*time.Minute - time.Second, sigv4.SkewedClock},
		{"header, years early", 0, -290 * 365 * 24 * time.Hour, sigv4.SkewedClock},
		{"presigned, at its end", time.Hour, time.Hour, 0},
		{"presigned, after its end", time.Hour, time.Hour + time.Second, sigv4.ExpiredPresign},
		{"presigned, a week", 7 * 24 * time.Hour, 7 * 24 * time.Hour, 0},
		{"presigned for no time", 0 + time.Nanosecond, time.Second, sigv4.ExpiredPresign},
		{"presigned, from a fast clock", time.Second, -15 * time.Minute, 0},
		{"presigned, from the future", time.Hour, -15*time.Minute - time.Second, sigv4.NotYetValidPresign},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := putRequest()
			if tt.presign > 0 {
				signer().Presign(r, tt.presign)
			} else {
				signer().SignHeader(r, nil)
			}
			_, err := accept(send(t, r), testSecret, testTime.Add(tt.now))
			if reasonOf(err) != tt.want || (err == nil) != (tt.want == 0) {
				t.Errorf("accept = %v, want reason %d", err, tt.want)
			}
		})
	}
}

// canonicalCase is a request as received and the canonical request, in its
// parts, that a client signed for it.
type canonicalCase struct {
	name, target, host, extra string   // host defaults to b.example.com; extra: header lines
	path, query               string   // canonical; path defaults to /
	headers                   []string // canonical, besides the three of every case, or in their place
}

var canonicalCases = []canonicalCase{
	{name: "plain", target: "/k", path: "/k"},
	{name: "double slash and dots kept", target: "//a/../%2e/./k", path: "//a/../././k"},
	{name: "path escaped by half", target: "/a%20b+c'd%c3%a9(%2F)", path: "/a%20b%2Bc%27d%C3%A9%28/%29"},
	{name: "double escape kept", target: "/a%2520b", path: "/a%2520b"},
	{name: "plus in a query is a space", target: "/?prefix=a+b", query: "prefix=a%20b"},
	{name: "plus and its escape", target: "/?a=x+y&a=x%2By", query: "a=x%20y&a=x%2By"},
	{name: "names before values", target: "/?a-b=1&a=2&a=1", query: "a=1&a=2&a-b=1"},
	{name: "sorted by what is escaped", target: "/?a=a-b&a=a/b", query: "a=a%2Fb&a=a-b"},
	{name: "no value, no equals sign", target: "/?acl&versionId=", query: "acl=&versionId="},
	{name: "empty parts", target: "/?&&a=1&", query: "a=1"},
	{name: "equals sign in a value", target: "/?a=b=c", query: "a=b%3Dc"},
	{name: "stray percent", target: "/?a=5%&b=%zz", query: "a=5%25&b=%25zz"},
	{name: "semicolon", target: "/?a=1;b=2", query: "a=1%3Bb%3D2"},
	{name: "port added", target: "/", host: "b.example.com:443"},
	{name: "port 80 added", target: "/", host: "b.example.com:80"},
	{name: "port dropped", target: "/", headers: []string{"host:b.example.com:443"}},
	{name: "port 80 dropped", target: "/", headers: []string{"host:b.example.com:80"}},
	{name: "port dropped, IPv6", target: "/", host: "[::1]", headers: []string{"host:[::1]:80"}},
	{name: "spaces", target: "/", extra: "X-Amz-Meta-A:   a   b  c \r\n", headers: []string{"x-amz-meta-a:a b c"}},
	{name: "folded header", target: "/", extra: "X-Amz-Meta-A: a\r\n  b\r\n", headers: []string{"x-amz-meta-a:a b"}},
	{name: "repeated header", target: "/", extra: "X-Amz-Meta-A: a\r\nX-Amz-Meta-A:  b\r\n", headers: []string{"x-amz-meta-a:a,b"}},
	{name: "content length", target: "/", extra: "Content-Length: 0\r\n", headers: []string{"content-length:0"}},
	{name: "content length taken out", target: "/", headers: []string{"content-length:0"}},
	{name: "transfer encoding", target: "/", extra: "Transfer-Encoding: chunked\r\n\r\n0\r\n", headers: []string{"transfer-encoding:chunked"}},
	{name: "expect", target: "/", extra: "Expect: 100-continue\r\n", headers: []string{"expect:100-continue"}},
	{name: "expect taken out", target: "/", headers: []string{"expect:100-continue"}},
	{name: "CloudFront's id", target: "/", extra: "X-Amz-Cf-Id: abc\r\n"},
}

// sign puts the signature of the canonical request on r; the client may list
// the signed headers in any order.
func (c canonicalCase) sign(r *http.Request, shuffle func([]string)) {
	lines := map[string]string{"host": "b.example.com", "x-amz-content-sha256": "UNSIGNED-PAYLOAD", "x-amz-date": "20130524T000000Z"}
	for _, line := range c.headers {
		name, value, _ := strings.Cut(line, ":")
		lines[name] = value
	}
	names := slices.Sorted(maps.Keys(lines))
	canonical := "GET\n" + cmp.Or(c.path, "/") + "\n" + c.query + "\n"
	for _, name := range names {
		canonical += name + ":" + lines[name] + "\n"
	}
	canonical += "\n" + strings.Join(names, ";") + "\nUNSIGNED-PAYLOAD"
	scope := sigv4.Scope{Date: "20130524", Region: "us-east-1", Service: "s3"}
	sts := "AWS4-HMAC-SHA256\n20130524T000000Z\n" + scope.String() + "\n" + hexHash([]byte(canonical))
	shuffle(names)
	r.Header.Set("Authorization", authorization(okCredential, strings.Join(names, ";"),
		hmacHex(sigv4.DeriveKey(keyhaven.NewSecret(testSecret), scope), sts)))
	r.Header.Set("X-Amz-Date", "20130524T000000Z")
	r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
}

// TestK2_Canonical pins what each way of writing a request is read as, for S3.
func TestK2_Canonical(t *testing.T) {
	for _, tt := range canonicalCases {
		t.Run(tt.name, func(t *testing.T) {
			for _, shuffle := range []func([]string){func([]string) {}, slices.Reverse[[]string]} {
				r := receive(t, "GET "+tt.target+" HTTP/1.1\r\nHost: "+cmp.Or(tt.host, "b.example.com")+"\r\n"+tt.extra+"\r\n")
				tt.sign(r, shuffle)
				if _, err := accept(r, testSecret, testTime); err != nil {
					t.Errorf("accept = %v, want nil", err)
				}
			}
		})
	}
}

// TestK2_OtherPortIsAnotherHost keeps the alternates to the default ports.
func TestK2_OtherPortIsAnotherHost(t *testing.T) {
	for _, host := range []string{"localhost", "localhost:9001", "localhost:80", "localhost:443", "otherhost:9000", ""} {
		r := putRequest() // localhost:9000
		signer().SignHeader(r, nil)
		r = send(t, r)
		r.Host = host
		_, err := accept(r, testSecret, testTime)
		wantReason(t, err, sigv4.SignatureMismatch)
	}
}

func TestMissingSignedHeader(t *testing.T) {
	for _, name := range []string{"X-Amz-Meta-Empty", "Trailer", "Accept-Encoding"} {
		r := putRequest()
		r.Header.Set(name, "")
		signer().SignUnsigned(r)
		r = send(t, r)
		r.Header.Del(name)
		_, err := accept(r, testSecret, testTime)
		wantReason(t, err, sigv4.SignatureMismatch)
		if err == nil || !strings.Contains(err.Error(), strings.ToLower(name)) {
			t.Errorf("error = %v, want %s named", err, name)
		}
	}
}

// TestK2_MismatchShowsTheRequest: the client gets what it needs to find the
// line that differs, and no secret (V4).
func TestK2_MismatchShowsTheRequest(t *testing.T) {
	const token, customerKey = "FwoGZXIvYXdzEXAMPLETOKEN", "MzJieXRlc2xvbmdzZWNyZXRrZXltdXN0cHJvdmlkZWQ="
	s := signer()
	s.Token = keyhaven.NewSecret(token)
	header, query := putRequest(), putRequest()
	for _, r := range []*http.Request{header, query} {
		r.Header.Set("X-Amz-Server-Side-Encryption-Customer-Key", customerKey)
	}
	s.SignHeader(header, nil)
	s.Presign(query, time.Minute)
	for _, r := range []*http.Request{header, query} {
		r = send(t, r)
		right, err := sigv4.Parse(r)
		if err != nil {
			t.Fatal(err)
		}
		r.Method = "DELETE"
		_, err = accept(r, testSecret, testTime)
		wantReason(t, err, sigv4.SignatureMismatch)
		e, ok := errors.AsType[*sigv4.Error](err)
		if !ok {
			t.Fatalf("error = %v, want *Error", err)
		}
		if !strings.HasPrefix(e.CanonicalRequest, "DELETE\n/bucket/key\n") || !strings.HasPrefix(e.StringToSign, "AWS4-HMAC-SHA256\n20130524T000000Z\n") {
			t.Errorf("error shows\n%s\n%s", e.CanonicalRequest, e.StringToSign)
		}
		for _, secret := range []string{token, customerKey, testSecret, right.Provided()} {
			if all := fmt.Sprintf("%+v %s", *e, err); strings.Contains(all, secret) {
				t.Errorf("error holds %q:\n%s", secret, all)
			}
		}
		if n := strings.Count(e.CanonicalRequest, "REDACTED"); n != 2 {
			t.Errorf("%d values redacted, want the token and the key:\n%s", n, e.CanonicalRequest)
		}
	}
}

// TestNormalisedPathForOtherServices: only S3 keeps the path as it is.
func TestNormalisedPathForOtherServices(t *testing.T) {
	s := signer()
	s.Service = "iam"
	for _, path := range []string{"/", "//", "/.", "/a/..", "/../"} {
		r := putRequest()
		r.URL.Path = "/"
		s.SignHeader(r, []byte("Action=ListUsers"))
		r.URL.Path = path
		if _, err := accept(r, testSecret, testTime); err != nil {
			t.Errorf("path %q: accept = %v, want nil", path, err)
		}
	}
	r := putRequest()
	r.URL.Path = "/a b/é"
	s.SignHeader(r, nil)
	if _, err := accept(send(t, r), testSecret, testTime); err != nil {
		t.Errorf("double encoding: accept = %v, want nil", err)
	}
}
