package keyhaven

import (
	"testing"
	"time"
)

func TestParseBundle(t *testing.T) {
	b, err := ParseBundle("team_1_0:12.5:1000:2000:enforce")
	want := Bundle{ID: "team_1_0", Name: "Object Storage 1000GB", PriceUSD: 12.5, StorageGB: 1000, TransferGB: 2000, Active: true, Enforcing: true}
	if err != nil || b != want {
		t.Errorf("ParseBundle() = %+v, %v, want %+v", b, err, want)
	}
	for _, bad := range []string{"", "a", "a:1:2", "a:1:2:3:4", "a:x:2:3", "a:1:0:3", "a:-1:2:3", "a:1:2:-3", "a b:1:2:3", "a:1:2:3:enforced", "a:NaN:1:1", "a:1:99999999999:1", ":1:1:1"} {
		if b, err := ParseBundle(bad); err == nil {
			t.Errorf("ParseBundle(%q) = %+v", bad, b)
		}
	}
}

func TestCatalog(t *testing.T) {
	c := NewCatalog(Bundle{ID: "small_1_0", StorageGB: 1, Enforcing: true}, Bundle{ID: "own", StorageGB: 2, Active: true})
	if len(c) != 4 || c.EnforcedQuota("small_1_0") != 1<<30 || c.EnforcedQuota("own") != 0 || c.EnforcedQuota("none") != 0 {
		t.Errorf("catalog = %+v", c)
	}
	if b, ok := NewCatalog().Find("medium_1_0"); !ok || b.StorageQuota() != 100<<30 || b.TransferQuota() != 250<<30 {
		t.Errorf("medium_1_0 = %+v", b)
	}
	begin, end := BillingMonth(time.Date(2026, 12, 31, 23, 0, 0, 0, time.FixedZone("", -3600*2)))
	if begin != time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC) || end != time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC) {
		t.Errorf("billing month = %v to %v", begin, end)
	}
}
