package query

import (
	"context"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/awsquery"
	"github.com/keyhaven/keyhaven/internal/edge"
)

// Operation is one row: what the frame needs to know to serve it. The IAM action
// is <service>:<Name>.
type Operation struct {
	Name string
	// Unsigned says that the request proves itself by what it carries.
	Unsigned  bool
	required  []string
	decode    func(*awsquery.Form) (any, error)
	authorize func(ctx context.Context, c *Call, in any) error
	handle    func(ctx context.Context, c *Call, in any) (any, error)
}

// Call is one request on its way.
type Call struct {
	Op       *Operation
	Identity *access.Identity
	Record   *edge.Record
}

// Account is the caller's.
func (c *Call) Account() keyhaven.AccountID { return c.Identity.Principal.Account }

// Row makes an operation of its name, the members that it requires, the decision
// whether the caller may (nil: anybody who is somebody) and its handler.
func Row[In, Out any](name string, required []string, authorize func(context.Context, *Call, *In) error, handle func(context.Context, *Call, *In) (*Out, error)) *Operation {
	op := &Operation{
		Name:     name,
		required: required,
		decode: func(f *awsquery.Form) (any, error) {
			in := new(In)
			return in, f.Decode(in)
		},
		handle: func(ctx context.Context, c *Call, in any) (any, error) { return handle(ctx, c, in.(*In)) },
	}
	if authorize != nil {
		op.authorize = func(ctx context.Context, c *Call, in any) error { return authorize(ctx, c, in.(*In)) }
	}
	return op
}
