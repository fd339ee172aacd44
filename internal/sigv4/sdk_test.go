package sigv4_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"pgregory.net/rapid"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/sigv4"
	"github.com/keyhaven/keyhaven/internal/sigv4/sigv4test"
)

// draft is a random request, before signing.
type draft struct {
	service, region, token string
	method, host, path     string
	query                  url.Values
	header                 http.Header
	body                   []byte
}

var (
	textRunes  = []rune("abcXYZ019-._~ +%&=?#:;,@!$'()*/\\\"<>[]{}^`|é漢😀")
	asciiRunes = []rune("abcXYZ019-._~ +%&=?#:;,@!$'()*/\\\"<>[]{}^`|")
)

func drawDraft(t *rapid.T) draft {
	text := rapid.StringOfN(rapid.SampledFrom(textRunes), 0, 12, -1)
	value := rapid.StringOfN(rapid.SampledFrom(asciiRunes), 0, 12, -1)
	d := draft{
		service: rapid.SampledFrom([]string{"s3", "s3", "s3", "lightsail", "iam", "sts"}).Draw(t, "service"),
		region:  rapid.SampledFrom([]string{"us-east-1", "garage", "eu-central-1"}).Draw(t, "region"),
		token:   rapid.SampledFrom([]string{"", "", "FwoGZXIvYXdzEA+/=="}).Draw(t, "token"),
		method:  rapid.SampledFrom([]string{"GET", "PUT", "POST", "HEAD", "DELETE"}).Draw(t, "method"),
		host:    rapid.SampledFrom([]string{"localhost:9000", "b.example.com", "[::1]:9000", "10.0.0.1"}).Draw(t, "host"),
		path:    "/",
		query:   url.Values{},
		header:  http.Header{},
		body:    []byte(rapid.StringN(0, 40, -1).Draw(t, "body")),
	}
	if d.service == "s3" {
		d.path = "/" + text.Draw(t, "bucket") + "/" + rapid.SampledFrom([]string{"", "../", "//", "./%2e/"}).Draw(t, "dots") + text.Draw(t, "key")
	}
	for range rapid.IntRange(0, 20).Draw(t, "params") {
		d.query.Add(text.Draw(t, "name"), text.Draw(t, "value"))
	}
	for _, name := range []string{"X-Amz-Meta-A", "X-Amz-Meta-A-B", "X-Amz-Acl", "Content-Type", "Range", "Cache-Control"} {
		for range rapid.IntRange(0, 2).Draw(t, name) {
			d.header.Add(name, value.Draw(t, "header value"))
		}
	}
	return d
}

// request spells the path as the SDK's serializers do.
func (d draft) request() *http.Request {
	u := &url.URL{Scheme: "http", Host: d.host, Path: d.path, RawPath: awsEscape(d.path), RawQuery: d.query.Encode()}
	r := &http.Request{
		Method: d.method, URL: u, Host: d.host, Header: d.header.Clone(),
		Body: io.NopCloser(bytes.NewReader(d.body)), ContentLength: int64(len(d.body)),
	}
	if len(d.body) == 0 {
		r.Body = http.NoBody
	}
	return r
}

func awsEscape(path string) string {
	var b strings.Builder
	for _, c := range []byte(path) {
		if strings.IndexByte("-._~/", c) >= 0 || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func (d draft) signHeader(t rapid.TB) *http.Request {
	r := d.request()
	if d.service == "s3" {
		r.Header.Set("X-Amz-Content-Sha256", hexHash(d.body))
	}
	err := v4.NewSigner().SignHTTP(context.Background(), d.credentials(), r, hexHash(d.body), d.service, d.region, testTime, d.options)
	if err != nil {
		t.Fatal(err)
	}
	return send(t, r)
}

func (d draft) presign(t rapid.TB) *http.Request {
	r := d.request()
	r.URL.RawQuery = addQuery(r.URL.RawQuery, "X-Amz-Expires=60")
	hash := hexHash(d.body)
	if d.service == "s3" {
		hash = "UNSIGNED-PAYLOAD"
	}
	signed, header, err := v4.NewSigner().PresignHTTP(context.Background(), d.credentials(), r, hash, d.service, d.region, testTime, d.options)
	if err != nil {
		t.Fatal(err)
	}
	if r.URL, err = url.Parse(signed); err != nil {
		t.Fatal(err)
	}
	header.Del("Host")
	r.Header = header
	return send(t, r)
}

func addQuery(raw, param string) string { return strings.TrimPrefix(raw+"&"+param, "&") }

func (d draft) credentials() aws.Credentials {
	return aws.Credentials{AccessKeyID: testID, SecretAccessKey: testSecret, SessionToken: d.token}
}

func (d draft) options(o *v4.SignerOptions) { o.DisableURIPathEscaping = d.service == "s3" }

func TestSDKSignedRequestsVerify(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDraft(t)
		sign := d.signHeader
		if rapid.Bool().Draw(t, "presign") {
			sign = d.presign
		}
		r := sign(t)
		sig, err := sigv4.Parse(r)
		if err != nil {
			t.Fatalf("Parse = %v", err)
		}
		if got := sig.SessionToken.Reveal(); got != d.token || sig.AccessKeyID != testID || sig.Scope.Region != d.region {
			t.Fatalf("Parse = %q, %q, %q, want %q, %q, %q", sig.AccessKeyID, sig.Scope.Region, got, testID, d.region, d.token)
		}
		if body, err := accept(r, testSecret, testTime); err != nil || !bytes.Equal(body, d.body) {
			e, _ := errors.AsType[*sigv4.Error](err)
			t.Fatalf("accept = %q, %v, want %q\n%+v", body, err, d.body, e)
		}
	})
}

