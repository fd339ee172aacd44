package keycare

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/edge"
)

// The words by which a request for this door is known.
const (
	Service = "keyhaven"
	Target  = "Keyhaven_20261201"
)

// MaxBody is the largest request body, in bytes: a scope of ten prefixes takes
// some ten thousand.
const MaxBody = 64 << 10

// Access verifies, decides, and keeps the keys. Implemented by access.Service.
type Access interface {
	Authenticate(r *http.Request, service, bodyHash string) (*access.Identity, error)
	Authorize(ctx context.Context, id *access.Identity, action string, res access.Resource) error

	Key(ctx context.Context, account keyhaven.AccountID, id string) (*keyhaven.AccessKey, access.Held, error)
	BucketKeys(ctx context.Context, in access.BucketKeyInput) ([]*keyhaven.AccessKey, error)
	ChangeKey(ctx context.Context, account keyhaven.AccountID, id string, c access.KeyChange) (*keyhaven.AccessKey, error)
	ImportBucketKey(ctx context.Context, in access.BucketKeyInput, id string, secret keyhaven.Secret, c access.KeyChange) (*keyhaven.AccessKey, error)
	DropKey(ctx context.Context, account keyhaven.AccountID, id string) error
	ImportUserKey(ctx context.Context, h access.KeyHolder, id string, secret keyhaven.Secret, c access.KeyChange) (*keyhaven.AccessKey, error)
	Holder(ctx context.Context, h access.KeyHolder) (access.Held, error)
	Activity(ctx context.Context, account keyhaven.AccountID, id string) (keyhaven.LastUsed, keyhaven.KeyActivity, error)
	RotateBucketKey(ctx context.Context, in access.BucketKeyInput, keyID string) (*keyhaven.AccessKey, error)
	BucketKeyRotation(ctx context.Context, in access.BucketKeyInput) (*access.Rotation, error)
	StepRotation(ctx context.Context, in access.BucketKeyInput, step access.RotationStep) (*access.Rotation, error)
}

// Buckets finds buckets. Implemented by bucket.Service.
type Buckets interface {
	Get(ctx context.Context, name string) (*keyhaven.Bucket, error)
}

// Door answers the API.
type Door struct {
	access     Access
	buckets    Buckets
	operations map[string]operation
}

// New returns the door over the services.
func New(a Access, b Buckets) *Door {
	d := &Door{access: a, buckets: b}
	d.operations = map[string]operation{
		"GetBucketAccessKeys":         row(true, d.getBucketAccessKeys),
		"GetAccessKey":                row(true, d.getAccessKey),
		"GetAccessKeyActivity":        row(true, d.getAccessKeyActivity),
		"UpdateAccessKey":             row(false, d.updateAccessKey),
		"DeleteAccessKey":             row(false, d.deleteAccessKey),
		"ImportBucketAccessKey":       row(false, d.importBucketAccessKey),
		"ImportAccessKey":             row(false, d.importAccessKey),
		"RotateBucketAccessKey":       row(false, d.rotateBucketAccessKey),
		"GetBucketAccessKeyRotation":  row(true, d.getBucketAccessKeyRotation),
		"StepBucketAccessKeyRotation": row(false, d.stepBucketAccessKeyRotation),
	}
	return d
}

// Operations returns the names of the operations, sorted.
func (d *Door) Operations() []string { return slices.Sorted(maps.Keys(d.operations)) }

// operation is one row.
type operation struct {
	readOnly bool
	serve    func(ctx context.Context, c *call, body []byte) (any, error)
}

// row makes a row of a handler.
func row[In any](readOnly bool, handle func(context.Context, *call, *In) (any, error)) operation {
	return operation{readOnly, func(ctx context.Context, c *call, body []byte) (any, error) {
		in := new(In)
		if len(body) > 0 && json.Unmarshal(body, in) != nil {
			return nil, errBody
		}
		return handle(ctx, c, in)
	}}
}

// call is one request on its way.
type call struct {
	name     string
	identity *access.Identity
	record   *edge.Record
}

func (c *call) account() keyhaven.AccountID { return c.identity.Principal.Account }

