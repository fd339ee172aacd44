package iam

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/keyhaven/keyhaven/internal/query"
)

func (d *Door) createGroup(ctx context.Context, c *query.Call, in *iam.CreateGroupInput) (*iam.CreateGroupOutput, error) {
	g, err := d.ids.CreateGroup(ctx, c.Account(), *in.GroupName, value(in.Path))
	if err != nil {
		return nil, err
	}
	return &iam.CreateGroupOutput{Group: new(groupShape(g))}, nil
}

func (d *Door) getGroup(ctx context.Context, c *query.Call, in *iam.GetGroupInput) (*iam.GetGroupOutput, error) {
	p, err := page(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	g, members, after, err := d.ids.Members(ctx, c.Account(), *in.GroupName, p)
	if err != nil {
		return nil, err
	}
	out := &iam.GetGroupOutput{Group: new(groupShape(g)), Users: make([]types.User, len(members)), IsTruncated: after != "", Marker: next(after)}
	for i, u := range members {
		out.Users[i] = userShape(u)
	}
	return out, nil
}

func (d *Door) listGroups(ctx context.Context, c *query.Call, in *iam.ListGroupsInput) (*iam.ListGroupsOutput, error) {
	p, err := page(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	all, after, err := d.ids.Groups(ctx, c.Account(), value(in.PathPrefix), p)
	out := &iam.ListGroupsOutput{Groups: make([]types.Group, len(all)), IsTruncated: after != "", Marker: next(after)}
	for i, g := range all {
		out.Groups[i] = groupShape(g)
	}
	return out, err
}

func (d *Door) updateGroup(ctx context.Context, c *query.Call, in *iam.UpdateGroupInput) (*iam.UpdateGroupOutput, error) {
	return &iam.UpdateGroupOutput{}, d.ids.UpdateGroup(ctx, c.Account(), *in.GroupName, value(in.NewGroupName), value(in.NewPath))
}

func (d *Door) deleteGroup(ctx context.Context, c *query.Call, in *iam.DeleteGroupInput) (*iam.DeleteGroupOutput, error) {
	return &iam.DeleteGroupOutput{}, d.ids.DeleteGroup(ctx, c.Account(), *in.GroupName)
}

func (d *Door) addUserToGroup(ctx context.Context, c *query.Call, in *iam.AddUserToGroupInput) (*iam.AddUserToGroupOutput, error) {
	return &iam.AddUserToGroupOutput{}, d.ids.AddToGroup(ctx, c.Account(), *in.GroupName, *in.UserName)
}

func (d *Door) removeUserFromGroup(ctx context.Context, c *query.Call, in *iam.RemoveUserFromGroupInput) (*iam.RemoveUserFromGroupOutput, error) {
	return &iam.RemoveUserFromGroupOutput{}, d.ids.RemoveFromGroup(ctx, c.Account(), *in.GroupName, *in.UserName)
}

func (d *Door) listGroupsForUser(ctx context.Context, c *query.Call, in *iam.ListGroupsForUserInput) (*iam.ListGroupsForUserOutput, error) {
	p, err := page(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	all, after, err := d.ids.GroupsOf(ctx, c.Account(), *in.UserName, p)
	out := &iam.ListGroupsForUserOutput{Groups: make([]types.Group, len(all)), IsTruncated: after != "", Marker: next(after)}
	for i, g := range all {
		out.Groups[i] = groupShape(g)
	}
	return out, err
}
