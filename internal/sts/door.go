package sts

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/identity"
	"github.com/keyhaven/keyhaven/internal/query"
	"github.com/keyhaven/keyhaven/internal/webidentity"
)

// The words by which a request for this door is known.
const (
	Service   = "sts"
	Version   = "2011-06-15"
	namespace = "https://sts.amazonaws.com/doc/2011-06-15/"
)

// Options are the settings of the door; the zero value works.
type Options struct {
	// Tokens verifies those of identity providers; one that reaches public addresses
	// alone when nil.
	Tokens *webidentity.Service
	// Account hears of machines that nobody knows.
	Account keyhaven.AccountID
}

// Door answers the STS API.
type Door struct {
	*query.Door
	access  *access.Service
	ids     *identity.Service
	tokens  *webidentity.Service
	account keyhaven.AccountID
}

// New returns a door over the services.
func New(a *access.Service, ids *identity.Service, opts Options) *Door {
	if opts.Tokens == nil {
		opts.Tokens = webidentity.New(ids, webidentity.NewClient(false))
	}
	d := &Door{access: a, ids: ids, tokens: opts.Tokens, account: opts.Account}
	d.Door = query.New(query.Service{Name: Service, Version: Version, Namespace: namespace, Access: a}, d.rows())
	return d
}

// rows are the operations that are built. Any other action is unknown to this
// door.
func (d *Door) rows() []*query.Operation {
	web := query.Row("AssumeRoleWithWebIdentity", []string{"RoleArn", "RoleSessionName", "WebIdentityToken"}, nil, d.assumeRoleWithWebIdentity)
	web.Unsigned = true
	return []*query.Operation{
		query.Row("GetCallerIdentity", nil, nil, d.getCallerIdentity),
		query.Row("GetSessionToken", nil, nil, d.getSessionToken),
		query.Row("GetFederationToken", []string{"Name"}, nil, d.getFederationToken),
		query.Row("GetAccessKeyInfo", []string{"AccessKeyId"}, nil, d.getAccessKeyInfo),
		query.Row("AssumeRole", []string{"RoleArn", "RoleSessionName"}, nil, d.assumeRole),
		web,
	}
}

// getCallerIdentity is denied to nobody ("GetCallerIdentity").
func (d *Door) getCallerIdentity(_ context.Context, c *query.Call, _ *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	p := &c.Identity.Principal
	return &sts.GetCallerIdentityOutput{Account: new(string(p.Account)), Arn: new(p.ARN()), UserId: new(p.UserID())}, nil
}

// getAccessKeyInfo tells the account of a key of the caller's own account: here
// an id says nothing by itself, and whose it is, is no business of a stranger's.
func (d *Door) getAccessKeyInfo(ctx context.Context, c *query.Call, in *sts.GetAccessKeyInfoInput) (*sts.GetAccessKeyInfoOutput, error) {
	switch c.Identity.SessionKind() {
	case access.TokenSession, access.FederatedSession: // they call no STS but GetCallerIdentity, and AssumeRole
		return nil, sessionCredentials(c)
	}
	if err := d.access.Authorize(ctx, c.Identity, "sts:GetAccessKeyInfo", access.Resource{ARN: "*", Account: c.Account()}); err != nil {
		return nil, err
	}
	k, _, err := d.access.FindKey(ctx, *in.AccessKeyId)
	if keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounAccessKey) || err == nil && k.Account != c.Account() {
		return nil, &keyhaven.Error{Kind: keyhaven.Invalid, Msg: "Invalid AccessKeyId"}
	}
	if err != nil {
		return nil, err
	}
	return &sts.GetAccessKeyInfoOutput{Account: new(string(k.Account))}, nil
}

func denied(c *query.Call, why string) error {
	who := c.Identity.Principal.ARN()
	if who != "" {
		who = "User: " + who + " "
	}
	return &keyhaven.Error{Kind: keyhaven.Denied, Msg: strings.TrimSpace(who + "is not authorized to perform: sts:" + c.Op.Name + why)}
}

func credentials(s *access.Session) *types.Credentials {
	return &types.Credentials{
		AccessKeyId: new(s.AccessKeyID), SecretAccessKey: new(s.Secret.Reveal()), SessionToken: new(s.Token.Reveal()), Expiration: new(s.Expires),
	}
}

func value[T any](p *T) T {
	if p == nil {
		return *new(T)
	}
	return *p
}
