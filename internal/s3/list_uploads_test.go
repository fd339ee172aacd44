package s3_test

import (
	"encoding/xml"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
)

type uploadPage struct {
	IsTruncated        bool
	MaxUploads         int
	NextKeyMarker      string
	NextUploadIDMarker string `xml:"NextUploadIdMarker"`
	Upload             []struct {
		Key      string
		UploadID string `xml:"UploadId"`
	}
	CommonPrefixes []struct{ Prefix string }
}

func (s *server) uploads(t testing.TB, params url.Values) (page uploadPage) {
	t.Helper()
	params.Set("encoding-type", "url")
	a := s.must(t, root, "GET", "/photos?uploads&"+params.Encode(), "")
	if err := xml.Unmarshal([]byte(a.body), &page); err != nil {
		t.Fatalf("uploads: %v\n%s", err, a.body)
	}
	return page
}

// TestOBJ07_ListUploads by prefix and delimiter, in pages of every size: by key,
// and the oldest of a key first.
func TestOBJ07_ListUploads(t *testing.T) {
	run(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		var all []string
		for _, key := range []string{"dir/b", "a", "a", "dir/a", "dir/sub/c", "a", "grüße &", "dir/a"} {
			all = append(all, key+" "+s.begin(t, root, "/photos/"+keyPath(key)))
		}
		slices.SortStableFunc(all, func(x, y string) int { return strings.Compare(key(x), key(y)) })
		for size := 1; size <= len(all)+1; size++ {
			for _, try := range []struct {
				prefix, delimiter string
				want              []string
			}{
				{"", "", all},
				{"dir/", "", all[3:7]},
				{"", "/", slices.Concat(all[:3], all[7:], []string{"dir/"})},
				{"dir/", "/", slices.Concat(all[3:6], []string{"dir/sub/"})},
				{"x", "", nil},
			} {
				got := walkUploads(t, s, try.prefix, try.delimiter, size)
				if !slices.Equal(sorted(got, try.delimiter), sorted(try.want, try.delimiter)) {
					t.Errorf("prefix %q delimiter %q in pages of %d\n got %q\nwant %q", try.prefix, try.delimiter, size, got, try.want)
				}
			}
		}
		if page := s.uploads(t, url.Values{"max-uploads": {"0"}}); page.IsTruncated || len(page.Upload) != 0 {
			t.Errorf("a page of nothing = %+v", page)
		}
		// The id of an upload means nothing without its key.
		if page := s.uploads(t, url.Values{"upload-id-marker": {all[0][2:]}}); len(page.Upload) != len(all) {
			t.Errorf("with an id alone %d uploads are listed, want all %d", len(page.Upload), len(all))
		}
	})
}

func key(line string) string { return line[:strings.LastIndexByte(line, ' ')] }

func walkUploads(t *testing.T, s *server, prefix, delimiter string, size int) (got []string) {
	t.Helper()
	params := url.Values{"prefix": {prefix}, "delimiter": {delimiter}, "max-uploads": {fmt.Sprint(size)}}
	for range 100 {
		page := s.uploads(t, params)
		if n := len(page.Upload) + len(page.CommonPrefixes); n > size || page.MaxUploads != size {
			t.Errorf("a page of %d has %d entries, MaxUploads %d", size, n, page.MaxUploads)
		}
		for _, u := range page.Upload {
			got = append(got, unescape(u.Key)+" "+u.UploadID)
		}
		for _, p := range page.CommonPrefixes {
			got = append(got, unescape(p.Prefix))
		}
		if !page.IsTruncated {
			return got
		}
		params.Set("key-marker", unescape(page.NextKeyMarker))
		params.Set("upload-id-marker", page.NextUploadIDMarker)
	}
	t.Fatal("the listing never ends")
	return got
}

// TestListParts_Pages of every size, from every start.
func TestListParts_Pages(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	const path = "/photos/a.bin"
	upload := s.begin(t, root, path)
	numbers := []string{"1", "2", "7", "500", "9999", "10000"}
	for _, n := range numbers {
		s.must(t, root, "PUT", path+"?partNumber="+n+"&uploadId="+upload, n)
	}
	for size := 1; size <= len(numbers)+1; size++ {
		var got []string
		marker := "0"
		for range len(numbers) + 1 {
			a := s.must(t, root, "GET", fmt.Sprintf("%s?uploadId=%s&max-parts=%d&part-number-marker=%s", path, upload, size, marker), "")
			page := a.elements(t, "PartNumber")
			got = append(got, page...)
			if len(page) > size || a.element("PartNumberMarker") != marker {
				t.Errorf("a page of %d after %s: %s", size, marker, a.body)
			}
			if marker = a.element("NextPartNumberMarker"); a.element("IsTruncated") == "false" {
				break
			}
		}
		if !slices.Equal(got, numbers) {
			t.Errorf("in pages of %d: parts %q, want %q", size, got, numbers)
		}
	}
	for marker, want := range map[string][]string{"": numbers, "2": numbers[2:], "3": numbers[2:], "10000": {}} {
		if got := s.must(t, root, "GET", path+"?uploadId="+upload+"&part-number-marker="+marker, "").elements(t, "PartNumber"); !slices.Equal(got, want) {
			t.Errorf("after part %q: %q, want %q", marker, got, want)
		}
	}
	if a := s.must(t, root, "GET", path+"?uploadId="+upload+"&max-parts=0", ""); len(a.elements(t, "PartNumber")) != 0 || a.element("IsTruncated") != "false" {
		t.Errorf("a page of nothing = %s", a.body)
	}
}
