package iam

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/keyhaven/keyhaven/internal/identity"
	"github.com/keyhaven/keyhaven/internal/query"
)

func (d *Door) createInstanceProfile(ctx context.Context, c *query.Call, in *iam.CreateInstanceProfileInput) (*iam.CreateInstanceProfileOutput, error) {
	p, err := d.ids.CreateProfile(ctx, c.Account(), *in.InstanceProfileName, value(in.Path), tagsOf(in.Tags))
	if err != nil {
		return nil, err
	}
	return &iam.CreateInstanceProfileOutput{InstanceProfile: new(profileShape(p))}, nil
}

func (d *Door) getInstanceProfile(ctx context.Context, c *query.Call, in *iam.GetInstanceProfileInput) (*iam.GetInstanceProfileOutput, error) {
	p, err := d.ids.Profile(ctx, c.Account(), *in.InstanceProfileName)
	if err != nil {
		return nil, err
	}
	return &iam.GetInstanceProfileOutput{InstanceProfile: new(profileShape(p))}, nil
}

func profileShapes(all []identity.Profile) []types.InstanceProfile {
	out := make([]types.InstanceProfile, len(all))
	for i, p := range all {
		out[i] = profileShape(p)
	}
	return out
}

func (d *Door) listInstanceProfiles(ctx context.Context, c *query.Call, in *iam.ListInstanceProfilesInput) (*iam.ListInstanceProfilesOutput, error) {
	p, err := page(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	all, after, err := d.ids.Profiles(ctx, c.Account(), value(in.PathPrefix), p)
	return &iam.ListInstanceProfilesOutput{InstanceProfiles: profileShapes(all), IsTruncated: after != "", Marker: next(after)}, err
}

func (d *Door) listInstanceProfilesForRole(ctx context.Context, c *query.Call, in *iam.ListInstanceProfilesForRoleInput) (*iam.ListInstanceProfilesForRoleOutput, error) {
	all, err := d.ids.ProfilesOfRole(ctx, c.Account(), *in.RoleName)
	if err != nil {
		return nil, err
	}
	shapes, after, err := cut(profileShapes(all), in.Marker, in.MaxItems, func(p types.InstanceProfile) string { return *p.InstanceProfileId })
	return &iam.ListInstanceProfilesForRoleOutput{InstanceProfiles: shapes, IsTruncated: after != nil, Marker: after}, err
}

func (d *Door) deleteInstanceProfile(ctx context.Context, c *query.Call, in *iam.DeleteInstanceProfileInput) (*iam.DeleteInstanceProfileOutput, error) {
	return &iam.DeleteInstanceProfileOutput{}, d.ids.DeleteProfile(ctx, c.Account(), *in.InstanceProfileName)
}

func (d *Door) addRoleToInstanceProfile(ctx context.Context, c *query.Call, in *iam.AddRoleToInstanceProfileInput) (*iam.AddRoleToInstanceProfileOutput, error) {
	return &iam.AddRoleToInstanceProfileOutput{}, d.ids.AddRole(ctx, c.Account(), *in.InstanceProfileName, *in.RoleName)
}

func (d *Door) removeRoleFromInstanceProfile(ctx context.Context, c *query.Call, in *iam.RemoveRoleFromInstanceProfileInput) (*iam.RemoveRoleFromInstanceProfileOutput, error) {
	return &iam.RemoveRoleFromInstanceProfileOutput{}, d.ids.RemoveRole(ctx, c.Account(), *in.InstanceProfileName, *in.RoleName)
}
