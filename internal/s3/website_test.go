package s3_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/keyhaven/keyhaven"
)

// visit asks for a page as a browser does.
func (s *server) visit(t *testing.T, method, path string, headers ...string) *answer {
	t.Helper()
	r := s.request(t, method, path, "", headers...)
	r.Host = "photos.sites.test:9000"
	return s.serve(r)
}

func newSite(t *testing.T) *server {
	s := newServer(t)
	s.newBucket(t, "photos")
	s.rules(t, "photos", true, false)
	for _, key := range []string{"index.html", "error.html", "blog/index.html", "blog/a.txt", "a b&.txt"} {
		s.must(t, root, "PUT", "/photos/"+strings.ReplaceAll(key, " ", "%20"), "this is "+key, "Content-Type: text/html")
	}
	s.must(t, root, "PUT", "/photos?website", oneWebsite)
	return s
}

func TestWebsitePages(t *testing.T) {
	s := newSite(t)
	for path, body := range map[string]string{
		"/": "this is index.html", "/index.html": "this is index.html", "/blog/": "this is blog/index.html",
		"/blog/a.txt": "this is blog/a.txt", "/a%20b&.txt": "this is a b&.txt", "/index.html?versionId=zz&acl": "this is index.html",
	} {
		a := s.visit(t, "GET", path).wantBody(t, 200, body).wantHeader(t, "Content-Type", "text/html")
		s.visit(t, "HEAD", path).wantBody(t, 200, "").wantHeader(t, "Etag", a.header.Get("Etag"))
		s.visit(t, "GET", path, "If-None-Match: "+a.header.Get("Etag")).wantBody(t, 304, "")
	}
	s.visit(t, "GET", "/", "Range: bytes=0-3").wantBody(t, 206, "this")
}

func TestWebsiteRedirects(t *testing.T) {
	s := newSite(t)
	s.must(t, root, "PUT", "/photos/moved", "", "X-Amz-Website-Redirect-Location: https://new.example.com/x")
	const own = "http://photos.sites.test:9000"
	for path, want := range map[string]struct {
		status   int
		location string
	}{
		"/blog":          {302, own + "/blog/"},
		"/docs/a%20b":    {301, own + "/documents/a%20b"},
		"/docs/":         {301, own + "/documents/"},
		"/old/page":      {307, "https://old.example.com/old/page"},
		"/moved":         {301, "https://new.example.com/x"},
		"/docs/%0d%0aX:": {301, own + "/documents/%0D%0AX%3A"},
	} {
		a := s.visit(t, "GET", path).wantHeader(t, "Location", want.location)
		if a.status != want.status || a.body != "" {
			t.Errorf("%s = %d %q, want %d", path, a.status, a.body, want.status)
		}
	}
	s.must(t, root, "GET", "/photos/moved", "").wantHeader(t, "X-Amz-Website-Redirect-Location", "https://new.example.com/x")
	s.do(t, root, "PUT", "/photos/moved", "", "X-Amz-Website-Redirect-Location: ftp://a").want(t, 400, "InvalidRedirectLocation")
	// A copy does not keep it.
	s.must(t, root, "PUT", "/photos/copied", "", "X-Amz-Copy-Source: photos/moved")
	s.must(t, root, "GET", "/photos/copied", "").wantHeader(t, "X-Amz-Website-Redirect-Location", "")
	s.must(t, root, "PUT", "/photos?website", "<WebsiteConfiguration><RedirectAllRequestsTo><HostName>www.example.com</HostName></RedirectAllRequestsTo></WebsiteConfiguration>")
	s.visit(t, "GET", "/a//b%20c?x=y").wantBody(t, 301, "").wantHeader(t, "Location", "http://www.example.com/a//b%20c")
}

