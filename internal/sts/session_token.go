package sts

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/policy"
	"github.com/keyhaven/keyhaven/internal/query"
)

const usualToken = 43200 // seconds, of GetSessionToken and GetFederationToken

// longTerm refuses who comes with temporary credentials, and keys of buckets.
func longTerm(c *query.Call) error {
	if c.Identity.SessionKind() != access.NoSession {
		return sessionCredentials(c)
	}
	if c.Identity.Principal.Kind == keyhaven.BucketKey {
		return denied(c, "")
	}
	return nil
}

func sessionCredentials(c *query.Call) error {
	return &keyhaven.Error{Kind: keyhaven.Denied, Msg: "Cannot call " + c.Op.Name + " with session credentials"}
}

// capped is the longest session of the caller.
func capped(c *query.Call) int32 {
	if c.Identity.Principal.Kind == keyhaven.Root {
		return rootDuration
	}
	return maxDuration
}

// getSessionToken needs no permission ("GetSessionToken", permissions).
func (d *Door) getSessionToken(ctx context.Context, c *query.Call, in *sts.GetSessionTokenInput) (*sts.GetSessionTokenOutput, error) {
	if err := longTerm(c); err != nil {
		return nil, err
	}
	most := capped(c)
	length, err := duration(in.DurationSeconds, usualToken, most)
	if err != nil {
		return nil, err
	}
	proved, err := d.useMFA(ctx, c, in.SerialNumber, in.TokenCode)
	if err != nil {
		return nil, err
	}
	s, err := d.access.NewSession(access.SessionInput{
		Kind: access.TokenSession, Of: c.Identity.Principal, Parent: c.Identity, Duration: min(length, seconds(most)), MFA: proved,
	})
	if err != nil {
		return nil, err
	}
	return &sts.GetSessionTokenOutput{Credentials: credentials(s)}, nil
}

func (d *Door) getFederationToken(ctx context.Context, c *query.Call, in *sts.GetFederationTokenInput) (*sts.GetFederationTokenOutput, error) {
	if err := longTerm(c); err != nil {
		return nil, err
	}
	if n := len(*in.Name); n < 2 || n > 32 {
		return nil, query.ValidationError("'name'", "Name", "have length between 2 and 32")
	}
	if err := validName(*in.Name); err != nil {
		return nil, err
	}
	most := capped(c)
	length, err := duration(in.DurationSeconds, usualToken, most)
	if err != nil {
		return nil, err
	}
	s := access.SessionInput{
		Kind: access.FederatedSession, Of: c.Identity.Principal, Name: *in.Name, Parent: c.Identity, Duration: min(length, seconds(most)),
	}
	if s.Tags, err = sessionTags(in.Tags); err != nil {
		return nil, err
	}
	if err := d.narrow(ctx, c.Account(), in.Policy, in.PolicyArns, &s); err != nil {
		return nil, err
	}
	arn := "arn:aws:sts::" + string(c.Account()) + ":federated-user/" + *in.Name
	facts := policy.Values{}
	tagFacts(facts, s.Tags)
	res := access.Resource{ARN: arn, Account: c.Account(), Context: facts}
	if err := d.access.Authorize(ctx, c.Identity, "sts:GetFederationToken", res); err != nil {
		return nil, err
	}
	if len(s.Tags) > 0 {
		if err := d.access.Authorize(ctx, c.Identity, "sts:TagSession", res); err != nil {
			return nil, err
		}
	}
	made, err := d.access.NewSession(s)
	if err != nil {
		return nil, err
	}
	return &sts.GetFederationTokenOutput{
		Credentials:   credentials(made),
		FederatedUser: &types.FederatedUser{Arn: new(arn), FederatedUserId: new(string(c.Account()) + ":" + *in.Name)},
	}, nil
}
