package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"strings"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// How long an invitation can be accepted. That of the first start is printed where
// others may read it later.
const (
	InvitationLifetime = 24 * time.Hour
	FirstStartLifetime = time.Hour
)

// invite gives the account an invitation and returns its code, which begins with
// the account's id. The code of an older one is void.
func (s *Service) invite(a *keyhaven.Account, lifetime time.Duration) keyhaven.Secret {
	code := string(a.ID) + "." + rand.Text()
	digest := sha256.Sum256([]byte(code))
	a.Invitation = &keyhaven.Invitation{Digest: digest[:], ExpiresAt: s.now().UTC().Add(lifetime)}
	return keyhaven.NewSecret(code)
}

// InviteFirst invites the root of the installation's first account at a first
// start; there is no code when it has a password already, as after a restore.
func (s *Service) InviteFirst(ctx context.Context) (code keyhaven.Secret, err error) {
	id, err := s.FirstAccount(ctx)
	if err != nil {
		return code, err
	}
	err = s.meta.Update(ctx, func(tx *meta.Txn) error {
		code = keyhaven.Secret{}
		a, err := tx.Account(id)
		if err != nil || a.Login != nil {
			return err
		}
		code = s.invite(a, FirstStartLifetime)
		return tx.PutAccount(*a)
	})
	return code, err
}

// Reinvite replaces an invitation that nobody has accepted, as when its code was
// lost or has expired. Errors: NotFound account; Conflict account for one that is
// closed or that its root has begun to use: whoever asks does not get into it.
func (s *Service) Reinvite(ctx context.Context, id keyhaven.AccountID) (a *keyhaven.Account, code keyhaven.Secret, err error) {
	err = s.meta.Update(ctx, func(tx *meta.Txn) error {
		if a, err = tx.Account(id); err != nil {
			return err
		}
		keys, err := tx.RootKeys(id)
		if err != nil {
			return err
		}
		begun, err := begun(&tx.Reader, a)
		if err != nil {
			return err
		}
		if a.Invitation == nil || begun || len(keys) > 0 {
			return accountError(keyhaven.Conflict, string(id), "There is no invitation to replace: the account is closed, or its root has a password, an access key or an MFA device.")
		}
		code = s.invite(a, InvitationLifetime)
		return tx.PutAccount(*a)
	})
	return a, code, err
}

// begun reports whether an invitation would get around what the root has.
func begun(r *meta.Reader, a *keyhaven.Account) (bool, error) {
	devices, err := r.MFADevicesOf(string(a.ID))
	return a.Closed() || a.Login != nil || len(devices) > 0, err
}

// AcceptInvitation gives the root that the code invites its password, once, and
// returns whose it is. Errors: Denied account for a code that is not good or not
// any more; Invalid password.
func (s *Service) AcceptInvitation(ctx context.Context, code keyhaven.Secret, password string) (keyhaven.AccountID, error) {
	account, _, _ := strings.Cut(code.Reveal(), ".")
	id, digest := keyhaven.AccountID(account), sha256.Sum256([]byte(code.Reveal()))
	invited := func(r *meta.Reader) (*keyhaven.Account, error) {
		denied := accountError(keyhaven.Denied, "", "The invitation has been used or has expired.")
		a, err := r.Account(id)
		if keyhaven.KindOf(err) == keyhaven.NotFound {
			return nil, denied
		}
		if err != nil {
			return nil, err
		}
		begun, err := begun(r, a)
		if err != nil {
			return nil, err
		}
		i := a.Invitation
		if i == nil || begun || !s.now().Before(i.ExpiresAt) || subtle.ConstantTimeCompare(digest[:], i.Digest) != 1 {
			return nil, denied
		}
		return a, nil
	}
	// Before the work of a password, which strangers must not make the server do.
	err := s.meta.View(ctx, func(r *meta.Reader) error {
		_, err := invited(r)
		return err
	})
	if err != nil {
		return "", err
	}
	login, err := s.rootLogin(ctx, password)
	if err != nil {
		return "", err
	}
	return id, s.meta.Update(ctx, func(tx *meta.Txn) error {
		a, err := invited(&tx.Reader)
		if err != nil {
			return err
		}
		a.Login, a.Invitation = login, nil
		return tx.PutAccount(*a)
	})
}
