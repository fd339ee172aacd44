package access

import (
	"context"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/policy"
)

// RoleSignIn is who signs in as a role: somebody whom an identity provider has
// proved, and whom the role's trust policy admits.
type RoleSignIn struct {
	Role     *keyhaven.Role
	Name     string // of the session
	Provider string // ARN of the identity provider
	Subject  string
	Audience string
}

// SignInAsRole opens a session of a role. It ends with SignOut, with the role or
// when the role's sessions are revoked, and after the role's maximum session
// duration or SessionLifetime. Errors: Unauthenticated access key when the role has
// gone meanwhile; LimitExceeded access key when too many are signed in.
func (s *Service) SignInAsRole(ctx context.Context, in RoleSignIn) (*SignIn, error) {
	now := time.Now().UTC()
	rec := &meta.Session{
		Account: in.Role.Account, CreatedAt: now, ExpiresAt: now.Add(time.Duration(in.Role.MaxSession) * time.Second),
		Role: &meta.RoleSignIn{ID: in.Role.ID, Name: in.Name, Provider: in.Provider, Subject: in.Subject, Audience: in.Audience},
	}
	p, err := s.personOf(ctx, roleCredential(rec))
	if err != nil {
		return nil, err
	}
	return s.openSession(ctx, rec, p)
}

// roleCredential is the credential behind a session of a role.
func roleCredential(rec *meta.Session) *credential {
	return &credential{active: true, kind: AssumedSession, session: roleClaims(rec)}
}

// roleClaims are what the tokens of a session of a role hold. They are as old as
// the session: who revokes what is older than now means it too.
func roleClaims(rec *meta.Session) *claims {
	r := rec.Role
	keys := policy.WebIdentityKeys(r.Provider, r.Subject, r.Audience)
	keys["aws:tokenissuetime"] = []string{rec.CreatedAt.Format(time.RFC3339)}
	return &claims{
		Kind: AssumedSession, Account: rec.Account, ID: r.ID, Name: r.Name, Issued: rec.CreatedAt, Expires: rec.ExpiresAt,
		Console: rec.ID, Keys: keys,
	}
}

// roleCredentials makes credentials for the page of a session of a role.
func (s *Service) roleCredentials(rec *meta.Session, expires time.Time) (*TemporaryCredentials, error) {
	c := roleClaims(rec)
	c.Secret, c.Expires = newSecret().Reveal(), expires.Truncate(time.Second)
	made, err := s.sealSession(c)
	if err != nil {
		return nil, err
	}
	return &TemporaryCredentials{AccessKeyID: made.AccessKeyID, Secret: made.Secret, Token: made.Token, ExpiresAt: made.Expires}, nil
}
