package object_test

import (
	"bytes"
	"fmt"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/checksum"
	"github.com/keyhaven/keyhaven/internal/object"
)

// checkObject compares what a call says of an object.
func (h *history) checkObject(o *keyhaven.Object, v *modelVersion) {
	h.t.Helper()
	got := []any{o.Version.String(), o.ETag.String(), o.Size, o.ACL, o.Metadata, o.Checksum.Algorithm, o.Owner}
	want := []any{v.id, v.etag, int64(len(v.data)), v.acl, colourOf(v), v.checksum, account}
	if d := cmp.Diff(want, got); d != "" {
		h.t.Fatalf("object %q differs (-want +got):\n%s", o.Key, d)
	}
	if o.Checksum.Type == keyhaven.FullObject {
		sum := checksum.New(v.checksum)
		sum.Write(v.data)
		if !bytes.Equal(sum.Sum(nil), o.Checksum.Value) {
			h.t.Fatalf("object %q has the %v %x, want %x", o.Key, v.checksum, o.Checksum.Value, sum.Sum(nil))
		}
	}
}

func colourOf(v *modelVersion) []keyhaven.MetadataPair {
	if v.colour == "" {
		return nil
	}
	return []keyhaven.MetadataPair{{Name: "colour", Value: v.colour}}
}

// found returns what a read must find, or checks its error.
func (h *history) found(b *modelBucket, key string, id *keyhaven.VersionID, what string, err error) *modelVersion {
	h.t.Helper()
	v, noun := b.newest(key), keyhaven.NounObject
	if id != nil {
		v, noun = b.version(key, id.String()), keyhaven.NounVersion
	}
	switch {
	case v == nil:
		wantError(h.t, what, err, keyhaven.NotFound, noun)
		return nil
	case v.marker && id != nil:
		wantError(h.t, what, err, keyhaven.Conflict, keyhaven.NounDeleteMarker)
		return nil
	case v.marker:
		wantError(h.t, what, err, keyhaven.NotFound, keyhaven.NounDeleteMarker)
		return nil
	}
	return v
}

func (h *history) getAny() {
	name, b := h.anyBucket()
	key := h.anyKey()
	in := object.GetInput{Bucket: h.bucket(name), Key: key, Version: h.anyVersion(b, key)}
	c, data, err := h.get(in)
	v := h.found(b, key, in.Version, "Get", err)
	if v == nil {
		return
	}
	h.must("get", err)
	h.checkObject(&c.Object, v)
	if c.Latest != (v == b.newest(key)) {
		h.t.Errorf("Get() of %q version %s says latest = %v", key, v.id, c.Latest)
	}
	if !bytes.Equal(data, v.data) {
		h.t.Fatalf("Get(%q) gives %d other bytes than the %d that were stored", key, len(data), len(v.data))
	}
	o, err := h.objects.Head(h.ctx, in.Bucket, key, in.Version)
	h.must("head", err)
	h.checkObject(o, v)
	h.getRange(in, v)
}

func (h *history) getRange(in object.GetInput, v *modelVersion) {
	size := int64(len(v.data))
	first := rapid.Int64Range(-1, size+1).Draw(h.rt, "first")
	last := rapid.Int64Range(-1, size+1).Draw(h.rt, "last")
	in.Range = &object.ByteRange{First: first, Last: last}
	c, data, err := h.get(in)
	from, to := first, size
	switch {
	case first < 0:
		from = max(0, size-last)
	case last >= 0:
		to = min(last+1, size)
	}
	if first < 0 && last > 0 && size == 0 { // all there is, as S3 has it
		h.must("get suffix of nothing", err)
		if len(data) != 0 || c.Partial {
			h.t.Fatalf("Get of the last %d of no bytes = %d bytes, partial %v", last, len(data), c.Partial)
		}
		return
	}
	if first < 0 && last <= 0 || size == 0 || from >= to {
		wantError(h.t, fmt.Sprintf("Get of %d-%d of %d bytes", first, last, size), err, keyhaven.Invalid, keyhaven.NounRange)
		return
	}
	h.must("get range", err)
	if !bytes.Equal(data, v.data[from:to]) || c.Offset != from || c.Length != to-from || !c.Partial {
		h.t.Fatalf("Get of %d-%d of %d bytes = %d bytes at %d, want %d at %d", first, last, size, len(data), c.Offset, to-from, from)
	}
}

// checkBytes sweeps and checks that exactly the blobs that something needs are
// there, and every version with all its bytes.
func (h *history) checkBytes() {
	h.swept()
	if got, want := h.blobCount(), h.m.needed(); got != want {
		h.t.Fatalf("%d blobs are left after the sweep, want %d", got, want)
	}
	for name, b := range h.m.buckets {
		for key, vs := range b.keys {
			for _, v := range vs {
				if v.marker {
					continue
				}
				id, err := keyhaven.ParseVersionID(v.id)
				h.must("parse version id", err)
				_, data, err := h.get(object.GetInput{Bucket: h.bucket(name), Key: key, Version: &id})
				if err != nil || !bytes.Equal(data, v.data) {
					h.t.Fatalf("Get(%q, %s) = %d bytes, %v, want the %d that were stored", key, v.id, len(data), err, len(v.data))
				}
			}
		}
	}
}
