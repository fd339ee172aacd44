package identity

import (
	"context"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// Profile is an instance profile with its role, nil for none.
type Profile struct {
	*keyhaven.InstanceProfile
	RoleOf *keyhaven.Role
}

func withRole(r *meta.Reader, p *keyhaven.InstanceProfile) (Profile, error) {
	if p.Role == "" {
		return Profile{p, nil}, nil
	}
	role, err := r.RoleByID(p.Role)
	return Profile{p, role}, err
}

// CreateProfile makes an instance profile. Errors: Invalid; AlreadyExists
// instance profile.
func (s *Service) CreateProfile(ctx context.Context, account keyhaven.AccountID, name, path string, tags []keyhaven.Tag) (Profile, error) {
	b, err := s.newBase(profiles, account, name, path, tags)
	if err != nil {
		return Profile{}, err
	}
	p := &keyhaven.InstanceProfile{Entity: b}
	return Profile{p, nil}, s.create(ctx, profiles, p, nil)
}

// Profile returns an instance profile. Errors: NotFound instance profile.
func (s *Service) Profile(ctx context.Context, account keyhaven.AccountID, name string) (out Profile, err error) {
	err = s.meta.View(ctx, func(r *meta.Reader) error {
		p, err := r.InstanceProfile(account, name)
		if err != nil {
			return profiles.said(name, err)
		}
		out, err = withRole(r, p)
		return err
	})
	return out, err
}

// Profiles returns a page of the instance profiles below a path.
func (s *Service) Profiles(ctx context.Context, account keyhaven.AccountID, prefix string, page Page) ([]Profile, string, error) {
	all, next, err := list[*keyhaven.InstanceProfile](ctx, s, account, prefix, page)
	if err != nil {
		return nil, "", err
	}
	out := make([]Profile, len(all))
	err = s.meta.View(ctx, func(r *meta.Reader) error {
		for i, p := range all {
			if out[i], err = withRole(r, p); err != nil {
				return err
			}
		}
		return nil
	})
	return out, next, err
}

// ProfilesOfRole returns the instance profiles of a role. Errors: NotFound role.
func (s *Service) ProfilesOfRole(ctx context.Context, account keyhaven.AccountID, role string) (out []Profile, err error) {
	err = s.meta.View(ctx, func(r *meta.Reader) error {
		out = nil
		found, err := r.Role(account, role)
		if err != nil {
			return roles.said(role, err)
		}
		return r.ProfilesOf(found.ID, func(id string) (bool, error) {
			e, err := r.EntityByID(id)
			if err != nil {
				return false, err
			}
			if p, ok := e.(*keyhaven.InstanceProfile); ok {
				out = append(out, Profile{p, found})
			}
			return true, nil
		})
	})
	return out, err
}

// DeleteProfile deletes an instance profile without a role. Errors: NotFound
// instance profile; NotEmpty instance profile.
func (s *Service) DeleteProfile(ctx context.Context, account keyhaven.AccountID, name string) error {
	return remove(ctx, s, profiles, account, name, func(_ *meta.Txn, p *keyhaven.InstanceProfile) error {
		if p.Role != "" {
			return inUse(keyhaven.NounInstanceProfile, name, "remove roles from instance profile")
		}
		return nil
	})
}

// AddRole puts a role into an instance profile. Errors: NotFound instance
// profile, role; LimitExceeded instance profile for a second one.
func (s *Service) AddRole(ctx context.Context, account keyhaven.AccountID, name, role string) error {
	return change(ctx, s, profiles, account, name, func(tx *meta.Txn, p *keyhaven.InstanceProfile) error {
		r, err := tx.Role(account, role)
		if err != nil {
			return roles.said(role, err)
		}
		if p.Role != "" {
			return failure(keyhaven.LimitExceeded, keyhaven.NounInstanceProfile, name, "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
		}
		p.Role = r.ID
		return nil
	})
}

// RemoveRole takes the role out of an instance profile. Errors: NotFound instance
// profile, role.
func (s *Service) RemoveRole(ctx context.Context, account keyhaven.AccountID, name, role string) error {
	return change(ctx, s, profiles, account, name, func(tx *meta.Txn, p *keyhaven.InstanceProfile) error {
		r, err := tx.Role(account, role)
		if err != nil {
			return roles.said(role, err)
		}
		if p.Role != r.ID {
			return failure(keyhaven.NotFound, keyhaven.NounRole, role, "The role with name "+role+" cannot be found.")
		}
		p.Role = ""
		return nil
	})
}
