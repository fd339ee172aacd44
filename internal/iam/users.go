package iam

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/identity"
	"github.com/keyhaven/keyhaven/internal/query"
)

// user names the user that an operation is about: the caller when the request
// names none.
func user(c *query.Call, name *string) identity.Holder {
	if name != nil {
		return identity.OfUser(*name)
	}
	return identity.OfUser(c.Identity.Principal.Name)
}

// self is what an operation without a name is about: the calling user or root.
func self(c *query.Call, name *string) about {
	if p := &c.Identity.Principal; name == nil && p.Kind != keyhaven.UserPrincipal {
		return about{arn: p.ARN()}
	}
	return about{holder: user(c, name)}
}

func (d *Door) createUser(ctx context.Context, c *query.Call, in *iam.CreateUserInput) (*iam.CreateUserOutput, error) {
	u, err := d.ids.CreateUser(ctx, c.Account(), identity.NewUser{
		Name: *in.UserName, Path: value(in.Path), Boundary: value(in.PermissionsBoundary), Tags: tagsOf(in.Tags),
	})
	if err != nil {
		return nil, err
	}
	return &iam.CreateUserOutput{User: userDetail(u)}, nil
}

func (d *Door) getUser(ctx context.Context, c *query.Call, in *iam.GetUserInput) (*iam.GetUserOutput, error) {
	p := &c.Identity.Principal
	switch {
	case in.UserName != nil || p.Kind == keyhaven.UserPrincipal:
		u, err := d.ids.User(ctx, c.Account(), user(c, in.UserName).Name)
		if err != nil {
			return nil, err
		}
		return &iam.GetUserOutput{User: userDetail(u)}, nil
	case p.Kind == keyhaven.Root:
		a, err := d.ids.Account(ctx, c.Account())
		if err != nil {
			return nil, err
		}
		return &iam.GetUserOutput{User: rootShape(a)}, nil
	}
	return nil, mustName()
}

// mustName is what a session hears that does not say which user it means.
func mustName() error {
	return &keyhaven.Error{Kind: keyhaven.Invalid, Msg: "Must specify userName when calling with non-User credentials"}
}

func (d *Door) listUsers(ctx context.Context, c *query.Call, in *iam.ListUsersInput) (*iam.ListUsersOutput, error) {
	p, err := page(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	all, after, err := d.ids.Users(ctx, c.Account(), value(in.PathPrefix), p)
	out := &iam.ListUsersOutput{Users: make([]types.User, len(all)), IsTruncated: after != "", Marker: next(after)}
	for i, u := range all {
		out.Users[i] = userShape(u)
	}
	return out, err
}

func (d *Door) updateUser(ctx context.Context, c *query.Call, in *iam.UpdateUserInput) (*iam.UpdateUserOutput, error) {
	return &iam.UpdateUserOutput{}, d.ids.UpdateUser(ctx, c.Account(), *in.UserName, value(in.NewUserName), value(in.NewPath))
}

func (d *Door) deleteUser(ctx context.Context, c *query.Call, in *iam.DeleteUserInput) (*iam.DeleteUserOutput, error) {
	return &iam.DeleteUserOutput{}, d.ids.DeleteUser(ctx, c.Account(), *in.UserName)
}

func (d *Door) putUserBoundary(ctx context.Context, c *query.Call, in *iam.PutUserPermissionsBoundaryInput) (*iam.PutUserPermissionsBoundaryOutput, error) {
	return &iam.PutUserPermissionsBoundaryOutput{}, d.ids.SetBoundary(ctx, c.Account(), identity.OfUser(*in.UserName), *in.PermissionsBoundary)
}

func (d *Door) deleteUserBoundary(ctx context.Context, c *query.Call, in *iam.DeleteUserPermissionsBoundaryInput) (*iam.DeleteUserPermissionsBoundaryOutput, error) {
	return &iam.DeleteUserPermissionsBoundaryOutput{}, d.ids.DeleteBoundary(ctx, c.Account(), identity.OfUser(*in.UserName))
}
