package s3_test

import (
	"encoding/xml"
	"fmt"
	"net/url"
	"slices"
	"testing"

	"github.com/keyhaven/keyhaven"
)

// versionPage is a page of ListObjectVersions. Versions and markers stand in
// one list on the wire; Entries keeps their order.
type versionPage struct {
	IsTruncated         bool
	NextKeyMarker       string
	NextVersionIDMarker string         `xml:"NextVersionIdMarker"`
	Entries             []versionEntry `xml:",any"`
}

type versionEntry struct {
	XMLName   xml.Name
	Key       string
	VersionID string `xml:"VersionId"`
	IsLatest  bool
	Prefix    string
	Size      string
}

func (s *server) versions(t testing.TB, params url.Values) (page versionPage) {
	t.Helper()
	params.Set("encoding-type", "url")
	a := s.must(t, root, "GET", "/photos?versions&"+params.Encode(), "")
	if err := xml.Unmarshal([]byte(a.body), &page); err != nil {
		t.Fatalf("versions: %v\n%s", err, a.body)
	}
	page.Entries = slices.DeleteFunc(page.Entries, func(e versionEntry) bool {
		return e.XMLName.Local != "Version" && e.XMLName.Local != "DeleteMarker" && e.XMLName.Local != "CommonPrefixes"
	})
	return page
}

// describe writes an entry in a line.
func (e versionEntry) describe() string {
	switch e.XMLName.Local {
	case "CommonPrefixes":
		return "prefix " + unescape(e.Prefix)
	case "DeleteMarker":
		return fmt.Sprintf("%s marker %s latest=%v", unescape(e.Key), e.VersionID, e.IsLatest)
	}
	return fmt.Sprintf("%s version %s latest=%v size=%s", unescape(e.Key), e.VersionID, e.IsLatest, e.Size)
}

// history fills a bucket with versions, markers and null versions, and returns
// what a full listing must show.
func history(t *testing.T, s *server) (want []string) {
	id := func(a *answer) string { return a.header.Get("X-Amz-Version-Id") }
	put := func(key string, size int) *answer {
		return s.must(t, root, "PUT", "/photos/"+key, content(size))
	}
	put("a", 1)
	put("dir/x", 2)
	put("null", 3)
	s.versioning(t, "photos", keyhaven.VersioningEnabled)
	a2, a3 := id(put("a", 4)), id(s.must(t, root, "DELETE", "/photos/a", ""))
	x2 := id(put("dir/x", 5))
	y := id(put("dir/y", 6))
	a4 := id(put("a", 7))
	s.versioning(t, "photos", keyhaven.VersioningSuspended)
	put("dir/y", 8)
	s.must(t, root, "DELETE", "/photos/null", "") // the null version goes, a null marker comes
	z := s.must(t, root, "DELETE", "/photos/z", "")
	if id(z) != "null" {
		t.Errorf("a marker in a suspended bucket has the version %q", id(z))
	}
	return []string{
		"a version " + a4 + " latest=true size=7", "a marker " + a3 + " latest=false", "a version " + a2 + " latest=false size=4", "a version null latest=false size=1",
		"dir/x version " + x2 + " latest=true size=5", "dir/x version null latest=false size=2",
		"dir/y version null latest=true size=8", "dir/y version " + y + " latest=false size=6",
		"null marker null latest=true", "z marker null latest=true",
	}
}

func TestListVersions(t *testing.T) {
	runAll(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		want := history(t, s)
		folded := append(slices.Clone(want[:4]), append([]string{"prefix dir/"}, want[8:]...)...)
		inDir := want[4:8]
		for size := 1; size <= len(want)+1; size++ {
			for _, try := range []struct {
				prefix, delimiter string
				want              []string
			}{{"", "", want}, {"", "/", folded}, {"dir/", "/", inDir}, {"dir/", "", inDir}, {"dir", "/", []string{"prefix dir/"}}, {"b", "", nil}} {
				if got := walkVersions(t, s, try.prefix, try.delimiter, size); !slices.Equal(sorted(got, try.delimiter), sorted(try.want, try.delimiter)) {
					t.Errorf("prefix %q delimiter %q in pages of %d\n got %q\nwant %q", try.prefix, try.delimiter, size, got, try.want)
				}
			}
		}
	})
}

// sorted brings listings with common prefixes into one order: on the wire they
// stand after the versions of their page.
func sorted(lines []string, delimiter string) []string {
	if delimiter == "" {
		return lines
	}
	return slices.Sorted(slices.Values(lines))
}

func walkVersions(t *testing.T, s *server, prefix, delimiter string, size int) (got []string) {
	t.Helper()
	params := url.Values{"prefix": {prefix}, "delimiter": {delimiter}, "max-keys": {fmt.Sprint(size)}}
	for range 100 {
		page := s.versions(t, params)
		if len(page.Entries) > size {
			t.Errorf("a page of %d has %d entries", size, len(page.Entries))
		}
		for _, e := range page.Entries {
			got = append(got, e.describe())
		}
		if !page.IsTruncated {
			return got
		}
		params.Set("key-marker", unescape(page.NextKeyMarker))
		params.Set("version-id-marker", page.NextVersionIDMarker)
	}
	t.Fatal("the listing never ends")
	return got
}

// TestListVersions_Markers that name what is not there any more, or never was.
func TestListVersions_Markers(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	want := history(t, s)
	for _, try := range []struct {
		key, version string
		want         []string
	}{
		{"a", "", want[4:]},
		{"A", "", want},
		{"dir/x", "", want[6:]},
		{"dir/", "", want[4:]},
		{"zz", "", nil},
		{"dir/xx", "", want[6:]},
		{"b", "null", want[4:]},
		{"a", "00000000000000000000000000000000", want[4:]},
		{"a", "ffffffffffffffffffffffffffffffff", want},
	} {
		page := s.versions(t, url.Values{"key-marker": {try.key}, "version-id-marker": {try.version}})
		var got []string
		for _, e := range page.Entries {
			got = append(got, e.describe())
		}
		if !slices.Equal(got, try.want) {
			t.Errorf("after %q %q\n got %q\nwant %q", try.key, try.version, got, try.want)
		}
	}
	// A version that was deleted between two pages still says where it was.
	page := s.versions(t, url.Values{"max-keys": {"2"}})
	s.must(t, root, "DELETE", "/photos/a?versionId="+page.NextVersionIDMarker, "")
	next := s.versions(t, url.Values{"key-marker": {page.NextKeyMarker}, "version-id-marker": {page.NextVersionIDMarker}})
	if got := next.Entries[0].describe(); got != want[2] {
		t.Errorf("after a deleted version comes %q, want %q", got, want[2])
	}
	s.do(t, root, "GET", "/photos?versions&version-id-marker=null", "").want(t, 400, "InvalidArgument")
	s.do(t, root, "GET", "/photos?versions&key-marker=a&version-id-marker=x", "").want(t, 400, "InvalidArgument")
}
