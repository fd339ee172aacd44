package s3_test

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/sigv4/sigv4test"
)

// signAs is {who how}: ROOT and OTHER are the root keys of two accounts, KEY1 a
// key that was made, UNKNOWN one that was not.
var signAs = regexp.MustCompile(`^\{(\w+) ?([^}]*)\}$`)

// signFor signs a request: over its body, or
//
//	unsigned              with UNSIGNED-PAYLOAD
//	presign 1h            in the query, for so long
//	presign-late 1h       and send it a second too late
//	chunked               with signed chunks, and the trailer of the header Trailer
//	chunked-length 6      announcing a body of so many bytes
//	chunked-edit old/new  and change the encoded body
//	chunked-cut 3         and lose the last bytes of it
//	two-chunks            in two of half the size
//	unsigned-chunks       with unsigned chunks and that trailer
//	wrong-secret, for-lightsail
//	form                  see signForm
//
// Or signed over the body, and then
//
//	late 1h               sent so much later
//	set H: v              with a header changed, or deleted
//	no-content-hash, wrong-body
//	cut 3                 with the last bytes of the body lost
//
// Or with a length that is no length: unknown-length, claim 5000.
func signFor(t testing.TB, r *http.Request, body string, k keyPair, how string) *http.Request {
	t.Helper()
	sign := k.signer()
	verb, rest, _ := strings.Cut(how, " ")
	switch verb {
	case "form":
		signForm(r, body, k)
	case "unsigned":
		sign.SignUnsigned(r)
	case "presign", "presign-late":
		sign.Presign(r, duration(t, rest))
		if verb == "presign-late" {
			time.Sleep(duration(t, rest) + time.Second)
		}
	case "unknown-length", "claim":
		r.ContentLength = -1
		if verb == "claim" {
			r.ContentLength = number(t, rest)
		}
		sign.SignUnsigned(r)
	case "wrong-secret":
		sign.Secret = keyhaven.NewSecret("not the secret")
		sign.SignHeader(r, []byte(body))
	case "for-lightsail":
		sign.Service = "lightsail"
		sign.SignHeader(r, []byte(body))
	case "chunked", "chunked-length", "chunked-edit", "chunked-cut", "two-chunks", "unsigned-chunks":
		signChunks(t, r, sign, body, verb, rest)
	default:
		sign.SignHeader(r, []byte(body))
		spoil(t, r, body, verb, rest)
	}
	return r
}

func signChunks(t testing.TB, r *http.Request, sign sigv4test.Signer, body, verb, rest string) {
	t.Helper()
	var trailer sigv4test.Trailer
	if v := r.Header.Get("Trailer"); v != "" {
		trailer.Name, trailer.Value, _ = strings.Cut(v, ":")
		r.Header.Del("Trailer")
	}
	chunks := [][]byte{[]byte(body)}
	if verb == "two-chunks" {
		half := len(body) / 2
		chunks = [][]byte{[]byte(body[:half]), []byte(body[half:])}
	}
	switch verb {
	case "unsigned-chunks":
		sign.SignStreamingUnsigned(r, chunks, trailer)
		return
	case "chunked-length":
		if rest != "" {
			r.Header.Set("X-Amz-Decoded-Content-Length", rest)
		}
		r.Header.Set("Content-Encoding", "aws-chunked")
		r.ContentLength = int64(len(sign.EncodeChunks(strings.Repeat("0", 64), chunks, trailer)))
		seed := sign.Sign(r, sigv4test.StreamingSigned)
		r.Body = io.NopCloser(bytes.NewReader(sign.EncodeChunks(seed, chunks, trailer)))
		return
	}
	sign.SignStreaming(r, chunks, trailer)
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(raw))
	switch verb {
	case "chunked-edit":
		old, edited, _ := strings.Cut(rest, "/")
		r.Body = io.NopCloser(strings.NewReader(strings.Replace(string(raw), old, edited, 1)))
	case "chunked-cut":
		r.Body = cutBody{io.LimitReader(r.Body, int64(len(raw))-number(t, rest))}
	}
}

// spoil changes a request that has been signed.
func spoil(t testing.TB, r *http.Request, body, verb, rest string) {
	t.Helper()
	switch verb {
	case "":
	case "wrong-body":
		r.Body = io.NopCloser(strings.NewReader(strings.ToUpper(body)))
	case "no-content-hash":
		r.Header.Del("X-Amz-Content-Sha256")
	case "late":
		time.Sleep(duration(t, rest))
	case "set":
		name, value, _ := strings.Cut(rest, ": ")
		if name == "Host" {
			r.Host = value
		} else if r.Header.Set(name, value); value == "" {
			r.Header.Del(name)
		}
	case "cut":
		r.Body = cutBody{io.LimitReader(r.Body, r.ContentLength-number(t, rest))}
	default:
		t.Fatalf("unknown way to sign %q", verb)
	}
}

// cutBody ends too early, as the body of a broken connection does.
type cutBody struct{ io.Reader }

func (c cutBody) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (c cutBody) Close() error { return nil }

func number(t testing.TB, s string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func duration(t testing.TB, s string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
