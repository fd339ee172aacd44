package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// The cost of a password: OWASP's recommendation for Argon2id with 19 MiB.
const (
	argonTime    = 2
	argonMemory  = 19 << 10 // KiB
	argonThreads = 1
	argonSalt    = 16
	argonKey     = 32
)

// hashing bounds the memory and the processors that passwords take.
type hashing chan struct{}

func newHashing() hashing { return make(hashing, 2) }

func (h hashing) do(ctx context.Context, fn func()) error {
	select {
	case h <- struct{}{}:
		defer func() { <-h }()
		fn()
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// hash is the password in the PHC string format.
func (s *Service) hash(ctx context.Context, password string) (out string, err error) {
	var salt [argonSalt]byte
	rand.Read(salt[:])
	err = s.hashing.do(ctx, func() {
		key := argon2.IDKey([]byte(password), salt[:], argonTime, argonMemory, argonThreads, argonKey)
		enc := base64.RawStdEncoding
		out = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads,
			enc.EncodeToString(salt[:]), enc.EncodeToString(key))
	})
	return out, err
}

var errHash = errors.New("identity: a password's record is damaged")

// matches reports whether the password is the one of a hash.
func (s *Service) matches(ctx context.Context, password, hash string) (ok bool, err error) {
	var version, memory, time, threads int
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, errHash
	}
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &time, &threads); err != nil || memory < 1 || time < 1 || threads < 1 || threads > 255 {
		return false, errHash
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(want) == 0 {
		return false, errHash
	}
	err = s.hashing.do(ctx, func() {
		got := argon2.IDKey([]byte(password), salt, uint32(time), uint32(memory), uint8(threads), uint32(len(want)))
		ok = subtle.ConstantTimeCompare(got, want) == 1
	})
	return ok, err
}

// CheckPassword applies IAM's default password policy: 8 to 128 characters, three
// of the four kinds of characters, and not the name.
func CheckPassword(password, name string) error {
	n := utf8.RuneCountInString(password)
	var kinds [4]bool
	for _, r := range password {
		switch {
		case unicode.IsUpper(r):
			kinds[0] = true
		case unicode.IsLower(r):
			kinds[1] = true
		case unicode.IsDigit(r):
			kinds[2] = true
		default:
			kinds[3] = true
		}
	}
	has := 0
	for _, k := range kinds {
		if k {
			has++
		}
	}
	if n < 8 || n > 128 || has < 3 || strings.EqualFold(password, name) || !utf8.ValidString(password) {
		return failure(keyhaven.Invalid, keyhaven.NounPassword, name, "Password does not conform to the account password policy: 8 to 128 characters, with three of upper-case letters, lower-case letters, digits and symbols, and not the user's name.")
	}
	return nil
}

// CreateLogin gives a user a password. Errors: NotFound user; AlreadyExists login
// profile; Invalid password.
func (s *Service) CreateLogin(ctx context.Context, account keyhaven.AccountID, user, password string, reset bool) (*keyhaven.Login, error) {
	if err := CheckPassword(password, user); err != nil {
		return nil, err
	}
	hash, err := s.hash(ctx, password)
	if err != nil {
		return nil, err
	}
	l := &keyhaven.Login{Hash: hash, CreatedAt: s.time(), Since: s.now().UTC(), ResetRequired: reset}
	err = change(ctx, s, users, account, user, func(_ *meta.Txn, u *keyhaven.User) error {
		if u.Login != nil {
			return failure(keyhaven.AlreadyExists, keyhaven.NounLoginProfile, user, "Login Profile for user "+user+" already exists.")
		}
		u.Login = l
		return nil
	})
	return l, err
}

func missingLogin(user string) error {
	return failure(keyhaven.NotFound, keyhaven.NounLoginProfile, user, "Login Profile for User "+user+" cannot be found.")
}

// Login returns the login profile of a user. Errors: NotFound user, login
// profile.
func (s *Service) Login(ctx context.Context, account keyhaven.AccountID, user string) (*keyhaven.Login, error) {
	u, err := s.User(ctx, account, user)
	if err != nil {
		return nil, err
	}
	if u.Login == nil {
		return nil, missingLogin(user)
	}
	return u.Login, nil
}

// UpdateLogin changes the password, or whether it must be changed; what is nil
// stays. With the password all sessions that it opened are over. Errors: NotFound
// user, login profile; Invalid password.
func (s *Service) UpdateLogin(ctx context.Context, account keyhaven.AccountID, user string, password *string, reset *bool) error {
	hash := ""
	if password != nil {
		if err := CheckPassword(*password, user); err != nil {
			return err
		}
		var err error
		if hash, err = s.hash(ctx, *password); err != nil {
			return err
		}
	}
	return change(ctx, s, users, account, user, func(_ *meta.Txn, u *keyhaven.User) error {
		if u.Login == nil {
			return missingLogin(user)
		}
		l := *u.Login
		if hash != "" {
			l.Hash, l.Since, l.ResetRequired = hash, s.now().UTC(), false
		}
		if reset != nil {
			l.ResetRequired = *reset
		}
		u.Login = &l
		return nil
	})
}

