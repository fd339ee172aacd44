package s3_test

import (
	"testing"

	"github.com/keyhaven/keyhaven"
)

// TestVersions is the life of an object in a versioned bucket.
func TestVersions(t *testing.T) {
	runAll(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		k := s.newKey(t, "photos")
		s.must(t, k, "PUT", "/photos/a", "null").wantHeader(t, "X-Amz-Version-Id", "")
		s.versioning(t, "photos", keyhaven.VersioningEnabled)
		one := s.must(t, k, "PUT", "/photos/a", "one").header.Get("X-Amz-Version-Id")
		two := s.must(t, k, "PUT", "/photos/a", "two").header.Get("X-Amz-Version-Id")
		if one == "" || one == two || one == "null" {
			t.Fatalf("version ids %q and %q", one, two)
		}
		for version, body := range map[string]string{"null": "null", one: "one", two: "two"} {
			s.do(t, k, "GET", "/photos/a?versionId="+version, "").wantBody(t, 200, body).wantHeader(t, "X-Amz-Version-Id", version)
			s.do(t, k, "HEAD", "/photos/a?versionId="+version, "").wantBody(t, 200, "").wantHeader(t, "X-Amz-Version-Id", version)
		}
		s.do(t, k, "GET", "/photos/a", "").wantBody(t, 200, "two").wantHeader(t, "X-Amz-Version-Id", two)

		// A delete puts a marker on top.
		marker := s.do(t, k, "DELETE", "/photos/a", "").wantBody(t, 204, "").wantHeader(t, "X-Amz-Delete-Marker", "true").
			header.Get("X-Amz-Version-Id")
		s.do(t, k, "GET", "/photos/a", "").want(t, 404, "NoSuchKey").
			wantHeader(t, "X-Amz-Delete-Marker", "true").wantHeader(t, "X-Amz-Version-Id", marker)
		s.do(t, k, "GET", "/photos/a?versionId="+marker, "").want(t, 405, "MethodNotAllowed").
			wantHeader(t, "X-Amz-Delete-Marker", "true").wantHeader(t, "Allow", "DELETE")
		s.do(t, k, "HEAD", "/photos/a?versionId="+marker, "").wantBody(t, 405, "").wantHeader(t, "X-Amz-Delete-Marker", "true")
		s.do(t, k, "GET", "/photos/a?versionId="+one, "").wantBody(t, 200, "one")
		if got := s.must(t, k, "GET", "/photos", "").elements(t, "Key"); len(got) != 0 {
			t.Errorf("a deleted object is listed: %q", got)
		}

		// Without the marker the object is back.
		s.do(t, k, "DELETE", "/photos/a?versionId="+marker, "").wantBody(t, 204, "").
			wantHeader(t, "X-Amz-Delete-Marker", "true").wantHeader(t, "X-Amz-Version-Id", marker)
		s.do(t, k, "GET", "/photos/a", "").wantBody(t, 200, "two")

		// Without its current version the one before is current.
		s.do(t, k, "DELETE", "/photos/a?versionId="+two, "").wantBody(t, 204, "").wantHeader(t, "X-Amz-Delete-Marker", "")
		s.do(t, k, "GET", "/photos/a", "").wantBody(t, 200, "one")
		s.do(t, k, "GET", "/photos/a?versionId="+two, "").want(t, 404, "NoSuchVersion")

		// Restore is a copy of a version onto its key.
		copied := s.must(t, k, "PUT", "/photos/a", "", "X-Amz-Copy-Source: photos/a?versionId=null")
		copied.wantHeader(t, "X-Amz-Copy-Source-Version-Id", "null")
		s.do(t, k, "GET", "/photos/a", "").wantBody(t, 200, "null").wantHeader(t, "X-Amz-Version-Id", copied.header.Get("X-Amz-Version-Id"))
		s.do(t, k, "DELETE", "/photos/a?versionId=null", "").wantBody(t, 204, "")
		s.do(t, k, "GET", "/photos/a", "").wantBody(t, 200, "null")
		s.do(t, k, "GET", "/photos/a?versionId=null", "").want(t, 404, "NoSuchVersion")
	})
}

