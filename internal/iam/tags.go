package iam

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/identity"
	"github.com/keyhaven/keyhaven/internal/query"
)

// policyHolder names a managed policy of the account by its ARN; one that is not
// the account's names nothing.
func policyHolder(c *query.Call, arn *string) identity.Holder {
	account, name, ok := keyhaven.ManagedPolicyARN(value(arn))
	if !ok || account != string(c.Account()) {
		return identity.OfPolicy("")
	}
	return identity.OfPolicy(name)
}

// providerHolder names an identity provider of the account by its ARN.
func providerHolder(c *query.Call, arn *string) identity.Holder {
	name, _ := identity.ProviderOf(c.Account(), value(arn))
	return identity.OfProvider(name)
}

func (d *Door) tagUser(ctx context.Context, c *query.Call, in *iam.TagUserInput) (*iam.TagUserOutput, error) {
	return &iam.TagUserOutput{}, d.ids.Tag(ctx, c.Account(), identity.OfUser(*in.UserName), tagsOf(in.Tags))
}

func (d *Door) untagUser(ctx context.Context, c *query.Call, in *iam.UntagUserInput) (*iam.UntagUserOutput, error) {
	return &iam.UntagUserOutput{}, d.ids.Untag(ctx, c.Account(), identity.OfUser(*in.UserName), in.TagKeys)
}

