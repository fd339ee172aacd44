package s3_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestOBJ06_Multipart is the life of an upload.
func TestOBJ06_Multipart(t *testing.T) {
	runAll(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		k := s.newKey(t, "photos")
		const path = "/photos/big.bin"
		body := content(firstPart + 100)
		upload := s.begin(t, k, path, "Content-Type: application/x-big", "X-Amz-Meta-Author: Ann")
		s.part(t, k, path, upload, 10, "replaced later")
		last := s.part(t, k, path, upload, 10, body[firstPart:])
		first := s.part(t, k, path, upload, 3, body[:firstPart])
		s.part(t, k, path, upload, 7, "not wanted in the end")
		s.do(t, k, "GET", path, "").want(t, 404, "NoSuchKey")
		if got := s.must(t, k, "GET", path+"?uploadId="+upload, "").elements(t, "PartNumber"); !slices.Equal(got, []string{"3", "7", "10"}) {
			t.Errorf("parts = %q", got)
		}
		done := s.complete(t, k, path, upload, first, last)
		etag := done.elements(t, "ETag")[0]
		if !strings.HasSuffix(etag, `-2"`) || done.element("Key") != "big.bin" || done.element("Bucket") != "photos" {
			t.Errorf("Complete = %s", done.body)
		}
		s.do(t, k, "GET", path, "").wantBody(t, 200, body).wantHeader(t, "Etag", etag).
			wantHeader(t, "Content-Type", "application/x-big").wantHeader(t, "X-Amz-Meta-Author", "Ann")
		if got := s.must(t, k, "GET", "/photos?uploads", "").elements(t, "UploadId"); len(got) != 0 {
			t.Errorf("uploads left: %q", got)
		}

		gone := s.begin(t, k, path)
		s.part(t, k, path, gone, 1, "part")
		s.do(t, k, "DELETE", path+"?uploadId="+gone, "").wantBody(t, 204, "")
		s.do(t, k, "GET", path+"?uploadId="+gone, "").want(t, 404, "NoSuchUpload")
		s.do(t, k, "POST", path+"?uploadId="+gone, completeBody(first)).want(t, 404, "NoSuchUpload")
		s.do(t, k, "GET", path, "").wantBody(t, 200, body)
	})
}

// TestUploadsAreNobodyElses: an upload id is good for its own key and bucket.
func TestUploadsAreNobodyElses(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	s.newBucket(t, "archive")
	upload := s.begin(t, root, "/photos/a.bin")
	p := s.part(t, root, "/photos/a.bin", upload, 1, "part")
	for _, path := range []string{"/photos/b.bin", "/archive/a.bin", "/photos/a.bin/", "/photos//a.bin"} {
		for _, try := range []struct{ method, query, body string }{
			{"PUT", "?partNumber=1&uploadId=" + upload, "stolen"},
			{"GET", "?uploadId=" + upload, ""},
			{"POST", "?uploadId=" + upload, completeBody(p)},
			{"DELETE", "?uploadId=" + upload, ""},
		} {
			s.do(t, root, try.method, path+try.query, try.body).want(t, 404, "NoSuchUpload")
		}
	}
	for _, id := range []string{"", "x", strings.Repeat("0", 32), strings.ToUpper(upload) + "0", upload[:31], "../" + upload, upload + "%00"} {
		s.do(t, root, "GET", "/photos/a.bin?uploadId="+id, "").want(t, 404, "NoSuchUpload")
	}
	s.complete(t, root, "/photos/a.bin", upload, p)
	s.do(t, root, "GET", "/photos/a.bin", "").wantBody(t, 200, "part")
}

