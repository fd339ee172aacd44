package identity

import (
	"context"
	"slices"
	"strconv"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/policy"
)

// Holder names a user, a group or a role: whoever has policies.
type Holder struct {
	kind kind
	Name string
}

// OfUser, OfGroup and OfRole name a holder.
func OfUser(name string) Holder { return Holder{users, name} }

// OfGroup names a group.
func OfGroup(name string) Holder { return Holder{groups, name} }

// OfRole names a role.
func OfRole(name string) Holder { return Holder{roles, name} }

// grantee is a user, a group or a role.
type grantee interface {
	meta.Entity
	Policies() *keyhaven.Grants
}

func (s *Service) changeGrants(ctx context.Context, account keyhaven.AccountID, h Holder, fn func(*meta.Txn, *keyhaven.Grants) error) error {
	return change(ctx, s, h.kind, account, h.Name, func(tx *meta.Txn, e grantee) error { return fn(tx, e.Policies()) })
}

// Grants returns the policies of a holder. Errors: NotFound.
func (s *Service) Grants(ctx context.Context, account keyhaven.AccountID, h Holder) (*keyhaven.Grants, error) {
	e, err := read[grantee](ctx, s, h.kind, account, h.Name)
	if err != nil {
		return nil, err
	}
	return e.Policies(), nil
}

// PutInline stores an inline policy, in the place of one of the same name.
// Errors: NotFound; Invalid policy document; LimitExceeded policy.
func (s *Service) PutInline(ctx context.Context, account keyhaven.AccountID, h Holder, name, doc string) error {
	if err := checkName("policyName", name, maxPolicyName); err != nil {
		return err
	}
	if err := checkDocument(policy.Identity, doc); err != nil {
		return err
	}
	return s.changeGrants(ctx, account, h, func(_ *meta.Txn, g *keyhaven.Grants) error {
		inline := slices.DeleteFunc(slices.Clone(g.Inline), func(p keyhaven.InlinePolicy) bool { return p.Name == name })
		inline = append(inline, keyhaven.InlinePolicy{Name: name, Document: doc})
		total := 0
		for _, p := range inline {
			total += size(p.Document)
		}
		if total > h.kind.inline {
			return failure(keyhaven.LimitExceeded, keyhaven.NounPolicy, name,
				"Maximum policy size of "+strconv.Itoa(h.kind.inline)+" bytes exceeded for "+h.kind.what+" "+h.Name)
		}
		slices.SortFunc(inline, func(a, b keyhaven.InlinePolicy) int { return compare(a.Name, b.Name) })
		g.Inline = inline
		return nil
	})
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Inline returns the document of an inline policy. Errors: NotFound, of the
// holder or of policy.
func (s *Service) Inline(ctx context.Context, account keyhaven.AccountID, h Holder, name string) (string, error) {
	g, err := s.Grants(ctx, account, h)
	if err != nil {
		return "", err
	}
	doc, ok := g.InlineDocument(name)
	if !ok {
		return "", missingInline(h, name)
	}
	return doc, nil
}

func missingInline(h Holder, name string) error {
	return failure(keyhaven.NotFound, keyhaven.NounPolicy, name, "The "+h.kind.what+" policy with name "+name+" cannot be found.")
}

// DeleteInline deletes an inline policy. Errors: as Inline.
func (s *Service) DeleteInline(ctx context.Context, account keyhaven.AccountID, h Holder, name string) error {
	return s.changeGrants(ctx, account, h, func(_ *meta.Txn, g *keyhaven.Grants) error {
		if _, ok := g.InlineDocument(name); !ok {
			return missingInline(h, name)
		}
		g.Inline = slices.DeleteFunc(slices.Clone(g.Inline), func(p keyhaven.InlinePolicy) bool { return p.Name == name })
		return nil
	})
}

// Attach gives a holder a managed policy; one that it has stays. Errors:
// NotFound, of the holder or of policy; LimitExceeded policy.
func (s *Service) Attach(ctx context.Context, account keyhaven.AccountID, h Holder, arn string) error {
	return s.changeGrants(ctx, account, h, func(tx *meta.Txn, g *keyhaven.Grants) error {
		if err := policyThere(&tx.Reader, account, arn); err != nil {
			return err
		}
		if slices.Contains(g.Attached, arn) {
			return nil
		}
		if len(g.Attached) >= maxAttached {
			per := map[byte]string{meta.EntityUser: "User", meta.EntityGroup: "Group", meta.EntityRole: "Role"}[h.kind.code]
			return failure(keyhaven.LimitExceeded, keyhaven.NounPolicy, arn, "Cannot exceed quota for PoliciesPer"+per+": 10")
		}
		g.Attached = append(g.Attached, arn)
		return nil
	})
}

// Detach takes a managed policy away. Errors: NotFound, of the holder or of
// policy.
func (s *Service) Detach(ctx context.Context, account keyhaven.AccountID, h Holder, arn string) error {
	return s.changeGrants(ctx, account, h, func(_ *meta.Txn, g *keyhaven.Grants) error {
		if !slices.Contains(g.Attached, arn) {
			return failure(keyhaven.NotFound, keyhaven.NounPolicy, arn, "Policy "+arn+" was not found.")
		}
		g.Attached = slices.DeleteFunc(slices.Clone(g.Attached), func(a string) bool { return a == arn })
		return nil
	})
}

// SetBoundary bounds what a user or a role can be allowed. Errors: NotFound, of
// the holder or of policy.
func (s *Service) SetBoundary(ctx context.Context, account keyhaven.AccountID, h Holder, arn string) error {
	return s.changeGrants(ctx, account, h, func(tx *meta.Txn, g *keyhaven.Grants) error {
		if arn == "" {
			return invalid(boundaryIsPolicy)
		}
		if err := policyThere(&tx.Reader, account, arn); err != nil {
			return err
		}
		g.Boundary = arn
		return nil
	})
}

// DeleteBoundary takes the boundary away. Errors: NotFound, of the holder or, when
// it has none, of policy.
func (s *Service) DeleteBoundary(ctx context.Context, account keyhaven.AccountID, h Holder) error {
	return s.changeGrants(ctx, account, h, func(_ *meta.Txn, g *keyhaven.Grants) error {
		if g.Boundary == "" {
			return failure(keyhaven.NotFound, keyhaven.NounPolicy, h.Name, "The "+h.kind.what+" "+h.Name+" has no permissions boundary.")
		}
		g.Boundary = ""
		return nil
	})
}
