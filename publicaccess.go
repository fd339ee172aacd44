package keyhaven

// PublicAccessBlock are the settings that override what makes a bucket or its
// objects public, of one bucket or of all buckets of an account (S3 User Guide,
// "Blocking public access"). The bits are stored.
type PublicAccessBlock uint8

// The settings. BlockConfigured tells a configuration without any of them from
// none.
const (
	BlockPublicACLs PublicAccessBlock = 1 << iota
	IgnorePublicACLs
	BlockPublicPolicy
	RestrictPublicBuckets
	BlockConfigured
)

// Has reports whether a setting is on.
func (p PublicAccessBlock) Has(setting PublicAccessBlock) bool { return p&setting != 0 }

// ObjectOwnership says whether access control lists count in a bucket. The
// values are stored.
type ObjectOwnership uint8

// The settings. The zero value is a bucket that was never told: lists count.
const (
	OwnershipUnset ObjectOwnership = iota
	ObjectWriter
	BucketOwnerPreferred
	BucketOwnerEnforced
)

var ownershipNames = [...]string{"", "ObjectWriter", "BucketOwnerPreferred", "BucketOwnerEnforced"}

func (o ObjectOwnership) String() string {
	if int(o) < len(ownershipNames) {
		return ownershipNames[o]
	}
	return ""
}

// ParseObjectOwnership reads what String wrote; false for anything else.
func ParseObjectOwnership(s string) (ObjectOwnership, bool) {
	for i, name := range ownershipNames {
		if i > 0 && name == s {
			return ObjectOwnership(i), true
		}
	}
	return 0, false
}

// MaxReadonlyAccounts is how many other accounts may read a bucket by name
// (spec/bucket-semantics.md §4.4).
const MaxReadonlyAccounts = 10
