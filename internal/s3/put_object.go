package s3

import (
	"net/http"

	"github.com/keyhaven/keyhaven/internal/object"
)

// putObject stores an object (API reference, PutObject).
func (d *Door) putObject(c *call) error {
	if c.query.has("partNumber") {
		// A part that lost its uploadId must not become the object.
		return errInvalidArgument.with("This operation does not accept a query-string.").
			and("ArgumentName", "partNumber").and("ArgumentValue", c.query.get("partNumber"))
	}
	b, err := c.body()
	if err != nil {
		return err
	}
	attrs, err := d.attributes(c)
	if err != nil {
		return err
	}
	cond, err := writeConditions(c.r.Header)
	if err != nil {
		return err
	}
	o, err := d.objects.Put(c.r.Context(), object.PutInput{
		Bucket: c.bucket, Key: c.key, Body: b, Size: b.size,
		Attributes: attrs, Integrity: b.integrity(), Conditions: cond,
	})
	if err != nil {
		return err
	}
	c.record.ObjectSize = o.Size
	h := c.w.Header()
	h["Etag"] = []string{quoted(o.ETag)}
	setChecksum(h, o.Checksum)
	c.setWritten(o.Version)
	c.setEncryption(o.Encryption)
	d.setExpiration(c, o)
	c.ok()
	return nil
}

// ok answers 200 with no body.
func (c *call) ok() {
	c.w.Header()["Content-Length"] = []string{"0"}
	c.w.WriteHeader(http.StatusOK)
}
