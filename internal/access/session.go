package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/policy"
)

// SessionKind says how temporary credentials came to be, which limits what they
// may ask of IAM and STS.
type SessionKind uint8

// The kinds of sessions. The zero value is none: a long-term key.
const (
	NoSession      SessionKind = iota
	TokenSession               // GetSessionToken
	AssumedSession             // AssumeRole and AssumeRoleWithWebIdentity
	FederatedSession
	SignInSession  // a person at the console: see sessions.go
	MachineSession // a registered machine
)

// SessionInput says what a session is to be.
type SessionInput struct {
	Kind     SessionKind
	Of       keyhaven.Principal // whose rights it has: root, user, role or machine
	Name     string             // of the session, where it has one
	Parent   *Identity          // whose credentials asked for it; nil for none
	Duration time.Duration
	// Policies and PolicyARNs narrow it; so does neither, which narrows nothing
	// but for a federated session, which then has no rights of its own.
	Policies   []string
	PolicyARNs []string
	Tags       []keyhaven.Tag // session tags: aws:PrincipalTag
	Transitive []string       // the keys of those that pass on to the next role
	Keys       policy.Values  // condition keys, in lower case
	MFA        time.Time      // when the code of an MFA device was shown; zero for never
}

// Session is temporary credentials.
type Session struct {
	AccessKeyID string
	Secret      keyhaven.Secret
	Token       keyhaven.Secret
	Expires     time.Time
}

// claims are what a session token holds, sealed. They name the secret, whose
// rights it has, and everything that must live for it to live.
type claims struct {
	Kind       SessionKind         `json:"k"`
	Secret     string              `json:"s"`
	Account    keyhaven.AccountID  `json:"a"`
	ID         string              `json:"i,omitempty"` // of the user, role or machine; empty for a root
	Name       string              `json:"n,omitempty"`
	Issued     time.Time           `json:"t"`
	Expires    time.Time           `json:"e"`
	Key        string              `json:"p,omitempty"` // the long-term key that it descends from
	Line       []ancestor          `json:"l,omitempty"` // whom else it descends from
	Console    string              `json:"o,omitempty"` // the sign-in to the console that it descends from
	Policies   []string            `json:"d,omitempty"`
	PolicyARNs []string            `json:"m,omitempty"`
	Tags       []keyhaven.Tag      `json:"g,omitempty"`
	Transitive []string            `json:"v,omitempty"`
	Keys       map[string][]string `json:"c,omitempty"`
	MFA        time.Time           `json:"f,omitzero"`
}

// ancestor is somebody that a session descends from.
type ancestor struct {
	Account keyhaven.AccountID `json:"a"`
	ID      string             `json:"i"`
}

// tokenContext binds a sealed token to its access key id and to its purpose.
func tokenContext(keyID string) string { return "session/" + keyID }

func newSessionID() string {
	var b [10]byte
	rand.Read(b[:])
	return "ASIA" + base32.StdEncoding.EncodeToString(b[:])
}

// NewSession makes temporary credentials. Nothing is stored: the token carries
// the session, sealed, and whoever it descends from is looked up (in the caches)
// at each use, so that it dies at once with them (S11). The caller has decided
// that it may be made. Errors: Unauthenticated access key when a parent has died
// meanwhile; TooLarge session when what it carries does not fit a header.
func (s *Service) NewSession(in SessionInput) (*Session, error) {
	now := s.now().UTC()
	c := &claims{
		Kind: in.Kind, Secret: newSecret().Reveal(), Account: in.Of.Account, ID: in.Of.ID, Name: in.Name,
		Issued: now, Expires: now.Add(in.Duration).Truncate(time.Second),
		Policies: in.Policies, PolicyARNs: in.PolicyARNs, Tags: in.Tags, Transitive: in.Transitive, Keys: map[string][]string{},
		MFA: in.MFA,
	}
	maps.Copy(c.Keys, in.Keys)
	c.Keys["aws:tokenissuetime"] = []string{now.Format(time.RFC3339)}
	if p := in.Parent; p != nil {
		c.descend(p)
	}
	return s.sealSession(c)
}

