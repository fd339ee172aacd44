package s3_test

import (
	"encoding/xml"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// listing is what all listings of keys have in common.
type listing struct {
	KeyCount, MaxKeys     int
	IsTruncated           bool
	NextMarker            string
	NextContinuationToken string
	Contents              []struct{ Key string }
	CommonPrefixes        []struct{ Prefix string }
}

func (l *listing) names() (keys, prefixes []string) {
	keys, prefixes = []string{}, []string{}
	for _, c := range l.Contents {
		keys = append(keys, unescape(c.Key))
	}
	for _, c := range l.CommonPrefixes {
		prefixes = append(prefixes, unescape(c.Prefix))
	}
	return keys, prefixes
}

func unescape(s string) string {
	u, err := url.QueryUnescape(s)
	if err != nil {
		return "bad encoding: " + s
	}
	return u
}

// list asks for a page of a bucket with encoded names.
func (s *server) list(t testing.TB, version int, params url.Values) *listing {
	t.Helper()
	params.Set("encoding-type", "url")
	if version == 2 {
		params.Set("list-type", "2")
	}
	a := s.must(t, root, "GET", "/photos?"+params.Encode(), "")
	var l listing
	if err := xml.Unmarshal([]byte(a.body), &l); err != nil {
		t.Fatalf("listing: %v\n%s", err, a.body)
	}
	return &l
}

// expect is what a listing of the keys must give, all in one page.
func expect(keys []string, prefix, delimiter, after string) (contents, prefixes []string) {
	contents, prefixes = []string{}, []string{}
	for _, k := range slices.Sorted(slices.Values(keys)) {
		rest, ok := strings.CutPrefix(k, prefix)
		if !ok || k <= after {
			continue
		}
		if i := strings.Index(rest, delimiter); delimiter != "" && i >= 0 {
			common := prefix + rest[:i+len(delimiter)]
			// A marker that is a common prefix stands for all under it.
			if common != after && !slices.Contains(prefixes, common) {
				prefixes = append(prefixes, common)
			}
			continue
		}
		contents = append(contents, k)
	}
	return contents, prefixes
}

var listedKeys = []string{
	"a", "a/", "a/1", "a/2", "a/b/1", "a/b/2", "a/b/c/d", "a0", "ab", "a!b", "a//x", "b", "b/", "b//", "b/x y", "c+d", "e%2Ff", "g&h<i>",
	"\x01", "\x01/\x02", "é", "é/ü", "日本/語", "\U0010ffff", "z/\U0010ffff", "z/\U0010ffff/1", "zz",
}

// TestOBJ10_ListObjects with every prefix, delimiter and start, in pages of
// several sizes, by both versions.
func TestOBJ10_ListObjects(t *testing.T) {
	runAll(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		for _, k := range listedKeys {
			s.must(t, root, "PUT", "/photos/"+keyPath(k), "")
		}
		for _, prefix := range []string{"", "a", "a/", "a/b", "é", "nothing", "\x01", "z/\U0010ffff"} {
			for _, delimiter := range []string{"", "/", "b", "//", "\U0010ffff", "x"} {
				for _, after := range []string{"", "a/", "a/1", "a/b/", "b", "zzz", "\x00"} {
					contents, prefixes := expect(listedKeys, prefix, delimiter, after)
					for _, size := range []int{1, 2, 1000} {
						if (s.virtualHost || s.disk) && size == 1 {
							continue
						}
						checkPages(t, s, contents, prefixes, prefix, delimiter, after, size)
					}
				}
			}
		}
	})
}

func checkPages(t *testing.T, s *server, contents, prefixes []string, prefix, delimiter, after string, size int) {
	t.Helper()
	for version := 1; version <= 2; version++ {
		gotKeys, gotPrefixes := walk(t, s, version, prefix, delimiter, after, size)
		if !slices.Equal(gotKeys, contents) || !slices.Equal(gotPrefixes, prefixes) {
			t.Errorf("version %d prefix %q delimiter %q after %q in pages of %d\n got %q %q\nwant %q %q",
				version, prefix, delimiter, after, size, gotKeys, gotPrefixes, contents, prefixes)
		}
	}
}

