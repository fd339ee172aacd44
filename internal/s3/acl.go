package s3

import (
	"context"
	"encoding/xml"
	"net/http"
	"slices"
	"strings"

	"github.com/keyhaven/keyhaven"
)

// accessList is an access control list that a request gives.
type accessList struct {
	canned keyhaven.CannedACL
	grants []keyhaven.Grant // when canned is keyhaven.ACLGrants
	given  bool
}

func (l *accessList) public() bool {
	return l.canned == keyhaven.ACLPublicRead || keyhaven.PublicGrants(l.grants)
}

var (
	errMalformedACL = &wireError{code: "MalformedACLError", status: 400, message: "The XML you provided was not well-formed or did not validate against our published schema"}
	errACLTwice     = errInvalidRequest.with("Specifying both Canned ACLs and Header Grants is not allowed")
	errACLContent   = &wireError{code: "UnexpectedContent", status: 400, message: "This request does not support content"}
	errPublicACL    = errAccessDenied.with("Access Denied: public ACLs are prevented by the BlockPublicAcls setting in S3 Block Public Access.")
	errGrantEmail   = &wireError{code: "UnresolvableGrantByEmailAddress", status: 400, message: "The email address you provided does not match any account on record"}
)

// grantHeaders are the headers that each give one permission.
var grantHeaders = []struct {
	name       string
	permission keyhaven.Permission
}{
	{"X-Amz-Grant-Full-Control", keyhaven.PermissionFullControl},
	{"X-Amz-Grant-Read", keyhaven.PermissionRead},
	{"X-Amz-Grant-Read-Acp", keyhaven.PermissionReadACP},
	{"X-Amz-Grant-Write", keyhaven.PermissionWrite},
	{"X-Amz-Grant-Write-Acp", keyhaven.PermissionWriteACP},
}

// headerACL reads x-amz-acl or the x-amz-grant headers. owner is the canonical
// id of the bucket's account.
func (d *Door) headerACL(c *call, owner string) (l accessList, err error) {
	canned := c.r.Header.Get("X-Amz-Acl")
	for _, g := range grantHeaders {
		for _, v := range c.r.Header[g.name] {
			if canned != "" {
				return l, errACLTwice
			}
			grants, err := d.headerGrants(c.r.Context(), v, g.permission)
			if err != nil {
				return l, err
			}
			l.canned, l.given, l.grants = keyhaven.ACLGrants, true, append(l.grants, grants...)
		}
	}
	if l.given || canned == "" {
		return l, nil
	}
	return cannedList(canned, owner)
}

// cannedList is the list that a canned ACL stands for. The bucket's account owns
// every object, so that the lists for it are private ones.
func cannedList(canned, owner string) (accessList, error) {
	l := accessList{given: true}
	all := func(group string, permissions ...keyhaven.Permission) {
		l.canned = keyhaven.ACLGrants
		l.grants = []keyhaven.Grant{{CanonicalID: owner, Permission: keyhaven.PermissionFullControl}}
		for _, p := range permissions {
			l.grants = append(l.grants, keyhaven.Grant{Group: group, Permission: p})
		}
	}
	switch canned {
	case "private", "bucket-owner-full-control", "bucket-owner-read":
	case "public-read":
		l.canned = keyhaven.ACLPublicRead
	case "public-read-write":
		all(keyhaven.AllUsers, keyhaven.PermissionRead, keyhaven.PermissionWrite)
	case "authenticated-read":
		all(keyhaven.AuthenticatedUsers, keyhaven.PermissionRead)
	case "log-delivery-write":
		all(keyhaven.LogDelivery, keyhaven.PermissionWrite, keyhaven.PermissionReadACP)
	default:
		return l, errInvalidArgument.and("ArgumentName", "x-amz-acl").and("ArgumentValue", canned)
	}
	return l, nil
}

