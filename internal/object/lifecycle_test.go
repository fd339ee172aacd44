package object_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/object"
)

const day = 24 * time.Hour

func (r *rig) lifecycle(bucket string, rules ...keyhaven.LifecycleRule) {
	r.t.Helper()
	for i := range rules {
		rules[i].Enabled = true
		if rules[i].ID == "" {
			rules[i].ID = fmt.Sprint("rule ", i)
		}
	}
	r.must("set lifecycle", r.buckets.SetLifecycle(r.ctx, r.bucket(bucket), &keyhaven.Lifecycle{Rules: rules}))
}

func (r *rig) live() {
	r.t.Helper()
	r.must("lifecycles", r.objects.Lifecycles(r.ctx))
}

func (r *rig) keys(bucket string) string {
	r.t.Helper()
	var keys []string
	r.must("list", r.meta.View(r.ctx, func(x *meta.Reader) error {
		keys = nil
		it := x.Objects(r.bucket(bucket).ID, "")
		for it.Next() {
			keys = append(keys, string(it.Key()))
		}
		return it.Close()
	}))
	return strings.Join(keys, " ")
}

// TestLifecycleDays: days count from the object's time and end at midnight UTC,
// not a nanosecond earlier; a date holds for what comes after it too.
func TestLifecycleDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, memkv.New())
		prefix := "log/"
		r.lifecycle("photos", keyhaven.LifecycleRule{Days: 1, Filter: keyhaven.LifecycleFilter{Prefix: &prefix}})
		r.live()
		time.Sleep(time.Hour)
		r.put("photos", "log/1", content(10, 1))
		r.put("photos", "log/large", content(large, 2))
		r.put("photos", "photo", content(10, 3))
		for range 2 {
			time.Sleep(day)
			r.live()
			if got := r.keys("photos"); time.Now().Before(time.Date(2000, 1, 3, 0, 0, 0, 0, time.UTC)) && got != "log/1 log/large photo" {
				t.Errorf("%v: %s", time.Now().UTC(), got)
			}
		}
		if got := r.keys("photos"); got != "photo" {
			t.Errorf("after two days: %s, want the rest gone", got)
		}
		r.swept()
		if use := r.usage("photos"); use != (meta.Usage{Objects: 1, Versions: 1, Bytes: 10}) || r.blobCount() != 0 {
			t.Errorf("usage %+v and %d blobs are left", use, r.blobCount())
		}
		r.lifecycle("photos", keyhaven.LifecycleRule{Date: time.Date(2000, 1, 4, 0, 0, 0, 0, time.UTC)})
		r.live()
		if got := r.keys("photos"); got != "photo" {
			t.Errorf("before the date: %q", got)
		}
		time.Sleep(2 * day)
		r.put("photos", "late", content(10, 4))
		r.live()
		if got := r.keys("photos"); got != "" {
			t.Errorf("after the date: %q", got)
		}
	})
}

// TestLifecycleFilters: tags, sizes and both together.
func TestLifecycleFilters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		above, below := int64(5), int64(20)
		tag := keyhaven.Tag{Key: "keep", Value: "no", HasValue: true}
		for _, c := range []struct {
			filter keyhaven.LifecycleFilter
			left   string
		}{
			{keyhaven.LifecycleFilter{}, ""},
			{keyhaven.LifecycleFilter{Above: &above}, "a5"},
			{keyhaven.LifecycleFilter{Below: &below}, "b20"},
			{keyhaven.LifecycleFilter{Above: &above, Below: &below}, "a5 b20"},
			{keyhaven.LifecycleFilter{Tags: []keyhaven.Tag{tag}}, "a5 b20 c10"},
			{keyhaven.LifecycleFilter{Tags: []keyhaven.Tag{tag}, Below: &above}, "a5 b20 c10 d10"},
		} {
			r := newRig(t, memkv.New())
			for key, size := range map[string]int{"a5": 5, "b20": 20, "c10": 10} {
				r.put("photos", key, content(size, 1))
			}
			in := putOf(r.bucket("photos"), "d10", content(10, 1))
			in.Attributes.Tags = []keyhaven.Tag{tag, {Key: "x", Value: "y", HasValue: true}}
			_, err := r.objects.Put(r.ctx, in)
			r.must("put", err)
			r.lifecycle("photos", keyhaven.LifecycleRule{Days: 1, Filter: c.filter})
			time.Sleep(2 * day)
			r.live()
			if got := r.keys("photos"); got != c.left {
				t.Errorf("filter %+v leaves %q, want %q", c.filter, got, c.left)
			}
		}
	})
}

