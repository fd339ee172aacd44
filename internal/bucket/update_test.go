package bucket_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/bucket"
)

func tag(key, value string) keyhaven.Tag { return keyhaven.Tag{Key: key, Value: value, HasValue: true} }

func (r *rig) tag(tags ...keyhaven.Tag) error {
	_, err := r.Tag(r.ctx, bucket.TagInput{Account: account, Region: region, Name: "photos", Tags: tags})
	return err
}

func (r *rig) untag(keys ...string) error {
	_, err := r.Untag(r.ctx, bucket.UntagInput{Account: account, Region: region, Name: "photos", Keys: keys})
	return err
}

func TestTAG01_TagAndUntag(t *testing.T) {
	r := newRig(t)
	r.create(lightsail("photos"))
	want := func(tags ...keyhaven.Tag) {
		t.Helper()
		if d := cmp.Diff(tags, r.get("photos").Tags); d != "" {
			t.Errorf("tags (-want +got):\n%s", d)
		}
	}
	r.must("tag", r.tag(tag("a", "b"), keyhaven.Tag{Key: "only"})) // TAG-03
	want(tag("a", "b"), keyhaven.Tag{Key: "only"})
	r.must("tag again", r.tag(tag("a", "c"), tag("d", "")))
	want(tag("a", "c"), keyhaven.Tag{Key: "only"}, tag("d", ""))
	r.must("untag", r.untag("a", "not there")) // TAG-02
	want(keyhaven.Tag{Key: "only"}, tag("d", ""))
	r.must("untag", r.untag("only", "d"))
	want()
	if d := cmp.Diff([]string{"UntagResource", "UntagResource", "TagResource", "TagResource", "CreateBucket"}, r.operations("photos")); d != "" {
		t.Errorf("operations (-want +got):\n%s", d)
	}
}

func TestTAG04_Limits(t *testing.T) {
	r := newRig(t)
	r.create(lightsail("photos"))
	for name, tags := range map[string][]keyhaven.Tag{
		"empty key":    {tag("", "x")},
		"long key":     {tag(strings.Repeat("é", 129), "x")},
		"long value":   {tag("a", strings.Repeat("é", 257))},
		"reserved":     {tag("AWS:x", "x")},
		"characters":   {tag("a", "<script>")},
		"newline":      {tag("a\nb", "x")},
		"not UTF-8":    {tag("a\xff", "x")},
		"the same key": {tag("a", "1"), tag("a", "2")},
	} {
		wantError(t, name, r.tag(tags...), keyhaven.Invalid, keyhaven.NounTag)
	}
	r.must("longest", r.tag(tag(strings.Repeat("é", 128), strings.Repeat("é", 256))))
	for i := range keyhaven.MaxTags - 1 {
		r.must("tag", r.tag(tag(fmt.Sprint("key ", i), "")))
	}
	wantError(t, "the fifty-first", r.tag(tag("one more", "")), keyhaven.LimitExceeded, keyhaven.NounTag)
	r.must("one of the fifty", r.tag(tag("key 1", "changed")))
	if n := len(r.get("photos").Tags); n != keyhaven.MaxTags {
		t.Errorf("the bucket has %d tags, want %d", n, keyhaven.MaxTags)
	}
}

// TestChangesAreNotLost tags from many sides at once: every change is kept.
func TestChangesAreNotLost(t *testing.T) {
	r := newRig(t)
	r.create(lightsail("photos"))
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if err := r.tag(tag(fmt.Sprint(i), "")); err != nil {
				t.Errorf("Tag() = %v", err)
			}
		})
	}
	wg.Wait()
	if n := len(r.get("photos").Tags); n != 20 {
		t.Errorf("the bucket has %d tags, want 20", n)
	}
	if n := len(r.operations("photos")); n != 21 {
		t.Errorf("there are %d operations, want 21", n)
	}
}

// TestPLAN03_BundleOnceAMonth: a plan can change once in a calendar month, up or
// down, and again when the next one begins.
func TestPLAN03_BundleOnceAMonth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which begins at midnight of 1 January 2000
		r := newRig(t)
		r.create(lightsail("photos"))
		change := func(id string) error {
			_, op, err := r.UpdateBundle(r.ctx, bucket.UpdateBundleInput{Account: account, Region: region, Name: "photos", BundleID: id})
			if err == nil && op.Type != "UpdateBucketBundle" {
				t.Errorf("UpdateBundle() = %+v", op)
			}
			return err
		}
		wantError(t, "an unknown plan", change("huge_1_0"), keyhaven.Invalid, keyhaven.NounBundle)
		wantError(t, "the plan that it has", change("small_1_0"), keyhaven.Invalid, keyhaven.NounBundle)
		if !bucket.AbleToUpdateBundle(r.get("photos"), time.Now()) {
			t.Error("a fresh bucket may not change its plan")
		}
		r.must("first change", change("large_1_0"))
		if bucket.AbleToUpdateBundle(r.get("photos"), time.Now()) {
			t.Error("a bucket whose plan was changed may change it again")
		}
		wantError(t, "second change", change("medium_1_0"), keyhaven.LimitExceeded, keyhaven.NounBundle)
		time.Sleep(31*24*time.Hour - 1)
		wantError(t, "a moment before February", change("medium_1_0"), keyhaven.LimitExceeded, keyhaven.NounBundle)
		time.Sleep(time.Nanosecond)
		r.must("in February", change("small_1_0"))
		time.Sleep(366 * 24 * time.Hour) // a year later, in the same month
		r.must("in the next year's February", change("medium_1_0"))
		if id := r.get("photos").BundleID; id != "medium_1_0" {
			t.Errorf("the plan is %s", id)
		}
	})
}

