package keyhaven

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Bundle is a storage plan.
type Bundle struct {
	ID         string
	Name       string
	PriceUSD   float64 // a month
	StorageGB  int32   // a month
	TransferGB int32   // a month
	Active     bool
	Enforcing  bool // writes over the storage quota are refused
}

// StorageQuota and TransferQuota are in bytes.
func (b Bundle) StorageQuota() int64  { return int64(b.StorageGB) << 30 }
func (b Bundle) TransferQuota() int64 { return int64(b.TransferGB) << 30 }

var bundleID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

// ParseBundle reads a plan of one's own: ID:PRICE:STORAGE:TRANSFER, the price in
// USD and the quotas in GB a month, with ":enforce" for one whose storage quota
// binds.
func ParseBundle(s string) (Bundle, error) {
	f := strings.Split(s, ":")
	if len(f) == 5 && f[4] == "enforce" {
		f = f[:4]
	}
	if len(f) != 4 || !bundleID.MatchString(f[0]) {
		return Bundle{}, errors.New("a bundle is ID:PRICE:STORAGE:TRANSFER or ID:PRICE:STORAGE:TRANSFER:enforce")
	}
	price, perr := strconv.ParseFloat(f[1], 32)
	storage, serr := strconv.ParseInt(f[2], 10, 32)
	transfer, terr := strconv.ParseInt(f[3], 10, 32)
	if perr != nil || serr != nil || terr != nil || !(price >= 0) || price > 1e9 || storage < 1 || transfer < 0 {
		return Bundle{}, errors.New("the price of a bundle is in USD, its storage (1 or more) and transfer in GB")
	}
	return Bundle{
		ID: f[0], Name: "Object Storage " + f[2] + "GB", PriceUSD: price, StorageGB: int32(storage), TransferGB: int32(transfer),
		Active: true, Enforcing: strings.HasSuffix(s, ":enforce"),
	}, nil
}

// Catalog is the plans of an installation: Lightsail's three and its own.
type Catalog []Bundle

// NewCatalog adds plans to the three; one with the id of one of them replaces it.
func NewCatalog(own ...Bundle) Catalog {
	c := Catalog(Bundles())
next:
	for _, b := range own {
		for i := range c {
			if c[i].ID == b.ID {
				c[i] = b
				continue next
			}
		}
		c = append(c, b)
	}
	return c
}

// Find returns the plan with this id.
func (c Catalog) Find(id string) (Bundle, bool) {
	for _, b := range c {
		if b.ID == id {
			return b, true
		}
	}
	return Bundle{}, false
}

// EnforcedQuota is the storage quota of a plan in bytes, if it binds; 0 if not.
func (c Catalog) EnforcedQuota(id string) int64 {
	if b, ok := c.Find(id); ok && b.Enforcing {
		return b.StorageQuota()
	}
	return 0
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

// SameBillingMonth reports whether two times fall in one monthly billing
// cycle, which is the calendar month in UTC.
func SameBillingMonth(a, b time.Time) bool {
	ay, am, _ := a.UTC().Date()
	by, bm, _ := b.UTC().Date()
	return ay == by && am == bm
}

// BillingMonth returns the first moments of the billing month of t and of the
// next one.
func BillingMonth(t time.Time) (begin, end time.Time) {
	y, m, _ := t.UTC().Date()
	begin = time.Date(y, m, 1, 0, 0, 0, 0, time.UTC)
	return begin, begin.AddDate(0, 1, 0)
}
