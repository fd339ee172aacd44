package s3_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/keyhaven/keyhaven"
)

const (
	enable  = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
	suspend = "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>"
)

// put stores an object and returns its version id.
func (s *server) put(t testing.TB, target, body string) string {
	t.Helper()
	return s.must(t, root, "PUT", target, body).header.Get("X-Amz-Version-Id")
}

// wantVersions fails the test unless the bucket's versions are these, newest
// first within a key.
func (s *server) wantVersions(t testing.TB, bucket string, want ...string) {
	t.Helper()
	if got := s.must(t, root, "GET", "/"+bucket+"?versions", "").elements(t, "VersionId"); !slices.Equal(got, want) {
		t.Errorf("versions = %q, want %q", got, want)
	}
}

// TestVER01_VER03_States: versioning is enabled and suspended, and reported.
func TestVER01_VER03_States(t *testing.T) {
	run(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		if got := s.must(t, root, "GET", "/photos?versioning", "").element("Status"); got != "" {
			t.Errorf("status of a new bucket = %q", got)
		}
		for _, tt := range [][2]string{{suspend, "Suspended"}, {enable, "Enabled"}, {suspend, "Suspended"}, {enable, "Enabled"}} {
			s.must(t, root, "PUT", "/photos?versioning", tt[0])
			if got := s.must(t, root, "GET", "/photos?versioning", "").element("Status"); got != tt[1] {
				t.Errorf("status = %q, want %q", got, tt[1])
			}
		}
	})
}

// TestVER04_S3SwitchMakesPrivate: S3's switch resets individual objects too, and
// the lists are kept.
func TestVER04_S3SwitchMakesPrivate(t *testing.T) {
	s := newServer(t)
	s.newLightsailBucket(t, "photos")
	s.rules(t, "photos", false, true)
	s.must(t, root, "PUT", "/photos/a.txt", "hello", "X-Amz-Acl: public-read")
	s.do(t, anonymous, "GET", "/photos/a.txt", "").wantBody(t, 200, "hello")
	for _, state := range []string{enable, suspend} {
		s.must(t, root, "PUT", "/photos?versioning", state)
		s.do(t, anonymous, "GET", "/photos/a.txt", "").want(t, 403, "AccessDenied")
		s.rules(t, "photos", false, true)
		s.do(t, anonymous, "GET", "/photos/a.txt", "").wantBody(t, 200, "hello")
		s.must(t, root, "PUT", "/photos?versioning", state) // nothing changes
		s.do(t, anonymous, "GET", "/photos/a.txt", "").wantBody(t, 200, "hello")
	}
}

// TestVER05_VER06_VER07_Versions: all versions are listed, read and restored.
func TestVER05_VER06_VER07_Versions(t *testing.T) {
	runAll(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		s.must(t, root, "PUT", "/photos/a.txt", "before")
		s.must(t, root, "PUT", "/photos?versioning", enable)
		one, two := s.put(t, "/photos/a.txt", "one"), s.put(t, "/photos/a.txt", "two")
		s.wantVersions(t, "photos", two, one, "null")
		for id, body := range map[string]string{"null": "before", one: "one", two: "two"} {
			s.do(t, root, "GET", "/photos/a.txt?versionId="+id, "").wantBody(t, 200, body).wantHeader(t, "X-Amz-Version-Id", id)
		}
		restored := s.must(t, root, "PUT", "/photos/a.txt", "", "X-Amz-Copy-Source: photos/a.txt?versionId=null").
			wantHeader(t, "X-Amz-Copy-Source-Version-Id", "null").header.Get("X-Amz-Version-Id")
		s.do(t, root, "GET", "/photos/a.txt", "").wantBody(t, 200, "before")
		s.wantVersions(t, "photos", restored, two, one, "null")
	})
}

