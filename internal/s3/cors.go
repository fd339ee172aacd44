package s3

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/keyhaven/keyhaven"
)

const (
	allowOrigin   = "Access-Control-Allow-Origin"
	requestMethod = "Access-Control-Request-Method"
)

// corsVary is what an answer depends on besides the address.
var corsVary = []string{"Origin, Access-Control-Request-Headers, Access-Control-Request-Method"}

// shareWithOrigin lets the page that asks read the answer, an error too, if the
// bucket's rules say so. Whether the request may be made at all is decided
// elsewhere: these rules never grant anything. It fails silently, as whatever
// is wrong with the bucket comes to light when the request is authorized.
func (d *Door) shareWithOrigin(c *call) {
	origin := c.r.Header.Get("Origin")
	h := c.w.Header()
	if origin == "" || c.bucketName == "" || h[allowOrigin] != nil {
		return
	}
	doc, err := d.corsRules(c.r.Context(), c.bucketName)
	if err != nil || doc == nil {
		return
	}
	h["Vary"] = corsVary
	method := c.r.Method
	if m := c.r.Header.Get(requestMethod); m != "" {
		method = m
	}
	if rule, match := doc.Match(origin, method, requestedHeaders(c.r.Header)); rule != nil {
		share(h, rule, match, origin)
	}
}

func (d *Door) corsRules(ctx context.Context, bucketName string) (*keyhaven.CORS, error) {
	b, err := d.buckets.Get(ctx, bucketName)
	if err != nil {
		return nil, err
	}
	return d.buckets.CORS(ctx, b)
}

// share writes the headers that every shared answer has. Credentials of the
// browser's own are for origins that are named, never for a pattern (S10).
func share(h http.Header, rule *keyhaven.CORSRule, match keyhaven.OriginMatch, origin string) {
	if match == keyhaven.OriginAny {
		origin = "*"
	}
	h.Set(allowOrigin, origin)
	h.Set("Access-Control-Allow-Methods", strings.Join(rule.AllowedMethods, ", "))
	if len(rule.ExposeHeaders) > 0 {
		h.Set("Access-Control-Expose-Headers", strings.Join(rule.ExposeHeaders, ", "))
	}
	if rule.MaxAge != nil {
		h.Set("Access-Control-Max-Age", strconv.Itoa(int(*rule.MaxAge)))
	}
	if match == keyhaven.OriginExact {
		h.Set("Access-Control-Allow-Credentials", "true")
	}
}

// requestedHeaders are the headers that the page wants to send.
func requestedHeaders(h http.Header) (names []string) {
	for name := range strings.SplitSeq(h.Get("Access-Control-Request-Headers"), ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, strings.ToLower(name))
		}
	}
	return names
}

var (
	errNoOrigin = &wireError{code: "BadRequest", status: 400, message: "Insufficient information. Origin request header needed."}
	errNoMethod = &wireError{code: "BadRequest", status: 400, message: "Invalid Access-Control-Request-Method: null"}
	errForeign  = &wireError{code: "AccessForbidden", status: 403, message: "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec."}
)

// preflight answers a browser that asks before it sends a request for a page of
// another origin (User Guide, "Using cross-origin resource sharing"). It needs
// no signature, as browsers send none.
func (d *Door) preflight(c *call) error {
	c.record.Op = "PreflightRequest"
	origin, method := c.r.Header.Get("Origin"), c.r.Header.Get(requestMethod)
	switch {
	case c.bucketName == "":
		return errMethodNotAllowed
	case origin == "":
		return errNoOrigin
	case method == "":
		return errNoMethod
	}
	kind := "BUCKET"
	if c.key != "" {
		kind = "OBJECT"
	}
	doc, err := d.corsRules(c.r.Context(), c.bucketName)
	if err != nil {
		return err
	}
	if doc == nil {
		return errForeign.with("CORSResponse: CORS is not enabled for this bucket.").and("Method", method).and("ResourceType", kind)
	}
	headers := requestedHeaders(c.r.Header)
	rule, match := doc.Match(origin, method, headers)
	if rule == nil {
		return errForeign.and("Method", method).and("ResourceType", kind)
	}
	h := c.w.Header()
	share(h, rule, match, origin)
	if len(headers) > 0 {
		h.Set("Access-Control-Allow-Headers", strings.Join(headers, ", "))
	}
	h["Vary"] = corsVary
	c.ok()
	return nil
}
