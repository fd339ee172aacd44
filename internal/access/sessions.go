package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/sigv4"
)

// How long a sign-in to the console lasts, and the credentials that its page is
// given each time.
const (
	SessionLifetime     = 12 * time.Hour
	CredentialsLifetime = time.Hour
)

// maxSessions bounds how many people are signed in at the same time.
const maxSessions = 10_000

// SignIn is an open sign-in to the console.
type SignIn struct {
	Token     keyhaven.Secret // what the browser keeps; set by the call that signs in
	Principal keyhaven.Principal
	ExpiresAt time.Time
}

// TemporaryCredentials are a key that needs its token and ends by itself.
type TemporaryCredentials struct {
	AccessKeyID string
	Secret      keyhaven.Secret
	Token       keyhaven.Secret
	ExpiresAt   time.Time
}

// SecondFactor asks who has proved to be somebody for the code of an MFA device. It
// returns when it was shown, zero when they have none.
type SecondFactor func(context.Context, *keyhaven.Principal) (time.Time, error)

// SignInWithKey opens a session for the holder of an access key of the root or
// of a user, who then passes the second factor, nil for none. The session ends with SignOut, with SessionLifetime, and with the
// key. Errors: Unauthenticated access key, whatever is wrong with the pair;
// LimitExceeded access key when too many are signed in.
func (s *Service) SignInWithKey(ctx context.Context, id string, secret keyhaven.Secret, second SecondFactor) (*SignIn, error) {
	cred, err := s.credential(ctx, id)
	if keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounAccessKey) {
		return nil, unknownKey("")
	}
	if err != nil {
		return nil, err
	}
	have, want := sha256.Sum256([]byte(secret.Reveal())), sha256.Sum256([]byte(cred.secret.Reveal()))
	if subtle.ConstantTimeCompare(have[:], want[:]) != 1 || !cred.active || cred.owner == keyhaven.OwnerBucket {
		return nil, unknownKey("")
	}
	p, err := s.personOf(ctx, cred)
	if err != nil {
		return nil, err
	}
	if second != nil {
		if p.MFA, err = second(ctx, &p); err != nil {
			return nil, err
		}
	}
	return s.openSession(ctx, &meta.Session{Account: cred.account, KeyID: id}, p)
}

// SignInAs opens a session for who has proved to be the root or a user, by a
// password, and shown the code of an MFA device when who.MFA says. The session ends with SignOut, with SessionLifetime, with the user,
// and when the password is changed. Errors: Unauthenticated access key when the
// password has gone meanwhile; LimitExceeded access key when too many are signed
// in.
func (s *Service) SignInAs(ctx context.Context, who *keyhaven.Principal) (*SignIn, error) {
	rec := &meta.Session{Account: who.Account, UserID: who.ID}
	cred := passwordCredential(rec)
	sub, err := s.subject(ctx, rec.Account, cred.holderID())
	if err != nil {
		return nil, err
	}
	if !sub.found || sub.login.IsZero() {
		return nil, unknownKey("")
	}
	rec.Password = sub.login
	p, err := s.personOf(ctx, cred)
	if err != nil {
		return nil, err
	}
	p.MFA = who.MFA
	return s.openSession(ctx, rec, p)
}

// passwordCredential is the credential behind a session that a password opened:
// it has no key, and tells whose the session is.
func passwordCredential(rec *meta.Session) *credential {
	cred := &credential{owner: keyhaven.OwnerRoot, account: rec.Account, userID: rec.UserID, active: true}
	if rec.UserID != "" {
		cred.owner = keyhaven.OwnerUser
	}
	return cred
}

// personOf is whom a session stands for.
func (s *Service) personOf(ctx context.Context, cred *credential) (keyhaven.Principal, error) {
	p, _, err := s.resolve(ctx, cred)
	if errors.Is(err, errDead) {
		err = unknownKey("")
	}
	return p, err
}

func (s *Service) openSession(ctx context.Context, rec *meta.Session, p keyhaven.Principal) (*SignIn, error) {
	var raw [32]byte
	rand.Read(raw[:])
	token := base64.RawURLEncoding.EncodeToString(raw[:])
	now := time.Now().UTC()
	rec.ID, rec.CreatedAt, rec.MFA = sessionID(token), now, p.MFA
	if limit := now.Add(SessionLifetime); rec.ExpiresAt.IsZero() || rec.ExpiresAt.After(limit) {
		rec.ExpiresAt = limit
	}
	err := s.meta.Update(ctx, func(tx *meta.Txn) error {
		all, err := tx.Sessions(maxSessions)
		if err != nil {
			return err
		}
		left := len(all)
		for _, old := range all {
			if old.ExpiresAt.After(now) {
				continue
			}
			if err := tx.DeleteSession(old.ID); err != nil {
				return err
			}
			left--
		}
		if left >= maxSessions {
			return &keyhaven.Error{Kind: keyhaven.LimitExceeded, Noun: keyhaven.NounAccessKey, Msg: "Too many people are signed in."}
		}
		return tx.PutSession(rec)
	})
	if err != nil {
		return nil, err
	}
	return &SignIn{Token: keyhaven.NewSecret(token), Principal: p, ExpiresAt: rec.ExpiresAt}, nil
}

