package lightsail

import (
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
	"github.com/keyhaven/keyhaven/internal/edge"
)

// The words by which a request for this door is known: the service in the scope
// of its signature, and what its X-Amz-Target begins with, up to a dot.
const (
	Service = "lightsail"
	Target  = "Lightsail_20161128"
)

// MaxBody is the largest request body, in bytes. The largest that the API can
// mean is a CORS configuration of 64 KiB.
const MaxBody = 1 << 20

// Options are what a Door stands on; all are required.
type Options struct {
	Access   Access
	Buckets  Buckets
	Metrics  Metrics
	Alarms   Alarms
	Machines Machines
	// URL is the address under which clients reach a bucket.
	URL func(*keyhaven.Bucket) string
}

// Door answers the Lightsail API.
type Door struct {
	access     Access
	buckets    Buckets
	metrics    Metrics
	alarms     Alarms
	machines   Machines
	url        func(*keyhaven.Bucket) string
	operations map[string]*operation
}

// New returns a door over the services.
func New(o Options) *Door {
	d := &Door{
		access: o.Access, buckets: o.Buckets, metrics: o.Metrics, alarms: o.Alarms, machines: o.Machines, url: o.URL,
		operations: make(map[string]*operation),
	}
	for _, op := range d.rows() {
		d.operations[op.name] = op
	}
	return d
}

// Operations returns the names of the operations that the door answers, sorted.
func (d *Door) Operations() []string { return slices.Sorted(maps.Keys(d.operations)) }

// call is one request on its way.
type call struct {
	op       *operation
	identity *access.Identity
	record   *edge.Record
}

func (c *call) account() keyhaven.AccountID { return c.identity.Principal.Account }
func (c *call) region() string              { return c.identity.Region }

// ServeHTTP answers one request. Request ids of this API are UUIDs.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{record: edge.RecordOf(w)}
	c.record.Door, c.record.RequestID = Service, uuid.NewString()
	w.Header().Set("X-Amzn-RequestId", c.record.RequestID)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	body, err := d.serve(w, r, c)
	if err != nil {
		writeError(w, r, c.record, err)
		return
	}
	writeBody(w, http.StatusOK, body)
}

// serve takes the six steps of every door and returns the body of the answer.
func (d *Door) serve(w http.ResponseWriter, r *http.Request, c *call) ([]byte, error) {
	ctx := r.Context()
	var err error
	if c.op, err = d.route(r); err != nil {
		return nil, err
	}
	c.record.Op = c.op.name
	body, err := readBody(w, r)
	if err != nil {
		return nil, err
	}
	if c.identity, err = d.authenticate(r, body); err != nil {
		return nil, err
	}
	c.record.Principal = &c.identity.Principal
	c.record.Management = &edge.Management{
		Source: Service + ".amazonaws.com", Region: c.region(), ReadOnly: strings.HasPrefix(c.op.name, "Get"), Parameters: body,
	}
	in, err := c.op.decode(body)
	if err != nil {
		return nil, err
	}
	if err := d.authorize(ctx, c, in); err != nil {
		return nil, err
	}
	out, err := c.op.handle(ctx, c, in)
	if err != nil {
		return nil, err
	}
	answer, err := awsjson.Append(nil, out)
	if !c.record.Management.ReadOnly {
		c.record.Management.Response = answer
	}
	return answer, err
}

func (d *Door) route(r *http.Request) (*operation, error) {
	name, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), Target+".")
	op := d.operations[name]
	if !ok || op == nil || r.Method != http.MethodPost || r.URL.Path != "/" {
		return nil, errUnknownOperation
	}
	return op, nil
}

// readBody reads the whole body, as the signature covers its hash.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength > MaxBody {
		return nil, errBodyTooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, errBodyTooLarge
	}
	if err != nil {
		return nil, errBodyUnread
	}
	return body, nil
}

func (d *Door) authenticate(r *http.Request, body []byte) (*access.Identity, error) {
	hash := sha256.Sum256(body)
	id, err := d.access.Authenticate(r, Service, hex.EncodeToString(hash[:]))
	if err != nil {
		return nil, err
	}
	if id.Principal.Kind == keyhaven.Anonymous {
		return nil, errNoToken
	}
	if !keyhaven.ValidRegionName(id.Region) {
		return nil, invalid("The region in the signature is not a region name.")
	}
	return id, nil
}

// authorize decides on the bucket or the machine that the operation is about.
// Where there is none the decision is on *, so that who may not learn that it is missing hears
// a denial, and the rest hear of it from the handler.
func (d *Door) authorize(ctx context.Context, c *call, in any) error {
	res := access.Resource{ARN: "*", Context: facts{in}}
	if c.op.bucket != nil {
		if b, err := d.bucket(ctx, c, c.op.bucket(in)); err == nil {
			res.ARN, res.Bucket = b.ARN(), b
		}
	}
	if c.op.instance != nil && res.Bucket == nil {
		if i, err := d.instance(ctx, c, c.op.instance(in)); err == nil {
			res.ARN, res.Account, res.Tags = i.ARN(), i.Account, i.Tags
		}
	}
	action := "lightsail:" + c.op.name
	err := d.access.Authorize(ctx, c.identity, action, res)
	if p := &c.identity.Principal; keyhaven.KindOf(err) == keyhaven.Denied && p.Kind == keyhaven.BucketKey {
		return denied(p, action, err)
	}
	return err
}

func writeBody(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client is gone: there is nobody to tell
}
