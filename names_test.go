package keyhaven

import (
	"strings"
	"testing"
	"time"
)

func TestBucketNames(t *testing.T) {
	for _, tt := range []struct {
		name          string
		lightsail, s3 bool
	}{
		{"docexamplebucket1", true, true},
		{"log-delivery-march-2020", true, true},
		{"my-hosted-content", true, true},
		{"abc", true, true},
		{"1-2", true, true},
		{"doc.example.bucket", false, true},
		{"doc--example--bucket", false, true},
		{"doc-example-bucket-", false, false},
		{"-doc-example-bucket", false, false},
		{".doc", false, false},
		{"doc.", false, false},
		{"doc..example", false, false},
		{"doc_example", false, false},
		{"Doc", false, false},
		{"dôc", false, false},
		{"ab", false, false},
		{"", false, false},
		{"abc\n", false, false},
		{"abc\x00", false, false},
		{"a/b", false, false},
		{"...", false, false},
		{strings.Repeat("a", 54), true, true},
		{strings.Repeat("a", 55), false, true},
		{strings.Repeat("a", 63), false, true},
		{strings.Repeat("a", 64), false, false},
		{"192.168.5.4", false, false},
		{"192.168.5.4a", false, true},
		{"xn--bucket", false, false},
		{"sthree-bucket", true, false},
		{"amzn-s3-demo-bucket", true, false},
		{"bucket-s3alias", true, false},
		{"bucket--ol-s3", false, false},
		{"bucket.mrap", false, false},
		{"bucket--x-s3", false, false},
		{"bucket--table-s3", false, false},
	} {
		if got := ValidLightsailBucketName(tt.name); got != tt.lightsail {
			t.Errorf("ValidLightsailBucketName(%q) = %v", tt.name, got)
		}
		if got := ValidS3BucketName(tt.name); got != tt.s3 {
			t.Errorf("ValidS3BucketName(%q) = %v", tt.name, got)
		}
	}
}

func TestObjectKeys(t *testing.T) {
	for key, kind := range map[string]Kind{
		"":                                     Invalid,
		"\xff":                                 Invalid,
		"a\xc3":                                Invalid,
		strings.Repeat("x", MaxObjectKey+1):    TooLarge,
		strings.Repeat("é", MaxObjectKey/2+1):  TooLarge,
		strings.Repeat("\xff", MaxObjectKey+1): Invalid,
	} {
		if err := ValidObjectKey(key); !Is(err, kind, NounObjectKey) {
			t.Errorf("ValidObjectKey(%.10q) = %v, want %v", key, err, kind)
		}
	}
	for _, key := range []string{"a", "/", "//", "a//b", "..", "../x", ".", "a/", " ", "\x00", "\r\n", "é", "💾", strings.Repeat("é", MaxObjectKey/2)} {
		if err := ValidObjectKey(key); err != nil {
			t.Errorf("ValidObjectKey(%.10q) = %v", key, err)
		}
	}
}

func TestAccountIDs(t *testing.T) {
	for id, want := range map[AccountID]bool{
		"111122223333": true, "000000000000": true, "": false, "11112222333": false, "1111222233334": false,
		"11112222333a": false, "１１１１": false, "11112222333 ": false,
	} {
		if got := id.Valid(); got != want {
			t.Errorf("AccountID(%q).Valid() = %v", id, got)
		}
	}
}

func TestAccessKeyIDs(t *testing.T) {
	for id, want := range map[string]bool{
		"AKIAIOSFODNN7EXAMPLE": true, "AKIAIOSFODNN7EXAMPL": false, "AKIAIOSFODNN7EXAMPLEX": false,
		"akiaiosfodnn7example": false, "AKIAIOSFODNN7EXAMPL\n": false, "": false,
	} {
		if got := ValidAccessKeyID(id); got != want {
			t.Errorf("ValidAccessKeyID(%q) = %v", id, got)
		}
	}
}