// sessionID is the name under which a session is kept: who reads the store
// cannot sign in with what stands there.
func sessionID(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// SignedIn returns the session of the token. Errors: Unauthenticated access key
// when it has ended or never was.
func (s *Service) SignedIn(ctx context.Context, token keyhaven.Secret) (*SignIn, error) {
	rec, cred, err := s.session(ctx, sessionID(token.Reveal()))
	if err != nil {
		return nil, err
	}
	p, err := s.personOf(ctx, cred)
	if err != nil {
		return nil, err
	}
	p.MFA = rec.MFA
	return &SignIn{Principal: p, ExpiresAt: rec.ExpiresAt}, nil
}

// SignOut ends the session of the token. When it returns, the credentials that
// the session was given are refused.
func (s *Service) SignOut(ctx context.Context, token keyhaven.Secret) error {
	return s.meta.Update(ctx, func(tx *meta.Txn) error { return tx.DeleteSession(sessionID(token.Reveal())) })
}

// session returns an open session and the credential behind it.
func (s *Service) session(ctx context.Context, id string) (*meta.Session, *credential, error) {
	var rec *meta.Session
	err := s.meta.View(ctx, func(r *meta.Reader) (err error) {
		rec, err = r.Session(id)
		return err
	})
	ended := unknownKey("")
	if keyhaven.KindOf(err) == keyhaven.NotFound || err == nil && !rec.ExpiresAt.After(time.Now()) {
		return nil, nil, ended
	}
	if err != nil {
		return nil, nil, err
	}
	if rec.Role != nil {
		cred := roleCredential(rec)
		sub, err := s.subject(ctx, rec.Account, rec.Role.ID)
		if err == nil && (!sub.found || sub.since.After(rec.CreatedAt)) {
			return nil, nil, ended
		}
		return rec, cred, err
	}
	if rec.KeyID == "" {
		cred := passwordCredential(rec)
		sub, err := s.subject(ctx, rec.Account, cred.holderID())
		if err == nil && (!sub.found || !sub.login.Equal(rec.Password)) {
			return nil, nil, ended
		}
		return rec, cred, err
	}
	cred, err := s.credential(ctx, rec.KeyID)
	if keyhaven.KindOf(err) == keyhaven.NotFound || err == nil && !cred.active {
		return nil, nil, ended
	}
	return rec, cred, err
}

// consoleToken begins the session tokens of the console's credentials.
const consoleToken = "khc1."

// consoleClaims are what such a token holds, sealed for its access key id.
type consoleClaims struct {
	Session string    `json:"s"`
	Secret  string    `json:"k"`
	Expires time.Time `json:"e"`
}

// SessionCredentials makes credentials for the page of an open session: they act
// as the principal behind it, for CredentialsLifetime, and end with the session.
// Errors: Unauthenticated access key.
func (s *Service) SessionCredentials(ctx context.Context, token keyhaven.Secret) (*TemporaryCredentials, error) {
	rec, _, err := s.session(ctx, sessionID(token.Reveal()))
	if err != nil {
		return nil, err
	}
	expires := time.Now().UTC().Add(CredentialsLifetime)
	if rec.ExpiresAt.Before(expires) {
		expires = rec.ExpiresAt
	}
	if rec.Role != nil {
		return s.roleCredentials(rec, expires)
	}
	id, secret := newSessionID(), newSecret()
	claims, err := json.Marshal(consoleClaims{Session: rec.ID, Secret: secret.Reveal(), Expires: expires})
	if err != nil {
		return nil, err
	}
	sealed, err := s.ring.Seal(claims, consoleToken+id)
	if err != nil {
		return nil, err
	}
	return &TemporaryCredentials{
		AccessKeyID: id, Secret: secret, ExpiresAt: expires,
		Token: keyhaven.NewSecret(consoleToken + base64.RawURLEncoding.EncodeToString(sealed)),
	}, nil
}

// consoleCredential returns the credential that a token of the console stands
// for; ok is false for any other token. The session is looked up for every
// request, so that signing out needs no cache to be told.
func (s *Service) consoleCredential(ctx context.Context, sig *sigv4.Signature) (c *credential, ok bool, err error) {
	raw, ok := strings.CutPrefix(sig.SessionToken.Reveal(), consoleToken)
	if !ok {
		return nil, false, nil
	}
	invalid := &keyhaven.Error{
		Kind: keyhaven.Unauthenticated, Noun: keyhaven.NounAccessKey, ID: sig.AccessKeyID,
		Msg: "The provided token is malformed or otherwise invalid.",
	}
	sealed, err := base64.RawURLEncoding.DecodeString(raw)
	if err != nil {
		return nil, true, invalid
	}
	var claims consoleClaims
	plain, err := s.ring.Open(sealed, consoleToken+sig.AccessKeyID)
	if err != nil || json.Unmarshal(plain, &claims) != nil || !claims.Expires.After(time.Now()) {
		return nil, true, invalid
	}
	rec, parent, err := s.session(ctx, claims.Session)
	if keyhaven.KindOf(err) == keyhaven.Unauthenticated {
		return nil, true, invalid
	}
	if err != nil {
		return nil, true, err
	}
	return &credential{
		id: sig.AccessKeyID, secret: keyhaven.NewSecret(claims.Secret), active: true, kind: SignInSession, console: claims.Session,
		owner: parent.owner, account: parent.account, userID: parent.userID, mfa: rec.MFA,
	}, true, nil
}
