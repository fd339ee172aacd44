package identity

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/policy"
)

// NewPolicy says what a managed policy is to be.
type NewPolicy struct {
	Name        string
	Path        string // "/" when empty
	Description string // at most 1000 characters
	Document    string
	Tags        []keyhaven.Tag
}

func checkManaged(doc string) error {
	if size(doc) > maxManaged {
		return failure(keyhaven.LimitExceeded, keyhaven.NounPolicy, "", "Cannot exceed quota for PolicySize: 6144")
	}
	return checkDocument(policy.Identity, doc)
}

// CreatePolicy makes a managed policy with its first version. Errors: Invalid;
// Invalid policy document; LimitExceeded policy; AlreadyExists policy.
func (s *Service) CreatePolicy(ctx context.Context, account keyhaven.AccountID, in NewPolicy) (*keyhaven.ManagedPolicy, error) {
	b, err := s.newBase(policies, account, in.Name, in.Path, in.Tags)
	if err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(in.Description) > maxDescription {
		return nil, invalid("The description has more than 1000 characters.")
	}
	if err := checkManaged(in.Document); err != nil {
		return nil, err
	}
	p := &keyhaven.ManagedPolicy{
		Entity: b, Description: in.Description, Default: "v1", LastVersion: 1, UpdatedAt: b.CreatedAt,
		Versions: []keyhaven.PolicyVersion{{ID: "v1", Document: in.Document, CreatedAt: b.CreatedAt}},
	}
	return p, s.create(ctx, policies, p, nil)
}

// Policy returns a managed policy by its ARN; one of AWS's own is made up.
// Errors: NotFound policy.
func (s *Service) Policy(ctx context.Context, account keyhaven.AccountID, arn string) (p *keyhaven.ManagedPolicy, err error) {
	if aws, ok := keyhaven.FindAWSPolicy(arn); ok {
		return awsPolicy(aws), nil
	}
	err = s.meta.View(ctx, func(r *meta.Reader) (err error) {
		p, err = ownPolicy(r, account, arn)
		return err
	})
	return p, err
}

func awsPolicy(p keyhaven.AWSPolicy) *keyhaven.ManagedPolicy {
	return &keyhaven.ManagedPolicy{
		Entity:      keyhaven.Entity{ID: p.ID, Account: "aws", Name: p.Name, Path: p.Path, CreatedAt: p.CreatedAt},
		Description: p.Description, Default: "v1", LastVersion: 1, UpdatedAt: p.CreatedAt,
		Versions: []keyhaven.PolicyVersion{{ID: "v1", Document: p.Document, CreatedAt: p.CreatedAt}},
	}
}

// ownPolicy returns a policy of the account.
func ownPolicy(r *meta.Reader, account keyhaven.AccountID, arn string) (*keyhaven.ManagedPolicy, error) {
	of, _, ok := keyhaven.ManagedPolicyARN(arn)
	if !ok {
		return nil, invalid("ARN " + arn + " is not valid.")
	}
	if of != string(account) {
		return nil, policies.missing(arn)
	}
	p, err := r.ManagedByARN(arn)
	return p, policies.said(arn, err)
}

// changePolicy applies fn to a policy of the account and stores it.
func (s *Service) changePolicy(ctx context.Context, account keyhaven.AccountID, arn string, fn func(*meta.Txn, *keyhaven.ManagedPolicy) error) error {
	return s.meta.Update(ctx, func(tx *meta.Txn) error {
		p, err := ownPolicy(&tx.Reader, account, arn)
		if err != nil {
			return err
		}
		if err := fn(tx, p); err != nil {
			return err
		}
		return tx.PutEntity(p)
	})
}

// DeletePolicy deletes a managed policy that nobody has and that has one version.
// Errors: NotFound policy; NotEmpty policy.
func (s *Service) DeletePolicy(ctx context.Context, account keyhaven.AccountID, arn string) error {
	return s.meta.Update(ctx, func(tx *meta.Txn) error {
		p, err := ownPolicy(&tx.Reader, account, arn)
		if err != nil {
			return err
		}
		used := false
		if err := tx.AttachedTo(account, arn, func(string, bool) (bool, error) { used = true; return false, nil }); err != nil {
			return err
		}
		if used {
			return failure(keyhaven.NotEmpty, keyhaven.NounPolicy, arn, "Cannot delete a policy attached to entities.")
		}
		if len(p.Versions) > 1 {
			return failure(keyhaven.NotEmpty, keyhaven.NounPolicy, arn, "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.")
		}
		return tx.DeleteEntity(p)
	})
}

// CreatePolicyVersion adds a version. Errors: NotFound policy; Invalid policy
// document; LimitExceeded policy for a sixth.
func (s *Service) CreatePolicyVersion(ctx context.Context, account keyhaven.AccountID, arn, doc string, inForce bool) (*keyhaven.PolicyVersion, bool, error) {
	if err := checkManaged(doc); err != nil {
		return nil, false, err
	}
	var v keyhaven.PolicyVersion
	err := s.changePolicy(ctx, account, arn, func(_ *meta.Txn, p *keyhaven.ManagedPolicy) error {
		if len(p.Versions) >= keyhaven.MaxPolicyVersions {
			return failure(keyhaven.LimitExceeded, keyhaven.NounPolicy, arn, "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.")
		}
		p.LastVersion++
		v = keyhaven.PolicyVersion{ID: "v" + strconv.Itoa(p.LastVersion), Document: doc, CreatedAt: s.time()}
		p.Versions = append(p.Versions, v)
		p.UpdatedAt = v.CreatedAt
		if inForce {
			p.Default = v.ID
		}
		return nil
	})
	return &v, inForce, err
}

