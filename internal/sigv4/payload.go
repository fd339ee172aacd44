package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net/http"
	"strings"
)

// Payload says how the body of a request is covered by its signature.
type Payload uint8

// The kinds of payload. The zero value trusts nothing: the body must be hashed
// by the caller.
const (
	PayloadAbsent                   Payload = iota // no declaration (every service but S3): hash the body, hand the hash to Verify
	PayloadSigned                                  // the SHA-256 of the body is declared and signed
	PayloadUnsigned                                // UNSIGNED-PAYLOAD: the body is not covered
	PayloadStreamingSigned                         // each chunk is signed
	PayloadStreamingSignedTrailer                  // each chunk and the trailer are signed
	PayloadStreamingUnsignedTrailer                // chunked, not covered, checksum in the trailer
)

// Streaming reports whether the body is aws-chunked.
func (p Payload) Streaming() bool { return p >= PayloadStreamingSigned }

const unsignedPayload = "UNSIGNED-PAYLOAD"

// EmptyHash is the SHA-256 of an empty body, in hex.
const EmptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func parsePayload(v string) (Payload, bool) {
	switch v {
	case unsignedPayload:
		return PayloadUnsigned, true
	case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD":
		return PayloadStreamingSigned, true
	case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER":
		return PayloadStreamingSignedTrailer, true
	case "STREAMING-UNSIGNED-PAYLOAD-TRAILER":
		return PayloadStreamingUnsignedTrailer, true
	}
	return PayloadSigned, len(v) == 2*sha256.Size && allIn(v, len(v), isHex)
}

func isHex(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' }

func errContentHash() error {
	return refuse(ContentHashInvalid, "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "+
		"STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.")
}

func (s *Signature) payloadFromHeader(h http.Header) error {
	if s.Scope.Service != serviceS3 {
		return nil
	}
	v, present, once := single(h, "X-Amz-Content-Sha256")
	if !present {
		return refuse(ContentHashMissing, "Missing required header for this request: x-amz-content-sha256")
	}
	return s.setPayload(v, once)
}

// payloadFromQuery reads the hash of a presigned S3 request: usually none,
// which means UNSIGNED-PAYLOAD; some SDKs put it in the query or a signed
// header. Streaming is refused: chunk signatures need the secret at upload,
// which a presigned URL exists to avoid, and every such mode has been a hole in
// some server.
func (s *Signature) payloadFromQuery(h http.Header, p queryParam) error {
	if s.Scope.Service != serviceS3 {
		return nil
	}
	v, present, once := single(h, "X-Amz-Content-Sha256")
	switch {
	case present && p.set && v != p.value:
		return errContentHash()
	case p.set:
		v = p.value
	case !present:
		v = unsignedPayload
	}
	if err := s.setPayload(v, once); err != nil {
		return err
	}
	if s.Payload.Streaming() {
		return errContentHash()
	}
	return nil
}

func (s *Signature) setPayload(v string, once bool) error {
	kind, ok := parsePayload(v)
	if !ok || !once {
		return errContentHash()
	}
	s.PayloadHash, s.Payload = v, kind
	return nil
}

// payloadLine is the last line of the canonical request.
func (s *Signature) payloadLine(bodyHash string) string {
	if s.Payload == PayloadAbsent {
		return bodyHash
	}
	return s.PayloadHash
}

// HashedReader passes a body through and compares its SHA-256 with the signed
// one.
type HashedReader struct {
	body io.Reader
	hash hash.Hash
	want string
	err  error
}

// NewHashedReader reads body, whose SHA-256 must be want (64 hex digits, either
// case). A body that differs ends in an *Error with ContentHashMismatch in the
// place of io.EOF (V2).
func NewHashedReader(body io.Reader, want string) *HashedReader {
	return &HashedReader{body: body, hash: sha256.New(), want: want}
}

func (h *HashedReader) Read(p []byte) (int, error) {
	if h.err != nil {
		return 0, h.err
	}
	n, err := h.body.Read(p)
	h.hash.Write(p[:n])
	if errors.Is(err, io.EOF) && !strings.EqualFold(hex.EncodeToString(h.hash.Sum(nil)), h.want) {
		err = errHashMismatch()
	}
	h.err = err
	return n, err
}

func errHashMismatch() error {
	return refuse(ContentHashMismatch, "The provided 'x-amz-content-sha256' header does not match what was computed.")
}
