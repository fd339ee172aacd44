package s3_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/keyhaven/keyhaven/internal/bucket"
	"github.com/keyhaven/keyhaven/internal/s3"
	"github.com/keyhaven/keyhaven/internal/sigv4/sigv4test"
)

// FuzzHandler: whatever the account's root sends, the server is not at fault,
// and says so in a sound answer. It never answers nobody's requests with more
// than a refusal.
func FuzzHandler(f *testing.F) {
	for _, row := range s3.AllRows() {
		headers := ""
		if row.Header != "" {
			headers = row.Header + ": photos/b.txt\r\n"
		}
		f.Add(row.Method, rowTarget(row, "photos"), headers, []byte("<Delete><Object><Key>a</Key></Object></Delete>"), uint8(0))
	}
	for i, seed := range []string{
		"Range: bytes=0-1\r\nIf-Match: *\r\n", "X-Amz-Acl: public-read\r\nContent-Md5: x\r\n", "X-Amz-Checksum-Crc32: AAAAAA==\r\n",
		"X-Amz-Meta-A: b\r\nX-Amz-Metadata-Directive: REPLACE\r\nX-Amz-Copy-Source: /photos/a.txt?versionId=null\r\n",
		"X-Amz-Decoded-Content-Length: 5\r\nX-Amz-Trailer: x-amz-checksum-crc32\r\n", "If-Range: x\r\nRange: bytes=-1\r\nX-Amz-Checksum-Mode: ENABLED\r\n",
	} {
		f.Add("PUT", "/photos/a.txt?partNumber=1&uploadId=x", seed, []byte("5;chunk-signature=x\r\nhello\r\n0\r\n\r\n"), uint8(i))
		f.Add("GET", "/photos/a.txt?response-expires=%0d%0a&partNumber=1", seed, []byte(nil), uint8(i))
	}
	s := newServer(f)
	kinds := []string{
		"", sigv4test.UnsignedPayload, sigv4test.StreamingSigned, sigv4test.StreamingSignedTrailer, sigv4test.StreamingUnsignedTrailer, "anonymous",
	}
	f.Fuzz(func(t *testing.T, method, target, headers string, body []byte, how uint8) {
		head := method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.TrimRight(head, "\r\n") + "\r\n\r\n")))
		if err != nil {
			return
		}
		// The bucket may have been deleted by what came before.
		_, _, _ = s.buckets.Create(t.Context(), bucket.CreateInput{Account: account, Region: region, Name: "photos"})
		s.must(t, root, "PUT", "/photos/b.txt", "hello")
		r = r.WithContext(t.Context())
		r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
		switch kind := kinds[int(how)%len(kinds)]; kind {
		case "":
			root.signer().SignHeader(r, body)
		case "anonymous":
		default:
			root.signer().Sign(r, kind)
		}
		a := s.serve(r)
		switch {
		case a.status >= 500 && a.status != 501 && a.status != 503:
			t.Fatalf("%s %s = %d\n%s", method, target, a.status, s.log.text())
		case a.status >= 400 && r.Method != "HEAD" && a.code() == "":
			t.Fatalf("%s %s = %d without a code: %q", method, target, a.status, a.body)
		case kinds[int(how)%len(kinds)] == "anonymous" && a.status < 400:
			t.Fatalf("%s %s by nobody = %d", method, target, a.status)
		}
		s.log.clear()
	})
}
