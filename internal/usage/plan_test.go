package usage_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/bucket"
	"github.com/keyhaven/keyhaven/internal/edge"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/usage"
)

// TestPlan: storage and transfer of the month, what is free, forecasts, and the
// restart of the quotas when the plan changes.
func TestPlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // from 2000-01-01
		m := newStore(t)
		s := usage.New(m, usage.Options{})
		buckets := bucket.New(m, bucket.Options{})
		plan := func() *usage.Plan {
			b, err := buckets.Get(t.Context(), "photos")
			if err != nil {
				t.Fatal(err)
			}
			p, err := s.Plan(t.Context(), b)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		send := func(p keyhaven.Principal, in, out int64) {
			s.Observe(&edge.Record{Door: "s3", Op: "GetObject", Bucket: "photos", Principal: &p}, edge.Outcome{Status: 200, BytesIn: in, BytesOut: out})
		}
		hold(t, m, meta.Usage{Versions: 2, Bytes: 1 << 30, Parts: 1, PartBytes: 1 << 30})
		send(keyhaven.Principal{}, 1<<40, 26<<30)                           // what comes in is free
		send(keyhaven.Principal{Kind: keyhaven.InstanceSession}, 0, 99<<30) // and what goes to instances
		if p := plan(); p.Storage != 2<<30 || p.StorageQuota != 5<<30 || p.Transfer != 26<<30 || p.TransferQuota != 25<<30 || p.TransferOverage != 1<<30 {
			t.Errorf("at once: %+v", p)
		}
		for range 2 {
			time.Sleep(5 * time.Minute)
			sample(t, s)
		}
		time.Sleep(time.Duration(31*24/2)*time.Hour - 10*time.Minute) // the middle of the month
		p := plan()
		if p.Transfer != 26<<30 || p.TransferForecast != 52<<30 || p.StorageForecast != 2<<30 {
			t.Errorf("in the middle of the month: %+v", p)
		}
		_, _, err := buckets.UpdateBundle(t.Context(), bucket.UpdateBundleInput{Account: photos.Account, Name: "photos", BundleID: "medium_1_0"})
		if err != nil {
			t.Fatal(err)
		}
		send(keyhaven.Principal{}, 0, 1<<30)
		time.Sleep(time.Hour)
		sample(t, s)
		if p := plan(); p.Transfer != 1<<30 || p.TransferQuota != 250<<30 || p.TransferOverage != 1<<30 || p.StorageQuota != 100<<30 {
			t.Errorf("under the new plan: %+v", p)
		} else if p.TransferForecast < 15<<30 || p.TransferForecast > 16<<30 { // a GiB a day for half a month
			t.Errorf("an hour under the new plan the forecast is %v GiB", p.TransferForecast/(1<<30))
		}
		time.Sleep(16 * 24 * time.Hour) // the next month
		if p := plan(); p.Transfer != 0 || p.TransferOverage != 0 || p.Storage != 2<<30 {
			t.Errorf("the next month: %+v", p)
		}
	})
}
