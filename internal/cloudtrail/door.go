package cloudtrail

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/audit"
	"github.com/keyhaven/keyhaven/internal/edge"
	"github.com/keyhaven/keyhaven/internal/sigv4"
)

// The words by which a request for this door is known.
const (
	Service = "cloudtrail"
	Target  = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101"
)

// MaxBody is the largest request body, in bytes. A look-up takes a few hundred.
const MaxBody = 64 << 10

// Access verifies who calls and decides what they may do. Implemented by
// access.Service.
type Access interface {
	Authenticate(r *http.Request, service, bodyHash string) (*access.Identity, error)
	Authorize(ctx context.Context, id *access.Identity, action string, res access.Resource) error
}

// Events finds records. Implemented by audit.Log.
type Events interface {
	Lookup(q audit.Query) (found []audit.Found, next uint64, err error)
}

// Door answers the CloudTrail API.
type Door struct {
	access Access
	events Events
}

// New returns the door over the services.
func New(a Access, e Events) *Door { return &Door{access: a, events: e} }

// ServeHTTP answers one request.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec := edge.RecordOf(w)
	rec.Door, rec.RequestID = Service, uuid.NewString()
	w.Header().Set("X-Amzn-RequestId", rec.RequestID)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	out, err := d.serve(w, r, rec)
	status := http.StatusOK
	if err != nil {
		a := answerTo(err)
		if a.status >= http.StatusInternalServerError {
			rec.Err = err
		}
		rec.ErrorCode, rec.ErrorMessage = a.typ, a.message
		w.Header().Set("X-Amzn-ErrorType", a.typ)
		out, status = map[string]string{"__type": a.typ, "message": a.message}, a.status
	}
	body, err := json.Marshal(out)
	if err != nil {
		rec.Err, status = err, http.StatusInternalServerError
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client is gone: there is nobody to tell
}

func (d *Door) serve(w http.ResponseWriter, r *http.Request, rec *edge.Record) (any, error) {
	name, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), Target+".")
	if !ok || name == "" || r.Method != http.MethodPost || r.URL.Path != "/" {
		return nil, errUnknownOperation
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if err != nil {
		return nil, errBody
	}
	hash := sha256.Sum256(body)
	id, err := d.access.Authenticate(r, Service, hex.EncodeToString(hash[:]))
	if err != nil {
		return nil, err
	}
	rec.Op, rec.Principal = name, &id.Principal
	if name != "LookupEvents" {
		return nil, errUnsupported
	}
	rec.Management = &edge.Management{Source: Service + ".amazonaws.com", Region: id.Region, ReadOnly: true, Parameters: body}
	if err := d.access.Authorize(r.Context(), id, "cloudtrail:LookupEvents", access.Resource{ARN: "*"}); err != nil {
		return nil, err
	}
	return d.lookupEvents(id, body)
}

// answer is an error as the client sees it.
type answer struct {
	typ     string
	status  int
	message string
}

func (a *answer) Error() string { return a.typ + ": " + a.message }

var (
	errUnknownOperation = &answer{"UnknownOperationException", 400, "The service has no operation of this name."}
	errUnsupported      = &answer{"UnsupportedOperationException", 400, "This operation of CloudTrail is not built; LookupEvents is."}
	errBody             = &answer{"SerializationException", 400, "The body of the request is not valid."}
	errInternal         = &answer{"InternalFailure", 500, "The service failed. Please try again."}
)

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
	switch keyhaven.KindOf(err) {
	case keyhaven.Denied:
		return &answer{"AccessDeniedException", 400, message(err, "The caller is not authorized to perform: cloudtrail:LookupEvents")}
	case keyhaven.Unauthenticated:
		return &answer{"UnrecognizedClientException", 400, "The security token included in the request is invalid."}
	case keyhaven.Throttled:
		return &answer{"ThrottlingException", 400, "Rate exceeded"}
	}
	return errInternal
}

func message(err error, otherwise string) string {
	if e, ok := errors.AsType[*keyhaven.Error](err); ok && e.Msg != "" {
		return e.Msg
	}
	return otherwise
}