func (d *Door) listUserTags(ctx context.Context, c *query.Call, in *iam.ListUserTagsInput) (*iam.ListUserTagsOutput, error) {
	p, err := page(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	tags, after, err := d.ids.Tags(ctx, c.Account(), identity.OfUser(*in.UserName), p)
	return &iam.ListUserTagsOutput{Tags: tagShapes(tags), IsTruncated: after != "", Marker: next(after)}, err
}

func (d *Door) tagRole(ctx context.Context, c *query.Call, in *iam.TagRoleInput) (*iam.TagRoleOutput, error) {
	return &iam.TagRoleOutput{}, d.ids.Tag(ctx, c.Account(), identity.OfRole(*in.RoleName), tagsOf(in.Tags))
}

func (d *Door) untagRole(ctx context.Context, c *query.Call, in *iam.UntagRoleInput) (*iam.UntagRoleOutput, error) {
	return &iam.UntagRoleOutput{}, d.ids.Untag(ctx, c.Account(), identity.OfRole(*in.RoleName), in.TagKeys)
}

func (d *Door) listRoleTags(ctx context.Context, c *query.Call, in *iam.ListRoleTagsInput) (*iam.ListRoleTagsOutput, error) {
	p, err := page(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	tags, after, err := d.ids.Tags(ctx, c.Account(), identity.OfRole(*in.RoleName), p)
	return &iam.ListRoleTagsOutput{Tags: tagShapes(tags), IsTruncated: after != "", Marker: next(after)}, err
}

func (d *Door) tagPolicy(ctx context.Context, c *query.Call, in *iam.TagPolicyInput) (*iam.TagPolicyOutput, error) {
	return &iam.TagPolicyOutput{}, d.ids.Tag(ctx, c.Account(), policyHolder(c, in.PolicyArn), tagsOf(in.Tags))
}

func (d *Door) untagPolicy(ctx context.Context, c *query.Call, in *iam.UntagPolicyInput) (*iam.UntagPolicyOutput, error) {
	return &iam.UntagPolicyOutput{}, d.ids.Untag(ctx, c.Account(), policyHolder(c, in.PolicyArn), in.TagKeys)
}

func (d *Door) listPolicyTags(ctx context.Context, c *query.Call, in *iam.ListPolicyTagsInput) (*iam.ListPolicyTagsOutput, error) {
	p, err := page(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	tags, after, err := d.ids.Tags(ctx, c.Account(), policyHolder(c, in.PolicyArn), p)
	return &iam.ListPolicyTagsOutput{Tags: tagShapes(tags), IsTruncated: after != "", Marker: next(after)}, err
}

func (d *Door) tagInstanceProfile(ctx context.Context, c *query.Call, in *iam.TagInstanceProfileInput) (*iam.TagInstanceProfileOutput, error) {
	return &iam.TagInstanceProfileOutput{}, d.ids.Tag(ctx, c.Account(), identity.OfProfile(*in.InstanceProfileName), tagsOf(in.Tags))
}

func (d *Door) untagInstanceProfile(ctx context.Context, c *query.Call, in *iam.UntagInstanceProfileInput) (*iam.UntagInstanceProfileOutput, error) {
	return &iam.UntagInstanceProfileOutput{}, d.ids.Untag(ctx, c.Account(), identity.OfProfile(*in.InstanceProfileName), in.TagKeys)
}

func (d *Door) listInstanceProfileTags(ctx context.Context, c *query.Call, in *iam.ListInstanceProfileTagsInput) (*iam.ListInstanceProfileTagsOutput, error) {
	p, err := page(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	tags, after, err := d.ids.Tags(ctx, c.Account(), identity.OfProfile(*in.InstanceProfileName), p)
	return &iam.ListInstanceProfileTagsOutput{Tags: tagShapes(tags), IsTruncated: after != "", Marker: next(after)}, err
}

func (d *Door) tagOpenIDConnectProvider(ctx context.Context, c *query.Call, in *iam.TagOpenIDConnectProviderInput) (*iam.TagOpenIDConnectProviderOutput, error) {
	return &iam.TagOpenIDConnectProviderOutput{}, d.ids.Tag(ctx, c.Account(), providerHolder(c, in.OpenIDConnectProviderArn), tagsOf(in.Tags))
}

func (d *Door) untagOpenIDConnectProvider(ctx context.Context, c *query.Call, in *iam.UntagOpenIDConnectProviderInput) (*iam.UntagOpenIDConnectProviderOutput, error) {
	return &iam.UntagOpenIDConnectProviderOutput{}, d.ids.Untag(ctx, c.Account(), providerHolder(c, in.OpenIDConnectProviderArn), in.TagKeys)
}

func (d *Door) listOpenIDConnectProviderTags(ctx context.Context, c *query.Call, in *iam.ListOpenIDConnectProviderTagsInput) (*iam.ListOpenIDConnectProviderTagsOutput, error) {
	p, err := page(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	tags, after, err := d.ids.Tags(ctx, c.Account(), providerHolder(c, in.OpenIDConnectProviderArn), p)
	return &iam.ListOpenIDConnectProviderTagsOutput{Tags: tagShapes(tags), IsTruncated: after != "", Marker: next(after)}, err
}

func (d *Door) tagMFADevice(ctx context.Context, c *query.Call, in *iam.TagMFADeviceInput) (*iam.TagMFADeviceOutput, error) {
	return &iam.TagMFADeviceOutput{}, d.ids.Tag(ctx, c.Account(), identity.OfMFADevice(*in.SerialNumber), tagsOf(in.Tags))
}

func (d *Door) untagMFADevice(ctx context.Context, c *query.Call, in *iam.UntagMFADeviceInput) (*iam.UntagMFADeviceOutput, error) {
	return &iam.UntagMFADeviceOutput{}, d.ids.Untag(ctx, c.Account(), identity.OfMFADevice(*in.SerialNumber), in.TagKeys)
}

func (d *Door) listMFADeviceTags(ctx context.Context, c *query.Call, in *iam.ListMFADeviceTagsInput) (*iam.ListMFADeviceTagsOutput, error) {
	p, err := page(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	tags, after, err := d.ids.Tags(ctx, c.Account(), identity.OfMFADevice(*in.SerialNumber), p)
	return &iam.ListMFADeviceTagsOutput{Tags: tagShapes(tags), IsTruncated: after != "", Marker: next(after)}, err
}
