package meta

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/keyhaven/keyhaven"
)

// maxCachedConfigs bounds the cache of decoded documents.
const maxCachedConfigs = 4 << 10

// configCache holds decoded documents. ConfigSeq is part of the name, so a
// document that is held can only be asked for through a bucket record of the
// same age, and nothing is ever forgotten too late.
type configCache struct {
	mu sync.RWMutex
	m  map[configName]any
}

type configName struct {
	bucket keyhaven.BucketID
	seq    uint64
	what   keyhaven.BucketConfig
}

func (c *configCache) get(n configName) any {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.m[n]
}

func (c *configCache) put(n configName, doc any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.m) >= maxCachedConfigs {
		for old := range c.m {
			delete(c.m, old)
			break
		}
	}
	c.m[n] = doc
}

// BucketConfig returns a document of the bucket, decoded from JSON into a T, or
// nil when it has none, which costs nothing. The caller must not change it. Of
// one kind of document every caller asks for the same T.
func BucketConfig[T any](ctx context.Context, s *Store, b *keyhaven.Bucket, what keyhaven.BucketConfig) (doc *T, err error) {
	if !b.Configs.Has(what) {
		return nil, nil
	}
	name := configName{b.ID, b.ConfigSeq, what}
	if doc, ok := s.configs.get(name).(*T); ok {
		return doc, nil
	}
	err = s.View(ctx, func(r *Reader) (err error) {
		now, err := r.Bucket(b.Name)
		if err != nil {
			return err
		}
		if now.ID != b.ID {
			return &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounBucket, ID: b.Name}
		}
		name.seq = now.ConfigSeq
		doc, err = ReadBucketConfig[T](r, now, what)
		return err
	})
	if err == nil && doc != nil {
		s.configs.put(name, doc)
	}
	return doc, err
}

// ReadBucketConfig returns a document as the snapshot or the transaction sees
// it, or nil.
func ReadBucketConfig[T any](r *Reader, b *keyhaven.Bucket, what keyhaven.BucketConfig) (*T, error) {
	if !b.Configs.Has(what) {
		return nil, nil
	}
	rec, err := r.get(configKey(b.ID, what))
	if err != nil {
		return nil, err
	}
	raw, err := configDocument(rec)
	if err != nil {
		return nil, err
	}
	doc := new(T)
	if err := json.Unmarshal(raw, doc); err != nil {
		return nil, fmt.Errorf("meta: %v document of bucket %q: %w", what, b.Name, err)
	}
	return doc, nil
}

// configDocument returns the JSON of a record. A record that is not there is
// damage: the bucket says that it has it, and to go on without, say, a policy
// would allow what it denies.
func configDocument(rec []byte) ([]byte, error) {
	if len(rec) == 0 || rec[0] != recordVersion {
		return nil, damaged("bucket configuration")
	}
	return rec[1:], nil
}

// PutBucketConfig writes a document, as JSON, and the bucket that has it now. A
// nil document is removed.
func (t *Txn) PutBucketConfig(b *keyhaven.Bucket, what keyhaven.BucketConfig, doc any) error {
	b.Configs = b.Configs.With(what, doc != nil)
	b.ConfigSeq++
	if err := t.PutBucket(b); err != nil {
		return err
	}
	if doc == nil {
		return t.t.Delete(configKey(b.ID, what))
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	return t.t.Set(configKey(b.ID, what), append([]byte{recordVersion}, raw...))
}

func configKey(id keyhaven.BucketID, what keyhaven.BucketConfig) []byte {
	return append(bucketScope(kindConfig, id), byte(what))
}
