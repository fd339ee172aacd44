package bucket

import (
	"context"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// Config returns a configuration document of the bucket, or nil when it has
// none. The caller must not change it.
func Config[T any](ctx context.Context, s *Service, b *keyhaven.Bucket, what keyhaven.BucketConfig) (*T, error) {
	return meta.BucketConfig[T](ctx, s.meta, b, what)
}

// CORS returns the bucket's rules of cross-origin sharing, or nil. The caller
// must not change them.
func (s *Service) CORS(ctx context.Context, b *keyhaven.Bucket) (*keyhaven.CORS, error) {
	return Config[keyhaven.CORS](ctx, s, b, keyhaven.ConfigCORS)
}

// Website returns how the bucket is a website, or nil. The caller must not change
// it.
func (s *Service) Website(ctx context.Context, b *keyhaven.Bucket) (*keyhaven.Website, error) {
	return Config[keyhaven.Website](ctx, s, b, keyhaven.ConfigWebsite)
}

// SetConfig stores a configuration document of the bucket, which acts on the
// next request; nil removes it. The bucket must still be the one that the caller
// was authorized for. Errors: NotFound.
func (s *Service) SetConfig(ctx context.Context, b *keyhaven.Bucket, what keyhaven.BucketConfig, doc any) error {
	return s.reconfigure(ctx, b, func(tx *meta.Txn, b *keyhaven.Bucket) error { return tx.PutBucketConfig(b, what, doc) })
}

// Configure changes members of the bucket's record that act on the next request.
// fn may run more than once. Errors: NotFound, and those of fn.
func (s *Service) Configure(ctx context.Context, b *keyhaven.Bucket, fn func(*keyhaven.Bucket) error) error {
	return s.reconfigure(ctx, b, func(tx *meta.Txn, b *keyhaven.Bucket) error {
		if err := fn(b); err != nil {
			return err
		}
		return tx.PutBucket(b)
	})
}

func (s *Service) reconfigure(ctx context.Context, authorized *keyhaven.Bucket, fn func(*meta.Txn, *keyhaven.Bucket) error) error {
	return s.meta.Update(ctx, func(tx *meta.Txn) error {
		b, err := tx.Bucket(authorized.Name)
		if err != nil {
			return err
		}
		if b.ID != authorized.ID {
			return &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounBucket, ID: authorized.Name}
		}
		return fn(tx, b)
	})
}
