package bucket

import (
	"context"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// SetObjectLock turns object lock on, for ever, and sets the default retention
// of new versions (API reference, PutObjectLockConfiguration). Errors: NotFound;
// Conflict object lock unless versioning is enabled.
func (s *Service) SetObjectLock(ctx context.Context, b *keyhaven.Bucket, conf keyhaven.LockConfig) error {
	return s.reconfigure(ctx, b, func(tx *meta.Txn, b *keyhaven.Bucket) error {
		if b.Versioning != keyhaven.VersioningEnabled {
			return &keyhaven.Error{
				Kind: keyhaven.Conflict, Noun: keyhaven.NounObjectLock, ID: b.Name,
				Msg: "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
			}
		}
		return tx.PutBucketConfig(b, keyhaven.ConfigObjectLock, &conf)
	})
}
