package s3

import (
	"cmp"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/edge"
	"github.com/keyhaven/keyhaven/internal/object"
	"github.com/keyhaven/keyhaven/internal/sigv4"
)

// wireError is an answer in S3's words. Those that are born here are about the
// wire and never leave the door.
type wireError struct {
	code    string
	status  int
	message string
	detail  []element // more elements of the document
}

type element struct{ name, value string }

func (e *wireError) Error() string { return "s3: " + e.code + ": " + e.message }

// with returns the error with another message.
func (e *wireError) with(message string) *wireError {
	c := *e
	c.message = message
	return &c
}

func (e *wireError) and(name, value string) *wireError {
	c := *e
	c.detail = append(c.detail[:len(c.detail):len(c.detail)], element{name, value})
	return &c
}

// Errors about the wire ("Error responses", S3 API reference).
var (
	errAccessDenied         = &wireError{code: "AccessDenied", status: 403, message: "Access Denied"}
	errBadDigest            = &wireError{code: "BadDigest", status: 400, message: "The Content-MD5 you specified did not match what we received."}
	errEntityTooLarge       = &wireError{code: "EntityTooLarge", status: 400, message: "Your proposed upload exceeds the maximum allowed size"}
	errIncompleteBody       = &wireError{code: "IncompleteBody", status: 400, message: "You did not provide the number of bytes specified by the Content-Length HTTP header"}
	errInternal             = &wireError{code: "InternalError", status: 500, message: "We encountered an internal error. Please try again."}
	errInvalidArgument      = &wireError{code: "InvalidArgument", status: 400, message: "Invalid Argument"}
	errInvalidDigest        = &wireError{code: "InvalidDigest", status: 400, message: "The Content-MD5 you specified is not valid."}
	errInvalidRequest       = &wireError{code: "InvalidRequest", status: 400, message: "Invalid Request"}
	errInvalidURI           = &wireError{code: "InvalidURI", status: 400, message: "Couldn't parse the specified URI."}
	errMalformedXML         = &wireError{code: "MalformedXML", status: 400, message: "The XML you provided was not well-formed or did not validate against our published schema"}
	errMetadataTooLarge     = &wireError{code: "MetadataTooLarge", status: 400, message: "Your metadata headers exceed the maximum allowed metadata size"}
	errMethodNotAllowed     = &wireError{code: "MethodNotAllowed", status: 405, message: "The specified method is not allowed against this resource."}
	errMissingContentLength = &wireError{code: "MissingContentLength", status: 411, message: "You must provide the Content-Length HTTP header."}
	errMissingHeader        = &wireError{code: "MissingSecurityHeader", status: 400, message: "Your request was missing a required header"}
	errNotImplemented       = &wireError{code: "NotImplemented", status: 501, message: "A header or query you provided implies functionality that is not implemented"}
	errRequestTimeout       = &wireError{code: "RequestTimeout", status: 400, message: "Your socket connection to the server was not read from or written to within the timeout period."}
	errInvalidLocation      = &wireError{code: "InvalidLocationConstraint", status: 400, message: "The specified location-constraint is not valid"}
	errInvalidBucketName    = &wireError{code: "InvalidBucketName", status: 400, message: "The specified bucket is not valid."}
	errACLNotSupported      = &wireError{code: "AccessControlListNotSupported", status: 400, message: "The bucket does not allow ACLs"}
)

type kindNoun struct {
	kind keyhaven.Kind
	noun keyhaven.Noun
}

