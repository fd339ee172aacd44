package lightsail

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/awsjson"
	"github.com/keyhaven/keyhaven/internal/edge"
	"github.com/keyhaven/keyhaven/internal/sigv4"
)

// answer is an error as the wire shows it. Types are the exceptions of the
// service model and of the "Common Error Types" page; the codes DoesNotExist,
// NameExists and UnsupportedOperation were seen on the wire, the others are ours.
type answer struct {
	typ     string
	code    string
	status  int
	message string // {id} stands for what the error is about
	tip     string
}

func (a *answer) Error() string { return "lightsail: " + a.typ + ": " + a.message }

// about is what an error of the domain is about.
type about struct {
	kind keyhaven.Kind
	noun keyhaven.Noun
}

const (
	invalidInput = "InvalidInputException"
	notFound     = "NotFoundException"
	service      = "ServiceException"
)

// answers has a row for every (Kind, Noun) that a service returns to this door.
// A pair without one is an error of ours.
var answers = map[about]answer{
	{keyhaven.Invalid, keyhaven.NounNone}:          {invalidInput, "InvalidParameter", 400, "The input is not valid.", ""},
	{keyhaven.Invalid, keyhaven.NounBucketName}:    {invalidInput, "InvalidParameter", 400, "{id} is not a valid bucket name.", "A bucket name has 3 to 54 lower-case letters, digits and single hyphens, and begins and ends with a letter or a digit."},
	{keyhaven.Invalid, keyhaven.NounBundle}:        {invalidInput, "InvalidParameter", 400, "There is no bucket bundle {id}.", "GetBucketBundles lists the bundles."},
	{keyhaven.Invalid, keyhaven.NounAccessRules}:   {invalidInput, "InvalidParameter", 400, "The access rules are not valid.", ""},
	{keyhaven.Invalid, keyhaven.NounConfiguration}: {invalidInput, "InvalidParameter", 400, "The configuration of the bucket is not valid.", ""},
	{keyhaven.NotFound, keyhaven.NounAlarm}:        {notFound, "DoesNotExist", 400, "The Alarm does not exist: {id}", ""},
	{keyhaven.LimitExceeded, keyhaven.NounAlarm}:   {invalidInput, "LimitExceeded", 400, "A metric of a resource can have at most two alarms.", ""},
	{keyhaven.NotFound, keyhaven.NounContact}:      {notFound, "DoesNotExist", 400, "The ContactMethod does not exist: {id}", ""},
	{keyhaven.Invalid, keyhaven.NounContact}:       {invalidInput, "InvalidParameter", 400, "The contact method is not valid.", ""},
	{keyhaven.Invalid, keyhaven.NounLogTarget}:     {invalidInput, "InvalidParameter", 400, "The bucket for the access logs does not exist: {id}", "It must be a bucket of the same account and Region."},
	{keyhaven.Conflict, keyhaven.NounLogTarget}:    {invalidInput, "InvalidParameter", 400, "The bucket for the access logs is in another Region: {id}", "It must be a bucket of the same account and Region."},
	{keyhaven.Invalid, keyhaven.NounTag}:           {invalidInput, "InvalidParameter", 400, "The tag {id} is not valid.", "A tag key has 1 to 128 characters and a value at most 256: letters, digits, spaces and + - = . _ : / @."},
	{keyhaven.Invalid, keyhaven.NounPageToken}:     {invalidInput, "InvalidParameter", 400, "The page token is not valid.", "Use the nextPageToken of an earlier answer to the same request."},
	{keyhaven.Invalid, keyhaven.NounResource}:      {invalidInput, "InvalidParameter", 400, "{id} is not a valid resource name. Resource names must be at least 2 characters long and contain only alphanumerics, -, _, and .", ""},

	{keyhaven.NotFound, keyhaven.NounBucket}:    {notFound, "DoesNotExist", 400, "The Bucket does not exist: {id}", "Names are per region: check the region of the request."},
	{keyhaven.NotFound, keyhaven.NounAccessKey}: {notFound, "DoesNotExist", 400, "The AccessKey does not exist: {id}", "GetBucketAccessKeys lists the keys of a bucket."},
	{keyhaven.NotFound, keyhaven.NounOperation}: {notFound, "DoesNotExist", 400, "The Operation does not exist: {id}", ""},
	{keyhaven.NotFound, keyhaven.NounResource}:  {notFound, "DoesNotExist", 400, "The Resource does not exist: {id}", "Names are per region: check the region of the request."},

	{keyhaven.NotFound, keyhaven.NounInstance}:      {notFound, "DoesNotExist", 400, "The Instance does not exist: {id}", "Names are per region: check the region of the request."},
	{keyhaven.AlreadyExists, keyhaven.NounInstance}: {invalidInput, "NameExists", 400, "Some names are already in use: {id}", "Names of instances are unique in an account."},
	{keyhaven.Conflict, keyhaven.NounInstance}:      {invalidInput, "InvalidState", 400, "The state of the Instance does not allow this: {id}", "GetInstanceState tells the state; a pending instance runs once the operator has made its token (keyhaven instance register)."},
	{keyhaven.LimitExceeded, keyhaven.NounInstance}: {invalidInput, "LimitExceeded", 400, "The account has reached its limit of instances.", ""},

	{keyhaven.AlreadyExists, keyhaven.NounBucket}: {invalidInput, "NameExists", 400, "Some names are already in use: {id}", "Bucket names are unique across all accounts and regions."},
	{keyhaven.Conflict, keyhaven.NounBucket}:      {invalidInput, "NameExists", 400, "Some names are already in use: {id}", "You own this bucket already."},
	{keyhaven.NotEmpty, keyhaven.NounBucket}:      {invalidInput, "InvalidState", 400, "The Bucket is not empty: {id}", "Set forceDelete to delete the bucket with everything in it."},

	{keyhaven.Conflict, keyhaven.NounObjectLock}: {invalidInput, "InvalidState", 400, "Object lock protects the Bucket: {id}", "Versions that are locked can be deleted once their retention has ended and no legal hold is on them."},

	{keyhaven.LimitExceeded, keyhaven.NounBucket}:    {invalidInput, "LimitExceeded", 400, "The account has reached its limit of buckets.", "Delete a bucket that is no longer needed."},
	{keyhaven.LimitExceeded, keyhaven.NounAccessKey}: {invalidInput, "LimitExceeded", 400, "A bucket can have at most two access keys.", "Delete a key that is no longer in use."},
	{keyhaven.LimitExceeded, keyhaven.NounBundle}:    {invalidInput, "LimitExceeded", 400, "The bundle of a bucket can be changed once in a monthly billing cycle.", "ableToUpdateBundle in GetBuckets tells when it may be changed."},
	{keyhaven.LimitExceeded, keyhaven.NounTag}:       {invalidInput, "LimitExceeded", 400, "A resource can have at most 50 tags.", ""},

	{keyhaven.Denied, keyhaven.NounAccessRules}:        {"AccessDeniedException", "AccessDenied", 400, "The account blocks public access.", "GetBuckets tells in accountLevelBpaSync whether the account's block of public access acts on buckets."},
	{keyhaven.Denied, keyhaven.NounNone}:               {"AccessDeniedException", "AccessDenied", 400, "The caller is not authorized.", ""},
	{keyhaven.Unauthenticated, keyhaven.NounSession}:   {"ExpiredTokenException", "ExpiredToken", 400, "The security token included in the request is expired", ""},
	{keyhaven.Unauthenticated, keyhaven.NounAccessKey}: {"UnrecognizedClientException", "UnrecognizedClient", 400, "The security token included in the request is invalid.", ""},
	{keyhaven.Throttled, keyhaven.NounNone}:            {"ThrottlingException", "Throttling", 400, "Rate exceeded", ""},
	{keyhaven.Unavailable, keyhaven.NounNone}:          {service, "Unavailable", 503, "The service cannot do this at the moment. Please try again.", ""},
	{keyhaven.Unavailable, keyhaven.NounStorage}:       {service, "Unavailable", 503, "The storage of the service cannot do this at the moment.", ""},
}

