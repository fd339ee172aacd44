package meta

import (
	"context"
	"sync"

	"github.com/keyhaven/keyhaven"
)

// accountCache holds account records, by the rule of bucketCache. There are few
// accounts, so that nothing is ever evicted.
type accountCache struct {
	mu   sync.RWMutex
	gen  uint64
	byID map[keyhaven.AccountID]*keyhaven.Account
}

func (c *accountCache) get(id keyhaven.AccountID) (a *keyhaven.Account, gen uint64) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.byID[id], c.gen
}

func (c *accountCache) put(a *keyhaven.Account, gen uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gen == gen {
		c.byID[a.ID] = a
	}
}

func (c *accountCache) forget(ids []keyhaven.AccountID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gen++
	for _, id := range ids {
		delete(c.byID, id)
	}
}

// Account returns the account from the cache or the store. The caller must not
// change it. Errors: NotFound.
func (s *Store) Account(ctx context.Context, id keyhaven.AccountID) (*keyhaven.Account, error) {
	a, gen := s.accounts.get(id)
	if a != nil {
		return a, nil
	}
	err := s.View(ctx, func(r *Reader) (err error) {
		a, err = r.Account(id)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.accounts.put(a, gen)
	return a, nil
}
