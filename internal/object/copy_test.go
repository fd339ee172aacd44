package object_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/object"
)

// TestCopyAttributes: the attributes of the source go with its bytes unless they
// are replaced, and its access control list never does.
func TestCopyAttributes(t *testing.T) {
	r := newRig(t, memkv.NewRerunning())
	in := putOf(r.bucket("photos"), "src", []byte("hello"))
	in.Attributes = colour(1)
	in.Attributes.Header = keyhaven.ObjectHeader{ContentType: "text/plain", CacheControl: "no-cache"}
	in.Attributes.ACL = keyhaven.ACLPublicRead
	_, err := r.objects.Put(r.ctx, in)
	r.must("put", err)
	source := object.GetInput{Bucket: in.Bucket, Key: "src"}

	out, err := r.objects.Copy(r.ctx, object.CopyInput{Source: source, Bucket: in.Bucket, Key: "kept"})
	r.must("copy", err)
	if out.Header != in.Attributes.Header || cmp.Diff(in.Attributes.Metadata, out.Metadata) != "" || out.ACL != keyhaven.ACLPrivate {
		t.Errorf("Copy() = %+v, want the source's header and metadata, private", out.Object)
	}
	replaced := object.Attributes{Header: keyhaven.ObjectHeader{ContentType: "text/html"}, ACL: keyhaven.ACLPublicRead}
	out, err = r.objects.Copy(r.ctx, object.CopyInput{Source: source, Bucket: in.Bucket, Key: "replaced", Replace: &replaced})
	r.must("copy", err)
	if out.Header != replaced.Header || out.Metadata != nil || out.ACL != keyhaven.ACLPrivate {
		t.Errorf("Copy() = %+v, want the header replaced and nothing kept", out.Object)
	}
}

// TestCopyOntoItself changes the attributes of an object in its place, as
// clients do; the bytes stay, inline or not.
func TestCopyOntoItself(t *testing.T) {
	r := newRig(t, memkv.NewRerunning())
	for _, data := range [][]byte{{}, []byte("hello"), content(large, 1)} {
		r.put("photos", "k", data)
		in := object.GetInput{Bucket: r.bucket("photos"), Key: "k"}
		_, err := r.objects.Copy(r.ctx, object.CopyInput{Source: in, Bucket: in.Bucket, Key: "k", Replace: new(colour(2))})
		r.must("copy", err)
		r.swept()
		c, got, err := r.get(in)
		if err != nil || !bytes.Equal(got, data) || c.Metadata[0].Value != "2" {
			t.Errorf("Get() = %d bytes with %v, %v, want %d bytes", len(got), c.Metadata, err, len(data))
		}
	}
	if u := r.usage("photos"); u.Versions != 1 || u.Bytes != large {
		t.Errorf("usage is %+v", u)
	}
}

// TestCopyRestoresAVersion: an old version copied onto its key becomes the
// newest (VER-07).
func TestCopyRestoresAVersion(t *testing.T) {
	r := newRig(t, memkv.NewRerunning())
	r.setVersioning("photos", keyhaven.VersioningEnabled)
	old := r.put("photos", "k", content(large, 1))
	r.put("photos", "k", content(large, 2))
	in := object.GetInput{Bucket: r.bucket("photos"), Key: "k", Version: &old.Version}
	out, err := r.objects.Copy(r.ctx, object.CopyInput{Source: in, Bucket: in.Bucket, Key: "k"})
	r.must("copy", err)
	if out.Source != old.Version || out.Version == old.Version {
		t.Errorf("Copy() = %+v of version %v", out, out.Source)
	}
	if _, got, err := r.get(object.GetInput{Bucket: in.Bucket, Key: "k"}); err != nil || !bytes.Equal(got, content(large, 1)) {
		t.Errorf("Get() = %d bytes, %v, want the old ones", len(got), err)
	}
	if u := r.usage("photos"); u.Versions != 3 || u.Objects != 1 || r.blobCount() != 2 {
		t.Errorf("usage is %+v with %d blobs, want three versions of two blobs", u, r.blobCount())
	}
}

func TestCopyRefusals(t *testing.T) {
	r := newRig(t, memkv.New())
	tag := r.put("photos", "src", []byte("hello")).ETag.String()
	b := r.bucket("photos")
	huge := &meta.Version{Object: keyhaven.Object{Key: "huge", Size: keyhaven.MaxPutSize + 1, Version: keyhaven.VersionID{Seq: 1, Null: true}}}
	r.must("put", r.meta.Update(r.ctx, func(tx *meta.Txn) error { return tx.ReplaceCurrent(b.ID, huge) }))
	for name, tt := range map[string]struct {
		key  string
		cond object.Conditions
		kind keyhaven.Kind
	}{
		"missing":        {"nope", object.Conditions{}, keyhaven.NotFound},
		"too large":      {"huge", object.Conditions{}, keyhaven.TooLarge},
		"match other":    {"src", object.Conditions{IfMatch: md5Hex(nil)}, keyhaven.PreconditionFailed},
		"none match":     {"src", object.Conditions{IfNoneMatch: tag}, keyhaven.PreconditionFailed},
		"modified since": {"src", object.Conditions{IfModifiedSince: time.Now().Add(time.Hour)}, keyhaven.PreconditionFailed},
		"unmodified":     {"src", object.Conditions{IfUnmodifiedSince: time.Now().Add(-time.Hour)}, keyhaven.PreconditionFailed},
	} {
		_, err := r.objects.Copy(r.ctx, object.CopyInput{
			Source: object.GetInput{Bucket: b, Key: tt.key, Conditions: tt.cond}, Bucket: b, Key: "dst",
		})
		wantError(t, name, err, tt.kind, keyhaven.NounObject)
	}
	_, err := r.objects.Head(r.ctx, b, "dst", nil)
	wantError(t, "Head", err, keyhaven.NotFound, keyhaven.NounObject)
}

// TestPagesOfNothing: a page of no lines says that there is no more, as S3 does.
func TestPagesOfNothing(t *testing.T) {
	r := newRig(t, memkv.New())
	r.put("photos", "k", nil)
	r.upload(object.CreateUploadInput{Bucket: r.bucket("photos"), Key: "k"})
	for _, n := range []int{0, -1} {
		b := r.bucket("photos")
		objects, err := r.objects.List(r.ctx, object.ListInput{Bucket: b, Max: n})
		if err != nil || len(objects.Objects) != 0 || objects.Truncated {
			t.Errorf("List(%d) = %+v, %v", n, objects, err)
		}
		versions, err := r.objects.ListVersions(r.ctx, object.VersionsInput{Bucket: b, Max: n})
		if err != nil || len(versions.Versions) != 0 || versions.Truncated {
			t.Errorf("ListVersions(%d) = %+v, %v", n, versions, err)
		}
		uploads, err := r.objects.ListUploads(r.ctx, object.UploadsInput{Bucket: b, Max: n})
		if err != nil || len(uploads.Uploads) != 0 || uploads.Truncated {
			t.Errorf("ListUploads(%d) = %+v, %v", n, uploads, err)
		}
	}
}
