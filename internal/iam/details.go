package iam

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/identity"
	"github.com/keyhaven/keyhaven/internal/query"
)

// detailKinds are the parts of GetAccountAuthorizationDetails in the order of
// their pages; a marker is the part and the marker within it.
var detailKinds = []types.EntityType{
	types.EntityTypeUser, types.EntityTypeGroup, types.EntityTypeRole, types.EntityTypeLocalManagedPolicy, types.EntityTypeAWSManagedPolicy,
}

func (d *Door) getAccountAuthorizationDetails(ctx context.Context, c *query.Call, in *iam.GetAccountAuthorizationDetailsInput) (*iam.GetAccountAuthorizationDetailsOutput, error) {
	p, err := page(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	from, after, _ := strings.Cut(p.Marker, " ")
	out := &iam.GetAccountAuthorizationDetailsOutput{
		UserDetailList: []types.UserDetail{}, GroupDetailList: []types.GroupDetail{}, RoleDetailList: []types.RoleDetail{}, Policies: []types.ManagedPolicyDetail{},
	}
	for _, kind := range detailKinds {
		if from != "" && from != string(kind) || len(in.Filter) > 0 && !slices.Contains(in.Filter, kind) {
			continue
		}
		from = ""
		if p.Max <= 0 {
			out.IsTruncated, out.Marker = true, next(string(kind)+" ")
			return out, nil
		}
		p.Marker = after
		after = ""
		n, rest, err := d.details(ctx, c, kind, p, out)
		if err != nil {
			return nil, err
		}
		if rest != "" {
			out.IsTruncated, out.Marker = true, next(string(kind)+" "+rest)
			return out, nil
		}
		p.Max -= n
	}
	return out, nil
}

// details appends a page of one kind and returns how many it had, and where the
// next begins.
func (d *Door) details(ctx context.Context, c *query.Call, kind types.EntityType, p identity.Page, out *iam.GetAccountAuthorizationDetailsOutput) (int, string, error) {
	switch kind {
	case types.EntityTypeUser:
		all, after, err := d.ids.Users(ctx, c.Account(), "", p)
		for _, u := range all {
			s, err := d.userDetail(ctx, c, u)
			if err != nil {
				return 0, "", err
			}
			out.UserDetailList = append(out.UserDetailList, s)
		}
		return len(all), after, err
	case types.EntityTypeGroup:
		all, after, err := d.ids.Groups(ctx, c.Account(), "", p)
		for _, g := range all {
			out.GroupDetailList = append(out.GroupDetailList, types.GroupDetail{
				GroupName: new(g.Name), GroupId: new(g.ID), Path: new(g.Path), Arn: new(g.ARN()), CreateDate: new(g.CreatedAt),
				GroupPolicyList: inlineShapes(g.Inline), AttachedManagedPolicies: attachedShapes(g.Attached),
			})
		}
		return len(all), after, err
	case types.EntityTypeRole:
		all, after, err := d.ids.Roles(ctx, c.Account(), "", p)
		for _, r := range all {
			s, err := d.roleDetail(ctx, c, r)
			if err != nil {
				return 0, "", err
			}
			out.RoleDetailList = append(out.RoleDetailList, s)
		}
		return len(all), after, err
	}
	scope := identity.PolicyScope{Local: kind == types.EntityTypeLocalManagedPolicy, AWS: kind == types.EntityTypeAWSManagedPolicy}
	scope.Attached = scope.AWS // of AWS's own those that are in use
	all, after, err := d.ids.Policies(ctx, c.Account(), scope, p)
	for _, p := range all {
		s, err := d.policyDetail(ctx, c, p)
		if err != nil {
			return 0, "", err
		}
		out.Policies = append(out.Policies, s)
	}
	return len(all), after, err
}

func inlineShapes(inline []keyhaven.InlinePolicy) []types.PolicyDetail {
	out := make([]types.PolicyDetail, len(inline))
	for i, p := range inline {
		out[i] = types.PolicyDetail{PolicyName: new(p.Name), PolicyDocument: encoded(p.Document)}
	}
	return out
}

func (d *Door) userDetail(ctx context.Context, c *query.Call, u *keyhaven.User) (types.UserDetail, error) {
	s := types.UserDetail{
		UserName: new(u.Name), UserId: new(u.ID), Path: new(u.Path), Arn: new(u.ARN()), CreateDate: new(u.CreatedAt),
		UserPolicyList: inlineShapes(u.Inline), AttachedManagedPolicies: attachedShapes(u.Attached), GroupList: []string{},
		Tags: tagsOrNone(u.Tags), PermissionsBoundary: boundaryShape(u.Boundary),
	}
	groups, _, err := d.ids.GroupsOf(ctx, c.Account(), u.Name, identity.Page{Max: 1000})
	for _, g := range groups {
		s.GroupList = append(s.GroupList, g.Name)
	}
	return s, err
}

func (d *Door) roleDetail(ctx context.Context, c *query.Call, r *keyhaven.Role) (types.RoleDetail, error) {
	profiles, err := d.ids.ProfilesOfRole(ctx, c.Account(), r.Name)
	return types.RoleDetail{
		RoleName: new(r.Name), RoleId: new(r.ID), Path: new(r.Path), Arn: new(r.ARN()), CreateDate: new(r.CreatedAt),
		AssumeRolePolicyDocument: encoded(r.Trust), RolePolicyList: inlineShapes(r.Inline), AttachedManagedPolicies: attachedShapes(r.Attached),
		InstanceProfileList: profileShapes(profiles), Tags: tagsOrNone(r.Tags), PermissionsBoundary: boundaryShape(r.Boundary),
		RoleLastUsed: &types.RoleLastUsed{LastUsedDate: when(r.LastUsed.Time), Region: some(r.LastUsed.Region)},
	}, err
}

func (d *Door) policyDetail(ctx context.Context, c *query.Call, p *keyhaven.ManagedPolicy) (types.ManagedPolicyDetail, error) {
	use, err := d.ids.PolicyUse(ctx, c.Account(), p.ARN())
	s := types.ManagedPolicyDetail{
		PolicyName: new(p.Name), PolicyId: new(p.ID), Path: new(p.Path), Arn: new(p.ARN()), CreateDate: new(p.CreatedAt), UpdateDate: new(p.UpdatedAt),
		DefaultVersionId: new(p.Default), IsAttachable: true, Description: some(p.Description), AttachmentCount: new(int32(use.Attached)),
		PermissionsBoundaryUsageCount: new(int32(use.Boundary)), PolicyVersionList: []types.PolicyVersion{},
	}
	for i := len(p.Versions) - 1; i >= 0; i-- {
		s.PolicyVersionList = append(s.PolicyVersionList, versionShape(p, &p.Versions[i], true))
	}
	return s, err
}
