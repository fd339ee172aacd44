package identity

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"math/big"
	"regexp"
	"strconv"
	"unicode/utf8"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

const maxAccountName = 50 // characters, as of an account of AWS

// NewAccount returns an account that is nobody's yet: a fresh number and
// canonical id.
func (s *Service) NewAccount(name string) (keyhaven.Account, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(900_000_000_000))
	if err != nil {
		return keyhaven.Account{}, err
	}
	var canonical [32]byte
	rand.Read(canonical[:])
	return keyhaven.Account{
		ID:          keyhaven.AccountID(strconv.FormatInt(n.Int64()+100_000_000_000, 10)),
		CanonicalID: hex.EncodeToString(canonical[:]),
		CreatedAt:   s.now().UTC(),
		Name:        name,
	}, nil
}

// CreateAccount makes an account, under the id if one is given. It has no key
// yet. Errors: Invalid account for a bad name or id; AlreadyExists account.
func (s *Service) CreateAccount(ctx context.Context, name string, id keyhaven.AccountID) (*keyhaven.Account, error) {
	if n := utf8.RuneCountInString(name); n == 0 || n > maxAccountName || !utf8.ValidString(name) {
		return nil, accountError(keyhaven.Invalid, name, "An account's name has 1 to 50 characters.")
	}
	if id != "" && !id.Valid() {
		return nil, accountError(keyhaven.Invalid, string(id), "An account's id has twelve digits.")
	}
	a, err := s.NewAccount(name)
	if err != nil {
		return nil, err
	}
	if id != "" {
		a.ID = id
	}
	err = s.meta.Update(ctx, func(tx *meta.Txn) error {
		_, err := tx.Account(a.ID)
		switch {
		case err == nil:
			return accountError(keyhaven.AlreadyExists, string(a.ID), "There is or was an account with this id.")
		case keyhaven.KindOf(err) != keyhaven.NotFound:
			return err
		}
		return tx.PutAccount(a)
	})
	return &a, err
}

func accountError(k keyhaven.Kind, id, msg string) error {
	return &keyhaven.Error{Kind: k, Noun: keyhaven.NounAccount, ID: id, Msg: msg}
}

// Accounts returns every account, closed ones too, in order of id.
func (s *Service) Accounts(ctx context.Context) (all []*keyhaven.Account, err error) {
	err = s.meta.View(ctx, func(r *meta.Reader) error {
		all = nil
		return r.Accounts(func(a *keyhaven.Account) error {
			all = append(all, a)
			return nil
		})
	})
	return all, err
}

// Account returns an account. Errors: NotFound account.
func (s *Service) Account(ctx context.Context, id keyhaven.AccountID) (a *keyhaven.Account, err error) {
	err = s.meta.View(ctx, func(r *meta.Reader) (err error) {
		a, err = r.Account(id)
		return err
	})
	return a, err
}

// dropBatch is how many records of a closed account one transaction deletes.
const dropBatch = 500

// CloseAccount closes an account for ever: from the first of its commits on,
// nothing of it is accepted any more; then its users, keys, roles and policies
// are deleted. Its number is never given again. A close that was cut off is
// finished by another. Errors: NotFound account; NotEmpty account while it has
// buckets; Conflict account for the one that the installation began with.
func (s *Service) CloseAccount(ctx context.Context, id keyhaven.AccountID) error {
	err := s.meta.Update(ctx, func(tx *meta.Txn) error {
		a, err := tx.Account(id)
		if err != nil {
			return err
		}
		in, err := tx.Installation()
		if err != nil {
			return err
		}
		if in != nil && in.Account == id {
			return accountError(keyhaven.Conflict, string(id), "The account that the installation began with cannot be closed.")
		}
		has := false
		if err := tx.Buckets(id, "", func(*keyhaven.Bucket) bool { has = true; return false }); err != nil {
			return err
		}
		if has {
			return accountError(keyhaven.NotEmpty, string(id), "The account has buckets. Delete them first.")
		}
		if !a.Closed() {
			a.ClosedAt = s.now().UTC()
		}
		a.Alias, a.Login = "", nil
		return tx.PutAccount(*a)
	})
	for done := false; err == nil && !done; {
		err = s.meta.Update(ctx, func(tx *meta.Txn) (err error) {
			done, err = tx.DropAccount(id, dropBatch)
			return err
		})
	}
	return err
}

