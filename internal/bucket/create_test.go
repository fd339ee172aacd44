package bucket_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/bucket"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// TestBKT04_Names: buckets made through Lightsail keep its naming rules, those
// made through S3 keep S3's (spec/bucket-semantics.md §1). The names themselves
// are tested with package keyhaven; here is which rule applies.
func TestBKT04_Names(t *testing.T) {
	r := newRig(t)
	for _, tt := range []struct {
		name             string
		lightsail, viaS3 bool
	}{
		{"docexamplebucket1", true, true},
		{"log-delivery-march-2020", true, true},
		{"doc.example.bucket", false, true},
		{"doc--example--bucket", false, true},
		{"doc-example-bucket-", false, false},
		{strings.Repeat("a", 54), true, true},
		{strings.Repeat("a", 55), false, true},
		{strings.Repeat("a", 64), false, false},
		{"ab", false, false},
		{"", false, false},
		{"Photos", false, false},
		{"../etc/passwd", false, false},
	} {
		for _, in := range []bucket.CreateInput{lightsail(tt.name), viaS3(tt.name)} {
			want := tt.viaS3
			if in.ViaLightsail {
				want = tt.lightsail
			}
			b, _, err := r.Create(r.ctx, in)
			if want != (err == nil) {
				t.Errorf("Create(%q), via Lightsail %v = %v", tt.name, in.ViaLightsail, err)
			}
			if err != nil {
				wantError(t, "Create", err, keyhaven.Invalid, keyhaven.NounBucketName)
				continue
			}
			_, err = r.Delete(r.ctx, bucket.DeleteInput{Account: account, Name: b.Name})
			r.must("delete", err)
		}
	}
}

func TestBKT03_Create(t *testing.T) {
	r := newRig(t)
	in := lightsail("photos")
	in.Versioning = true
	in.Tags = []keyhaven.Tag{{Key: "a", Value: "b", HasValue: true}, {Key: "c"}}
	b, op, err := r.Create(r.ctx, in)
	r.must("create", err)
	want := &keyhaven.Bucket{
		ID: b.ID, CreatedAt: b.CreatedAt, Name: "photos", Account: account, Region: region, ViaLightsail: true,
		BundleID: "small_1_0", Versioning: keyhaven.VersioningEnabled, Tags: in.Tags,
	}
	for _, got := range []*keyhaven.Bucket{b, r.get("photos")} {
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("bucket (-want +got):\n%s", d)
		}
	}
	if b.ID.IsZero() || b.CreatedAt.IsZero() {
		t.Errorf("the bucket has no id or no time: %+v", b)
	}
	found, err := r.Operation(r.ctx, account, op.ID)
	if err != nil || *found != op || op.Type != "CreateBucket" || op.ResourceName != "photos" || op.ResourceType != "Bucket" || op.Region != region {
		t.Errorf("Operation(%q) = %+v, %v, want %+v", op.ID, found, err, op)
	}
	if plain := r.create(viaS3("plain")); plain.Versioning != keyhaven.NeverEnabled || plain.BundleID != keyhaven.DefaultBundleID || plain.AccessRules != (keyhaven.AccessRules{AllowPublicOverrides: true}) {
		t.Errorf("a bucket made through S3 is %+v", plain)
	}
}

func TestCreateRefusals(t *testing.T) {
	r := newRig(t)
	r.create(lightsail("photos"))
	change := func(fn func(*bucket.CreateInput)) bucket.CreateInput {
		in := lightsail("new-bucket")
		fn(&in)
		return in
	}
	for name, tt := range map[string]struct {
		in   bucket.CreateInput
		kind keyhaven.Kind
		noun keyhaven.Noun
	}{
		"own name":       {lightsail("photos"), keyhaven.Conflict, keyhaven.NounBucket},
		"other's name":   {change(func(in *bucket.CreateInput) { in.Name, in.Account = "photos", other }), keyhaven.AlreadyExists, keyhaven.NounBucket},
		"other region":   {change(func(in *bucket.CreateInput) { in.Name, in.Region = "photos", "eu-west-1" }), keyhaven.Conflict, keyhaven.NounBucket},
		"no bundle":      {change(func(in *bucket.CreateInput) { in.BundleID = "" }), keyhaven.Invalid, keyhaven.NounBundle},
		"unknown bundle": {change(func(in *bucket.CreateInput) { in.BundleID = "huge_1_0" }), keyhaven.Invalid, keyhaven.NounBundle},
		"reserved tag":   {change(func(in *bucket.CreateInput) { in.Tags = []keyhaven.Tag{{Key: "aws:x"}} }), keyhaven.Invalid, keyhaven.NounTag},
	} {
		_, _, err := r.Create(r.ctx, tt.in)
		wantError(t, name, err, tt.kind, tt.noun)
	}
	_, err := r.Get(r.ctx, "new-bucket")
	wantError(t, "Get", err, keyhaven.NotFound, keyhaven.NounBucket)
	if ops := r.operations("photos"); len(ops) != 1 {
		t.Errorf("what was refused left the operations %v", ops)
	}
}