func TestWebsiteErrors(t *testing.T) {
	s := newSite(t)
	// Anybody may not list, so what is missing looks forbidden, as on S3.
	s.visit(t, "GET", "/none").wantBody(t, 403, "this is error.html")
	s.visit(t, "HEAD", "/none").wantBody(t, 403, "")
	s.must(t, root, "DELETE", "/photos/error.html", "")
	if a := s.visit(t, "GET", "/%3Cscript%3E"); a.status != 403 || strings.Contains(a.body, "<script>") || !strings.Contains(a.body, "<li>Code: AccessDenied</li>") ||
		!strings.Contains(a.body, "Custom Error Document") {
		t.Errorf("a plain error = %d %s", a.status, a.body)
	}
	if a := s.visit(t, "POST", "/"); a.status != 405 || a.header.Get("Allow") == "" {
		t.Errorf("POST = %d", a.status)
	}
	if a := s.visit(t, "PUT", "/x"); a.status != 405 {
		t.Errorf("PUT = %d", a.status)
	}
	// A private bucket shows nothing, whoever signs.
	s.rules(t, "photos", false, false)
	r := s.request(t, "GET", "/index.html", "")
	r.Host = "photos.sites.test"
	root.signer().SignHeader(r, nil)
	if a := s.serve(r); a.status != 403 {
		t.Errorf("a private site = %d", a.status)
	}
	s.must(t, root, "DELETE", "/photos?website", "")
	if a := s.visit(t, "GET", "/"); a.status != 404 || !strings.Contains(a.body, "NoSuchWebsiteConfiguration") {
		t.Errorf("no site = %d %s", a.status, a.body)
	}
	r = s.request(t, "GET", "/", "")
	r.Host = "none.sites.test"
	if a := s.serve(r); a.status != 404 || !strings.Contains(a.body, "NoSuchBucket") {
		t.Errorf("no bucket = %d %s", a.status, a.body)
	}
}

// TestWebsiteIndividual: only objects that are public themselves are pages.
func TestWebsiteIndividual(t *testing.T) {
	s := newSite(t)
	s.rules(t, "photos", false, true)
	if a := s.visit(t, "GET", "/blog/a.txt"); a.status != 403 {
		t.Errorf("a private page = %d", a.status)
	}
	if a := s.visit(t, "GET", "/blog"); a.status != 403 {
		t.Errorf("a private directory = %d, Location %q", a.status, a.header.Get("Location"))
	}
	s.must(t, root, "PUT", "/photos/blog/a.txt?acl", "", "X-Amz-Acl: public-read")
	s.visit(t, "GET", "/blog/a.txt").wantBody(t, 200, "this is blog/a.txt")
}

func TestWebsiteIsLoggedAndShared(t *testing.T) {
	s := newSite(t)
	s.newBucket(t, "logs")
	s.must(t, root, "PUT", "/photos?logging", logTo("logs", ""))
	s.must(t, root, "PUT", "/photos?cors", twoCORSRules)
	s.visit(t, "GET", "/", "Origin: http://a.example").wantHeader(t, "Access-Control-Allow-Origin", "*")
	if a := s.visit(t, http.MethodOptions, "/", "Origin: http://a.example", "Access-Control-Request-Method: GET"); a.status != 200 {
		t.Errorf("preflight = %d %s", a.status, a.body)
	}
	_, lines := s.delivered(t, "logs")
	if n := len(lines); n < 2 || lines[n-2][logOperation] != "WEBSITE.GET.OBJECT" || lines[n-2][logKey] != "index.html" {
		t.Errorf("lines = %q", lines)
	}
}

func TestWebsiteRedirectOfUpload(t *testing.T) {
	s := newSite(t)
	up := s.must(t, root, "POST", "/photos/big?uploads", "", "X-Amz-Website-Redirect-Location: /index.html").element("UploadId")
	part := s.must(t, root, "PUT", "/photos/big?partNumber=1&uploadId="+up, "x").header.Get("Etag")
	s.must(t, root, "POST", "/photos/big?uploadId="+up, "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"+part+"</ETag></Part></CompleteMultipartUpload>")
	s.visit(t, "GET", "/big").wantBody(t, 301, "").wantHeader(t, "Location", "/index.html")
	if keyhaven.ValidRedirectLocation("//x\r\n") {
		t.Error("a line break in a redirect location")
	}
}

// TestWebsiteSize: a document of 128 KiB may be stored, a larger one not.
func TestWebsiteSize(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	const doc = "<WebsiteConfiguration><IndexDocument><Suffix>i</Suffix></IndexDocument></WebsiteConfiguration>"
	full := doc + strings.Repeat(" ", keyhaven.MaxWebsiteSize-len(doc))
	s.must(t, root, "PUT", "/photos?website", full)
	a := s.do(t, root, "PUT", "/photos?website", full+" ").want(t, 400, "MaxMessageLengthExceeded")
	if got := a.element("MaxMessageLengthBytes"); got != "131072" {
		t.Errorf("MaxMessageLengthBytes = %q", got)
	}
}
