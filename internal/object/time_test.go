package object_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/object"
)

// TestOBJ08_UploadExpires: an unfinished upload lives for a day, to the
// nanosecond, whether the sweeper has come by or not (R15).
func TestOBJ08_UploadExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, memkv.New())
		u := r.upload(object.CreateUploadInput{Bucket: r.bucket("photos"), Key: "k"})
		u.part(1, content(large, 1), object.Integrity{})
		u.part(2, content(12, 2), object.Integrity{})
		list := func() *object.UploadPage {
			page, err := r.objects.ListUploads(r.ctx, object.UploadsInput{Bucket: u.Bucket, Max: 1})
			r.must("list uploads", err)
			return page
		}
		time.Sleep(object.DefaultUploadLifetime - 1)
		r.swept()
		if page := list(); len(page.Uploads) != 1 || page.Uploads[0].ID != u.UploadID {
			t.Errorf("a moment before, ListUploads() = %+v", page)
		}
		if _, err := r.objects.Upload(r.ctx, u.UploadTarget); err != nil {
			t.Errorf("a moment before, Upload() = %v", err)
		}
		time.Sleep(time.Nanosecond)
		for what, call := range map[string]func() error{
			"Upload": func() error { _, err := r.objects.Upload(r.ctx, u.UploadTarget); return err },
			"Abort":  func() error { return r.objects.AbortUpload(r.ctx, u.UploadTarget, nil) },
			"PutPart": func() error {
				_, err := r.objects.PutPart(r.ctx, object.PutPartInput{UploadTarget: u.UploadTarget, Number: 3, Body: bytes.NewReader(nil)})
				return err
			},
			"ListParts": func() error { _, err := r.objects.ListParts(r.ctx, u.UploadTarget, 0, 10); return err },
			"Complete": func() error {
				_, err := r.objects.Complete(r.ctx, object.CompleteInput{UploadTarget: u.UploadTarget, Parts: u.list[:1], Size: -1})
				return err
			},
		} {
			wantError(t, what+" of an expired upload", call(), keyhaven.NotFound, keyhaven.NounUpload)
		}
		if page := list(); len(page.Uploads) != 0 || page.Truncated {
			t.Errorf("ListUploads() = %+v, want none", page)
		}
		r.swept()
		if use := r.usage("photos"); use != (meta.Usage{}) || r.blobCount() != 0 {
			t.Errorf("usage %+v and %d blobs are left", use, r.blobCount())
		}
		for _, kind := range []string{"m", "p", "d", "r", "x"} {
			if n := r.kinds()[kind]; n != 0 {
				t.Errorf("%d records of kind %s are left", n, kind)
			}
		}
	})
}

// TestExpiredUploadsAreNoLines: a listing counts only uploads that are there,
// for its pages and for its common prefixes.
func TestExpiredUploadsAreNoLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, memkv.New())
		for _, key := range []string{"a", "b/1", "c/1"} {
			r.upload(object.CreateUploadInput{Bucket: r.bucket("photos"), Key: key})
		}
		time.Sleep(object.DefaultUploadLifetime / 2)
		for _, key := range []string{"a", "c/2"} {
			r.upload(object.CreateUploadInput{Bucket: r.bucket("photos"), Key: key})
		}
		time.Sleep(object.DefaultUploadLifetime / 2)
		page, err := r.objects.ListUploads(r.ctx, object.UploadsInput{Bucket: r.bucket("photos"), Delimiter: "/", Max: 2})
		r.must("list uploads", err)
		if len(page.Uploads) != 1 || page.Uploads[0].Key != "a" || fmt.Sprint(page.CommonPrefixes) != "[c/]" || page.Truncated {
			t.Errorf("ListUploads() = %+v, want the second a and c/, and no more", page)
		}
	})
}

// slowBody gives its bytes after a while.
type slowBody struct {
	io.Reader
	pause time.Duration
}

func (b *slowBody) Read(p []byte) (int, error) {
	time.Sleep(b.pause)
	b.pause = 0
	return b.Reader.Read(p)
}

