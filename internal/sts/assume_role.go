package sts

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/policy"
	"github.com/keyhaven/keyhaven/internal/query"
)

const usualRole = 3600 // seconds

func seconds(n int32) time.Duration { return time.Duration(n) * time.Second }

var sessionName = regexp.MustCompile(`^[\w+=,.@-]+$`)

func validName(name string) error {
	if !sessionName.MatchString(name) {
		return query.ValidationError("'name'", "Name", `satisfy regular expression pattern: [\w+=,.@-]*`)
	}
	return nil
}

// role returns the role of an ARN and its trust policy. That there is none is told
// as a denial, so that nobody learns what roles another account has.
func (d *Door) role(ctx context.Context, c *query.Call, arn string) (*keyhaven.Role, *policy.Document, error) {
	refusal := denied(c, " on resource: "+arn)
	rest, ok := strings.CutPrefix(arn, "arn:aws:iam::")
	account, path, _ := strings.Cut(rest, ":")
	path, isRole := strings.CutPrefix(path, "role/")
	if !ok || !isRole || !keyhaven.AccountID(account).Valid() {
		return nil, nil, &keyhaven.Error{Kind: keyhaven.Invalid, Msg: arn + " is invalid"}
	}
	r, err := d.ids.Role(ctx, keyhaven.AccountID(account), path[strings.LastIndexByte(path, '/')+1:])
	if keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounRole) || err == nil && r.ARN() != arn {
		return nil, nil, refusal
	}
	if err != nil {
		return nil, nil, err
	}
	trust, err := policy.Parse(policy.Trust, []byte(r.Trust))
	return r, trust, err
}

// roleDuration is how long a session of the role is to be.
func roleDuration(asked *int32, r *keyhaven.Role) (time.Duration, error) {
	length, err := duration(asked, usualRole, int32(r.MaxSession))
	if err == nil && length > seconds(int32(r.MaxSession)) {
		err = &keyhaven.Error{Kind: keyhaven.Invalid, Msg: "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."}
	}
	return length, err
}

func (d *Door) assumeRole(ctx context.Context, c *query.Call, in *sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
	switch kind := c.Identity.SessionKind(); {
	case c.Identity.Principal.Kind == keyhaven.Root:
		return nil, &keyhaven.Error{Kind: keyhaven.Denied, Msg: "Roles may not be assumed by root accounts."}
	case kind == access.FederatedSession || kind == access.MachineSession || c.Identity.Principal.Kind == keyhaven.BucketKey:
		return nil, denied(c, " on resource: "+*in.RoleArn)
	}
	r, trust, err := d.role(ctx, c, *in.RoleArn)
	if err != nil {
		return nil, err
	}
	s := access.SessionInput{Kind: access.AssumedSession, Of: roleSession(r), Name: *in.RoleSessionName, Parent: c.Identity, Keys: policy.Values{}}
	if s.Duration, err = roleDuration(in.DurationSeconds, r); err != nil {
		return nil, err
	}
	if c.Identity.SessionKind() == access.AssumedSession {
		if in.DurationSeconds != nil && *in.DurationSeconds > chainDuration {
			return nil, &keyhaven.Error{Kind: keyhaven.Invalid, Msg: "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"}
		}
		s.Duration = min(s.Duration, seconds(chainDuration))
	}
	if s.Tags, err = sessionTags(in.Tags); err != nil {
		return nil, err
	}
	// The code counts for the decisions; the session does not have it, as AWS's
	// ("Secure API access with MFA").
	proved, err := d.useMFA(ctx, c, in.SerialNumber, in.TokenCode)
	if err != nil {
		return nil, err
	}
	if err := d.mayAssume(ctx, c.Identity.WithMFA(proved), in, r, trust, &s); err != nil {
		return nil, err
	}
	if err := d.narrow(ctx, r.Account, in.Policy, in.PolicyArns, &s); err != nil {
		return nil, err
	}
	made, err := d.access.NewSession(s)
	if err != nil {
		return nil, err
	}
	return &sts.AssumeRoleOutput{Credentials: credentials(made), AssumedRoleUser: assumed(r, s.Name), SourceIdentity: in.SourceIdentity}, nil
}

// mayAssume makes the decisions of AssumeRole, and puts the tags together that
// the session has: those that pass on from the caller's, and the request's.
func (d *Door) mayAssume(ctx context.Context, who *access.Identity, in *sts.AssumeRoleInput, r *keyhaven.Role, trust *policy.Document, s *access.SessionInput) error {
	facts := policy.Values{"sts:rolesessionname": {s.Name}}
	if in.ExternalId != nil {
		facts["sts:externalid"] = []string{*in.ExternalId}
	}
	if in.SourceIdentity != nil {
		facts["sts:sourceidentity"] = []string{*in.SourceIdentity}
		s.Keys["aws:sourceidentity"] = []string{*in.SourceIdentity}
	}
	tagFacts(facts, s.Tags)
	if len(in.TransitiveTagKeys) > 0 {
		facts["sts:transitivetagkeys"] = in.TransitiveTagKeys
	}
	res := access.Resource{ARN: r.ARN(), Account: r.Account, Tags: r.Tags, Context: facts, Trust: trust}
	actions := []string{"sts:AssumeRole"}
	if len(s.Tags) > 0 {
		actions = append(actions, "sts:TagSession")
	}
	if in.SourceIdentity != nil {
		actions = append(actions, "sts:SetSourceIdentity")
	}
	for _, a := range actions {
		if err := d.access.Authorize(ctx, who, a, res); err != nil {
			return err
		}
	}
	s.Transitive = slices.Clone(in.TransitiveTagKeys)
	for _, t := range who.Transitive() {
		if slices.ContainsFunc(s.Tags, func(own keyhaven.Tag) bool { return strings.EqualFold(own.Key, t.Key) }) {
			return &keyhaven.Error{Kind: keyhaven.Invalid, Msg: "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session."}
		}
		s.Tags, s.Transitive = append(s.Tags, t), append(s.Transitive, t.Key)
	}
	return nil
}

// roleSession is whose rights a session of the role has.
func roleSession(r *keyhaven.Role) keyhaven.Principal {
	return keyhaven.Principal{Kind: keyhaven.RoleSession, Account: r.Account, ID: r.ID}
}

func assumed(r *keyhaven.Role, session string) *types.AssumedRoleUser {
	return &types.AssumedRoleUser{
		AssumedRoleId: new(r.ID + ":" + session),
		Arn:           new("arn:aws:sts::" + string(r.Account) + ":assumed-role/" + r.Name + "/" + session),
	}
}
