package meta

import (
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv"
)

// Session is somebody's sign-in to the console. It is kept as a system record
// under "session/" and its id.
type Session struct {
	ID        string // no secret: the hash of what the browser holds
	Account   keyhaven.AccountID
	KeyID     string      // the access key that signed in; "" for a password
	UserID    string      // the user that signed in with a password; "" for a root
	Role      *RoleSignIn // by a token of an identity provider; nil for a person of the account
	Password  time.Time   // since when the password is the one that signed in
	MFA       time.Time   // when the code of an MFA device was shown; zero for never
	CreatedAt time.Time
	ExpiresAt time.Time
}

// RoleSignIn is a sign-in as a role.
type RoleSignIn struct {
	ID       string // of the role
	Name     string // of the session
	Provider string // ARN of the identity provider
	Subject  string // whom it knows the person as
	Audience string // the client that the person signed in by
}

const sessionPrefix = "session/"

// Session returns the session, or NotFound account: nobody is signed in by it.
func (r *Reader) Session(id string) (*Session, error) {
	rec, err := r.get(key1(kindSystem, sessionPrefix+id))
	if err != nil {
		return nil, err
	}
	if rec == nil {
		return nil, &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounAccount}
	}
	return decodeSession(id, rec)
}

func decodeSession(id string, rec []byte) (*Session, error) {
	s := &Session{ID: id}
	err := decode("session", rec, func(n protowire.Number, f field) error {
		switch n {
		case 1:
			s.Account = keyhaven.AccountID(f.str())
		case 2:
			s.KeyID = f.str()
		case 3:
			s.CreatedAt = f.time()
		case 4:
			s.ExpiresAt = f.time()
		case 5:
			s.UserID = f.str()
		case 6:
			s.Password = f.time()
		case 7:
			s.MFA = f.time()
		case 8:
			s.Role = &RoleSignIn{}
			return decodeFields("role of a session", f.bytes, s.Role.field)
		}
		return nil
	})
	return s, err
}

func (s *RoleSignIn) field(n protowire.Number, f field) error {
	switch n {
	case 1:
		s.ID = f.str()
	case 2:
		s.Name = f.str()
	case 3:
		s.Provider = f.str()
	case 4:
		s.Subject = f.str()
	case 5:
		s.Audience = f.str()
	}
	return nil
}

// Sessions returns up to limit sessions in order of id.
func (r *Reader) Sessions(limit int) (all []*Session, err error) {
	prefix := key1(kindSystem, sessionPrefix)
	err = r.scan(kv.Prefix(prefix), func(k, rec []byte) (bool, error) {
		s, err := decodeSession(strings.Clone(string(k[len(prefix):])), rec)
		if err != nil {
			return false, err
		}
		all = append(all, s)
		return len(all) < limit, nil
	})
	return all, err
}

// PutSession writes the session.
func (t *Txn) PutSession(s *Session) error {
	e := newRecord(96)
	e.string(1, string(s.Account))
	e.string(2, s.KeyID)
	e.time(3, s.CreatedAt)
	e.time(4, s.ExpiresAt)
	e.string(5, s.UserID)
	e.time(6, s.Password)
	e.time(7, s.MFA)
	if r := s.Role; r != nil {
		var g encoder
		g.string(1, r.ID)
		g.string(2, r.Name)
		g.string(3, r.Provider)
		g.string(4, r.Subject)
		g.string(5, r.Audience)
		e.group(8, g)
	}
	return t.t.Set(key1(kindSystem, sessionPrefix+s.ID), e.b)
}

// DeleteSession deletes the session, if there is one.
func (t *Txn) DeleteSession(id string) error {
	return t.t.Delete(key1(kindSystem, sessionPrefix+id))
}