func missingVersion(arn, id string) error {
	return failure(keyhaven.NotFound, keyhaven.NounPolicy, id, "Policy "+arn+" version "+id+" does not exist or is not attachable.")
}

// SetDefaultVersion puts another version in force. Errors: NotFound policy.
func (s *Service) SetDefaultVersion(ctx context.Context, account keyhaven.AccountID, arn, id string) error {
	return s.changePolicy(ctx, account, arn, func(_ *meta.Txn, p *keyhaven.ManagedPolicy) error {
		if p.Version(id) == nil {
			return missingVersion(arn, id)
		}
		p.Default, p.UpdatedAt = id, s.time()
		return nil
	})
}

// DeletePolicyVersion deletes a version that is not in force. Errors: NotFound
// policy; NotEmpty policy for the one in force.
func (s *Service) DeletePolicyVersion(ctx context.Context, account keyhaven.AccountID, arn, id string) error {
	return s.changePolicy(ctx, account, arn, func(_ *meta.Txn, p *keyhaven.ManagedPolicy) error {
		switch {
		case p.Version(id) == nil:
			return missingVersion(arn, id)
		case p.Default == id:
			return failure(keyhaven.NotEmpty, keyhaven.NounPolicy, id, "Cannot delete the default version of a policy.")
		}
		p.Versions = slices.DeleteFunc(slices.Clone(p.Versions), func(v keyhaven.PolicyVersion) bool { return v.ID == id })
		return nil
	})
}

// PolicyUse counts who has a policy.
type PolicyUse struct {
	Attached int
	Boundary int
}

// PolicyUse returns how many of the account have a policy attached or as a
// boundary.
func (s *Service) PolicyUse(ctx context.Context, account keyhaven.AccountID, arn string) (use PolicyUse, err error) {
	err = s.meta.View(ctx, func(r *meta.Reader) error {
		use = PolicyUse{}
		return r.AttachedTo(account, arn, func(_ string, boundary bool) (bool, error) {
			if boundary {
				use.Boundary++
			} else {
				use.Attached++
			}
			return true, nil
		})
	})
	return use, err
}

// Holders returns everybody in the account who has the policy: attached, or as
// a boundary. Errors: NotFound policy.
func (s *Service) Holders(ctx context.Context, account keyhaven.AccountID, arn string, boundary bool) (us []*keyhaven.User, gs []*keyhaven.Group, rs []*keyhaven.Role, err error) {
	err = s.meta.View(ctx, func(r *meta.Reader) error {
		us, gs, rs = nil, nil, nil
		if err := policyThere(r, account, arn); err != nil {
			return err
		}
		return r.AttachedTo(account, arn, func(id string, isBoundary bool) (bool, error) {
			if isBoundary != boundary {
				return true, nil
			}
			e, err := r.EntityByID(id)
			switch e := e.(type) {
			case *keyhaven.User:
				us = append(us, e)
			case *keyhaven.Group:
				gs = append(gs, e)
			case *keyhaven.Role:
				rs = append(rs, e)
			}
			return true, err
		})
	})
	return us, gs, rs, err
}

// PolicyScope says which policies are meant.
type PolicyScope struct {
	AWS, Local bool
	Prefix     string // of the path
	Attached   bool   // only those that somebody has
	// Boundary and Permissions narrow to those that are used so; neither narrows
	// nothing.
	Boundary, Permissions bool
}

// Policies returns a page of managed policies: the account's own by name, then
// AWS's.
func (s *Service) Policies(ctx context.Context, account keyhaven.AccountID, scope PolicyScope, page Page) ([]*keyhaven.ManagedPolicy, string, error) {
	const ours, theirs = "own/", "aws/"
	var l lister[*keyhaven.ManagedPolicy]
	err := s.meta.View(ctx, func(r *meta.Reader) error {
		l = lister[*keyhaven.ManagedPolicy]{page: page}
		wanted := func(p *keyhaven.ManagedPolicy) (bool, error) { return scope.wants(r, account, p) }
		if scope.Local && !strings.HasPrefix(page.Marker, theirs) {
			err := meta.Entities(r, account, strings.TrimPrefix(page.Marker, ours), func(p *keyhaven.ManagedPolicy) (bool, error) {
				ok, err := wanted(p)
				if err != nil || !ok {
					return true, err
				}
				return l.add(ours+strings.ToLower(p.Name), p), nil
			})
			if err != nil {
				return err
			}
		}
		for _, aws := range keyhaven.AWSPolicies() {
			if !scope.AWS || l.next != "" || strings.HasPrefix(page.Marker, theirs) && !awsAfter(aws.Name, page.Marker[len(theirs):]) {
				continue
			}
			p := awsPolicy(aws)
			ok, err := wanted(p)
			if err != nil {
				return err
			}
			if ok && !l.add(theirs+aws.Name, p) {
				break
			}
		}
		return nil
	})
	return l.all, l.next, err
}

// awsAfter reports whether one of AWS's policies is listed after another.
func awsAfter(name, after string) bool {
	all := keyhaven.AWSPolicies()
	at := func(n string) int {
		return slices.IndexFunc(all, func(p keyhaven.AWSPolicy) bool { return p.Name == n })
	}
	return at(name) > at(after)
}

func (sc PolicyScope) wants(r *meta.Reader, account keyhaven.AccountID, p *keyhaven.ManagedPolicy) (bool, error) {
	if !strings.HasPrefix(p.Path, sc.Prefix) {
		return false, nil
	}
	if !sc.Attached && !sc.Boundary && !sc.Permissions {
		return true, nil
	}
	found := false
	err := r.AttachedTo(account, p.ARN(), func(_ string, boundary bool) (bool, error) {
		if sc.Boundary == sc.Permissions || boundary == sc.Boundary {
			found = true
		}
		return !found, nil
	})
	return found, err
}