// TestOBJ08_UploadsExpire a day after they began, to the second, whether sweep
// has come by or not.
func TestOBJ08_UploadsExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.newBucket(t, "photos")
		const path = "/photos/a.bin"
		upload := s.begin(t, root, path)
		p := s.part(t, root, path, upload, 1, "part")
		time.Sleep(24*time.Hour - time.Second)
		if got := s.must(t, root, "GET", "/photos?uploads", "").elements(t, "UploadId"); len(got) != 1 {
			t.Errorf("a second before its end the upload is not listed")
		}
		s.part(t, root, path, upload, 2, "late")
		time.Sleep(time.Second)
		for _, try := range []struct{ method, target, body string }{
			{"PUT", path + "?partNumber=1&uploadId=" + upload, "x"},
			{"GET", path + "?uploadId=" + upload, ""},
			{"POST", path + "?uploadId=" + upload, completeBody(p)},
			{"DELETE", path + "?uploadId=" + upload, ""},
		} {
			s.do(t, root, try.method, try.target, try.body).want(t, 404, "NoSuchUpload")
		}
		if got := s.must(t, root, "GET", "/photos?uploads", "").elements(t, "UploadId"); len(got) != 0 {
			t.Errorf("an expired upload is listed")
		}
		s.do(t, root, "GET", path, "").want(t, 404, "NoSuchKey")
	})
}

// TestR8_ConcurrentComplete: many Completes of one upload, with the same and
// with other parts, make one object. Aborts race with them.
func TestR8_ConcurrentComplete(t *testing.T) {
	runAll(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		for round := range 10 {
			path := fmt.Sprintf("/photos/%d", round)
			upload := s.begin(t, root, path)
			one := s.part(t, root, path, upload, 1, "one")
			two := s.part(t, root, path, upload, 2, "two")
			var mu sync.Mutex
			won := map[string]int{}
			aborted := 0
			race(30, func(i int) {
				if i%10 == 9 {
					if a := s.do(t, root, "DELETE", path+"?uploadId="+upload, ""); a.status == 204 {
						mu.Lock()
						aborted++
						mu.Unlock()
					}
					return
				}
				want := map[bool]string{true: one, false: two}[i%2 == 0]
				a := s.do(t, root, "POST", path+"?uploadId="+upload, completeBody(want))
				switch {
				case a.status == 200:
					mu.Lock()
					won[want]++
					mu.Unlock()
				case a.code() != "NoSuchUpload":
					t.Errorf("Complete = %d %s", a.status, a.code())
				}
			})
			if len(won)+aborted != 1 {
				t.Errorf("round %d: %d part lists won and %d aborts, want one in all", round, len(won), aborted)
			}
			got := s.do(t, root, "GET", path, "")
			switch {
			case aborted == 1 && got.status != 404, won[one] > 0 && got.body != "one", won[two] > 0 && got.body != "two":
				t.Errorf("round %d: %d aborts, won %v, object %d %q", round, aborted, won, got.status, got.body)
			}
		}
	})
}

// race runs fn n times at once.
func race(n int, fn func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			fn(i)
		})
	}
	close(start)
	wg.Wait()
}

// TestR8_PartsRaceWithComplete: a part that is acknowledged before Complete
// begins is in the object; one that comes at the same time is in it whole or not
// at all.
func TestR8_PartsRaceWithComplete(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	for round := range 50 {
		path := fmt.Sprintf("/photos/%d", round)
		upload := s.begin(t, root, path)
		p := s.part(t, root, path, upload, 1, "first")
		var done *answer
		race(2, func(i int) {
			if i == 0 {
				done = s.do(t, root, "POST", path+"?uploadId="+upload, completeBody(p))
			} else if a := s.do(t, root, "PUT", path+"?partNumber=1&uploadId="+upload, "second"); a.status != 200 && a.code() != "NoSuchUpload" {
				t.Errorf("UploadPart = %d %s", a.status, a.code())
			}
		})
		// Where the part was replaced first, its tag is not the listed one.
		switch {
		case done.status == http.StatusOK:
			s.do(t, root, "GET", path, "").wantBody(t, 200, "first")
		case done.code() == "InvalidPart":
			s.do(t, root, "GET", path, "").want(t, 404, "NoSuchKey")
		default:
			t.Errorf("Complete = %d %s", done.status, done.code())
		}
	}
}

