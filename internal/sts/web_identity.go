package sts

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/edge"
	"github.com/keyhaven/keyhaven/internal/query"
	"github.com/keyhaven/keyhaven/internal/webidentity"
)

// assumeRoleWithWebIdentity is not signed: the caller proves itself by a token of
// an identity provider that the role's account trusts.
func (d *Door) assumeRoleWithWebIdentity(ctx context.Context, c *query.Call, in *sts.AssumeRoleWithWebIdentityInput) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	r, trust, err := d.role(ctx, c, *in.RoleArn)
	if err != nil {
		return nil, err
	}
	id, err := d.tokens.Verify(ctx, r.Account, *in.WebIdentityToken)
	if err != nil {
		return nil, tokenAnswer(err)
	}
	c.Record.Management.Federated = &edge.Federated{Provider: id.Provider.ARN(), Audience: id.Audience, Subject: id.Subject, Account: r.Account}
	if !id.MayAssume(r, trust, *in.RoleSessionName) {
		return nil, &keyhaven.Error{Kind: keyhaven.Denied, Msg: "Not authorized to perform sts:AssumeRoleWithWebIdentity"}
	}
	s := access.SessionInput{Kind: access.AssumedSession, Of: roleSession(r), Name: *in.RoleSessionName, Keys: id.Keys()}
	if s.Duration, err = roleDuration(in.DurationSeconds, r); err != nil {
		return nil, err
	}
	if err := d.narrow(ctx, r.Account, in.Policy, in.PolicyArns, &s); err != nil {
		return nil, err
	}
	made, err := d.access.NewSession(s)
	if err != nil {
		return nil, err
	}
	return &sts.AssumeRoleWithWebIdentityOutput{
		Credentials: credentials(made), AssumedRoleUser: assumed(r, s.Name), SubjectFromWebIdentityToken: new(id.Subject),
		Audience: new(id.Audience), Provider: new(id.Provider.ARN()),
	}, nil
}

// tokenAnswer is how a caller hears what a token was refused for.
func tokenAnswer(err error) error {
	why, ok := errors.AsType[*webidentity.Refusal](err)
	if !ok {
		return err
	}
	switch why.Why {
	case webidentity.Expired:
		return &query.Answer{Code: "ExpiredTokenException", Status: 400, Message: why.Msg}
	case webidentity.Unreachable:
		return &query.Answer{Code: "IDPCommunicationError", Status: 400, Message: "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements"}
	default:
		return &query.Answer{Code: "InvalidIdentityToken", Status: 400, Message: why.Msg}
	}
}
