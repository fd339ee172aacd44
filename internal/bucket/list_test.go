package bucket_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/bucket"
)

func TestListPages(t *testing.T) {
	r := newRig(t)
	var want []string
	for i := range 1003 {
		in := viaS3(fmt.Sprintf("bucket-%04d", i))
		if i%500 == 7 {
			in.Region = "eu-west-1"
		}
		r.create(in)
		want = append(want, in.Name)
	}
	in := viaS3("of-another")
	in.Account = other
	r.create(in)
	list := func(region string) (names []string, pages int) {
		for token := ""; pages == 0 || token != ""; pages++ {
			var page []*keyhaven.Bucket
			var err error
			page, token, err = r.List(r.ctx, account, region, token)
			r.must("list", err)
			for _, b := range page {
				names = append(names, b.Name)
			}
		}
		return names, pages
	}
	if got, pages := list(""); pages != 2 || !slices.Equal(got, want) {
		t.Errorf("List() gives %d names on %d pages, want %d on 2", len(got), pages, len(want))
	}
	if got, pages := list("eu-west-1"); pages != 1 || cmp.Diff([]string{"bucket-0007", "bucket-0507"}, got) != "" {
		t.Errorf("List(eu-west-1) gives %v on %d pages", got, pages)
	}
	names, next, err := r.ActiveNames(r.ctx, other, region, "")
	if err != nil || next != "" || !slices.Equal(names, []string{"of-another"}) {
		t.Errorf("ActiveNames() = %v, %q, %v", names, next, err)
	}
	var seen []string
	err = r.Each(r.ctx, bucket.EachInput{Account: account, Prefix: "bucket-000", Token: bucket.Token("bucket-0008")}, func(b *keyhaven.Bucket) bool {
		seen = append(seen, b.Name)
		return true
	})
	if err != nil || !slices.Equal(seen, []string{"bucket-0008", "bucket-0009"}) {
		t.Errorf("Each() = %v, %v", seen, err)
	}
}

func TestOperationPages(t *testing.T) {
	r := newRig(t)
	r.create(lightsail("photos"))
	r.create(lightsail("films"))
	want := []string{"CreateBucket"} // newest first, of photos
	for i := range 210 {
		r.must("tag", r.tag(tag("n", fmt.Sprint(i))))
		want = slices.Insert(want, 0, "TagResource")
	}
	type pager func(token string) ([]keyhaven.Operation, string, error)
	for name, tt := range map[string]struct {
		page  pager
		count int
	}{
		"region": {func(token string) ([]keyhaven.Operation, string, error) {
			return r.Operations(r.ctx, account, region, token)
		}, 212},
		"resource": {func(token string) ([]keyhaven.Operation, string, error) {
			return r.OperationsForResource(r.ctx, account, region, "photos", token)
		}, 211},
		"other region": {func(token string) ([]keyhaven.Operation, string, error) {
			return r.Operations(r.ctx, account, "eu-west-1", token)
		}, 0},
	} {
		var all []keyhaven.Operation
		pages := 0
		for token := ""; pages == 0 || token != ""; pages++ {
			page, next, err := tt.page(token)
			r.must("operations", err)
			all, token = append(all, page...), next
		}
		if len(all) != tt.count || pages != 1+tt.count/200 {
			t.Errorf("%s: %d operations on %d pages, want %d", name, len(all), pages, tt.count)
		}
		ids := map[string]bool{}
		for i, op := range all {
			ids[op.ID] = true
			if i > 0 && op.CreatedAt.After(all[i-1].CreatedAt) {
				t.Errorf("%s: operation %d is newer than the one before", name, i)
			}
			if name == "resource" && op.Type != want[i] {
				t.Errorf("%s: operation %d is %s, want %s", name, i, op.Type, want[i])
			}
		}
		if len(ids) != len(all) {
			t.Errorf("%s: %d ids of %d operations", name, len(ids), len(all))
		}
		for id := range ids {
			if _, err := r.Operation(r.ctx, account, id); err != nil {
				t.Errorf("Operation(%s) = %v", id, err)
			}
			_, err := r.Operation(r.ctx, other, id)
			wantError(t, "Operation of another account", err, keyhaven.NotFound, keyhaven.NounOperation)
			break
		}
	}
	_, _, err := r.OperationsForResource(r.ctx, account, region, "never-was", "")
	wantError(t, "OperationsForResource", err, keyhaven.NotFound, keyhaven.NounResource)
	_, err = r.Delete(r.ctx, bucket.DeleteInput{Account: account, Name: "films"})
	r.must("delete", err)
	if d := cmp.Diff([]string{"DeleteBucket", "CreateBucket"}, r.operations("films")); d != "" {
		t.Errorf("operations of a bucket that is gone (-want +got):\n%s", d)
	}
}

func TestBadTokens(t *testing.T) {
	r := newRig(t)
	r.create(lightsail("photos"))
	for _, token := range []string{"x", "!!", bucket.Token("")[:2], "MS4", bucket.Token("photos") + "x y", "\xff"} {
		_, _, err := r.List(r.ctx, account, region, token)
		wantError(t, fmt.Sprintf("List(%q)", token), err, keyhaven.Invalid, keyhaven.NounPageToken)
		_, _, err = r.Operations(r.ctx, account, region, token)
		wantError(t, fmt.Sprintf("Operations(%q)", token), err, keyhaven.Invalid, keyhaven.NounPageToken)
	}
	// A good token of another listing.
	_, _, err := r.Operations(r.ctx, account, region, bucket.Token("photos"))
	wantError(t, "Operations with a token of List", err, keyhaven.Invalid, keyhaven.NounPageToken)
}
