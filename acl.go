package keyhaven

import "slices"

// Permission is what a grant of an access control list allows (S3 User Guide,
// "Access control list overview"). The values are stored: only append.
type Permission uint8

// The permissions.
const (
	PermissionRead Permission = iota + 1
	PermissionWrite
	PermissionReadACP
	PermissionWriteACP
	PermissionFullControl
)

var permissionNames = [...]string{"", "READ", "WRITE", "READ_ACP", "WRITE_ACP", "FULL_CONTROL"}

func (p Permission) String() string {
	if int(p) < len(permissionNames) {
		return permissionNames[p]
	}
	return ""
}

// ParsePermission reads what String wrote; zero for anything else.
func ParsePermission(s string) Permission {
	return Permission(max(0, slices.Index(permissionNames[:], s)))
}

// The groups that grants may name.
const (
	AllUsers           = "http://acs.amazonaws.com/groups/global/AllUsers"
	AuthenticatedUsers = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
	LogDelivery        = "http://acs.amazonaws.com/groups/s3/LogDelivery"
)

// MaxGrants is how many grants an access control list may have.
const MaxGrants = 100

// Grant gives a permission to an account, by its canonical id, or to a group, by
// its URI.
type Grant struct {
	CanonicalID string
	Group       string
	Permission  Permission
}

// Public reports whether the grant is for everybody, or for everybody with an
// account somewhere.
func (g Grant) Public() bool { return g.Group == AllUsers || g.Group == AuthenticatedUsers }

// ACLCaller is who wants to use a grant.
type ACLCaller struct {
	CanonicalID   string // empty when grants to the account do not count
	Authenticated bool   // the request is signed
	IgnorePublic  bool   // public grants do not count
}

// Allows reports whether one of the grants gives the caller the permission.
func Allows(grants []Grant, want Permission, who ACLCaller) bool {
	return slices.ContainsFunc(grants, func(g Grant) bool {
		if g.Permission != want && g.Permission != PermissionFullControl {
			return false
		}
		switch {
		case g.Public() && who.IgnorePublic:
			return false
		case g.Group == AllUsers, g.Group == AuthenticatedUsers && who.Authenticated:
			return true
		}
		return g.CanonicalID != "" && g.CanonicalID == who.CanonicalID
	})
}

// PublicGrants reports whether a list has a grant for everybody.
func PublicGrants(grants []Grant) bool { return slices.ContainsFunc(grants, Grant.Public) }

// AccessList returns the grants of the object; owner is the canonical id of the
// bucket's account, which owns every object.
func (o *Object) AccessList(owner string) []Grant {
	return accessList(o.ACL, o.Grants, owner)
}

func accessList(canned CannedACL, grants []Grant, owner string) []Grant {
	if canned == ACLGrants {
		return grants
	}
	list := []Grant{{CanonicalID: owner, Permission: PermissionFullControl}}
	if canned == ACLPublicRead {
		list = append(list, Grant{Group: AllUsers, Permission: PermissionRead})
	}
	return list
}

// AccessList returns the grants of the bucket; owner is the canonical id of its
// account.
func (b *Bucket) AccessList(owner string) []Grant {
	return accessList(b.ACL, b.Grants, owner)
}
