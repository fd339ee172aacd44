package sigv4_test

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/sigv4"
	"github.com/keyhaven/keyhaven/internal/sigv4/sigv4test"
)

// modes are the ways to sign, each with a body where it can have one.
var (
	chunk = bytes.Repeat([]byte("k"), 8192)
	crc   = sigv4test.Trailer{Name: "x-amz-checksum-crc32", Value: "AAAAAA=="}
	modes = map[string]func(sigv4test.Signer, *http.Request){
		"signed payload":   func(s sigv4test.Signer, r *http.Request) { s.SignHeader(r, chunk) },
		"unsigned payload": func(s sigv4test.Signer, r *http.Request) { s.SignUnsigned(r) },
		"streaming": func(s sigv4test.Signer, r *http.Request) {
			s.SignStreaming(r, [][]byte{chunk, chunk}, sigv4test.Trailer{})
		},
		"streaming trailer":         func(s sigv4test.Signer, r *http.Request) { s.SignStreaming(r, [][]byte{chunk, chunk}, crc) },
		"streaming unsigned":        func(s sigv4test.Signer, r *http.Request) { s.SignStreamingUnsigned(r, [][]byte{chunk}, crc) },
		"presigned":                 func(s sigv4test.Signer, r *http.Request) { s.Presign(r, time.Hour) },
		"presigned, signed headers": presignWithHeader,
		"lightsail":                 otherService("lightsail"),
		"iam":                       otherService("iam"),
		"sts presigned":             func(s sigv4test.Signer, r *http.Request) { s.Service = "sts"; s.Presign(r, time.Minute) },
	}
)

func presignWithHeader(s sigv4test.Signer, r *http.Request) {
	r.Header.Set("X-Amz-Acl", "private")
	s.Presign(r, time.Hour)
}

func otherService(name string) func(sigv4test.Signer, *http.Request) {
	return func(s sigv4test.Signer, r *http.Request) {
		s.Service = name
		s.SignHeader(r, []byte("{}"))
	}
}

func putRequest() *http.Request {
	r, err := http.NewRequest("PUT", "http://localhost:9000/bucket/key?partNumber=1", nil)
	if err != nil {
		panic(err) // constant URL
	}
	return r
}

// TestS1_ModesAreSound makes the refusals below worth something.
func TestS1_ModesAreSound(t *testing.T) {
	for name, sign := range modes {
		r := putRequest()
		sign(signer(), r)
		if _, err := accept(send(t, r), testSecret, testTime); err != nil {
			t.Errorf("%s: accept = %v, want nil", name, err)
		}
	}
}

// TestS1_KnowingOnlyTheKeyID forges every mode with what an attacker has: the
// key id and any secret but the right one.
func TestS1_KnowingOnlyTheKeyID(t *testing.T) {
	for name, sign := range modes {
		for _, secret := range []string{"", "guess", testSecret + " ", testID} {
			forger := signer()
			forger.Secret = keyhaven.NewSecret(secret)
			r := putRequest()
			sign(forger, r)
			body, err := accept(send(t, r), testSecret, testTime)
			wantReason(t, err, sigv4.SignatureMismatch)
			if len(body) != 0 {
				t.Errorf("%s: %d bytes of the body were released", name, len(body))
			}
		}
	}
}

// TestS1_NoSignatureValue blanks, shortens and invents the signature.
func TestS1_NoSignatureValue(t *testing.T) {
	for name, sign := range modes {
		for _, forged := range []string{"", "0", strings.Repeat("0", 64), strings.Repeat("0", 65), strings.Repeat("\x00", 64)} {
			r := putRequest()
			sign(signer(), r)
			r = send(t, r)
			if head, _, ok := strings.Cut(r.URL.RawQuery, "X-Amz-Signature="); ok {
				r.URL.RawQuery = head + "X-Amz-Signature=" + forged
			} else {
				head, _, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
				r.Header.Set("Authorization", head+"Signature="+forged)
			}
			body, err := accept(r, testSecret, testTime)
			if err == nil || len(body) != 0 {
				t.Errorf("%s with signature %q: accept = %d bytes, %v, want an error", name, forged, len(body), err)
			}
		}
	}
}