// TestSuspendedVersions: writes take the place of the null version, and of no
// other.
func TestSuspendedVersions(t *testing.T) {
	runAll(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		s.versioning(t, "photos", keyhaven.VersioningEnabled)
		one := s.must(t, root, "PUT", "/photos/a", "one").header.Get("X-Amz-Version-Id")
		s.versioning(t, "photos", keyhaven.VersioningSuspended)
		s.must(t, root, "PUT", "/photos/a", "two").wantHeader(t, "X-Amz-Version-Id", "")
		s.must(t, root, "PUT", "/photos/a", "three").wantHeader(t, "X-Amz-Version-Id", "")
		if got := s.must(t, root, "GET", "/photos?versions", "").elements(t, "VersionId"); len(got) != 2 || got[0] != "null" || got[1] != one {
			t.Errorf("versions = %q, want null and %s", got, one)
		}
		s.do(t, root, "GET", "/photos/a?versionId=null", "").wantBody(t, 200, "three")

		// The marker is a null version too.
		s.do(t, root, "DELETE", "/photos/a", "").wantBody(t, 204, "").
			wantHeader(t, "X-Amz-Delete-Marker", "true").wantHeader(t, "X-Amz-Version-Id", "null")
		s.do(t, root, "GET", "/photos/a?versionId=null", "").want(t, 405, "MethodNotAllowed")
		s.do(t, root, "GET", "/photos/a?versionId="+one, "").wantBody(t, 200, "one")
		s.must(t, root, "DELETE", "/photos/a?versionId=null", "")
		s.do(t, root, "GET", "/photos/a", "").wantBody(t, 200, "one")

		// Enabled again, the null version stays.
		s.must(t, root, "PUT", "/photos/a", "four")
		s.versioning(t, "photos", keyhaven.VersioningEnabled)
		s.must(t, root, "PUT", "/photos/a", "five")
		s.do(t, root, "GET", "/photos/a?versionId=null", "").wantBody(t, 200, "four")
		if got := s.must(t, root, "GET", "/photos?versions", "").elements(t, "VersionId"); len(got) != 3 {
			t.Errorf("versions = %q, want three", got)
		}
	})
}

// TestVersionIDsAreStrict: a version is named by its own id and key alone.
func TestVersionIDsAreStrict(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	s.versioning(t, "photos", keyhaven.VersioningEnabled)
	one := s.must(t, root, "PUT", "/photos/a", "one").header.Get("X-Amz-Version-Id")
	s.must(t, root, "PUT", "/photos/b", "other")
	flipped := one[:31] + string("10"[one[31]&1]) // the same time, other random bits
	for _, id := range []string{flipped, "00000000000000000000000000000000"} {
		s.do(t, root, "GET", "/photos/a?versionId="+id, "").want(t, 404, "NoSuchVersion")
		s.must(t, root, "DELETE", "/photos/a?versionId="+id, "")
	}
	s.do(t, root, "GET", "/photos/b?versionId="+one, "").want(t, 404, "NoSuchVersion")
	for _, id := range []string{"", "x", one[:31], one + "0", "NULL", "null%00"} {
		for _, method := range []string{"GET", "DELETE"} {
			s.do(t, root, method, "/photos/a?versionId="+id, "").want(t, 400, "InvalidArgument")
		}
	}
	s.do(t, root, "GET", "/photos/a", "").wantBody(t, 200, "one")
}

// TestVersioningResetsIndividualMode: changing the versioning of a bucket of
// individual objects makes it private (spec/bucket-semantics.md §4.1).
func TestVersioningResetsIndividualMode(t *testing.T) {
	s := newServer(t)
	s.newLightsailBucket(t, "photos")
	s.rules(t, "photos", false, true)
	s.must(t, root, "PUT", "/photos/a", "hello", "X-Amz-Acl: public-read")
	s.do(t, anonymous, "GET", "/photos/a", "").wantBody(t, 200, "hello")
	s.must(t, root, "PUT", "/photos?versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")
	s.do(t, anonymous, "GET", "/photos/a", "").want(t, 403, "AccessDenied")
	s.rules(t, "photos", false, true)
	s.do(t, anonymous, "GET", "/photos/a", "").wantBody(t, 200, "hello")
}
