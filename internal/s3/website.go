package s3

import (
	"cmp"
	"errors"
	"html"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/edge"
	"github.com/keyhaven/keyhaven/internal/object"
)

// page is the one operation of a website: the read of an object by anybody. It
// is no row, as no client of the API can reach it.
var page = &operation{name: "WebsiteGetObject", scope: onObject, action: "s3:GetObject", byACL: true}

// Website answers the hosts BUCKET.domain as websites ("Website endpoints"):
// pages for browsers, GET and HEAD alone, never signed.
type Website struct {
	door   *Door
	domain string
}

// NewWebsite returns the website endpoint under the domain.
func NewWebsite(d *Door, domain string) *Website {
	return &Website{door: d, domain: strings.ToLower(strings.TrimSuffix(domain, "."))}
}

// Host reports whether the host of a request is that of a website.
func (s *Website) Host(host string) bool { return s.bucket(host) != "" }

func (s *Website) bucket(host string) string {
	if s.domain == "" {
		return ""
	}
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	name, ok := strings.CutSuffix(strings.ToLower(strings.TrimSuffix(host, ".")), "."+s.domain)
	if !ok {
		return ""
	}
	return name
}

// visit is one request for a page.
type visit struct {
	*call
	door *Door
	site *keyhaven.Website
}

// ServeHTTP answers one request for a page.
func (s *Website) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{w: w, r: r, op: page, id: access.Nobody(r), record: edge.RecordOf(w), door: s.door}
	c.record.Door, c.record.Op, c.record.Principal = "website", page.name, &c.id.Principal
	id := []string{c.record.RequestID}
	w.Header()["X-Amz-Request-Id"], w.Header()["X-Amz-Id-2"] = id, id
	defer s.door.logAccess(c)
	v := &visit{call: c, door: s.door}
	if err := v.serve(s.bucket(r.Host)); err != nil {
		v.fail(err)
	}
}

func (v *visit) serve(bucketName string) (err error) {
	c := v.call
	c.scope, c.bucketName, c.virtualHost = onObject, bucketName, true
	if c.key, err = url.PathUnescape(strings.TrimPrefix(c.r.URL.EscapedPath(), "/")); err != nil {
		return errInvalidURI
	}
	c.record.Bucket, c.record.Key = c.bucketName, c.key
	switch c.r.Method {
	case http.MethodOptions:
		return v.door.preflight(c)
	case http.MethodGet, http.MethodHead:
	default:
		c.w.Header().Set("Allow", "GET, HEAD, OPTIONS")
		return errMethodNotAllowed
	}
	v.door.shareWithOrigin(c)
	ctx := c.r.Context()
	if c.bucket, err = v.door.buckets.Get(ctx, bucketName); err != nil {
		return err
	}
	if v.site, err = v.door.buckets.Website(ctx, c.bucket); err != nil {
		return err
	}
	if v.site == nil {
		return errNoWebsite.and("BucketName", bucketName)
	}
	if t := v.site.Redirect; t != nil {
		return v.redirect(t, c.r.URL.EscapedPath())
	}
	if rule := v.site.Rule(c.key, 0); rule != nil {
		return v.redirect(&rule.Redirect, "/"+encodePath(rule.Key(c.key)))
	}
	asked := c.key
	if asked == "" || strings.HasSuffix(asked, "/") {
		c.key += v.site.Index
	}
	if err = v.send(http.StatusOK); err == nil || c.key != asked {
		return err
	}
	return v.directory(asked, err)
}

// directory redirects a request for what is no object but has an index to the
// address of that index, so that relative links in it work.
func (v *visit) directory(asked string, err error) error {
	if e, _ := v.translate(err); e.status != http.StatusNotFound && e.status != http.StatusForbidden {
		return err
	}
	v.key = asked + "/" + v.site.Index
	defer func() { v.key = asked }()
	if v.may() != nil {
		return err
	}
	in := object.GetInput{Bucket: v.bucket, Key: v.key, HeadOnly: true, ByACL: aclCheck(v.decision)}
	content, missing := v.door.objects.Get(v.r.Context(), in)
	if missing != nil {
		return err
	}
	content.Close()
	return v.redirect(&keyhaven.WebsiteTarget{Code: http.StatusFound}, "/"+encodePath(asked)+"/")
}

