package sigv4_test

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/sigv4"
	"github.com/keyhaven/keyhaven/internal/sigv4/sigv4test"
)

const (
	testID     = "AKIAIOSFODNN7EXAMPLE"
	testSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

var errNoSuchKey = errors.New("no such access key")

var testTime = time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)

func clock() time.Time { return testTime }

// signer is the client that knows the secret.
func signer() sigv4test.Signer {
	return sigv4test.Signer{
		AccessKeyID: testID, Secret: keyhaven.NewSecret(testSecret),
		Region: "us-east-1", Service: "s3", Now: clock,
	}
}

// receive parses a request as net/http's server does.
func receive(t rapid.TB, raw string) *http.Request {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
	if err != nil {
		t.Fatalf("ReadRequest: %v\n%s", err, raw)
	}
	return r
}

// send writes a request as a client does and receives it.
func send(t rapid.TB, r *http.Request) *http.Request {
	t.Helper()
	r.RequestURI = ""
	var wire strings.Builder
	if err := r.Write(&wire); err != nil {
		t.Fatalf("Write: %v", err)
	}
	return receive(t, wire.String())
}

// accept does what a door does, reading the body too, and returns the body.
func accept(r *http.Request, secret string, now time.Time) ([]byte, error) {
	sig, err := sigv4.Parse(r)
	if err != nil {
		return nil, err
	}
	if sig.AccessKeyID != testID && sig.AccessKeyID != suiteID {
		return nil, errNoSuchKey
	}
	key := sigv4.DeriveKey(keyhaven.NewSecret(secret), sig.Scope)
	if sig.Payload == sigv4.PayloadAbsent {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		if err := sig.Verify(r, key, now, hexHash(body)); err != nil {
			return nil, err
		}
		return body, nil
	}
	if err := sig.Verify(r, key, now, ""); err != nil {
		return nil, err
	}
	switch {
	case sig.Payload.Streaming():
		opt, err := sig.ChunkOptions(r, key)
		if err != nil {
			return nil, err
		}
		return io.ReadAll(sigv4.NewChunkedReader(r.Body, opt))
	case sig.Payload == sigv4.PayloadSigned:
		return io.ReadAll(sigv4.NewHashedReader(r.Body, sig.PayloadHash))
	}
	return io.ReadAll(r.Body)
}

func reasonOf(err error) sigv4.Reason {
	if e, ok := errors.AsType[*sigv4.Error](err); ok {
		return e.Reason
	}
	return 0
}

func wantReason(t rapid.TB, err error, want sigv4.Reason) {
	t.Helper()
	if got := reasonOf(err); got != want {
		t.Errorf("error = %v, want reason %q", err, want)
	}
}

func hexHash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func setRawBody(r *http.Request, body string) {
	r.Body = io.NopCloser(strings.NewReader(body))
}

func hmacHex(key sigv4.SigningKey, msg string) string {
	h := hmac.New(sha256.New, key[:])
	io.WriteString(h, msg)
	return hex.EncodeToString(h.Sum(nil))
}
