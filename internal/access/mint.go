package access

import "github.com/keyhaven/keyhaven"

// Narrowed says that the caller is narrowed by a session policy, which would not
// narrow what they make; "" if they are not.
func (id *Identity) Narrowed() string {
	if id.Policies != nil && len(id.Policies.Session) > 0 {
		return "a session policy narrows the caller, and would not narrow what the action makes"
	}
	return ""
}

// Exceeds says why the caller may not make or change credentials, or what they
// may do, of somebody who has this permissions boundary ("" for none): those
// could be used to do more than the caller may (S7). It is "" if they may.
func (id *Identity) Exceeds(boundary string) string {
	if why := id.Narrowed(); why != "" {
		return why
	}
	if id.Policies != nil && len(id.Policies.Boundary) > 0 && id.Policies.Boundary[0].ID != boundary {
		return "the caller has a permissions boundary and the one that the action is about does not have the same"
	}
	return ""
}

// BarredFromIAM reports whether the caller's temporary credentials are of those
// that IAM does not take at all (GetSessionToken without an MFA device and
// GetFederationToken, "Permissions"), or a machine's.
func (id *Identity) BarredFromIAM() bool {
	switch id.SessionKind() {
	case TokenSession:
		return id.Principal.MFA.IsZero()
	case FederatedSession, MachineSession:
		return true
	}
	return id.Principal.Kind == keyhaven.BucketKey
}