// DeleteLogin takes a user's password away; the sessions that it opened are over.
// Errors: NotFound user, login profile.
func (s *Service) DeleteLogin(ctx context.Context, account keyhaven.AccountID, user string) error {
	return change(ctx, s, users, account, user, func(_ *meta.Txn, u *keyhaven.User) error {
		if u.Login == nil {
			return missingLogin(user)
		}
		u.Login = nil
		return nil
	})
}

// ChangePassword changes a user's own password. Errors: NotFound login profile;
// Denied password for a wrong old one; Invalid password.
func (s *Service) ChangePassword(ctx context.Context, account keyhaven.AccountID, user, old, password string) error {
	l, err := s.Login(ctx, account, user)
	if err != nil {
		return err
	}
	ok, err := s.matches(ctx, old, l.Hash)
	if err != nil {
		return err
	}
	if !ok {
		return failure(keyhaven.Denied, keyhaven.NounPassword, user, "The old password was incorrect.")
	}
	return s.UpdateLogin(ctx, account, user, &password, nil)
}

// rootLogin is the login of a root with this password.
func (s *Service) rootLogin(ctx context.Context, password string) (*keyhaven.Login, error) {
	if err := CheckPassword(password, "root"); err != nil {
		return nil, err
	}
	hash, err := s.hash(ctx, password)
	if err != nil {
		return nil, err
	}
	return &keyhaven.Login{Hash: hash, CreatedAt: s.time(), Since: s.now().UTC()}, nil
}

// SetRootPassword gives the root of an account a password, or takes it away when
// it is empty. The sessions that an old one opened are over. Errors: NotFound
// account; Invalid password.
func (s *Service) SetRootPassword(ctx context.Context, account keyhaven.AccountID, password string) (err error) {
	var l *keyhaven.Login
	if password != "" {
		if l, err = s.rootLogin(ctx, password); err != nil {
			return err
		}
	}
	return s.meta.Update(ctx, func(tx *meta.Txn) error {
		a, err := tx.Account(account)
		if err != nil {
			return err
		}
		a.Login, a.Invitation = l, nil
		return tx.PutAccount(*a)
	})
}

// nobodysHash is compared with when there is no such user, so that it takes as
// long as when there is.
const nobodysHash = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// SignedIn is who has signed in with a password.
type SignedIn struct {
	Principal     keyhaven.Principal // a user, or the root
	ResetRequired bool               // the password must be changed first
}

// SignIn checks the password of a user of an account, named by its id or alias;
// of its root when user is empty. It tells nobody what was wrong. Errors: Denied
// password.
func (s *Service) SignIn(ctx context.Context, account, user, password string) (*SignedIn, error) {
	wrong := failure(keyhaven.Denied, keyhaven.NounPassword, "", "Your authentication information is incorrect. Please try again.")
	in := &SignedIn{}
	hash, known := nobodysHash, false
	err := s.meta.View(ctx, func(r *meta.Reader) error {
		a, err := findAccount(r, account)
		if err != nil {
			return err
		}
		in.Principal = keyhaven.Principal{Kind: keyhaven.Root, Account: a.ID, CanonicalID: a.CanonicalID}
		l := a.Login
		if user != "" {
			u, err := r.User(a.ID, user)
			if err != nil {
				return err
			}
			in.Principal.Kind, in.Principal.ID, in.Principal.Name, in.Principal.Arn = keyhaven.UserPrincipal, u.ID, u.Name, u.ARN()
			l = u.Login
		}
		if l != nil {
			hash, known, in.ResetRequired = l.Hash, true, l.ResetRequired
		}
		return nil
	})
	if err != nil && keyhaven.KindOf(err) != keyhaven.NotFound {
		return nil, err
	}
	ok, err := s.matches(ctx, password, hash)
	if err != nil {
		return nil, err
	}
	if !ok || !known {
		return nil, wrong
	}
	return in, s.signedIn(ctx, &in.Principal)
}

// signedIn notes when a password was last used.
func (s *Service) signedIn(ctx context.Context, p *keyhaven.Principal) error {
	return s.meta.Update(ctx, func(tx *meta.Txn) error {
		if p.Kind == keyhaven.Root {
			a, err := tx.Account(p.Account)
			if err != nil {
				return err
			}
			a.LoginUsed = s.time()
			return tx.PutAccount(*a)
		}
		u, err := tx.UserByID(p.ID)
		if err != nil {
			return err
		}
		u.PasswordLastUsed = s.time()
		return tx.PutEntity(u)
	})
}
