package keyhaven

import (
	"encoding/hex"
	"regexp"
	"strings"
	"time"
)

// BucketID identifies one incarnation of a bucket. A name that is deleted and
// made again gets a new id, so nothing of the old bucket can show through.
type BucketID [16]byte

// UUID writes the id in the form that Lightsail ARNs carry.
func (id BucketID) UUID() string {
	h := hex.EncodeToString(id[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// IsZero reports whether the id is unset.
func (id BucketID) IsZero() bool { return id == BucketID{} }

// Versioning is the versioning state of a bucket, in Lightsail's words.
type Versioning string

// The states. A bucket never returns to NeverEnabled.
const (
	NeverEnabled        Versioning = "NeverEnabled"
	VersioningEnabled   Versioning = "Enabled"
	VersioningSuspended Versioning = "Suspended"
)

// AccessRules say which objects of a bucket anyone may read
// (spec/bucket-semantics.md §4.1).
type AccessRules struct {
	GetObjectPublic      bool // every object, whatever its ACL says
	AllowPublicOverrides bool // objects whose ACL is public-read
}

// Bucket is a bucket and its configuration.
type Bucket struct {
	ID              BucketID
	Name            string
	Account         AccountID
	Region          string
	CreatedAt       time.Time
	ViaLightsail    bool // made by the Lightsail API, whose caps bind it
	BundleID        string
	BundleChangedAt time.Time // zero when the bundle was never changed
	AccessRules     AccessRules
	Versioning      Versioning
	Tags            []Tag
	Configs         BucketConfigs // the documents that the bucket has
	ConfigSeq       uint64        // grows with every change of a document

	PublicAccessBlock PublicAccessBlock
	Ownership         ObjectOwnership
	ACL               CannedACL   // of the bucket itself
	Grants            []Grant     // when ACL is ACLGrants
	ReadonlyAccounts  []AccountID // may read the objects, beside its own
	Receivers         []string    // unique ids of the instances that use it without keys
}

// ARN returns the bucket's Lightsail ARN.
func (b *Bucket) ARN() string {
	return "arn:aws:lightsail:" + b.Region + ":" + string(b.Account) + ":Bucket/" + b.ID.UUID()
}

// S3ARN returns the ARN that IAM policies name the bucket by.
func (b *Bucket) S3ARN() string { return "arn:aws:s3:::" + b.Name }

var (
	lightsailBucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,52}[a-z0-9]$`)
	s3BucketName        = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	ipAddress           = regexp.MustCompile(`^\d{1,3}(\.\d{1,3}){3}$`)
)

// ValidLightsailBucketName applies Lightsail's rule: 3 to 54 of a-z, 0-9 and
// hyphen, alphanumeric at both ends, no two hyphens in a row.
func ValidLightsailBucketName(name string) bool {
	return lightsailBucketName.MatchString(name) && !strings.Contains(name, "--")
}

// ValidS3BucketName applies S3's general purpose bucket naming rules: 3 to 63
// characters, dots allowed but not beside a dot, not an IPv4 address, none of
// the reserved prefixes and suffixes.
func ValidS3BucketName(name string) bool {
	if !s3BucketName.MatchString(name) || ipAddress.MatchString(name) {
		return false
	}
	if strings.Contains(name, "..") {
		return false
	}
	for _, p := range []string{"xn--", "sthree-", "amzn-s3-demo-"} {
		if strings.HasPrefix(name, p) {
			return false
		}
	}
	for _, s := range []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"} {
		if strings.HasSuffix(name, s) {
			return false
		}
	}
	return true
}
