package keycare

import (
	"context"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/identity"
)

// invitationShape is told once. Its link signs the root in, and is masked in the
// audit log by its name.
type invitationShape struct {
	SignInLink string   `json:"signInLink"`
	ExpiresAt  *seconds `json:"expiresAt"`
}

// invitation is the page of the console where the root of the account accepts.
// The code is in the fragment, which no request and no log ever holds.
func invitation(console string, a *keyhaven.Account, code keyhaven.Secret) invitationShape {
	return invitationShape{SignInLink: console + "/start#" + code.Reveal(), ExpiresAt: secondsOf(a.Invitation.ExpiresAt)}
}

// consoleOf is where the console is. Without one nobody can accept an invitation.
func (d *Door) consoleOf(c *call) (string, error) {
	if at := d.console(c.request); at != "" {
		return at, nil
	}
	return "", &keyhaven.Error{Kind: keyhaven.Conflict, Noun: keyhaven.NounAccount, Msg: "No console listens, at which a root could accept an invitation: use keyhaven account create, which makes an access key of the root."}
}

type createAccountInput struct {
	Name         string `json:"name"`
	RootPassword string `json:"rootPassword"`
	accountInput
}

func (d *Door) createAccount(ctx context.Context, c *call, in *createAccountInput) (any, error) {
	first, err := d.accounts.FirstAccount(ctx)
	if err != nil {
		return nil, err
	}
	want := identity.AccountInput{Name: in.Name, ID: in.AccountID, Password: keyhaven.NewSecret(in.RootPassword)}
	console := ""
	if want.Invite = want.Password.IsZero(); want.Invite {
		if console, err = d.consoleOf(c); err != nil {
			return nil, err
		}
	}
	a, code, err := d.accounts.CreateAccount(ctx, want)
	if err != nil {
		return nil, err
	}
	out := map[string]any{"account": accountOf(a, first)}
	if want.Invite {
		out["invitation"] = invitation(console, a, code)
	}
	return out, nil
}

// createAccountInvitation replaces an invitation that was lost or has expired.
func (d *Door) createAccountInvitation(ctx context.Context, c *call, in *accountInput) (any, error) {
	console, err := d.consoleOf(c)
	if err != nil {
		return nil, err
	}
	a, code, err := d.accounts.Reinvite(ctx, in.AccountID)
	if err != nil {
		return nil, err
	}
	return map[string]any{"invitation": invitation(console, a, code)}, nil
}
