package s3

import (
	"io"
	"net/http"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/object"
)

const allUsers = "http://acs.amazonaws.com/groups/global/AllUsers"

// getObjectACL sends the access control list of an object (API reference,
// GetObjectAcl).
func (d *Door) getObjectACL(c *call) error {
	version, err := c.query.versionID()
	if err != nil {
		return err
	}
	o, err := d.objects.Get(c.r.Context(), object.GetInput{
		Bucket: c.bucket, Key: c.key, Version: version, HeadOnly: true, ByACL: aclCheck(c.decision),
	})
	if err != nil {
		return err
	}
	defer o.Close()
	owner, err := d.bucketOwner(c)
	if err != nil {
		return err
	}
	c.setVersion(o.Version)
	x := newDocument()
	x.root("AccessControlPolicy")
	x.owner("Owner", owner)
	x.open("AccessControlList")
	x.grant(`<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser">`, "FULL_CONTROL", func() {
		x.element("ID", owner.CanonicalID)
		x.element("DisplayName", string(owner.Account))
	})
	if o.ACL == keyhaven.ACLPublicRead {
		x.grant(`<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group">`, "READ", func() {
			x.element("URI", allUsers)
		})
	}
	x.close("AccessControlList")
	x.close("AccessControlPolicy")
	x.write(c.w, http.StatusOK)
	return nil
}

func (x *document) grant(grantee, permission string, fill func()) {
	x.open("Grant")
	x.b = append(x.b, grantee...)
	fill()
	x.close("Grantee")
	x.element("Permission", permission)
	x.close("Grant")
}

// putObjectACL sets a canned ACL on an object (API reference, PutObjectAcl). A
// grant document is not supported.
func (d *Door) putObjectACL(c *call) error {
	b, err := c.body()
	if err != nil {
		return err
	}
	raw, err := io.ReadAll(io.LimitReader(b, 1))
	if err != nil {
		return err
	}
	if len(raw) > 0 {
		return errNotImplemented
	}
	acl, err := cannedACL(c.r.Header)
	if err != nil {
		return err
	}
	if len(c.r.Header["X-Amz-Acl"]) == 0 {
		return errMissingHeader.and("MissingHeaderName", "x-amz-acl")
	}
	version, err := c.query.versionID()
	if err != nil {
		return err
	}
	o, err := d.objects.SetACL(c.r.Context(), object.SetACLInput{
		Bucket: c.bucket, Key: c.key, Version: version, ACL: acl, ByACL: aclCheck(c.decision),
	})
	if err != nil {
		return err
	}
	c.setVersion(o.Version)
	c.ok()
	return nil
}