// TestBKT05_NameIsFreed: a deleted name can be taken by anyone, and the new
// bucket is another one.
func TestBKT05_NameIsFreed(t *testing.T) {
	r := newRig(t)
	old := r.create(lightsail("photos"))
	_, err := r.Delete(r.ctx, bucket.DeleteInput{Account: account, Region: region, Name: "photos"})
	r.must("delete", err)
	in := lightsail("photos")
	in.Account = other
	b := r.create(in)
	if b.ID == old.ID || r.get("photos").Account != other {
		t.Errorf("the new bucket is %+v, the old one was %+v", r.get("photos"), old)
	}
}

// TestBKT06_TwentyBuckets: the cap holds when everybody comes at once, for each
// account, and S3 does not know it.
func TestBKT06_TwentyBuckets(t *testing.T) {
	r := newRig(t)
	var made, refused atomic.Int64
	var wg sync.WaitGroup
	for i := range 2 * bucket.DefaultMaxPerAccount {
		wg.Go(func() {
			switch _, _, err := r.Create(r.ctx, lightsail(fmt.Sprint("bucket-", i))); {
			case err == nil:
				made.Add(1)
			case keyhaven.Is(err, keyhaven.LimitExceeded, keyhaven.NounBucket):
				refused.Add(1)
			default:
				t.Errorf("Create() = %v", err)
			}
		})
	}
	wg.Wait()
	if made.Load() != bucket.DefaultMaxPerAccount || refused.Load() != bucket.DefaultMaxPerAccount {
		t.Errorf("%d buckets made and %d refused, want %d each", made.Load(), refused.Load(), bucket.DefaultMaxPerAccount)
	}
	r.create(viaS3("through-s3"))
	in := lightsail("of-another")
	in.Account = other
	r.create(in)
	_, _, err := r.Create(r.ctx, lightsail("one-more"))
	wantError(t, "Create", err, keyhaven.LimitExceeded, keyhaven.NounBucket)
	// One that goes makes room for one.
	all, _, err := r.List(r.ctx, account, "", "")
	r.must("list", err)
	_, err = r.Delete(r.ctx, bucket.DeleteInput{Account: account, Name: all[0].Name})
	r.must("delete", err)
	r.create(lightsail("one-more"))
	_, err = r.Delete(r.ctx, bucket.DeleteInput{Account: account, Name: "through-s3"})
	r.must("delete", err)
	_, _, err = r.Create(r.ctx, lightsail("yet-another"))
	wantError(t, "Create", err, keyhaven.LimitExceeded, keyhaven.NounBucket)
}

func TestMaxPerAccountIsASetting(t *testing.T) {
	r := newRig(t)
	r.Service = bucket.New(meta.New(memkv.New()), bucket.Options{MaxPerAccount: 1})
	r.create(lightsail("photos"))
	_, _, err := r.Create(r.ctx, lightsail("films"))
	wantError(t, "Create", err, keyhaven.LimitExceeded, keyhaven.NounBucket)
}

// TestOneNameOneBucket: of many who want a name at once one gets it.
func TestOneNameOneBucket(t *testing.T) {
	r := newRig(t)
	var wg sync.WaitGroup
	var made atomic.Int64
	for range 20 {
		wg.Go(func() {
			if _, _, err := r.Create(r.ctx, viaS3("photos")); err == nil {
				made.Add(1)
			} else if !keyhaven.Is(err, keyhaven.Conflict, keyhaven.NounBucket) {
				t.Errorf("Create() = %v", err)
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 || len(r.operations("photos")) != 1 {
		t.Errorf("%d buckets and the operations %v of one name", made.Load(), r.operations("photos"))
	}
}

// TestNamesOfInstances: a name of one of the account's instances is taken by
// Lightsail's rules, and not by S3's.
func TestNamesOfInstances(t *testing.T) {
	r := newRig(t)
	r.putInstance("web-1")
	_, _, err := r.Create(r.ctx, lightsail("web-1"))
	wantError(t, "by Lightsail", err, keyhaven.AlreadyExists, keyhaven.NounBucket)
	in := lightsail("web-1")
	in.Account = other
	if _, _, err := r.Create(r.ctx, in); err != nil {
		t.Errorf("by another account: %v", err)
	}
	r.putInstance("web-2")
	r.create(viaS3("web-2"))
}