// sealSession makes the credentials whose token carries the claims.
func (s *Service) sealSession(c *claims) (*Session, error) {
	raw, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	if len(raw) > maxClaims {
		return nil, &keyhaven.Error{Kind: keyhaven.TooLarge, Noun: keyhaven.NounSession, Msg: "The policies and tags of the session are too large."}
	}
	id := newSessionID()
	sealed, err := s.ring.Seal(raw, tokenContext(id))
	if err != nil {
		return nil, err
	}
	return &Session{
		AccessKeyID: id, Secret: keyhaven.NewSecret(c.Secret),
		Token: keyhaven.NewSecret(base64.StdEncoding.EncodeToString(sealed)), Expires: c.Expires,
	}, nil
}

// maxClaims bounds what a token carries, in bytes: with it a request's head stays
// below what the server and its proxies take.
const maxClaims = 8 << 10

// descend notes whom the session descends from: all whom its parent does, and
// the parent.
func (c *claims) descend(p *Identity) {
	if old := p.session; old != nil {
		c.Key, c.Console = old.Key, old.Console
		c.Line = append(slices.Clone(old.Line), ancestor{old.Account, old.subjectID()})
	} else if c.Console = p.console; c.Console == "" {
		c.Key = p.Principal.AccessKeyID
	}
	if p.Principal.Kind == keyhaven.UserPrincipal {
		c.Line = append(c.Line, ancestor{p.Principal.Account, p.Principal.ID})
	}
	slices.SortFunc(c.Line, func(a, b ancestor) int { return strings.Compare(a.ID, b.ID) })
	c.Line = slices.Compact(c.Line)
}

// subjectID is the id under which the cache has whose rights the session has.
func (c *claims) subjectID() string {
	if c.ID == "" {
		return string(c.Account)
	}
	return c.ID
}

// sessionCredential returns the credential of a session token: from the cache,
// or by unsealing it. It reads no store.
func (s *Service) sessionCredential(keyID string, token keyhaven.Secret) (*credential, error) {
	bad := &keyhaven.Error{
		Kind: keyhaven.Unauthenticated, Noun: keyhaven.NounAccessKey, ID: keyID,
		Msg: "The provided token is malformed or otherwise invalid.",
	}
	cred, gen := s.cache.get(keyID)
	if cred != nil {
		if subtle.ConstantTimeCompare([]byte(cred.token.Reveal()), []byte(token.Reveal())) != 1 || cred.token.IsZero() {
			return nil, bad
		}
		return cred, nil
	}
	sealed, err := base64.StdEncoding.DecodeString(token.Reveal())
	if err != nil {
		return nil, bad
	}
	raw, err := s.ring.Open(sealed, tokenContext(keyID))
	if err != nil {
		return nil, bad
	}
	c := &claims{}
	if err := json.Unmarshal(raw, c); err != nil {
		return nil, bad
	}
	cred = &credential{id: keyID, secret: keyhaven.NewSecret(c.Secret), active: true, token: token, kind: c.Kind, session: c}
	if c.Kind == AssumedSession {
		cred.role = s.used.use(c.subjectID())
	}
	s.cache.put(keyID, cred, gen)
	return cred, nil
}

// composed is the outcome of a session over a subject; it holds as long as the
// subject is the cached one.
type composed struct {
	of *subject
	p  keyhaven.Principal
	ps *Policies
}

var errDead = errors.New("access: the session's parent is gone")

// resolveSession returns whom a session stands for. Whoever it descends from must
// be there still: the key and active, each user and role, the password.
func (s *Service) resolveSession(ctx context.Context, cred *credential) (*composed, error) {
	c := cred.session
	if err := s.parents(ctx, c); err != nil {
		return nil, err
	}
	sub, err := s.subject(ctx, c.Account, c.subjectID())
	if err != nil {
		return nil, err
	}
	if !sub.found || sub.since.After(c.Issued) {
		return nil, errDead
	}
	if old := cred.composed.Load(); old != nil && old.of == sub {
		return old, nil
	}
	now, err := s.compose(ctx, cred.id, c, sub)
	if err == nil {
		cred.composed.Store(now)
	}
	return now, err
}

