package identity

import (
	"context"
	"slices"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// NewUser says what a user is to be.
type NewUser struct {
	Name     string
	Path     string // "/" when empty
	Boundary string // the ARN of a managed policy
	Tags     []keyhaven.Tag
}

// CreateUser makes a user. Errors: Invalid; AlreadyExists user; NotFound policy
// for a boundary that is not there.
func (s *Service) CreateUser(ctx context.Context, account keyhaven.AccountID, in NewUser) (*keyhaven.User, error) {
	b, err := s.newBase(users, account, in.Name, in.Path, in.Tags)
	if err != nil {
		return nil, err
	}
	u := &keyhaven.User{Entity: b}
	u.Boundary = in.Boundary
	err = s.create(ctx, users, u, func(tx *meta.Txn) error { return boundaryThere(&tx.Reader, account, in.Boundary) })
	return u, err
}

// boundaryThere checks the policy of a permissions boundary.
func boundaryThere(r *meta.Reader, account keyhaven.AccountID, arn string) error {
	if arn == "" {
		return nil
	}
	return policyThere(r, account, arn)
}

// policyThere checks that a managed policy is there and the account's or AWS's.
func policyThere(r *meta.Reader, account keyhaven.AccountID, arn string) error {
	of, _, ok := keyhaven.ManagedPolicyARN(arn)
	if !ok {
		return invalid("ARN " + arn + " is not valid.")
	}
	missing := failure(keyhaven.NotFound, keyhaven.NounPolicy, arn, "Policy "+arn+" does not exist or is not attachable.")
	if of != "aws" && of != string(account) {
		return missing
	}
	_, err := r.PolicyInForce(arn)
	if keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounPolicy) {
		return missing
	}
	return err
}

// User returns a user. Errors: NotFound user.
func (s *Service) User(ctx context.Context, account keyhaven.AccountID, name string) (*keyhaven.User, error) {
	return read[*keyhaven.User](ctx, s, users, account, name)
}

// Users returns a page of the users below a path, and where the next begins.
func (s *Service) Users(ctx context.Context, account keyhaven.AccountID, prefix string, page Page) ([]*keyhaven.User, string, error) {
	return list[*keyhaven.User](ctx, s, account, prefix, page)
}

// UpdateUser gives a user another name or path; empty ones stay. Keys, groups and
// policies stay with the user. Errors: NotFound user; AlreadyExists user; Invalid.
func (s *Service) UpdateUser(ctx context.Context, account keyhaven.AccountID, name, newName, newPath string) error {
	return change(ctx, s, users, account, name, func(tx *meta.Txn, u *keyhaven.User) error {
		return rename(tx, users, u, newName, newPath)
	})
}

// DeleteUser deletes a user that has nothing any more. Errors: NotFound user;
// NotEmpty user while it has keys, MFA devices, a password, policies or groups.
func (s *Service) DeleteUser(ctx context.Context, account keyhaven.AccountID, name string) error {
	return remove(ctx, s, users, account, name, func(tx *meta.Txn, u *keyhaven.User) error {
		keys, err := tx.UserKeys(u.ID)
		if err != nil {
			return err
		}
		devices, err := tx.MFADevicesOf(u.ID)
		switch {
		case err != nil:
			return err
		case len(keys) > 0:
			return inUse(keyhaven.NounUser, name, "delete access keys")
		case len(devices) > 0:
			return inUse(keyhaven.NounUser, name, "delete MFA device")
		case u.Login != nil:
			return inUse(keyhaven.NounUser, name, "delete login profile")
		case len(u.Inline) > 0:
			return inUse(keyhaven.NounUser, name, "delete policies")
		case len(u.Attached) > 0:
			return inUse(keyhaven.NounUser, name, "detach all policies")
		case len(u.Groups) > 0:
			return inUse(keyhaven.NounUser, name, "remove users from group")
		}
		return nil
	})
}

// AddToGroup makes a user a member of a group; one that is a member stays so.
// Errors: NotFound user, group; LimitExceeded group.
func (s *Service) AddToGroup(ctx context.Context, account keyhaven.AccountID, group, user string) error {
	return change(ctx, s, users, account, user, func(tx *meta.Txn, u *keyhaven.User) error {
		g, err := tx.Group(account, group)
		if err != nil {
			return groups.said(group, err)
		}
		if slices.Contains(u.Groups, g.ID) {
			return nil
		}
		if len(u.Groups) >= maxGroups {
			return failure(keyhaven.LimitExceeded, keyhaven.NounGroup, group, "Cannot exceed quota for GroupsPerUser: 10")
		}
		u.Groups = append(u.Groups, g.ID)
		return nil
	})
}

// RemoveFromGroup ends a membership. Errors: NotFound user, group.
func (s *Service) RemoveFromGroup(ctx context.Context, account keyhaven.AccountID, group, user string) error {
	return change(ctx, s, users, account, user, func(tx *meta.Txn, u *keyhaven.User) error {
		g, err := tx.Group(account, group)
		if err != nil {
			return groups.said(group, err)
		}
		if !slices.Contains(u.Groups, g.ID) {
			return failure(keyhaven.NotFound, keyhaven.NounUser, user, "User "+user+" is not in group "+group+".")
		}
		u.Groups = slices.DeleteFunc(slices.Clone(u.Groups), func(id string) bool { return id == g.ID })
		return nil
	})
}

// GroupsOf returns a page of the groups of a user. Errors: NotFound user.
func (s *Service) GroupsOf(ctx context.Context, account keyhaven.AccountID, user string, page Page) (all []*keyhaven.Group, next string, err error) {
	err = s.meta.View(ctx, func(r *meta.Reader) error {
		all = nil
		u, err := r.User(account, user)
		if err != nil {
			return users.said(user, err)
		}
		for _, id := range u.Groups {
			g, err := r.GroupByID(id)
			if err != nil {
				return err
			}
			all = append(all, g)
		}
		all, next = paged(all, page, func(g *keyhaven.Group) string { return g.Name })
		return nil
	})
	return all, next, err
}
