package access

import (
	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/policy"
)

// Policies are what a user or a session brings to a decision: its documents,
// compiled once and kept with its credential, and what condition keys tell of
// it. They are immutable.
type Policies struct {
	Identity []policy.Policy // its own and its groups'
	Boundary []policy.Policy // at most one
	// Session are the policies that a session was made with; it may what both
	// they and its role or user may. None narrow nothing.
	Session []policy.Policy
	Tags    []keyhaven.Tag // aws:PrincipalTag
	// Keys are the condition keys that a session was made with, in lower case:
	// aws:tokenissuetime, aws:sourceidentity, aws:federatedprovider …
	Keys policy.Values
}

// principalTypes translate.
var principalTypes = map[keyhaven.PrincipalKind]policy.PrincipalType{
	keyhaven.Root:            policy.Root,
	keyhaven.BucketKey:       policy.User,
	keyhaven.UserPrincipal:   policy.User,
	keyhaven.RoleSession:     policy.RoleSession,
	keyhaven.InstanceSession: policy.RoleSession,
	keyhaven.FederatedUser:   policy.FederatedUser,
}

// PolicyPrincipal is the principal as policies name it.
func PolicyPrincipal(p *keyhaven.Principal) policy.Principal {
	return policy.Principal{
		Type: principalTypes[p.Kind], Account: p.Account, ARN: p.ARN(), RoleARN: p.RoleARN, CanonicalID: p.CanonicalID,
	}
}
