package keycare

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/jsondoor"
)

// The words by which a request for this door is known.
const (
	Service = "keyhaven"
	Target  = "Keyhaven_20261201"
)

// Access verifies, decides, and keeps the keys. Implemented by access.Service.
type Access interface {
	jsondoor.Authenticator
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

// Options are what a Door stands on.
type Options struct {
	Access   Access
	Buckets  Buckets
	Accounts Accounts
	// Console is where the client of a request finds the console's pages, "" if
	// there is none.
	Console func(*http.Request) string
}

// Door answers the API.
type Door struct {
	frame      jsondoor.Frame
	access     Access
	buckets    Buckets
	accounts   Accounts
	console    func(*http.Request) string
	operations map[string]operation
}

// New returns the door over the services.
func New(o Options) *Door {
	d := &Door{
		frame:  jsondoor.Frame{Service: Service, Target: Target, Access: o.Access, Answer: answerTo},
		access: o.Access, buckets: o.Buckets, accounts: o.Accounts, console: o.Console,
	}
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

		"ListAccounts":            owned(true, d, d.listAccounts),
		"GetAccount":              owned(true, d, d.getAccount),
		"CreateAccount":           owned(false, d, d.createAccount),
		"CreateAccountInvitation": owned(false, d, d.createAccountInvitation),
		"CloseAccount":            owned(false, d, d.closeAccount),
	}
	return d
}

// Operations returns the names of the operations, sorted.
func (d *Door) Operations() []string { return slices.Sorted(maps.Keys(d.operations)) }

// operation is one row.
type operation struct {
	readOnly bool
	serve    func(ctx context.Context, c *call) (any, error)
}

// row makes a row of a handler.
func row[In any](readOnly bool, handle func(context.Context, *call, *In) (any, error)) operation {
	return operation{readOnly, func(ctx context.Context, c *call) (any, error) {
		in := new(In)
		if err := c.Decode(in); err != nil {
			return nil, err
		}
		return handle(ctx, c, in)
	}}
}

// owned makes a row that is for the owner alone.
func owned[In any](readOnly bool, d *Door, handle func(context.Context, *call, *In) (any, error)) operation {
	return row(readOnly, func(ctx context.Context, c *call, in *In) (any, error) {
		if err := d.owner(ctx, c); err != nil {
			return nil, err
		}
		return handle(ctx, c, in)
	})
}

// call is one request on its way.
type call struct {
	*jsondoor.Call
	request *http.Request
}

func (c *call) account() keyhaven.AccountID { return c.Identity.Principal.Account }

// ServeHTTP answers one request.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.frame.Serve(w, r, func(c *jsondoor.Call) (any, error) {
		name, err := d.frame.Route(r)
		if err != nil {
			return nil, err
		}
		op, ok := d.operations[name]
		if !ok {
			return nil, jsondoor.UnknownOperation
		}
		if err := d.frame.Admit(w, r, c, name); err != nil {
			return nil, err
		}
		d.frame.Manage(c, op.readOnly)
		return op.serve(r.Context(), &call{c, r})
	})
}

// allow decides on the operation.
func (d *Door) allow(ctx context.Context, c *call, arn string, b *keyhaven.Bucket) error {
	return d.access.Authorize(ctx, c.Identity, "keyhaven:"+c.Operation, access.Resource{ARN: arn, Bucket: b})
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
	if k.Owner == keyhaven.OwnerUser && !d.operations[c.Operation].readOnly {
		if err := mayMint(c, holder); err != nil {
			return nil, err
		}
	}
	if k.Owner == keyhaven.OwnerRoot && c.Identity.Principal.Kind != keyhaven.Root {
		return nil, &keyhaven.Error{Kind: keyhaven.Denied, Msg: "The access keys of the root are for the root alone."}
	}
	return k, nil
}

// mayMint refuses who could come to more than they may by the keys of the user
// (S7), as IAM does where it makes and changes them.
func mayMint(c *call, of access.Held) error {
	if c.Identity.BarredFromIAM() {
		return &keyhaven.Error{Kind: keyhaven.Unauthenticated, Noun: keyhaven.NounAccessKey}
	}
	if why := c.Identity.Exceeds(of.Boundary); why != "" {
		return &keyhaven.Error{
			Kind: keyhaven.Denied,
			Msg:  "User: " + c.Identity.Principal.ARN() + " is not authorized to perform: keyhaven:" + c.Operation + " because " + why,
		}
	}
	return nil
}