// TestAnyChangedByteIsRefused changes one byte of one part of a valid request.
func TestAnyChangedByteIsRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDraft(t)
		presign := rapid.Bool().Draw(t, "presign")
		var r *http.Request
		if presign {
			r = d.presign(t)
		} else {
			r = d.signHeader(t)
		}
		flip := func(s string) string {
			if s == "" {
				return "x"
			}
			i := rapid.IntRange(0, len(s)-1).Draw(t, "at")
			b := []byte(s)
			b[i] ^= byte(rapid.SampledFrom([]int{1, 2, 4, 8}).Draw(t, "bit"))
			return string(b)
		}
		var before, after string
		change := func(s *string) { before = *s; *s = flip(*s); after = *s }
		parts := []string{"method", "path", "query", "host", "meta", "signature"}
		if !presign || d.service != "s3" {
			parts = append(parts, "body")
		}
		switch part := rapid.SampledFrom(parts).Draw(t, "part"); part {
		case "method":
			change(&r.Method)
		case "path":
			if d.service != "s3" {
				r.URL.Path = "/x"
				break
			}
			change(&r.URL.Path)
		case "query":
			before = r.URL.RawQuery
			r.URL.RawQuery = addQuery(before, "versionId=1")
		case "host":
			change(&r.Host)
		case "meta":
			r.Header.Add("X-Amz-Meta-A", "x")
		case "signature":
			if presign {
				head, sig, _ := strings.Cut(r.URL.RawQuery, "X-Amz-Signature=")
				change(&sig)
				r.URL.RawQuery = head + "X-Amz-Signature=" + sig
				break
			}
			change(&r.Header["Authorization"][0])
		case "body":
			s := string(d.body)
			change(&s)
			setRawBody(r, s)
		}
		if _, err := accept(r, testSecret, testTime); err == nil {
			t.Fatalf("accepted after %q became %q", before, after)
		}
	})
}

// TestOwnSignerAgreesWithSDK keeps sigv4test an independent witness: both
// signers must produce the same Authorization header.
func TestOwnSignerAgreesWithSDK(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDraft(t)
		s := sigv4test.Signer{
			AccessKeyID: testID, Secret: keyhaven.NewSecret(testSecret), Token: keyhaven.NewSecret(d.token),
			Region: d.region, Service: d.service, Now: clock,
		}
		own, sdk := d.request(), d.signHeader(t)
		s.SignHeader(own, d.body)
		if got, want := own.Header.Get("Authorization"), sdk.Header.Get("Authorization"); got != want {
			t.Errorf("Authorization = %s\nwant %s", got, want)
		}
		url := d.request()
		s.Presign(url, 90*time.Second)
		if body, err := accept(send(t, url), testSecret, testTime); d.service == "s3" && (err != nil || !bytes.Equal(body, d.body)) {
			t.Errorf("presigned: accept = %q, %v, want %q", body, err, d.body)
		}
	})
}

// TestOwnStreamingSignerVerifies checks every chunked kind over the wire.
func TestOwnStreamingSignerVerifies(t *testing.T) {
	full := bytes.Repeat([]byte("0123456789abcdef"), 1024)
	for _, chunks := range [][][]byte{{}, {[]byte("x")}, {full}, {full, []byte("tail")}, {full, full[:8192], full[:1]}} {
		for _, trailer := range []sigv4test.Trailer{{}, {Name: "x-amz-checksum-crc32", Value: "AAAAAA=="}} {
			for _, unsigned := range []bool{false, true} {
				t.Run(strconv.Itoa(len(chunks))+"/"+trailer.Name+"/"+strconv.FormatBool(unsigned), func(t *testing.T) {
					r, _ := http.NewRequest("PUT", "http://localhost:9000/b/k", nil)
					if unsigned {
						signer().SignStreamingUnsigned(r, chunks, trailer)
					} else {
						signer().SignStreaming(r, chunks, trailer)
					}
					body, err := accept(send(t, r), testSecret, testTime)
					if want := bytes.Join(chunks, nil); err != nil || !bytes.Equal(body, want) {
						t.Errorf("accept = %d bytes, %v, want %d", len(body), err, len(want))
					}
				})
			}
		}
	}
}
