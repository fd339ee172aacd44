package s3_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/s3"
)

// bucketKeyMay are the operations that a bucket key has on its bucket
// (spec/access-keys.md §4): objects, and what tools must read of the bucket.
var bucketKeyMay = set(`
	ListBuckets HeadBucket GetBucketLocation GetBucketVersioning GetBucketCors GetBucketAcl GetBucketTagging
	GetPublicAccessBlock GetBucketOwnershipControls
	ListObjects ListObjectsV2 ListObjectVersions
	PutObject GetObject HeadObject DeleteObject DeleteObjects CopyObject PostObject
	CreateMultipartUpload UploadPart UploadPartCopy ListParts ListMultipartUploads CompleteMultipartUpload AbortMultipartUpload
	GetObjectAcl PutObjectAcl GetObjectTagging PutObjectTagging DeleteObjectTagging GetObjectAttributes
	SelectObjectContent`)

// anybodyMay are the operations that need no key where objects are public.
// SelectObjectContent is a read of the object; it is not built.
var anybodyMay = set("GetObject HeadObject SelectObjectContent")

func set(names string) map[string]bool {
	m := map[string]bool{}
	for _, name := range strings.Fields(names) {
		m[name] = true
	}
	return m
}

// matrix is a server with a bucket of each kind, an object and an upload in
// each, and keys.
type matrix struct {
	*server
	own, foreign keyPair // of bucket "private"; of bucket "archive"
	upload       string  // in "private"
}

func newMatrix(t testing.TB) *matrix {
	m := &matrix{server: newServer(t)}
	for _, name := range []string{"private", "public", "individual", "archive"} {
		m.newLightsailBucket(t, name)
		m.must(t, root, "PUT", "/"+name+"/a.txt", name)
		m.must(t, root, "PUT", "/"+name+"/b.txt", name)
	}
	m.rules(t, "public", true, false)
	m.rules(t, "individual", false, true)
	m.own, m.foreign = m.newKey(t, "private"), m.newKey(t, "archive")
	m.upload = m.must(t, root, "POST", "/private/a.txt?uploads", "").element("UploadId")
	m.must(t, root, "PUT", "/private/a.txt?partNumber=1&uploadId="+m.upload, "part")
	return m
}

// snapshot is all that a caller could change.
func (m *matrix) snapshot(t testing.TB) string {
	var b strings.Builder
	for _, name := range []string{"private", "public", "individual", "archive"} {
		for _, query := range []string{"?versions", "?uploads", "?versioning", "?location", "/a.txt", "/a.txt?acl", "/b.txt"} {
			a := m.do(t, root, "GET", "/"+name+query, "")
			b.WriteString(a.body)
		}
	}
	b.WriteString(m.must(t, root, "GET", "/private/a.txt?uploadId="+m.upload, "").body)
	b.WriteString(m.must(t, root, "GET", "/", "").body)
	return requestIDs.ReplaceAllString(b.String(), "")
}

// try is one caller and one operation.
type try struct {
	row       s3.FullRow
	bucket    string
	source    string // of a copy
	versioned bool   // name a version
	who       string
	key       func(*matrix) keyPair
	allowed   bool
}

// call sends the request.
func (m *matrix) call(t testing.TB, y try) *answer {
	t.Helper()
	if y.row.Name == "PostObject" {
		f := &form{fields: []string{"key=a.txt"}, file: "new content"}
		if k := y.key(m); k != anonymous {
			f.credential(k).sign(k, f.allow(y.bucket))
		}
		return m.post(t, y.bucket, f)
	}
	r, body := m.build(t, y)
	if k := y.key(m); k != anonymous {
		k.signer().SignHeader(r, []byte(body))
	}
	return m.serve(r)
}

// build makes the request, unsigned and otherwise as sound as can be.
func (m *matrix) build(t testing.TB, y try) (r *http.Request, body string) {
	t.Helper()
	target := strings.Replace(rowTarget(y.row, y.bucket), "uploadId=", "uploadId="+m.upload+"&partNumber=1", 1)
	if y.versioned && strings.Contains(target, "?") {
		target += "&versionId=null"
	} else if y.versioned {
		target += "?versionId=null"
	}
	headers := rowHeaders(y.row, y.source)
	switch y.row.Name {
	case "PutObject", "UploadPart":
		body = "new content"
	case "PutObjectAcl":
		headers = append(headers, "X-Amz-Acl: public-read")
	case "PutBucketVersioning":
		body = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
	case "DeleteObjects":
		body = "<Delete><Object><Key>a.txt</Key></Object></Delete>"
	case "CompleteMultipartUpload":
		body = "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>6a8fabd62ae0e3df8c9f4a3a6c1b3e4c</ETag></Part></CompleteMultipartUpload>"
	}
	return m.request(t, y.row.Method, target, body, headers...), body
}

