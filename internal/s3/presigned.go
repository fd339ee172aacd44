package s3

import (
	"net/http"
	"strings"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/checksum"
)

// Presigners move headers into the query ("hoisting"): x-amz-acl, x-amz-meta-*,
// x-amz-copy-source and the like then count as if they were headers.

const amzPrefix = "x-amz-"

// signing are the parameters of the signature itself.
var signing = map[string]bool{
	"x-amz-algorithm": true, "x-amz-credential": true, "x-amz-date": true, "x-amz-expires": true,
	"x-amz-signedheaders": true, "x-amz-signature": true, "x-amz-security-token": true, "x-amz-content-sha256": true,
}

// hoists reports whether a presigned query carries the header.
func (q query) hoists(header string) bool {
	found := false
	for i := range q {
		found = found || strings.EqualFold(q[i].name, header)
	}
	return found && q.has("X-Amz-Signature")
}

// takeHoisted gives the request the headers that its presigned query carries.
// It must come after the signature was verified, which covers the query.
func (c *call) takeHoisted() {
	for _, p := range c.query {
		name := strings.ToLower(p.name)
		if !strings.HasPrefix(name, amzPrefix) || signing[name] || emptySum(name, p.value) {
			continue
		}
		header := http.CanonicalHeaderKey(name)
		if _, signed := c.r.Header[header]; !signed {
			c.r.Header[header] = []string{p.value}
		}
	}
}

// emptySum reports whether the parameter announces the checksum of no bytes, or
// names its algorithm: SDKs presign before there is a body and announce the sum
// of the empty one, which S3 ignores.
func emptySum(name, value string) bool {
	if name == "x-amz-sdk-checksum-algorithm" {
		return true
	}
	a, ok := sumHeaders[http.CanonicalHeaderKey(name)]
	return ok && value == checksum.Format(keyhaven.Checksum{Algorithm: a, Value: checksum.New(a).Sum(nil)})
}
