package keyhaven

import "time"

// AccountID is a twelve-digit account number.
type AccountID string

// Account owns users, keys and buckets.
type Account struct {
	ID          AccountID
	CanonicalID string // 64 hex digits: the owner id of S3 listings
	CreatedAt   time.Time
	Name        string    // what its operator calls it
	ClosedAt    time.Time // zero while it is open; nothing of it works after
	Alias       string    // IAM's, unique in the installation
	Login       *Login    // of the root; nil when it has no password
	LoginUsed   time.Time // when the root last signed in with it
	Invitation  *Invitation

	PublicAccessBlock PublicAccessBlock // of all its buckets
}

// Invitation lets the root of an account choose its first password, once, by a
// code of which only the digest is kept.
type Invitation struct {
	Digest    []byte // SHA-256
	ExpiresAt time.Time
}

// Closed reports whether the account is closed.
func (a *Account) Closed() bool { return !a.ClosedAt.IsZero() }

// Valid reports whether the id is twelve digits.
func (id AccountID) Valid() bool {
	if len(id) != 12 {
		return false
	}
	for _, c := range []byte(id) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
