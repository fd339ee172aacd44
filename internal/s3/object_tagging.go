package s3

import (
	"net/http"

	"github.com/keyhaven/keyhaven"
)

// getObjectTagging sends the tags of an object or a version (API reference,
// GetObjectTagging).
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
	c.writeTags(o.Tags)
	return nil
}

// putObjectTagging replaces the tags of an object or a version (API reference,
// PutObjectTagging).
func (d *Door) putObjectTagging(c *call) error {
	tags, err := c.readTags()
	if err != nil {
		return err
	}
	if err := d.setTags(c, tags); err != nil {
		return err
	}
	c.ok()
	return nil
}

// deleteObjectTagging removes all tags of an object or a version (API reference,
// DeleteObjectTagging).
func (d *Door) deleteObjectTagging(c *call) error {
	if err := d.setTags(c, nil); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (d *Door) setTags(c *call, tags []keyhaven.Tag) error {
	version, err := c.query.versionID()
	if err != nil {
		return err
	}
	o, err := d.objects.SetTags(c.r.Context(), c.bucket, c.key, version, tags)
	if err != nil {
		c.describeMarker(err)
		return err
	}
	c.setVersion(o.Version)
	return nil
}
