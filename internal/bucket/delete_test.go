package bucket_test

import (
	"strings"
	"testing"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/bucket"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// TestBKT11_DeleteRules: what holds a bucket, and what force and S3 change
// (spec/lightsail-api.md §2.2).
func TestBKT11_DeleteRules(t *testing.T) {
	object := func(r *rig, b *keyhaven.Bucket) { r.putObject(b, false) }
	marker := func(r *rig, b *keyhaven.Bucket) { r.putObject(b, true) }
	key := func(r *rig, b *keyhaven.Bucket) { r.putKey(b, "AKIAIOSFODNN7EXAMPLE") }
	upload := func(r *rig, b *keyhaven.Bucket) {
		u := &meta.Upload{Ref: meta.ID{1}, Bucket: b.ID, Upload: keyhaven.Upload{Key: "k"}}
		r.must("put upload", r.meta.Update(r.ctx, func(tx *meta.Txn) error { return tx.PutUpload(u) }))
	}
	machine := func(r *rig, b *keyhaven.Bucket) {
		r.putInstance("web-1")
		_, err := r.SetResourceAccess(r.ctx, bucket.ResourceAccessInput{Account: account, Region: region, Name: b.Name, Instance: "web-1", Allow: true})
		r.must("attach", err)
	}
	for _, tt := range []struct {
		name  string
		fill  []func(*rig, *keyhaven.Bucket)
		plain string // what a plain delete says is left; "" when it works
		viaS3 string
	}{
		{"empty", nil, "", ""},
		{"object", []func(*rig, *keyhaven.Bucket){object}, "objects", "objects"},
		{"delete marker", []func(*rig, *keyhaven.Bucket){marker}, "objects", "objects"},
		{"key", []func(*rig, *keyhaven.Bucket){key}, "access keys", ""},
		{"object and key", []func(*rig, *keyhaven.Bucket){object, key}, "objects and access keys", "objects"},
		{"machine", []func(*rig, *keyhaven.Bucket){machine}, "attached instances", ""},
		{"unfinished upload", []func(*rig, *keyhaven.Bucket){upload}, "", ""},
	} {
		for _, in := range []bucket.DeleteInput{{}, {ViaS3: true}, {Force: true}} {
			r := newRig(t)
			b := r.create(lightsail("photos"))
			for _, fill := range tt.fill {
				fill(r, b)
			}
			left := tt.plain
			switch {
			case in.Force:
				left = ""
			case in.ViaS3:
				left = tt.viaS3
			}
			in.Account, in.Name = account, "photos"
			op, err := r.Delete(r.ctx, in)
			if left != "" {
				wantError(t, tt.name, err, keyhaven.NotEmpty, keyhaven.NounBucket)
				if err != nil && !strings.Contains(err.Error(), "still has "+left+".") {
					t.Errorf("%s: Delete() says %q, want it to name %s", tt.name, err, left)
				}
				r.get("photos")
				continue
			}
			if err != nil || op.Type != "DeleteBucket" || op.ResourceName != "photos" {
				t.Errorf("%s: Delete(%+v) = %+v, %v", tt.name, in, op, err)
			}
			_, err = r.Get(r.ctx, "photos")
			wantError(t, tt.name, err, keyhaven.NotFound, keyhaven.NounBucket)
			r.must("look for the key", r.meta.View(r.ctx, func(x *meta.Reader) error {
				_, err := x.AccessKey("AKIAIOSFODNN7EXAMPLE")
				wantError(t, tt.name, err, keyhaven.NotFound, keyhaven.NounAccessKey)
				return nil
			}))
		}
	}
}

// TestWrongTarget: a bucket of another account or region is not found, whatever
// is asked, and nothing happens to it.
func TestWrongTarget(t *testing.T) {
	r := newRig(t)
	r.create(lightsail("photos"))
	type target struct {
		account keyhaven.AccountID
		region  string
		name    string
	}
	for _, w := range []target{{other, region, "photos"}, {account, "eu-west-1", "photos"}, {account, region, "films"}, {account, "", ""}} {
		versioning := keyhaven.VersioningEnabled
		_, err := r.Delete(r.ctx, bucket.DeleteInput{Account: w.account, Region: w.region, Name: w.name, Force: true})
		wantError(t, "Delete", err, keyhaven.NotFound, keyhaven.NounBucket)
		_, _, err = r.Update(r.ctx, bucket.UpdateInput{Account: w.account, Region: w.region, Name: w.name, Versioning: &versioning})
		wantError(t, "Update", err, keyhaven.NotFound, keyhaven.NounBucket)
		_, _, err = r.UpdateBundle(r.ctx, bucket.UpdateBundleInput{Account: w.account, Region: w.region, Name: w.name, BundleID: "large_1_0"})
		wantError(t, "UpdateBundle", err, keyhaven.NotFound, keyhaven.NounBucket)
		_, err = r.Tag(r.ctx, bucket.TagInput{Account: w.account, Region: w.region, Name: w.name, Tags: []keyhaven.Tag{{Key: "a"}}})
		wantError(t, "Tag", err, keyhaven.NotFound, keyhaven.NounBucket)
		_, err = r.Untag(r.ctx, bucket.UntagInput{Account: w.account, Region: w.region, Name: w.name, Keys: []string{"a"}})
		wantError(t, "Untag", err, keyhaven.NotFound, keyhaven.NounBucket)
	}
	if ops := r.operations("photos"); len(ops) != 1 {
		t.Errorf("the operations are %v, want CreateBucket alone", ops)
	}
}

// TestUsage passes the counters on.
func TestUsage(t *testing.T) {
	r := newRig(t)
	b := r.create(viaS3("photos"))
	want := meta.Usage{Objects: 1, Versions: 2, DeleteMarkers: 3, Bytes: 4, Parts: 5, PartBytes: 6}
	r.must("add", r.meta.Update(r.ctx, func(tx *meta.Txn) error { return tx.AddUsage(b.ID, want) }))
	if got, err := r.Usage(r.ctx, b); err != nil || got != want {
		t.Errorf("Usage() = %+v, %v, want %+v", got, err, want)
	}
}
