package query

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/awsjson"
	"github.com/keyhaven/keyhaven/internal/awsquery"
	"github.com/keyhaven/keyhaven/internal/edge"
)

// MaxBody is the largest request body, in bytes. The largest that the APIs can
// mean is a policy of 128 KiB, every character of it URL-encoded.
const MaxBody = 1 << 20

// Service is what a door is.
type Service struct {
	Name      string // in the scope of signatures and in actions: iam, sts
	Version   string // of the API
	Namespace string // of its answers
	Access    *access.Service
}

// Door answers the operations of a service.
type Door struct {
	service    Service
	operations map[string]*Operation
}

// New returns a door of the rows.
func New(s Service, rows []*Operation) *Door {
	d := &Door{service: s, operations: make(map[string]*Operation, len(rows))}
	for _, op := range rows {
		d.operations[op.Name] = op
	}
	return d
}

// Operations returns the names of the operations that the door answers, sorted.
func (d *Door) Operations() []string { return slices.Sorted(maps.Keys(d.operations)) }

// Required returns the members that an operation cannot do without.
func (d *Door) Required(operation string) []string { return d.operations[operation].required }

// ServeHTTP answers one request. Request ids of these APIs are UUIDs.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &Call{Record: edge.RecordOf(w)}
	c.Record.Door, c.Record.RequestID = d.service.Name, uuid.NewString()
	w.Header().Set("X-Amzn-RequestId", c.Record.RequestID)
	w.Header().Set("Content-Type", "text/xml")
	answer := awsquery.Answer{Namespace: d.service.Namespace, RequestID: c.Record.RequestID}
	out, err := d.serve(w, r, c)
	var body []byte
	if err == nil {
		body, err = answer.Append(nil, c.Op.Name, out)
	}
	status := http.StatusOK
	if err != nil {
		status, body = d.fail(r.Context(), c, answer, err)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client is gone: there is nobody to tell
}

// fail makes the answer to err and leaves what it does not say to the log.
func (d *Door) fail(ctx context.Context, c *Call, answer awsquery.Answer, err error) (int, []byte) {
	a := answerTo(err)
	c.Record.ErrorCode, c.Record.ErrorMessage = a.Code, a.Message
	f := awsquery.Fault{Type: "Sender", Code: a.Code, Message: a.Message}
	if a.Status >= http.StatusInternalServerError {
		f.Type = "Receiver"
		if ctx.Err() == nil && a.Status != http.StatusNotImplemented { // else the client left
			c.Record.Err = err
		}
	}
	return a.Status, answer.AppendFault(nil, f)
}

// serve takes the six steps of every door and returns what is answered.
func (d *Door) serve(w http.ResponseWriter, r *http.Request, c *Call) (any, error) {
	ctx := r.Context()
	form, hash, err := readForm(w, r)
	if err != nil {
		return nil, err
	}
	if c.Op, err = d.route(form); err != nil {
		return nil, err
	}
	c.Record.Op = c.Op.Name
	if err := d.authenticate(r, c, hash); err != nil {
		return nil, err
	}
	in, err := c.Op.decode(form)
	if err != nil {
		return nil, err
	}
	d.describe(c, in)
	if err := validate(in, c.Op.required); err != nil {
		return nil, err
	}
	if c.Op.authorize != nil {
		if err := c.Op.authorize(ctx, c, in); err != nil {
			return nil, err
		}
	}
	out, err := c.Op.handle(ctx, c, in)
	if m := c.Record.Management; err == nil && !m.ReadOnly {
		m.Response, _ = awsjson.Append(nil, out) // fails for no type of the SDK
	}
	return out, err
}

// describe tells the audit log of the call.
func (d *Door) describe(c *Call, in any) {
	// What is not signed names no region: the one of global services.
	m := &edge.Management{Source: d.service.Name + ".amazonaws.com", Region: cmp.Or(c.Identity.Region, "us-east-1")}
	for _, reading := range []string{"Get", "List", "Simulate", "Assume"} {
		m.ReadOnly = m.ReadOnly || strings.HasPrefix(c.Op.Name, reading)
	}
	m.Parameters, _ = awsjson.Append(nil, in) // fails for no type of the SDK
	c.Record.Management = m
}

// readForm reads the parameters: of a POST the body, whose hash the signature
// covers, of a GET the query.
func readForm(w http.ResponseWriter, r *http.Request) (*awsquery.Form, string, error) {
	if r.ContentLength > MaxBody {
		return nil, "", errBodyTooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, "", errBodyTooLarge
	}
	if err != nil {
		return nil, "", errBodyUnread
	}
	hash := sha256.Sum256(body)
	raw := string(body)
	if r.Method == http.MethodGet {
		raw = r.URL.RawQuery
	}
	form, err := awsquery.Parse(raw)
	return form, hex.EncodeToString(hash[:]), err
}

func (d *Door) route(form *awsquery.Form) (*Operation, error) {
	if form.Action == "" {
		return nil, errMissingAction
	}
	op := d.operations[form.Action]
	if op == nil || form.Version != d.service.Version {
		return nil, &Answer{
			"InvalidAction", http.StatusBadRequest,
			"Could not find operation " + shorten(form.Action, 128) + " for version " + shorten(form.Version, 32),
		}
	}
	return op, nil
}

func (d *Door) authenticate(r *http.Request, c *Call, hash string) error {
	if c.Op.Unsigned {
		c.Identity = &access.Identity{HTTP: r}
		return nil
	}
	id, err := d.service.Access.Authenticate(r, d.service.Name, hash)
	if err != nil {
		return err
	}
	if id.Principal.Kind == keyhaven.Anonymous {
		return errNoToken
	}
	c.Identity = id
	c.Record.Principal = &id.Principal
	return nil
}
