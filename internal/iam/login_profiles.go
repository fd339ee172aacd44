package iam

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/query"
)

func loginShape(user string, l *keyhaven.Login) *types.LoginProfile {
	return &types.LoginProfile{UserName: new(user), CreateDate: new(l.CreatedAt), PasswordResetRequired: l.ResetRequired}
}

func (d *Door) createLoginProfile(ctx context.Context, c *query.Call, in *iam.CreateLoginProfileInput) (*iam.CreateLoginProfileOutput, error) {
	if in.Password == nil {
		return nil, query.ValidationError("null", "Password", "not be null")
	}
	name := user(c, in.UserName).Name
	l, err := d.ids.CreateLogin(ctx, c.Account(), name, *in.Password, in.PasswordResetRequired)
	if err != nil {
		return nil, err
	}
	return &iam.CreateLoginProfileOutput{LoginProfile: loginShape(name, l)}, nil
}

func (d *Door) getLoginProfile(ctx context.Context, c *query.Call, in *iam.GetLoginProfileInput) (*iam.GetLoginProfileOutput, error) {
	name := user(c, in.UserName).Name
	l, err := d.ids.Login(ctx, c.Account(), name)
	if err != nil {
		return nil, err
	}
	return &iam.GetLoginProfileOutput{LoginProfile: loginShape(name, l)}, nil
}

func (d *Door) updateLoginProfile(ctx context.Context, c *query.Call, in *iam.UpdateLoginProfileInput) (*iam.UpdateLoginProfileOutput, error) {
	return &iam.UpdateLoginProfileOutput{}, d.ids.UpdateLogin(ctx, c.Account(), *in.UserName, in.Password, in.PasswordResetRequired)
}

func (d *Door) deleteLoginProfile(ctx context.Context, c *query.Call, in *iam.DeleteLoginProfileInput) (*iam.DeleteLoginProfileOutput, error) {
	return &iam.DeleteLoginProfileOutput{}, d.ids.DeleteLogin(ctx, c.Account(), user(c, in.UserName).Name)
}

// changePassword changes the caller's own: the root's is not changed here
// ("ChangePassword").
func (d *Door) changePassword(ctx context.Context, c *query.Call, in *iam.ChangePasswordInput) (*iam.ChangePasswordOutput, error) {
	p := &c.Identity.Principal
	if p.Kind != keyhaven.UserPrincipal {
		return nil, &query.Answer{Code: "InvalidUserType", Status: 400, Message: "Only IAM Users can change their own password"}
	}
	return &iam.ChangePasswordOutput{}, d.ids.ChangePassword(ctx, c.Account(), p.Name, *in.OldPassword, *in.NewPassword)
}

// getAccountPasswordPolicy says, as AWS does, that the account has none of its
// own: the default applies.
func (d *Door) getAccountPasswordPolicy(_ context.Context, c *query.Call, _ *iam.GetAccountPasswordPolicyInput) (*iam.GetAccountPasswordPolicyOutput, error) {
	return nil, &keyhaven.Error{
		Kind: keyhaven.NotFound, Noun: keyhaven.NounPassword, Msg: "The Password Policy with domain name " + string(c.Account()) + " cannot be found.",
	}
}
