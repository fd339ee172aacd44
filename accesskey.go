package keyhaven

import (
	"regexp"
	"strings"
	"time"
)

// KeyOwner says what kind of principal a long-term access key belongs to.
type KeyOwner uint8

// The owners of keys.
const (
	OwnerRoot   KeyOwner = iota + 1 // the account itself
	OwnerBucket                     // one bucket: spec/access-keys.md §1
	OwnerUser                       // an IAM user
)

// KeyStatus is Active or Inactive, as AWS writes it.
type KeyStatus string

// The two statuses.
const (
	KeyActive   KeyStatus = "Active"
	KeyInactive KeyStatus = "Inactive"
)

// MaxKeysPerOwner is how many keys a bucket, a user or a root may have at a
// time, inactive ones counted.
const MaxKeysPerOwner = 2

// AccessKey is a long-term credential. The secret is filled only by the call
// that creates the key and by authentication.
type AccessKey struct {
	ID         string
	Secret     Secret
	Status     KeyStatus
	CreatedAt  time.Time
	Owner      KeyOwner
	Account    AccountID
	BucketID   BucketID // set when Owner is OwnerBucket
	BucketName string
	UserID     string // AIDA…, set when Owner is OwnerUser
	LastUsed   LastUsed
	Care       KeyCare
}

// LastUsed is when, where and for what a key last signed a request that was
// verified. The zero value means never.
type LastUsed struct {
	Time    time.Time
	Region  string
	Service string
}

var accessKeyIDPattern = regexp.MustCompile(`^[A-Z0-9]{20}$`)

// ValidAccessKeyID reports whether id has the form of a key id that we issue:
// twenty of A-Z and 0-9.
func ValidAccessKeyID(id string) bool { return accessKeyIDPattern.MatchString(id) }

var importedKeyIDPattern = regexp.MustCompile(`^[A-Za-z0-9._-]{3,128}$`)

// ImportableAccessKeyID reports whether id can be that of a key which somebody
// brings along: three to 128 letters, digits, dots, dashes and underscores, and not
// of the form of temporary credentials.
func ImportableAccessKeyID(id string) bool {
	return importedKeyIDPattern.MatchString(id) && (!ValidAccessKeyID(id) || !strings.HasPrefix(id, "ASIA"))
}
