package identity

import (
	"crypto/rand"
	"encoding/base32"
	"time"

	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/seal"
)

// Service is the service of accounts and of IAM.
type Service struct {
	meta    *meta.Store
	ring    *seal.Ring
	now     func() time.Time
	hashing hashing
	guesses guesses
}

// Options are the settings of the service; the zero value works.
type Options struct {
	Now func() time.Time // time.Now when nil
}

// New returns the service. The ring seals the seeds of MFA devices.
func New(m *meta.Store, ring *seal.Ring, opts Options) *Service {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Service{meta: m, ring: ring, now: opts.Now, hashing: newHashing(), guesses: guesses{of: map[string]*guess{}}}
}

// time is the present, as the wire of IAM can tell it: whole seconds.
func (s *Service) time() time.Time { return s.now().UTC().Truncate(time.Second) }

// The prefixes of unique ids ("IAM identifiers", unique identifiers).
const (
	userPrefix     = "AIDA"
	groupPrefix    = "AGPA"
	rolePrefix     = "AROA"
	policyPrefix   = "ANPA"
	profilePrefix  = "AIPA"
	providerPrefix = "AOPA" // ours: AWS shows no id of a provider
	devicePrefix   = meta.MFADeviceID
)

// newID returns a fresh unique id: the prefix and seventeen of A-Z2-7.
func newID(prefix string) string {
	var b [11]byte
	rand.Read(b[:])
	return prefix + base32.StdEncoding.EncodeToString(b[:])[:17]
}
