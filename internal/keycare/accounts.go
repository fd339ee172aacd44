package keycare

import (
	"context"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/identity"
)

// Accounts keeps the accounts of the installation. Implemented by identity.Service.
type Accounts interface {
	FirstAccount(ctx context.Context) (keyhaven.AccountID, error)
	AccountsFrom(ctx context.Context, from keyhaven.AccountID, limit int) ([]*keyhaven.Account, keyhaven.AccountID, error)
	Account(ctx context.Context, id keyhaven.AccountID) (*keyhaven.Account, error)
	AccountContents(ctx context.Context, id keyhaven.AccountID) (identity.Contents, error)
	CreateAccount(ctx context.Context, in identity.AccountInput) (*keyhaven.Account, keyhaven.Secret, error)
	Reinvite(ctx context.Context, id keyhaven.AccountID) (*keyhaven.Account, keyhaven.Secret, error)
	CloseAccount(ctx context.Context, id keyhaven.AccountID) (identity.Contents, error)
}

// owner refuses everybody but the root of the installation's first account: no
// policy of any account can give what is about all of them. Credentials of the
// root that IAM does not take are not the root here either.
func (d *Door) owner(ctx context.Context, c *call) error {
	if err := d.allow(ctx, c, "*", nil); err != nil {
		return err
	}
	first, err := d.accounts.FirstAccount(ctx)
	if err != nil {
		return err
	}
	if c.Identity.BarredFromIAM() || !c.Identity.Principal.Owns(first) {
		return &keyhaven.Error{Kind: keyhaven.Denied, Msg: "Only the root of the account that the installation began with manages accounts."}
	}
	return nil
}

type accountShape struct {
	AccountID    keyhaven.AccountID `json:"accountId"`
	CanonicalID  string             `json:"canonicalId"`
	Name         string             `json:"name,omitempty"`
	Alias        string             `json:"alias,omitempty"`
	State        string             `json:"state"` // Open or Closed
	First        bool               `json:"first"` // the one that the installation began with
	CreatedAt    *seconds           `json:"createdAt"`
	ClosedAt     *seconds           `json:"closedAt,omitempty"`
	InvitedUntil *seconds           `json:"invitedUntil,omitempty"` // while the root has not accepted
}

func accountOf(a *keyhaven.Account, first keyhaven.AccountID) accountShape {
	s := accountShape{
		AccountID: a.ID, CanonicalID: a.CanonicalID, Name: a.Name, Alias: a.Alias, State: "Open", First: a.ID == first,
		CreatedAt: secondsOf(a.CreatedAt), ClosedAt: secondsOf(a.ClosedAt),
	}
	if a.Closed() {
		s.State = "Closed"
	}
	if a.Invitation != nil {
		s.InvitedUntil = secondsOf(a.Invitation.ExpiresAt)
	}
	return s
}

type contentsShape struct {
	Buckets   int `json:"buckets"`
	Users     int `json:"users"`
	Groups    int `json:"groups"`
	Roles     int `json:"roles"`
	Policies  int `json:"policies"`
	Instances int `json:"instances"`
}

// The pages of ListAccounts.
const (
	defaultAccounts = 100
	maxAccounts     = 1000
)

type listAccountsInput struct {
	MaxResults *int               `json:"maxResults"`
	NextToken  keyhaven.AccountID `json:"nextToken"`
}

func (d *Door) listAccounts(ctx context.Context, _ *call, in *listAccountsInput) (any, error) {
	limit := defaultAccounts
	if in.MaxResults != nil {
		limit = *in.MaxResults
	}
	if limit < 1 || limit > maxAccounts {
		return nil, &keyhaven.Error{Kind: keyhaven.Invalid, Noun: keyhaven.NounAccount, Msg: "maxResults is 1 to 1000."}
	}
	if in.NextToken != "" && !in.NextToken.Valid() {
		return nil, &keyhaven.Error{Kind: keyhaven.Invalid, Noun: keyhaven.NounAccount, Msg: "nextToken is none that ListAccounts has answered."}
	}
	first, err := d.accounts.FirstAccount(ctx)
	if err != nil {
		return nil, err
	}
	page, next, err := d.accounts.AccountsFrom(ctx, in.NextToken, limit)
	if err != nil {
		return nil, err
	}
	shapes := make([]accountShape, len(page))
	for i, a := range page {
		shapes[i] = accountOf(a, first)
	}
	out := map[string]any{"accounts": shapes}
	if next != "" {
		out["nextToken"] = next
	}
	return out, nil
}

type accountInput struct {
	AccountID keyhaven.AccountID `json:"accountId"`
}

func (d *Door) getAccount(ctx context.Context, _ *call, in *accountInput) (any, error) {
	has, err := d.accounts.AccountContents(ctx, in.AccountID)
	if err != nil {
		return nil, err
	}
	a, err := d.account(ctx, in.AccountID)
	if err != nil {
		return nil, err
	}
	return map[string]any{"account": a, "contents": contentsShape(has)}, nil
}

// account is an account as the API tells of it.
func (d *Door) account(ctx context.Context, id keyhaven.AccountID) (*accountShape, error) {
	first, err := d.accounts.FirstAccount(ctx)
	if err != nil {
		return nil, err
	}
	a, err := d.accounts.Account(ctx, id)
	if err != nil {
		return nil, err
	}
	s := accountOf(a, first)
	return &s, nil
}

// closeAccount answers what went with the account.
func (d *Door) closeAccount(ctx context.Context, _ *call, in *accountInput) (any, error) {
	lost, err := d.accounts.CloseAccount(ctx, in.AccountID)
	if err != nil {
		return nil, err
	}
	a, err := d.account(ctx, in.AccountID)
	if err != nil {
		return nil, err
	}
	return map[string]any{"account": a, "lost": contentsShape(lost)}, nil
}
