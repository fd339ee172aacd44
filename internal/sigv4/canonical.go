package sigv4

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
)

// canonical writes the canonical request of r as s describes it ("Create a
// canonical request", IAM user guide).
type canonical struct {
	sig     *Signature
	req     *http.Request
	host    string // the Host to assume: req.Host or an alternate
	payload string // the last line
	redact  bool   // for eyes: values that must not be sent back are replaced
	missing string // out: the first signed header that the request lacks
}

func (c *canonical) append(dst []byte) []byte {
	dst = append(append(dst, c.req.Method...), '\n')
	dst = append(c.appendPath(dst), '\n')
	dst = append(c.appendQuery(dst), '\n')
	for _, name := range c.sig.SignedHeaders {
		dst = append(append(dst, name...), ':')
		dst = append(c.appendHeader(dst, name), '\n')
	}
	dst = append(dst, '\n')
	for i, name := range c.sig.SignedHeaders {
		if i > 0 {
			dst = append(dst, ';')
		}
		dst = append(dst, name...)
	}
	return append(append(dst, '\n'), c.payload...)
}

func (c *canonical) appendPath(dst []byte) []byte {
	u := c.req.URL
	if c.sig.Scope.Service == serviceS3 {
		if u.Path == "" {
			return append(dst, '/')
		}
		return appendPath(dst, u.Path)
	}
	// RawPath before EscapedPath: the bytes as received, even where net/url
	// would have escaped them otherwise.
	raw := u.RawPath
	if raw == "" {
		raw = u.EscapedPath()
	}
	return appendNormalPath(dst, raw)
}

// param is one escaped query parameter within a buffer.
type param struct{ start, value, end int }

// appendQuery escapes each name and value, then sorts by the escaped name and
// the escaped value, bytewise.
func (c *canonical) appendQuery(dst []byte) []byte {
	if c.req.URL.RawQuery == "" {
		return dst
	}
	var (
		encStack   [1024]byte
		paramStack [16]param
	)
	enc, params := encStack[:0], paramStack[:0]
	for name, value := range rawParams(c.req.URL.RawQuery) {
		p := param{start: len(enc)}
		enc = appendQuery(enc, name)
		p.value = len(enc)
		switch n := enc[p.start:]; {
		case string(n) == "X-Amz-Signature":
			enc = enc[:p.start]
			continue
		case c.redact && string(n) == "X-Amz-Security-Token":
			value = redacted
		}
		enc = appendQuery(enc, value)
		p.end = len(enc)
		params = append(params, p)
	}
	slices.SortFunc(params, func(a, b param) int {
		if d := bytes.Compare(enc[a.start:a.value], enc[b.start:b.value]); d != 0 {
			return d
		}
		return bytes.Compare(enc[a.value:a.end], enc[b.value:b.end])
	})
	for i, p := range params {
		if i > 0 {
			dst = append(dst, '&')
		}
		dst = append(append(dst, enc[p.start:p.value]...), '=')
		dst = append(dst, enc[p.value:p.end]...)
	}
	return dst
}

// appendHeader appends the value of a signed header. Some never reach
// r.Header, as net/http takes them out: Host; Transfer-Encoding; Content-Length
// of a request made by hand; Expect over HTTP/2 (and proxies answer it
// themselves, so its only value is assumed). Trailer is taken out too and loses
// its spelling; no SDK signs it, and it counts as missing.
func (c *canonical) appendHeader(dst []byte, name string) []byte {
	if c.redact && isSecretHeader(name) {
		return append(dst, redacted...)
	}
	var key [64]byte
	values, present := c.req.Header[string(appendHeaderKey(key[:0], name))]
	switch {
	case name == "host":
		return appendCollapsed(dst, c.host)
	case name == "content-length" && c.req.ContentLength >= 0:
		return strconv.AppendInt(dst, c.req.ContentLength, 10)
	case present:
	case name == "transfer-encoding" && len(c.req.TransferEncoding) > 0:
		values = c.req.TransferEncoding
	case name == "expect":
		return append(dst, "100-continue"...)
	case c.missing == "":
		c.missing = name
	}
	for i, v := range values {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendCollapsed(dst, v)
	}
	return dst
}

// appendHeaderKey spells a lower-case name as http.Header does.
func appendHeaderKey(dst []byte, name string) []byte {
	up := true
	for i := range len(name) {
		ch := name[i]
		if up && isLower(ch) {
			ch -= 'a' - 'A'
		}
		up = ch == '-'
		dst = append(dst, ch)
	}
	return dst
}

// isSecretHeader names the headers whose values stay out of error documents.
func isSecretHeader(name string) bool {
	switch name {
	case "x-amz-security-token",
		"x-amz-server-side-encryption-customer-key",
		"x-amz-copy-source-server-side-encryption-customer-key":
		return true
	}
	return false
}