// may asks the one decision for the key.
func (v *visit) may() error { return v.door.authorize(v.call) }

// send sends the object of the key as a page.
func (v *visit) send(status int) error {
	if err := v.may(); err != nil {
		return err
	}
	in := object.GetInput{Bucket: v.bucket, Key: v.key, ByACL: aclCheck(v.decision), HeadOnly: v.r.Method == http.MethodHead}
	if status == http.StatusOK {
		in.Conditions = conditions(v.r.Header, "")
		if spec := v.r.Header.Get("Range"); spec != "" {
			in.Range, in.Conditions.IfRange = byteRange(spec), v.r.Header.Get("If-Range")
		}
	}
	content, err := v.door.objects.Get(v.r.Context(), in)
	if content == nil {
		return err
	}
	defer content.Close()
	h := v.w.Header()
	if to := content.RedirectLocation; to != "" && status == http.StatusOK {
		h.Set("Location", to)
		h.Set("Content-Length", "0")
		v.w.WriteHeader(http.StatusMovedPermanently)
		return nil
	}
	setObjectHeaders(h, &content.Object)
	v.setVersion(content.Version)
	if errors.Is(err, object.ErrNotModified) {
		return err
	}
	if partial := v.describeContent(content); status == http.StatusOK {
		status = partial
	}
	return v.stream(content, status)
}

// redirect sends the browser to another address. path is escaped.
func (v *visit) redirect(t *keyhaven.WebsiteTarget, path string) error {
	protocol := t.Protocol
	if protocol == "" {
		protocol = "http"
		if v.r.TLS != nil {
			protocol = "https"
		}
	}
	h := v.w.Header()
	h.Set("Location", protocol+"://"+cmp.Or(t.Host, v.r.Host)+path)
	h.Set("Content-Length", "0")
	v.w.WriteHeader(cmp.Or(t.Code, http.StatusMovedPermanently))
	return nil
}

// fail answers an error: by a rule for it, by the site's own page, or by a plain
// one.
func (v *visit) fail(err error) {
	if errors.Is(err, object.ErrNotModified) {
		v.w.WriteHeader(http.StatusNotModified)
		return
	}
	e, internal := v.translate(err)
	v.record.ErrorCode = e.code
	if internal {
		v.record.Err = err
	}
	for _, name := range []string{"Content-Length", "Etag", "Last-Modified"} {
		v.w.Header().Del(name)
	}
	own := v.site != nil && v.site.Redirect == nil && e.status >= 400 && e.status < 500
	if own {
		if rule := v.site.Rule(v.key, e.status); rule != nil {
			_ = v.redirect(&rule.Redirect, "/"+encodePath(rule.Key(v.key))) // never fails
			return
		}
	}
	asked, trouble := v.key, error(nil)
	if own && v.site.Error != "" {
		v.key = v.site.Error
		if trouble = v.send(e.status); trouble == nil {
			return
		}
	}
	v.plain(e, asked, trouble)
}

// plain is the page of an error for which the site has none. It repeats what was
// asked for, escaped (S10).
func (v *visit) plain(e *wireError, asked string, trouble error) {
	title := strconv.Itoa(e.status) + " " + http.StatusText(e.status)
	var b strings.Builder
	item := func(name, value string) {
		b.WriteString("<li>" + html.EscapeString(name) + ": " + html.EscapeString(strings.ToValidUTF8(value, "\ufffd")) + "</li>\n")
	}
	b.WriteString("<html>\n<head><title>" + title + "</title></head>\n<body>\n<h1>" + title + "</h1>\n<ul>\n")
	item("Code", e.code)
	item("Message", e.message)
	if e.status == http.StatusNotFound && asked != "" {
		item("Key", asked)
	}
	item("RequestId", v.record.RequestID)
	item("HostId", v.record.RequestID)
	b.WriteString("</ul>\n")
	if trouble != nil {
		t, _ := v.translate(trouble)
		b.WriteString("<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>\n<ul>\n")
		item("Code", t.code)
		item("Message", t.message)
		b.WriteString("</ul>\n")
	}
	b.WriteString("<hr/>\n</body>\n</html>\n")
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	v.w.WriteHeader(e.status)
	if v.r.Method != http.MethodHead {
		_, _ = v.w.Write([]byte(b.String())) // the client is gone: there is nobody to tell
	}
}
