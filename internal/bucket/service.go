package bucket

import (
	"context"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// DefaultMaxPerAccount is Lightsail's cap of buckets in an account
// (spec/lightsail-api.md §8).
const DefaultMaxPerAccount = 20

// Options are the settings of the service; the zero value works.
type Options struct {
	// MaxPerAccount caps the buckets that an account makes through the
	// Lightsail API; DefaultMaxPerAccount when zero.
	MaxPerAccount int
	// Bundles are the plans; Lightsail's three when nil.
	Bundles keyhaven.Catalog
}

// Service is the service of buckets.
type Service struct {
	meta *meta.Store
	opts Options
}

// New returns the service.
func New(m *meta.Store, opts Options) *Service {
	if opts.MaxPerAccount == 0 {
		opts.MaxPerAccount = DefaultMaxPerAccount
	}
	if opts.Bundles == nil {
		opts.Bundles = keyhaven.NewCatalog()
	}
	return &Service{meta: m, opts: opts}
}

// Get returns the bucket of this name, whoever owns it. The caller must not
// change it. Errors: NotFound.
func (s *Service) Get(ctx context.Context, name string) (*keyhaven.Bucket, error) {
	return s.meta.Bucket(ctx, name)
}

// Bundles returns the plans.
func (s *Service) Bundles() keyhaven.Catalog { return s.opts.Bundles }

// Usage returns what the bucket holds at this moment.
func (s *Service) Usage(ctx context.Context, b *keyhaven.Bucket) (u meta.Usage, err error) {
	err = s.meta.View(ctx, func(r *meta.Reader) (err error) {
		u, err = r.Usage(b.ID)
		return err
	})
	return u, err
}

// target names a bucket of the caller's account in the call's region.
type target struct {
	account keyhaven.AccountID
	region  string
	name    string
}

func (t target) find(r *meta.Reader) (*keyhaven.Bucket, error) {
	b, err := r.Bucket(t.name)
	if err != nil {
		return nil, err
	}
	if b.Account != t.account || t.region != "" && b.Region != t.region {
		return nil, &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounBucket, ID: t.name}
	}
	return b, nil
}

// record writes the operation of a change to the bucket.
func record(tx *meta.Txn, b *keyhaven.Bucket, typ string) (keyhaven.Operation, error) {
	op := keyhaven.Operation{
		Account: b.Account, Region: b.Region, ResourceName: b.Name, ResourceType: "Bucket",
		Type: typ, CreatedAt: time.Now().UTC(),
	}
	err := tx.PutOperation(&op) // gives op its id
	return op, err
}

// change runs fn on a copy of the bucket, stores the copy and records the
// operation.
func (s *Service) change(ctx context.Context, t target, typ string, fn func(*keyhaven.Bucket) error) (*keyhaven.Bucket, keyhaven.Operation, error) {
	return s.changeWith(ctx, t, typ, func(_ *meta.Txn, b *keyhaven.Bucket) error { return fn(b) })
}

// changeWith is change for what is kept beside the bucket's record too.
func (s *Service) changeWith(ctx context.Context, t target, typ string, fn func(*meta.Txn, *keyhaven.Bucket) error) (*keyhaven.Bucket, keyhaven.Operation, error) {
	var b *keyhaven.Bucket
	var op keyhaven.Operation
	err := s.meta.Update(ctx, func(tx *meta.Txn) (err error) {
		if b, err = t.find(&tx.Reader); err != nil {
			return err
		}
		if err := fn(tx, b); err != nil {
			return err
		}
		if err := tx.PutBucket(b); err != nil {
			return err
		}
		op, err = record(tx, b, typ)
		return err
	})
	return b, op, err
}
