package console

import (
	"context"
	"net/http"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/audit"
	"github.com/keyhaven/keyhaven/internal/identity"
)

// People is what the door needs of the service of identity.
type People interface {
	Account(ctx context.Context, id keyhaven.AccountID) (*keyhaven.Account, error)
	FindAccount(ctx context.Context, idOrAlias string) (*keyhaven.Account, error)
	User(ctx context.Context, account keyhaven.AccountID, name string) (*keyhaven.User, error)
	Role(ctx context.Context, account keyhaven.AccountID, name string) (*keyhaven.Role, error)
	SignIn(ctx context.Context, account, user, password string) (*identity.SignedIn, error)
	ChangePassword(ctx context.Context, account keyhaven.AccountID, user, old, password string) error
	MFADevicesOf(ctx context.Context, who identity.Person) ([]*keyhaven.MFADevice, error)
	UseMFACode(ctx context.Context, who identity.Person, serial, code string) error
	SetRootPassword(ctx context.Context, account keyhaven.AccountID, password string) error
	AcceptInvitation(ctx context.Context, code keyhaven.Secret, password string) (keyhaven.AccountID, error)
}

var errWrongPassword = &refusal{http.StatusForbidden, "SignInFailed", "The name and the password do not belong together, or this person has no password."}

// withPassword signs in the root of the account, or a user of it.
func (d *Door) withPassword(c *call, in *signInInput) (*access.SignIn, error) {
	ctx := c.r.Context()
	account := in.Account
	if account == "" {
		account = string(d.opts.Account)
	}
	if in.Kind == "user" && in.UserName == "" {
		return nil, errWrongPassword // an empty name would be the root's
	}
	who, err := d.opts.People.SignIn(ctx, account, in.UserName, in.Password)
	if keyhaven.KindOf(err) == keyhaven.Denied {
		return nil, errWrongPassword
	}
	if err != nil {
		return nil, err
	}
	if who.ResetRequired { // found before the code, which is good once
		if in.NewPassword == "" {
			return nil, &refusal{http.StatusConflict, "PasswordResetRequired", "You must choose a new password now."}
		}
		if err := identity.CheckPassword(in.NewPassword, in.UserName); err != nil {
			return nil, passwordRefusal(err)
		}
	}
	if who.Principal.MFA, err = d.secondFactor(in.MFACode)(ctx, &who.Principal); err != nil {
		return nil, err
	}
	if who.ResetRequired {
		if err := d.opts.People.ChangePassword(ctx, who.Principal.Account, in.UserName, in.Password, in.NewPassword); err != nil {
			return nil, passwordRefusal(err)
		}
	}
	return d.opts.Access.SignInAs(ctx, &who.Principal)
}

// passwordRefusal says what the rules have against a password.
func passwordRefusal(err error) error {
	switch keyhaven.KindOf(err) {
	case keyhaven.Invalid:
		return &refusal{http.StatusBadRequest, "InvalidPassword", "A password has 8 to 128 characters, with three of upper-case letters, lower-case letters, digits and symbols, and is not the name."}
	case keyhaven.Denied:
		return &refusal{http.StatusForbidden, "SignInFailed", "The password is not the one in force."}
	default:
		return err
	}
}

// rootPassword reports whether the root of an account has a password.
func (d *Door) rootPassword(ctx context.Context, account keyhaven.AccountID) (bool, error) {
	a, err := d.opts.People.Account(ctx, account)
	return err == nil && a.Login != nil, err
}

// firstStart sets the password of a root by the link of an invitation, once: the
// one that the server printed at its first start, or that of an account which was
// made since. It signs the root in.
func (d *Door) firstStart(c *call) (any, error) {
	var in struct {
		Token    string `json:"token"`
		Password string `json:"password"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	who := []string{"address " + clientAddress(c.r)}
	if wait := d.throttle.wait(who...); wait > 0 {
		return nil, tooMany(c, wait)
	}
	account, err := d.opts.People.AcceptInvitation(c.r.Context(), keyhaven.NewSecret(in.Token), in.Password)
	if keyhaven.Is(err, keyhaven.Denied, keyhaven.NounAccount) {
		d.throttle.failed(who...)
		return nil, &refusal{http.StatusForbidden, "LinkExpired", "This link has been used or has expired. Ask the owner of this server for another, or sign in with an access key of the root; it can set a password on the Account page."}
	}
	if err != nil {
		return nil, passwordRefusal(err)
	}
	return d.signInRoot(c, account, time.Time{})
}

// signInRoot opens a session of an account's root, whose password was just set, and
// who has shown the code of an MFA device then, if ever.
func (d *Door) signInRoot(c *call, account keyhaven.AccountID, mfa time.Time) (any, error) {
	s, err := d.opts.Access.SignInAs(c.r.Context(), &keyhaven.Principal{Kind: keyhaven.Root, Account: account, MFA: mfa})
	if err != nil {
		return nil, mapLimit(err)
	}
	d.record(c, passwordUpdated, audit.IdentityOf(&s.Principal), "", nil)
	d.recordSignIn(c, s, "root")
	http.SetCookie(c.w, d.cookie(c.r, s.Token.Reveal(), s.ExpiresAt))
	return d.handOut(c, s.Token, s)
}

// changePassword changes the password of the root that is signed in; users do it
// by iam:ChangePassword. It ends every session that the old one opened, and opens
// a new one.
func (d *Door) changePassword(c *call) (any, error) {
	var in struct {
		OldPassword string `json:"oldPassword"`
		NewPassword string `json:"newPassword"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	ctx := c.r.Context()
	token, err := sessionOf(c.r)
	if err != nil {
		return nil, err
	}
	s, err := d.opts.Access.SignedIn(ctx, token)
	if keyhaven.KindOf(err) == keyhaven.Unauthenticated {
		return nil, errSignedOut
	}
	if err != nil {
		return nil, err
	}
	if s.Principal.Kind != keyhaven.Root {
		return nil, &refusal{http.StatusForbidden, "NotRoot", "Users change their password by the IAM API."}
	}
	who := []string{"root " + string(s.Principal.Account)}
	if wait := d.throttle.wait(who...); wait > 0 {
		return nil, tooMany(c, wait)
	}
	a, err := d.opts.People.Account(ctx, s.Principal.Account)
	if err != nil {
		return nil, err
	}
	if a.Login != nil {
		if _, err := d.opts.People.SignIn(ctx, string(a.ID), "", in.OldPassword); err != nil {
			if keyhaven.KindOf(err) == keyhaven.Denied {
				d.throttle.failed(who...)
				d.record(c, passwordUpdated, audit.IdentityOf(&s.Principal), "Failed authentication", nil)
			}
			return nil, passwordRefusal(err)
		}
	}
	if in.NewPassword == "" { // which would take it away
		return nil, passwordRefusal(&keyhaven.Error{Kind: keyhaven.Invalid})
	}
	if err := d.opts.People.SetRootPassword(ctx, a.ID, in.NewPassword); err != nil {
		return nil, passwordRefusal(err)
	}
	if err := d.opts.Access.SignOut(ctx, token); err != nil {
		return nil, err
	}
	return d.signInRoot(c, a.ID, s.Principal.MFA)
}