// domainErrors translate what the services say. What is not here is an internal
// error: logged in full, answered without.
var domainErrors = map[kindNoun]*wireError{
	{keyhaven.NotFound, keyhaven.NounBucket}:           {code: "NoSuchBucket", status: 404, message: "The specified bucket does not exist"},
	{keyhaven.NotFound, keyhaven.NounObject}:           {code: "NoSuchKey", status: 404, message: "The specified key does not exist."},
	{keyhaven.NotFound, keyhaven.NounDeleteMarker}:     {code: "NoSuchKey", status: 404, message: "The specified key does not exist."},
	{keyhaven.NotFound, keyhaven.NounVersion}:          {code: "NoSuchVersion", status: 404, message: "The specified version does not exist."},
	{keyhaven.NotFound, keyhaven.NounUpload}:           {code: "NoSuchUpload", status: 404, message: "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."},
	{keyhaven.Conflict, keyhaven.NounDeleteMarker}:     errMethodNotAllowed,
	{keyhaven.Conflict, keyhaven.NounBucket}:           {code: "BucketAlreadyOwnedByYou", status: 409, message: "Your previous request to create the named bucket succeeded and you already own it."},
	{keyhaven.Conflict, keyhaven.NounObject}:           {code: "OperationAborted", status: 409, message: "A conflicting conditional operation is currently in progress against this resource. Try again."},
	{keyhaven.AlreadyExists, keyhaven.NounBucket}:      {code: "BucketAlreadyExists", status: 409, message: "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again."},
	{keyhaven.NotEmpty, keyhaven.NounBucket}:           {code: "BucketNotEmpty", status: 409, message: "The bucket you tried to delete is not empty"},
	{keyhaven.Invalid, keyhaven.NounNone}:              errMalformedXML,
	{keyhaven.Invalid, keyhaven.NounBucketName}:        errInvalidBucketName,
	{keyhaven.Invalid, keyhaven.NounObjectKey}:         {code: "InvalidURI", status: 400, message: "Couldn't parse the specified URI."},
	{keyhaven.TooLarge, keyhaven.NounObjectKey}:        {code: "KeyTooLongError", status: 400, message: "Your key is too long"},
	{keyhaven.Invalid, keyhaven.NounVersion}:           {code: "InvalidArgument", status: 400, message: "Invalid version id specified"},
	{keyhaven.Invalid, keyhaven.NounPart}:              {code: "InvalidPart", status: 400, message: "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag."},
	{keyhaven.Invalid, keyhaven.NounPartOrder}:         {code: "InvalidPartOrder", status: 400, message: "The list of parts was not in ascending order. The parts list must be specified in order by part number."},
	{keyhaven.Invalid, keyhaven.NounPartSize}:          {code: "EntityTooSmall", status: 400, message: "Your proposed upload is smaller than the minimum allowed object size."},
	{keyhaven.Invalid, keyhaven.NounPageToken}:         errInvalidArgument,
	{keyhaven.Invalid, keyhaven.NounRange}:             {code: "InvalidRange", status: 416, message: "The requested range is not satisfiable"},
	{keyhaven.Invalid, keyhaven.NounDigest}:            errBadDigest,
	{keyhaven.Invalid, keyhaven.NounChecksum}:          {code: "BadDigest", status: 400, message: "The checksum you specified did not match the calculated checksum."},
	{keyhaven.Invalid, keyhaven.NounUpload}:            errInvalidRequest,
	{keyhaven.Invalid, keyhaven.NounConfiguration}:     errInvalidRequest,
	{keyhaven.LimitExceeded, keyhaven.NounQuota}:       {code: "QuotaExceeded", status: 403, message: "The storage quota of the bucket's plan is exceeded."},
	{keyhaven.Invalid, keyhaven.NounNotification}:      errInvalidArgument,
	{keyhaven.Invalid, keyhaven.NounLogTarget}:         {code: "InvalidTargetBucketForLogging", status: 400, message: "The target bucket for logging does not exist"},
	{keyhaven.Conflict, keyhaven.NounLogTarget}:        {code: "CrossLocationLoggingProhibited", status: 403, message: "Cross S3 location logging not allowed."},
	{keyhaven.Invalid, keyhaven.NounBundle}:            errInvalidArgument,
	{keyhaven.Invalid, keyhaven.NounTag}:               {code: "InvalidTag", status: 400, message: "The tag provided was not a valid tag."},
	{keyhaven.LimitExceeded, keyhaven.NounTag}:         {code: "InvalidTag", status: 400, message: "The tag set is too large."},
	{keyhaven.LimitExceeded, keyhaven.NounBucket}:      {code: "TooManyBuckets", status: 400, message: "You have attempted to create more buckets than allowed"},
	{keyhaven.TooLarge, keyhaven.NounObject}:           errEntityTooLarge,
	{keyhaven.PreconditionFailed, keyhaven.NounObject}: {code: "PreconditionFailed", status: 412, message: "At least one of the pre-conditions you specified did not hold"},
	{keyhaven.Denied, keyhaven.NounNone}:               errAccessDenied,
	{keyhaven.Denied, keyhaven.NounAccessRules}:        errAccessDenied,
	{keyhaven.Denied, keyhaven.NounObject}:             errAccessDenied,
	{keyhaven.Denied, keyhaven.NounObjectLock}:         errAccessDenied,
	{keyhaven.Conflict, keyhaven.NounObjectLock}:       {code: "InvalidBucketState", status: 409, message: "The request is not valid for the current state of the bucket."},
	{keyhaven.Invalid, keyhaven.NounObjectLock}:        errInvalidRequest,
	{keyhaven.Invalid, keyhaven.NounEncryption}:        errInvalidRequest,
	{keyhaven.Denied, keyhaven.NounEncryption}:         errAccessDenied,
	{keyhaven.NotFound, keyhaven.NounEncryption}:       {code: "KMS.NotFoundException", status: 400, message: "Invalid keyId"},
	{keyhaven.Unauthenticated, keyhaven.NounSession}:   {code: "ExpiredToken", status: 400, message: "The provided token has expired."},
	{keyhaven.Unauthenticated, keyhaven.NounAccessKey}: {code: "InvalidAccessKeyId", status: 403, message: "The AWS Access Key Id you provided does not exist in our records."},
	{keyhaven.Unavailable, keyhaven.NounNone}:          {code: "ServiceUnavailable", status: 503, message: "Service is unable to handle request."},
	{keyhaven.Unavailable, keyhaven.NounStorage}:       {code: "InsufficientStorage", status: 507, message: "There is no space left on the server."},
	{keyhaven.Throttled, keyhaven.NounNone}:            {code: "SlowDown", status: 503, message: "Please reduce your request rate."},
	{keyhaven.NotImplemented, keyhaven.NounNone}:       errNotImplemented,
}

