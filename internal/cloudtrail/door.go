package cloudtrail

import (
	"context"
	"net/http"

	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/audit"
	"github.com/keyhaven/keyhaven/internal/jsondoor"
)

// The words by which a request for this door is known.
const (
	Service = "cloudtrail"
	Target  = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101"
)

// Access verifies who calls and decides what they may do. Implemented by
// access.Service.
type Access interface {
	jsondoor.Authenticator
	Authorize(ctx context.Context, id *access.Identity, action string, res access.Resource) error
}

// Events finds records. Implemented by audit.Log.
type Events interface {
	Lookup(q audit.Query) (found []audit.Found, next uint64, err error)
}

// Door answers the CloudTrail API.
type Door struct {
	frame  jsondoor.Frame
	access Access
	events Events
	rate   *rates
}

// New returns the door over the services.
func New(a Access, e Events) *Door {
	return &Door{frame: jsondoor.Frame{Service: Service, Target: Target, Access: a}, access: a, events: e, rate: newRates()}
}

// ServeHTTP answers one request.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.frame.Serve(w, r, func(c *jsondoor.Call) (any, error) {
		name, err := d.frame.Route(r)
		if err != nil {
			return nil, err
		}
		if err := d.frame.Admit(w, r, c, name); err != nil {
			return nil, err
		}
		if name != "LookupEvents" {
			return nil, errUnsupported
		}
		d.frame.Manage(c, true)
		if err := d.access.Authorize(r.Context(), c.Identity, "cloudtrail:LookupEvents", access.Resource{ARN: "*"}); err != nil {
			return nil, err
		}
		return d.lookupEvents(c)
	})
}

var errUnsupported = &jsondoor.Fault{Type: "UnsupportedOperationException", Status: 400, Message: "This operation of CloudTrail is not built; LookupEvents is."}

func invalid(what, message string) error {
	return &jsondoor.Fault{Type: "Invalid" + what + "Exception", Status: 400, Message: message}
}