// TestS3_Matrix holds each operation against each caller. What is denied
// changes nothing.
func TestS3_Matrix(t *testing.T) {
	shared := newMatrix(t)
	before := shared.snapshot(t)
	for _, row := range s3.AllRows() {
		t.Run(row.Name, func(t *testing.T) {
			for _, y := range tries(row) {
				if y.allowed {
					allowed(t, y)
					continue
				}
				a := shared.call(t, y)
				if row.Name == "DeleteObjects" && a.status == 200 && !strings.Contains(a.body, "<Deleted>") && a.code() == "AccessDenied" {
					a.status = 403 // each key is refused by itself
				}
				if a.status != 403 || a.code() != "AccessDenied" && row.Method != "HEAD" {
					t.Errorf("by %s = %d %s, want 403 AccessDenied", y.who, a.status, a.code())
				}
				if row.Method != "GET" && row.Method != "HEAD" && row.Built && shared.snapshot(t) != before {
					t.Fatalf("by %s: refused, but something changed", y.who)
				}
			}
		})
	}
}

// allowed makes the call on a server of its own. Calls that are allowed may
// fail, but not for want of a permission.
func allowed(t *testing.T, y try) {
	t.Helper()
	a := newMatrix(t).call(t, y)
	if a.status == 403 || a.status == 405 || a.status == 500 || y.row.Built == (a.status == 501) {
		t.Errorf("by %s = %d %s, want it allowed", y.who, a.status, a.code())
	}
}

// tries are the callers of a row, each with what must come of it.
func tries(row s3.FullRow) []try {
	own := func(m *matrix) keyPair { return m.own }
	foreign := func(m *matrix) keyPair { return m.foreign }
	fixed := func(k keyPair) func(*matrix) keyPair { return func(*matrix) keyPair { return k } }
	plain := try{row: row, bucket: "private", source: "private/b.txt"}
	var all []try
	add := func(y try, who string, key func(*matrix) keyPair, allowed bool) {
		y.who, y.key, y.allowed = who, key, allowed
		all = append(all, y)
		if row.VersionAction != "" {
			y.who, y.versioned = who+", a version", true
			y.allowed = allowed && who[:3] != "any"
			all = append(all, y)
		}
	}
	add(plain, "root", fixed(root), true)
	add(plain, "its key", own, bucketKeyMay[row.Name])
	if row.Service || row.Name == "CreateBucket" {
		add(plain, "anybody", fixed(anonymous), false)
		return all
	}
	add(plain, "another bucket's key", foreign, false)
	add(plain, "another account's root", fixed(otherRoot), false)
	for _, bucket := range []string{"private", "public", "individual"} {
		y := try{row: row, bucket: bucket, source: bucket + "/b.txt"}
		add(y, "anybody, "+bucket, fixed(anonymous), bucket == "public" && anybodyMay[row.Name])
	}
	if row.Header == "" {
		return all
	}
	// A copy: the source needs a permission of its own.
	for source, allowed := range map[string]bool{
		"public/b.txt": true, "archive/b.txt": false, "individual/b.txt": false, "public/b.txt?versionId=null": false,
	} {
		add(try{row: row, bucket: "private", source: source}, "its key, from "+source, own, allowed)
	}
	add(try{row: row, bucket: "private", source: "archive/b.txt"}, "the source's key", foreign, false)
	return all
}

// TestS3_VersionsInDeleteObjects: each element asks for its own permission.
func TestS3_VersionsInDeleteObjects(t *testing.T) {
	m := newMatrix(t)
	m.versioning(t, "private", keyhaven.VersioningEnabled)
	before := m.snapshot(t)
	for who, k := range map[string]keyPair{"another bucket's key": m.foreign, "nobody": anonymous, "another account": otherRoot} {
		a := m.do(t, k, "POST", "/private?delete", "<Delete><Object><Key>a.txt</Key><VersionId>null</VersionId></Object></Delete>")
		if a.code() != "AccessDenied" || a.status != 403 && k == anonymous {
			t.Errorf("%s: %d %s", who, a.status, a.body)
		}
		if m.snapshot(t) != before {
			t.Fatalf("%s deleted a version", who)
		}
	}
}
