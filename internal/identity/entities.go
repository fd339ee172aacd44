package identity

import (
	"context"
	"strings"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// newBase makes what every entity begins with.
func (s *Service) newBase(k kind, account keyhaven.AccountID, name, path string, tags []keyhaven.Tag) (keyhaven.Entity, error) {
	if path == "" {
		path = defaultPath
	}
	b := keyhaven.Entity{ID: newID(k.prefix), Account: account, Name: name, Path: path, CreatedAt: s.time(), Tags: tags}
	if err := checkName(k.what+"Name", name, k.maxName); err != nil && k.code != meta.EntityProvider {
		return b, err
	}
	if err := checkPath(path); err != nil {
		return b, err
	}
	return b, checkTags(tags)
}

// create stores a new entity, unless its name is taken, in any case of letters.
func (s *Service) create(ctx context.Context, k kind, e meta.Entity, check func(*meta.Txn) error) error {
	b := e.Base()
	return s.meta.Update(ctx, func(tx *meta.Txn) error {
		if check != nil {
			if err := check(tx); err != nil {
				return err
			}
		}
		taken, err := tx.EntityTaken(b.Account, k.code, b.Name)
		if err != nil {
			return err
		}
		if taken {
			return k.taken(b.Name)
		}
		return tx.PutEntity(e)
	})
}

// read returns an entity by name.
func read[T meta.Entity](ctx context.Context, s *Service, k kind, account keyhaven.AccountID, name string) (e T, err error) {
	err = s.meta.View(ctx, func(r *meta.Reader) error {
		found, err := r.Entity(account, k.code, name)
		if err != nil {
			return k.said(name, err)
		}
		e = found.(T)
		return nil
	})
	return e, err
}

// change applies fn to an entity and stores it. fn may run more than once, each
// time on a fresh record.
func change[T meta.Entity](ctx context.Context, s *Service, k kind, account keyhaven.AccountID, name string, fn func(*meta.Txn, T) error) error {
	return s.meta.Update(ctx, func(tx *meta.Txn) error {
		e, err := tx.Entity(account, k.code, name)
		if err != nil {
			return k.said(name, err)
		}
		if err := fn(tx, e.(T)); err != nil {
			return err
		}
		return tx.PutEntity(e)
	})
}

// remove deletes an entity that nothing is left of.
func remove[T meta.Entity](ctx context.Context, s *Service, k kind, account keyhaven.AccountID, name string, check func(*meta.Txn, T) error) error {
	return s.meta.Update(ctx, func(tx *meta.Txn) error {
		e, err := tx.Entity(account, k.code, name)
		if err != nil {
			return k.said(name, err)
		}
		if check != nil {
			if err := check(tx, e.(T)); err != nil {
				return err
			}
		}
		return tx.DeleteEntity(e)
	})
}

// list returns a page of the entities of a type below a path.
func list[T meta.Entity](ctx context.Context, s *Service, account keyhaven.AccountID, prefix string, page Page) ([]T, string, error) {
	var l lister[T]
	err := s.meta.View(ctx, func(r *meta.Reader) error {
		l = lister[T]{page: page}
		return meta.Entities(r, account, page.Marker, func(e T) (bool, error) {
			if b := e.Base(); strings.HasPrefix(b.Path, prefix) {
				return l.add(strings.ToLower(b.Name), e), nil
			}
			return true, nil
		})
	})
	return l.all, l.next, err
}

// rename gives an entity another name or path.
func rename(tx *meta.Txn, k kind, e meta.Entity, name, path string) error {
	b := e.Base()
	if path != "" {
		if err := checkPath(path); err != nil {
			return err
		}
	}
	if name != "" && name != b.Name {
		if err := checkName("new"+k.what+"Name", name, k.maxName); err != nil {
			return err
		}
		if !strings.EqualFold(name, b.Name) {
			taken, err := tx.EntityTaken(b.Account, k.code, name)
			if err != nil {
				return err
			}
			if taken {
				return k.taken(name)
			}
		}
		// The record under the old name goes with it.
		if err := tx.DeleteEntity(e); err != nil {
			return err
		}
		b.Name = name
	}
	if path != "" {
		b.Path = path
	}
	return nil
}

func inUse(n keyhaven.Noun, id, what string) error {
	return failure(keyhaven.NotEmpty, n, id, "Cannot delete entity, must "+what+" first.")
}

// Found is what an operation is about, as policies see it.
type Found struct {
	ARN      string
	Tags     []keyhaven.Tag
	Boundary string // of a user or role
}

// Find returns the ARN, the tags and the boundary of an entity; of one that is
// not there the ARN that it would have without a path.
func (s *Service) Find(ctx context.Context, account keyhaven.AccountID, h Holder) (f Found, err error) {
	err = s.meta.View(ctx, func(r *meta.Reader) error {
		e, err := r.Entity(account, h.kind.code, h.Name)
		if keyhaven.Is(err, keyhaven.NotFound, h.kind.noun) {
			f = Found{ARN: h.ARN(account, "/")}
			return nil
		}
		if err != nil {
			return err
		}
		f = Found{ARN: e.(interface{ ARN() string }).ARN(), Tags: e.Base().Tags}
		if g, ok := e.(grantee); ok {
			f.Boundary = g.Policies().Boundary
		}
		return nil
	})
	return f, err
}

// ARN is the name that an entity of the account has or would have.
func (h Holder) ARN(account keyhaven.AccountID, path string) string {
	typ := map[byte]string{
		meta.EntityUser: "user", meta.EntityGroup: "group", meta.EntityRole: "role", meta.EntityPolicy: "policy",
		meta.EntityProfile: "instance-profile", meta.EntityProvider: "oidc-provider", meta.EntityMFA: "mfa",
	}[h.kind.code]
	return "arn:aws:iam::" + string(account) + ":" + typ + path + h.Name
}
