package identity

import (
	"context"
	"strconv"
	"unicode/utf8"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/policy"
)

// NewRole says what a role is to be.
type NewRole struct {
	Name        string
	Path        string // "/" when empty
	Description string
	Trust       string // who may assume it: a document
	MaxSession  int    // seconds, 3600 to 43200; 3600 when zero
	Boundary    string
	Tags        []keyhaven.Tag
}

// CreateRole makes a role. Errors: Invalid; Invalid policy document;
// AlreadyExists role; NotFound policy for a boundary that is not there.
func (s *Service) CreateRole(ctx context.Context, account keyhaven.AccountID, in NewRole) (*keyhaven.Role, error) {
	b, err := s.newBase(roles, account, in.Name, in.Path, in.Tags)
	if err != nil {
		return nil, err
	}
	if in.MaxSession == 0 {
		in.MaxSession = minSession
	}
	r := &keyhaven.Role{Entity: b, Trust: in.Trust}
	r.Boundary = in.Boundary
	if err := describe(r, in.Description, in.MaxSession); err != nil {
		return nil, err
	}
	if err := checkTrust(in.Trust); err != nil {
		return nil, err
	}
	err = s.create(ctx, roles, r, func(tx *meta.Txn) error { return boundaryThere(&tx.Reader, account, in.Boundary) })
	return r, err
}

func checkTrust(doc string) error {
	if size(doc) > maxTrust {
		return failure(keyhaven.LimitExceeded, keyhaven.NounRole, "", "Cannot exceed quota for ACLSizePerRole: "+strconv.Itoa(maxTrust))
	}
	return checkDocument(policy.Trust, doc)
}

func describe(r *keyhaven.Role, description string, longest int) error {
	if utf8.RuneCountInString(description) > maxDescription {
		return invalid("The description has more than 1000 characters.")
	}
	if longest < minSession || longest > maxSession {
		return invalid("The maximum session duration must be from 3600 to 43200 seconds.")
	}
	r.Description, r.MaxSession = description, longest
	return nil
}

// Role returns a role. Errors: NotFound role.
func (s *Service) Role(ctx context.Context, account keyhaven.AccountID, name string) (*keyhaven.Role, error) {
	role, err := read[*keyhaven.Role](ctx, s, roles, account, name)
	if err != nil {
		return nil, err
	}
	return role, s.withUses(ctx, role)
}

// withUses adds when the roles were last used, which lies beside their records
// so that a use changes nobody's rights.
func (s *Service) withUses(ctx context.Context, all ...*keyhaven.Role) error {
	return s.meta.View(ctx, func(r *meta.Reader) error {
		for _, role := range all {
			used, err := r.LastUsed(role.ID)
			if err != nil {
				return err
			}
			role.LastUsed = used
		}
		return nil
	})
}

// Roles returns a page of the roles below a path, and where the next begins.
func (s *Service) Roles(ctx context.Context, account keyhaven.AccountID, prefix string, page Page) ([]*keyhaven.Role, string, error) {
	all, next, err := list[*keyhaven.Role](ctx, s, account, prefix, page)
	if err != nil {
		return nil, "", err
	}
	return all, next, s.withUses(ctx, all...)
}

// UpdateRole changes the description and the longest session; nil stays. Errors:
// NotFound role; Invalid.
func (s *Service) UpdateRole(ctx context.Context, account keyhaven.AccountID, name string, description *string, longest *int) error {
	return change(ctx, s, roles, account, name, func(_ *meta.Txn, r *keyhaven.Role) error {
		d, m := r.Description, r.MaxSession
		if description != nil {
			d = *description
		}
		if longest != nil {
			m = *longest
		}
		return describe(r, d, m)
	})
}

// UpdateTrust says anew who may assume a role. Errors: NotFound role; Invalid
// policy document.
func (s *Service) UpdateTrust(ctx context.Context, account keyhaven.AccountID, name, doc string) error {
	if err := checkTrust(doc); err != nil {
		return err
	}
	return change(ctx, s, roles, account, name, func(_ *meta.Txn, r *keyhaven.Role) error {
		r.Trust = doc
		return nil
	})
}

// DeleteRole deletes a role without policies and instance profiles. Its sessions
// die at once. Errors: NotFound role; NotEmpty role.
func (s *Service) DeleteRole(ctx context.Context, account keyhaven.AccountID, name string) error {
	return remove(ctx, s, roles, account, name, func(tx *meta.Txn, r *keyhaven.Role) error {
		profiles := false
		err := tx.ProfilesOf(r.ID, func(string) (bool, error) { profiles = true; return false, nil })
		switch {
		case err != nil:
			return err
		case profiles:
			return inUse(keyhaven.NounRole, name, "remove roles from instance profile")
		case len(r.Inline) > 0:
			return inUse(keyhaven.NounRole, name, "delete policies")
		case len(r.Attached) > 0:
			return inUse(keyhaven.NounRole, name, "detach all policies")
		}
		return nil
	})
}
