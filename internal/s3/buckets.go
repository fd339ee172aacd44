package s3

import (
	"encoding/xml"
	"io"
	"net/http"
	"strings"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/bucket"
)

// maxBuckets is the largest page of ListBuckets.
const maxBuckets = 10000

// listBuckets lists the caller's buckets (API reference, ListBuckets). A bucket
// key sees its own alone.
func (d *Door) listBuckets(c *call) error {
	limit, err := c.query.limit("max-buckets", maxBuckets)
	if err != nil {
		return err
	}
	if limit == 0 {
		return errInvalidArgument.and("ArgumentName", "max-buckets").and("ArgumentValue", "0")
	}
	f := bucketFilter{
		prefix: c.query.get("prefix"), region: c.query.get("bucket-region"),
		limit: limit, token: c.query.get("continuation-token"), paged: c.query.has("max-buckets"),
	}
	found, next, err := d.callersBuckets(c, f)
	if err != nil {
		return err
	}
	x := newDocument()
	x.root("ListAllMyBucketsResult")
	x.owner("Owner", &c.id.Principal)
	x.open("Buckets")
	for _, b := range found {
		x.open("Bucket")
		x.element("Name", b.Name)
		x.time("CreationDate", b.CreatedAt)
		x.element("BucketRegion", b.Region)
		x.element("BucketArn", b.S3ARN())
		x.close("Bucket")
	}
	x.close("Buckets")
	x.optional("ContinuationToken", next)
	x.optional("Prefix", f.prefix)
	x.close("ListAllMyBucketsResult")
	x.write(c.w, http.StatusOK)
	return nil
}

type bucketFilter struct {
	prefix, region, token string
	limit                 int
	paged                 bool
}

func (d *Door) callersBuckets(c *call, f bucketFilter) (found []*keyhaven.Bucket, next string, err error) {
	p := &c.id.Principal
	if p.Kind == keyhaven.BucketKey {
		b, err := d.buckets.Get(c.r.Context(), p.BucketName)
		if err != nil {
			return nil, "", err
		}
		if b.ID == p.BucketID && strings.HasPrefix(b.Name, f.prefix) && (f.region == "" || f.region == b.Region) {
			found = append(found, b)
		}
		return found, "", nil
	}
	err = d.buckets.Each(c.r.Context(), bucket.EachInput{Account: p.Account, Prefix: f.prefix, Region: f.region, Token: f.token},
		func(b *keyhaven.Bucket) bool {
			if f.paged && len(found) == f.limit {
				next = bucket.Token(b.Name)
				return false
			}
			found = append(found, b)
			return true
		})
	return found, next, err
}

// owner writes the element of an owner or initiator.
func (x *document) owner(name string, p *keyhaven.Principal) {
	x.open(name)
	x.element("ID", p.CanonicalID)
	x.element("DisplayName", string(p.Account))
	x.close(name)
}

type createBucketRequest struct {
	XMLName  xml.Name  `xml:"CreateBucketConfiguration"`
	Location string    `xml:"LocationConstraint"`
	Bucket   *struct{} `xml:"Bucket"` // asks for a directory bucket
	Tags     *struct {
		Tags []struct {
			Key   string `xml:"Key"`
			Value string `xml:"Value"`
		} `xml:"Tag"`
	} `xml:"Tags"`
}

// createBucket makes a bucket by S3's rules (API reference, CreateBucket).
func (d *Door) createBucket(c *call) error {
	in, err := d.createInput(c)
	if err != nil {
		return err
	}
	if _, _, err := d.buckets.Create(c.r.Context(), in); err != nil {
		return err
	}
	c.w.Header().Set("Location", "/"+c.bucketName)
	c.w.Header().Set("X-Amz-Bucket-Arn", "arn:aws:s3:::"+c.bucketName)
	c.ok()
	return nil
}

func (d *Door) createInput(c *call) (in bucket.CreateInput, err error) {
	in = bucket.CreateInput{Account: c.id.Principal.Account, Name: c.bucketName, Region: d.opts.Region}
	if in.ObjectLock, err = d.locksBucket(c); err != nil {
		return in, err
	}
	if keyhaven.ValidRegionName(c.id.Region) {
		in.Region = c.id.Region
	}
	req, err := c.creation()
	if err != nil {
		return in, err
	}
	if req.Bucket != nil {
		return in, errNotImplemented
	}
	switch req.Location {
	case "":
	case "EU":
		in.Region = "eu-west-1"
	default:
		if !keyhaven.ValidRegionName(req.Location) {
			return in, errInvalidLocation.and("LocationConstraint", req.Location)
		}
		in.Region = req.Location
	}
	in.Tags = req.tags()
	return in, d.createACL(c, &in)
}

