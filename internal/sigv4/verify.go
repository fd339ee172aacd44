package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Verify reports whether r was signed with key, at a time that now accepts.
// The error is always an *Error.
//
// bodyHash is the SHA-256 of the received body in lower-case hex. It is needed
// when s.Payload is PayloadAbsent (an empty string then never verifies). For S3
// it is optional: the declared hash is verified here, and bodyHash, if given,
// is compared with it; otherwise the body must be read through a HashedReader
// or a ChunkedReader.
//
// A Host with or without a default port is tried both ways, as proxies add and
// drop it and no other server can be meant by it.
func (s *Signature) Verify(r *http.Request, key SigningKey, now time.Time, bodyHash string) error {
	if s.form {
		return s.verifyPolicy(key, now)
	}
	if err := s.checkTime(now); err != nil {
		return err
	}
	if err := s.checkSignedHeaders(r.Header); err != nil {
		return err
	}
	c := canonical{sig: s, req: r, payload: s.payloadLine(bodyHash)}
	for c.host = range hosts(r.Host) {
		if s.matches(&c, &key) {
			if s.Payload == PayloadSigned && bodyHash != "" && !strings.EqualFold(bodyHash, s.PayloadHash) {
				return errHashMismatch()
			}
			return nil
		}
	}
	c.host = r.Host
	return s.mismatch(&c)
}

func (s *Signature) checkTime(now time.Time) error {
	age := now.Sub(s.Time)
	switch {
	case !s.Presigned && (age > MaxSkew || age < -MaxSkew):
		return refuse(SkewedClock, "The difference between the request time and the current time is too large.")
	case s.Presigned && age < -MaxSkew:
		return refuse(NotYetValidPresign, "Request is not yet valid")
	case s.Presigned && age > s.Expires:
		return refuse(ExpiredPresign, "Request has expired")
	}
	return nil
}

// checkSignedHeaders enforces V1: the host and every x-amz-* header are signed.
// Without it, whoever holds one signed request could add x-amz-acl or
// x-amz-copy-source to it.
func (s *Signature) checkSignedHeaders(h http.Header) error {
	var unsigned []string
	if !s.signs("host") {
		unsigned = append(unsigned, "host")
	}
	for key := range h {
		if isAmzHeader(key) && !s.signs(key) {
			unsigned = append(unsigned, strings.ToLower(key))
		}
	}
	if len(unsigned) == 0 {
		return nil
	}
	slices.Sort(unsigned)
	return &Error{
		Reason: UnsignedHeader, Headers: unsigned,
		Detail: "There were headers present in the request which were not signed",
	}
}

// isAmzHeader leaves out X-Amz-Cf-Id, a request id that CloudFront puts on
// every request to its origin and that means nothing to any door.
func isAmzHeader(key string) bool {
	const prefix = "x-amz-"
	return len(key) > len(prefix) && strings.EqualFold(key[:len(prefix)], prefix) && key != "X-Amz-Cf-Id"
}

func (s *Signature) signs(key string) bool {
	for _, name := range s.SignedHeaders {
		if len(name) == len(key) && strings.EqualFold(name, key) {
			return true
		}
	}
	return false
}

func hosts(host string) iter.Seq[string] {
	return func(yield func(string) bool) {
		if !yield(host) {
			return
		}
		for _, port := range [...]string{":80", ":443"} {
			if bare, ok := strings.CutSuffix(host, port); ok {
				yield(bare)
				return
			}
		}
		_ = yield(host+":80") && yield(host+":443")
	}
}

// matches compares in constant time. A signed header that the request lacks is
// a mismatch even where an empty value would be the same text.
func (s *Signature) matches(c *canonical, key *SigningKey) bool {
	var stack [2048]byte
	c.missing = ""
	request := sha256.Sum256(c.append(stack[:0]))
	sum := s.sign(key, &request)
	return c.missing == "" && equalHex(s.signature, sum[:])
}

// sign is HMAC-SHA256 of the string to sign (RFC 2104), spelled out because
// crypto/hmac takes six allocations for what fits on the stack, and every
// request pays for them.
func (s *Signature) sign(key *SigningKey, request *[sha256.Size]byte) [sha256.Size]byte {
	var inner [sha256.BlockSize + 256]byte
	var outer [sha256.BlockSize + sha256.Size]byte
	for i := range sha256.BlockSize {
		inner[i], outer[i] = 0x36, 0x5c
	}
	for i, k := range key {
		inner[i] ^= k
		outer[i] ^= k
	}
	sum := sha256.Sum256(s.appendStringToSign(inner[:sha256.BlockSize], request))
	copy(outer[sha256.BlockSize:], sum[:])
	return sha256.Sum256(outer[:])
}

// equalHex compares in constant time; only lower-case hex is ever equal, so
// that no second spelling of a signature is accepted.
func equalHex(given string, sum []byte) bool {
	var want, got [2 * sha256.Size]byte
	hex.Encode(want[:], sum)
	return copy(got[:], given) == len(given) && hmac.Equal(want[:], got[:])
}

func (s *Signature) appendStringToSign(dst []byte, request *[sha256.Size]byte) []byte {
	dst = append(dst, algorithm+"\n"...)
	dst = append(append(dst, s.stamp...), '\n')
	dst = s.Scope.append(dst)
	dst = append(dst, '\n')
	return hex.AppendEncode(dst, request[:])
}

func (s Scope) append(dst []byte) []byte {
	dst = append(append(dst, s.Date...), '/')
	dst = append(append(dst, s.Region...), '/')
	dst = append(append(dst, s.Service...), '/')
	return append(dst, terminator...)
}

// mismatch builds the error that lets a client find the line that differs (V4).
func (s *Signature) mismatch(c *canonical) error {
	request := sha256.Sum256(c.append(nil))
	c.redact = true
	e := &Error{
		Reason: SignatureMismatch,
		Detail: "The request signature we calculated does not match the signature you provided. " +
			"Check your key and signing method.",
		CanonicalRequest: string(c.append(nil)),
		StringToSign:     string(s.appendStringToSign(nil, &request)),
	}
	if c.missing != "" {
		e.Detail += " The signed header " + c.missing + " is not in the request."
	}
	return e
}
