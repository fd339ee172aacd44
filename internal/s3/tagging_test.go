package s3_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/bucket"
)

// wantTags fails the test unless the object's tags are these, "key=value".
func (s *server) wantTags(t testing.TB, target string, want ...string) {
	t.Helper()
	a := s.must(t, root, "GET", target, "")
	keys, values := a.elements(t, "Key"), a.elements(t, "Value")
	got := make([]string, len(keys))
	for i := range keys {
		got[i] = keys[i] + "=" + values[i]
	}
	if !slices.Equal(got, want) {
		t.Errorf("tags of %s = %q, want %q", target, got, want)
	}
}

// TestOBJ_20_TagsOfWrites: every way to write an object takes tags along.
func TestOBJ_20_TagsOfWrites(t *testing.T) {
	run(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		s.must(t, root, "PUT", "/photos/a.txt", "hello", "X-Amz-Tagging: team=web&empty=")
		s.wantTags(t, "/photos/a.txt?tagging", "team=web", "empty=")
		s.must(t, root, "GET", "/photos/a.txt", "").wantHeader(t, "X-Amz-Tagging-Count", "2")

		from := "X-Amz-Copy-Source: photos/a.txt"
		s.must(t, root, "PUT", "/photos/copied", "", from, "X-Amz-Tagging: ignored=1")
		s.wantTags(t, "/photos/copied?tagging", "team=web", "empty=")
		s.must(t, root, "PUT", "/photos/replaced", "", from, "X-Amz-Tagging-Directive: REPLACE", "X-Amz-Tagging: new=1")
		s.wantTags(t, "/photos/replaced?tagging", "new=1")
		s.must(t, root, "PUT", "/photos/bare", "", from, "X-Amz-Tagging-Directive: REPLACE")
		s.wantTags(t, "/photos/bare?tagging")
		s.must(t, root, "HEAD", "/photos/bare", "").wantHeader(t, "X-Amz-Tagging-Count", "")
		s.must(t, root, "PUT", "/photos/metadata", "", from, "X-Amz-Metadata-Directive: REPLACE", "X-Amz-Meta-A: b")
		s.wantTags(t, "/photos/metadata?tagging", "team=web", "empty=")
		s.do(t, root, "PUT", "/photos/none", "", from, "X-Amz-Tagging-Directive: MERGE").want(t, 400, "InvalidArgument")

		id := s.must(t, root, "POST", "/photos/parts?uploads", "", "X-Amz-Tagging: of=parts").element("UploadId")
		etag := s.must(t, root, "PUT", "/photos/parts?partNumber=1&uploadId="+id, "part").header.Get("Etag")
		s.must(t, root, "POST", "/photos/parts?uploadId="+id, "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"+
			strings.Trim(etag, `"`)+"</ETag></Part></CompleteMultipartUpload>")
		s.wantTags(t, "/photos/parts?tagging", "of=parts")
	})
}

func TestTaggingHeaderRefused(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	for value, code := range map[string]string{
		"a=1&a=2":                        "InvalidArgument",
		"a=%zz":                          "InvalidArgument",
		"=1":                             "InvalidArgument",
		"aws:a=1":                        "InvalidTag",
		"a=" + strings.Repeat("v", 257):  "InvalidTag",
		strings.Repeat("k", 129) + "=1":  "InvalidTag",
		"a=1;b":                          "InvalidTag",
		"a&b&c&d&e&f&g&h&i&j&k":          "InvalidTag",
		strings.Repeat("a=&", 200) + "b": "InvalidArgument",
	} {
		s.do(t, root, "PUT", "/photos/a.txt", "x", "X-Amz-Tagging: "+value).want(t, 400, code)
		s.do(t, root, "POST", "/photos/a.txt?uploads", "", "X-Amz-Tagging: "+value).want(t, 400, code)
	}
	s.do(t, root, "GET", "/photos/a.txt", "").want(t, 404, "NoSuchKey")
}

// TestTagsAreNotForAnybody: reading an object tells nothing of its tags, and a
// copy does not carry off what the caller may not read.
func TestTagsAreNotForAnybody(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	s.newBucket(t, "archive")
	s.rules(t, "photos", true, false)
	s.must(t, root, "PUT", "/photos/a.txt", "hello", "X-Amz-Tagging: a=1")
	s.do(t, anonymous, "GET", "/photos/a.txt", "").wantBody(t, 200, "hello").wantHeader(t, "X-Amz-Tagging-Count", "")
	s.do(t, anonymous, "GET", "/photos/a.txt?tagging", "").want(t, 403, "AccessDenied")

	k := s.newKey(t, "archive")
	from := "X-Amz-Copy-Source: photos/a.txt"
	s.do(t, k, "PUT", "/archive/a.txt", "", from).want(t, 403, "AccessDenied")
	s.must(t, k, "PUT", "/archive/a.txt", "", from, "X-Amz-Tagging-Directive: REPLACE")
	s.must(t, root, "DELETE", "/photos/a.txt?tagging", "")
	s.must(t, k, "PUT", "/archive/a.txt", "", from)
}

// TestTAG_OneSet: a bucket's tags are the same through both APIs.
func TestTAG_OneSet(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	_, err := s.buckets.Tag(t.Context(), bucket.TagInput{Account: account, Name: "photos", Tags: []keyhaven.Tag{
		{Key: "team", Value: "web", HasValue: true}, {Key: "only"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	s.wantTags(t, "/photos?tagging", "team=web", "only=")
	s.must(t, root, "PUT", "/photos?tagging", "<Tagging><TagSet><Tag><Key>s3</Key><Value>1</Value></Tag></TagSet></Tagging>")
	b, err := s.buckets.Get(t.Context(), "photos")
	if err != nil {
		t.Fatal(err)
	}
	if want := []keyhaven.Tag{{Key: "s3", Value: "1", HasValue: true}}; !slices.Equal(b.Tags, want) {
		t.Errorf("tags = %v, want %v", b.Tags, want)
	}
}
