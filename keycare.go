package keyhaven

import (
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"
)

// The limits of what a key can carry beyond AWS.
const (
	MaxKeyName     = 64   // characters
	MaxKeyNote     = 1024 // characters
	MaxKeyPrefixes = 10
	MaxKeyNetworks = 20
)

// KeyCare is what Keyhaven keeps of an access key beyond what AWS does. The zero
// value is a key as AWS has it.
type KeyCare struct {
	Name      string
	Note      string
	ExpiresAt time.Time // when it stops working by itself; zero for never
	Scope     KeyScope
	Replaces  string // the key that this one was made to take the place of; "" for none
	Imported  bool   // its id and secret were chosen by somebody
	// Warned is the notice of the last warning that the key is going to expire,
	// one of ExpiryNotices; zero before the first.
	Warned time.Duration
	// WarnedAt is when that was given; zero before the first, and before this was kept.
	WarnedAt time.Time
}

// ExpiryNotices is how long before a key stops working its people are warned, the
// first warning first.
var ExpiryNotices = []time.Duration{7 * 24 * time.Hour, 24 * time.Hour}

// Notice returns the warning that is due and was not given: one of ExpiryNotices,
// or zero.
func (c *KeyCare) Notice(now time.Time) (due time.Duration) {
	if c.ExpiresAt.IsZero() || c.Expired(now) {
		return 0
	}
	left := c.ExpiresAt.Sub(now)
	for _, n := range ExpiryNotices {
		if left <= n && (c.Warned == 0 || n < c.Warned) {
			due = n
		}
	}
	return due
}

// KeyScope narrows what the key of a bucket may do.
type KeyScope struct {
	ReadOnly bool
	Prefixes []string // object keys must begin with one of them; none: all keys
	Networks []string // the client's address must be in one of them (CIDR); none: all
}

// IsZero reports whether the scope narrows nothing.
func (s *KeyScope) IsZero() bool { return !s.ReadOnly && len(s.Prefixes) == 0 && len(s.Networks) == 0 }

// Check returns an Invalid error for a scope that cannot be meant. It brings
// networks to their canonical form.
func (s *KeyScope) Check() error {
	if len(s.Prefixes) > MaxKeyPrefixes {
		return invalidCare("A key can have at most 10 prefixes.")
	}
	for _, p := range s.Prefixes {
		if p == "" || len(p) > 1024 || !utf8.ValidString(p) {
			return invalidCare("A prefix has 1 to 1024 bytes of UTF-8.")
		}
	}
	if len(s.Networks) > MaxKeyNetworks {
		return invalidCare("A key can have at most 20 networks.")
	}
	for i, n := range s.Networks {
		net, err := parseNetwork(n)
		if err != nil {
			return invalidCare("A network is an address or a CIDR block, such as 192.0.2.0/24.")
		}
		s.Networks[i] = net.String()
	}
	return nil
}

func parseNetwork(s string) (netip.Prefix, error) {
	if !strings.Contains(s, "/") {
		ip, err := netip.ParseAddr(s)
		if err != nil || ip.Zone() != "" {
			return netip.Prefix{}, invalidCare("no address")
		}
		return netip.PrefixFrom(ip, ip.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	return p.Masked(), err
}

// Check returns an Invalid error for a name or a note that is too long, and for
// an invalid scope.
func (c *KeyCare) Check() error {
	if utf8.RuneCountInString(c.Name) > MaxKeyName || !utf8.ValidString(c.Name) || strings.ContainsAny(c.Name, "\r\n\x00") {
		return invalidCare("The name of a key has at most 64 characters, in one line.")
	}
	if utf8.RuneCountInString(c.Note) > MaxKeyNote || !utf8.ValidString(c.Note) || strings.Contains(c.Note, "\x00") {
		return invalidCare("The note of a key has at most 1024 characters.")
	}
	return c.Scope.Check()
}

func invalidCare(msg string) error { return &Error{Kind: Invalid, Noun: NounAccessKey, Msg: msg} }

// Expired reports whether the key has stopped working by itself.
func (c *KeyCare) Expired(now time.Time) bool {
	return !c.ExpiresAt.IsZero() && !now.Before(c.ExpiresAt)
}

// KeyActivity is what is known of the use of a key, beside LastUsed.
type KeyActivity struct {
	FirstUsed time.Time // zero for never, or for a first use before this was kept
	Requests  uint64    // verified requests since this is kept
	Address   string    // of the last client
	UserAgent string    // of the last client, at most MaxAgent bytes
	Action    string    // the IAM action of the last request that was decided
}

// MaxAgent bounds, in bytes, what is kept of a client's name.
const MaxAgent = 256
