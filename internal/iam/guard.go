package iam

import (
	"strings"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/identity"
	"github.com/keyhaven/keyhaven/internal/query"
)

// guard says how an operation could let its caller exceed themself (S7).
type guard uint8

const (
	harmless guard = iota
	// mints: it makes or changes credentials of a user, or what a user, a group or
	// a role may do. Who is narrowed by a session policy may not: what is made
	// would not be. Who is narrowed by a boundary may do it only to those who have
	// the same.
	mints
	// makes: it makes a user or a role. As mints, and what is made must bear the
	// caller's own boundary.
	makes
	// bounds: it changes a boundary.
	bounds
	// loosens: it changes what many may do: a group or a managed policy. Who is
	// narrowed may not.
	loosens
)

func exceeds(c *query.Call, why string) error {
	return &keyhaven.Error{
		Kind: keyhaven.Denied, Noun: keyhaven.NounNone,
		Msg: "User: " + c.Identity.Principal.ARN() + " is not authorized to perform: iam:" + c.Op.Name + " because " + why,
	}
}

// sessionMay refuses the temporary credentials that IAM does not take at all
// (GetSessionToken and GetFederationToken, "Permissions"), and machines'.
func sessionMay(c *query.Call) error {
	if c.Identity.Principal.Kind == keyhaven.BucketKey {
		return exceeds(c, "a bucket's access key has no part in IAM")
	}
	if c.Identity.BarredFromIAM() {
		return &keyhaven.Error{Kind: keyhaven.Unauthenticated, Noun: keyhaven.NounAccessKey}
	}
	return nil
}

func (g guard) check(c *query.Call, a about, found identity.Found) error {
	own := c.Identity.Policies
	if g == harmless || own == nil {
		return nil
	}
	if why := c.Identity.Narrowed(); why != "" {
		return exceeds(c, why)
	}
	if len(own.Boundary) == 0 {
		return nil
	}
	mine := own.Boundary[0].ID
	brought := ""
	if a.boundary != nil {
		brought = *a.boundary
	}
	switch g {
	case makes, bounds:
		if brought != mine {
			return exceeds(c, "the caller's permissions boundary must be that of what the action makes or changes")
		}
	case mints:
		if why := c.Identity.Exceeds(found.Boundary); why != "" {
			return exceeds(c, why)
		}
	case loosens:
		return exceeds(c, "the caller has a permissions boundary and the action could change what others may do")
	}
	return nil
}

func lower(s string) string { return strings.ToLower(s) }