func TestRegions(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Regions() {
		if seen[r.Name] || !ValidRegionName(r.Name) || r.DisplayName == "" || r.Description == "" || len(r.Continent) != 2 {
			t.Errorf("region %+v", r)
		}
		seen[r.Name] = true
		if len(r.Zones) != 3 || r.Zones[0] != r.Name+"a" {
			t.Errorf("region %s has the zones %v", r.Name, r.Zones)
		}
	}
	if len(seen) != 17 { // spec/lightsail-api.md §1.5
		t.Errorf("there are %d regions, want 17", len(seen))
	}
	Regions()[0].Zones[0] = "changed"
	if Regions()[0].Zones[0] == "changed" {
		t.Error("a caller can change the regions")
	}
	for name, want := range map[string]bool{
		"us-east-1": true, "local": true, "garage": true, "ap-southeast-5": true, "us-gov-west-1": true,
		"": false, "US-EAST-1": false, "us_east_1": false, "us-east-1/": false, "a": false, "us-": false, "us-east-1\n": false,
		strings.Repeat("a", 33): false,
	} {
		if got := ValidRegionName(name); got != want {
			t.Errorf("ValidRegionName(%q) = %v", name, got)
		}
	}
}

func TestBundles(t *testing.T) { // PLAN-01
	for i, want := range []Bundle{
		{ID: "small_1_0", PriceUSD: 1, StorageGB: 5, TransferGB: 25},
		{ID: "medium_1_0", PriceUSD: 3, StorageGB: 100, TransferGB: 250},
		{ID: "large_1_0", PriceUSD: 5, StorageGB: 250, TransferGB: 500},
	} {
		got, ok := NewCatalog().Find(want.ID)
		if !ok || got != Bundles()[i] || got.PriceUSD != want.PriceUSD || got.StorageGB != want.StorageGB || got.TransferGB != want.TransferGB || !got.Active {
			t.Errorf("NewCatalog().Find(%s) = %+v, %v", want.ID, got, ok)
		}
	}
	if _, ok := NewCatalog().Find(""); ok {
		t.Error("there is a bundle without a name")
	}
	if _, ok := NewCatalog().Find(DefaultBundleID); !ok {
		t.Error("the default bundle is none")
	}
}

func TestSameBillingMonth(t *testing.T) {
	end := time.Date(2026, 1, 31, 23, 59, 59, 999999999, time.UTC)
	east := time.FixedZone("east", 14*3600)
	for _, tt := range []struct {
		a, b time.Time
		want bool
	}{
		{end, end.AddDate(0, 0, -30), true},
		{end, end.Add(1), false},
		{end, end.AddDate(1, 0, 0), false},
		{end, end.In(east), true}, // where it is February already
		{end.Add(1), end.In(east), false},
	} {
		if got := SameBillingMonth(tt.a, tt.b); got != tt.want {
			t.Errorf("SameBillingMonth(%v, %v) = %v", tt.a, tt.b, got)
		}
	}
}

func TestARNs(t *testing.T) {
	id := BucketID{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x46, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}
	const uuid = "00112233-4455-4677-8899-aabbccddeeff"
	b := Bucket{ID: id, Name: "photos", Account: "111122223333", Region: "us-east-2"}
	for got, want := range map[string]string{
		id.UUID():  uuid,
		b.ARN():    "arn:aws:lightsail:us-east-2:111122223333:Bucket/" + uuid,
		b.S3ARN():  "arn:aws:s3:::photos",
		arnOf(0):   "",
		arnOf(1):   "arn:aws:iam::111122223333:root",
		arnOf(2):   "arn:aws:lightsail::111122223333:bucket-access-key/photos/AKIA",
		arnOf(200): "",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if id.IsZero() || !(BucketID{}).IsZero() {
		t.Error("IsZero() of a bucket id")
	}
}

func arnOf(k PrincipalKind) string {
	p := Principal{Kind: k, Account: "111122223333", BucketName: "photos", AccessKeyID: "AKIA"}
	return p.ARN()
}
