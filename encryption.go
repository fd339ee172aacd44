package keyhaven

import (
	"fmt"
	"io"
)

// SSE says how an object is encrypted at rest (S3 user guide, "Protecting data
// with server-side encryption"). The values are stored: only append.
type SSE uint8

// The ways. The zero value is not at all.
const (
	SSENone     SSE = iota
	SSES3           // AES256: by a key of its own, under the server's key ring
	SSEKMS          // aws:kms: under a named local key
	SSECustomer     // under a key that the client sends with every request
)

// Encryption is how an object is encrypted.
type Encryption struct {
	Mode      SSE
	KeyID     string // name of the local key, of SSEKMS
	BucketKey bool   // as the client asked; it changes nothing here
}

// CustomerKey is a key that a client sends (SSE-C). It is never stored.
type CustomerKey [32]byte

// Format keeps the key out of everything that prints it, with any verb.
func (CustomerKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "REDACTED") }

// EncryptionConfig is the encryption document of a bucket: what objects get
// that come without a wish of their own.
type EncryptionConfig struct {
	Default      Encryption
	BlockSSEC    bool // writes with a customer's key are refused
	BlockNothing bool // the client said so; kept for the answer
}

// The form of encrypted bytes: units of SealUnit bytes, of which SealTag are the
// unit's tag; the last one is shorter. A unit is what blob stores read at a time.
const (
	SealUnit = 64 << 10
	SealTag  = 16
)

// SealedSize returns how many bytes so many take when they are encrypted.
func SealedSize(n int64) int64 {
	const plain = SealUnit - SealTag
	return n + (n+plain-1)/plain*SealTag
}
