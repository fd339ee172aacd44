package keyhaven

import "time"

// AccountID is a twelve-digit account number.
type AccountID string

// Account owns users, keys and buckets.
type Account struct {
	ID          AccountID
	CanonicalID string // 64 hex digits: the owner id of S3 listings
	CreatedAt   time.Time
}

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
