package bucket

import (
	"context"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// Logging returns where the bucket's access records go, or nil when they are not
// kept. The caller must not change it.
func (s *Service) Logging(ctx context.Context, b *keyhaven.Bucket) (*keyhaven.Logging, error) {
	return Config[keyhaven.Logging](ctx, s, b, keyhaven.ConfigLogging)
}

// SetLogging says where the bucket's access records go; nil ends it. The target
// must be a bucket of the same account and region, and may be the bucket itself.
// Errors: NotFound; Invalid or Conflict (another region) log target; Invalid
// configuration.
func (s *Service) SetLogging(ctx context.Context, b *keyhaven.Bucket, l *keyhaven.Logging) error {
	return s.reconfigure(ctx, b, func(tx *meta.Txn, b *keyhaven.Bucket) error { return setLogging(tx, b, l) })
}

func setLogging(tx *meta.Txn, b *keyhaven.Bucket, l *keyhaven.Logging) error {
	if l == nil || l.Target == "" {
		return tx.PutBucketConfig(b, keyhaven.ConfigLogging, nil)
	}
	if len(l.Prefix) > keyhaven.MaxLogPrefix {
		return &keyhaven.Error{Kind: keyhaven.Invalid, Noun: keyhaven.NounConfiguration, Msg: "The prefix of the access logs is too long."}
	}
	target, err := tx.Bucket(l.Target)
	switch {
	case keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounBucket):
		return &keyhaven.Error{
			Kind: keyhaven.Invalid, Noun: keyhaven.NounLogTarget, ID: l.Target,
			Msg: "The target bucket for logging does not exist",
		}
	case err != nil:
		return err
	case target.Account != b.Account:
		return &keyhaven.Error{
			Kind: keyhaven.Invalid, Noun: keyhaven.NounLogTarget, ID: l.Target,
			Msg: "The owner for the bucket to be logged and the target bucket must be the same.",
		}
	case target.Region != b.Region:
		return &keyhaven.Error{
			Kind: keyhaven.Conflict, Noun: keyhaven.NounLogTarget, ID: l.Target,
			Msg: "Cross S3 location logging not allowed.",
		}
	}
	return tx.PutBucketConfig(b, keyhaven.ConfigLogging, l)
}
