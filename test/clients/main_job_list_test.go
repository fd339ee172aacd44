//go:build e2e

package clients

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
)

// listing is what one listing shows, over all of its pages.
type listing struct {
	Sizes    map[string]int64 // by key
	Prefixes []string
}

// wantListing says what S3 must show of the source tree, from the file system.
func (j *mainJob) wantListing(t *testing.T, prefix, delimiter, after string) listing {
	want := listing{Sizes: map[string]int64{}}
	prefixes := map[string]bool{}
	for name, size := range files(t, j.source) {
		key := "src/" + name
		rest, ok := strings.CutPrefix(key, prefix)
		if !ok || key <= after {
			continue
		}
		if head, _, found := strings.Cut(rest, delimiter); found && delimiter != "" {
			prefixes[prefix+head+delimiter] = true
			continue
		}
		want.Sizes[key] = size
	}
	want.Prefixes = slices.Sorted(maps.Keys(prefixes))
	return want
}

func (j *mainJob) list(t *testing.T) {
	client := j.server.s3(j.keys[0])
	for _, c := range []struct {
		prefix, delimiter, after string
		page                     int32
	}{
		{"src/", "", "", 1000},
		{"src/", "/", "", 1000},
		{"src/", "/", "", 7},
		{"src/net/", "/", "", 10},
		{"src/net/http", "/", "", 1000},
		{"src/net/http", "", "", 13},
		{"src/os/", "_", "", 5},
		{"src/", "_test.go", "", 100},
		{"src/", ".go", "src/runtime/", 1000},
		{"src/crypto/", "", "src/crypto/tls/", 50},
		{"src/no-such/", "/", "", 1000},
	} {
		t.Run(fmt.Sprintf("%s|%s|%s|%d", c.prefix, c.delimiter, c.after, c.page), func(t *testing.T) {
			in := &s3.ListObjectsV2Input{Bucket: aws.String(jobBucket), Prefix: aws.String(c.prefix), MaxKeys: aws.Int32(c.page)}
			if c.delimiter != "" {
				in.Delimiter = aws.String(c.delimiter)
			}
			if c.after != "" {
				in.StartAfter = aws.String(c.after)
			}
			got := collect(t, s3.NewListObjectsV2Paginator(client, in), c.page)
			if diff := cmp.Diff(j.wantListing(t, c.prefix, c.delimiter, c.after), got); diff != "" {
				t.Errorf("ListObjectsV2 differs from the file system (-want +got):\n%s", diff)
			}
		})
	}
	j.listByCLI(t)
}

// collect reads all pages, each of which must be in order and hold no more than
// was asked for.
func collect(t *testing.T, pages *s3.ListObjectsV2Paginator, page int32) listing {
	got := listing{Sizes: map[string]int64{}}
	last := ""
	for pages.HasMorePages() {
		out, err := pages.NextPage(t.Context())
		check(t, err)
		if n := len(out.Contents) + len(out.CommonPrefixes); n > int(page) || n != int(aws.ToInt32(out.KeyCount)) {
			t.Errorf("a page of %d, KeyCount %d, MaxKeys %d", n, aws.ToInt32(out.KeyCount), page)
		}
		for _, o := range out.Contents {
			if *o.Key <= last {
				t.Errorf("%q comes after %q", *o.Key, last)
			}
			last = *o.Key
			got.Sizes[*o.Key] = *o.Size
		}
		for _, p := range out.CommonPrefixes {
			got.Prefixes = append(got.Prefixes, *p.Prefix)
		}
	}
	if !slices.IsSorted(got.Prefixes) || len(slices.Compact(slices.Clone(got.Prefixes))) != len(got.Prefixes) {
		t.Errorf("common prefixes are out of order or repeated: %q", got.Prefixes)
	}
	return got
}

// listByCLI compares two listings as aws-cli gathers them.
func (j *mainJob) listByCLI(t *testing.T) {
	key := j.debian.profile("bucket")
	var got struct {
		Keys     []string
		Prefixes []string
	}
	raw := key.do(t, "s3api", "list-objects-v2", "--bucket", jobBucket, "--prefix", "src/encoding/", "--delimiter", "/",
		"--page-size", "3", "--output", "json", "--query", "{Keys: Contents[].Key, Prefixes: CommonPrefixes[].Prefix}")
	check(t, json.Unmarshal([]byte(raw), &got))
	want := j.wantListing(t, "src/encoding/", "/", "")
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want.Sizes)), got.Keys); diff != "" {
		t.Errorf("list-objects-v2 of src/encoding/ (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want.Prefixes, got.Prefixes); diff != "" {
		t.Errorf("common prefixes of src/encoding/ (-want +got):\n%s", diff)
	}
	all := strings.TrimSpace(key.do(t, "s3api", "list-objects-v2", "--bucket", jobBucket, "--prefix", "src/",
		"--query", "length(Contents[])", "--output", "json"))
	if want := fmt.Sprint(len(files(t, j.source))); all != want {
		t.Errorf("list-objects-v2 of src/ has %s keys, want %s", all, want)
	}
}
