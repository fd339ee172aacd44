package s3_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/sigv4/sigv4test"
)

// modes are the ways in which a signature covers a body.
var modes = []struct {
	name string
	sign func(r *http.Request, s sigv4test.Signer, body []byte)
}{
	{"signed", func(r *http.Request, s sigv4test.Signer, body []byte) { s.SignHeader(r, body) }},
	{"unsigned", func(r *http.Request, s sigv4test.Signer, _ []byte) { s.SignUnsigned(r) }},
	{"presigned", func(r *http.Request, s sigv4test.Signer, _ []byte) { s.Presign(r, time.Hour) }},
	{"chunks", func(r *http.Request, s sigv4test.Signer, body []byte) {
		s.SignStreaming(r, split(body), sigv4test.Trailer{})
	}},
	{"chunks and a trailer", func(r *http.Request, s sigv4test.Signer, body []byte) {
		s.SignStreaming(r, split(body), crc32Trailer(body))
	}},
	{"unsigned chunks", func(r *http.Request, s sigv4test.Signer, body []byte) {
		s.SignStreamingUnsigned(r, split(body), sigv4test.Trailer{})
	}},
	{"unsigned chunks and a trailer", func(r *http.Request, s sigv4test.Signer, body []byte) {
		s.SignStreamingUnsigned(r, split(body), crc32Trailer(body))
	}},
}

func crc32Trailer(body []byte) sigv4test.Trailer {
	return sigv4test.Trailer{Name: "x-amz-checksum-crc32", Value: sumOf(keyhaven.ChecksumCRC32, string(body))}
}

// split cuts a body into chunks of 64 KiB.
func split(body []byte) (chunks [][]byte) {
	const size = 64 << 10
	for len(body) > size {
		chunks, body = append(chunks, body[:size]), body[size:]
	}
	if len(body) > 0 {
		chunks = append(chunks, body)
	}
	return chunks
}

func TestPayloadModes(t *testing.T) {
	runAll(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		for i, mode := range modes {
			for _, size := range []int{0, 1, 8 << 10, 64<<10 + 1, 128 << 10, 128<<10 + 1, 300 << 10} {
				path, body := fmt.Sprintf("/photos/%d-%d", i, size), content(size)
				r := s.request(t, "PUT", path, body)
				mode.sign(r, root.signer(), []byte(body))
				if a := s.serve(r); a.status != 200 {
					t.Errorf("PUT of %d bytes, %s = %d %s", size, mode.name, a.status, a.body)
				}
				s.do(t, root, "GET", path, "").wantBody(t, 200, body)
			}
		}
	})
}

// TestTruncatedBodies: a body that ends too early, wherever it is cut, stores
// nothing.
func TestTruncatedBodies(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	for _, mode := range modes {
		for _, size := range []int{5, 300 << 10} {
			r := s.request(t, "PUT", "/photos/a.txt", content(size))
			mode.sign(r, root.signer(), []byte(content(size)))
			raw, err := io.ReadAll(r.Body)
			if err != nil {
				t.Fatal(err)
			}
			for _, keep := range []int{0, 1, 4, len(raw) / 2, len(raw) - 1} {
				cut := r.Clone(t.Context())
				cut.Body = cutBody{bytes.NewReader(raw[:keep])}
				if a := s.serve(cut); a.status != 400 || a.code() != "IncompleteBody" {
					t.Errorf("%s, %d of %d bytes = %d %s, want 400 IncompleteBody", mode.name, keep, len(raw), a.status, a.code())
				}
			}
		}
	}
	s.do(t, root, "GET", "/photos/a.txt", "").want(t, 404, "NoSuchKey")
	if n := blobs(t, s); n != 0 {
		t.Errorf("%d blobs are left", n)
	}
}

// TestDecodedLength: one byte more or less than X-Amz-Decoded-Content-Length is
// refused.
func TestDecodedLength(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	for _, size := range []int{5, 300 << 10} {
		body := []byte(content(size))
		for _, signed := range []bool{true, false} {
			for _, claim := range []int{size - 1, size, size + 1} {
				signer := root.signer()
				kind, raw := sigv4test.StreamingUnsignedTrailer, sigv4test.EncodeUnsignedChunks(split(body), sigv4test.Trailer{})
				if signed {
					kind = sigv4test.StreamingSigned
					raw = signer.EncodeChunks(strings.Repeat("0", 64), split(body), sigv4test.Trailer{})
				}
				r := s.request(t, "PUT", "/photos/a.txt", "", fmt.Sprintf("X-Amz-Decoded-Content-Length: %d", claim))
				r.ContentLength = int64(len(raw))
				if seed := signer.Sign(r, kind); signed {
					raw = signer.EncodeChunks(seed, split(body), sigv4test.Trailer{})
				}
				r.Body = io.NopCloser(bytes.NewReader(raw))
				a := s.serve(r)
				if claim == size {
					a.wantBody(t, 200, "")
					s.must(t, root, "DELETE", "/photos/a.txt", "")
					continue
				}
				a.want(t, 400, "IncompleteBody")
			}
		}
	}
	s.do(t, root, "GET", "/photos/a.txt", "").want(t, 404, "NoSuchKey")
}

// TestWrongPayloadHash keeps the object out, and leaves what was there.
func TestWrongPayloadHash(t *testing.T) {
	runAll(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		s.must(t, root, "PUT", "/photos/there", "hello")
		for _, path := range []string{"/photos/there", "/photos/new"} {
			for _, size := range []int{0, 5, 300 << 10} {
				r := s.request(t, "PUT", path, "")
				root.signer().SignHeader(r, []byte(content(size)+"x"))
				r.Body = io.NopCloser(strings.NewReader(content(size) + "y"))
				s.serve(r).want(t, 400, "XAmzContentSHA256Mismatch")
			}
		}
		s.do(t, root, "GET", "/photos/there", "").wantBody(t, 200, "hello")
		s.do(t, root, "GET", "/photos/new", "").want(t, 404, "NoSuchKey")
		if n := blobs(t, s); n != 0 {
			t.Errorf("%d blobs are left", n)
		}
	})
}

// TestUnknownLength: a body chunked by HTTP needs the length of the object from
// elsewhere.
func TestUnknownLength(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	for _, mode := range modes[:3] {
		r := s.request(t, "PUT", "/photos/a.txt", "hello")
		r.ContentLength = -1
		if mode.name == "signed" {
			root.signer().Sign(r, fmt.Sprintf("%x", [32]byte{}))
		} else {
			mode.sign(r, root.signer(), nil)
		}
		s.serve(r).want(t, 411, "MissingContentLength")
	}
	// As aws-cli sends over TLS: chunked by HTTP around aws-chunked.
	r := s.request(t, "PUT", "/photos/a.txt", "", "Content-Encoding: aws-chunked,gzip", "X-Amz-Decoded-Content-Length: 5",
		"X-Amz-Trailer: x-amz-checksum-crc32")
	r.ContentLength = -1
	root.signer().Sign(r, sigv4test.StreamingUnsignedTrailer)
	r.Body = io.NopCloser(bytes.NewReader(sigv4test.EncodeUnsignedChunks(split([]byte("hello")), crc32Trailer([]byte("hello")))))
	s.serve(r).wantBody(t, 200, "")
	s.do(t, root, "GET", "/photos/a.txt", "").wantBody(t, 200, "hello").wantHeader(t, "Content-Encoding", "gzip")
}
