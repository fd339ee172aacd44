package s3

import (
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
	// Webhook reports whether there is a webhook of a name, to which buckets can
	// report changes; nil for none.
	Webhook func(name string) bool
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
	actions actionScopes
}

// New returns the door over the services.
func New(a *access.Service, b *bucket.Service, o *object.Service, opts Options) *Door {
	opts.Domain = strings.ToLower(strings.TrimSuffix(opts.Domain, "."))
	return &Door{access: a, buckets: b, objects: o, opts: opts, routes: newRoutes(operations), actions: newActionScopes(operations)}
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

	source     copySource // of a copy
	deleted    []logEntry // what a request for many deletes, for the access log
	form       *postForm  // of a PostObject
	door       *Door
	hides      *bool // see hidesMissing
	contextErr error // what went wrong while condition keys were looked up
	tagSet     *once[[]keyhaven.Tag]
	retention  *once[retentionRequest] // the document of PutObjectRetention
	hold       *once[legalHoldRequest] // that of PutObjectLegalHold
	newBucket  *once[createBucketRequest]
}

// ServeHTTP answers one request.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{w: w, r: r, record: edge.RecordOf(w), door: d}
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
	c.describeOrigin()
	return c.op.handle(d, c)
}

func (d *Door) route(c *call) error {
	if is, err := c.control(); is {
		return err
	}
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
		id, err = access.Nobody(c.r), nil
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
	on := subject{bucketName: c.bucketName, key: c.key}
	if c.bucketName != "" && c.op.name != "CreateBucket" {
		b, err := d.buckets.Get(c.r.Context(), c.bucketName)
		if err != nil {
			return err
		}
		c.bucket, on.bucket = b, b
		if err := expectedOwner(c.r.Header, "X-Amz-Expected-Bucket-Owner", b); err != nil {
			return err
		}
	}
	if c.op.perKey {
		return nil
	}
	var err error
	c.decision, err = d.decide(c, c.action(), on)
	if err == nil && c.decision.ByACL && !c.op.byACL {
		err = c.decision.Denied(c.id, c.action(), c.resource(on))
	}
	return err
}

// subject is what a permission is asked for: an object, or a bucket when key is
// empty, or the service.
type subject struct {
	bucket     *keyhaven.Bucket
	bucketName string
	key        string
	version    *keyhaven.VersionID
}

// subject is the request's own.
func (c *call) subject() subject {
	return subject{bucket: c.bucket, bucketName: c.bucketName, key: c.key}
}

func (c *call) resource(on subject) access.Resource {
	arn := "*"
	switch {
	case on.key != "":
		arn = "arn:aws:s3:::" + on.bucketName + "/" + on.key
	case on.bucketName != "":
		arn = "arn:aws:s3:::" + on.bucketName
	}
	return access.Resource{ARN: arn, Bucket: on.bucket, Context: &facts{c: c, on: on}}
}

// decide asks the one decision. It returns a denial as an error, and a decision
// that may depend on the object's access control list.
func (d *Door) decide(c *call, action string, on subject) (access.Decision, error) {
	res := c.resource(on)
	dec, err := d.access.Decide(c.r.Context(), c.id, action, res)
	switch {
	case err != nil:
		return dec, err
	case c.contextErr != nil:
		return access.Decision{}, c.contextErr
	case !dec.Allowed:
		return dec, dec.Denied(c.id, action, res)
	}
	return dec, nil
}

// must asks for a permission that does not depend on an object's list.
func (d *Door) must(c *call, action string, on subject) error {
	dec, err := d.decide(c, action, on)
	if err == nil && dec.ByACL {
		return dec.Denied(c.id, action, c.resource(on))
	}
	return err
}

// also asks for a permission on the target beside the one of the operation.
func (d *Door) also(c *call, action string) error { return d.must(c, action, c.subject()) }

// hidesMissing reports whether what is missing must look like what is forbidden,
// as the caller may not list the bucket.
func (c *call) hidesMissing() bool {
	if c.hides == nil {
		hides := true
		if c.bucket != nil && c.id != nil {
			hides = c.door.must(c, "s3:ListBucket", subject{bucket: c.bucket, bucketName: c.bucketName}) != nil
		}
		c.hides = &hides
	}
	return *c.hides
}

// denial is the message for an object that the caller may not have, which tells
// nothing about whether it is there.
func (c *call) denial() string {
	if !c.decision.ByACL {
		return errAccessDenied.message
	}
	e, _ := errors.AsType[*keyhaven.Error](c.decision.Denied(c.id, c.action(), c.resource(c.subject())))
	return e.Msg
}

// aclCheck is what the object's list must allow, when the decision depends on
// it.
func aclCheck(d access.Decision) *object.ACLCheck {
	if !d.ByACL {
		return nil
	}
	return &object.ACLCheck{Caller: d.Caller, Permission: d.Permission}
}

// action is the IAM action of the request: the versioned one where a version is
// named.
func (c *call) action() string {
	if c.op.versionAction != "" && c.query.has("versionId") {
		return c.op.versionAction
	}
	return c.op.action
}

// mayRead decides on the read of another object than the target's: the source
// of a copy.
func (d *Door) mayRead(c *call, bucketName, key string, version *keyhaven.VersionID) (*keyhaven.Bucket, access.Decision, error) {
	action := "s3:GetObject"
	if version != nil {
		action = "s3:GetObjectVersion"
	}
	b, err := d.buckets.Get(c.r.Context(), bucketName)
	if err != nil {
		return nil, access.Decision{}, err
	}
	if err := expectedOwner(c.r.Header, "X-Amz-Source-Expected-Bucket-Owner", b); err != nil {
		return nil, access.Decision{}, err
	}
	dec, err := d.decide(c, action, subject{bucket: b, bucketName: bucketName, key: key, version: version})
	return b, dec, err
}
