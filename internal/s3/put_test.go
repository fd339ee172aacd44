package s3_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestOBJ01_PutAndGet(t *testing.T) {
	runAll(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		k := s.newKey(t, "photos")
		s.must(t, k, "PUT", "/photos/a.txt", "hello").
			wantHeader(t, "Etag", `"5d41402abc4b2a76b9719d911017c592"`).wantHeader(t, "X-Amz-Version-Id", "")
		s.do(t, k, "GET", "/photos/a.txt", "").wantBody(t, 200, "hello").
			wantHeader(t, "Etag", `"5d41402abc4b2a76b9719d911017c592"`).
			wantHeader(t, "Content-Type", "binary/octet-stream").wantHeader(t, "Content-Length", "5")
		big := content(1 << 20)
		s.must(t, k, "PUT", "/photos/folder/big.bin", big)
		s.do(t, k, "GET", "/photos/folder/big.bin", "").wantBody(t, 200, big)
	})
}

// TestOBJ22_HeadersComeBack as they were sent, on GET and on HEAD alike.
func TestOBJ22_HeadersComeBack(t *testing.T) {
	run(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		kept := map[string]string{
			"Content-Type":        "text/html; charset=utf-8",
			"Cache-Control":       "max-age=60, must-revalidate",
			"Content-Disposition": `attachment; filename="grüße.html"`,
			"Content-Encoding":    "gzip",
			"Content-Language":    "de, en",
			"Expires":             "not even a date",
			"X-Amz-Meta-Author":   "Ann",
			"X-Amz-Meta-Empty":    "",
			"X-Amz-Meta-Utf8":     "日本語",
			"X-Amz-Meta-A_b.c~d":  "odd name",
		}
		var headers []string
		for name, v := range kept {
			headers = append(headers, name+": "+v)
		}
		s.must(t, root, "PUT", "/photos/a.html", "hello", headers...)
		get, head := s.do(t, root, "GET", "/photos/a.html", ""), s.do(t, root, "HEAD", "/photos/a.html", "")
		for name, v := range kept {
			if got := get.header.Values(name); len(got) != 1 || got[0] != v {
				t.Errorf("%s = %q, want %q", name, got, v)
			}
		}
		for _, name := range []string{"X-Amz-Request-Id", "X-Amz-Id-2"} {
			get.header.Del(name)
			head.header.Del(name)
		}
		if fmt.Sprint(get.header) != fmt.Sprint(head.header) || head.body != "" {
			t.Errorf("HEAD: %v %q\nGET:  %v", head.header, head.body, get.header)
		}
		// A header that comes twice is one value.
		s.must(t, root, "PUT", "/photos/b.html", "", "X-Amz-Meta-Tag: a", "X-Amz-Meta-Tag: b")
		s.do(t, root, "HEAD", "/photos/b.html", "").wantHeader(t, "X-Amz-Meta-Tag", "a,b")
		// Nothing of the first object is left.
		s.must(t, root, "PUT", "/photos/a.html", "again")
		s.do(t, root, "HEAD", "/photos/a.html", "").wantHeader(t, "Cache-Control", "").
			wantHeader(t, "X-Amz-Meta-Author", "").wantHeader(t, "Content-Type", "binary/octet-stream")
	})
}

// TestMetadataLimit: 2 KiB of names and values together.
func TestMetadataLimit(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	for _, try := range []struct{ names, length, status int }{
		{1, 2046, 200}, {1, 2047, 400}, {16, 126, 200}, {16, 127, 400}, {2, 4000, 400},
	} {
		var headers []string
		for i := range try.names {
			headers = append(headers, fmt.Sprintf("X-Amz-Meta-%02d: %s", i, strings.Repeat("v", try.length)))
		}
		code := map[int]string{400: "MetadataTooLarge"}[try.status]
		s.do(t, root, "PUT", "/photos/a.txt", "", headers...).want(t, try.status, code)
		s.do(t, root, "POST", "/photos/a.txt?uploads", "", headers...).want(t, try.status, code)
	}
}

func TestContentEncodingOfTransfers(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	for sent, kept := range map[string]string{
		"gzip": "gzip", "aws-chunked": "", "aws-chunked,gzip": "gzip", "gzip, aws-chunked": "gzip", "gzip,br": "gzip,br", "": "",
	} {
		s.must(t, root, "PUT", "/photos/a.txt", "hello", "Content-Encoding: "+sent)
		s.do(t, root, "GET", "/photos/a.txt", "").wantHeader(t, "Content-Encoding", kept)
	}
}

