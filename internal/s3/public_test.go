package s3_test

import (
	"strings"
	"testing"
	"time"
)

func TestPERM01_AllObjectsPrivate(t *testing.T) {
	run(t, func(t *testing.T, s *server) {
		s.newLightsailBucket(t, "photos")
		s.must(t, root, "PUT", "/photos/a.txt", "hello")
		s.must(t, root, "PUT", "/photos/public.txt", "hello", "X-Amz-Acl: public-read")
		for _, key := range []string{"a.txt", "public.txt", "missing.txt"} {
			s.do(t, anonymous, "GET", "/photos/"+key, "").want(t, 403, "AccessDenied")
			s.do(t, anonymous, "HEAD", "/photos/"+key, "").wantBody(t, 403, "")
		}
	})
}

func TestPERM03_AllObjectsPublic(t *testing.T) {
	run(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		s.must(t, root, "PUT", "/photos/a.txt", "hello", "X-Amz-Acl: private", "Content-Type: text/plain")
		s.rules(t, "photos", true, false)
		s.do(t, anonymous, "GET", "/photos/a.txt", "").wantBody(t, 200, "hello").wantHeader(t, "Content-Type", "text/plain")
		s.do(t, anonymous, "HEAD", "/photos/a.txt", "").wantBody(t, 200, "").wantHeader(t, "Content-Length", "5")
		s.do(t, anonymous, "GET", "/photos/a.txt", "", "Range: bytes=1-2").wantBody(t, 206, "el")
		s.do(t, anonymous, "GET", "/photos/a.txt", "", `If-None-Match: "5d41402abc4b2a76b9719d911017c592"`).wantBody(t, 304, "")
		s.do(t, anonymous, "GET", "/photos/missing.txt", "").want(t, 403, "AccessDenied")
		s.do(t, anonymous, "GET", "/photos?list-type=2", "").want(t, 403, "AccessDenied")
		s.do(t, anonymous, "GET", "/photos/a.txt?response-content-type=text/html", "").want(t, 400, "InvalidRequest")

		s.rules(t, "photos", false, false)
		s.do(t, anonymous, "GET", "/photos/a.txt", "").want(t, 403, "AccessDenied")
	})
}

func TestIndividualObjects(t *testing.T) {
	run(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		k := s.newKey(t, "photos")
		s.rules(t, "photos", false, true)
		s.must(t, k, "PUT", "/photos/a.txt", "hello", "X-Amz-Acl: public-read")
		s.must(t, k, "PUT", "/photos/b.txt", "hello")
		s.do(t, anonymous, "GET", "/photos/a.txt", "").wantBody(t, 200, "hello")
		s.do(t, anonymous, "GET", "/photos/b.txt", "").want(t, 403, "AccessDenied")

		s.must(t, k, "PUT", "/photos/a.txt?acl", "", "X-Amz-Acl: private")
		s.must(t, k, "PUT", "/photos/b.txt?acl", "", "X-Amz-Acl: public-read")
		s.do(t, anonymous, "GET", "/photos/a.txt", "").want(t, 403, "AccessDenied")
		s.do(t, anonymous, "GET", "/photos/b.txt", "").wantBody(t, 200, "hello")

		// A new object begins private; a copy does too.
		s.must(t, k, "PUT", "/photos/b.txt", "again")
		s.do(t, anonymous, "GET", "/photos/b.txt", "").want(t, 403, "AccessDenied")
		s.must(t, k, "PUT", "/photos/b.txt?acl", "", "X-Amz-Acl: public-read")
		s.must(t, k, "PUT", "/photos/c.txt", "", "X-Amz-Copy-Source: photos/b.txt")
		s.do(t, anonymous, "GET", "/photos/c.txt", "").want(t, 403, "AccessDenied")

		// The ACL of a multipart object is that of its beginning.
		upload := s.must(t, k, "POST", "/photos/d.txt?uploads", "", "X-Amz-Acl: public-read").element("UploadId")
		s.complete(t, k, "/photos/d.txt", upload, s.part(t, k, "/photos/d.txt", upload, 1, "parts"))
		s.do(t, anonymous, "GET", "/photos/d.txt", "").wantBody(t, 200, "parts")
	})
}

// TestPrivateObjectsLookMissing: in a bucket of individual objects no request
// tells a stranger whether a private object is there, not by its conditions,
// its ranges or the words of the refusal.
func TestPrivateObjectsLookMissing(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	s.newBucket(t, "archive")
	stranger := s.newKey(t, "archive")
	s.rules(t, "photos", false, true)
	s.must(t, root, "PUT", "/photos/private.txt", "hello")
	tries := [][]string{
		nil,
		{"Range: bytes=100-"},
		{"Range: bytes=0-1"},
		{`If-Match: "0123"`},
		{`If-None-Match: "5d41402abc4b2a76b9719d911017c592"`},
		{"If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT"},
		{"If-Unmodified-Since: Sat, 01 Jan 2000 00:00:00 GMT"},
	}
	blind := func(a *answer, key string) string {
		return strings.ReplaceAll(requestIDs.ReplaceAllString(a.body, ""), key, "KEY")
	}
	for _, headers := range tries {
		for _, k := range []keyPair{anonymous, stranger} {
			for _, method := range []string{"GET", "HEAD"} {
				there := s.do(t, k, method, "/photos/private.txt", "", headers...)
				gone := s.do(t, k, method, "/photos/missing.txt", "", headers...)
				if there.status != 403 || blind(there, "private.txt") != blind(gone, "missing.txt") || gone.status != 403 {
					t.Errorf("%s with %q: %d %s\nmissing: %d %s", method, headers, there.status, there.body, gone.status, gone.body)
				}
			}
		}
		there := s.do(t, stranger, "PUT", "/archive/copy", "", append(copyHeaders(headers), "X-Amz-Copy-Source: photos/private.txt")...)
		gone := s.do(t, stranger, "PUT", "/archive/copy", "", append(copyHeaders(headers), "X-Amz-Copy-Source: photos/missing.txt")...)
		if there.status != 403 || requestIDs.ReplaceAllString(there.body, "") != requestIDs.ReplaceAllString(gone.body, "") {
			t.Errorf("copy with %q: %s\nmissing: %s", headers, there.body, gone.body)
		}
	}
}

