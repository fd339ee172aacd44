package s3

import (
	"net/http"
	"strings"

	"github.com/keyhaven/keyhaven/internal/object"
)

// deleteObject deletes an object or a version (API reference, DeleteObject).
func (d *Door) deleteObject(c *call) error {
	version, err := c.query.versionID()
	if err != nil {
		return err
	}
	for _, name := range []string{"X-Amz-If-Match-Last-Modified-Time", "X-Amz-If-Match-Size"} {
		if c.r.Header.Get(name) != "" { // conditions that only directory buckets have
			return errNotImplemented.and("Header", strings.ToLower(name))
		}
	}
	target := object.DeleteTarget{Key: c.key, Version: version, Bypass: d.bypasses(c)}
	target.Conditions.IfMatch = c.r.Header.Get("If-Match")
	out, err := d.objects.Delete(c.r.Context(), c.bucket, target)
	if err != nil {
		return err
	}
	h := c.w.Header()
	if out.DeleteMarker {
		h.Set("X-Amz-Delete-Marker", "true")
	}
	if out.Versioned {
		c.setVersion(out.Version)
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}
