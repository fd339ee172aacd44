package sigv4

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MaxTrailers is the most trailers that a request may announce.
const MaxTrailers = 16

// ChunkOptions say how an aws-chunked body is to be decoded and checked.
type ChunkOptions struct {
	Payload       Payload  // one of the streaming kinds
	DecodedLength int64    // bytes of the body once decoded: not one more, not one less
	Trailers      []string // announced names, lower case; at most MaxTrailers

	// For the signed kinds: the verified request signature, which the first
	// chunk's builds upon, and what it was made with.
	Seed  string // 64 lower-case hex digits
	Key   SigningKey
	Scope Scope
	Time  time.Time
}

// ChunkOptions reads X-Amz-Decoded-Content-Length and X-Amz-Trailer of a
// request that s verified with key.
func (s *Signature) ChunkOptions(r *http.Request, key SigningKey) (ChunkOptions, error) {
	if !s.Payload.Streaming() {
		return ChunkOptions{}, errContentHash()
	}
	v, present, once := single(r.Header, "X-Amz-Decoded-Content-Length")
	if !present {
		return ChunkOptions{}, refuse(DecodedLengthMissing, "You must provide the Content-Length HTTP header.")
	}
	length, err := strconv.ParseInt(v, 10, 64)
	if err != nil || !once || !allIn(v, len(v), isDigit) {
		return ChunkOptions{}, refuse(DecodedLengthInvalid, "X-Amz-Decoded-Content-Length must be a number, given once.")
	}
	names, err := announcedTrailers(r.Header["X-Amz-Trailer"])
	if err != nil {
		return ChunkOptions{}, err
	}
	if s.Payload == PayloadStreamingSigned && len(names) > 0 {
		return ChunkOptions{}, refuse(TrailerMalformed, "X-Amz-Trailer needs an x-amz-content-sha256 that ends in -TRAILER.")
	}
	return ChunkOptions{
		Payload: s.Payload, DecodedLength: length, Trailers: names,
		Seed: s.signature, Key: key, Scope: s.Scope, Time: s.Time,
	}, nil
}

func announcedTrailers(values []string) ([]string, error) {
	var names []string
	for _, v := range values {
		for name := range strings.SplitSeq(v, ",") {
			name = strings.ToLower(strings.TrimSpace(name))
			if !allIn(name, maxLine, isHeaderNameByte) || name == trailerSignature ||
				len(names) == MaxTrailers || slices.Contains(names, name) {
				return nil, refuse(TrailerMalformed, "The value specified in the X-Amz-Trailer header is not supported.")
			}
			names = append(names, name)
		}
	}
	return names, nil
}