// TestUploadExpiresUnderAPart: a part that arrives while its upload expires is
// refused and leaves nothing.
func TestUploadExpiresUnderAPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, memkv.New())
		u := r.upload(object.CreateUploadInput{Bucket: r.bucket("photos"), Key: "k"})
		body := &slowBody{bytes.NewReader(content(large, 1)), object.DefaultUploadLifetime}
		_, err := r.objects.PutPart(r.ctx, object.PutPartInput{UploadTarget: u.UploadTarget, Number: 1, Body: body, Size: large})
		wantError(t, "PutPart", err, keyhaven.NotFound, keyhaven.NounUpload)
		if n := r.blobCount(); n != 0 {
			t.Errorf("%d blobs are left", n)
		}
	})
}

// TestCompletedIsForgotten: a repeated Complete is answered for a day.
func TestCompletedIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, memkv.New())
		u := r.upload(object.CreateUploadInput{Bucket: r.bucket("photos"), Key: "k"})
		u.part(1, content(12, 1), object.Integrity{})
		first := u.complete()
		time.Sleep(object.DefaultUploadLifetime - 1)
		r.swept()
		if again := u.complete(); again.ETag != first.ETag {
			t.Errorf("Complete() again = %+v, want %+v", again, first)
		}
		time.Sleep(time.Nanosecond)
		r.swept()
		_, err := r.objects.Complete(r.ctx, object.CompleteInput{UploadTarget: u.UploadTarget, Parts: u.list, Size: -1})
		wantError(t, "Complete again after a day", err, keyhaven.NotFound, keyhaven.NounUpload)
		if n := r.kinds()["c"]; n != 0 {
			t.Errorf("%d completed uploads are remembered", n)
		}
		if _, err := r.objects.Head(r.ctx, u.Bucket, "k", nil); err != nil {
			t.Errorf("Head() of the object = %v", err)
		}
	})
}

// TestR15_ClockJumpsBack writes a version ten years ahead of the clock, as before
// a jump back, and goes on writing: the versions of a key stay in the order in
// which they were written, and the newest is the one that is read.
func TestR15_ClockJumpsBack(t *testing.T) {
	for _, state := range []keyhaven.Versioning{keyhaven.NeverEnabled, keyhaven.VersioningEnabled, keyhaven.VersioningSuspended} {
		t.Run(string(state), func(t *testing.T) {
			r := newRig(t, memkv.New())
			if state != keyhaven.NeverEnabled {
				r.setVersioning("photos", keyhaven.VersioningEnabled)
			}
			future := &meta.Version{Object: keyhaven.Object{Key: "k", ModTime: time.Now().AddDate(10, 0, 0), ETag: keyhaven.ETag{MD5: [16]byte{1}}}}
			future.Version = keyhaven.VersionID{Seq: uint64(future.ModTime.UnixNano()), Rand: 1, Null: state == keyhaven.NeverEnabled}
			b := r.bucket("photos")
			r.must("write ahead", r.meta.Update(r.ctx, func(tx *meta.Txn) error {
				if err := tx.AddUsage(b.ID, meta.Usage{Objects: 1, Versions: 1}); err != nil {
					return err
				}
				return tx.PutVersion(b.ID, nil, future)
			}))
			written := []string{future.Version.String()}
			if state != keyhaven.NeverEnabled {
				r.setVersioning("photos", state)
			}
			for i := range 3 {
				o := r.put("photos", "k", content(12, uint64(i)))
				written = append(written, o.Version.String())
				_, data, err := r.get(object.GetInput{Bucket: b, Key: "k"})
				if err != nil || !bytes.Equal(data, content(12, uint64(i))) {
					t.Errorf("after write %d Get() = %.8q, %v", i, data, err)
				}
				if i == 1 && state == keyhaven.VersioningEnabled {
					d, err := r.objects.Delete(r.ctx, b, object.DeleteTarget{Key: "k"})
					r.must("delete", err)
					written = append(written, d.Version.String())
					_, _, err = r.get(object.GetInput{Bucket: r.bucket("photos"), Key: "k"})
					wantError(t, "Get under a delete marker", err, keyhaven.NotFound, keyhaven.NounDeleteMarker)
				}
			}
			var want []string // newest first; a null version replaces the one before it
			seen := map[string]bool{}
			for i := len(written) - 1; i >= 0; i-- {
				if id := written[i]; !seen[id] {
					seen[id] = true
					want = append(want, id)
				}
			}
			page, err := r.objects.ListVersions(r.ctx, object.VersionsInput{Bucket: b, Max: 100})
			r.must("list versions", err)
			var got []string
			for _, o := range page.Versions {
				got = append(got, o.Version.String())
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("versions, newest first (-want +got):\n%s", d)
			}
		})
	}
}