// copyHeaders makes conditions those on the source of a copy.
func copyHeaders(headers []string) []string {
	var out []string
	for _, h := range headers {
		if strings.HasPrefix(h, "If-") {
			out = append(out, "X-Amz-Copy-Source-"+h)
		}
	}
	return out
}

func TestPERM09_AnonymousNeverWritesOrLists(t *testing.T) {
	run(t, func(t *testing.T, s *server) {
		s.newLightsailBucket(t, "photos")
		for _, public := range []bool{false, true} {
			s.rules(t, "photos", public, true)
			s.must(t, root, "PUT", "/photos/a.txt", "hello", "X-Amz-Acl: public-read")
			upload := s.must(t, root, "POST", "/photos/b.txt?uploads", "").element("UploadId")
			for _, try := range []struct{ method, target, body string }{
				{"PUT", "/photos/a.txt", "x"},
				{"PUT", "/photos/new.txt", "x"},
				{"DELETE", "/photos/a.txt", ""},
				{"POST", "/photos?delete", "<Delete><Object><Key>a.txt</Key></Object></Delete>"},
				{"POST", "/photos/new.txt?uploads", ""},
				{"PUT", "/photos/b.txt?partNumber=1&uploadId=" + upload, "x"},
				{"DELETE", "/photos/b.txt?uploadId=" + upload, ""},
				{"PUT", "/photos/a.txt?acl", ""},
				{"GET", "/photos", ""},
				{"GET", "/photos?list-type=2", ""},
				{"GET", "/photos?versions", ""},
				{"GET", "/photos?uploads", ""},
				{"GET", "/photos/b.txt?uploadId=" + upload, ""},
				{"GET", "/photos/a.txt?acl", ""},
				{"GET", "/photos/a.txt?versionId=null", ""},
				{"GET", "/", ""},
				{"PUT", "/photos", ""},
				{"DELETE", "/photos", ""},
			} {
				s.do(t, anonymous, try.method, try.target, try.body, "X-Amz-Acl: public-read").want(t, 403, "AccessDenied")
			}
			s.post(t, "photos", &form{fields: []string{"key=a.txt"}, file: "x"}).want(t, 403, "AccessDenied")
			s.do(t, root, "GET", "/photos/a.txt", "").wantBody(t, 200, "hello")
			if got := s.must(t, root, "GET", "/photos", "").elements(t, "Key"); len(got) != 1 {
				t.Errorf("the bucket holds %q", got)
			}
		}
	})
}

func TestPERM02_PERM05_IndividualObjects(t *testing.T) {
	run(t, func(t *testing.T, s *server) {
		s.newLightsailBucket(t, "photos")
		s.rules(t, "photos", false, true)
		s.must(t, root, "PUT", "/photos/a.txt", "hello")
		s.do(t, anonymous, "GET", "/photos/a.txt", "").want(t, 403, "AccessDenied")
		s.must(t, root, "PUT", "/photos/a.txt?acl", "", "X-Amz-Acl: public-read")
		s.do(t, anonymous, "GET", "/photos/a.txt", "").wantBody(t, 200, "hello")
		s.rules(t, "photos", false, false) // PERM-05: the list is kept …
		s.do(t, anonymous, "GET", "/photos/a.txt", "").want(t, 403, "AccessDenied")
		s.rules(t, "photos", false, true) // … and counts again
		s.do(t, anonymous, "GET", "/photos/a.txt", "").wantBody(t, 200, "hello")
		s.must(t, root, "PUT", "/photos/a.txt?acl", "", "X-Amz-Acl: private")
		s.do(t, anonymous, "GET", "/photos/a.txt", "").want(t, 403, "AccessDenied")
	})
}

func TestPERM06_PublicBucketOverridesPrivateACL(t *testing.T) {
	run(t, func(t *testing.T, s *server) {
		s.newLightsailBucket(t, "photos")
		s.rules(t, "photos", true, true)
		s.must(t, root, "PUT", "/photos/a.txt", "hello")
		s.must(t, root, "PUT", "/photos/a.txt?acl", "", "X-Amz-Acl: private")
		s.do(t, anonymous, "GET", "/photos/a.txt", "").wantBody(t, 200, "hello")
	})
}

func TestPERM11_PresignedNeedsNoPermission(t *testing.T) {
	s := newServer(t)
	s.newLightsailBucket(t, "photos")
	s.must(t, root, "PUT", "/photos/a.txt", "hello")
	for _, k := range []keyPair{root, s.newKey(t, "photos")} {
		r := s.request(t, "GET", "/photos/a.txt", "")
		k.signer().Presign(r, time.Minute)
		r.RequestURI = r.URL.RequestURI()
		s.serve(r).wantBody(t, 200, "hello")
	}
	s.do(t, anonymous, "GET", "/photos/a.txt", "").want(t, 403, "AccessDenied")
}