// ownMessage says which of them answer with the service's sentence, when it has
// one.
func ownMessage(k kindNoun) bool {
	switch k.noun {
	case keyhaven.NounUpload, keyhaven.NounPart:
		return k.kind == keyhaven.Invalid
	case keyhaven.NounNone:
		return k.kind == keyhaven.Denied
	case keyhaven.NounTag, keyhaven.NounAccessKey, keyhaven.NounConfiguration, keyhaven.NounObjectLock, keyhaven.NounLogTarget, keyhaven.NounNotification, keyhaven.NounEncryption, keyhaven.NounQuota:
		return true
	default:
		return false
	}
}

// translate turns any error into what is sent, and says whether it is our fault.
func (c *call) translate(err error) (e *wireError, internal bool) {
	if e, ok := errors.AsType[*wireError](err); ok {
		return e, false
	}
	if e, ok := errors.AsType[*sigv4.Error](err); ok {
		return signatureError(e, c), false
	}
	if errors.Is(err, edge.ErrStalled) {
		return errRequestTimeout, false
	}
	if e, ok := errors.AsType[*keyhaven.Error](err); ok {
		return c.translateDomain(e)
	}
	if c.r.Context().Err() != nil { // the client is gone
		return errRequestTimeout, false
	}
	return errInternal, true
}

// hidden are the nouns whose absence tells something about what is in a bucket.
var hidden = map[keyhaven.Noun]bool{
	keyhaven.NounObject: true, keyhaven.NounDeleteMarker: true, keyhaven.NounVersion: true,
}

func (c *call) translateDomain(e *keyhaven.Error) (*wireError, bool) {
	k := kindNoun{e.Kind, e.Noun}
	out := domainErrors[k]
	if out == nil {
		return errInternal, true
	}
	if k.kind == keyhaven.NotFound && hidden[k.noun] && c.hidesMissing() || k.kind == keyhaven.Denied && k.noun == keyhaven.NounObject {
		return errAccessDenied.with(c.denial()), false
	}
	if e.Msg != "" && ownMessage(k) {
		out = out.with(e.Msg)
	}
	return c.details(e, out), k.kind == keyhaven.Unavailable
}

