package s3

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/bucket"
	"github.com/keyhaven/keyhaven/internal/edge"
	"github.com/keyhaven/keyhaven/internal/object"
	"github.com/keyhaven/keyhaven/internal/sigv4"
)

// Options are the settings of the door.
type Options struct {
	// Domain is the name under which buckets are addressed as hosts:
	// BUCKET.Domain, BUCKET.s3.Domain and BUCKET.s3.REGION.Domain. Empty for
	// path style alone.
	Domain string
	// Region is the region of buckets that are made without one.
	Region string
	// Logs keeps the access records of buckets; nil for none.
	Logs AccessLogs
}

// Door is the S3 door.
type Door struct {
	access  *access.Service
	buckets *bucket.Service
	objects *object.Service
	opts    Options
	routes  routes
}

// New returns the door over the services.
func New(a *access.Service, b *bucket.Service, o *object.Service, opts Options) *Door {
	opts.Domain = strings.ToLower(strings.TrimSuffix(opts.Domain, "."))
	return &Door{access: a, buckets: b, objects: o, opts: opts, routes: newRoutes(operations)}
}

// call is one request on its way through the door.
type call struct {
	target
	w        http.ResponseWriter
	r        *http.Request
	op       *operation
	id       *access.Identity
	bucket   *keyhaven.Bucket // the target's, once authorized; nil for service operations
	decision access.Decision
	record   *edge.Record

	source  copySource // of a copy
	deleted []logEntry // what a request for many deletes, for the access log
	form    *postForm  // of a PostObject
}

// ServeHTTP answers one request.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{w: w, r: r, record: edge.RecordOf(w)}
	c.record.Door = "s3"
	h := w.Header()
	id := []string{c.record.RequestID}
	h["X-Amz-Request-Id"], h["X-Amz-Id-2"] = id, id
	defer d.logAccess(c)
	if err := d.serve(c); err != nil { //nolint:contextcheck // the context is the request's, which c holds
		c.writeError(err)
	}
}

// serve takes the six steps of every door. Objects stream, so each handler
// decodes its headers and encodes its answer itself.
func (d *Door) serve(c *call) error {
	if err := d.route(c); err != nil {
		return err
	}
	if c.r.Method == http.MethodOptions {
		return d.preflight(c)
	}
	if err := d.authenticate(c); err != nil {
		return err
	}
	if err := d.authorize(c); err != nil {
		return err
	}
	if c.op.handle == nil {
		return errNotImplemented
	}
	return c.op.handle(d, c)
}

func (d *Door) route(c *call) error {
	var err error
	if c.target, err = parseTarget(c.r, d.opts.Domain); err != nil {
		return err
	}
	c.record.Bucket, c.record.Key = c.bucketName, c.key
	if c.r.Method == http.MethodOptions {
		return nil
	}
	d.shareWithOrigin(c)
	if c.op, err = d.routes.find(c.r.Method, c.target, c.r.Header); err != nil {
		return err
	}
	c.record.Op = c.op.name
	return nil
}

// authenticate verifies the signature. A request without one is anonymous.
func (d *Door) authenticate(c *call) error {
	if c.op.form {
		return d.authenticateForm(c)
	}
	id, err := d.access.Authenticate(c.r, "s3", "")
	if e, ok := errors.AsType[*sigv4.Error](err); ok && e.Reason == sigv4.Missing {
		id, err = &access.Identity{}, nil
	}
	if err != nil {
		return err
	}
	c.id = id
	if id.Signature != nil && id.Signature.Presigned {
		c.takeHoisted()
	}
	c.record.Principal = &id.Principal
	c.describe()
	return nil
}

// authorize looks up the bucket and asks the one decision.
func (d *Door) authorize(c *call) error {
	res := access.Resource{ARN: c.arn()}
	if c.bucketName != "" && c.op.name != "CreateBucket" {
		b, err := d.buckets.Get(c.r.Context(), c.bucketName)
		if err != nil {
			return err
		}
		c.bucket, res.Bucket = b, b
		if err := expectedOwner(c.r.Header, "X-Amz-Expected-Bucket-Owner", b); err != nil {
			return err
		}
	}
	action := c.action()
	c.decision = access.Decide(&c.id.Principal, action, res)
	if !c.decision.Allowed || c.decision.PublicOnly && !c.op.publicRead {
		return access.Denied(&c.id.Principal, action, res)
	}
	return nil
}

// also asks for a permission on the target beside the one of the operation.
func (d *Door) also(c *call, action string) error {
	res := access.Resource{ARN: c.arn(), Bucket: c.bucket}
	if dec := access.Decide(&c.id.Principal, action, res); dec.Allowed && !dec.PublicOnly {
		return nil
	}
	return access.Denied(&c.id.Principal, action, res)
}

// action is the IAM action of the request: the versioned one where a version is
// named.
func (c *call) action() string {
	if c.op.versionAction != "" && c.query.has("versionId") {
		return c.op.versionAction
	}
	return c.op.action
}

// arn names what the request is about in denials.
func (c *call) arn() string {
	switch {
	case c.bucketName == "":
		return "*"
	case c.key == "":
		return "arn:aws:s3:::" + c.bucketName
	}
	return "arn:aws:s3:::" + c.bucketName + "/" + c.key
}

// mayRead decides on the read of another object than the target's: the source
// of a copy.
func (d *Door) mayRead(ctx context.Context, c *call, bucketName, key string, versioned bool) (*keyhaven.Bucket, access.Decision, error) {
	action := "s3:GetObject"
	if versioned {
		action = "s3:GetObjectVersion"
	}
	b, err := d.buckets.Get(ctx, bucketName)
	if err != nil {
		return nil, access.Decision{}, err
	}
	if err := expectedOwner(c.r.Header, "X-Amz-Source-Expected-Bucket-Owner", b); err != nil {
		return nil, access.Decision{}, err
	}
	res := access.Resource{ARN: "arn:aws:s3:::" + bucketName + "/" + key, Bucket: b}
	dec := access.Decide(&c.id.Principal, action, res)
	if !dec.Allowed {
		return nil, dec, access.Denied(&c.id.Principal, action, res)
	}
	return b, dec, nil
}
