package s3_test

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven"
)

// newForm is a form that everything is right with.
func newForm(k keyPair) (*form, string) {
	f := (&form{filename: "photo.jpg", file: "hello"}).credential(k).add("key=user/${filename}", "Content-Type=image/jpeg",
		"acl=private", "x-amz-meta-author=ann", "success_action_status=201")
	return f, fmt.Sprintf(`{"expiration": %q, "conditions": [
		{"bucket": "photos"}, ["starts-with", "$key", "user/"], ["starts-with", "$Content-Type", "image/"], {"acl": "private"},
		["content-length-range", 1, 10], ["eq", "$x-amz-meta-author", "ann"], {"success_action_status": "201"},
		["starts-with", "$x-amz-credential", ""], ["starts-with", "$x-amz-algorithm", ""], ["starts-with", "$x-amz-date", ""]]}`,
		time.Now().Add(time.Hour).UTC().Format("2006-01-02T15:04:05.000Z"))
}

func TestPostObject(t *testing.T) {
	run(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		k := s.newKey(t, "photos")
		f, policy := newForm(k)
		a := s.post(t, "photos", f.sign(k, policy)).want(t, 201, "")
		if a.element("Key") != "user/photo.jpg" || a.element("Bucket") != "photos" || !strings.HasSuffix(a.element("Location"), "/user/photo.jpg") ||
			a.header.Get("Location") != a.element("Location") {
			t.Errorf("answer = %s", a.body)
		}
		s.must(t, k, "GET", "/photos/user/photo.jpg", "").wantBody(t, 200, "hello").wantHeader(t, "Content-Type", "image/jpeg").
			wantHeader(t, "X-Amz-Meta-Author", "ann").wantHeader(t, "Etag", `"5d41402abc4b2a76b9719d911017c592"`)
	})
}

// TestS4_EachConditionAlone: a form that breaks one condition, and no other, is
// refused, and stores nothing.
func TestS4_EachConditionAlone(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	s.newBucket(t, "archive")
	past := time.Now().Add(-time.Second).UTC().Format(time.RFC3339)
	for name, tt := range map[string]struct {
		change func(f *form, policy *string)
		status int
		code   string
	}{
		"expired": {func(_ *form, p *string) {
			*p = `{"expiration": "` + past + `", ` + (*p)[strings.Index(*p, `"conditions"`):]
		}, 403, "AccessDenied"},
		"key prefix":        {func(f *form, _ *string) { f.without("key").add("key=other/a") }, 403, "AccessDenied"},
		"type prefix":       {func(f *form, _ *string) { f.without("Content-Type").add("Content-Type=text/html") }, 403, "AccessDenied"},
		"one type of two":   {func(f *form, _ *string) { f.without("Content-Type").add("Content-Type=image/png, text/html") }, 403, "AccessDenied"},
		"no type":           {func(f *form, _ *string) { f.without("Content-Type") }, 403, "AccessDenied"},
		"acl":               {func(f *form, _ *string) { f.without("acl").add("acl=public-read") }, 403, "AccessDenied"},
		"metadata":          {func(f *form, _ *string) { f.without("x-amz-meta-author").add("x-amz-meta-author=bob") }, 403, "AccessDenied"},
		"metadata missing":  {func(f *form, _ *string) { f.without("x-amz-meta-author") }, 403, "AccessDenied"},
		"an extra field":    {func(f *form, _ *string) { f.add("x-amz-meta-other=x") }, 403, "AccessDenied"},
		"an extra redirect": {func(f *form, _ *string) { f.add("success_action_redirect=https://evil.example") }, 403, "AccessDenied"},
		"extra tags":        {func(f *form, _ *string) { f.add("tagging=<Tagging><TagSet/></Tagging>") }, 403, "AccessDenied"},
		"status":            {func(f *form, _ *string) { f.without("success_action_status").add("success_action_status=200") }, 403, "AccessDenied"},
		"bucket":            {func(_ *form, p *string) { *p = strings.Replace(*p, "photos", "archive", 1) }, 403, "AccessDenied"},
		"bucket by field": {func(f *form, p *string) {
			*p = strings.Replace(*p, "photos", "archive", 1)
			f.add("bucket=archive")
		}, 403, "AccessDenied"},
		"no bucket":  {func(_ *form, p *string) { *p = strings.Replace(*p, `{"bucket": "photos"},`, "", 1) }, 403, "AccessDenied"},
		"too large":  {func(f *form, _ *string) { f.file = "hello world" }, 400, "EntityTooLarge"},
		"too small":  {func(f *form, _ *string) { f.file = "" }, 400, "EntityTooSmall"},
		"very large": {func(f *form, _ *string) { f.file = content(300 << 10) }, 400, "EntityTooLarge"},
		"large range": {func(f *form, p *string) {
			*p, f.file = strings.Replace(*p, "1, 10", "400000, 500000", 1), content(300<<10)
		}, 400, "EntityTooSmall"},
	} {
		f, policy := newForm(root)
		tt.change(f, &policy)
		a := s.post(t, "photos", f.sign(root, policy))
		if a.status != tt.status || a.code() != tt.code {
			t.Errorf("%s = %d %s %s, want %d %s", name, a.status, a.code(), a.element("Message"), tt.status, tt.code)
		}
	}
	for _, b := range []string{"photos", "archive"} {
		if got := s.must(t, root, "GET", "/"+b, "").elements(t, "Key"); len(got) != 0 {
			t.Errorf("%s has %q", b, got)
		}
	}
	if n := blobs(t, s); n != 0 {
		t.Errorf("%d blobs are left", n)
	}
}