// details adds what S3 tells beside the code and the message.
func (c *call) details(e *keyhaven.Error, out *wireError) *wireError {
	missing := e.Kind == keyhaven.NotFound
	switch {
	case e.Noun == keyhaven.NounBucket, e.Noun == keyhaven.NounBucketName:
		return out.and("BucketName", cmp.Or(e.ID, c.bucketName))
	case e.Noun == keyhaven.NounDeleteMarker && missing:
		return out.and("Key", c.key)
	case e.Noun == keyhaven.NounObject && missing:
		return out.and("Key", e.ID)
	case e.Noun == keyhaven.NounObject && e.Kind == keyhaven.PreconditionFailed:
		return out.and("Condition", e.ID)
	case e.Noun == keyhaven.NounVersion && missing:
		return out.and("Key", c.key).and("VersionId", e.ID)
	case e.Noun == keyhaven.NounUpload && missing:
		return out.and("UploadId", e.ID)
	case e.Noun == keyhaven.NounChecksum && e.ID != "":
		return out.with("The " + e.ID + " you specified did not match the calculated checksum.")
	case e.Noun == keyhaven.NounNotification && e.ID != "":
		return out.and("ArgumentValue", e.ID)
	case e.Noun == keyhaven.NounLogTarget:
		return out.and("TargetBucket", e.ID)
	case e.Noun == keyhaven.NounRange:
		c.w.Header().Set("Content-Range", "bytes */"+e.ID)
		return out.and("RangeRequested", c.r.Header.Get("Range")).and("ActualObjectSize", e.ID)
	case e.Noun == keyhaven.NounAccessKey:
		out = out.and("AWSAccessKeyId", e.ID)
		if e.Msg != "" { // a token that is not ours
			out.code, out.status = "InvalidToken", http.StatusBadRequest
		}
	}
	return out
}

// writeError sends the error document. It is the only place where an error
// leaves the door.
func (c *call) writeError(err error) {
	if errors.Is(err, object.ErrNotModified) {
		c.w.WriteHeader(http.StatusNotModified)
		return
	}
	e, internal := c.translate(err)
	c.record.ErrorCode, c.record.ErrorMessage = e.code, e.message
	if internal {
		c.record.Err = err
	}
	h := c.w.Header()
	if e.status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "1")
	}
	h.Del("Content-Length")
	h.Del("Etag")
	h.Del("Last-Modified")
	if unread(c.r) {
		// What the client still sends would be read as the next request; net/http
		// drains a little of it and closes the connection.
		h.Set("Connection", "close")
	}
	if c.r.Method == http.MethodHead {
		c.w.WriteHeader(e.status)
		return
	}
	x := newDocument()
	x.open("Error")
	x.element("Code", e.code)
	x.element("Message", e.message)
	for _, d := range e.detail {
		x.element(d.name, d.value)
	}
	x.element("Resource", c.r.URL.EscapedPath())
	x.element("RequestId", c.record.RequestID)
	x.element("HostId", c.record.RequestID)
	x.close("Error")
	x.write(c.w, e.status)
}

// unread reports whether the request has a body that was perhaps not read.
func unread(r *http.Request) bool {
	const drained = 256 << 10 // net/http reads this much after the handler
	return r.ContentLength > drained || r.ContentLength < 0
}

