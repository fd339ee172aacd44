package keycare

import (
	"errors"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/sigv4"
)

// answer is an error as the client sees it.
type answer struct {
	typ     string
	status  int
	message string
}

func (a *answer) Error() string { return a.typ + ": " + a.message }

var (
	errUnknownOperation = &answer{"UnknownOperationException", 404, "The service has no operation of this name."}
	errBody             = &answer{"SerializationException", 400, "The body of the request is not valid."}
	errInternal         = &answer{"ServiceException", 500, "The service failed. Please try again."}
)

// types are the errors of the services, by their kinds.
var types = map[keyhaven.Kind]answer{
	keyhaven.Invalid:         {"InvalidInputException", 400, "The input is not valid."},
	keyhaven.NotFound:        {"NotFoundException", 400, ""},
	keyhaven.AlreadyExists:   {"AlreadyExistsException", 400, "There is an access key of this id already."},
	keyhaven.Conflict:        {"ConflictException", 400, "This cannot be done now."},
	keyhaven.LimitExceeded:   {"LimitExceededException", 400, "The limit is reached."},
	keyhaven.Denied:          {"AccessDeniedException", 400, "The caller is not authorized."},
	keyhaven.Unauthenticated: {"UnrecognizedClientException", 400, "The security token included in the request is invalid."},
	keyhaven.Throttled:       {"ThrottlingException", 400, "Rate exceeded"},
	keyhaven.Unavailable:     {"ServiceException", 503, "The service cannot do this at the moment. Please try again."},
}

func answerTo(err error) *answer {
	if a, ok := errors.AsType[*answer](err); ok {
		return a
	}
	if e, ok := errors.AsType[*sigv4.Error](err); ok {
		if e.Reason == sigv4.Missing {
			return &answer{"MissingAuthenticationTokenException", 400, "Missing Authentication Token"}
		}
		return &answer{"InvalidSignatureException", 400, "The signature is not valid: " + e.Reason.String() + "."}
	}
	e, ok := errors.AsType[*keyhaven.Error](err)
	if !ok {
		return errInternal
	}
	a, ok := types[e.Kind]
	switch {
	case !ok:
		return errInternal
	case e.Kind == keyhaven.NotFound && e.Noun == keyhaven.NounBucket:
		a.message = "The bucket does not exist."
	case e.Kind == keyhaven.NotFound && e.Noun == keyhaven.NounUser:
		a.message = "The user does not exist."
	case e.Kind == keyhaven.NotFound:
		a.message = "The access key does not exist."
	case e.Msg != "" && e.Kind != keyhaven.Unauthenticated:
		a.message = e.Msg
	}
	return &a
}