// TestS1_PostObject: who knows only a key's id cannot sign a form, nor change a
// signed one.
func TestS1_PostObject(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	s.newBucket(t, "archive")
	k := s.newKey(t, "photos")
	foreign := s.newKey(t, "archive")
	for name, tt := range map[string]struct {
		form func() *form
		code string
	}{
		"another secret": {func() *form { f, p := newForm(k); return f.sign(keyPair{k.id, "guess"}, p) }, "SignatureDoesNotMatch"},
		"unknown key":    {func() *form { f, p := newForm(keyPair{"AKIAUNKNOWNUNKNOWNUN", "x"}); return f.sign(k, p) }, "InvalidAccessKeyId"},
		"another policy": {func() *form {
			f, p := newForm(k)
			f.sign(k, p).without("policy")
			return f.add("policy=" + base64.StdEncoding.EncodeToString([]byte(strings.Replace(p, "user/", "", 1))))
		}, "SignatureDoesNotMatch"},
		"no signature": {func() *form { f, p := newForm(k); return f.sign(k, p).without("x-amz-signature") }, "InvalidArgument"},
		"empty signature": {func() *form {
			f, p := newForm(k)
			return f.sign(k, p).without("x-amz-signature").add("x-amz-signature=")
		}, "InvalidArgument"},
		"no policy": {func() *form { f, p := newForm(k); return f.sign(k, p).without("policy") }, "InvalidArgument"},
		"nothing":   {func() *form { return &form{fields: []string{"key=a"}, file: "x"} }, "AccessDenied"},
		"a token":   {func() *form { f, p := newForm(k); return f.add("x-amz-security-token=x").sign(k, p) }, "InvalidToken"},
		"version 2": {func() *form {
			return &form{fields: []string{"key=a", "AWSAccessKeyId=" + k.id, "policy=e30=", "signature=x"}, file: "x"}
		}, "InvalidRequest"},
		"another service": {func() *form {
			f, p := newForm(k)
			s := f.field("x-amz-credential")
			return f.without("x-amz-credential").add("x-amz-credential="+strings.Replace(s, "/s3/", "/lightsail/", 1)).sign(k, p)
		}, "InvalidArgument"},
		"another algorithm": {func() *form {
			f, p := newForm(k)
			return f.without("x-amz-algorithm").add("x-amz-algorithm=AWS4-HMAC-SHA1").sign(k, p)
		}, "InvalidArgument"},
		"another bucket's key": {func() *form { f, p := newForm(foreign); return f.sign(foreign, p) }, "AccessDenied"},
	} {
		a := s.post(t, "photos", tt.form())
		if a.status != 403 && a.status != 400 || a.code() != tt.code {
			t.Errorf("%s = %d %s %s, want %s", name, a.status, a.code(), a.element("Message"), tt.code)
		}
		if strings.Contains(a.body, k.secret) {
			t.Errorf("%s: the secret is in the answer", name)
		}
	}
	if got := s.must(t, root, "GET", "/photos", "").elements(t, "Key"); len(got) != 0 {
		t.Errorf("stored %q", got)
	}
}

