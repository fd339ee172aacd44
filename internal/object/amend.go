package object

import (
	"context"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// Head returns an object without its bytes; version is nil for the current one.
func (s *Service) Head(ctx context.Context, b *keyhaven.Bucket, key string, version *keyhaven.VersionID) (*keyhaven.Object, error) {
	c, err := s.Get(ctx, GetInput{Bucket: b, Key: key, Version: version, HeadOnly: true, Describe: true})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return &c.Object, nil
}

// SetACLInput replaces the access control list of an object or a version.
type SetACLInput struct {
	Bucket  *keyhaven.Bucket
	Key     string
	Version *keyhaven.VersionID // nil for the current one
	ACL     keyhaven.CannedACL
	Grants  []keyhaven.Grant // when ACL is keyhaven.ACLGrants
	ByACL   *ACLCheck        // what the list as it is must allow
}

// SetACL replaces the access control list of an object or a version.
func (s *Service) SetACL(ctx context.Context, in SetACLInput) (*keyhaven.Object, error) {
	return s.amendAnd(ctx, in.Bucket, in.Key, in.Version, eventACL, func(_ *keyhaven.Bucket, v *meta.Version) error {
		if err := in.ByACL.check(&v.Object); err != nil {
			return err
		}
		v.ACL, v.Grants = in.ACL, in.Grants
		return nil
	})
}

// SetTags replaces the tags of an object or a version; none removes them.
// Errors: Invalid or LimitExceeded tag.
func (s *Service) SetTags(ctx context.Context, b *keyhaven.Bucket, key string, version *keyhaven.VersionID, tags []keyhaven.Tag) (*keyhaven.Object, error) {
	if err := keyhaven.ValidateObjectTags(tags); err != nil {
		return nil, err
	}
	event := eventTag
	if len(tags) == 0 {
		event = eventUntag
	}
	return s.amendAnd(ctx, b, key, version, event, func(_ *keyhaven.Bucket, v *meta.Version) error {
		v.Tags = tags
		return nil
	})
}

// amend changes what a version says about itself, in its place. fn may run more
// than once.
func (s *Service) amend(ctx context.Context, b *keyhaven.Bucket, key string, version *keyhaven.VersionID, fn func(*keyhaven.Bucket, *meta.Version) error) (*keyhaven.Object, error) {
	return s.amendAnd(ctx, b, key, version, "", fn)
}

// amendAnd is amend, and reports it as an event.
func (s *Service) amendAnd(ctx context.Context, b *keyhaven.Bucket, key string, version *keyhaven.VersionID, event string, fn func(*keyhaven.Bucket, *meta.Version) error) (*keyhaven.Object, error) {
	var out *keyhaven.Object
	err := s.meta.Update(ctx, func(tx *meta.Txn) error {
		now, err := s.bucket(&tx.Reader, b)
		if err != nil {
			return err
		}
		v, err := find(&tx.Reader, GetInput{Bucket: now, Key: key, Version: version})
		if err != nil {
			return err
		}
		if err := fn(now, v); err != nil {
			return err
		}
		out = &v.Object
		if event != "" {
			if err := s.report(ctx, tx, b, event, out); err != nil {
				return err
			}
		}
		return tx.UpdateVersion(b.ID, v)
	})
	return out, err
}
