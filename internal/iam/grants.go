package iam

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/identity"
	"github.com/keyhaven/keyhaven/internal/query"
)

// inlineNames is a page of the names of a holder's inline policies.
func (d *Door) inlineNames(ctx context.Context, c *query.Call, h identity.Holder, marker *string, items *int32) ([]string, *string, error) {
	g, err := d.ids.Grants(ctx, c.Account(), h)
	if err != nil {
		return nil, nil, err
	}
	names := make([]string, len(g.Inline))
	for i, p := range g.Inline {
		names[i] = p.Name
	}
	return cut(names, marker, items, func(n string) string { return n })
}

// attached is a page of the managed policies of a holder.
func (d *Door) attached(ctx context.Context, c *query.Call, h identity.Holder, prefix, marker *string, items *int32) ([]string, *string, error) {
	g, err := d.ids.Grants(ctx, c.Account(), h)
	if err != nil {
		return nil, nil, err
	}
	arns := make([]string, 0, len(g.Attached))
	for _, arn := range g.Attached {
		if strings.HasPrefix(pathOf(arn), value(prefix)) {
			arns = append(arns, arn)
		}
	}
	return cut(arns, marker, items, func(arn string) string { return arn })
}

// pathOf is the path in the ARN of a managed policy.
func pathOf(arn string) string {
	_, rest, _ := strings.Cut(arn, ":policy")
	_, name, _ := keyhaven.ManagedPolicyARN(arn)
	return strings.TrimSuffix(rest, name)
}

func (d *Door) putUserPolicy(ctx context.Context, c *query.Call, in *iam.PutUserPolicyInput) (*iam.PutUserPolicyOutput, error) {
	return &iam.PutUserPolicyOutput{}, d.ids.PutInline(ctx, c.Account(), identity.OfUser(*in.UserName), *in.PolicyName, *in.PolicyDocument)
}

func (d *Door) getUserPolicy(ctx context.Context, c *query.Call, in *iam.GetUserPolicyInput) (*iam.GetUserPolicyOutput, error) {
	doc, err := d.ids.Inline(ctx, c.Account(), identity.OfUser(*in.UserName), *in.PolicyName)
	return &iam.GetUserPolicyOutput{UserName: in.UserName, PolicyName: in.PolicyName, PolicyDocument: encoded(doc)}, err
}

func (d *Door) deleteUserPolicy(ctx context.Context, c *query.Call, in *iam.DeleteUserPolicyInput) (*iam.DeleteUserPolicyOutput, error) {
	return &iam.DeleteUserPolicyOutput{}, d.ids.DeleteInline(ctx, c.Account(), identity.OfUser(*in.UserName), *in.PolicyName)
}

func (d *Door) listUserPolicies(ctx context.Context, c *query.Call, in *iam.ListUserPoliciesInput) (*iam.ListUserPoliciesOutput, error) {
	names, after, err := d.inlineNames(ctx, c, identity.OfUser(*in.UserName), in.Marker, in.MaxItems)
	return &iam.ListUserPoliciesOutput{PolicyNames: names, IsTruncated: after != nil, Marker: after}, err
}

func (d *Door) attachUserPolicy(ctx context.Context, c *query.Call, in *iam.AttachUserPolicyInput) (*iam.AttachUserPolicyOutput, error) {
	return &iam.AttachUserPolicyOutput{}, d.ids.Attach(ctx, c.Account(), identity.OfUser(*in.UserName), *in.PolicyArn)
}

func (d *Door) detachUserPolicy(ctx context.Context, c *query.Call, in *iam.DetachUserPolicyInput) (*iam.DetachUserPolicyOutput, error) {
	return &iam.DetachUserPolicyOutput{}, d.ids.Detach(ctx, c.Account(), identity.OfUser(*in.UserName), *in.PolicyArn)
}

func (d *Door) listAttachedUserPolicies(ctx context.Context, c *query.Call, in *iam.ListAttachedUserPoliciesInput) (*iam.ListAttachedUserPoliciesOutput, error) {
	arns, after, err := d.attached(ctx, c, identity.OfUser(*in.UserName), in.PathPrefix, in.Marker, in.MaxItems)
	return &iam.ListAttachedUserPoliciesOutput{AttachedPolicies: attachedShapes(arns), IsTruncated: after != nil, Marker: after}, err
}

func (d *Door) putGroupPolicy(ctx context.Context, c *query.Call, in *iam.PutGroupPolicyInput) (*iam.PutGroupPolicyOutput, error) {
	return &iam.PutGroupPolicyOutput{}, d.ids.PutInline(ctx, c.Account(), identity.OfGroup(*in.GroupName), *in.PolicyName, *in.PolicyDocument)
}

func (d *Door) getGroupPolicy(ctx context.Context, c *query.Call, in *iam.GetGroupPolicyInput) (*iam.GetGroupPolicyOutput, error) {
	doc, err := d.ids.Inline(ctx, c.Account(), identity.OfGroup(*in.GroupName), *in.PolicyName)
	return &iam.GetGroupPolicyOutput{GroupName: in.GroupName, PolicyName: in.PolicyName, PolicyDocument: encoded(doc)}, err
}

