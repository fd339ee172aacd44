package access

import (
	"context"
	"hash/maphash"
	"sync"

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
	principal keyhaven.Principal
	secret    keyhaven.Secret
	active    bool
	used      *use

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

// credential returns the credential of a key id from the cache or the store.
func (s *Service) credential(ctx context.Context, id string) (*credential, error) {
	cred, gen := s.cache.get(id)
	if cred != nil {
		return cred, nil
	}
	var rec *meta.KeyRecord
	var account *keyhaven.Account
	err := s.meta.View(ctx, func(r *meta.Reader) (err error) {
		if rec, err = r.AccessKey(id); err != nil {
			return err
		}
		account, err = r.Account(rec.Account)
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
		principal: principal(rec, account),
		secret:    keyhaven.NewSecret(string(secret)),
		active:    rec.Status == keyhaven.KeyActive,
		used:      s.used.use(id),
	}
	s.cache.put(id, cred, gen)
	return cred, nil
}

func principal(k *meta.KeyRecord, a *keyhaven.Account) keyhaven.Principal {
	p := keyhaven.Principal{Kind: keyhaven.Root, Account: a.ID, CanonicalID: a.CanonicalID, AccessKeyID: k.ID}
	if k.Owner == keyhaven.OwnerBucket {
		p.Kind, p.BucketID, p.BucketName = keyhaven.BucketKey, k.BucketID, k.BucketName
	}
	return p
}
