package bucket

import (
	"context"

	"github.com/keyhaven/keyhaven"
)

// TagInput puts tags on a bucket, replacing those with the same keys.
type TagInput struct {
	Account keyhaven.AccountID
	Region  string
	Name    string
	Tags    []keyhaven.Tag
}

// Tag puts tags on a bucket. Errors: Invalid or LimitExceeded tag.
func (s *Service) Tag(ctx context.Context, in TagInput) (keyhaven.Operation, error) {
	if err := keyhaven.ValidateTags(in.Tags); err != nil {
		return keyhaven.Operation{}, err
	}
	t := target{account: in.Account, region: in.Region, name: in.Name}
	_, op, err := s.change(ctx, t, "TagResource", func(b *keyhaven.Bucket) error {
		b.Tags = keyhaven.MergeTags(b.Tags, in.Tags)
		return keyhaven.ValidateTags(b.Tags)
	})
	return op, err
}

// SetTags replaces the tags of a bucket as S3 does; none removes them. The bucket
// must still be the one that the caller was authorized for. Errors: Invalid or
// LimitExceeded tag.
func (s *Service) SetTags(ctx context.Context, b *keyhaven.Bucket, tags []keyhaven.Tag) error {
	if err := keyhaven.ValidateTags(tags); err != nil {
		return err
	}
	return s.Configure(ctx, b, func(b *keyhaven.Bucket) error {
		b.Tags = tags
		return nil
	})
}

// UntagInput takes tags off a bucket. Keys that it does not have are ignored.
type UntagInput struct {
	Account keyhaven.AccountID
	Region  string
	Name    string
	Keys    []string
}

// Untag takes tags off a bucket.
func (s *Service) Untag(ctx context.Context, in UntagInput) (keyhaven.Operation, error) {
	t := target{account: in.Account, region: in.Region, name: in.Name}
	_, op, err := s.change(ctx, t, "UntagResource", func(b *keyhaven.Bucket) error {
		b.Tags = keyhaven.RemoveTags(b.Tags, in.Keys)
		return nil
	})
	return op, err
}
