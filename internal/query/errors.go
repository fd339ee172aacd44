package query

import (
	"cmp"
	"errors"
	"net/http"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/awsquery"
	"github.com/keyhaven/keyhaven/internal/sigv4"
)

// Answer is an error as the wire shows it.
type Answer struct {
	Code    string
	Status  int
	Message string // when the error has none
}

func (a *Answer) Error() string { return "query: " + a.Code + ": " + a.Message }

// About is what an error of the domain is about; of NounNone a row is for every
// noun that has none of its own.
type About struct {
	Kind keyhaven.Kind
	Noun keyhaven.Noun
}

// answers are what both services have. Codes and statuses are those of "Common
// Error Types" and of the operations' pages.
var answers = map[About]Answer{
	{keyhaven.Invalid, keyhaven.NounNone}:            {"ValidationError", 400, "The input is not valid."},
	{keyhaven.Invalid, keyhaven.NounAccount}:         {"InvalidInput", 400, "The input is not valid."},
	{keyhaven.Invalid, keyhaven.NounTag}:             {"InvalidInput", 400, "The tags are not valid."},
	{keyhaven.Invalid, keyhaven.NounPageToken}:       {"ValidationError", 400, "The marker is not valid."},
	{keyhaven.Invalid, keyhaven.NounAccessKey}:       {"ValidationError", 400, "The access key id is not valid."},
	{keyhaven.Invalid, keyhaven.NounPolicyDocument}:  {"MalformedPolicyDocument", 400, "The policy document is not valid."},
	{keyhaven.Invalid, keyhaven.NounPassword}:        {"PasswordPolicyViolation", 400, "The password is not good enough."},
	{keyhaven.Denied, keyhaven.NounMFADevice}:        {"InvalidAuthenticationCode", 403, "Authentication code for device is not valid."},
	{keyhaven.NotFound, keyhaven.NounNone}:           {"NoSuchEntity", 404, "The entity cannot be found."},
	{keyhaven.AlreadyExists, keyhaven.NounNone}:      {"EntityAlreadyExists", 409, "The entity already exists."},
	{keyhaven.Conflict, keyhaven.NounNone}:           {"ConcurrentModification", 409, "The entity was changed meanwhile."},
	{keyhaven.NotEmpty, keyhaven.NounNone}:           {"DeleteConflict", 409, "The entity is in use."},
	{keyhaven.LimitExceeded, keyhaven.NounNone}:      {"LimitExceeded", 409, "A quota is exceeded."},
	{keyhaven.Denied, keyhaven.NounNone}:             {"AccessDenied", 403, "Access denied."},
	{keyhaven.TooLarge, keyhaven.NounSession}:        {"PackedPolicyTooLarge", 400, "The session is too large."},
	{keyhaven.Unauthenticated, keyhaven.NounNone}:    {"InvalidClientTokenId", 403, "The security token included in the request is invalid."},
	{keyhaven.Unauthenticated, keyhaven.NounSession}: {"ExpiredToken", 403, "The security token included in the request is expired"},
	{keyhaven.Throttled, keyhaven.NounNone}:          {"Throttling", 400, "Rate exceeded"},
	{keyhaven.NotImplemented, keyhaven.NounNone}:     {"NotImplemented", 501, "The server does not do this."},
	{keyhaven.Unavailable, keyhaven.NounNone}:        {"ServiceUnavailable", 503, "The service cannot do this at the moment. Please try again."},
	{keyhaven.PreconditionFailed, keyhaven.NounNone}: {"UnmodifiableEntity", 400, "The entity cannot be changed."},
}

// The errors of the wire, which no service knows.
var (
	errBodyTooLarge  = &Answer{"RequestEntityTooLarge", 413, "The body of the request is larger than 1 MiB."}
	errBodyUnread    = &Answer{"MalformedInput", 400, "The body of the request ended early."}
	errMissingAction = &Answer{"MissingAction", 400, "The request must contain the parameter Action."}
	errNoToken       = &Answer{"MissingAuthenticationToken", 403, "Request is missing Authentication Token"}
	errInternal      = &Answer{"ServiceFailure", 500, "The request processing has failed because of an unknown error, exception or failure."}
)

// answerTo translates every error into one of the wire.
func answerTo(err error) *Answer {
	if a, ok := errors.AsType[*Answer](err); ok {
		return a
	}
	if e, ok := errors.AsType[*awsquery.Error](err); ok {
		msg := e.Msg
		if e.Path != "" {
			msg = e.Path + ": " + msg
		}
		return &Answer{"MalformedInput", http.StatusBadRequest, msg}
	}
	if e, ok := errors.AsType[*sigv4.Error](err); ok {
		return signatureAnswer(e)
	}
	e, ok := errors.AsType[*keyhaven.Error](err)
	if !ok {
		return errInternal
	}
	a, ok := answers[About{e.Kind, e.Noun}]
	if !ok {
		if a, ok = answers[About{e.Kind, keyhaven.NounNone}]; !ok {
			return errInternal
		}
	}
	if e.Kind != keyhaven.Unauthenticated { // whose words are those of S3
		a.Message = cmp.Or(e.Msg, a.Message)
	}
	return &a
}

// maxCanonical bounds, in bytes, how much of the canonical request an answer
// repeats.
const maxCanonical = 8 << 10

func signatureAnswer(e *sigv4.Error) *Answer {
	switch e.Reason {
	case sigv4.Missing:
		return errNoToken
	case sigv4.Malformed, sigv4.MalformedQuery, sigv4.BothHeaderAndQuery, sigv4.UnsupportedAlgorithm, sigv4.SignatureV2,
		sigv4.MissingDate, sigv4.BadDate, sigv4.InvalidExpires:
		return &Answer{"IncompleteSignature", http.StatusBadRequest, cmp.Or(e.Detail, "The signature is not complete: "+e.Reason.String()+".")}
	}
	a := &Answer{"SignatureDoesNotMatch", http.StatusForbidden, cmp.Or(e.Detail, "The signature is not valid: "+e.Reason.String()+".")}
	if e.CanonicalRequest != "" {
		a.Message += "\n\nThe Canonical String for this request should have been\n'" + shorten(e.CanonicalRequest, maxCanonical) +
			"'\n\nThe String-to-Sign should have been\n'" + e.StringToSign + "'\n"
	}
	return a
}
