package s3

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/checksum"
	"github.com/keyhaven/keyhaven/internal/object"
	"github.com/keyhaven/keyhaven/internal/sigv4"
)

// body is the body of a request, verified against its signature as it is read:
// what was read counts only once Read has returned io.EOF.
type body struct {
	r       io.Reader
	size    int64 // decoded bytes
	chunked *sigv4.ChunkedReader
	md5     []byte
	sum     announcedSum
}

// announcedSum is the additional checksum that the request announces: in a
// header, or in the trailer under the name.
type announcedSum struct {
	algorithm keyhaven.ChecksumAlgorithm
	value     []byte
	trailer   string
}

// Read reads decoded bytes.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errIncompleteBody
	}
	return n, err
}

// body prepares the reading of the request's body.
func (c *call) body() (*body, error) {
	b, err := c.plainBody()
	if err != nil {
		return nil, err
	}
	b.sum, err = readAnnouncedSum(c.r.Header, b.chunked != nil)
	return b, err
}

// plainBody is body for a request whose x-amz-checksum-* headers are not about
// the body.
func (c *call) plainBody() (*body, error) {
	b := &body{r: c.r.Body, size: c.r.ContentLength}
	var err error
	if b.md5, err = contentMD5(c.r.Header); err != nil {
		return nil, err
	}
	sig := c.id.Signature
	switch {
	case sig != nil && sig.Payload.Streaming():
		opt, err := sig.ChunkOptions(c.r, c.id.Key)
		if err != nil {
			return nil, err
		}
		b.chunked = sigv4.NewChunkedReader(c.r.Body, opt)
		b.r, b.size = b.chunked, opt.DecodedLength
	case b.size < 0:
		return nil, errMissingContentLength
	case sig != nil && sig.Payload == sigv4.PayloadSigned:
		b.r = sigv4.NewHashedReader(c.r.Body, sig.PayloadHash)
	}
	if b.size > keyhaven.MaxPutSize {
		return nil, errEntityTooLarge.and("ProposedSize", itoa(b.size)).and("MaxSizeAllowed", itoa(keyhaven.MaxPutSize))
	}
	return b, nil
}

func contentMD5(h http.Header) ([]byte, error) {
	v, ok := h["Content-Md5"]
	if !ok {
		return nil, nil
	}
	sum, err := base64.StdEncoding.DecodeString(v[0])
	if err != nil || len(sum) != md5.Size || len(v) > 1 {
		return nil, errInvalidDigest.and("Content-MD5", v[0])
	}
	return sum, nil
}

const sumHeader = "X-Amz-Checksum-"

// sumHeaders are the canonical names of the headers that carry a checksum.
var sumHeaders = func() map[string]keyhaven.ChecksumAlgorithm {
	m := map[string]keyhaven.ChecksumAlgorithm{}
	for _, a := range keyhaven.ChecksumAlgorithms {
		m[http.CanonicalHeaderKey(sumHeader+a.String())] = a
	}
	return m
}()

// sumNames are those names by algorithm.
var sumNames = func() map[keyhaven.ChecksumAlgorithm]string {
	m := map[keyhaven.ChecksumAlgorithm]string{}
	for name, a := range sumHeaders {
		m[a] = name
	}
	return m
}()

var errManySums = errInvalidRequest.with("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")

func errSumHeader(name string) error {
	return errInvalidRequest.with("Value for " + strings.ToLower(name) + " header is invalid.")
}

// readAnnouncedSum reads x-amz-checksum-*, x-amz-trailer and
// x-amz-sdk-checksum-algorithm.
func readAnnouncedSum(h http.Header, trailers bool) (s announcedSum, err error) {
	n := 0
	for name, v := range h {
		if !strings.HasPrefix(name, sumHeader) {
			continue
		}
		a, ok := sumHeaders[name]
		if !ok {
			continue
		}
		n++
		sum, valid := checksum.Parse(a, v[0])
		if !valid || sum.Type == keyhaven.Composite {
			return s, errSumHeader(name)
		}
		s.algorithm, s.value = a, sum.Value
	}
	if trailers {
		for name := range strings.SplitSeq(h.Get("X-Amz-Trailer"), ",") {
			name = strings.TrimSpace(name)
			if a, ok := sumHeaders[http.CanonicalHeaderKey(name)]; ok {
				n++
				s.algorithm, s.trailer = a, name
			}
		}
	}
	if n > 1 {
		return s, errManySums
	}
	if want := h.Get("X-Amz-Sdk-Checksum-Algorithm"); want != "" {
		a, ok := checksum.ParseAlgorithm(want)
		switch {
		case !ok || n > 0 && a != s.algorithm:
			return s, errInvalidRequest.with("Value for x-amz-sdk-checksum-algorithm header is invalid.")
		case n == 0:
			return s, errInvalidRequest.with("x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.")
		}
	}
	return s, nil
}

// integrity is what the service needs to check the body.
func (b *body) integrity() object.Integrity {
	return object.Integrity{Algorithm: b.sum.algorithm, MD5: b.md5, Expected: b.expected}
}

// expected returns the announced sum; one in the trailer is there once the body
// has ended.
func (b *body) expected() ([]byte, error) {
	if b.sum.trailer == "" {
		return b.sum.value, nil
	}
	v := b.chunked.Trailer().Get(b.sum.trailer)
	sum, ok := checksum.Parse(b.sum.algorithm, v)
	if !ok {
		return nil, errInvalidRequest.with("Value for " + strings.ToLower(b.sum.trailer) + " trailing header is invalid.")
	}
	return sum.Value, nil
}

// verify checks a body that was read as a whole.
func (b *body) verify(raw []byte) error {
	if b.md5 != nil {
		if sum := md5.Sum(raw); !bytes.Equal(sum[:], b.md5) {
			return errBadDigest
		}
	}
	want, err := b.expected()
	if err != nil || want == nil {
		return err
	}
	h := checksum.New(b.sum.algorithm)
	h.Write(raw)
	if !bytes.Equal(h.Sum(nil), want) {
		return &keyhaven.Error{Kind: keyhaven.Invalid, Noun: keyhaven.NounChecksum, ID: b.sum.algorithm.String()}
	}
	return nil
}