// parents checks everybody that a session descends from.
func (s *Service) parents(ctx context.Context, c *claims) error {
	if c.Key != "" {
		parent, err := s.credential(ctx, c.Key)
		if keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounAccessKey) {
			return errDead
		}
		if err != nil {
			return err
		}
		if !parent.active {
			return errDead
		}
		if _, _, err := s.resolve(ctx, parent); err != nil {
			return err
		}
	}
	for _, a := range c.Line {
		sub, err := s.subject(ctx, a.Account, a.ID)
		if err != nil {
			return err
		}
		if !sub.found || sub.since.After(c.Issued) {
			return errDead
		}
	}
	if c.Console == "" {
		return nil
	}
	_, _, err := s.session(ctx, c.Console)
	if keyhaven.KindOf(err) == keyhaven.Unauthenticated {
		return errDead
	}
	return err
}

// compose puts a session and its subject together.
func (s *Service) compose(ctx context.Context, keyID string, c *claims, sub *subject) (*composed, error) {
	p := sub.principal
	p.AccessKeyID, p.Temporary, p.MFA = keyID, true, c.MFA
	ps := &Policies{Keys: policy.Values(c.Keys)}
	if sub.policies != nil {
		ps.Identity, ps.Boundary, ps.Tags = sub.policies.Identity, sub.policies.Boundary, sub.policies.Tags
	}
	switch c.Kind {
	case AssumedSession:
		p.Name = c.Name
		role := p.RoleARN[strings.LastIndexByte(p.RoleARN, '/')+1:]
		p.Arn = "arn:aws:sts::" + string(p.Account) + ":assumed-role/" + role + "/" + c.Name
	case FederatedSession:
		if p.Kind == keyhaven.Root {
			doc, err := parse("root", allowAll)
			if err != nil {
				return nil, err
			}
			ps.Identity = []policy.Policy{{Document: doc}}
		}
		if len(c.Policies)+len(c.PolicyARNs) == 0 {
			ps.Identity = nil
		}
		p.Kind, p.ID, p.Name = keyhaven.FederatedUser, "", c.Name
		p.Arn = "arn:aws:sts::" + string(p.Account) + ":federated-user/" + c.Name
	}
	ps.Tags = mergeFold(ps.Tags, c.Tags)
	var err error
	if ps.Session, err = s.sessionDocuments(ctx, c); err != nil {
		return nil, err
	}
	if p.Kind == keyhaven.Root && ps.Session == nil {
		ps = nil
	}
	return &composed{of: sub, p: p, ps: ps}, nil
}

const allowAll = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

// mergeFold returns tags with those of the session in the place of equal ones:
// tag keys of IAM do not distinguish case.
func mergeFold(tags, session []keyhaven.Tag) []keyhaven.Tag {
	if len(session) == 0 {
		return tags
	}
	out := slices.DeleteFunc(slices.Clone(tags), func(t keyhaven.Tag) bool {
		return slices.ContainsFunc(session, func(s keyhaven.Tag) bool { return strings.EqualFold(s.Key, t.Key) })
	})
	return append(out, session...)
}

func (s *Service) sessionDocuments(ctx context.Context, c *claims) ([]policy.Policy, error) {
	var docs []policy.Policy
	for _, text := range c.Policies {
		doc, err := parse("session policy", text)
		if err != nil {
			return nil, err
		}
		docs = append(docs, policy.Policy{Document: doc, ID: "SessionPolicy", Type: "Session Policy"})
	}
	if len(c.PolicyARNs) == 0 {
		return docs, nil
	}
	err := s.meta.View(ctx, func(r *meta.Reader) error {
		for _, arn := range c.PolicyARNs {
			doc, err := managed(r, arn)
			if keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounPolicy) {
				// It was deleted since: what it allowed is allowed no more, and a
				// session without it would be wider.
				if doc, err = parse(arn, denyAll); err != nil {
					return err
				}
			} else if err != nil {
				return err
			}
			docs = append(docs, policy.Policy{Document: doc, ID: arn, Type: "Session Policy"})
		}
		return nil
	})
	return docs, err
}

const denyAll = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`

// composedPointer is the last composition of a credential.
type composedPointer = atomic.Pointer[composed]