func TestCompleteRules(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	const path = "/photos/a.bin"
	upload := s.begin(t, root, path)
	big := s.part(t, root, path, upload, 1, content(firstPart))
	small := s.part(t, root, path, upload, 2, content(firstPart - 1)[:firstPart-1])
	last := s.part(t, root, path, upload, 3, "x")
	empty := s.part(t, root, path, upload, 4, "")
	for name, try := range map[string]struct {
		parts []string
		code  string
	}{
		"out of order":          {[]string{last, big}, "InvalidPartOrder"},
		"twice":                 {[]string{big, big}, "InvalidPartOrder"},
		"missing":               {[]string{big, partElement(5, `"x"`)}, "InvalidPart"},
		"wrong tag":             {[]string{partElement(1, `"5d41402abc4b2a76b9719d911017c592"`)}, "InvalidPart"},
		"tag of another":        {[]string{big, strings.Replace(big, "<PartNumber>1<", "<PartNumber>3<", 1)}, "InvalidPart"},
		"one byte too small":    {[]string{big, small, last}, "EntityTooSmall"},
		"empty before the last": {[]string{big, last, empty}, "EntityTooSmall"},
		"part 0":                {[]string{partElement(0, `"x"`)}, "InvalidArgument"},
		"part 10001":            {[]string{big, partElement(10001, `"x"`)}, "InvalidArgument"},
		"no parts":              {nil, "MalformedXML"},
		"no number":             {[]string{"<Part><ETag>x</ETag></Part>"}, "MalformedXML"},
		"no tag":                {[]string{"<Part><PartNumber>1</PartNumber></Part>"}, "MalformedXML"},
		"a word for a number":   {[]string{"<Part><PartNumber>one</PartNumber><ETag>x</ETag></Part>"}, "MalformedXML"},
		"too many":              {[]string{strings.Repeat(big, 10001)}, "MalformedXML"},
	} {
		a := s.do(t, root, "POST", path+"?uploadId="+upload, completeBody(try.parts...))
		if a.status != 400 || a.code() != try.code {
			t.Errorf("%s = %d %s, want 400 %s", name, a.status, a.code(), try.code)
		}
	}
	s.do(t, root, "GET", path, "").want(t, 404, "NoSuchKey")
	s.complete(t, root, path, upload, big, empty)
	s.do(t, root, "GET", path, "").wantBody(t, 200, content(firstPart))
}

// TestUploadPartCopy_Ranges of a source in each form.
func TestUploadPartCopy_Ranges(t *testing.T) {
	run(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		source := content(300 << 10)
		s.must(t, root, "PUT", "/photos/source", source)
		upload := s.begin(t, root, "/photos/a.bin")
		put := func(number int, headers ...string) *answer {
			return s.do(t, root, "PUT", fmt.Sprintf("/photos/a.bin?partNumber=%d&uploadId=%s", number, upload), "",
				append(headers, "X-Amz-Copy-Source: photos/source")...)
		}
		for rng, want := range map[string]string{
			"": source, "bytes=0-0": source[:1], "bytes=10-19": source[10:20],
			fmt.Sprintf("bytes=0-%d", len(source)-1): source, fmt.Sprintf("bytes=5-%d", len(source)-1): source[5:],
		} {
			var headers []string
			if rng != "" {
				headers = []string{"X-Amz-Copy-Source-Range: " + rng}
			}
			a := put(1, headers...)
			if a.status != 200 {
				t.Errorf("copy of %q = %d %s", rng, a.status, a.body)
				continue
			}
			upload2 := upload
			s.complete(t, root, "/photos/a.bin", upload2, partElement(1, a.elements(t, "ETag")[0]))
			s.do(t, root, "GET", "/photos/a.bin", "").wantBody(t, 200, want)
			upload = s.begin(t, root, "/photos/a.bin")
		}
		for _, rng := range []string{
			fmt.Sprintf("bytes=0-%d", len(source)), fmt.Sprintf("bytes=%d-%d", len(source), len(source)+1),
			"bytes=0-", "bytes=-5", "bytes=5-3", "0-1", "bytes=0-1,3-4", "bytes=a-b",
		} {
			put(2, "X-Amz-Copy-Source-Range: "+rng).want(t, 400, "InvalidArgument")
		}
	})
}
