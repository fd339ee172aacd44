package object_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/object"
)

// TestReadConditions follows RFC 9110 §13.2.2: tags before times, and
// If-None-Match puts If-Modified-Since out of force.
func TestReadConditions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, memkv.New())
		time.Sleep(500 * time.Millisecond)
		tag := r.put("photos", "k", []byte("hello")).ETag.String()
		mod := time.Now().Truncate(time.Second) // what Last-Modified says
		before, after := mod.Add(-time.Second), mod.Add(time.Second)
		const other = "0123456789abcdef0123456789abcdef"
		ok, failed := error(nil), &keyhaven.Error{Kind: keyhaven.PreconditionFailed, Noun: keyhaven.NounObject}
		for _, tt := range []struct {
			name string
			cond object.Conditions
			want error
		}{
			{"none", object.Conditions{}, ok},
			{"match", object.Conditions{IfMatch: tag}, ok},
			{"match quoted", object.Conditions{IfMatch: `"` + tag + `"`}, ok},
			{"match in list", object.Conditions{IfMatch: `"` + other + `" , "` + tag + `"`}, ok},
			{"match weak", object.Conditions{IfMatch: `W/"` + tag + `"`}, ok},
			{"match any", object.Conditions{IfMatch: "*"}, ok},
			{"match other", object.Conditions{IfMatch: other}, failed},
			{"match part of it", object.Conditions{IfMatch: tag[:31]}, failed},
			{"none match", object.Conditions{IfNoneMatch: `"` + tag + `"`}, object.ErrNotModified},
			{"none match any", object.Conditions{IfNoneMatch: "*"}, object.ErrNotModified},
			{"none match other", object.Conditions{IfNoneMatch: other}, ok},
			{"modified since before", object.Conditions{IfModifiedSince: before}, ok},
			{"modified since then", object.Conditions{IfModifiedSince: mod}, object.ErrNotModified},
			{"modified since after", object.Conditions{IfModifiedSince: after}, object.ErrNotModified},
			{"unmodified since before", object.Conditions{IfUnmodifiedSince: before}, failed},
			{"unmodified since then", object.Conditions{IfUnmodifiedSince: mod}, ok},
			{"match beats unmodified", object.Conditions{IfMatch: tag, IfUnmodifiedSince: before}, ok},
			{"none match beats modified", object.Conditions{IfNoneMatch: other, IfModifiedSince: after}, ok},
			{"failed beats not modified", object.Conditions{IfMatch: other, IfNoneMatch: tag}, failed},
		} {
			c, err := r.objects.Get(r.ctx, object.GetInput{Bucket: r.bucket("photos"), Key: "k", Conditions: tt.cond})
			switch {
			case errors.Is(tt.want, failed):
				wantError(t, tt.name, err, failed.Kind, failed.Noun)
			case !errors.Is(err, tt.want):
				t.Errorf("%s: Get() = %v, want %v", tt.name, err, tt.want)
			case c.ETag.String() != tag:
				t.Errorf("%s: the answer has tag %v, want %s", tt.name, c.ETag, tag)
			}
			if c != nil {
				c.Close()
			}
		}
	})
}

// writers are the calls that can be conditional on what is there. Each makes an
// object with the bytes of its number.
var writers = map[string]func(r *rig, n uint64, c object.Conditions) error{
	"put": func(r *rig, n uint64, c object.Conditions) error {
		in := putOf(r.bucket("photos"), "k", content(20, n))
		in.Conditions = c
		_, err := r.objects.Put(r.ctx, in)
		return err
	},
	"put blob": func(r *rig, n uint64, c object.Conditions) error {
		in := putOf(r.bucket("photos"), "k", content(large, n))
		in.Conditions = c
		_, err := r.objects.Put(r.ctx, in)
		return err
	},
	"copy": func(r *rig, n uint64, c object.Conditions) error {
		key := fmt.Sprint("source ", n)
		r.put("photos", key, content(20, n))
		_, err := r.objects.Copy(r.ctx, object.CopyInput{
			Source: object.GetInput{Bucket: r.bucket("photos"), Key: key}, Bucket: r.bucket("photos"), Key: "k", Conditions: c,
		})
		return err
	},
	"complete": func(r *rig, n uint64, c object.Conditions) error {
		u := r.upload(object.CreateUploadInput{Bucket: r.bucket("photos"), Key: "k"})
		u.part(1, content(20, n), object.Integrity{})
		_, err := r.objects.Complete(r.ctx, object.CompleteInput{UploadTarget: u.UploadTarget, Parts: u.list, Size: -1, Conditions: c})
		return err
	},
}