// The errors of the wire, which no service knows.
var (
	errUnknownOperation = &answer{"UnknownOperationException", "UnknownOperation", 404, "The service has no operation of this name.", "An operation is a POST to / with the header X-Amz-Target: " + Target + ".GetBuckets, for example."}
	// InvalidInputException, not a bare 413: it is an exception of every
	// operation of the model, so that typed clients see what it is about.
	errBodyTooLarge = &answer{invalidInput, "InvalidParameter", 400, "The body of the request is larger than 1 MiB.", ""}
	errBodyUnread   = &answer{"SerializationException", "Serialization", 400, "The body of the request ended early.", ""}
	errNoToken      = &answer{"MissingAuthenticationTokenException", "MissingAuthenticationToken", 400, "Missing Authentication Token", "Sign the request with Signature Version 4."}
	errInternal     = &answer{service, "InternalError", 500, "The service failed. Please try again, and tell its operator the request id if it persists.", ""}
)

// writeError answers err and leaves what the answer does not say to the log.
func writeError(w http.ResponseWriter, r *http.Request, rec *edge.Record, err error) {
	a := answerTo(err)
	rec.ErrorCode, rec.ErrorMessage = a.typ, a.message
	if a.status >= http.StatusInternalServerError && r.Context().Err() == nil { // else the client left
		rec.Err = err
	}
	body, err := json.Marshal(struct {
		Type    string `json:"__type"`
		Code    string `json:"code"`
		Message string `json:"message"`
		Docs    string `json:"docs"`
		Tip     string `json:"tip"`
	}{a.typ, a.code, a.message, docs, a.tip})
	if err != nil { // never: these are strings
		rec.Err = err
	}
	w.Header().Set("X-Amzn-ErrorType", a.typ)
	writeBody(w, a.status, body)
}