func (d *Door) deleteGroupPolicy(ctx context.Context, c *query.Call, in *iam.DeleteGroupPolicyInput) (*iam.DeleteGroupPolicyOutput, error) {
	return &iam.DeleteGroupPolicyOutput{}, d.ids.DeleteInline(ctx, c.Account(), identity.OfGroup(*in.GroupName), *in.PolicyName)
}

func (d *Door) listGroupPolicies(ctx context.Context, c *query.Call, in *iam.ListGroupPoliciesInput) (*iam.ListGroupPoliciesOutput, error) {
	names, after, err := d.inlineNames(ctx, c, identity.OfGroup(*in.GroupName), in.Marker, in.MaxItems)
	return &iam.ListGroupPoliciesOutput{PolicyNames: names, IsTruncated: after != nil, Marker: after}, err
}

func (d *Door) attachGroupPolicy(ctx context.Context, c *query.Call, in *iam.AttachGroupPolicyInput) (*iam.AttachGroupPolicyOutput, error) {
	return &iam.AttachGroupPolicyOutput{}, d.ids.Attach(ctx, c.Account(), identity.OfGroup(*in.GroupName), *in.PolicyArn)
}

func (d *Door) detachGroupPolicy(ctx context.Context, c *query.Call, in *iam.DetachGroupPolicyInput) (*iam.DetachGroupPolicyOutput, error) {
	return &iam.DetachGroupPolicyOutput{}, d.ids.Detach(ctx, c.Account(), identity.OfGroup(*in.GroupName), *in.PolicyArn)
}

func (d *Door) listAttachedGroupPolicies(ctx context.Context, c *query.Call, in *iam.ListAttachedGroupPoliciesInput) (*iam.ListAttachedGroupPoliciesOutput, error) {
	arns, after, err := d.attached(ctx, c, identity.OfGroup(*in.GroupName), in.PathPrefix, in.Marker, in.MaxItems)
	return &iam.ListAttachedGroupPoliciesOutput{AttachedPolicies: attachedShapes(arns), IsTruncated: after != nil, Marker: after}, err
}

func (d *Door) putRolePolicy(ctx context.Context, c *query.Call, in *iam.PutRolePolicyInput) (*iam.PutRolePolicyOutput, error) {
	return &iam.PutRolePolicyOutput{}, d.ids.PutInline(ctx, c.Account(), identity.OfRole(*in.RoleName), *in.PolicyName, *in.PolicyDocument)
}

func (d *Door) getRolePolicy(ctx context.Context, c *query.Call, in *iam.GetRolePolicyInput) (*iam.GetRolePolicyOutput, error) {
	doc, err := d.ids.Inline(ctx, c.Account(), identity.OfRole(*in.RoleName), *in.PolicyName)
	return &iam.GetRolePolicyOutput{RoleName: in.RoleName, PolicyName: in.PolicyName, PolicyDocument: encoded(doc)}, err
}

func (d *Door) deleteRolePolicy(ctx context.Context, c *query.Call, in *iam.DeleteRolePolicyInput) (*iam.DeleteRolePolicyOutput, error) {
	return &iam.DeleteRolePolicyOutput{}, d.ids.DeleteInline(ctx, c.Account(), identity.OfRole(*in.RoleName), *in.PolicyName)
}

func (d *Door) listRolePolicies(ctx context.Context, c *query.Call, in *iam.ListRolePoliciesInput) (*iam.ListRolePoliciesOutput, error) {
	names, after, err := d.inlineNames(ctx, c, identity.OfRole(*in.RoleName), in.Marker, in.MaxItems)
	return &iam.ListRolePoliciesOutput{PolicyNames: names, IsTruncated: after != nil, Marker: after}, err
}

func (d *Door) attachRolePolicy(ctx context.Context, c *query.Call, in *iam.AttachRolePolicyInput) (*iam.AttachRolePolicyOutput, error) {
	return &iam.AttachRolePolicyOutput{}, d.ids.Attach(ctx, c.Account(), identity.OfRole(*in.RoleName), *in.PolicyArn)
}

func (d *Door) detachRolePolicy(ctx context.Context, c *query.Call, in *iam.DetachRolePolicyInput) (*iam.DetachRolePolicyOutput, error) {
	return &iam.DetachRolePolicyOutput{}, d.ids.Detach(ctx, c.Account(), identity.OfRole(*in.RoleName), *in.PolicyArn)
}

func (d *Door) listAttachedRolePolicies(ctx context.Context, c *query.Call, in *iam.ListAttachedRolePoliciesInput) (*iam.ListAttachedRolePoliciesOutput, error) {
	arns, after, err := d.attached(ctx, c, identity.OfRole(*in.RoleName), in.PathPrefix, in.Marker, in.MaxItems)
	return &iam.ListAttachedRolePoliciesOutput{AttachedPolicies: attachedShapes(arns), IsTruncated: after != nil, Marker: after}, err
}