// TestLifecycleAbort: a rule goes before the lifetime of uploads, longer or
// shorter, and one that comes later ends what has begun.
func TestLifecycleAbort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, memkv.New())
		time.Sleep(time.Hour)
		r.lifecycle("photos", keyhaven.LifecycleRule{AbortDays: 3})
		u := r.upload(object.CreateUploadInput{Bucket: r.bucket("photos"), Key: "k"})
		u.part(1, content(large, 1), object.Integrity{})
		time.Sleep(2 * day)
		r.live()
		r.swept()
		if _, err := r.objects.Upload(r.ctx, u.UploadTarget); err != nil {
			t.Errorf("after two days: %v", err)
		}
		r.lifecycle("photos", keyhaven.LifecycleRule{AbortDays: 1})
		r.live()
		_, err := r.objects.Upload(r.ctx, u.UploadTarget)
		wantError(t, "after the rule", err, keyhaven.NotFound, keyhaven.NounUpload)
		r.swept()
		if use := r.usage("photos"); use != (meta.Usage{}) || r.blobCount() != 0 {
			t.Errorf("usage %+v and %d blobs are left", use, r.blobCount())
		}
	})
}

// TestR10_LifecycleKeepsLockedVersions, and goes on with the others.
func TestR10_LifecycleKeepsLockedVersions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, memkv.New())
		r.lockBucket(keyhaven.LockConfig{})
		in := putOf(r.bucket("vault"), "a", content(10, 1))
		in.Attributes.Lock.Retention = governance(10 * day)
		held, err := r.objects.Put(r.ctx, in)
		r.must("put", err)
		r.put("vault", "b", content(10, 1))
		r.lifecycle("vault", keyhaven.LifecycleRule{Days: 1, NoncurrentDays: 1})
		for range 5 {
			time.Sleep(day)
			r.live()
		}
		r.there(held)
		if use := r.usage("vault"); use.Versions != 1 || use.Objects != 0 {
			t.Errorf("usage = %+v, want the locked version alone", use)
		}
		time.Sleep(7 * day)
		r.live()
		if use := r.usage("vault"); use.Versions != 0 {
			t.Errorf("usage = %+v, want none when the retention has ended", use)
		}
	})
}

// TestLifecycleResumes: a run that was interrupted goes on where it was, and a
// change begins it anew.
func TestLifecycleResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, memkv.New())
		for i := range 2500 {
			r.put("photos", fmt.Sprintf("%04d", i), []byte("x"))
		}
		r.lifecycle("photos", keyhaven.LifecycleRule{Days: 1})
		time.Sleep(2 * day)
		ctx, cancel := context.WithTimeout(r.ctx, time.Millisecond)
		defer cancel() // the pause after the first page is longer
		if err := r.objects.Lifecycles(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("Lifecycles() = %v, want it interrupted", err)
		}
		left := r.usage("photos").Objects
		var run *meta.LifecycleRun
		r.must("view", r.meta.View(r.ctx, func(x *meta.Reader) (err error) {
			run, err = x.LifecycleRun(r.bucket("photos").ID)
			return err
		}))
		if left == 0 || left == 2500 || run.After == "" {
			t.Fatalf("%d objects are left after %q, want some", left, run.After)
		}
		r.put("photos", "0", nil) // before the place where it goes on
		r.restart()
		r.live()
		if got := r.keys("photos"); got != "0" {
			t.Errorf("left: %s", got)
		}
		r.must("remove", r.buckets.SetLifecycle(r.ctx, r.bucket("photos"), nil))
		time.Sleep(5 * day)
		r.live()
		if n := r.kinds()["j"]; n != 0 || r.keys("photos") != "0" {
			t.Errorf("%d runs are left, and %q", n, r.keys("photos"))
		}
	})
}

// held is a version in the model.
type held struct {
	id     keyhaven.VersionID
	at     time.Time
	marker bool
}

func ceilDay(t time.Time, days int) time.Time {
	t = t.Add(time.Duration(days) * day)
	if !t.Equal(t.Truncate(day)) {
		t = t.Truncate(day).Add(day)
	}
	return t
}

// expireModel applies one rule to the versions of a key, newest first, in the
// plainest way.
func expireModel(vs []held, rule keyhaven.LifecycleRule, now time.Time) (left []held, mark bool) {
	for i, v := range vs {
		due := i > 0 && rule.NoncurrentDays > 0 && i-1 >= rule.NewerNoncurrent && !now.Before(ceilDay(vs[i-1].at, rule.NoncurrentDays))
		if !due {
			left = append(left, v)
		}
	}
	old := len(vs) > 0 && rule.Days > 0 && !now.Before(ceilDay(vs[0].at, rule.Days))
	if len(vs) == 1 && vs[0].marker && (old || rule.ExpiredMarkers) {
		return nil, false
	}
	return left, old && !vs[0].marker
}

