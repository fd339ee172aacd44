package sts

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/edge"
	"github.com/keyhaven/keyhaven/internal/identity"
	"github.com/keyhaven/keyhaven/internal/policy"
	"github.com/keyhaven/keyhaven/internal/query"
)

// maxToken bounds an identity token, in bytes ("AssumeRoleWithWebIdentity").
const maxToken = 20000

func badToken(msg string) error {
	return &query.Answer{Code: "InvalidIdentityToken", Status: 400, Message: msg}
}

// assumeRoleWithWebIdentity is not signed: the caller proves itself by a token of
// an identity provider that the role's account trusts.
func (d *Door) assumeRoleWithWebIdentity(ctx context.Context, c *query.Call, in *sts.AssumeRoleWithWebIdentityInput) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	r, trust, err := d.role(ctx, c, *in.RoleArn)
	if err != nil {
		return nil, err
	}
	issuer, err := issuerOf(*in.WebIdentityToken)
	if err != nil {
		return nil, err
	}
	provider, err := d.ids.Provider(ctx, r.Account, identity.ProviderName(strings.TrimSuffix(issuer, "/")))
	if keyhaven.KindOf(err) == keyhaven.NotFound {
		return nil, badToken("No OpenIDConnect provider found in your account for " + shorten(issuer))
	}
	if err != nil {
		return nil, err
	}
	token, err := d.tokens.verify(ctx, issuer, *in.WebIdentityToken)
	if err != nil {
		return nil, err
	}
	audience := token.audience(provider.ClientIDs)
	if audience == "" {
		return nil, badToken("Incorrect token audience")
	}
	c.Record.Management.Federated = &edge.Federated{Provider: provider.ARN(), Audience: audience, Subject: token.subject, Account: r.Account}
	facts := policy.Values{
		"sts:rolesessionname":         {*in.RoleSessionName},
		lower(provider.Name) + ":sub": {token.subject},
		lower(provider.Name) + ":aud": {audience},
		"aws:federatedprovider":       {provider.ARN()},
		"aws:principalisawsservice":   {"false"},
		"aws:resourceaccount":         {string(r.Account)},
		lower(provider.Name) + ":amr": token.amr,
	}
	decision := policy.Evaluate(&policy.Request{
		Principal: &policy.Principal{Type: policy.WebIdentity, Provider: provider.ARN()},
		Action:    "sts:AssumeRoleWithWebIdentity", Resource: r.ARN(), Owner: r.Account, Context: facts,
	}, &policy.Sources{Resource: []policy.Policy{{Document: trust}}, MustResource: true})
	if decision.Outcome != policy.Allowed {
		return nil, &keyhaven.Error{Kind: keyhaven.Denied, Msg: "Not authorized to perform sts:AssumeRoleWithWebIdentity"}
	}
	s := access.SessionInput{
		Kind: access.AssumedSession, Of: roleSession(r), Name: *in.RoleSessionName,
		Keys: policy.Values{"aws:federatedprovider": {provider.ARN()}, lower(provider.Name) + ":sub": {token.subject}, lower(provider.Name) + ":aud": {audience}},
	}
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
		Credentials: credentials(made), AssumedRoleUser: assumed(r, s.Name), SubjectFromWebIdentityToken: new(token.subject),
		Audience: new(audience), Provider: new(provider.ARN()),
	}, nil
}

// issuerOf reads who says to have issued a token; nothing is verified yet.
func issuerOf(raw string) (string, error) {
	parts := strings.Split(raw, ".")
	if len(raw) > maxToken || len(parts) != 3 {
		return "", badToken("The web identity token that was passed is not a JSON Web Token.")
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Issuer string `json:"iss"`
	}
	if err != nil || json.Unmarshal(body, &claims) != nil || !strings.HasPrefix(claims.Issuer, "https://") {
		return "", badToken("The web identity token that was passed names no issuer.")
	}
	return claims.Issuer, nil
}

// identityToken is what a verified token says.
type identityToken struct {
	subject      string
	audienceList []string
	amr          []string
}

// audience is the client id that the token was issued for and the provider is
// trusted with; "" for none.
func (t *identityToken) audience(trusted []string) string {
	for _, a := range t.audienceList {
		if slices.Contains(trusted, a) {
			return a
		}
	}
	return ""
}

func lower(s string) string { return strings.ToLower(s) }

// shorten bounds what an answer repeats of a token.
func shorten(s string) string {
	if len(s) > 255 {
		return strings.ToValidUTF8(s[:255], "") + "…"
	}
	return s
}