// ServeHTTP answers one request.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{record: edge.RecordOf(w)}
	c.record.Door, c.record.RequestID = Service, uuid.NewString()
	w.Header().Set("X-Amzn-RequestId", c.record.RequestID)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	out, err := d.serve(w, r, c)
	status := http.StatusOK
	if err != nil {
		a := answerTo(err)
		if a.status >= http.StatusInternalServerError {
			c.record.Err = err
		}
		c.record.ErrorCode, c.record.ErrorMessage = a.typ, a.message
		w.Header().Set("X-Amzn-ErrorType", a.typ)
		out, status = map[string]string{"__type": a.typ, "message": a.message}, a.status
	}
	body, err := json.Marshal(out)
	if err != nil {
		c.record.Err, status = err, http.StatusInternalServerError
	}
	if m := c.record.Management; m != nil && !m.ReadOnly && status == http.StatusOK {
		m.Response = body
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client is gone: there is nobody to tell
}

func (d *Door) serve(w http.ResponseWriter, r *http.Request, c *call) (any, error) {
	name, _ := strings.CutPrefix(r.Header.Get("X-Amz-Target"), Target+".")
	op, ok := d.operations[name]
	if !ok || r.Method != http.MethodPost || r.URL.Path != "/" {
		return nil, errUnknownOperation
	}
	c.name, c.record.Op = name, name
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if err != nil {
		return nil, errBody
	}
	hash := sha256.Sum256(body)
	if c.identity, err = d.access.Authenticate(r, Service, hex.EncodeToString(hash[:])); err != nil {
		return nil, err
	}
	c.record.Principal = &c.identity.Principal
	c.record.Management = &edge.Management{
		Source: Service + ".amazonaws.com", Region: c.identity.Region, ReadOnly: op.readOnly, Parameters: body,
	}
	return op.serve(r.Context(), c, body)
}

// allow decides on the operation.
func (d *Door) allow(ctx context.Context, c *call, arn string, b *keyhaven.Bucket) error {
	return d.access.Authorize(ctx, c.identity, "keyhaven:"+c.name, access.Resource{ARN: arn, Bucket: b})
}

// bucket returns a bucket of the caller's account that the caller may do this
// with. Who may not learn that it is missing hears a denial.
func (d *Door) bucket(ctx context.Context, c *call, name string) (access.BucketKeyInput, error) {
	b, err := d.buckets.Get(ctx, name)
	if err == nil && b.Account != c.account() {
		err = &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounBucket, ID: name}
	}
	if err != nil {
		if denied := d.allow(ctx, c, "*", nil); denied != nil {
			return access.BucketKeyInput{}, denied
		}
		return access.BucketKeyInput{}, err
	}
	if err := d.allow(ctx, c, b.ARN(), b); err != nil {
		return access.BucketKeyInput{}, err
	}
	return access.BucketKeyInput{Account: b.Account, Region: b.Region, Bucket: b.Name}, nil
}

// key returns a key that the caller may do this with. The keys of a root are for
// the root alone.
func (d *Door) key(ctx context.Context, c *call, id string) (*keyhaven.AccessKey, error) {
	k, holder, err := d.access.Key(ctx, c.account(), id)
	if err != nil {
		if denied := d.allow(ctx, c, "*", nil); denied != nil {
			return nil, denied
		}
		return nil, err
	}
	var b *keyhaven.Bucket
	if k.Owner == keyhaven.OwnerBucket {
		if b, err = d.buckets.Get(ctx, k.BucketName); err != nil {
			return nil, err
		}
	}
	if err := d.allow(ctx, c, holder.ARN, b); err != nil {
		return nil, err
	}
	if k.Owner == keyhaven.OwnerUser && !d.operations[c.name].readOnly {
		if err := mayMint(c, holder); err != nil {
			return nil, err
		}
	}
	if k.Owner == keyhaven.OwnerRoot && c.identity.Principal.Kind != keyhaven.Root {
		return nil, &answer{"AccessDeniedException", 400, "The access keys of the root are for the root alone."}
	}
	return k, nil
}

// mayMint refuses who could come to more than they may by the keys of the user
// (S7), as IAM does where it makes and changes them.
func mayMint(c *call, of access.Held) error {
	if c.identity.BarredFromIAM() {
		return &keyhaven.Error{Kind: keyhaven.Unauthenticated, Noun: keyhaven.NounAccessKey}
	}
	if why := c.identity.Exceeds(of.Boundary); why != "" {
		return &keyhaven.Error{
			Kind: keyhaven.Denied,
			Msg:  "User: " + c.identity.Principal.ARN() + " is not authorized to perform: keyhaven:" + c.name + " because " + why,
		}
	}
	return nil
}
