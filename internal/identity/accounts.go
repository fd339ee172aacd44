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

// AccountInput says what account to make.
type AccountInput struct {
	Name     string
	ID       keyhaven.AccountID // chosen at random when empty
	Password keyhaven.Secret    // of the root; none when zero
	Invite   bool               // the root chooses a password by an invitation
}

// CreateAccount makes an account, which has no key yet, and returns the code of
// the invitation if there is one. Errors: Invalid account for a bad name or id;
// Invalid password; AlreadyExists account.
func (s *Service) CreateAccount(ctx context.Context, in AccountInput) (*keyhaven.Account, keyhaven.Secret, error) {
	var code keyhaven.Secret
	if n := utf8.RuneCountInString(in.Name); n == 0 || n > maxAccountName || !utf8.ValidString(in.Name) {
		return nil, code, accountError(keyhaven.Invalid, in.Name, "An account's name has 1 to 50 characters.")
	}
	if in.ID != "" && !in.ID.Valid() {
		return nil, code, accountError(keyhaven.Invalid, string(in.ID), "An account's id has twelve digits.")
	}
	a, err := s.NewAccount(in.Name)
	if err != nil {
		return nil, code, err
	}
	if in.ID != "" {
		a.ID = in.ID
	}
	if !in.Password.IsZero() {
		if a.Login, err = s.rootLogin(ctx, in.Password.Reveal()); err != nil {
			return nil, code, err
		}
	}
	if in.Invite {
		code = s.invite(&a, InvitationLifetime)
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
	return &a, code, err
}

func accountError(k keyhaven.Kind, id, msg string) error {
	return &keyhaven.Error{Kind: k, Noun: keyhaven.NounAccount, ID: id, Msg: msg}
}

// Accounts returns every account, closed ones too, in order of id.
func (s *Service) Accounts(ctx context.Context) (all []*keyhaven.Account, err error) {
	err = s.meta.View(ctx, func(r *meta.Reader) error {
		all = nil
		return r.Accounts("", func(a *keyhaven.Account) bool {
			all = append(all, a)
			return true
		})
	})
	return all, err
}

// AccountsFrom returns up to limit accounts in order of id, from the first that is
// at or after from, and the id of the next one, "" if there is none.
func (s *Service) AccountsFrom(ctx context.Context, from keyhaven.AccountID, limit int) (page []*keyhaven.Account, next keyhaven.AccountID, err error) {
	err = s.meta.View(ctx, func(r *meta.Reader) error {
		page, next = nil, ""
		return r.Accounts(from, func(a *keyhaven.Account) bool {
			if len(page) == limit {
				next = a.ID
				return false
			}
			page = append(page, a)
			return true
		})
	})
	return page, next, err
}

// FirstAccount returns the id of the account that the installation began with.
func (s *Service) FirstAccount(ctx context.Context) (id keyhaven.AccountID, err error) {
	err = s.meta.View(ctx, func(r *meta.Reader) error {
		in, err := r.Installation()
		if in != nil {
			id = in.Account
		}
		return err
	})
	return id, err
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
// finished by another. It returns what went with it. Errors: NotFound account;
// NotEmpty account while it has buckets; Conflict account for the one that the
// installation began with.
func (s *Service) CloseAccount(ctx context.Context, id keyhaven.AccountID) (lost Contents, err error) {
	err = s.meta.Update(ctx, func(tx *meta.Txn) error {
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
		if lost, err = contents(&tx.Reader, id); err != nil {
			return err
		}
		if lost.Buckets > 0 {
			return accountError(keyhaven.NotEmpty, string(id), "The account has buckets. Delete them first.")
		}
		if !a.Closed() {
			a.ClosedAt = s.now().UTC()
		}
		a.Alias, a.Login, a.Invitation = "", nil, nil
		return tx.PutAccount(*a)
	})
	for done := false; err == nil && !done; {
		err = s.meta.Update(ctx, func(tx *meta.Txn) (err error) {
			done, err = tx.DropAccount(id, dropBatch)
			return err
		})
	}
	return lost, err
}

// Contents counts what an account has, and loses when it is closed.
type Contents struct {
	Buckets, Users, Groups, Roles, Policies, Instances int
}

// AccountContents counts what an account has. Errors: NotFound account.
func (s *Service) AccountContents(ctx context.Context, id keyhaven.AccountID) (c Contents, err error) {
	err = s.meta.View(ctx, func(r *meta.Reader) (err error) {
		if _, err = r.Account(id); err == nil {
			c, err = contents(r, id)
		}
		return err
	})
	return c, err
}

func contents(r *meta.Reader, id keyhaven.AccountID) (c Contents, err error) {
	if err := r.Buckets(id, "", func(*keyhaven.Bucket) bool { c.Buckets++; return true }); err != nil {
		return c, err
	}
	return c, countEntities(r, id, map[byte]*int{
		meta.EntityUser: &c.Users, meta.EntityGroup: &c.Groups, meta.EntityRole: &c.Roles,
		meta.EntityPolicy: &c.Policies, meta.EntityInstance: &c.Instances,
	})
}

func countEntities(r *meta.Reader, id keyhaven.AccountID, kinds map[byte]*int) (err error) {
	for kind, n := range kinds {
		if *n, err = r.CountEntities(id, kind); err != nil {
			return err
		}
	}
	return nil
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
		err = countEntities(r, id, map[byte]*int{
			meta.EntityUser: &sum.Users, meta.EntityGroup: &sum.Groups, meta.EntityRole: &sum.Roles,
			meta.EntityPolicy: &sum.Policies, meta.EntityProfile: &sum.Profiles, meta.EntityProvider: &sum.Providers,
		})
		if err != nil {
			return err
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
