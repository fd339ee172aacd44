package access

import (
	"context"
	"slices"
	"strings"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/policy"
)

// Resource is what a request acts on.
type Resource struct {
	ARN     string             // for policies and denials; "*" when there is none
	Bucket  *keyhaven.Bucket   // nil when the action is about no one bucket
	Account keyhaven.AccountID // of the owner; when empty that of Bucket, else the caller's
	Tags    []keyhaven.Tag     // aws:ResourceTag; when nil those of Bucket
	// Context has the condition keys that the door knows of the request; nil for
	// none.
	Context policy.Context
	// Trust is the trust policy of a role that is to be assumed: it must allow,
	// whatever the caller's own policies say.
	Trust *policy.Document
}

func (r *Resource) owner(id *Identity) keyhaven.AccountID {
	switch {
	case r.Account != "":
		return r.Account
	case r.Bucket != nil:
		return r.Bucket.Account
	}
	return id.Principal.Account
}

func (r *Resource) tags() []keyhaven.Tag {
	if r.Tags == nil && r.Bucket != nil {
		return r.Bucket.Tags
	}
	return r.Tags
}

// Decision is the answer to "may this caller do this".
type Decision struct {
	Allowed bool
	// ByACL allows it if the object's own access control list gives Caller the
	// Permission, and not otherwise.
	ByACL      bool
	Caller     keyhaven.ACLCaller
	Permission keyhaven.Permission

	why policy.Decision
}

// Authorize returns a *keyhaven.Error of kind Denied unless Decide allows the
// action unconditionally.
func (s *Service) Authorize(ctx context.Context, id *Identity, action string, res Resource) error {
	d, err := s.Decide(ctx, id, action, res)
	if err == nil && (!d.Allowed || d.ByACL) {
		err = d.Denied(id, action, res)
	}
	return err
}

// Decide is the one decision. The order is that of spec/bucket-semantics.md
// §4.3: an explicit deny wins; then what the caller's and the bucket's policies
// allow together; then what is open to other accounts and to anybody. An error
// is one of the store.
func (s *Service) Decide(ctx context.Context, id *Identity, action string, res Resource) (Decision, error) {
	if id.used != nil {
		id.used.decided(action)
	}
	b := res.Bucket
	src := s.ownSources(id, action, &res)
	block := keyhaven.PublicAccessBlock(0)
	if b != nil && strings.HasPrefix(action, "s3:") {
		var err error
		if b.Configs.Has(keyhaven.ConfigPolicy) {
			if src.Resource, err = s.bucketPolicy(ctx, b); err != nil {
				return Decision{}, err
			}
		}
		if b.Account != id.Principal.Account || id.Principal.Kind != keyhaven.Root {
			if block, err = s.publicAccessBlock(ctx, b); err != nil {
				return Decision{}, err
			}
		}
	}
	return s.combine(id, action, &res, src, block), nil
}

// publicAccessBlock are the settings that bind the bucket: its own and its
// account's.
func (s *Service) publicAccessBlock(ctx context.Context, b *keyhaven.Bucket) (keyhaven.PublicAccessBlock, error) {
	a, err := s.meta.Account(ctx, b.Account)
	if err == nil {
		return b.PublicAccessBlock | a.PublicAccessBlock, nil
	}
	if keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounAccount) {
		return b.PublicAccessBlock, nil
	}
	return 0, err
}

// bucketPolicy is the bucket's policy, from the cache of documents.
func (s *Service) bucketPolicy(ctx context.Context, b *keyhaven.Bucket) ([]policy.Policy, error) {
	doc, err := meta.BucketConfig[policy.Document](ctx, s.meta, b, keyhaven.ConfigPolicy)
	if err != nil || doc == nil {
		return nil, err
	}
	return []policy.Policy{{Document: doc, ID: b.Name, Type: "Resource Policy"}}, nil
}

// PublicAccessBlock are the settings that bind the bucket: its own and its
// account's.
func (s *Service) PublicAccessBlock(ctx context.Context, b *keyhaven.Bucket) (keyhaven.PublicAccessBlock, error) {
	return s.publicAccessBlock(ctx, b)
}