// TestVER09_DeleteAVersion: what was next becomes current; the last one takes
// the object with it.
func TestVER09_DeleteAVersion(t *testing.T) {
	runAll(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		s.must(t, root, "PUT", "/photos?versioning", enable)
		one, two := s.put(t, "/photos/a.txt", "one"), s.put(t, "/photos/a.txt", "two")
		marker := s.must(t, root, "DELETE", "/photos/a.txt", "").wantHeader(t, "X-Amz-Delete-Marker", "true").header.Get("X-Amz-Version-Id")
		s.do(t, root, "GET", "/photos/a.txt", "").want(t, 404, "NoSuchKey").wantHeader(t, "X-Amz-Delete-Marker", "true").
			wantHeader(t, "X-Amz-Version-Id", marker)
		s.wantVersions(t, "photos", marker, two, one)
		s.must(t, root, "DELETE", "/photos/a.txt?versionId="+marker, "").wantHeader(t, "X-Amz-Delete-Marker", "true").
			wantHeader(t, "X-Amz-Version-Id", marker)
		s.do(t, root, "GET", "/photos/a.txt", "").wantBody(t, 200, "two")
		s.must(t, root, "DELETE", "/photos/a.txt?versionId="+two, "").wantHeader(t, "X-Amz-Version-Id", two).wantHeader(t, "X-Amz-Delete-Marker", "")
		s.do(t, root, "GET", "/photos/a.txt", "").wantBody(t, 200, "one")
		// Many at once.
		a := s.must(t, root, "POST", "/photos?delete", deleteBody("<Key>a.txt</Key><VersionId>"+one+"</VersionId>", "<Key>a.txt</Key><VersionId>null</VersionId>"))
		if got := a.elements(t, "VersionId"); !slices.Equal(got, []string{one, "null"}) {
			t.Errorf("deleted %q", got)
		}
		s.do(t, root, "GET", "/photos/a.txt", "").want(t, 404, "NoSuchKey").wantHeader(t, "X-Amz-Delete-Marker", "")
		s.wantVersions(t, "photos")
	})
}

// TestVER11_Suspended: old versions stay, new writes take the null version.
func TestVER11_Suspended(t *testing.T) {
	runAll(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		s.must(t, root, "PUT", "/photos?versioning", enable)
		one := s.put(t, "/photos/a.txt", "one")
		s.must(t, root, "PUT", "/photos?versioning", suspend)
		for _, body := range []string{"two", "three"} {
			if id := s.put(t, "/photos/a.txt", body); id != "" {
				t.Errorf("version id = %q, want none", id)
			}
			s.wantVersions(t, "photos", "null", one)
		}
		s.must(t, root, "DELETE", "/photos/a.txt", "").wantHeader(t, "X-Amz-Version-Id", "null").wantHeader(t, "X-Amz-Delete-Marker", "true")
		s.wantVersions(t, "photos", "null", one)
		s.do(t, root, "GET", "/photos/a.txt?versionId=null", "").want(t, 405, "MethodNotAllowed")
		s.must(t, root, "DELETE", "/photos/a.txt?versionId=null", "")
		s.do(t, root, "GET", "/photos/a.txt", "").wantBody(t, 200, "one")
		s.must(t, root, "PUT", "/photos?versioning", enable)
		two := s.put(t, "/photos/a.txt", "two")
		s.wantVersions(t, "photos", two, one)
	})
}

// TestOBJ23_ObjectACL by its canned names, of versions too.
func TestOBJ23_ObjectACL(t *testing.T) {
	run(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		s.versioning(t, "photos", keyhaven.VersioningEnabled)
		one, two := s.put(t, "/photos/a.txt", "one"), s.put(t, "/photos/a.txt", "two")
		s.must(t, root, "PUT", "/photos/a.txt?acl&versionId="+one, "", "X-Amz-Acl: public-read")
		for id, public := range map[string]bool{one: true, two: false} {
			a := s.must(t, root, "GET", "/photos/a.txt?acl&versionId="+id, "").wantHeader(t, "X-Amz-Version-Id", id)
			if strings.Contains(a.body, "groups/global/AllUsers") != public || !strings.Contains(a.body, "FULL_CONTROL") {
				t.Errorf("list of %s = %s, want public %v", id, a.body, public)
			}
		}
	})
}
