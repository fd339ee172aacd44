package s3

import (
	"github.com/keyhaven/keyhaven/internal/object"
)

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
	return d.writeACL(c, o.AccessList(owner.CanonicalID), owner)
}

// putObjectACL sets the access control list of an object: a canned one, grants
// in headers or a document (API reference, PutObjectAcl).
func (d *Door) putObjectACL(c *call) error {
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
	version, err := c.query.versionID()
	if err != nil {
		return err
	}
	o, err := d.objects.SetACL(c.r.Context(), object.SetACLInput{
		Bucket: c.bucket, Key: c.key, Version: version, ACL: l.canned, Grants: l.grants, ByACL: aclCheck(c.decision),
	})
	if err != nil {
		return err
	}
	c.setVersion(o.Version)
	c.ok()
	return nil
}
