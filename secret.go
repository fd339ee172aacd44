package keyhaven

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is a value that must never be printed: a secret access key or a
// session token. Every way of formatting it gives REDACTED; Reveal is the only
// way to the characters, so a search for Reveal finds every place they leave.
//
// The characters are behind a pointer because fmt asks no method of a value in
// an unexported field, or under a wrong verb, and prints what it finds: there
// it finds an address.
type Secret struct{ value *string }

const redacted = "REDACTED"

// NewSecret wraps s.
func NewSecret(s string) Secret {
	if s == "" {
		return Secret{}
	}
	return Secret{value: &s}
}

// Reveal returns the secret itself.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.value == nil }

// Format prints REDACTED under every verb.
func (s Secret) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, redacted) }

func (s Secret) String() string               { return redacted }
func (s Secret) GoString() string             { return redacted }
func (s Secret) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
