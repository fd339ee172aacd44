package identity

import (
	"context"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// CreateGroup makes a group. Errors: Invalid; AlreadyExists group.
func (s *Service) CreateGroup(ctx context.Context, account keyhaven.AccountID, name, path string) (*keyhaven.Group, error) {
	b, err := s.newBase(groups, account, name, path, nil)
	if err != nil {
		return nil, err
	}
	g := &keyhaven.Group{Entity: b}
	return g, s.create(ctx, groups, g, nil)
}

// Group returns a group. Errors: NotFound group.
func (s *Service) Group(ctx context.Context, account keyhaven.AccountID, name string) (*keyhaven.Group, error) {
	return read[*keyhaven.Group](ctx, s, groups, account, name)
}

// Groups returns a page of the groups below a path, and where the next begins.
func (s *Service) Groups(ctx context.Context, account keyhaven.AccountID, prefix string, page Page) ([]*keyhaven.Group, string, error) {
	return list[*keyhaven.Group](ctx, s, account, prefix, page)
}

// UpdateGroup gives a group another name or path; empty ones stay. Errors:
// NotFound group; AlreadyExists group; Invalid.
func (s *Service) UpdateGroup(ctx context.Context, account keyhaven.AccountID, name, newName, newPath string) error {
	return change(ctx, s, groups, account, name, func(tx *meta.Txn, g *keyhaven.Group) error {
		return rename(tx, groups, g, newName, newPath)
	})
}

// DeleteGroup deletes a group without members and policies. Errors: NotFound
// group; NotEmpty group.
func (s *Service) DeleteGroup(ctx context.Context, account keyhaven.AccountID, name string) error {
	return remove(ctx, s, groups, account, name, func(tx *meta.Txn, g *keyhaven.Group) error {
		members := false
		err := tx.Members(g.ID, "", func(string) (bool, error) { members = true; return false, nil })
		switch {
		case err != nil:
			return err
		case members:
			return inUse(keyhaven.NounGroup, name, "remove users from group")
		case len(g.Inline) > 0:
			return inUse(keyhaven.NounGroup, name, "delete policies")
		case len(g.Attached) > 0:
			return inUse(keyhaven.NounGroup, name, "detach all policies")
		}
		return nil
	})
}

// Members returns a page of the users of a group, in order of unique id, and
// where the next begins. Errors: NotFound group.
func (s *Service) Members(ctx context.Context, account keyhaven.AccountID, group string, page Page) (*keyhaven.Group, []*keyhaven.User, string, error) {
	var g *keyhaven.Group
	var l lister[*keyhaven.User]
	err := s.meta.View(ctx, func(r *meta.Reader) (err error) {
		l = lister[*keyhaven.User]{page: page}
		if g, err = r.Group(account, group); err != nil {
			return groups.said(group, err)
		}
		return r.Members(g.ID, page.Marker, func(id string) (bool, error) {
			u, err := r.UserByID(id)
			if err != nil {
				return false, err
			}
			return l.add(id, u), nil
		})
	})
	return g, l.all, l.next, err
}