var accountAlias = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// SetAlias gives the account an alias that no other account has. Errors: Invalid
// account; AlreadyExists account.
func (s *Service) SetAlias(ctx context.Context, id keyhaven.AccountID, alias string) error {
	if len(alias) < 3 || len(alias) > 63 || !accountAlias.MatchString(alias) || keyhaven.AccountID(alias).Valid() {
		return accountError(keyhaven.Invalid, alias, "An account alias has 3 to 63 lower-case letters, digits and single hyphens, and begins and ends with a letter or a digit.")
	}
	return s.meta.Update(ctx, func(tx *meta.Txn) error {
		other, err := tx.AccountByAlias(alias)
		switch {
		case err == nil && other.ID != id:
			return accountError(keyhaven.AlreadyExists, alias, "The account alias "+alias+" already exists.")
		case err != nil && keyhaven.KindOf(err) != keyhaven.NotFound:
			return err
		}
		a, err := tx.Account(id)
		if err != nil {
			return err
		}
		a.Alias = alias
		return tx.PutAccount(*a)
	})
}

// DeleteAlias takes the alias away. Errors: NotFound account when it has another
// or none.
func (s *Service) DeleteAlias(ctx context.Context, id keyhaven.AccountID, alias string) error {
	return s.meta.Update(ctx, func(tx *meta.Txn) error {
		a, err := tx.Account(id)
		if err != nil {
			return err
		}
		if alias == "" || a.Alias != alias {
			return accountError(keyhaven.NotFound, alias, "The account alias "+alias+" cannot be found.")
		}
		a.Alias = ""
		return tx.PutAccount(*a)
	})
}

// FindAccount returns the open account of this id or alias. Errors: NotFound.
func (s *Service) FindAccount(ctx context.Context, idOrAlias string) (a *keyhaven.Account, err error) {
	err = s.meta.View(ctx, func(r *meta.Reader) (err error) {
		a, err = findAccount(r, idOrAlias)
		return err
	})
	return a, err
}

func findAccount(r *meta.Reader, idOrAlias string) (*keyhaven.Account, error) {
	find := r.AccountByAlias
	if keyhaven.AccountID(idOrAlias).Valid() {
		find = func(id string) (*keyhaven.Account, error) { return r.Account(keyhaven.AccountID(id)) }
	}
	a, err := find(idOrAlias)
	if err == nil && a.Closed() {
		return nil, &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounAccount, ID: idOrAlias}
	}
	return a, err
}

// Summary counts what an account has.
type Summary struct {
	Users, Groups, Roles, Policies, Profiles, Providers int
	RootKeys                                            int
	RootPassword                                        bool
	MFADevices, MFADevicesInUse                         int
	RootMFA                                             bool
}

// Summary counts what an account has.
func (s *Service) Summary(ctx context.Context, id keyhaven.AccountID) (sum Summary, err error) {
	err = s.meta.View(ctx, func(r *meta.Reader) error {
		a, err := r.Account(id)
		if err != nil {
			return err
		}
		keys, err := r.RootKeys(id)
		if err != nil {
			return err
		}
		sum = Summary{RootKeys: len(keys), RootPassword: a.Login != nil}
		for kind, n := range map[byte]*int{
			meta.EntityUser: &sum.Users, meta.EntityGroup: &sum.Groups, meta.EntityRole: &sum.Roles,
			meta.EntityPolicy: &sum.Policies, meta.EntityProfile: &sum.Profiles, meta.EntityProvider: &sum.Providers,
		} {
			if *n, err = r.CountEntities(id, kind); err != nil {
				return err
			}
		}
		return meta.Entities(r, id, "", func(d *keyhaven.MFADevice) (bool, error) {
			sum.MFADevices++
			if d.Owner != "" {
				sum.MFADevicesInUse++
			}
			sum.RootMFA = sum.RootMFA || d.Owner == string(id)
			return true, nil
		})
	})
	return sum, err
}