// ownSources are the policies of the caller.
func (s *Service) ownSources(id *Identity, action string, res *Resource) policy.Sources {
	p := &id.Principal
	var src policy.Sources
	if own := id.Policies; own != nil {
		src.Identity, src.Boundary, src.Session = own.Identity, own.Boundary, own.Session
	}
	switch p.Kind {
	case keyhaven.Root:
		src.Implied = true
	case keyhaven.BucketKey:
		src.Implied = ownBucket(action, res, p.BucketID)
	case keyhaven.InstanceSession:
		src.Implied = res.Bucket != nil && slices.Contains(res.Bucket.Receivers, p.ID) && ownBucket(action, res, res.Bucket.ID)
	default:
	}
	if res.Trust != nil {
		src.MustResource = true
		src.Resource = []policy.Policy{{Document: res.Trust, Type: "Resource Policy"}}
	}
	return src
}

// evaluation is what one evaluation needs, in one allocation.
type evaluation struct {
	facts     facts
	principal policy.Principal
	request   policy.Request
}

// combine decides from the policies and what else opens a bucket.
func (s *Service) combine(id *Identity, action string, res *Resource, src policy.Sources, block keyhaven.PublicAccessBlock) Decision {
	b := res.Bucket
	owner := res.owner(id)
	foreign := id.Principal.Kind == keyhaven.Anonymous || id.Principal.Account != owner
	if src.Implied && !foreign && id.Policies == nil && src.Resource == nil {
		return Decision{Allowed: true, why: policy.Decision{Outcome: policy.Allowed}}
	}
	all := &evaluation{facts: facts{id, *res}, principal: PolicyPrincipal(&id.Principal)}
	p, req := &all.principal, &all.request
	*req = policy.Request{Principal: p, Action: action, Resource: res.ARN, Owner: owner, Context: &all.facts}
	src.Granted = b != nil && foreign && (readonlyMay(b, &id.Principal, action, block) || accountMayBucket(b, p.CanonicalID, action))
	why := policy.Evaluate(req, &src)
	if foreign && why.Outcome == policy.Allowed && !src.Granted && restricted(&src, block) {
		// What a public policy opens, RestrictPublicBuckets leaves open to the
		// bucket's own account alone.
		why = policy.Decision{Source: policy.FromResource}
	}
	if keepsPolicy(&id.Principal, b, action) {
		why = policy.Decision{Outcome: policy.Allowed}
	}
	d := Decision{Allowed: why.Outcome == policy.Allowed, why: why}
	if why.Outcome != policy.ImplicitDeny || b == nil {
		return d
	}
	if openBucket(b, id, action, block) {
		d.Allowed = true
		return d
	}
	perm, ok := objectPermissions[action]
	if !ok || !listsCount(b) {
		return d
	}
	d.Allowed, d.ByACL, d.Permission = true, true, perm
	d.Caller = keyhaven.ACLCaller{Authenticated: p.Type != policy.Anonymous, IgnorePublic: ignoresPublic(b, block) || noPublicVersions(b, action)}
	if foreign && d.Caller.Authenticated {
		// A grant to another account is for those whom that account allows it.
		src.Granted = true
		if policy.Evaluate(req, &src).Outcome == policy.Allowed {
			d.Caller.CanonicalID = p.CanonicalID
		}
	}
	return d
}

// restricted reports whether a public policy is held back.
func restricted(src *policy.Sources, block keyhaven.PublicAccessBlock) bool {
	return block.Has(keyhaven.RestrictPublicBuckets) && len(src.Resource) > 0 && src.Resource[0].Public()
}

// keepsPolicy reports whether the caller is the root of the bucket's account and
// wants to read or change its policy: no policy can lock that out.
func keepsPolicy(p *keyhaven.Principal, b *keyhaven.Bucket, action string) bool {
	if b == nil || p.Kind != keyhaven.Root || p.Account != b.Account {
		return false
	}
	return action == "s3:GetBucketPolicy" || action == "s3:PutBucketPolicy" || action == "s3:DeleteBucketPolicy"
}
