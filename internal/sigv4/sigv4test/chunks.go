package sigv4test

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Trailer is a trailing header, such as x-amz-checksum-crc32 with its base64
// value. The zero value is none.
type Trailer struct{ Name, Value string }

// SignStreaming gives r an aws-chunked body of signed chunks and signs it. With
// a trailer the kind is StreamingSignedTrailer, without one StreamingSigned. As
// on S3, all chunks but the last must have 8 KiB or more to be accepted.
func (s Signer) SignStreaming(r *http.Request, chunks [][]byte, trailer Trailer) {
	kind := StreamingSigned
	if trailer.Name != "" {
		kind = StreamingSignedTrailer
	}
	now := s.now()
	s.Now = func() time.Time { return now } // all signatures are of one time
	// The length of the body must be known to sign the request, and the
	// signature of the request to sign the body: encode twice.
	setBody(r, s.EncodeChunks(strings.Repeat("0", 64), chunks, trailer))
	setStreamingHeaders(r, chunks, trailer)
	seed := s.Sign(r, kind)
	setBody(r, s.EncodeChunks(seed, chunks, trailer))
}

// SignStreamingUnsigned gives r an aws-chunked body of unsigned chunks and
// signs it as StreamingUnsignedTrailer.
func (s Signer) SignStreamingUnsigned(r *http.Request, chunks [][]byte, trailer Trailer) {
	setBody(r, EncodeUnsignedChunks(chunks, trailer))
	setStreamingHeaders(r, chunks, trailer)
	s.Sign(r, StreamingUnsignedTrailer)
}

func setStreamingHeaders(r *http.Request, chunks [][]byte, trailer Trailer) {
	r.Header.Set("Content-Encoding", "aws-chunked")
	r.Header.Set("X-Amz-Decoded-Content-Length", strconv.Itoa(len(bytes.Join(chunks, nil))))
	if trailer.Name != "" {
		r.Header.Set("X-Amz-Trailer", trailer.Name)
	}
}

// EncodeChunks encodes a body of signed chunks that follow the seed signature,
// then the empty last chunk, the trailer if there is one, and its signature.
func (s Signer) EncodeChunks(seed string, chunks [][]byte, trailer Trailer) []byte {
	var body bytes.Buffer
	prev := seed
	for _, chunk := range append(chunks[:len(chunks):len(chunks)], nil) {
		prev = s.ChunkSignature(prev, chunk)
		fmt.Fprintf(&body, "%x;chunk-signature=%s\r\n", len(chunk), prev)
		if len(chunk) > 0 {
			fmt.Fprintf(&body, "%s\r\n", chunk)
		}
	}
	if trailer.Name != "" {
		fmt.Fprintf(&body, "%s:%s\r\n", trailer.Name, trailer.Value)
		fmt.Fprintf(&body, "x-amz-trailer-signature:%s\r\n", s.TrailerSignature(prev, trailer))
	}
	body.WriteString("\r\n")
	return body.Bytes()
}

// EncodeUnsignedChunks encodes a body of unsigned chunks and a trailer.
func EncodeUnsignedChunks(chunks [][]byte, trailer Trailer) []byte {
	var body bytes.Buffer
	for _, chunk := range chunks {
		fmt.Fprintf(&body, "%x\r\n%s\r\n", len(chunk), chunk)
	}
	body.WriteString("0\r\n")
	if trailer.Name != "" {
		fmt.Fprintf(&body, "%s:%s\r\n", trailer.Name, trailer.Value)
	}
	body.WriteString("\r\n")
	return body.Bytes()
}

// ChunkSignature signs one chunk after the signature before it.
func (s Signer) ChunkSignature(prev string, chunk []byte) string {
	return s.sign("AWS4-HMAC-SHA256-PAYLOAD", prev, hexHash(nil), hexHash(chunk))
}

// TrailerSignature signs a trailer after the signature of the last chunk.
func (s Signer) TrailerSignature(prev string, t Trailer) string {
	return s.sign("AWS4-HMAC-SHA256-TRAILER", prev, hexHash([]byte(t.Name+":"+t.Value+"\n")))
}

func (s Signer) sign(algorithm string, lines ...string) string {
	now := s.now()
	head := []string{algorithm, now.Format("20060102T150405Z"), s.scope(now)}
	return fmt.Sprintf("%x", mac(s.key(now), strings.Join(append(head, lines...), "\n")))
}