// TestS1_StreamingPresignIsRefused covers the mode in which other servers
// skipped the check, even when rightly signed.
func TestS1_StreamingPresignIsRefused(t *testing.T) {
	for _, kind := range []string{sigv4test.StreamingSigned, sigv4test.StreamingSignedTrailer, sigv4test.StreamingUnsignedTrailer} {
		inHeader, inQuery := putRequest(), putRequest()
		inHeader.Header.Set("X-Amz-Content-Sha256", kind)
		inQuery.URL.RawQuery = "X-Amz-Content-Sha256=" + kind
		for _, r := range []*http.Request{inHeader, inQuery} {
			signer().Presign(r, time.Hour)
			_, err := accept(send(t, r), testSecret, testTime)
			wantReason(t, err, sigv4.ContentHashInvalid)
		}
	}
}

// TestS1_ModeOfASignedRequestCannotChange swaps the payload kind of a request
// that was captured.
func TestS1_ModeOfASignedRequestCannotChange(t *testing.T) {
	for name, sign := range modes {
		for _, kind := range []string{
			sigv4test.UnsignedPayload, sigv4test.StreamingSigned, sigv4test.StreamingSignedTrailer,
			sigv4test.StreamingUnsignedTrailer, sigv4.EmptyHash,
		} {
			r := putRequest()
			sign(signer(), r)
			r = send(t, r)
			if r.Header.Get("X-Amz-Content-Sha256") == kind {
				continue
			}
			r.Header.Set("X-Amz-Content-Sha256", kind)
			if body, err := accept(r, testSecret, testTime); err == nil || len(body) != 0 {
				t.Errorf("%s became %s: accept = %d bytes, %v, want an error", name, kind, len(body), err)
			}
		}
	}
}

func TestS1_UnsignedAmzHeaderIsRefused(t *testing.T) {
	for name, sign := range modes {
		for _, header := range []string{"X-Amz-Acl", "X-Amz-Copy-Source", "X-Amz-Meta-A", "X-Amz-Security-Token", "X-Amz-Tagging"} {
			r := putRequest()
			sign(signer(), r)
			r = send(t, r)
			if r.Header.Get(header) != "" {
				continue
			}
			r.Header.Set(header, "injected")
			_, err := accept(r, testSecret, testTime)
			wantReason(t, err, sigv4.UnsignedHeader)
			if e, ok := errors.AsType[*sigv4.Error](err); !ok || len(e.Headers) != 1 || !strings.EqualFold(e.Headers[0], header) {
				t.Errorf("%s + %s: error = %#v, want the header named", name, header, err)
			}
		}
	}
}

// TestS1_HostMustBeSigned signs everything rightly but the host.
func TestS1_HostMustBeSigned(t *testing.T) {
	r := putRequest()
	signer().SignHeader(r, nil)
	r = send(t, r)
	auth := strings.Replace(r.Header.Get("Authorization"), "SignedHeaders=host;", "SignedHeaders=", 1)
	r.Header.Set("Authorization", auth)
	_, err := accept(r, testSecret, testTime)
	wantReason(t, err, sigv4.UnsignedHeader)
}

func TestS1_BodyIsHashed(t *testing.T) {
	r := putRequest()
	signer().SignHeader(r, chunk)
	r = send(t, r)
	setRawBody(r, string(chunk[1:])+"!")
	_, err := accept(r, testSecret, testTime)
	wantReason(t, err, sigv4.ContentHashMismatch)

	r = putRequest()
	signer().SignHeader(r, chunk)
	r = send(t, r)
	sig, err := sigv4.Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	key := sigv4.DeriveKey(keyhaven.NewSecret(testSecret), sig.Scope)
	wantReason(t, sig.Verify(r, key, testTime, sigv4.EmptyHash), sigv4.ContentHashMismatch)

	for _, service := range []string{"lightsail", "iam"} {
		r := putRequest()
		modes[service](signer(), r)
		r = send(t, r)
		setRawBody(r, `{"a":1}`)
		_, err := accept(r, testSecret, testTime)
		wantReason(t, err, sigv4.SignatureMismatch)
	}
}

// TestS1_KeyOfAnotherScope verifies with keys of the same secret for another
// day, region and service.
func TestS1_KeyOfAnotherScope(t *testing.T) {
	r := putRequest()
	signer().SignHeader(r, nil)
	r = send(t, r)
	sig, err := sigv4.Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, scope := range []sigv4.Scope{
		{Date: "20130523", Region: "us-east-1", Service: "s3"},
		{Date: "20130524", Region: "us-east-2", Service: "s3"},
		{Date: "20130524", Region: "us-east-1", Service: "iam"},
	} {
		key := sigv4.DeriveKey(keyhaven.NewSecret(testSecret), scope)
		wantReason(t, sig.Verify(r, key, testTime, ""), sigv4.SignatureMismatch)
	}
}
