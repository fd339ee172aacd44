package jsondoor

import (
	"errors"
	"slices"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/sigv4"
)

// Fault is an error as the client sees it.
type Fault struct {
	Type    string // of __type and X-Amzn-ErrorType
	Status  int
	Message string
}

func (f *Fault) Error() string { return f.Type + ": " + f.Message }

// The errors of the wire, which no service knows ("Common Error Types" of the API
// references).
var (
	UnknownOperation = &Fault{"UnknownOperationException", 404, "The service has no operation of this name."}
	BadBody          = &Fault{"SerializationException", 400, "The body of the request is not valid."}
	internal         = &Fault{"InternalFailure", 500, "The service failed. Please try again."}

	unsigned  = &Fault{"MissingAuthenticationTokenException", 400, "Missing Authentication Token"}
	misSigned = &Fault{"InvalidSignatureException", 400, "The signature is not valid."}
	expired   = &Fault{"ExpiredTokenException", 400, "The security token included in the request is expired"}
)

// common are the errors of the domain that mean the same in every door.
var common = map[keyhaven.Kind]Fault{
	keyhaven.Denied:          {"AccessDeniedException", 400, "The caller is not authorized."},
	keyhaven.Unauthenticated: {"UnrecognizedClientException", 400, "The security token included in the request is invalid."},
	keyhaven.Throttled:       {"ThrottlingException", 400, "Rate exceeded"},
	keyhaven.Unavailable:     {"ServiceUnavailable", 503, "The service cannot do this at the moment. Please try again."},
}

// Common returns the types of the errors that an operation of any door can answer,
// sorted.
func Common() []string {
	types := []string{BadBody.Type, internal.Type, unsigned.Type, misSigned.Type, expired.Type}
	for _, f := range common {
		types = append(types, f.Type)
	}
	slices.Sort(types)
	return types
}

// faultOf translates every error into one of the wire: a Fault into itself, what
// the door knows by its own words, the rest by the common ones.
func (f *Frame) faultOf(err error) *Fault {
	if a, ok := errors.AsType[*Fault](err); ok {
		return a
	}
	if e, ok := errors.AsType[*sigv4.Error](err); ok {
		if e.Reason == sigv4.Missing {
			return unsigned
		}
		return &Fault{misSigned.Type, misSigned.Status, "The signature is not valid: " + e.Reason.String() + "."}
	}
	if f.Answer != nil {
		if a := f.Answer(err); a != nil {
			return a
		}
	}
	e, ok := errors.AsType[*keyhaven.Error](err)
	if !ok {
		return internal
	}
	a, ok := common[e.Kind]
	switch {
	case !ok:
		return internal
	case e.Kind == keyhaven.Unauthenticated && e.Noun == keyhaven.NounSession:
		return expired
	case e.Kind == keyhaven.Denied && e.Msg != "":
		a.Message = e.Msg
	}
	return &a
}