// TestPostObjectAnswers: success_action_redirect and success_action_status.
func TestPostObjectAnswers(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	for _, tt := range []struct {
		fields   []string
		status   int
		location string
	}{
		{nil, 204, "http://localhost:9000/photos/a%20b"},
		{[]string{"success_action_status=200"}, 200, "http://localhost:9000/photos/a%20b"},
		{[]string{"success_action_status=404"}, 204, "http://localhost:9000/photos/a%20b"},
		{[]string{"success_action_redirect=https://example.com/done"}, 303, "https://example.com/done?bucket=photos&key=a+b&etag=%225d41402abc4b2a76b9719d911017c592%22"},
		{[]string{"success_action_redirect=https://example.com/?x=1", "success_action_status=201"}, 303, "https://example.com/?x=1&bucket=photos&key=a+b&etag=%225d41402abc4b2a76b9719d911017c592%22"},
		{[]string{"redirect=http://example.com"}, 303, "http://example.com?bucket=photos&key=a+b&etag=%225d41402abc4b2a76b9719d911017c592%22"},
		{[]string{"success_action_redirect=javascript:alert(1)"}, 204, "http://localhost:9000/photos/a%20b"},
		{[]string{"success_action_redirect=/relative"}, 204, "http://localhost:9000/photos/a%20b"},
	} {
		f := (&form{filename: "x", file: "hello"}).credential(root).add("key=a b").add(tt.fields...)
		s.post(t, "photos", f.sign(root, f.allow("photos"))).want(t, tt.status, "").wantHeader(t, "Location", tt.location)
	}
}

// TestPostObjectFields: what a form stores is what the headers of a PUT would.
func TestPostObjectFields(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	s.rules(t, "photos", false, true)
	f := (&form{filename: `C:\\Users\\ann\\photo.jpg`, file: content(300 << 10)}).credential(root).add("KEY=d/$x/../${filename}", "ACL=public-read",
		"Cache-Control=no-cache", "Content-Disposition=inline", "Expires=never", "Content-Encoding=gzip", "x-ignore-me=1",
		"tagging=<Tagging><TagSet><Tag><Key>a b</Key><Value>1&amp;2</Value></Tag></TagSet></Tagging>",
		"x-amz-checksum-sha256="+sumOf(keyhaven.ChecksumSHA256, content(300<<10)))
	f.fields[3] = "KEY=d/$x/../${filename}"
	policy := f.allow("photos")
	policy = strings.Replace(policy, strings.ReplaceAll(f.filename, `\`, `\\`), "photo.jpg", 1)
	s.post(t, "photos", f.sign(root, policy)).want(t, 400, "InvalidTag")

	f.without("tagging", "policy", "x-amz-signature").add("tagging=<Tagging><TagSet><Tag><Key>a b</Key><Value>1+2</Value></Tag></TagSet></Tagging>")
	policy = strings.Replace(f.allow("photos"), strings.ReplaceAll(f.filename, `\`, `\\`), "photo.jpg", 1)
	s.post(t, "photos", f.sign(root, policy)).want(t, 204, "")
	target := "/photos/" + url.PathEscape("d/$x/../photo.jpg")
	s.do(t, anonymous, "GET", target, "").wantBody(t, 200, f.file).wantHeader(t, "Cache-Control", "no-cache").
		wantHeader(t, "Content-Disposition", "inline").wantHeader(t, "Expires", "never").wantHeader(t, "Content-Encoding", "gzip").
		wantHeader(t, "Content-Type", "binary/octet-stream")
	s.wantTags(t, target+"?tagging", "a b=1+2")

	f.without("x-amz-checksum-sha256", "policy", "x-amz-signature").add("x-amz-checksum-sha256=" + sumOf(keyhaven.ChecksumSHA256, "x"))
	policy = strings.Replace(f.allow("photos"), strings.ReplaceAll(f.filename, `\`, `\\`), "photo.jpg", 1)
	s.post(t, "photos", f.sign(root, policy)).want(t, 400, "BadDigest")
}