// TestR9_OneWinner lets a hundred writers (thirty of those that take longer) race
// with the same condition: exactly one wins, and what is there is what it wrote
// (O3).
func TestR9_OneWinner(t *testing.T) {
	onEngines(t, func(t *testing.T, open func(fatal) kv.Store) {
		for name, write := range writers {
			for _, versioning := range []keyhaven.Versioning{keyhaven.NeverEnabled, keyhaven.VersioningEnabled} {
				t.Run(name+"/"+string(versioning), func(t *testing.T) {
					engine := open(t)
					defer engine.Close()
					r := newRig(t, engine)
					if versioning != keyhaven.NeverEnabled {
						r.setVersioning("photos", versioning)
					}
					racers := 30
					if name == "put" {
						racers = 100
					}
					race(t, r, racers, write, 0, object.Conditions{IfNoneMatch: "*"})
					o, err := r.objects.Head(r.ctx, r.bucket("photos"), "k", nil)
					r.must("head", err)
					race(t, r, racers, write, 1000, object.Conditions{IfMatch: `"` + o.ETag.String() + `"`})
				})
			}
		}
	})
}

func race(t *testing.T, r *rig, racers int, write func(*rig, uint64, object.Conditions) error, from uint64, c object.Conditions) {
	t.Helper()
	var wg sync.WaitGroup
	var winners, winner atomic.Int64
	for n := range racers {
		wg.Go(func() {
			switch err := write(r, from+uint64(n), c); {
			case err == nil:
				winners.Add(1)
				winner.Store(int64(from) + int64(n))
			case !keyhaven.Is(err, keyhaven.PreconditionFailed, keyhaven.NounObject):
				t.Errorf("%+v: a loser gets %v", c, err)
			}
		})
	}
	wg.Wait()
	if winners.Load() != 1 {
		t.Fatalf("%+v: %d writers won, want 1", c, winners.Load())
	}
	_, data, err := r.get(object.GetInput{Bucket: r.bucket("photos"), Key: "k"})
	if want := fmt.Sprintf("%d:", winner.Load()); err != nil || !strings.HasPrefix(string(data), want) {
		t.Errorf("%+v: %s won, and the object begins with %.8q, %v", c, want, data, err)
	}
}

// TestDeleteConditions: a key-only delete acts on the current object, one of a
// version on that version.
func TestDeleteConditions(t *testing.T) {
	r := newRig(t, memkv.New())
	r.setVersioning("photos", keyhaven.VersioningEnabled)
	old := r.put("photos", "k", []byte("old"))
	cur := r.put("photos", "k", []byte("new"))
	del := func(v *keyhaven.VersionID, c object.Conditions) error {
		_, err := r.objects.Delete(r.ctx, r.bucket("photos"), object.DeleteTarget{Key: "k", Version: v, Conditions: c})
		return err
	}
	wantError(t, "delete with the tag of the old", del(nil, object.Conditions{IfMatch: old.ETag.String()}), keyhaven.PreconditionFailed, keyhaven.NounObject)
	wantError(t, "delete of the old with the tag of the new", del(&old.Version, object.Conditions{IfMatch: cur.ETag.String()}), keyhaven.PreconditionFailed, keyhaven.NounObject)
	r.must("delete of the old with its tag", del(&old.Version, object.Conditions{IfMatch: old.ETag.String()}))
	r.must("delete with the tag of the new", del(nil, object.Conditions{IfMatch: cur.ETag.String()}))
	wantError(t, "delete under a delete marker", del(nil, object.Conditions{IfMatch: "*"}), keyhaven.NotFound, keyhaven.NounObject)
}