// TestLifecycleModel compares runs with a model, over versions and time.
func TestLifecycleModel(t *testing.T) {
	checkInTime(t, func(t *rapid.T) {
		r := newRig(t, memkv.New())
		r.setVersioning("photos", keyhaven.VersioningEnabled)
		rule := keyhaven.LifecycleRule{
			Days: rapid.IntRange(0, 3).Draw(t, "days"), NoncurrentDays: rapid.IntRange(0, 3).Draw(t, "noncurrent"),
			NewerNoncurrent: rapid.IntRange(0, 2).Draw(t, "newer"),
		}
		rule.ExpiredMarkers = rule.Days == 0 && rapid.Bool().Draw(t, "markers")
		r.lifecycle("photos", rule)
		model := map[string][]held{}
		key := rapid.SampledFrom([]string{"a", "a\x00", "b"})
		r.live()
		ran := time.Now().UTC().Truncate(day)
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				k := key.Draw(t, "key")
				o := r.put("photos", k, []byte("x"))
				model[k] = slices.Insert(model[k], 0, held{o.Version, o.ModTime, false})
			},
			"delete": func(t *rapid.T) {
				k := key.Draw(t, "key")
				d, err := r.objects.Delete(r.ctx, r.bucket("photos"), object.DeleteTarget{Key: k})
				r.must("delete", err)
				model[k] = slices.Insert(model[k], 0, held{d.Version, time.Now(), true})
			},
			"wait": func(t *rapid.T) { time.Sleep(time.Duration(rapid.IntRange(1, 40).Draw(t, "hours")) * time.Hour) },
			"run": func(t *rapid.T) {
				r.live()
				if today := time.Now().UTC().Truncate(day); !today.After(ran) {
					return // once a day
				} else {
					ran = today
				}
				for k, vs := range model {
					left, mark := expireModel(vs, rule, time.Now())
					if mark {
						v, err := r.objects.ListVersions(r.ctx, object.VersionsInput{Bucket: r.bucket("photos"), Prefix: k, Max: 1000})
						r.must("versions", err)
						for _, o := range v.Versions {
							if o.Key == k && o.Latest && o.DeleteMarker {
								left = slices.Insert(left, 0, held{o.Version, o.ModTime, true})
							}
						}
						if len(left) == 0 || !left[0].marker {
							t.Fatalf("%q is not expired", k)
						}
					}
					model[k] = left
				}
			},
			"": func(t *rapid.T) {
				page, err := r.objects.ListVersions(r.ctx, object.VersionsInput{Bucket: r.bucket("photos"), Max: 1000})
				r.must("versions", err)
				var got, want []string
				for _, o := range page.Versions {
					got = append(got, fmt.Sprint(o.Key, o.Version, o.DeleteMarker))
				}
				for _, k := range []string{"a", "a\x00", "b"} {
					for _, v := range model[k] {
						want = append(want, fmt.Sprint(k, v.id, v.marker))
					}
				}
				if !slices.Equal(got, want) {
					t.Fatalf("versions\n%q, want\n%q", got, want)
				}
			},
		})
	})
}

// TestLifecycleOfManyVersions of one key takes more than one transaction.
func TestLifecycleOfManyVersions(t *testing.T) {
	onEngines(t, func(t *testing.T, open func(fatal) kv.Store) {
		r := newRig(t, open(t))
		r.setVersioning("photos", keyhaven.VersioningEnabled)
		for i := range 250 {
			r.put("photos", "k", []byte{byte(i)})
		}
		r.lifecycle("photos", keyhaven.LifecycleRule{NoncurrentDays: 1})
		at := time.Now().Add(-5 * day)
		r.must("age", r.meta.Update(r.ctx, func(tx *meta.Txn) error {
			it := tx.Versions(r.bucket("photos").ID, "")
			defer it.Close()
			var all []*meta.Version
			for it.Next() {
				v, err := it.Version()
				if err != nil {
					return err
				}
				all = append(all, v)
			}
			for _, v := range all {
				v.ModTime = at
				if err := tx.UpdateVersion(r.bucket("photos").ID, v); err != nil {
					return err
				}
			}
			return nil
		}))
		r.live()
		if use := r.usage("photos"); use != (meta.Usage{Objects: 1, Versions: 1, Bytes: 1}) {
			t.Errorf("usage = %+v, want the current version alone", use)
		}
	})
}
