package s3

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/keyhaven/keyhaven"
)

// scope says what an operation is about.
type scope uint8

const (
	onService scope = iota
	onBucket
	onObject
)

// target is what a request names: a pure parse of its host, path and query.
type target struct {
	scope       scope
	bucketName  string
	key         string
	virtualHost bool
	query       query
}

// query is the decoded query string, in the order it came.
type query []param

type param struct {
	name, value string
	bare        bool // given without "="
}

func (q query) get(name string) string {
	for i := range q {
		if q[i].name == name {
			return q[i].value
		}
	}
	return ""
}

func (q query) has(name string) bool {
	for i := range q {
		if q[i].name == name {
			return true
		}
	}
	return false
}

// parseTarget reads the bucket from the host or the first path segment, and the
// key from the rest. The path is decoded once and never cleaned: "a//b", "." and
// ".." are keys like any other.
func parseTarget(r *http.Request, domain string) (t target, err error) {
	if t.query, err = parseQuery(r.URL.RawQuery); err != nil {
		return t, err
	}
	path := r.URL.EscapedPath()
	if path == "*" { // OPTIONS *
		return t, errMethodNotAllowed
	}
	path, err = url.PathUnescape(strings.TrimPrefix(path, "/"))
	if err != nil {
		return t, errInvalidURI
	}
	if t.bucketName = bucketOfHost(r.Host, domain); t.bucketName != "" {
		t.virtualHost, t.key = true, path
	} else {
		t.bucketName, t.key, _ = strings.Cut(path, "/")
	}
	switch {
	case t.bucketName == "" && t.key != "": // "//key"
		return t, errInvalidBucketName.and("BucketName", "")
	case t.key != "":
		t.scope = onObject
		if err := keyhaven.ValidObjectKey(t.key); err != nil {
			return t, err
		}
	case t.bucketName != "":
		t.scope = onBucket
	}
	return t, nil
}

// BucketHost reports whether the host of a request names a bucket.
func (d *Door) BucketHost(host string) bool { return bucketOfHost(host, d.opts.Domain) != "" }

// bucketOfHost returns the bucket that the host names under the domain, or "".
func bucketOfHost(host, domain string) string {
	if domain == "" {
		return ""
	}
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	name, ok := strings.CutSuffix(host, "."+domain)
	if !ok {
		return ""
	}
	return withoutEndpoint(name)
}

// withoutEndpoint takes "s3" and "s3.REGION" off the end of what stands before
// the domain.
func withoutEndpoint(name string) string {
	if name == "s3" {
		return ""
	}
	if b, ok := strings.CutSuffix(name, ".s3"); ok {
		return b
	}
	i := strings.LastIndexByte(name, '.')
	if i >= 0 && keyhaven.ValidRegionName(name[i+1:]) {
		switch rest := name[:i]; {
		case rest == "s3":
			return ""
		case strings.HasSuffix(rest, ".s3"):
			return strings.TrimSuffix(rest, ".s3")
		}
	}
	return name
}

// maxQuery bounds the parameters of a request; S3's longest operation has about
// thirty with a presigned signature.
const maxQuery = 128

func parseQuery(raw string) (query, error) {
	if raw == "" {
		return nil, nil
	}
	if strings.Count(raw, "&") >= maxQuery {
		return nil, errInvalidURI
	}
	q := make(query, 0, 8)
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if pair == "" {
			continue
		}
		name, value, valued := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return nil, errInvalidURI
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return nil, errInvalidURI
		}
		q = append(q, param{name, value, !valued})
	}
	return q, nil
}

// routes finds the operation of a request: by method and scope, then by the
// first row whose selectors the request has.
type routes map[routeKey][]*operation

type routeKey struct {
	method string
	scope  scope
}

func newRoutes(ops []*operation) routes {
	rs := routes{}
	for _, op := range ops {
		k := routeKey{op.method, op.scope}
		rs[k] = append(rs[k], op)
	}
	return rs
}

func (rs routes) find(method string, t target, h http.Header) (*operation, error) {
	ops := rs[routeKey{method, t.scope}]
	// A cache buster on the address of an object ("logo.png?42") looks like a
	// subresource and harms nobody; on anything else it is taken for one.
	read := t.scope == onObject && (method == http.MethodGet || method == http.MethodHead)
	for _, op := range ops {
		if op.selects(t.query, h) {
			if op.param == "" && t.query.subresource(!read) {
				return nil, t.unknownSubresource(method)
			}
			return op, nil
		}
	}
	return nil, errMethodNotAllowed.and("Method", method).and("ResourceType", [...]string{"SERVICE", "BUCKET", "OBJECT"}[t.scope])
}

// unknownSubresource is the answer to a subresource that no row has for the
// method and scope. S3 has words of its own for two of a bucket's.
func (t *target) unknownSubresource(method string) error {
	if t.scope == onObject && method == http.MethodGet {
		switch {
		case t.query.has("uploads"):
			return errInvalidRequest.with("Key is not expected for the GET method ?uploads subresource")
		case t.query.has("versions"):
			return errInvalidRequest.with("There is no such thing as the ?versions sub-resource for a key")
		}
	}
	return errNotImplemented
}

// selects reports whether the request has what the row asks for.
func (op *operation) selects(q query, h http.Header) bool {
	if op.param != "" && !q.has(op.param) {
		return false
	}
	if op.value != "" && q.get(op.param) != op.value {
		return false
	}
	if op.param2 != "" && !q.has(op.param2) {
		return false
	}
	return op.header == "" || len(h[op.header]) > 0 || q.hoists(op.header)
}

// subresource reports whether the query names a subresource: one that S3 has,
// or where unknown is set any parameter without "=" that is no part of a plain
// request.
func (q query) subresource(unknown bool) bool {
	for i := range q {
		if subresources[q[i].name] || unknown && q[i].bare && !plainParams[q[i].name] {
			return true
		}
	}
	return false
}

// plainParams are the parameters of plain requests that clients send without a
// value.
var plainParams = map[string]bool{
	"prefix": true, "delimiter": true, "marker": true, "max-keys": true, "encoding-type": true,
	"start-after": true, "fetch-owner": true, "continuation-token": true, "x-id": true,
	"max-buckets": true, "bucket-region": true,
}
