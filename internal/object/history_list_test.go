package object_test

import (
	"fmt"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/object"
)

// query is what the three listings share.
type query struct {
	bucket                   *keyhaven.Bucket
	prefix, delimiter, after string
	max                      int
}

// listAny compares the three listings, page by page, with the model (R6).
func (h *history) listAny() {
	name, b := h.anyBucket()
	text := func(what string) string {
		return rapid.SampledFrom([]string{"", "", "a", "a/", "a/b", "a/c/", "b/", "c", "é", "a\x00"}).Draw(h.rt, what)
	}
	q := query{
		bucket: h.bucket(name), prefix: text("prefix"), after: text("after"),
		delimiter: rapid.SampledFrom([]string{"", "/", "/c", "b"}).Draw(h.rt, "delimiter"),
		max:       rapid.SampledFrom([]int{1, 2, 3, 1000}).Draw(h.rt, "max"),
	}
	for what, f := range map[string]struct {
		list func(query) []line
		want []line
	}{
		"objects":  {h.listObjects, b.objects()},
		"versions": {h.listVersions, b.versions()},
		"uploads":  {h.listUploads, b.unfinished()},
	} {
		want := listed(f.want, q.prefix, q.delimiter, q.after)
		if d := cmp.Diff(want, f.list(q)); d != "" {
			h.t.Fatalf("%s with prefix %q, delimiter %q, after %q, by %d (-want +got):\n%s", what, q.prefix, q.delimiter, q.after, q.max, d)
		}
	}
}

// page checks what every page must be.
func (h *history) page(q query, n int, truncated bool) (more bool) {
	h.t.Helper()
	if n > q.max || truncated && n != q.max || n == 0 && truncated {
		h.t.Fatalf("a page of %d lines where %d were asked for, truncated %v", n, q.max, truncated)
	}
	return truncated
}

// inOrder puts the common prefixes of a page among its lines, in order of name.
func inOrder(lines []line, prefixes []string) (out []line) {
	for len(lines) > 0 || len(prefixes) > 0 {
		if len(lines) == 0 || len(prefixes) > 0 && prefixes[0] < lines[0].Key {
			out = append(out, line{Key: prefixes[0], Prefix: true})
			prefixes = prefixes[1:]
			continue
		}
		out = append(out, lines[0])
		lines = lines[1:]
	}
	return out
}

func (h *history) listObjects(q query) (all []line) {
	in := object.ListInput{Bucket: q.bucket, Prefix: q.prefix, Delimiter: q.delimiter, After: q.after, Max: q.max}
	for more := true; more; {
		page, err := h.objects.List(h.ctx, in)
		h.must("list", err)
		var lines []line
		for _, o := range page.Objects {
			lines = append(lines, line{Key: o.Key, ID: o.Version.String(), ETag: o.ETag.String(), Size: o.Size, Latest: o.Latest})
		}
		all = append(all, inOrder(lines, page.CommonPrefixes)...)
		more = h.page(q, len(page.Objects)+len(page.CommonPrefixes), page.Truncated)
		in.After = page.Last
	}
	return all
}

func (h *history) listVersions(q query) (all []line) {
	in := object.VersionsInput{Bucket: q.bucket, Prefix: q.prefix, Delimiter: q.delimiter, KeyMarker: q.after, Max: q.max}
	for more := true; more; {
		page, err := h.objects.ListVersions(h.ctx, in)
		h.must("list versions", err)
		var lines []line
		for _, o := range page.Versions {
			l := line{Key: o.Key, ID: o.Version.String(), Latest: o.Latest, Marker: o.DeleteMarker}
			if !o.DeleteMarker {
				l.ETag, l.Size = o.ETag.String(), o.Size
			}
			lines = append(lines, l)
		}
		all = append(all, inOrder(lines, page.CommonPrefixes)...)
		more = h.page(q, len(page.Versions)+len(page.CommonPrefixes), page.Truncated)
		in.KeyMarker, in.VersionAfter = page.LastKey, page.LastVersion
		if in.VersionAfter != nil {
			// As a marker looks on the wire.
			id, err := keyhaven.ParseVersionID(in.VersionAfter.String())
			h.must(fmt.Sprintf("parse version marker %v", in.VersionAfter), err)
			in.VersionAfter = &id
		}
	}
	return all
}

func (h *history) listUploads(q query) (all []line) {
	in := object.UploadsInput{Bucket: q.bucket, Prefix: q.prefix, Delimiter: q.delimiter, KeyMarker: q.after, Max: q.max}
	for more := true; more; {
		page, err := h.objects.ListUploads(h.ctx, in)
		h.must("list uploads", err)
		var lines []line
		for _, u := range page.Uploads {
			lines = append(lines, line{Key: u.Key, ID: u.ID})
		}
		all = append(all, inOrder(lines, page.CommonPrefixes)...)
		more = h.page(q, len(page.Uploads)+len(page.CommonPrefixes), page.Truncated)
		in.KeyMarker, in.UploadAfter = page.LastKey, page.LastUpload
	}
	return all
}