// headerGrants reads id="…", uri="…".
func (d *Door) headerGrants(ctx context.Context, v string, p keyhaven.Permission) (grants []keyhaven.Grant, err error) {
	for part := range strings.SplitSeq(v, ",") {
		typ, name, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok {
			return nil, errInvalidArgument.with("Argument format not recognized")
		}
		name = strings.Trim(strings.TrimSpace(name), `"`)
		g := keyhaven.Grant{Permission: p}
		switch strings.ToLower(strings.TrimSpace(typ)) {
		case "id":
			g.CanonicalID = name
		case "uri":
			g.Group = name
		case "emailaddress":
			return nil, errGrantEmail
		default:
			return nil, errInvalidArgument.with("Argument format not recognized")
		}
		if err := d.checkGrantee(ctx, g); err != nil {
			return nil, err
		}
		grants = append(grants, g)
	}
	return grants, nil
}

// checkGrantee refuses a grant to an account or a group that does not exist.
func (d *Door) checkGrantee(ctx context.Context, g keyhaven.Grant) error {
	if g.Group != "" {
		if slices.Contains([]string{keyhaven.AllUsers, keyhaven.AuthenticatedUsers, keyhaven.LogDelivery}, g.Group) {
			return nil
		}
		return errInvalidArgument.with("Invalid group uri").and("ArgumentName", "uri").and("ArgumentValue", g.Group)
	}
	_, err := d.access.AccountByCanonicalID(ctx, g.CanonicalID)
	if keyhaven.KindOf(err) == keyhaven.NotFound {
		return errInvalidArgument.with("Invalid id").and("ArgumentName", "CanonicalUser/ID").and("ArgumentValue", g.CanonicalID)
	}
	return err
}

type accessControlPolicy struct {
	XMLName xml.Name `xml:"AccessControlPolicy"`
	Owner   *struct {
		ID string `xml:"ID"`
	} `xml:"Owner"`
	List *struct {
		Grants grantElements `xml:"Grant"`
	} `xml:"AccessControlList"`
}

// grantElements stops a document that would fill the memory with empty elements.
type grantElements []grantElement

type grantElement struct {
	Grantee struct {
		ID    string `xml:"ID"`
		URI   string `xml:"URI"`
		Email string `xml:"EmailAddress"`
	} `xml:"Grantee"`
	Permission string `xml:"Permission"`
}

// UnmarshalXML reads one element more.
func (e *grantElements) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	return appendElement(d, start, (*[]grantElement)(e), keyhaven.MaxGrants)
}

// requestACL reads the list of PutBucketAcl and PutObjectAcl: from the headers
// or from the document.
func (d *Door) requestACL(c *call, owner string) (l accessList, err error) {
	b, err := c.body()
	if err != nil {
		return l, err
	}
	raw, err := b.readAll(maxACL, errMalformedACL)
	if err != nil {
		return l, err
	}
	if l, err = d.headerACL(c, owner); err != nil {
		return l, err
	}
	switch {
	case l.given && len(raw) > 0:
		return l, errACLContent
	case l.given:
		return l, nil
	case len(raw) == 0:
		return l, errMissingHeader.and("MissingHeaderName", "x-amz-acl")
	}
	var doc accessControlPolicy
	if err := parseXML(raw, &doc); err != nil || doc.List == nil || doc.Owner == nil {
		return l, errMalformedACL
	}
	if doc.Owner.ID != owner {
		return l, errAccessDenied
	}
	l.given, l.canned = true, keyhaven.ACLGrants
	for _, e := range doc.List.Grants {
		g := keyhaven.Grant{CanonicalID: e.Grantee.ID, Group: e.Grantee.URI, Permission: keyhaven.ParsePermission(e.Permission)}
		switch {
		case e.Grantee.Email != "":
			return l, errGrantEmail
		case g.Permission == 0, g.CanonicalID == "" && g.Group == "":
			return l, errMalformedACL
		}
		if err := d.checkGrantee(c.r.Context(), g); err != nil {
			return l, err
		}
		l.grants = append(l.grants, g)
	}
	return l, nil
}

