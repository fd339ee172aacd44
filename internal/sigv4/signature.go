package sigv4

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/keyhaven/keyhaven"
)

// Limits and fixed words of the protocol.
const (
	MaxSkew        = 15 * time.Minute   // header form, and presigned requests from the future
	MaxExpires     = 7 * 24 * time.Hour // presigned
	defaultExpires = 15 * time.Minute   // presigned, services other than S3, when not given

	maxAuthorization = 16 << 10 // bytes of an Authorization header
	maxSignedHeaders = 256
	maxAccessKeyID   = 128
	maxScopePart     = 64

	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	serviceS3  = "s3"
	timeFormat = "20060102T150405Z"
	dateFormat = "20060102"
)

// Scope is the credential scope of a signature: the day, region and service
// that its signing key is good for.
type Scope struct {
	Date    string // YYYYMMDD
	Region  string
	Service string
}

// String is the scope as it stands in a string to sign.
func (s Scope) String() string {
	return string(s.append(nil))
}

// Signature is what a request claims about its signer. Nothing in it is to be
// believed before Verify returned nil.
type Signature struct {
	AccessKeyID   string // 1-128 of A-Z a-z 0-9 _ - .
	Scope         Scope
	SignedHeaders []string // lower case, sorted, no duplicates
	Time          time.Time
	Presigned     bool
	Expires       time.Duration   // presigned only: 0 to MaxExpires
	SessionToken  keyhaven.Secret // zero for long-term keys
	PayloadHash   string          // S3: the declared hash or its stand-in, as sent; elsewhere ""
	Payload       Payload

	signature string
	stamp     string // Time as in the string to sign
	form      bool   // of an HTML form: the policy is what is signed
	policy    string
}

// Provided returns the signature as the client sent it.
func (s *Signature) Provided() string { return s.signature }

// Parse reads the signature of r from its Authorization header or from its
// query (the presigned form), without verifying it. It returns ErrUnsigned when
// r carries none, and an *Error otherwise. It does not read the body.
// AWS: "Authenticating Requests" in the S3 API reference.
func Parse(r *http.Request) (*Signature, error) {
	q := scanQuery(r.URL.RawQuery)
	header, inHeader := r.Header["Authorization"]
	switch {
	case inHeader && (q.isV4() || q.v2), q.isV4() && q.v2:
		return nil, refuse(BothHeaderAndQuery, "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "+
			"Signature query string parameter or the Authorization header should be specified")
	case inHeader:
		return parseHeader(r, header)
	case q.isV4():
		return parsePresigned(r, &q)
	case q.v2:
		return nil, errSignatureV2()
	}
	return nil, ErrUnsigned
}

func errSignatureV2() error {
	return refuse(SignatureV2, "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.")
}

// parseCredential splits <access key id>/<date>/<region>/<service>/aws4_request.
func parseCredential(s string) (id string, scope Scope, ok bool) {
	var parts [5]string
	n := 0
	for part := range strings.SplitSeq(s, "/") {
		if n == len(parts) {
			return "", Scope{}, false
		}
		parts[n] = part
		n++
	}
	ok = n == len(parts) && parts[4] == terminator &&
		allIn(parts[0], maxAccessKeyID, isKeyIDByte) &&
		len(parts[1]) == len(dateFormat) && allIn(parts[1], len(dateFormat), isDigit) &&
		allIn(parts[2], maxScopePart, isScopeByte) &&
		allIn(parts[3], maxScopePart, isScopeByte)
	return parts[0], Scope{Date: parts[1], Region: parts[2], Service: parts[3]}, ok
}

// parseSignedHeaders splits "a;b;c". The names must be lower-case tokens; their
// order is not held against the client, as the canonical request sorts them.
func parseSignedHeaders(s string) ([]string, bool) {
	n := strings.Count(s, ";") + 1
	if n > maxSignedHeaders {
		return nil, false
	}
	names := make([]string, 0, n)
	for name := range strings.SplitSeq(s, ";") {
		if !allIn(name, maxAuthorization, isHeaderNameByte) {
			return nil, false
		}
		names = append(names, name)
	}
	if !slices.IsSorted(names) {
		slices.Sort(names)
	}
	if len(slices.Compact(names)) != n {
		return nil, false
	}
	return names, true
}

// setStamp reads a time in the ISO 8601 basic form and no other; time.Parse
// alone would also take fractions of a second.
func (s *Signature) setStamp(stamp string) error {
	t, err := time.Parse(timeFormat, stamp)
	if err != nil || len(stamp) != len(timeFormat) {
		return refuse(BadDate, `X-Amz-Date must be in the ISO8601 Long Format "yyyyMMdd'T'HHmmss'Z'"`)
	}
	s.Time, s.stamp = t, stamp
	if day := stamp[:len(dateFormat)]; day != s.Scope.Date {
		return refuse(DateScopeMismatch, `Invalid credential date "`+s.Scope.Date+
			`". This date is not the same as X-Amz-Date: "`+day+`".`)
	}
	return nil
}

// single returns the one value of a header that must not repeat.
func single(h http.Header, key string) (value string, present, ok bool) {
	vs := h[key]
	switch len(vs) {
	case 0:
		return "", false, true
	case 1:
		return vs[0], true, true
	}
	return "", true, false
}

func allIn(s string, most int, in func(byte) bool) bool {
	if s == "" || len(s) > most {
		return false
	}
	for i := range len(s) {
		if !in(s[i]) {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }

func isKeyIDByte(c byte) bool { return isScopeByte(c) || c == '.' }
func isScopeByte(c byte) bool { return isLower(c) || isUpper(c) || isDigit(c) || c == '-' || c == '_' }

// isHeaderNameByte accepts the tokens of RFC 9110 without upper case.
func isHeaderNameByte(c byte) bool {
	return isLower(c) || isDigit(c) || c == '-' || strings.IndexByte("!#$%&'*+.^_`|~", c) >= 0
}
