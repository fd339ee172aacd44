package access

import (
	"context"
	"hash/maphash"
	"sync"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/sigv4"
)

const (
	cacheShards    = 32
	maxPerShard    = 2048 // credentials; about half a kilobyte each
	maxSigningKeys = 8    // of one credential: days, regions and services in use
)

// credential is a key ready to verify with.
type credential struct {
	id     string
	secret keyhaven.Secret
	active bool
	used   *use // nil for temporary credentials
	role   *use // of the role that was assumed; nil for all else
	kind   SessionKind

	// Of a long-term key: whose it is.
	owner      keyhaven.KeyOwner
	account    keyhaven.AccountID
	userID     string
	bucketID   keyhaven.BucketID
	bucketName string
	care       keyhaven.KeyCare
	scope      *Policies // that narrow the key of a bucket; nil for none

	// Of temporary credentials: of the console the sign-in, of STS the rest.
	console  string
	mfa      time.Time // when the code of an MFA device was shown there
	token    keyhaven.Secret
	session  *claims
	composed composedPointer

	mu   sync.Mutex
	keys []derived
}

type derived struct {
	scope sigv4.Scope
	key   sigv4.SigningKey
}

// signingKey returns the signing key of a scope, derived at most once for each
// scope that is in use.
func (c *credential) signingKey(scope sigv4.Scope) sigv4.SigningKey {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.keys {
		if c.keys[i].scope == scope {
			return c.keys[i].key
		}
	}
	key := sigv4.DeriveKey(c.secret, scope)
	if len(c.keys) == maxSigningKeys {
		copy(c.keys, c.keys[1:])
		c.keys = c.keys[:maxSigningKeys-1]
	}
	c.keys = append(c.keys, derived{scope, key})
	return key
}

// credentialCache holds credentials by key id. gen grows with every forget, so
// that a look-up which read before a change cannot store after it (A2).
type credentialCache struct {
	seed   maphash.Seed
	shards [cacheShards]cacheShard
}

type cacheShard struct {
	mu  sync.RWMutex
	gen uint64
	m   map[string]*credential
}

func newCredentialCache() *credentialCache {
	c := &credentialCache{seed: maphash.MakeSeed()}
	for i := range c.shards {
		c.shards[i].m = map[string]*credential{}
	}
	return c
}

func (c *credentialCache) shard(id string) *cacheShard {
	return &c.shards[maphash.String(c.seed, id)%cacheShards]
}

func (c *credentialCache) get(id string) (cred *credential, gen uint64) {
	sh := c.shard(id)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	return sh.m[id], sh.gen
}

func (c *credentialCache) put(id string, cred *credential, gen uint64) {
	sh := c.shard(id)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.gen != gen {
		return
	}
	if len(sh.m) >= maxPerShard {
		for old := range sh.m {
			delete(sh.m, old)
			break
		}
	}
	sh.m[id] = cred
}

func (c *credentialCache) forget(id string) {
	sh := c.shard(id)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.gen++
	delete(sh.m, id)
}

// credential returns the credential of a long-term key from the cache or the
// store. From the store it brings whose key it is, so that a caller that nothing
// is known of costs one read transaction.
func (s *Service) credential(ctx context.Context, id string) (*credential, error) {
	subjectGen := s.subjects.gen.Load()
	cred, gen := s.cache.get(id)
	if cred != nil {
		if cred.session != nil {
			return nil, &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounAccessKey, ID: id}
		}
		return cred, nil
	}
	var rec *meta.KeyRecord
	var sub *subject
	err := s.meta.View(ctx, func(r *meta.Reader) (err error) {
		if rec, err = r.AccessKey(id); err != nil {
			return err
		}
		sub, err = readSubject(r, rec.Account, holderID(&rec.AccessKey))
		return err
	})
	if err != nil {
		return nil, err
	}
	secret, err := s.ring.Open(rec.Sealed, id)
	if err != nil {
		return nil, err
	}
	cred = &credential{
		id:         id,
		secret:     keyhaven.NewSecret(string(secret)),
		active:     rec.Status == keyhaven.KeyActive,
		used:       s.used.use(id),
		owner:      rec.Owner,
		account:    rec.Account,
		userID:     rec.UserID,
		bucketID:   rec.BucketID,
		bucketName: rec.BucketName,
	}
	cred.care = rec.Care
	if cred.scope, err = scopePolicies(&rec.AccessKey); err != nil {
		return nil, err
	}
	s.subjects.put(holderID(&rec.AccessKey), sub, subjectGen)
	s.cache.put(id, cred, gen)
	return cred, nil
}

// holderID is the id under which the cache of subjects has whose key it is: for
// a bucket's key the account's root.
func holderID(k *keyhaven.AccessKey) string {
	if k.Owner == keyhaven.OwnerUser {
		return k.UserID
	}
	return string(k.Account)
}

func (c *credential) holderID() string {
	return holderID(&keyhaven.AccessKey{Owner: c.owner, Account: c.account, UserID: c.userID})
}

// resolve returns whom a credential stands for, or errDead when that is gone.
func (s *Service) resolve(ctx context.Context, cred *credential) (p keyhaven.Principal, ps *Policies, err error) {
	if cred.session != nil {
		c, err := s.resolveSession(ctx, cred)
		if err != nil {
			return p, nil, err
		}
		return c.p, c.ps, nil
	}
	sub, err := s.subject(ctx, cred.account, cred.holderID())
	if err != nil {
		return p, nil, err
	}
	if !sub.found {
		return p, nil, errDead
	}
	p = sub.principal
	p.AccessKeyID, p.Temporary, p.MFA = cred.id, cred.kind != NoSession, cred.mfa
	if cred.owner == keyhaven.OwnerBucket {
		p.Kind, p.BucketID, p.BucketName = keyhaven.BucketKey, cred.bucketID, cred.bucketName
	}
	return p, sub.policies, nil
}
