package iam

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/keyhaven/keyhaven/internal/awsquery"
	"github.com/keyhaven/keyhaven/internal/identity"
	"github.com/keyhaven/keyhaven/internal/query"
)

func (d *Door) createRole(ctx context.Context, c *query.Call, in *iam.CreateRoleInput) (*iam.CreateRoleOutput, error) {
	r, err := d.ids.CreateRole(ctx, c.Account(), identity.NewRole{
		Name: *in.RoleName, Path: value(in.Path), Description: value(in.Description), Trust: *in.AssumeRolePolicyDocument,
		MaxSession: int(value(in.MaxSessionDuration)), Boundary: value(in.PermissionsBoundary), Tags: tagsOf(in.Tags),
	})
	if err != nil {
		return nil, err
	}
	return &iam.CreateRoleOutput{Role: roleDetail(r)}, nil
}

func (d *Door) getRole(ctx context.Context, c *query.Call, in *iam.GetRoleInput) (*iam.GetRoleOutput, error) {
	r, err := d.ids.Role(ctx, c.Account(), *in.RoleName)
	if err != nil {
		return nil, err
	}
	return &iam.GetRoleOutput{Role: roleDetail(r)}, nil
}

func (d *Door) listRoles(ctx context.Context, c *query.Call, in *iam.ListRolesInput) (*iam.ListRolesOutput, error) {
	p, err := page(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	all, after, err := d.ids.Roles(ctx, c.Account(), value(in.PathPrefix), p)
	out := &iam.ListRolesOutput{Roles: make([]types.Role, len(all)), IsTruncated: after != "", Marker: next(after)}
	for i, r := range all {
		out.Roles[i] = roleShape(r)
	}
	return out, err
}

func (d *Door) updateRole(ctx context.Context, c *query.Call, in *iam.UpdateRoleInput) (*awsquery.EmptyResult, error) {
	var longest *int
	if in.MaxSessionDuration != nil {
		longest = new(int(*in.MaxSessionDuration))
	}
	return &awsquery.EmptyResult{}, d.ids.UpdateRole(ctx, c.Account(), *in.RoleName, in.Description, longest)
}

func (d *Door) updateRoleDescription(ctx context.Context, c *query.Call, in *iam.UpdateRoleDescriptionInput) (*iam.UpdateRoleDescriptionOutput, error) {
	if err := d.ids.UpdateRole(ctx, c.Account(), *in.RoleName, in.Description, nil); err != nil {
		return nil, err
	}
	r, err := d.ids.Role(ctx, c.Account(), *in.RoleName)
	if err != nil {
		return nil, err
	}
	return &iam.UpdateRoleDescriptionOutput{Role: new(roleShape(r))}, nil
}

func (d *Door) updateAssumeRolePolicy(ctx context.Context, c *query.Call, in *iam.UpdateAssumeRolePolicyInput) (*iam.UpdateAssumeRolePolicyOutput, error) {
	return &iam.UpdateAssumeRolePolicyOutput{}, d.ids.UpdateTrust(ctx, c.Account(), *in.RoleName, *in.PolicyDocument)
}

func (d *Door) deleteRole(ctx context.Context, c *query.Call, in *iam.DeleteRoleInput) (*iam.DeleteRoleOutput, error) {
	return &iam.DeleteRoleOutput{}, d.ids.DeleteRole(ctx, c.Account(), *in.RoleName)
}

func (d *Door) putRoleBoundary(ctx context.Context, c *query.Call, in *iam.PutRolePermissionsBoundaryInput) (*iam.PutRolePermissionsBoundaryOutput, error) {
	return &iam.PutRolePermissionsBoundaryOutput{}, d.ids.SetBoundary(ctx, c.Account(), identity.OfRole(*in.RoleName), *in.PermissionsBoundary)
}

func (d *Door) deleteRoleBoundary(ctx context.Context, c *query.Call, in *iam.DeleteRolePermissionsBoundaryInput) (*iam.DeleteRolePermissionsBoundaryOutput, error) {
	return &iam.DeleteRolePermissionsBoundaryOutput{}, d.ids.DeleteBoundary(ctx, c.Account(), identity.OfRole(*in.RoleName))
}
