package sigv4_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/sigv4"
	"github.com/keyhaven/keyhaven/internal/sigv4/sigv4test"
)

// checkFuzzed verifies a request that nobody signed with this key: it must be
// refused, whatever it says.
func checkFuzzed(t *testing.T, r *http.Request) {
	sig, err := sigv4.Parse(r)
	if err != nil {
		if reasonOf(err) == 0 {
			t.Fatalf("Parse = %v, want an *Error with a reason", err)
		}
		return
	}
	key := sigv4.DeriveKey(keyhaven.NewSecret("a secret that signed nothing"), sig.Scope)
	if err := sig.Verify(r, key, sig.Time, sigv4.EmptyHash); reasonOf(err) == 0 {
		t.Fatalf("Verify = %v, want an *Error with a reason", err)
	}
}

func printable(s string) bool {
	return strings.IndexFunc(s, func(c rune) bool { return c < ' ' || c > '~' }) < 0
}

func FuzzAuthorizationHeader(f *testing.F) {
	r := putRequest()
	signer().SignHeader(r, nil)
	f.Add(r.Header.Get("Authorization"), "20130524T000000Z", sigv4.EmptyHash, "localhost:9000")
	f.Add("AWS AKIA:sig", "", "UNSIGNED-PAYLOAD", "")
	f.Add("AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request,SignedHeaders=;,Signature=", "2013", "", "[::1]:80")
	f.Fuzz(func(t *testing.T, auth, date, hash, host string) {
		r := putRequest()
		r.Host = host
		r.Header = http.Header{"Authorization": {auth}, "X-Amz-Date": {date}, "X-Amz-Content-Sha256": {hash}}
		checkFuzzed(t, r)

		// Valid stays valid, whatever else net/http lets into the request.
		if !printable(date) || !printable(hash) || !printable(host) || host == "" || strings.Contains(host, " ") {
			return
		}
		r.Header = http.Header{"X-Amz-Meta-A": {date}, "Content-Type": {hash}}
		signer().SignHeader(r, nil)
		if _, err := accept(r, testSecret, testTime); err != nil {
			t.Fatalf("accept = %v, want nil", err)
		}
	})
}

func FuzzPresignQuery(f *testing.F) {
	r := putRequest()
	signer().Presign(r, time.Minute)
	f.Add(r.URL.RawQuery)
	f.Add("X-Amz-Signature")
	f.Add("a=%&%zz=+&&=&AWSAccessKeyId=a;b")
	f.Fuzz(func(t *testing.T, query string) {
		r := putRequest()
		r.URL.RawQuery = query
		checkFuzzed(t, r)

		// Valid stays valid, with whatever parameters a client can send.
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		for name := range values {
			if strings.HasPrefix(name, "X-Amz-") || name == "AWSAccessKeyId" {
				return
			}
		}
		r.Body = http.NoBody
		signer().Presign(r, time.Minute)
		if _, err := accept(r, testSecret, testTime); err != nil {
			t.Fatalf("accept = %v, want nil", err)
		}
	})
}

// FuzzChunkedReader fuzzes the end of a body; the seeds stay small that way, as
// a chunk before another one has 8 KiB at least.
func FuzzChunkedReader(f *testing.F) {
	after := signer().ChunkSignature(seed, chunk)
	tail := [][]byte{[]byte("tail")}
	f.Add(sigv4test.EncodeUnsignedChunks(tail, crc), uint16(4), uint8(0))
	f.Add(signer().EncodeChunks(after, tail, sigv4test.Trailer{}), uint16(4+8192), uint8(4))
	f.Add(signer().EncodeChunks(seed, tail, crc), uint16(4), uint8(2))
	f.Add([]byte("7fffffffffffffff\r\n"), uint16(5), uint8(3))
	kinds := []sigv4.Payload{sigv4.PayloadStreamingUnsignedTrailer, sigv4.PayloadStreamingSigned, sigv4.PayloadStreamingSignedTrailer}
	f.Fuzz(func(t *testing.T, end []byte, length uint16, which uint8) {
		kind := kinds[int(which)%len(kinds)]
		body := end
		if which%6 >= 3 {
			first := fmt.Appendf(nil, "2000;chunk-signature=%s\r\n%s\r\n", after, chunk)
			if kind == sigv4.PayloadStreamingUnsignedTrailer {
				first = fmt.Appendf(nil, "2000\r\n%s\r\n", chunk)
			}
			body = append(first, end...)
		}
		got, err := io.ReadAll(sigv4.NewChunkedReader(bytes.NewReader(body), chunkOptions(kind, int(length), crc.Name)))
		switch {
		case len(got) > len(body) || len(got) > int(length):
			t.Fatalf("%d bytes from %d, announced %d", len(got), len(body), length)
		case err == nil && len(got) != int(length):
			t.Fatalf("clean end after %d bytes, announced %d", len(got), length)
		case err != nil && reasonOf(err) == 0:
			t.Fatalf("error = %v, want an *Error with a reason", err)
		}

		// Valid stays valid, whatever the bytes.
		chunks := [][]byte{chunk, end}
		if len(end) == 0 {
			chunks = chunks[:1]
		}
		want := bytes.Join(chunks, nil)
		c := sigv4.NewChunkedReader(bytes.NewReader(signer().EncodeChunks(seed, chunks, crc)),
			chunkOptions(sigv4.PayloadStreamingSignedTrailer, len(want), crc.Name))
		if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("ReadAll = %d bytes, %v, want %d", len(got), err, len(want))
		}
	})
}
