package sigv4

import (
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/keyhaven/keyhaven"
)

// queryAuth is the authorization part of a query. A set field was present, even
// if empty.
type queryAuth struct {
	algorithm, credential, date, expires, signedHeaders, signature, token, contentHash queryParam
	v2                                                                                 bool
	repeated                                                                           bool
}

type queryParam struct {
	value string
	set   bool
}

// isV4 reports whether the client meant to presign: then anonymous is no longer
// an answer, whatever part is missing.
func (q *queryAuth) isV4() bool { return q.algorithm.set || q.credential.set || q.signature.set }

func scanQuery(raw string) queryAuth {
	var q queryAuth
	for name, value := range rawParams(raw) {
		var p *queryParam
		switch unescapeQuery(name) {
		case "X-Amz-Algorithm":
			p = &q.algorithm
		case "X-Amz-Credential":
			p = &q.credential
		case "X-Amz-Date":
			p = &q.date
		case "X-Amz-Expires":
			p = &q.expires
		case "X-Amz-SignedHeaders":
			p = &q.signedHeaders
		case "X-Amz-Signature":
			p = &q.signature
		case "X-Amz-Security-Token":
			p = &q.token
		case "X-Amz-Content-Sha256":
			p = &q.contentHash
		case "AWSAccessKeyId":
			q.v2 = true
			continue
		default:
			continue
		}
		q.repeated = q.repeated || p.set
		*p = queryParam{value: unescapeQuery(value), set: true}
	}
	return q
}

// rawParams ranges over the parameters of a raw query, still escaped. "a" and
// "a=" are the same parameter; empty parts ("a&&b") are none.
func rawParams(raw string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for raw != "" {
			var part string
			part, raw, _ = strings.Cut(raw, "&")
			if part == "" {
				continue
			}
			name, value, _ := strings.Cut(part, "=")
			if !yield(name, value) {
				return
			}
		}
	}
}

// parsePresigned reads the query form. AWS: "Authenticating Requests: Using
// Query Parameters" in the S3 API reference.
func parsePresigned(r *http.Request, q *queryAuth) (*Signature, error) {
	if err := q.complete(); err != nil {
		return nil, err
	}
	s := &Signature{Presigned: true, signature: q.signature.value}
	var ok bool
	if s.AccessKeyID, s.Scope, ok = parseCredential(q.credential.value); !ok {
		return nil, refuse(MalformedQuery, `Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; `+
			`expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".`)
	}
	if s.SignedHeaders, ok = parseSignedHeaders(q.signedHeaders.value); !ok {
		return nil, refuse(MalformedQuery,
			"X-Amz-SignedHeaders must be a list of distinct lower-case header names separated by semicolons.")
	}
	if err := s.setStamp(q.date.value); err != nil {
		return nil, err
	}
	if err := s.expiresFromQuery(q.expires); err != nil {
		return nil, err
	}
	if err := s.tokenFromQuery(r.Header, q.token); err != nil {
		return nil, err
	}
	if err := s.payloadFromQuery(r.Header, q.contentHash); err != nil {
		return nil, err
	}
	return s, nil
}

func (q *queryAuth) complete() error {
	switch {
	case q.repeated:
		return refuse(MalformedQuery, "A query parameter of the signature is given more than once.")
	case q.algorithm.set && q.algorithm.value != algorithm:
		return refuse(UnsupportedAlgorithm, `X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"`)
	case !q.algorithm.set || q.credential.value == "" || q.date.value == "" ||
		q.signedHeaders.value == "" || q.signature.value == "":
		return errIncompleteQuery()
	}
	return nil
}

func errIncompleteQuery() error {
	return refuse(MalformedQuery, "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "+
		"X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.")
}

func (s *Signature) expiresFromQuery(p queryParam) error {
	switch v := p.value; {
	case v == "" && s.Scope.Service != serviceS3 && !p.set:
		s.Expires = defaultExpires
		return nil
	case v == "":
		return errIncompleteQuery()
	case v[0] == '-' && allIn(v[1:], len(v), isDigit):
		return refuse(InvalidExpires, "X-Amz-Expires must be non-negative")
	case !allIn(v, len(v), isDigit):
		return refuse(InvalidExpires, "X-Amz-Expires should be a number")
	default:
		n, err := strconv.ParseInt(v, 10, 32)
		if err != nil || time.Duration(n)*time.Second > MaxExpires {
			return refuse(InvalidExpires, "X-Amz-Expires must be less than a week (in seconds); "+
				"that is, the given X-Amz-Expires must be less than 604800 seconds")
		}
		s.Expires = time.Duration(n) * time.Second
		return nil
	}
}

// tokenFromQuery takes the session token from the query, or from a header,
// which Verify then insists to be signed. Two tokens would let a door and a
// proxy disagree on whose session it is.
func (s *Signature) tokenFromQuery(h http.Header, p queryParam) error {
	token, once := tokenFromHeader(h)
	if !once || p.set && !token.IsZero() {
		return refuse(MalformedQuery, "X-Amz-Security-Token must be given once.")
	}
	if p.set {
		token = keyhaven.NewSecret(p.value)
	}
	s.SessionToken = token
	return nil
}
