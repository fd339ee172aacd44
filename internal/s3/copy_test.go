package s3_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// TestOBJ14_Copy within a bucket and to another one, of objects in every form.
func TestOBJ14_Copy(t *testing.T) {
	runAll(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		s.newBucket(t, "archive")
		for i, form := range forms {
			if s.virtualHost && form.size > firstPart {
				continue
			}
			path := fmt.Sprintf("/photos/%d", i)
			form.put(t, s, path, content(form.size))
			want := s.do(t, root, "GET", path, "", "X-Amz-Checksum-Mode: ENABLED")
			for _, to := range []string{path + "-copy", "/archive/copy"} {
				a := s.must(t, root, "PUT", to, "", "X-Amz-Copy-Source: "+path, "X-Amz-Acl: bucket-owner-full-control")
				got := s.do(t, root, "GET", to, "", "X-Amz-Checksum-Mode: ENABLED")
				if got.body != want.body || got.header.Get("Etag") != want.header.Get("Etag") || a.elements(t, "ETag")[0] != want.header.Get("Etag") {
					t.Errorf("copy of the object %s has %d bytes and the tag %s", form.name, len(got.body), got.header.Get("Etag"))
				}
				got.wantHeader(t, "X-Amz-Checksum-Crc64nvme", want.header.Get("X-Amz-Checksum-Crc64nvme"))
			}
			// The copy is an object of its own.
			s.must(t, root, "DELETE", path, "")
			s.do(t, root, "GET", "/archive/copy", "").wantBody(t, 200, want.body)
			s.must(t, root, "PUT", "/archive/copy", "other")
			s.do(t, root, "GET", path+"-copy", "").wantBody(t, 200, want.body)
		}
	})
}

// TestOBJ16_Move is a copy and a delete.
func TestOBJ16_Move(t *testing.T) {
	run(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		k := s.newKey(t, "photos")
		s.must(t, k, "PUT", "/photos/old%20name.txt", "hello", "Content-Type: text/plain")
		s.must(t, k, "PUT", "/photos/new/name.txt", "", "X-Amz-Copy-Source: photos/old%20name.txt")
		s.must(t, k, "DELETE", "/photos/old%20name.txt", "")
		s.do(t, k, "GET", "/photos/new/name.txt", "").wantBody(t, 200, "hello").wantHeader(t, "Content-Type", "text/plain")
		s.do(t, k, "GET", "/photos/old%20name.txt", "").want(t, 404, "NoSuchKey")
	})
}

func TestCopyChecksums(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	for i, form := range forms {
		path := fmt.Sprintf("/photos/%d", i)
		form.put(t, s, path, content(form.size))
		body := s.do(t, root, "GET", path, "").body
		for _, a := range keyhaven.ChecksumAlgorithms {
			want := sumOf(a, body)
			got := s.must(t, root, "PUT", "/photos/copy", "", "X-Amz-Copy-Source: "+path, "X-Amz-Checksum-Algorithm: "+a.String())
			if got.element("Checksum"+a.String()) != want || got.element("ChecksumType") != "FULL_OBJECT" {
				t.Errorf("copy with %s = %s, want %s", a, got.body, want)
			}
			s.do(t, root, "HEAD", "/photos/copy", "", "X-Amz-Checksum-Mode: ENABLED").wantHeader(t, sumHeader(a), want)
		}
	}
}

// TestCopyConditions on the source, with the errors of a copy.
func TestCopyConditions(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	etag := s.must(t, root, "PUT", "/photos/a", "hello").header.Get("Etag")
	const past, future = "Sat, 01 Jan 2000 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"
	for _, try := range []struct {
		headers   []string
		status    int
		condition string
	}{
		{[]string{"If-Match: " + etag}, 200, ""},
		{[]string{`If-Match: "x"`}, 412, "If-Match"},
		{[]string{`If-None-Match: "x"`}, 200, ""},
		{[]string{"If-None-Match: " + etag}, 412, "If-None-Match"},
		{[]string{"If-Modified-Since: " + past}, 200, ""},
		{[]string{"If-Modified-Since: " + future}, 412, "If-Modified-Since"},
		{[]string{"If-Unmodified-Since: " + future}, 200, ""},
		{[]string{"If-Unmodified-Since: " + past}, 412, "If-Unmodified-Since"},
		{[]string{"If-Match: " + etag, "If-Unmodified-Since: " + past}, 200, ""},
		{[]string{"If-None-Match: " + etag, "If-Modified-Since: " + past}, 412, "If-None-Match"},
	} {
		upload := s.begin(t, root, "/photos/c")
		for target := range map[string]bool{"/photos/b": true, "/photos/c?partNumber=1&uploadId=" + upload: true} {
			a := s.do(t, root, "PUT", target, "", append(copyHeaders(try.headers), "X-Amz-Copy-Source: photos/a")...)
			if a.status != try.status || a.element("Condition") != try.condition {
				t.Errorf("%s with %q = %d %q, want %d %q", target, try.headers, a.status, a.element("Condition"), try.status, try.condition)
			}
		}
	}
}

// TestCopyOfTooMuch: a source of more than 5 GiB must be copied in parts. The
// object is a record alone, as no test has the room.
func TestCopyOfTooMuch(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	b, err := s.buckets.Get(t.Context(), "photos")
	if err != nil {
		t.Fatal(err)
	}
	err = s.meta.Update(t.Context(), func(tx *meta.Txn) error {
		return tx.PutVersion(b.ID, nil, &meta.Version{Object: keyhaven.Object{
			Key: "huge", Size: keyhaven.MaxPutSize + 1, ModTime: time.Now(), Version: keyhaven.VersionID{Seq: 1, Null: true},
		}})
	})
	if err != nil {
		t.Fatal(err)
	}
	upload := s.begin(t, root, "/photos/a")
	for _, target := range []string{"/photos/a", "/photos/a?partNumber=1&uploadId=" + upload} {
		a := s.do(t, root, "PUT", target, "", "X-Amz-Copy-Source: photos/huge").want(t, 400, "InvalidRequest")
		if !strings.Contains(a.element("Message"), "5368709120") {
			t.Errorf("message = %q", a.element("Message"))
		}
	}
}

// TestCopyOntoItself needs new attributes, and then keeps the bytes.
func TestCopyOntoItself(t *testing.T) {
	run(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		for i, form := range forms[:2] {
			path := fmt.Sprintf("/photos/%d", i)
			form.put(t, s, path, content(form.size))
			s.do(t, root, "PUT", path, "", "X-Amz-Copy-Source: "+path).want(t, 400, "InvalidRequest")
			for range 3 {
				s.must(t, root, "PUT", path, "", "X-Amz-Copy-Source: "+path, "X-Amz-Metadata-Directive: REPLACE", "Content-Type: text/plain")
			}
			s.do(t, root, "GET", path, "").wantBody(t, 200, content(form.size)).wantHeader(t, "Content-Type", "text/plain")
		}
	})
}