// walk lists page by page.
func walk(t *testing.T, s *server, version int, prefix, delimiter, after string, size int) (keys, prefixes []string) {
	t.Helper()
	params := url.Values{"prefix": {prefix}, "max-keys": {fmt.Sprint(size)}}
	if delimiter != "" {
		params.Set("delimiter", delimiter)
	}
	if after != "" {
		params.Set(map[int]string{1: "marker", 2: "start-after"}[version], after)
	}
	keys, prefixes = []string{}, []string{}
	for range len(listedKeys) + 1 {
		l := s.list(t, version, params)
		k, p := l.names()
		keys, prefixes = append(keys, k...), append(prefixes, p...)
		if len(k)+len(p) > size || version == 2 && l.KeyCount != len(k)+len(p) || l.MaxKeys != size {
			t.Errorf("a page of %d has %d keys, %d prefixes, KeyCount %d, MaxKeys %d", size, len(k), len(p), l.KeyCount, l.MaxKeys)
		}
		if !l.IsTruncated {
			return keys, prefixes
		}
		switch {
		case version == 2:
			params.Set("continuation-token", l.NextContinuationToken)
		case delimiter != "":
			params.Set("marker", unescape(l.NextMarker))
		default:
			params.Set("marker", k[len(k)-1])
		}
	}
	t.Errorf("listing never ends: prefix %q delimiter %q after %q", prefix, delimiter, after)
	return keys, prefixes
}

func TestListLimits(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	for i := range 1001 {
		s.must(t, root, "PUT", fmt.Sprintf("/photos/%04d", i), "")
	}
	for size, want := range map[string]int{"": 1000, "1000": 1000, "1001": 1000, "2147483647": 1000, "999": 999, "0": 0, "1": 1} {
		for version := 1; version <= 2; version++ {
			l := s.list(t, version, url.Values{"max-keys": {size}})
			if len(l.Contents) != want || l.MaxKeys != want || l.IsTruncated != (want > 0) {
				t.Errorf("max-keys %q, version %d: %d keys, MaxKeys %d, truncated %v; want %d", size, version, len(l.Contents), l.MaxKeys, l.IsTruncated, want)
			}
		}
	}
	for _, size := range []string{"-1", "x", "1.5", "0x1", "2147483648", "99999999999999999999", " 1"} {
		for _, query := range []string{"max-keys", "list-type=2&max-keys", "versions&max-keys", "uploads&max-uploads"} {
			s.do(t, root, "GET", "/photos?"+query+"="+url.QueryEscape(size), "").want(t, 400, "InvalidArgument")
		}
	}
}

func TestContinuationTokens(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	s.must(t, root, "PUT", "/photos/a", "")
	for _, token := range []string{"", "x", "1", "1!", "0YQ", "1YQ=", "2YQ", "1" + strings.Repeat("A", 2000), "1YQ%0A", "a"} {
		s.do(t, root, "GET", "/photos?list-type=2&continuation-token="+token, "").want(t, 400, "InvalidArgument")
	}
	// A token goes before start-after.
	a := s.must(t, root, "GET", "/photos?list-type=2&start-after=zzz&continuation-token=1QQ", "")
	if got := a.elements(t, "Key"); len(got) != 1 {
		t.Errorf("keys = %q", got)
	}
}

func TestListOwners(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	k := s.newKey(t, "photos")
	s.must(t, k, "PUT", "/photos/a", "")
	owner := strings.Repeat("1111", 16)
	for query, want := range map[string]string{
		"": owner, "?list-type=2": "", "?list-type=2&fetch-owner=false": "", "?list-type=2&fetch-owner=true": owner, "?versions": owner,
	} {
		if got := s.must(t, k, "GET", "/photos"+query, "").element("ID"); got != want {
			t.Errorf("owner with %q = %q, want %q", query, got, want)
		}
	}
}

// TestOBJ11_PrefixAndDelimiter is what a file browser asks for.
func TestOBJ11_PrefixAndDelimiter(t *testing.T) {
	run(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		for _, k := range []string{"archived/2025/a", "archived/2026/b", "archived/c", "current"} {
			s.must(t, root, "PUT", "/photos/"+k, "")
		}
		keys, prefixes := s.list(t, 2, url.Values{"prefix": {"archived/"}, "delimiter": {"/"}}).names()
		if !slices.Equal(keys, []string{"archived/c"}) || !slices.Equal(prefixes, []string{"archived/2025/", "archived/2026/"}) {
			t.Errorf("archived/ holds %q and %q", keys, prefixes)
		}
	})
}