// createACL reads the access control list and the object ownership of a new
// bucket.
func (d *Door) createACL(c *call, in *bucket.CreateInput) error {
	if o := c.r.Header.Get("X-Amz-Object-Ownership"); o != "" {
		var ok bool
		if in.Ownership, ok = keyhaven.ParseObjectOwnership(o); !ok {
			return errInvalidArgument.with("Invalid x-amz-object-ownership header: "+o).
				and("ArgumentName", "x-amz-object-ownership").and("ArgumentValue", o)
		}
	}
	p := &c.id.Principal
	l, err := d.headerACL(c, p.CanonicalID)
	if err != nil || !l.given {
		return err
	}
	if in.Ownership == keyhaven.BucketOwnerEnforced && l.canned != keyhaven.ACLPrivate {
		return errACLOwnership
	}
	if l.public() {
		a, err := d.access.Account(c.r.Context(), p.Account)
		if err != nil {
			return err
		}
		if a.PublicAccessBlock.Has(keyhaven.BlockPublicACLs) {
			return &wireError{
				code: "InvalidBucketAclWithBlockPublicAccessError", status: 400,
				message: "Bucket cannot have public ACLs set with BlockPublicAccess enabled",
			}
		}
	}
	in.ACL, in.Grants = l.canned, l.grants
	return nil
}

// tags are those of the new bucket.
func (req *createBucketRequest) tags() (tags []keyhaven.Tag) {
	if req.Tags == nil {
		return nil
	}
	for _, t := range req.Tags.Tags {
		tags = append(tags, keyhaven.Tag{Key: t.Key, Value: t.Value, HasValue: true})
	}
	return tags
}

// creation is the optional document of CreateBucket.
func (c *call) creation() (createBucketRequest, error) {
	return c.newBucket.get(c.parseCreation, &c.newBucket)
}

func (c *call) parseCreation() (req createBucketRequest, err error) {
	if c.r.ContentLength == 0 {
		// The signature covers the hash of the empty body: it is compared too.
		b, err := c.body()
		if err != nil {
			return req, err
		}
		_, err = io.Copy(io.Discard, b)
		return req, err
	}
	return req, c.readXML(&req)
}

// headBucket answers whether the bucket is there (API reference, HeadBucket).
func (d *Door) headBucket(c *call) error {
	h := c.w.Header()
	h.Set("X-Amz-Bucket-Region", c.bucket.Region)
	h.Set("X-Amz-Bucket-Arn", c.bucket.S3ARN())
	h.Set("X-Amz-Access-Point-Alias", "false")
	h.Set("Content-Type", "application/xml")
	c.w.WriteHeader(http.StatusOK)
	return nil
}

// deleteBucket deletes an empty bucket (API reference, DeleteBucket).
func (d *Door) deleteBucket(c *call) error {
	_, err := d.buckets.Delete(c.r.Context(), bucket.DeleteInput{Account: c.bucket.Account, Name: c.bucketName, ViaS3: true})
	if err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// getBucketLocation tells the region; us-east-1 is written as nothing (API
// reference, GetBucketLocation).
func (d *Door) getBucketLocation(c *call) error {
	region := c.bucket.Region
	if region == "us-east-1" {
		region = ""
	}
	x := newDocument()
	x.root("LocationConstraint")
	x.b = appendText(x.b, region)
	x.close("LocationConstraint")
	x.write(c.w, http.StatusOK)
	return nil
}

// getBucketVersioning tells the versioning state (API reference,
// GetBucketVersioning).
func (d *Door) getBucketVersioning(c *call) error {
	x := newDocument()
	x.root("VersioningConfiguration")
	if c.bucket.Versioning != keyhaven.NeverEnabled {
		x.element("Status", string(c.bucket.Versioning))
	}
	x.close("VersioningConfiguration")
	x.write(c.w, http.StatusOK)
	return nil
}

type versioningRequest struct {
	XMLName   xml.Name `xml:"VersioningConfiguration"`
	Status    string   `xml:"Status"`
	MFADelete string   `xml:"MfaDelete"`
}

// putBucketVersioning enables or suspends versioning (API reference,
// PutBucketVersioning).
func (d *Door) putBucketVersioning(c *call) error {
	var req versioningRequest
	if err := c.readXML(&req); err != nil {
		return err
	}
	if req.MFADelete != "" && req.MFADelete != "Disabled" {
		return errNotImplemented
	}
	v := keyhaven.Versioning(req.Status)
	switch v {
	case keyhaven.VersioningEnabled, keyhaven.VersioningSuspended:
	default:
		return errMalformedXML
	}
	_, _, err := d.buckets.Update(c.r.Context(), bucket.UpdateInput{Account: c.bucket.Account, Name: c.bucketName, Versioning: &v, ViaS3: true})
	if err != nil {
		return err
	}
	c.ok()
	return nil
}

// expectedOwner checks x-amz-expected-bucket-owner, or the header of the copy
// source.
func expectedOwner(h http.Header, header string, b *keyhaven.Bucket) error {
	if want := h.Get(header); want != "" && want != string(b.Account) {
		return errAccessDenied
	}
	return nil
}
