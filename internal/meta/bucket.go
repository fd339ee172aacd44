package meta

import (
	"context"
	"sync"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv"
)

// maxCachedBuckets bounds the bucket cache; a record takes a few hundred bytes.
const maxCachedBuckets = 16 << 10

// bucketCache holds bucket records by name. A reader may put in what it read
// only if nothing was forgotten since before it read (gen), so the cache never
// holds a record that is older than a change that has been answered.
type bucketCache struct {
	mu     sync.RWMutex
	gen    uint64
	byName map[string]*keyhaven.Bucket
}

func (c *bucketCache) get(name string) (b *keyhaven.Bucket, gen uint64) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.byName[name], c.gen
}

func (c *bucketCache) put(b *keyhaven.Bucket, gen uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gen != gen {
		return
	}
	if len(c.byName) >= maxCachedBuckets {
		for name := range c.byName {
			delete(c.byName, name)
			break
		}
	}
	c.byName[b.Name] = b
}

func (c *bucketCache) forget(names []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gen++
	for _, n := range names {
		delete(c.byName, n)
	}
}

// Bucket returns the bucket of this name from the cache or the store. The
// caller must not change it.
func (s *Store) Bucket(ctx context.Context, name string) (*keyhaven.Bucket, error) {
	b, gen := s.buckets.get(name)
	if b != nil {
		return b, nil
	}
	err := s.View(ctx, func(r *Reader) (err error) {
		b, err = r.Bucket(name)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.buckets.put(b, gen)
	return b, nil
}

// Bucket returns the bucket of this name, or NotFound.
func (r *Reader) Bucket(name string) (*keyhaven.Bucket, error) {
	rec, err := r.get(key1(kindBucket, name))
	if err != nil {
		return nil, err
	}
	if rec == nil {
		return nil, &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounBucket, ID: name}
	}
	return decodeBucket(name, rec)
}

// Buckets calls fn for the account's buckets in order of name, from the first
// name that is at or after from, until it returns false.
func (r *Reader) Buckets(account keyhaven.AccountID, from string, fn func(*keyhaven.Bucket) bool) error {
	span := kv.Prefix(accountBucketKey(account, ""))
	span.From = accountBucketKey(account, from)
	return r.scan(span, func(k, _ []byte) (bool, error) {
		b, err := r.Bucket(string(k[1+len(account):]))
		if err != nil {
			return false, err
		}
		return fn(b), nil
	})
}

// EachBucket calls fn for all buckets in order of name, from the first name that
// is at or after from, until it returns false.
func (r *Reader) EachBucket(from string, fn func(*keyhaven.Bucket) bool) error {
	span := kv.Prefix([]byte{kindBucket})
	span.From = key1(kindBucket, from)
	return r.scan(span, func(k, rec []byte) (bool, error) {
		b, err := decodeBucket(string(k[1:]), rec)
		if err != nil {
			return false, err
		}
		return fn(b), nil
	})
}

// PutBucket writes the bucket and its index, and counts a new one.
func (t *Txn) PutBucket(b *keyhaven.Bucket) error {
	t.touched.buckets = append(t.touched.buckets, b.Name)
	index := accountBucketKey(b.Account, b.Name)
	old, err := t.get(index)
	if err != nil {
		return err
	}
	if old == nil {
		if err := t.countBucket(b, 1); err != nil {
			return err
		}
	}
	if err := t.t.Set(index, []byte{recordVersion}); err != nil {
		return err
	}
	return t.t.Set(key1(kindBucket, b.Name), encodeBucket(b))
}

func lightsailCounter(account keyhaven.AccountID) []byte {
	return append(append([]byte{kindCounter}, account...), 'L')
}

func (t *Txn) countBucket(b *keyhaven.Bucket, sign int64) error {
	if !b.ViaLightsail {
		return nil
	}
	return t.t.Add(lightsailCounter(b.Account), sign)
}

// LightsailBuckets returns how many buckets the account has made through the
// Lightsail API.
func (r *Reader) LightsailBuckets(account keyhaven.AccountID) (int64, error) {
	v, err := r.get(lightsailCounter(account))
	if err != nil || v == nil {
		return 0, err
	}
	return kv.DecodeCounter(v)
}

// DeleteBucket removes the bucket's record and index. What it holds is freed by
// the outbox entry that the caller puts.
func (t *Txn) DeleteBucket(b *keyhaven.Bucket) error {
	t.touched.buckets = append(t.touched.buckets, b.Name)
	if err := t.t.Delete(key1(kindBucket, b.Name)); err != nil {
		return err
	}
	if err := t.countBucket(b, -1); err != nil {
		return err
	}
	return t.t.Delete(accountBucketKey(b.Account, b.Name))
}

// BucketHasObjects reports whether any version or delete marker is in the
// bucket.
func (r *Reader) BucketHasObjects(id keyhaven.BucketID) (bool, error) {
	for _, kind := range []byte{kindCurrent, kindVersion} {
		if ok, err := r.has(kv.Prefix(bucketScope(kind, id))); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

var versionings = []keyhaven.Versioning{keyhaven.NeverEnabled, keyhaven.VersioningEnabled, keyhaven.VersioningSuspended}

func encodeBucket(b *keyhaven.Bucket) []byte {
	e := newRecord(128)
	e.bytes(1, b.ID[:])
	e.string(2, string(b.Account))
	e.string(3, b.Region)
	e.time(4, b.CreatedAt)
	e.bool(5, b.ViaLightsail)
	e.string(6, b.BundleID)
	e.time(7, b.BundleChangedAt)
	e.bool(8, b.AccessRules.GetObjectPublic)
	e.bool(9, b.AccessRules.AllowPublicOverrides)
	for i, v := range versionings {
		if v == b.Versioning {
			e.uint(10, uint64(i))
		}
	}
	for _, tag := range b.Tags {
		var f encoder
		f.string(1, tag.Key)
		f.string(2, tag.Value)
		f.bool(3, tag.HasValue)
		e.group(11, f)
	}
	e.uint(12, uint64(b.Configs))
	e.uint(13, b.ConfigSeq)
	e.uint(14, uint64(b.PublicAccessBlock))
	e.uint(15, uint64(b.Ownership))
	e.grants(16, b.Grants)
	e.uint(18, uint64(b.ACL))
	for _, a := range b.ReadonlyAccounts {
		e.string(17, string(a))
	}
	for _, id := range b.Receivers {
		e.string(26, id)
	}
	return e.b
}

func decodeBucket(name string, rec []byte) (*keyhaven.Bucket, error) {
	b := &keyhaven.Bucket{Name: name, Versioning: keyhaven.NeverEnabled}
	err := decode("bucket", rec, func(n protowire.Number, f field) error {
		switch n {
		case 1:
			return fill("bucket", b.ID[:], f.bytes)
		case 2:
			b.Account = keyhaven.AccountID(f.str())
		case 3:
			b.Region = f.str()
		case 4:
			b.CreatedAt = f.time()
		case 5:
			b.ViaLightsail = f.num != 0
		case 6:
			b.BundleID = f.str()
		case 7:
			b.BundleChangedAt = f.time()
		case 8:
			b.AccessRules.GetObjectPublic = f.num != 0
		case 9:
			b.AccessRules.AllowPublicOverrides = f.num != 0
		case 10:
			if f.num >= uint64(len(versionings)) {
				return damaged("bucket")
			}
			b.Versioning = versionings[f.num]
		case 11:
			tag, err := decodeTag(f.bytes)
			if err != nil {
				return err
			}
			b.Tags = append(b.Tags, tag)
		case 12:
			b.Configs = keyhaven.BucketConfigs(f.num)
		case 13:
			b.ConfigSeq = f.num
		case 14:
			b.PublicAccessBlock = keyhaven.PublicAccessBlock(f.num)
		case 15:
			b.Ownership = keyhaven.ObjectOwnership(f.num)
		case 16:
			return addGrant(&b.Grants, f)
		case 17:
			b.ReadonlyAccounts = append(b.ReadonlyAccounts, keyhaven.AccountID(f.str()))
		case 26:
			b.Receivers = append(b.Receivers, f.str())
		case 18:
			b.ACL = keyhaven.CannedACL(f.num)
		}
		return nil
	})
	return b, err
}

func decodeTag(rec []byte) (tag keyhaven.Tag, err error) {
	err = decodeFields("tag", rec, func(n protowire.Number, f field) error {
		switch n {
		case 1:
			tag.Key = f.str()
		case 2:
			tag.Value = f.str()
		case 3:
			tag.HasValue = f.num != 0
		}
		return nil
	})
	return tag, err
}
