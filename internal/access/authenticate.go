package access

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/sigv4"
)

// Identity is a verified caller and what the signature said about the request.
// The zero value is anonymous.
type Identity struct {
	Principal keyhaven.Principal
	Region    string // of the credential scope
	Service   string
	Signature *sigv4.Signature // nil for anonymous
	Key       sigv4.SigningKey // for the chunks of a signed stream
	Policies  *Policies        // of a user or a session; nil for the others
	HTTP      *http.Request    // what condition keys like aws:SourceIp are about

	kind    SessionKind
	used    *use    // of a long-term key
	session *claims // of temporary credentials of STS
	console string  // id of the sign-in, of credentials of the console
}

// Nobody is the identity of a request without a signature.
func Nobody(r *http.Request) *Identity { return &Identity{HTTP: r} }

// SessionKind says what kind of temporary credentials the caller has, if any.
func (id *Identity) SessionKind() SessionKind { return id.kind }

// WithMFA is the caller who has shown the code of an MFA device at t; the caller
// as they were when t is zero.
func (id *Identity) WithMFA(t time.Time) *Identity {
	if t.IsZero() {
		return id
	}
	proved := *id
	proved.Principal.MFA = t
	return &proved
}

// Transitive returns the session tags that pass on to the next role.
func (id *Identity) Transitive() (tags []keyhaven.Tag) {
	if id.session == nil {
		return nil
	}
	for _, t := range id.session.Tags {
		if slices.ContainsFunc(id.session.Transitive, func(k string) bool { return strings.EqualFold(k, t.Key) }) {
			tags = append(tags, t)
		}
	}
	return tags
}

// Authenticate verifies the signature of r, which must be for the service.
// bodyHash is the hex SHA-256 of the body where the door has read it, else "".
// Errors: *sigv4.Error for what is wrong with the signature (Missing when there
// is none); *keyhaven.Error Unauthenticated of NounAccessKey for a key that is
// unknown, inactive, whose owner is gone, or that comes with a token that is not
// ours; Unauthenticated of NounSession for temporary credentials that are over.
func (s *Service) Authenticate(r *http.Request, service, bodyHash string) (*Identity, error) {
	sig, err := sigv4.Parse(r)
	if err != nil {
		return nil, err
	}
	return s.verify(r, sig, service, bodyHash)
}

// AuthenticateForm verifies the signature of the HTML form in r, whose policy is
// all that is signed. The errors are those of Authenticate.
func (s *Service) AuthenticateForm(r *http.Request, service string, form sigv4.Form) (*Identity, error) {
	sig, err := sigv4.ParseForm(form)
	if err != nil {
		return nil, err
	}
	return s.verify(r, sig, service, "")
}

// verify authenticates, and counts failures by address: one that fails too often
// is refused (MaxFaults) with Throttled.
func (s *Service) verify(r *http.Request, sig *sigv4.Signature, service, bodyHash string) (*Identity, error) {
	now := s.now()
	exceeded := s.faults.exceeded(r, now, s.opts.MaxFaults)
	id, err := s.prove(r, sig, service, bodyHash, exceeded)
	if err != nil && isFault(err) {
		s.faults.failed(r, now)
	}
	if keyhaven.KindOf(err) == keyhaven.Throttled {
		s.refusals.add(r, sig.AccessKeyID, now)
	}
	return id, err
}

// prove verifies a signature; when the address has failed too often, only that of
// a trusted credential.
func (s *Service) prove(r *http.Request, sig *sigv4.Signature, service, bodyHash string, exceeded bool) (*Identity, error) {
	if sig.Scope.Service != service {
		return nil, &sigv4.Error{
			Reason: sigv4.Malformed,
			Detail: "The authorization header is malformed; incorrect service \"" + sig.Scope.Service + "\". This endpoint belongs to \"" + service + "\".",
		}
	}
	cred, err := s.lookUp(r.Context(), sig)
	if err != nil {
		return nil, err
	}
	if exceeded && !cred.trusted(r) {
		return nil, errThrottled()
	}
	key := cred.signingKey(sig.Scope)
	now := s.now()
	if err := sig.Verify(r, key, now, bodyHash); err != nil {
		return nil, err
	}
	// Whoever does not hold the secret learns nothing about the status.
	if !cred.active || cred.care.Expired(now) {
		return nil, unknownKey(sig.AccessKeyID)
	}
	if c := cred.session; c != nil && !now.Before(c.Expires) {
		return nil, &keyhaven.Error{Kind: keyhaven.Unauthenticated, Noun: keyhaven.NounSession, ID: sig.AccessKeyID}
	}
	principal, policies, err := s.resolve(r.Context(), cred)
	if errors.Is(err, errDead) {
		return nil, unknownKey(sig.AccessKeyID)
	}
	if err != nil {
		return nil, err
	}
	for _, u := range []*use{cred.used, cred.role} {
		if u != nil {
			s.used.touch(u, now, r, sig.Scope.Region, sig.Scope.Service)
		}
	}
	if cred.scope != nil {
		policies = cred.scope
	}
	return &Identity{
		Principal: principal, Region: sig.Scope.Region, Service: sig.Scope.Service,
		Signature: sig, Key: key, Policies: policies, HTTP: r, kind: cred.kind, used: cred.used, session: cred.session, console: cred.console,
	}, nil
}

// lookUp finds the credential that a signature names: a session's by its token,
// a long-term key's in the store.
func (s *Service) lookUp(ctx context.Context, sig *sigv4.Signature) (*credential, error) {
	if cred, ok, err := s.consoleCredential(ctx, sig); ok || err != nil {
		return cred, err
	}
	if !sig.SessionToken.IsZero() {
		return s.sessionCredential(sig.AccessKeyID, sig.SessionToken)
	}
	cred, err := s.credential(ctx, sig.AccessKeyID)
	if keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounAccessKey) {
		return nil, unknownKey(sig.AccessKeyID)
	}
	return cred, err
}

func unknownKey(id string) error {
	return &keyhaven.Error{Kind: keyhaven.Unauthenticated, Noun: keyhaven.NounAccessKey, ID: id}
}
