package s3

import "net/http"

// getObjectTagging sends the tags of an object, of which there are none: no
// operation sets any yet. aws-cli asks before it copies a large object (API
// reference, GetObjectTagging).
func (d *Door) getObjectTagging(c *call) error {
	version, err := c.query.versionID()
	if err != nil {
		return err
	}
	o, err := d.objects.Head(c.r.Context(), c.bucket, c.key, version)
	if err != nil {
		c.describeMarker(err)
		return err
	}
	c.setVersion(o.Version)
	x := newDocument()
	x.root("Tagging")
	x.open("TagSet")
	x.close("TagSet")
	x.close("Tagging")
	x.write(c.w, http.StatusOK)
	return nil
}
