package sigv4

import (
	"net/http"
	"strings"

	"github.com/keyhaven/keyhaven"
)

const malformedPrefix = "The authorization header is malformed; "

// parseHeader reads the Authorization form:
//
//	AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…
func parseHeader(r *http.Request, header []string) (*Signature, error) {
	if len(header) != 1 || len(header[0]) > maxAuthorization {
		return nil, refuse(Malformed, "The Authorization header must be given once and be at most 16 KiB long.")
	}
	scheme, rest, ok := strings.Cut(header[0], " ")
	switch {
	case !ok:
		return nil, refuse(UnsupportedAlgorithm, "Authorization header is invalid -- one and only one ' ' (space) required")
	case scheme == "AWS":
		return nil, errSignatureV2()
	case scheme != algorithm:
		return nil, refuse(UnsupportedAlgorithm, "Unsupported Authorization Type")
	}
	c, ok := parseComponents(rest)
	if !ok {
		return nil, refuse(Malformed, malformedPrefix+
			"the authorization header requires three components: Credential, SignedHeaders, and Signature.")
	}
	s := &Signature{signature: c.signature}
	if s.AccessKeyID, s.Scope, ok = parseCredential(c.credential); !ok {
		return nil, refuse(Malformed, malformedPrefix+
			`the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".`)
	}
	if s.SignedHeaders, ok = parseSignedHeaders(c.signedHeaders); !ok {
		return nil, refuse(Malformed, malformedPrefix+
			"SignedHeaders must be a list of distinct lower-case header names separated by semicolons.")
	}
	if err := s.timeFromHeaders(r.Header); err != nil {
		return nil, err
	}
	if s.SessionToken, ok = tokenFromHeader(r.Header); !ok {
		return nil, refuse(Malformed, "X-Amz-Security-Token must be given once.")
	}
	if err := s.payloadFromHeader(r.Header); err != nil {
		return nil, err
	}
	return s, nil
}

type components struct{ credential, signedHeaders, signature string }

func parseComponents(s string) (c components, ok bool) {
	for part := range strings.SplitSeq(s, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		var field *string
		switch name {
		case "Credential":
			field = &c.credential
		case "SignedHeaders":
			field = &c.signedHeaders
		case "Signature":
			field = &c.signature
		default:
			return c, false
		}
		if value == "" || *field != "" {
			return c, false
		}
		*field = value
	}
	return c, c.credential != "" && c.signedHeaders != "" && c.signature != ""
}

// timeFromHeaders takes X-Amz-Date, or Date where a client cannot set the
// former ("Elements of an AWS API request signature", IAM user guide).
func (s *Signature) timeFromHeaders(h http.Header) error {
	v, present, once := single(h, "X-Amz-Date")
	if !present {
		return s.timeFromDate(h)
	}
	if !once {
		v = ""
	}
	return s.setStamp(v)
}

func (s *Signature) timeFromDate(h http.Header) error {
	const detail = "AWS authentication requires a valid Date or x-amz-date header"
	v, present, once := single(h, "Date")
	if !present {
		return refuse(MissingDate, detail)
	}
	if t, err := http.ParseTime(v); err == nil {
		v = t.UTC().Format(timeFormat)
	}
	if !once {
		v = ""
	}
	return s.setStamp(v)
}

func tokenFromHeader(h http.Header) (keyhaven.Secret, bool) {
	v, _, once := single(h, "X-Amz-Security-Token")
	return keyhaven.NewSecret(v), once
}
