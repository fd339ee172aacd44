package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"log/slog"

	"github.com/keyhaven/keyhaven"
)

// SigningKey is a key derived from a secret access key for one scope. It is as
// secret as what it came from for that day, so it prints as REDACTED.
type SigningKey [sha256.Size]byte

const redacted = "REDACTED"

// Format prints REDACTED whatever the verb.
func (SigningKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue prints REDACTED.
func (SigningKey) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText prints REDACTED.
func (SigningKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// DeriveKey derives the signing key of a secret for a scope. AWS: "Create a
// signed AWS API request" in the IAM user guide, step 4. It depends on nothing
// else, so it may be cached for as long as the secret is valid.
func DeriveKey(secret keyhaven.Secret, scope Scope) SigningKey {
	key := hmacSum([]byte("AWS4"+secret.Reveal()), scope.Date)
	key = hmacSum(key[:], scope.Region)
	key = hmacSum(key[:], scope.Service)
	return SigningKey(hmacSum(key[:], terminator))
}

func hmacSum(key []byte, msg string) (sum [sha256.Size]byte) {
	h := hmac.New(newSHA256, key)
	h.Write([]byte(msg))
	h.Sum(sum[:0])
	return sum
}

func newSHA256() hash.Hash { return sha256.New() }
