package access

import (
	"net/http"
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
}

// Nobody is the identity of a request without a signature.
func Nobody(r *http.Request) *Identity { return &Identity{HTTP: r} }

// Authenticate verifies the signature of r, which must be for the service.
// bodyHash is the hex SHA-256 of the body where the door has read it, else "".
// Errors: *sigv4.Error for what is wrong with the signature (Missing when there
// is none); *keyhaven.Error Unauthenticated of NounAccessKey for a key that is
// unknown, inactive or comes with a token that is not ours.
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

func (s *Service) verify(r *http.Request, sig *sigv4.Signature, service, bodyHash string) (*Identity, error) {
	if sig.Scope.Service != service {
		return nil, &sigv4.Error{
			Reason: sigv4.Malformed,
			Detail: "The authorization header is malformed; incorrect service \"" + sig.Scope.Service + "\". This endpoint belongs to \"" + service + "\".",
		}
	}
	cred, console, err := s.consoleCredential(r.Context(), sig)
	if err == nil && !console {
		cred, err = s.credential(r.Context(), sig.AccessKeyID)
	}
	if keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounAccessKey) {
		return nil, unknownKey(sig.AccessKeyID)
	}
	if err != nil {
		return nil, err
	}
	// No long-term key comes with a session token.
	if !sig.SessionToken.IsZero() && !console {
		return nil, &keyhaven.Error{
			Kind: keyhaven.Unauthenticated, Noun: keyhaven.NounAccessKey, ID: sig.AccessKeyID,
			Msg: "The provided token is malformed or otherwise invalid.",
		}
	}
	key := cred.signingKey(sig.Scope)
	now := time.Now()
	if err := sig.Verify(r, key, now, bodyHash); err != nil {
		return nil, err
	}
	// Whoever does not hold the secret learns nothing about the status.
	if !cred.active {
		return nil, unknownKey(sig.AccessKeyID)
	}
	if !console {
		s.used.touch(cred.used, now, sig.Scope.Region, sig.Scope.Service)
	}
	return &Identity{
		Principal: cred.principal, Region: sig.Scope.Region, Service: sig.Scope.Service,
		Signature: sig, Key: key, HTTP: r,
	}, nil
}

func unknownKey(id string) error {
	return &keyhaven.Error{Kind: keyhaven.Unauthenticated, Noun: keyhaven.NounAccessKey, ID: id}
}
