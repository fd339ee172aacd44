package s3_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"
)

// TestConditionsOfReads takes every combination of the four conditions, holding
// and failing, with and without a range, against the order of RFC 9110 §13.2.2.
func TestConditionsOfReads(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	etag := s.must(t, root, "PUT", "/photos/a.txt", "hello").header.Get("Etag")
	mod, err := http.ParseTime(s.do(t, root, "HEAD", "/photos/a.txt", "").header.Get("Last-Modified"))
	if err != nil {
		t.Fatal(err)
	}
	date := func(d time.Duration) string { return mod.Add(d).Format(http.TimeFormat) }
	match := []string{"", etag, "*", `"x", ` + etag, etag[1 : len(etag)-1], `"x"`, `"x","y"`}
	holds := func(v string) bool { return slices.Index(match, v) <= 4 }
	for _, ifMatch := range match {
		for _, ifNoneMatch := range match {
			for _, unmodified := range []string{"", date(0), date(time.Hour), date(-time.Second), "nonsense"} {
				for _, modified := range []string{"", date(0), date(time.Hour), date(-time.Second), "nonsense"} {
					want := 200
					switch {
					case ifMatch != "" && !holds(ifMatch),
						ifMatch == "" && unmodified == date(-time.Second):
						want = 412
					case ifNoneMatch != "" && holds(ifNoneMatch),
						ifNoneMatch == "" && (modified == date(0) || modified == date(time.Hour)):
						want = 304
					}
					checkRead(t, s, want, ifMatch, ifNoneMatch, unmodified, modified)
				}
			}
		}
	}
}

func checkRead(t *testing.T, s *server, want int, ifMatch, ifNoneMatch, unmodified, modified string) {
	t.Helper()
	var headers []string
	for name, v := range map[string]string{
		"If-Match": ifMatch, "If-None-Match": ifNoneMatch, "If-Unmodified-Since": unmodified, "If-Modified-Since": modified,
	} {
		if v != "" {
			headers = append(headers, name+": "+v)
		}
	}
	a := s.do(t, root, "GET", "/photos/a.txt", "", headers...)
	if a.status != want || want == 304 && (a.body != "" || a.header.Get("Etag") == "") || want == 412 && a.code() != "PreconditionFailed" {
		t.Errorf("GET with %q = %d %s, want %d", headers, a.status, a.code(), want)
	}
	ranged := s.do(t, root, "HEAD", "/photos/a.txt", "", append(headers, "Range: bytes=1-2")...)
	if want == 200 {
		want = 206
	}
	if ranged.status != want || ranged.body != "" {
		t.Errorf("HEAD with a range and %q = %d, want %d", headers, ranged.status, want)
	}
}

// TestConditionNames: a refusal says which condition failed.
func TestConditionNames(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	s.must(t, root, "PUT", "/photos/a.txt", "hello")
	for _, try := range []struct{ method, header, want string }{
		{"GET", `If-Match: "x"`, "If-Match"},
		{"GET", "If-Unmodified-Since: Sat, 01 Jan 2000 00:00:00 GMT", "If-Unmodified-Since"},
		{"PUT", "If-None-Match: *", "If-None-Match"},
		{"PUT", `If-Match: "x"`, "If-Match"},
		{"DELETE", `If-Match: "x"`, "If-Match"},
	} {
		a := s.do(t, root, try.method, "/photos/a.txt", "", try.header).want(t, 412, "PreconditionFailed")
		if got := a.element("Condition"); got != try.want {
			t.Errorf("%s with %s: condition %q, want %q", try.method, try.header, got, try.want)
		}
	}
}

// TestConditionsOfWrites on an object that is there, and one that is not.
func TestConditionsOfWrites(t *testing.T) {
	run(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		for i, try := range []struct {
			header         string
			exists, absent int
		}{
			{"If-None-Match: *", 412, 200},
			{`If-Match: "5d41402abc4b2a76b9719d911017c592"`, 200, 404},
			{"If-Match: 5d41402abc4b2a76b9719d911017c592", 200, 404},
			{`If-Match: "8b04d5e3775d298e78455efc5ca404d5"`, 412, 404},
			{"If-Match: *", 200, 404},
			{`If-None-Match: "8b04d5e3775d298e78455efc5ca404d5"`, 501, 501},
		} {
			for j, how := range []string{"put", "copy", "complete"} {
				path := fmt.Sprintf("/photos/%d-%d", i, j)
				s.must(t, root, "PUT", "/photos/source", "new")
				if a := conditional(t, s, how, path, try.header); a.status != try.absent {
					t.Errorf("%s with %s where nothing is = %d %s, want %d", how, try.header, a.status, a.code(), try.absent)
				}
				s.must(t, root, "PUT", path, "hello")
				a := conditional(t, s, how, path, try.header)
				if a.status != try.exists {
					t.Errorf("%s with %s = %d %s, want %d", how, try.header, a.status, a.code(), try.exists)
				}
				want := "hello"
				if try.exists == 200 {
					want = "new"
				}
				s.do(t, root, "GET", path, "").wantBody(t, 200, want)
			}
		}
	})
}

// conditional writes "new" to the path in one of three ways.
func conditional(t testing.TB, s *server, how, path, header string) *answer {
	t.Helper()
	switch how {
	case "put":
		return s.do(t, root, "PUT", path, "new", header)
	case "copy":
		return s.do(t, root, "PUT", path, "", header, "X-Amz-Copy-Source: photos/source")
	}
	upload := s.begin(t, root, path)
	p := s.part(t, root, path, upload, 1, "new")
	return s.do(t, root, "POST", path+"?uploadId="+upload, completeBody(p), header)
}
