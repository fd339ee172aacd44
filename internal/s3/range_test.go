package s3_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// content returns so many bytes that are the same in every run.
func content(n int) string {
	b := make([]byte, n)
	src := rand.NewChaCha8([32]byte{})
	_, _ = src.Read(b)
	return string(b)
}

const firstPart = 5 << 20

// forms are the ways in which an object's bytes are kept.
var forms = []struct {
	name string
	size int
	put  func(t testing.TB, s *server, path, body string)
}{
	{"in its record", 1000, func(t testing.TB, s *server, path, body string) { s.must(t, root, "PUT", path, body) }},
	{"in a blob", 300 << 10, func(t testing.TB, s *server, path, body string) { s.must(t, root, "PUT", path, body) }},
	{"in parts", firstPart + 200<<10 + 7, func(t testing.TB, s *server, path, body string) {
		upload := s.begin(t, root, path)
		s.complete(t, root, path, upload,
			s.part(t, root, path, upload, 2, body[:firstPart]),
			s.part(t, root, path, upload, 5, body[firstPart:firstPart+200<<10]),
		)
	}},
}

// TestOBJ12_Ranges of objects in every form.
func TestOBJ12_Ranges(t *testing.T) {
	runAll(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		for i, form := range forms {
			t.Run(form.name, func(t *testing.T) {
				if s.virtualHost && form.size > firstPart {
					t.Skip("the style of the address does not matter that much")
				}
				path := fmt.Sprintf("/photos/%d", i)
				body := content(form.size)
				form.put(t, s, path, body)
				if form.name == "in parts" {
					body = body[:firstPart+200<<10]
				}
				s.do(t, root, "GET", path, "").wantBody(t, 200, body).wantHeader(t, "Content-Range", "")
				testRanges(t, s, path, body)
			})
		}
	})
}

