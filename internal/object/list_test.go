package object_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/object"
)

// TestR6_ListingWhileWriting lists page by page while other keys come and go:
// what is there all the time is listed exactly once.
func TestR6_ListingWhileWriting(t *testing.T) {
	onEngines(t, func(t *testing.T, open func(fatal) kv.Store) {
		engine := open(t)
		defer engine.Close()
		r := newRig(t, engine)
		r.setVersioning("photos", keyhaven.VersioningEnabled)
		const stable = 20
		name := func(i int) string { return fmt.Sprintf("dir%d/%02d", i%3, i) }
		for i := range stable {
			r.put("photos", name(i), nil)
			r.put("photos", name(i), nil)
			r.upload(object.CreateUploadInput{Bucket: r.bucket("photos"), Key: name(i)})
		}
		var done atomic.Bool
		var wg sync.WaitGroup
		wg.Go(func() {
			for n := 0; !done.Load(); n++ {
				key := name(n%stable) + "x"
				o := r.put("photos", key, nil)
				u := r.upload(object.CreateUploadInput{Bucket: r.bucket("photos"), Key: key})
				if _, err := r.objects.Delete(r.ctx, u.Bucket, object.DeleteTarget{Key: key, Version: &o.Version}); err != nil {
					t.Errorf("Delete() = %v", err)
				}
				r.must("abort", r.objects.AbortUpload(r.ctx, u.UploadTarget, nil))
			}
		})
		for range 15 {
			for what, seen := range map[string]map[string]int{"objects": objectPages(r), "versions": versionPages(r), "uploads": uploadPages(r)} {
				want := map[string]int{"objects": 1, "versions": 2, "uploads": 1}[what]
				for i := range stable {
					if seen[name(i)] != want {
						t.Errorf("%s: %s is listed %d times, want %d", what, name(i), seen[name(i)], want)
					}
				}
			}
		}
		done.Store(true)
		wg.Wait()
	})
}

func objectPages(r *rig) map[string]int {
	seen := map[string]int{}
	in := object.ListInput{Bucket: r.bucket("photos"), Max: 3}
	for {
		page, err := r.objects.List(r.ctx, in)
		r.must("list", err)
		for _, o := range page.Objects {
			seen[o.Key]++
		}
		if in.After = page.Last; !page.Truncated {
			return seen
		}
	}
}

func versionPages(r *rig) map[string]int {
	seen := map[string]int{}
	in := object.VersionsInput{Bucket: r.bucket("photos"), Max: 3}
	for {
		page, err := r.objects.ListVersions(r.ctx, in)
		r.must("list versions", err)
		for _, o := range page.Versions {
			seen[o.Key]++
		}
		if in.KeyMarker, in.VersionAfter = page.LastKey, page.LastVersion; !page.Truncated {
			return seen
		}
	}
}

func uploadPages(r *rig) map[string]int {
	seen := map[string]int{}
	in := object.UploadsInput{Bucket: r.bucket("photos"), Max: 3}
	for {
		page, err := r.objects.ListUploads(r.ctx, in)
		r.must("list uploads", err)
		for _, u := range page.Uploads {
			seen[u.Key]++
		}
		if in.KeyMarker, in.UploadAfter = page.LastKey, page.LastUpload; !page.Truncated {
			return seen
		}
	}
}

// TestR6_MarkerIsDeleted pages through the versions of one key, deleting each
// page before the next is asked for, as clients do that empty a bucket. Nothing
// may be passed, also when the marker was the null version, or when what comes
// next has become current.
func TestR6_MarkerIsDeleted(t *testing.T) {
	r := newRig(t, memkv.New())
	r.put("photos", "k", []byte("before versioning"))
	r.setVersioning("photos", keyhaven.VersioningEnabled)
	r.put("photos", "k", []byte("second"))
	r.setVersioning("photos", keyhaven.VersioningSuspended)
	r.put("photos", "k", []byte("null again"))
	r.setVersioning("photos", keyhaven.VersioningEnabled)
	_, err := r.objects.Delete(r.ctx, r.bucket("photos"), object.DeleteTarget{Key: "k"})
	r.must("delete", err)
	r.put("photos", "k", []byte("newest"))
	r.put("photos", "l", []byte("other"))
	in := object.VersionsInput{Bucket: r.bucket("photos"), Max: 1}
	var seen []string
	for {
		page, err := r.objects.ListVersions(r.ctx, in)
		r.must("list versions", err)
		for _, o := range page.Versions {
			seen = append(seen, o.Key)
			if !o.Latest {
				t.Errorf("version %v is the newest that is left, and not shown as the latest", o.Version)
			}
			_, err := r.objects.Delete(r.ctx, in.Bucket, object.DeleteTarget{Key: o.Key, Version: &o.Version})
			r.must("delete", err)
		}
		if in.KeyMarker, in.VersionAfter = page.LastKey, page.LastVersion; !page.Truncated {
			break
		}
	}
	if want := "[k k k k l]"; fmt.Sprint(seen) != want {
		t.Errorf("listed %v, want %s", seen, want)
	}
	if u := r.usage("photos"); u != (meta.Usage{}) {
		t.Errorf("usage is %+v", u)
	}
}

// TestVersionMarkerNull: "null" as a marker is the place of the null version.
func TestVersionMarkerNull(t *testing.T) {
	r := newRig(t, memkv.New())
	r.put("photos", "k", []byte("null"))
	r.setVersioning("photos", keyhaven.VersioningEnabled)
	r.put("photos", "k", []byte("newer"))
	r.put("photos", "l", []byte("other"))
	page, err := r.objects.ListVersions(r.ctx, object.VersionsInput{
		Bucket: r.bucket("photos"), KeyMarker: "k", VersionAfter: &keyhaven.VersionID{Null: true}, Max: 10,
	})
	if err != nil || len(page.Versions) != 1 || page.Versions[0].Key != "l" {
		t.Errorf("ListVersions() = %+v, %v, want l alone", page, err)
	}
}
