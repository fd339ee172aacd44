package keyhaven

import "time"

// Bundle is a storage plan.
type Bundle struct {
	ID         string
	Name       string
	PriceUSD   float64 // a month
	StorageGB  int32   // a month
	TransferGB int32   // a month
	Active     bool
}

// Bundles returns the three plans of spec/lightsail-api.md §2.6, cheapest first.
func Bundles() []Bundle {
	return []Bundle{
		{ID: "small_1_0", Name: "Object Storage 5GB", PriceUSD: 1, StorageGB: 5, TransferGB: 25, Active: true},
		{ID: "medium_1_0", Name: "Object Storage 100GB", PriceUSD: 3, StorageGB: 100, TransferGB: 250, Active: true},
		{ID: "large_1_0", Name: "Object Storage 250GB", PriceUSD: 5, StorageGB: 250, TransferGB: 500, Active: true},
	}
}

// DefaultBundleID is the plan of a bucket that was made through S3.
const DefaultBundleID = "small_1_0"

// FindBundle returns the plan with this id.
func FindBundle(id string) (Bundle, bool) {
	for _, b := range Bundles() {
		if b.ID == id {
			return b, true
		}
	}
	return Bundle{}, false
}

// SameBillingMonth reports whether two times fall in one monthly billing
// cycle, which is the calendar month in UTC.
func SameBillingMonth(a, b time.Time) bool {
	ay, am, _ := a.UTC().Date()
	by, bm, _ := b.UTC().Date()
	return ay == by && am == bm
}