func testRanges(t *testing.T, s *server, path, body string) {
	n := len(body)
	edges := []int{0, 1, n/2 - 1, n / 2, n - 2, n - 1}
	if n > firstPart {
		edges = append(edges, firstPart-1, firstPart, firstPart+1)
	}
	expect := func(header string, first, end int) {
		t.Helper()
		for _, method := range []string{"GET", "HEAD"} {
			want := body[first:end]
			if method == "HEAD" {
				want = ""
			}
			a := s.do(t, root, method, path, "", "Range: "+header)
			if a.status != 206 || a.body != want {
				t.Errorf("%s %s = %d with %d bytes, want 206 with [%d:%d]", method, header, a.status, len(a.body), first, end)
			}
			a.wantHeader(t, "Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, end-1, n))
			a.wantHeader(t, "Content-Length", fmt.Sprint(end-first))
			a.wantHeader(t, "Accept-Ranges", "bytes")
		}
	}
	for _, first := range edges {
		for _, last := range edges {
			if first <= last {
				expect(fmt.Sprintf("bytes=%d-%d", first, last), first, last+1)
			}
		}
		expect(fmt.Sprintf("bytes=%d-", first), first, n)
		expect(fmt.Sprintf("bytes=%d-%d", first, n), first, n)
		expect(fmt.Sprintf("bytes=%d-99999999999999999999999", first), first, n)
		if first > 0 {
			expect(fmt.Sprintf("bytes=-%d", first), n-first, n)
		}
	}
	expect(fmt.Sprintf("bytes=-%d", n), 0, n)
	expect(fmt.Sprintf("bytes=-%d", n+1), 0, n)
	for _, header := range []string{fmt.Sprintf("bytes=%d-", n), fmt.Sprintf("bytes=%d-%d", n, n+5), "bytes=99999999999999999999999-", "bytes=-0"} {
		s.do(t, root, "GET", path, "", "Range: "+header).want(t, 416, "InvalidRange").
			wantHeader(t, "Content-Range", fmt.Sprintf("bytes */%d", n))
		s.do(t, root, "HEAD", path, "", "Range: "+header).wantBody(t, 416, "")
	}
	if n > firstPart {
		return
	}
	for _, header := range []string{
		"bytes=0-0,2-2", "bytes=5-3", "bytes=-", "bytes=", "bytes=a-b", "bytes=1", "bytes=1-2-3", "bytes=--1", "bytes=+1-2",
		"bytes 0-1", "items=0-1", "0-1", "bytes=0x1-0x2", "bytes=1-x",
	} {
		if a := s.do(t, root, "GET", path, "", "Range: "+header); a.status != 200 || a.body != body {
			t.Errorf("Range %q = %d with %d bytes, want it ignored", header, a.status, len(a.body))
		}
	}
}

func TestRangeOfNothing(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	s.must(t, root, "PUT", "/photos/empty", "")
	s.do(t, root, "GET", "/photos/empty", "").wantBody(t, 200, "").wantHeader(t, "Content-Length", "0")
	s.do(t, root, "GET", "/photos/empty", "", "Range: bytes=-1").wantBody(t, 200, "").wantHeader(t, "Content-Range", "")
	for _, header := range []string{"bytes=0-", "bytes=0-0", "bytes=-0"} {
		s.do(t, root, "GET", "/photos/empty", "", "Range: "+header).want(t, 416, "InvalidRange").
			wantHeader(t, "Content-Range", "bytes */0")
	}
}

// TestIfRange: who resumes a download gets the rest of the same object, or all
// of the new one.
func TestIfRange(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	s.must(t, root, "PUT", "/photos/a.txt", "hello")
	modified := s.do(t, root, "GET", "/photos/a.txt", "").header.Get("Last-Modified")
	for validator, status := range map[string]int{
		`"5d41402abc4b2a76b9719d911017c592"`: 206,
		`"8b04d5e3775d298e78455efc5ca404d5"`: 200,
		modified:                             206,
		"Sat, 01 Jan 2000 00:00:00 GMT":      200,
		"nonsense":                           200,
	} {
		want := map[int]string{206: "lo", 200: "hello"}[status]
		s.do(t, root, "GET", "/photos/a.txt", "", "Range: bytes=3-", "If-Range: "+validator).wantBody(t, status, want)
	}
	// A range that cannot be satisfied does not matter when it does not count.
	s.do(t, root, "GET", "/photos/a.txt", "", "Range: bytes=9-", `If-Range: "x"`).wantBody(t, 200, "hello")
}

// TestPartNumber reads of multipart objects, and of others, whose one part they
// are.
func TestPartNumber(t *testing.T) {
	run(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		body := content(firstPart + 1000)
		upload := s.begin(t, root, "/photos/big.bin")
		s.complete(t, root, "/photos/big.bin", upload,
			s.part(t, root, "/photos/big.bin", upload, 2, body[:firstPart]),
			s.part(t, root, "/photos/big.bin", upload, 9000, body[firstPart:]))
		for number, want := range map[string][2]int{"2": {0, firstPart}, "9000": {firstPart, len(body)}} {
			a := s.do(t, root, "GET", "/photos/big.bin?partNumber="+number, "").wantBody(t, 206, body[want[0]:want[1]])
			a.wantHeader(t, "X-Amz-Mp-Parts-Count", "2")
			a.wantHeader(t, "Content-Range", fmt.Sprintf("bytes %d-%d/%d", want[0], want[1]-1, len(body)))
			h := s.do(t, root, "HEAD", "/photos/big.bin?partNumber="+number, "").wantBody(t, 206, "")
			h.wantHeader(t, "Content-Length", fmt.Sprint(want[1]-want[0])).wantHeader(t, "X-Amz-Mp-Parts-Count", "2")
		}
		s.do(t, root, "GET", "/photos/big.bin", "").wantHeader(t, "X-Amz-Mp-Parts-Count", "")
		s.must(t, root, "PUT", "/photos/a.txt", "hello")
		s.do(t, root, "GET", "/photos/a.txt?partNumber=1", "").wantBody(t, 206, "hello").wantHeader(t, "X-Amz-Mp-Parts-Count", "")
		for target, status := range map[string]int{
			"/photos/big.bin?partNumber=1": 416, "/photos/a.txt?partNumber=2": 416,
			"/photos/a.txt?partNumber=0": 400, "/photos/a.txt?partNumber=10001": 400, "/photos/a.txt?partNumber=": 400,
			"/photos/a.txt?partNumber=-1": 400, "/photos/a.txt?partNumber=1x": 400,
		} {
			code := map[int]string{416: "InvalidPartNumber", 400: "InvalidArgument"}[status]
			s.do(t, root, "GET", target, "").want(t, status, code)
		}
	})
}
