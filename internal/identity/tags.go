package identity

import (
	"context"
	"slices"
	"strings"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// OfPolicy names a managed policy of the account by its name, OfProfile an
// instance profile, OfProvider an identity provider: what has tags beside users
// and roles.
func OfPolicy(name string) Holder { return Holder{policies, name} }

// OfProfile names an instance profile.
func OfProfile(name string) Holder { return Holder{profiles, name} }

// OfProvider names an identity provider by its URL without the scheme.
func OfProvider(name string) Holder { return Holder{providers, name} }

// Tag adds tags to an entity, in the place of those with equal keys: tag keys of
// IAM do not distinguish case. Errors: NotFound; Invalid tag; LimitExceeded tag.
func (s *Service) Tag(ctx context.Context, account keyhaven.AccountID, h Holder, tags []keyhaven.Tag) error {
	if err := checkTags(tags); err != nil {
		return err
	}
	return change(ctx, s, h.kind, account, h.Name, func(_ *meta.Txn, e meta.Entity) error {
		b := e.Base()
		kept := slices.DeleteFunc(slices.Clone(b.Tags), func(old keyhaven.Tag) bool {
			return slices.ContainsFunc(tags, func(t keyhaven.Tag) bool { return strings.EqualFold(t.Key, old.Key) })
		})
		b.Tags = append(kept, tags...)
		return checkTags(b.Tags)
	})
}

// Untag removes tags by their keys. Errors: NotFound.
func (s *Service) Untag(ctx context.Context, account keyhaven.AccountID, h Holder, keys []string) error {
	return change(ctx, s, h.kind, account, h.Name, func(_ *meta.Txn, e meta.Entity) error {
		b := e.Base()
		b.Tags = slices.DeleteFunc(slices.Clone(b.Tags), func(old keyhaven.Tag) bool {
			return slices.ContainsFunc(keys, func(k string) bool { return strings.EqualFold(k, old.Key) })
		})
		return nil
	})
}

// Tags returns a page of the tags of an entity. Errors: NotFound.
func (s *Service) Tags(ctx context.Context, account keyhaven.AccountID, h Holder, page Page) ([]keyhaven.Tag, string, error) {
	e, err := read[meta.Entity](ctx, s, h.kind, account, h.Name)
	if err != nil {
		return nil, "", err
	}
	tags, next := paged(e.Base().Tags, page, func(t keyhaven.Tag) string { return t.Key })
	return tags, next, nil
}
