package identity

import (
	"crypto/rand"
	"encoding/base32"
	"time"

	"github.com/keyhaven/keyhaven/internal/meta"
)

// Service is the service of accounts and of IAM.
type Service struct {
	meta    *meta.Store
	now     func() time.Time
	hashing hashing
}

// Options are the settings of the service; the zero value works.
type Options struct {
	Now func() time.Time // time.Now when nil
}

// New returns the service.
func New(m *meta.Store, opts Options) *Service {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Service{meta: m, now: opts.Now, hashing: newHashing()}
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
)

// newID returns a fresh unique id: the prefix and seventeen of A-Z2-7.
func newID(prefix string) string {
	var b [11]byte
	rand.Read(b[:])
	return prefix + base32.StdEncoding.EncodeToString(b[:])[:17]
}