// maxRepeated bounds, in bytes, how much of a name an answer repeats.
const maxRepeated = 255

const docs = "https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/CommonErrors.html"

// answerTo translates every error into one of the wire.
func answerTo(err error) *answer {
	if a, ok := errors.AsType[*answer](err); ok {
		return a
	}
	if e, ok := errors.AsType[*awsjson.Error](err); ok {
		return &answer{"SerializationException", "Serialization", 400, sentence(e), ""}
	}
	if e, ok := errors.AsType[*sigv4.Error](err); ok {
		return signatureAnswer(e)
	}
	e, ok := errors.AsType[*keyhaven.Error](err)
	if !ok {
		return errInternal
	}
	a, ok := answers[about{e.Kind, e.Noun}]
	if !ok {
		return errInternal
	}
	a.message = strings.ReplaceAll(a.message, "{id}", shorten(e.ID, maxRepeated))
	if e.Kind != keyhaven.Unauthenticated { // whose words are those of S3
		a.message = cmp.Or(e.Msg, a.message)
	}
	return &a
}

func sentence(e *awsjson.Error) string {
	if e.Path == "" {
		return e.Msg
	}
	return e.Path + ": " + e.Msg
}

// shorten bounds what an answer repeats of a request, in bytes.
func shorten(s string, most int) string {
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// invalid is the error for input that breaks a rule of the model.
func invalid(msg string) error {
	return &keyhaven.Error{Kind: keyhaven.Invalid, Msg: msg}
}

// denied is the denial for a bucket key, which is not told whether a bucket is
// there.
func denied(p *keyhaven.Principal, action string, cause error) error {
	return &keyhaven.Error{
		Kind: keyhaven.Denied,
		Msg: "User: " + p.ARN() + " is not authorized to perform: " + action + " on resource: *" +
			" because no identity-based policy allows the " + action + " action",
		Err: cause,
	}
}