func TestOBJ18_Delete(t *testing.T) {
	run(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		k := s.newKey(t, "photos")
		s.must(t, k, "PUT", "/photos/a.txt", content(300<<10))
		s.do(t, k, "DELETE", "/photos/a.txt", "").wantBody(t, 204, "")
		s.do(t, k, "GET", "/photos/a.txt", "").want(t, 404, "NoSuchKey")
		s.do(t, k, "DELETE", "/photos/a.txt", "").wantBody(t, 204, "")
		if got := s.must(t, k, "GET", "/photos", "").elements(t, "Key"); len(got) != 0 {
			t.Errorf("the bucket still lists %q", got)
		}
	})
}

func TestOBJ26_OverwriteReplaces(t *testing.T) {
	runAll(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		for _, size := range []int{10, 300 << 10, 20, 0, 300<<10 + 1} {
			s.must(t, root, "PUT", "/photos/a.txt", content(size))
			s.do(t, root, "GET", "/photos/a.txt", "").wantBody(t, 200, content(size))
			list := s.must(t, root, "GET", "/photos?versions", "")
			if got := list.elements(t, "Size"); len(got) != 1 || got[0] != fmt.Sprint(size) {
				t.Errorf("after %d bytes the bucket holds versions of sizes %q", size, got)
			}
		}
	})
}

// oddKeys are keys that need care somewhere on the way.
var oddKeys = []string{
	"a b", "a+b", "a%20b", "a%2fb", "%", "%zz", "a&b=c?d#e", "a;b", "a:b@c,d", `"quoted" 'single'`, "<xml>&amp;</xml>", "]]>",
	"grüße/日本語/😀", "e\u0301 is not \u00e9", "\u00e9", "cr\rlf\nboth\r\n", "tab\t", "trailing ", " leading", "trailing.", "..", ".", "../x", "a/../b", "a/./b",
	"a//b", "/leading", "//", "a/", "a\\b", "\x01\x02\x1f\x7f", "nul\x00nul", "\ufffd", "\ufeffbom", "\u202egnp", "*?[]{}|^`~!$()", "con", "-/x", "_/x", "index.html",
	strings.Repeat("k", 1024), strings.Repeat("日", 341), strings.Repeat("a/", 511),
}

func keyPath(key string) string {
	return strings.ReplaceAll(url.PathEscape(key), "%2F", "/")
}

// TestOBJ25_OddKeys are keys like any other: they come back as they are, and
// none is another one.
func TestOBJ25_OddKeys(t *testing.T) {
	run(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		for _, key := range oddKeys {
			s.must(t, root, "PUT", "/photos/"+keyPath(key), key)
		}
		for _, key := range oddKeys {
			s.do(t, root, "GET", "/photos/"+keyPath(key), "").wantBody(t, 200, key)
			copied := s.do(t, root, "PUT", "/photos/copy", "", "X-Amz-Copy-Source: /photos/"+keyPath(key))
			if copied.status != 200 {
				t.Errorf("copy of %q = %d %s", key, copied.status, copied.body)
			}
			s.do(t, root, "GET", "/photos/copy", "").wantBody(t, 200, key)
			s.must(t, root, "DELETE", "/photos/copy", "")
		}
		want := slices.Sorted(slices.Values(oddKeys))
		for _, list := range []string{"/photos?list-type=2&encoding-type=url", "/photos?encoding-type=url", "/photos?versions&encoding-type=url"} {
			got := s.must(t, root, "GET", list, "").elements(t, "Key")
			for i := range got {
				decoded, err := url.QueryUnescape(got[i])
				if err != nil {
					t.Errorf("%s: key %q: %v", list, got[i], err)
				}
				got[i] = decoded
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s = %q\nwant %q", list, got, want)
			}
		}
		for _, key := range oddKeys {
			s.must(t, root, "DELETE", "/photos/"+keyPath(key), "")
		}
		if got := s.must(t, root, "GET", "/photos", "").elements(t, "Key"); len(got) != 0 {
			t.Errorf("after all deletes the bucket lists %q", got)
		}
	})
}