// maxACL bounds the document of an access control list, in bytes.
const maxACL = 64 << 10

// admitACL refuses a list that the bucket's settings do not take.
func (d *Door) admitACL(c *call, l accessList) error {
	if !l.given {
		return nil
	}
	b := c.bucket
	canned := c.r.Header.Get("X-Amz-Acl")
	if b.Ownership == keyhaven.BucketOwnerEnforced && canned != "bucket-owner-full-control" {
		return errACLNotSupported
	}
	if b.ViaLightsail && l.canned == keyhaven.ACLGrants {
		return errACLNotSupported // spec/bucket-semantics.md §4.2
	}
	if !l.public() {
		return nil
	}
	block, err := d.access.PublicAccessBlock(c.r.Context(), b)
	if err == nil && block.Has(keyhaven.BlockPublicACLs) {
		err = errPublicACL
	}
	return err
}

// attributeACL reads the list that a write gives its object. It needs a
// permission beside the write's own.
func (d *Door) attributeACL(c *call) (l accessList, err error) {
	owner, err := d.bucketOwner(c)
	if err != nil {
		return l, err
	}
	if l, err = d.headerACL(c, owner.CanonicalID); err != nil || !l.given {
		return l, err
	}
	if err := d.admitACL(c, l); err != nil {
		return l, err
	}
	return l, d.also(c, "s3:PutObjectAcl")
}

// writeACL sends a list.
func (d *Door) writeACL(c *call, grants []keyhaven.Grant, owner *keyhaven.Principal) error {
	if c.bucket.Ownership == keyhaven.BucketOwnerEnforced {
		grants = (&keyhaven.Bucket{}).AccessList(owner.CanonicalID)
	}
	x := newDocument()
	x.root("AccessControlPolicy")
	x.owner("Owner", owner)
	x.open("AccessControlList")
	for _, g := range grants {
		x.grant(g, owner)
	}
	x.close("AccessControlList")
	x.close("AccessControlPolicy")
	x.write(c.w, http.StatusOK)
	return nil
}

func (x *document) grant(g keyhaven.Grant, owner *keyhaven.Principal) {
	typ := "CanonicalUser"
	if g.Group != "" {
		typ = "Group"
	}
	x.open("Grant")
	x.b = append(x.b, `<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="`+typ+`">`...)
	if g.Group != "" {
		x.element("URI", g.Group)
	} else {
		x.element("ID", g.CanonicalID)
		if g.CanonicalID == owner.CanonicalID {
			x.element("DisplayName", string(owner.Account))
		}
	}
	x.close("Grantee")
	x.element("Permission", g.Permission.String())
	x.close("Grant")
}

// getBucketACL sends the access control list of the bucket (API reference,
// GetBucketAcl).
func (d *Door) getBucketACL(c *call) error {
	owner, err := d.bucketOwner(c)
	if err != nil {
		return err
	}
	return d.writeACL(c, c.bucket.AccessList(owner.CanonicalID), owner)
}

// putBucketACL sets the access control list of the bucket (API reference,
// PutBucketAcl).
func (d *Door) putBucketACL(c *call) error {
	owner, err := d.bucketOwner(c)
	if err != nil {
		return err
	}
	l, err := d.requestACL(c, owner.CanonicalID)
	if err != nil {
		return err
	}
	if err := d.admitACL(c, l); err != nil {
		return err
	}
	err = d.buckets.Configure(c.r.Context(), c.bucket, func(b *keyhaven.Bucket) error {
		if b.Ownership == keyhaven.BucketOwnerEnforced && l.canned != keyhaven.ACLPrivate {
			return errACLNotSupported
		}
		b.ACL, b.Grants = l.canned, l.grants
		return nil
	})
	if err != nil {
		return err
	}
	c.ok()
	return nil
}
