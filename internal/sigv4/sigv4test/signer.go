package sigv4test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keyhaven/keyhaven"
)

// Signer signs requests as one access key.
type Signer struct {
	AccessKeyID string
	Secret      keyhaven.Secret
	Token       keyhaven.Secret // session token of temporary credentials; zero for none
	Region      string
	Service     string           // "s3", "lightsail", "iam", "sts"
	Now         func() time.Time // time.Now when nil
}

// The stand-ins for a payload hash.
const (
	UnsignedPayload          = "UNSIGNED-PAYLOAD"
	StreamingSigned          = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	StreamingSignedTrailer   = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
	StreamingUnsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
)

// SignHeader gives r the body and signs it with the Authorization header.
func (s Signer) SignHeader(r *http.Request, body []byte) {
	setBody(r, body)
	s.Sign(r, hexHash(body))
}

// SignUnsigned signs r without covering its body, which r keeps.
func (s Signer) SignUnsigned(r *http.Request) { s.Sign(r, UnsignedPayload) }

// Sign signs r with the Authorization header over a payload hash or one of its
// stand-ins and returns the signature. Every header is signed that r has, but
// those that are rewritten on the way; X-Amz-Date is set, and for S3
// X-Amz-Content-Sha256.
func (s Signer) Sign(r *http.Request, payloadHash string) string {
	now := s.now()
	r.Header.Del("Authorization")
	r.Header.Set("X-Amz-Date", now.Format("20060102T150405Z"))
	if s.Service == "s3" {
		r.Header.Set("X-Amz-Content-Sha256", payloadHash)
	}
	if !s.Token.IsZero() {
		r.Header.Set("X-Amz-Security-Token", s.Token.Reveal())
	}
	headers := signedHeaders(r, true)
	signature := s.signature(now, s.canonical(r, r.URL.Query(), headers, payloadHash))
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+s.AccessKeyID+"/"+s.scope(now)+
		", SignedHeaders="+nameList(headers)+", Signature="+signature)
	return signature
}

// Presign signs r in its query, for so long, and returns the URL, which r then
// has too. The headers that r has at the time must be sent with it.
func (s Signer) Presign(r *http.Request, expires time.Duration) string {
	payloadHash := UnsignedPayload
	if s.Service != "s3" {
		payloadHash = hexHash(nil)
	}
	now, headers := s.now(), signedHeaders(r, false)
	query := r.URL.Query()
	query.Set("X-Amz-Algorithm", "AWS4-HMAC-SHA256")
	query.Set("X-Amz-Credential", s.AccessKeyID+"/"+s.scope(now))
	query.Set("X-Amz-Date", now.Format("20060102T150405Z"))
	query.Set("X-Amz-Expires", strconv.FormatInt(int64(expires/time.Second), 10))
	query.Set("X-Amz-SignedHeaders", nameList(headers))
	if !s.Token.IsZero() {
		query.Set("X-Amz-Security-Token", s.Token.Reveal())
	}
	signature := s.signature(now, s.canonical(r, query, headers, payloadHash))
	r.URL.RawQuery = encodeQuery(query) + "&X-Amz-Signature=" + signature
	if r.RequestURI != "" {
		r.RequestURI = r.URL.RequestURI()
	}
	return r.URL.String()
}

func (s Signer) now() time.Time {
	if s.Now == nil {
		return time.Now().UTC()
	}
	return s.Now().UTC()
}

func (s Signer) scope(now time.Time) string {
	return now.Format("20060102") + "/" + s.Region + "/" + s.Service + "/aws4_request"
}

func (s Signer) key(now time.Time) []byte {
	key := []byte("AWS4" + s.Secret.Reveal())
	for part := range strings.SplitSeq(s.scope(now), "/") {
		key = mac(key, part)
	}
	return key
}

func (s Signer) signature(now time.Time, canonical string) string {
	return hex.EncodeToString(mac(s.key(now), strings.Join([]string{
		"AWS4-HMAC-SHA256", now.Format("20060102T150405Z"), s.scope(now), hexHash([]byte(canonical)),
	}, "\n")))
}

func (s Signer) canonical(r *http.Request, query url.Values, headers map[string]string, payloadHash string) string {
	path := escape(r.URL.Path, true)
	if s.Service != "s3" {
		path = escape(r.URL.EscapedPath(), true)
	}
	if path == "" {
		path = "/"
	}
	lines := []string{r.Method, path, encodeQuery(query)}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		lines = append(lines, name+":"+headers[name])
	}
	lines = append(lines, "", nameList(headers), payloadHash)
	return strings.Join(lines, "\n")
}

// signedHeaders returns the headers to sign with their canonical values.
func signedHeaders(r *http.Request, length bool) map[string]string {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	signed := map[string]string{"host": host}
	if length && r.ContentLength > 0 {
		signed["content-length"] = strconv.FormatInt(r.ContentLength, 10)
	}
	for key, values := range r.Header {
		switch name := strings.ToLower(key); name {
		case "authorization", "user-agent", "expect", "transfer-encoding", "content-length", "x-amzn-trace-id", "host":
		default:
			clean := make([]string, len(values))
			for i, v := range values {
				clean[i] = strings.Join(strings.FieldsFunc(v, func(c rune) bool { return c == ' ' }), " ")
			}
			signed[name] = strings.Join(clean, ",")
		}
	}
	return signed
}

func nameList(headers map[string]string) string {
	return strings.Join(slices.Sorted(maps.Keys(headers)), ";")
}

func encodeQuery(q url.Values) string {
	pairs := make([][2]string, 0, len(q))
	for name, values := range q {
		for _, v := range values {
			pairs = append(pairs, [2]string{escape(name, false), escape(v, false)})
		}
	}
	slices.SortFunc(pairs, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	parts := make([]string, len(pairs))
	for i, p := range pairs {
		parts[i] = p[0] + "=" + p[1]
	}
	return strings.Join(parts, "&")
}

// escape leaves RFC 3986's unreserved characters, and slashes if told so.
func escape(s string, slashes bool) string {
	s = strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
	if slashes {
		s = strings.ReplaceAll(s, "%2F", "/")
	}
	return s
}

func setBody(r *http.Request, body []byte) {
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.ContentLength = int64(len(body))
	r.TransferEncoding = nil
	if len(body) == 0 {
		r.Body = http.NoBody
	}
}

func mac(key []byte, msg string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(msg))
	return h.Sum(nil)
}

func hexHash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
