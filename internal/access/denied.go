package access

import (
	"strings"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/policy"
)

// Denied is the refusal of an action in AWS's words: who, what, on which
// resource, and which policy says so or is missing.
func (d Decision) Denied(id *Identity, action string, res Resource) error {
	p := &id.Principal
	who := "User: " + p.ARN()
	why := d.why
	if p.Kind == keyhaven.Anonymous {
		who = "Anonymous user"
	}
	if p.Kind == keyhaven.Root && why.Outcome == policy.ImplicitDeny && why.Source == policy.FromIdentity {
		why.Source = policy.FromResource // a root has no identity-based policies
	}
	arn := res.ARN
	if arn == "" {
		arn = "*"
	}
	if strings.HasPrefix(action, "s3:") && arn != "*" {
		arn = `"` + arn + `"`
	}
	msg := who + " is not authorized to perform: " + action + " on resource: " + arn
	if because := why.Because(action); because != "" {
		msg += " " + because
	}
	return &keyhaven.Error{Kind: keyhaven.Denied, Noun: keyhaven.NounNone, Msg: msg}
}