// TestVER04_VersioningAndAccessRules: the states of versioning, and the trap
// that changing it makes a bucket in individual-objects mode private
// (spec/bucket-semantics.md §4.1, §5).
func TestVER04_VersioningAndAccessRules(t *testing.T) {
	individual := keyhaven.AccessRules{AllowPublicOverrides: true}
	public := keyhaven.AccessRules{GetObjectPublic: true, AllowPublicOverrides: true}
	const never, enabled, suspended = keyhaven.NeverEnabled, keyhaven.VersioningEnabled, keyhaven.VersioningSuspended
	for _, tt := range []struct {
		name  string
		state keyhaven.Versioning
		rules keyhaven.AccessRules
		in    bucket.UpdateInput
		want  keyhaven.Versioning
		after keyhaven.AccessRules
	}{
		{"nothing", enabled, individual, bucket.UpdateInput{}, enabled, individual},
		{"enable", never, keyhaven.AccessRules{}, bucket.UpdateInput{Versioning: new(enabled)}, enabled, keyhaven.AccessRules{}},
		{"enable resets", never, individual, bucket.UpdateInput{Versioning: new(enabled)}, enabled, keyhaven.AccessRules{}},
		{"suspend resets", enabled, individual, bucket.UpdateInput{Versioning: new(suspended)}, suspended, keyhaven.AccessRules{}},
		{"enable again resets", suspended, individual, bucket.UpdateInput{Versioning: new(enabled)}, enabled, keyhaven.AccessRules{}},
		{"no change of state resets nothing", enabled, individual, bucket.UpdateInput{Versioning: new(enabled)}, enabled, individual},
		{"never stays never", never, individual, bucket.UpdateInput{Versioning: new(suspended)}, never, individual},
		{"public stays", never, public, bucket.UpdateInput{Versioning: new(enabled)}, enabled, public},
		{"rules of the same call win", never, individual, bucket.UpdateInput{Versioning: new(enabled), AllowPublicOverrides: new(true)}, enabled, individual},
		{"rules alone", suspended, keyhaven.AccessRules{}, bucket.UpdateInput{GetObjectPublic: new(true), AllowPublicOverrides: new(true)}, suspended, public},
		{"one rule alone", enabled, public, bucket.UpdateInput{GetObjectPublic: new(false)}, enabled, individual},
		{"all private", enabled, public, bucket.UpdateInput{GetObjectPublic: new(false), AllowPublicOverrides: new(false)}, enabled, keyhaven.AccessRules{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			in := lightsail("photos")
			in.Versioning = tt.state != never
			r.create(in)
			set := func(in bucket.UpdateInput) *keyhaven.Bucket {
				in.Account, in.Region, in.Name = account, region, "photos"
				b, _, err := r.Update(r.ctx, in)
				r.must("update", err)
				return b
			}
			if tt.state == suspended {
				set(bucket.UpdateInput{Versioning: new(suspended)})
			}
			set(bucket.UpdateInput{GetObjectPublic: &tt.rules.GetObjectPublic, AllowPublicOverrides: &tt.rules.AllowPublicOverrides})
			for _, b := range []*keyhaven.Bucket{set(tt.in), r.get("photos")} {
				if b.Versioning != tt.want || b.AccessRules != tt.after {
					t.Errorf("versioning %s, rules %+v, want %s, %+v", b.Versioning, b.AccessRules, tt.want, tt.after)
				}
			}
		})
	}
}

// TestVER03_NeverAgain: no call takes a bucket back to NeverEnabled, or to a
// state that there is not.
func TestVER03_NeverAgain(t *testing.T) {
	r := newRig(t)
	in := lightsail("photos")
	in.Versioning = true
	r.create(in)
	for _, v := range []keyhaven.Versioning{keyhaven.NeverEnabled, "", "enabled", "Disabled"} {
		_, _, err := r.Update(r.ctx, bucket.UpdateInput{Account: account, Name: "photos", Versioning: &v})
		wantError(t, fmt.Sprintf("Update(%q)", v), err, keyhaven.Invalid, keyhaven.NounNone)
	}
	if v := r.get("photos").Versioning; v != keyhaven.VersioningEnabled {
		t.Errorf("versioning is %s", v)
	}
}