// TestBadKeys: a key that cannot be is refused by name and hurts no other target.
func TestBadKeys(t *testing.T) {
	r := newRig(t, memkv.New())
	r.setVersioning("photos", keyhaven.VersioningEnabled)
	r.put("photos", "k", []byte("x"))
	long := strings.Repeat("x", keyhaven.MaxObjectKey+1)
	for key, kind := range map[string]keyhaven.Kind{"": keyhaven.Invalid, "\xff": keyhaven.Invalid, long: keyhaven.TooLarge, strings.Repeat("x", 1<<16): keyhaven.TooLarge} {
		b := r.bucket("photos")
		_, err := r.objects.Put(r.ctx, putOf(b, key, nil))
		wantError(t, "Put", err, kind, keyhaven.NounObjectKey)
		_, err = r.objects.CreateUpload(r.ctx, object.CreateUploadInput{Bucket: b, Key: key})
		wantError(t, "CreateUpload", err, kind, keyhaven.NounObjectKey)
		_, err = r.objects.Copy(r.ctx, object.CopyInput{Source: object.GetInput{Bucket: b, Key: "k"}, Bucket: b, Key: key})
		wantError(t, "Copy", err, kind, keyhaven.NounObjectKey)
		_, err = r.objects.Get(r.ctx, object.GetInput{Bucket: b, Key: key})
		wantError(t, "Get", err, keyhaven.NotFound, keyhaven.NounObject)
		_, err = r.objects.SetACL(r.ctx, object.SetACLInput{Bucket: b, Key: key, Version: &keyhaven.VersionID{Null: true}})
		wantError(t, "SetACL", err, keyhaven.NotFound, keyhaven.NounVersion)
		err = r.objects.AbortUpload(r.ctx, object.UploadTarget{Bucket: b, Key: key, UploadID: "0"}, nil)
		wantError(t, "AbortUpload", err, keyhaven.NotFound, keyhaven.NounUpload)
		out, err := r.objects.DeleteMany(r.ctx, b, []object.DeleteTarget{{Key: key}, {Key: "k"}})
		if err != nil || !out[1].DeleteMarker || out[1].Err != nil {
			t.Errorf("DeleteMany() = %+v, %v, want the good target deleted", out, err)
		}
		wantError(t, "DeleteMany", out[0].Err, kind, keyhaven.NounObjectKey)
	}
	if u := r.usage("photos"); u.DeleteMarkers != 4 || u.Versions != 1 {
		t.Errorf("usage is %+v, want four delete markers and a version", u)
	}
}

// TestOtherBucket: a bucket that was deleted and made again under its name is
// another one; whoever was authorized for the first does not reach the second.
func TestOtherBucket(t *testing.T) {
	r := newRig(t, memkv.New())
	old := r.bucket("photos")
	stale := r.upload(object.CreateUploadInput{Bucket: old, Key: "k"})
	r.deleteBucket("photos")
	r.createBucket("photos")
	r.put("photos", "k", []byte("new"))
	calls := map[string]func() error{
		"Put": func() error { _, err := r.objects.Put(r.ctx, putOf(old, "k", []byte("old"))); return err },
		"Put blob": func() error {
			_, err := r.objects.Put(r.ctx, putOf(old, "k", content(large, 1)))
			return err
		},
		"Delete": func() error { _, err := r.objects.Delete(r.ctx, old, object.DeleteTarget{Key: "k"}); return err },
		"SetACL": func() error {
			_, err := r.objects.SetACL(r.ctx, object.SetACLInput{Bucket: old, Key: "k", ACL: keyhaven.ACLPublicRead})
			return err
		},
		"Copy from": func() error {
			_, err := r.objects.Copy(r.ctx, object.CopyInput{Source: object.GetInput{Bucket: old, Key: "k"}, Bucket: r.bucket("photos"), Key: "c"})
			return err
		},
		"Copy to": func() error {
			_, err := r.objects.Copy(r.ctx, object.CopyInput{Source: object.GetInput{Bucket: r.bucket("photos"), Key: "k"}, Bucket: old, Key: "c"})
			return err
		},
		"List": func() error { _, err := r.objects.List(r.ctx, object.ListInput{Bucket: old, Max: 1}); return err },
		"ListVersions": func() error {
			_, err := r.objects.ListVersions(r.ctx, object.VersionsInput{Bucket: old, Max: 1})
			return err
		},
		"ListUploads": func() error {
			_, err := r.objects.ListUploads(r.ctx, object.UploadsInput{Bucket: old, Max: 1})
			return err
		},
		"CreateUpload": func() error {
			_, err := r.objects.CreateUpload(r.ctx, object.CreateUploadInput{Bucket: old, Key: "k"})
			return err
		},
		"Upload": func() error { _, err := r.objects.Upload(r.ctx, stale.UploadTarget); return err },
		"Abort":  func() error { return r.objects.AbortUpload(r.ctx, stale.UploadTarget, nil) },
		"Complete": func() error {
			_, err := r.objects.Complete(r.ctx, object.CompleteInput{UploadTarget: stale.UploadTarget})
			return err
		},
	}
	for name, call := range calls {
		err := call()
		if name == "Copy from" { // there is nothing to copy under the old id
			wantError(t, name, err, keyhaven.NotFound, keyhaven.NounObject)
			continue
		}
		wantError(t, name, err, keyhaven.NotFound, keyhaven.NounBucket)
	}
	_, data, err := r.get(object.GetInput{Bucket: r.bucket("photos"), Key: "k"})
	if err != nil || string(data) != "new" {
		t.Errorf("Get() of the new bucket = %q, %v", data, err)
	}
	_, _, err = r.get(object.GetInput{Bucket: old, Key: "k"})
	wantError(t, "Get", err, keyhaven.NotFound, keyhaven.NounObject)
	r.swept()
	if n := r.blobCount(); n != 0 {
		t.Errorf("%d blobs are left of what was refused", n)
	}
}
