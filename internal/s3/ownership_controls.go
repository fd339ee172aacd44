package s3

import (
	"encoding/xml"
	"net/http"

	"github.com/keyhaven/keyhaven"
)

var (
	errNoOwnership  = &wireError{code: "OwnershipControlsNotFoundError", status: 404, message: "The bucket ownership controls were not found"}
	errACLOwnership = &wireError{code: "InvalidBucketAclWithObjectOwnership", status: 400, message: "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"}
)

type ownershipControls struct {
	XMLName xml.Name `xml:"OwnershipControls"`
	Rules   []struct {
		ObjectOwnership string `xml:"ObjectOwnership"`
	} `xml:"Rule"`
}

// putBucketOwnershipControls says whether access control lists count in the
// bucket (API reference, PutBucketOwnershipControls).
func (d *Door) putBucketOwnershipControls(c *call) error {
	var req ownershipControls
	if err := c.readXML(&req); err != nil {
		return err
	}
	if len(req.Rules) != 1 {
		return errMalformedXML
	}
	o, ok := keyhaven.ParseObjectOwnership(req.Rules[0].ObjectOwnership)
	if !ok {
		return errMalformedXML
	}
	owner, err := d.bucketOwner(c)
	if err != nil {
		return err
	}
	err = d.buckets.Configure(c.r.Context(), c.bucket, func(b *keyhaven.Bucket) error {
		if o == keyhaven.BucketOwnerEnforced && !onlyOwner(b.AccessList(owner.CanonicalID), owner.CanonicalID) {
			return errACLOwnership
		}
		b.Ownership = o
		return nil
	})
	if err != nil {
		return err
	}
	c.ok()
	return nil
}

// onlyOwner reports whether a list grants nothing to others than the owner.
func onlyOwner(grants []keyhaven.Grant, owner string) bool {
	for _, g := range grants {
		if g.CanonicalID != owner {
			return false
		}
	}
	return true
}

// getBucketOwnershipControls (API reference, GetBucketOwnershipControls).
func (d *Door) getBucketOwnershipControls(c *call) error {
	if c.bucket.Ownership == keyhaven.OwnershipUnset {
		return errNoOwnership.and("BucketName", c.bucketName)
	}
	x := newDocument()
	x.root("OwnershipControls")
	x.open("Rule")
	x.element("ObjectOwnership", c.bucket.Ownership.String())
	x.close("Rule")
	x.close("OwnershipControls")
	x.write(c.w, http.StatusOK)
	return nil
}

// deleteBucketOwnershipControls (API reference, DeleteBucketOwnershipControls).
func (d *Door) deleteBucketOwnershipControls(c *call) error {
	err := d.buckets.Configure(c.r.Context(), c.bucket, func(b *keyhaven.Bucket) error {
		b.Ownership = keyhaven.OwnershipUnset
		return nil
	})
	if err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}
