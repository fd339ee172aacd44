package bucket

import (
	"context"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// SetLifecycle stores the lifecycle of a bucket, which runs at once and then
// every day; nil removes it. Errors: NotFound.
func (s *Service) SetLifecycle(ctx context.Context, b *keyhaven.Bucket, doc *keyhaven.Lifecycle) error {
	return s.reconfigure(ctx, b, func(tx *meta.Txn, b *keyhaven.Bucket) error { return tx.PutLifecycle(b, doc, time.Now().UTC()) })
}
