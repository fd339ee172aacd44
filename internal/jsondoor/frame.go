package jsondoor

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/edge"
)

// MaxBody is the largest request body, in bytes.
const MaxBody = 64 << 10

// Authenticator verifies who calls. Implemented by access.Service.
type Authenticator interface {
	Authenticate(r *http.Request, service, bodyHash string) (*access.Identity, error)
}

// Frame is what a door has in common with the others.
type Frame struct {
	Service string // that requests are signed for
	Target  string // of X-Amz-Target, without the operation
	Access  Authenticator
	// Answer translates the errors that are not those of the frame; nil for none.
	Answer func(error) *Fault
}

// Call is one request on its way.
type Call struct {
	Operation string
	Body      []byte
	Identity  *access.Identity
	Record    *edge.Record
}

// Manage marks the call as one that the audit log records.
func (f *Frame) Manage(c *Call, readOnly bool) {
	c.Record.Management = &edge.Management{
		Source: f.Service + ".amazonaws.com", Region: c.Identity.Region, ReadOnly: readOnly, Parameters: c.Body,
	}
}

// Serve answers one request with what serve returns. Request ids are UUIDs.
func (f *Frame) Serve(w http.ResponseWriter, r *http.Request, serve func(*Call) (any, error)) {
	c := &Call{Record: edge.RecordOf(w)}
	c.Record.Door, c.Record.RequestID = f.Service, uuid.NewString()
	w.Header().Set("X-Amzn-RequestId", c.Record.RequestID)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	out, err := serve(c)
	status := http.StatusOK
	if err != nil {
		a := f.faultOf(err)
		if a.Status >= http.StatusInternalServerError {
			c.Record.Err = err
		}
		c.Record.ErrorCode, c.Record.ErrorMessage = a.Type, a.Message
		w.Header().Set("X-Amzn-ErrorType", a.Type)
		out, status = map[string]string{"__type": a.Type, "message": a.Message}, a.Status
	}
	body, err := json.Marshal(out)
	if err != nil {
		c.Record.Err, status = err, http.StatusInternalServerError
	}
	if m := c.Record.Management; m != nil && !m.ReadOnly && status == http.StatusOK {
		m.Response = body
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client is gone: there is nobody to tell
}

// Route returns the operation that a request names. Errors: UnknownOperation.
func (f *Frame) Route(r *http.Request) (string, error) {
	name, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), f.Target+".")
	if !ok || name == "" || r.Method != http.MethodPost || r.URL.Path != "/" {
		return "", UnknownOperation
	}
	return name, nil
}

// Admit reads the body and verifies who calls the operation. Errors: BadBody; those
// of Authenticate.
func (f *Frame) Admit(w http.ResponseWriter, r *http.Request, c *Call, operation string) (err error) {
	c.Operation = operation
	if c.Body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody)); err != nil {
		return BadBody
	}
	hash := sha256.Sum256(c.Body)
	if c.Identity, err = f.Access.Authenticate(r, f.Service, hex.EncodeToString(hash[:])); err != nil {
		return err
	}
	c.Record.Op, c.Record.Principal = operation, &c.Identity.Principal
	return nil
}

// Decode reads the body into in. An empty body has no members. Errors: BadBody.
func (c *Call) Decode(in any) error {
	if len(c.Body) > 0 && json.Unmarshal(c.Body, in) != nil {
		return BadBody
	}
	return nil
}
