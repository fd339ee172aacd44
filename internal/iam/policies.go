package iam

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/identity"
	"github.com/keyhaven/keyhaven/internal/query"
)

func (d *Door) createPolicy(ctx context.Context, c *query.Call, in *iam.CreatePolicyInput) (*iam.CreatePolicyOutput, error) {
	p, err := d.ids.CreatePolicy(ctx, c.Account(), identity.NewPolicy{
		Name: *in.PolicyName, Path: value(in.Path), Description: value(in.Description), Document: *in.PolicyDocument, Tags: tagsOf(in.Tags),
	})
	if err != nil {
		return nil, err
	}
	s := policyShape(p, identity.PolicyUse{})
	s.Tags, s.Description = tagsOrNone(p.Tags), some(p.Description)
	return &iam.CreatePolicyOutput{Policy: &s}, nil
}

func (d *Door) getPolicy(ctx context.Context, c *query.Call, in *iam.GetPolicyInput) (*iam.GetPolicyOutput, error) {
	p, err := d.ids.Policy(ctx, c.Account(), *in.PolicyArn)
	if err != nil {
		return nil, err
	}
	use, err := d.ids.PolicyUse(ctx, c.Account(), *in.PolicyArn)
	s := policyShape(p, use)
	s.Tags, s.Description = tagsOrNone(p.Tags), some(p.Description)
	return &iam.GetPolicyOutput{Policy: &s}, err
}

func (d *Door) listPolicies(ctx context.Context, c *query.Call, in *iam.ListPoliciesInput) (*iam.ListPoliciesOutput, error) {
	p, err := page(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	scope := identity.PolicyScope{
		AWS: in.Scope != types.PolicyScopeTypeLocal, Local: in.Scope != types.PolicyScopeTypeAws,
		Prefix: value(in.PathPrefix), Attached: in.OnlyAttached,
		Boundary:    in.PolicyUsageFilter == types.PolicyUsageTypePermissionsBoundary,
		Permissions: in.PolicyUsageFilter == types.PolicyUsageTypePermissionsPolicy,
	}
	all, after, err := d.ids.Policies(ctx, c.Account(), scope, p)
	if err != nil {
		return nil, err
	}
	out := &iam.ListPoliciesOutput{Policies: make([]types.Policy, len(all)), IsTruncated: after != "", Marker: next(after)}
	for i, p := range all {
		use, err := d.ids.PolicyUse(ctx, c.Account(), p.ARN())
		if err != nil {
			return nil, err
		}
		out.Policies[i] = policyShape(p, use)
	}
	return out, nil
}

func (d *Door) deletePolicy(ctx context.Context, c *query.Call, in *iam.DeletePolicyInput) (*iam.DeletePolicyOutput, error) {
	return &iam.DeletePolicyOutput{}, d.ids.DeletePolicy(ctx, c.Account(), *in.PolicyArn)
}

func (d *Door) createPolicyVersion(ctx context.Context, c *query.Call, in *iam.CreatePolicyVersionInput) (*iam.CreatePolicyVersionOutput, error) {
	v, inForce, err := d.ids.CreatePolicyVersion(ctx, c.Account(), *in.PolicyArn, *in.PolicyDocument, in.SetAsDefault)
	if err != nil {
		return nil, err
	}
	return &iam.CreatePolicyVersionOutput{PolicyVersion: &types.PolicyVersion{VersionId: new(v.ID), IsDefaultVersion: inForce, CreateDate: new(v.CreatedAt)}}, nil
}

func (d *Door) getPolicyVersion(ctx context.Context, c *query.Call, in *iam.GetPolicyVersionInput) (*iam.GetPolicyVersionOutput, error) {
	p, err := d.ids.Policy(ctx, c.Account(), *in.PolicyArn)
	if err != nil {
		return nil, err
	}
	v := p.Version(*in.VersionId)
	if v == nil {
		return nil, &keyhaven.Error{
			Kind: keyhaven.NotFound, Noun: keyhaven.NounPolicy, ID: *in.VersionId,
			Msg: "Policy " + *in.PolicyArn + " version " + *in.VersionId + " does not exist or is not attachable.",
		}
	}
	return &iam.GetPolicyVersionOutput{PolicyVersion: new(versionShape(p, v, true))}, nil
}

func (d *Door) listPolicyVersions(ctx context.Context, c *query.Call, in *iam.ListPolicyVersionsInput) (*iam.ListPolicyVersionsOutput, error) {
	p, err := d.ids.Policy(ctx, c.Account(), *in.PolicyArn)
	if err != nil {
		return nil, err
	}
	shapes := make([]types.PolicyVersion, 0, len(p.Versions))
	for i := len(p.Versions) - 1; i >= 0; i-- { // newest first
		shapes = append(shapes, versionShape(p, &p.Versions[i], false))
	}
	shapes, after, err := cut(shapes, in.Marker, in.MaxItems, func(v types.PolicyVersion) string { return *v.VersionId })
	return &iam.ListPolicyVersionsOutput{Versions: shapes, IsTruncated: after != nil, Marker: after}, err
}

func (d *Door) setDefaultPolicyVersion(ctx context.Context, c *query.Call, in *iam.SetDefaultPolicyVersionInput) (*iam.SetDefaultPolicyVersionOutput, error) {
	return &iam.SetDefaultPolicyVersionOutput{}, d.ids.SetDefaultVersion(ctx, c.Account(), *in.PolicyArn, *in.VersionId)
}

func (d *Door) deletePolicyVersion(ctx context.Context, c *query.Call, in *iam.DeletePolicyVersionInput) (*iam.DeletePolicyVersionOutput, error) {
	return &iam.DeletePolicyVersionOutput{}, d.ids.DeletePolicyVersion(ctx, c.Account(), *in.PolicyArn, *in.VersionId)
}

func (d *Door) listEntitiesForPolicy(ctx context.Context, c *query.Call, in *iam.ListEntitiesForPolicyInput) (*iam.ListEntitiesForPolicyOutput, error) {
	us, gs, rs, err := d.ids.Holders(ctx, c.Account(), *in.PolicyArn, in.PolicyUsageFilter == types.PolicyUsageTypePermissionsBoundary)
	if err != nil {
		return nil, err
	}
	out := &iam.ListEntitiesForPolicyOutput{PolicyUsers: []types.PolicyUser{}, PolicyGroups: []types.PolicyGroup{}, PolicyRoles: []types.PolicyRole{}}
	wanted := func(t types.EntityType) bool { return in.EntityFilter == "" || in.EntityFilter == t }
	for _, u := range us {
		if wanted(types.EntityTypeUser) {
			out.PolicyUsers = append(out.PolicyUsers, types.PolicyUser{UserName: new(u.Name), UserId: new(u.ID)})
		}
	}
	for _, g := range gs {
		if wanted(types.EntityTypeGroup) {
			out.PolicyGroups = append(out.PolicyGroups, types.PolicyGroup{GroupName: new(g.Name), GroupId: new(g.ID)})
		}
	}
	for _, r := range rs {
		if wanted(types.EntityTypeRole) {
			out.PolicyRoles = append(out.PolicyRoles, types.PolicyRole{RoleName: new(r.Name), RoleId: new(r.ID)})
		}
	}
	return out, nil
}
