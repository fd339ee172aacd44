package s3_test

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/keyhaven/keyhaven"
)

func deleteBody(elements ...string) string {
	return "<Delete><Object>" + strings.Join(elements, "</Object><Object>") + "</Object></Delete>"
}

func keyElement(key string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(key))
	return "<Key>" + b.String() + "</Key>"
}

// TestOBJ19_DeleteMany with versions, quietly and not.
func TestOBJ19_DeleteMany(t *testing.T) {
	runAll(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		k := s.newKey(t, "photos")
		var elements []string
		for i := range 1000 {
			elements = append(elements, keyElement(fmt.Sprintf("k%03d", i)))
		}
		for i := range 100 {
			s.must(t, k, "PUT", fmt.Sprintf("/photos/k%03d", i), "x")
		}
		s.must(t, k, "PUT", "/photos/kept", "x")
		a := s.must(t, k, "POST", "/photos?delete", deleteBody(elements...))
		if got := a.elements(t, "Key"); len(got) != 1000 || got[0] != "k000" || got[999] != "k999" {
			t.Errorf("deleted %d keys, from %q", len(got), got[:min(1, len(got))])
		}
		if got := s.must(t, k, "GET", "/photos", "").elements(t, "Key"); !slices.Equal(got, []string{"kept"}) {
			t.Errorf("left: %q", got)
		}
		elements = append(elements, keyElement("kept"))
		s.do(t, k, "POST", "/photos?delete", deleteBody(elements...)).want(t, 400, "MalformedXML")
		s.do(t, k, "GET", "/photos/kept", "").wantBody(t, 200, "x")

		s.versioning(t, "photos", keyhaven.VersioningEnabled)
		v := s.must(t, k, "PUT", "/photos/kept", "y").header.Get("X-Amz-Version-Id")
		a = s.must(t, k, "POST", "/photos?delete", deleteBody(
			keyElement("kept")+"<VersionId>"+v+"</VersionId>", keyElement("kept")+"<VersionId>null</VersionId>", keyElement("new")))
		if got := a.elements(t, "VersionId"); !slices.Equal(got, []string{v, "null"}) || len(a.elements(t, "DeleteMarkerVersionId")) != 1 {
			t.Errorf("DeleteObjects = %s", a.body)
		}
		quiet := s.must(t, k, "POST", "/photos?delete", strings.Replace(deleteBody(keyElement("new")), "<Delete>", "<Delete><Quiet>true</Quiet>", 1))
		if got := quiet.elements(t, "Key"); len(got) != 0 {
			t.Errorf("quietly deleted: %s", quiet.body)
		}
	})
}

// TestDeleteManyOddKeys: a document names any key that XML can carry.
func TestDeleteManyOddKeys(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	var elements []string
	var put []string
	for _, key := range oddKeys {
		var back string
		if err := xml.Unmarshal([]byte(keyElement(key)), &back); err != nil || back != key {
			continue // no XML 1.0 document can carry it
		}
		s.must(t, root, "PUT", "/photos/"+keyPath(key), "x")
		elements, put = append(elements, keyElement(key)), append(put, key)
	}
	a := s.must(t, root, "POST", "/photos?delete", deleteBody(elements...))
	if got := a.elements(t, "Key"); !slices.Equal(got, put) {
		t.Errorf("deleted %q\nwant %q", got, put)
	}
	if got := s.must(t, root, "GET", "/photos?encoding-type=url", "").elements(t, "Key"); len(got) != 0 {
		t.Errorf("left: %q", got)
	}
}

// TestDeleteManyConditions: an element that fails does not hold up the others.
func TestDeleteManyConditions(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	for _, key := range []string{"a", "b", "c"} {
		s.must(t, root, "PUT", "/photos/"+key, "hello")
	}
	a := s.must(t, root, "POST", "/photos?delete", deleteBody(
		"<Key>a</Key><ETag>5d41402abc4b2a76b9719d911017c592</ETag>", "<Key>b</Key><ETag>x</ETag>", "<Key></Key>", "<Key>d</Key><ETag>*</ETag>",
		"<Key>c</Key><VersionId>x</VersionId>", "<Key>c</Key><Size>4</Size>", "<Key>"+strings.Repeat("k", 1025)+"</Key>",
	))
	want := []string{"PreconditionFailed", "InvalidURI", "NoSuchKey", "InvalidArgument", "PreconditionFailed", "KeyTooLongError"}
	if got := a.elements(t, "Code"); !slices.Equal(got, want) {
		t.Errorf("codes = %q, want %q", got, want)
	}
	if got := s.must(t, root, "GET", "/photos", "").elements(t, "Key"); !slices.Equal(got, []string{"b", "c"}) {
		t.Errorf("left: %q, want b and c", got)
	}
}

// TestDocumentsAreBounded: a document that is too large, too deep or too full is
// refused before it fills the memory.
func TestDocumentsAreBounded(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	upload := s.begin(t, root, "/photos/a.bin")
	for name, body := range map[string]string{
		"too large":           "<Delete>" + strings.Repeat(" ", 8<<20) + "</Delete>",
		"empty elements":      "<Delete>" + strings.Repeat("<Object/>", 800_000) + "</Delete>",
		"empty parts":         "<CompleteMultipartUpload>" + strings.Repeat("<Part/>", 1_000_000) + "</CompleteMultipartUpload>",
		"too deep":            "<Delete><Object>" + strings.Repeat("<x>", 100_000),
		"entities":            `<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]><Delete><Object><Key>&b;</Key></Object></Delete>`,
		"an external entity":  `<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]><Delete><Object><Key>&a;</Key></Object></Delete>`,
		"something after it":  "<Delete><Object><Key>a</Key></Object></Delete><Delete/>",
		"text after it":       "<Delete><Object><Key>a</Key></Object></Delete>x",
		"another encoding":    `<?xml version="1.0" encoding="UTF-16"?><Delete><Object><Key>a</Key></Object></Delete>`,
		"no UTF-8":            "<Delete><Object><Key>\xff</Key></Object></Delete>",
		"a word for a truth":  "<Delete><Quiet>perhaps</Quiet><Object><Key>a</Key></Object></Delete>",
		"nothing":             "",
		"no document":         "hello",
		"an unfinished one":   "<Delete><Object><Key>a</Key>",
		"a control character": "<Delete><Object><Key>&#1;</Key></Object></Delete>",
	} {
		target := "/photos?delete"
		if strings.Contains(body, "<Part") {
			target = "/photos/a.bin?uploadId=" + upload
		}
		if a := s.do(t, root, "POST", target, body); a.status != 400 || a.code() != "MalformedXML" {
			t.Errorf("%s = %d %s, want 400 MalformedXML", name, a.status, a.code())
		}
	}
}