// signatureError translates what is wrong with a signature or a signed body.
func signatureError(e *sigv4.Error, c *call) *wireError {
	out := signatureErrors[e.Reason]
	if out == nil {
		return errAccessDenied
	}
	if e.Detail != "" {
		out = out.with(e.Detail)
	}
	presigned := c.query.has("X-Amz-Algorithm") || c.query.has("X-Amz-Credential")
	switch e.Reason {
	case sigv4.Malformed, sigv4.DateScopeMismatch, sigv4.UnsupportedAlgorithm:
		if presigned {
			return signatureErrors[sigv4.MalformedQuery].with(out.message)
		}
		if e.Reason == sigv4.UnsupportedAlgorithm {
			out = out.and("ArgumentName", "Authorization") // without the value, which may be a secret of another scheme
		}
	case sigv4.ContentHashInvalid:
		out = out.and("ArgumentName", "x-amz-content-sha256")
	case sigv4.ExpiredPresign:
		out = out.and("X-Amz-Expires", c.query.get("X-Amz-Expires")).and("X-Amz-Date", c.query.get("X-Amz-Date")).
			and("ServerTime", time.Now().UTC().Format(time.RFC3339))
	case sigv4.SignatureMismatch:
		canonical := customerKeyLine.ReplaceAllString(e.CanonicalRequest, "$1:REDACTED")
		out = out.and("StringToSign", e.StringToSign).and("StringToSignBytes", hexBytes(e.StringToSign)).
			and("CanonicalRequest", canonical).and("CanonicalRequestBytes", hexBytes(canonical))
	case sigv4.UnsignedHeader:
		out = out.and("HeadersNotSigned", strings.Join(e.Headers, ", "))
	case sigv4.ChunkTooSmall:
		out = out.and("Chunk", strconv.Itoa(e.Chunk)).and("BadChunkSize", strconv.FormatInt(e.ChunkSize, 10))
	default:
	}
	return out
}

// customerKeyLine is a signed header that carries a key (SSE-C).
var customerKeyLine = regexp.MustCompile(`(?m)^(x-amz-(?:copy-source-)?server-side-encryption-customer-key):.*$`)

func hexBytes(s string) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	for i := range len(s) {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteByte(digits[s[i]>>4])
		b.WriteByte(digits[s[i]&15])
	}
	return b.String()
}

var signatureErrors = map[sigv4.Reason]*wireError{
	sigv4.Missing:                errAccessDenied,
	sigv4.Malformed:              {code: "AuthorizationHeaderMalformed", status: 400, message: "The authorization header you provided is invalid."},
	sigv4.MalformedQuery:         {code: "AuthorizationQueryParametersError", status: 400, message: "The authorization query parameters are not valid."},
	sigv4.BothHeaderAndQuery:     errInvalidArgument,
	sigv4.UnsupportedAlgorithm:   errInvalidArgument,
	sigv4.SignatureV2:            errInvalidRequest,
	sigv4.MissingDate:            errAccessDenied,
	sigv4.BadDate:                errAccessDenied,
	sigv4.SkewedClock:            {code: "RequestTimeTooSkewed", status: 403, message: "The difference between the request time and the current time is too large."},
	sigv4.ExpiredPresign:         errAccessDenied,
	sigv4.NotYetValidPresign:     errAccessDenied,
	sigv4.InvalidExpires:         {code: "AuthorizationQueryParametersError", status: 400, message: "X-Amz-Expires is not valid."},
	sigv4.DateScopeMismatch:      {code: "AuthorizationHeaderMalformed", status: 400, message: "The date of the credential is not that of the request."},
	sigv4.UnsignedHeader:         errAccessDenied.with("There were headers present in the request which were not signed"),
	sigv4.SignatureMismatch:      {code: "SignatureDoesNotMatch", status: 403, message: "The request signature we calculated does not match the signature you provided. Check your key and signing method."},
	sigv4.ContentHashMissing:     errInvalidRequest,
	sigv4.ContentHashInvalid:     errInvalidArgument,
	sigv4.ContentHashMismatch:    {code: "XAmzContentSHA256Mismatch", status: 400, message: "The provided 'x-amz-content-sha256' header does not match what was computed."},
	sigv4.DecodedLengthMissing:   errMissingContentLength,
	sigv4.DecodedLengthInvalid:   errInvalidArgument,
	sigv4.ChunkMalformed:         errIncompleteBody,
	sigv4.ChunkTooSmall:          {code: "InvalidChunkSizeError", status: 403, message: "Only the last chunk is allowed to have a size less than 8192 bytes"},
	sigv4.ChunkSignatureMismatch: {code: "SignatureDoesNotMatch", status: 403, message: "The signature of a chunk does not match. Check your key and signing method."},
	sigv4.IncompleteBody:         errIncompleteBody,
	sigv4.TrailerMalformed:       {code: "MalformedTrailerError", status: 400, message: "The request contained trailing data that was not well-formed or did not conform to our published schema."},
}
