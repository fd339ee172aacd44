package s3

import "net/http"

var errNoTagSet = &wireError{code: "NoSuchTagSet", status: 404, message: "The TagSet does not exist"}

// getBucketTagging sends the bucket's tags, which are those of the Lightsail
// API too (API reference, GetBucketTagging). A tag without a value has an empty
// one here.
func (d *Door) getBucketTagging(c *call) error {
	if len(c.bucket.Tags) == 0 {
		return errNoTagSet.and("BucketName", c.bucketName)
	}
	c.writeTags(c.bucket.Tags)
	return nil
}

// putBucketTagging replaces the bucket's tags (API reference, PutBucketTagging).
func (d *Door) putBucketTagging(c *call) error {
	tags, err := c.readTags()
	if err != nil {
		return err
	}
	if err := d.buckets.SetTags(c.r.Context(), c.bucket, tags); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// deleteBucketTagging removes the bucket's tags (API reference,
// DeleteBucketTagging).
func (d *Door) deleteBucketTagging(c *call) error {
	if err := d.buckets.SetTags(c.r.Context(), c.bucket, nil); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}
