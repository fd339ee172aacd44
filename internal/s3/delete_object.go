package s3

import (
	"net/http"
	"strconv"
	"time"

	"github.com/keyhaven/keyhaven/internal/object"
)

// deleteObject deletes an object or a version (API reference, DeleteObject).
func (d *Door) deleteObject(c *call) error {
	version, err := c.query.versionID()
	if err != nil {
		return err
	}
	target := object.DeleteTarget{Key: c.key, Version: version, Bypass: d.bypasses(c)}
	h := c.r.Header
	target.Conditions.IfMatch = h.Get("If-Match")
	if err := deleteConditions(&target, h.Get("X-Amz-If-Match-Size"), h.Get("X-Amz-If-Match-Last-Modified-Time")); err != nil {
		return err
	}
	out, err := d.objects.Delete(c.r.Context(), c.bucket, target)
	if err != nil {
		return err
	}
	h = c.w.Header()
	if out.DeleteMarker {
		h.Set("X-Amz-Delete-Marker", "true")
	}
	if out.Versioned {
		c.setVersion(out.Version)
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// deleteConditions reads the conditions that S3 has in directory buckets alone;
// here they hold everywhere. Empty ones are none.
func deleteConditions(t *object.DeleteTarget, size, modified string) error {
	if size != "" {
		n, err := strconv.ParseInt(size, 10, 64)
		if err != nil {
			return errInvalidArgument.and("ArgumentName", "x-amz-if-match-size").and("ArgumentValue", size)
		}
		t.Size = &n
	}
	if modified != "" {
		at, err := http.ParseTime(modified)
		if err != nil {
			at, err = time.Parse(time.RFC3339, modified)
		}
		if err != nil {
			return errInvalidArgument.and("ArgumentName", "x-amz-if-match-last-modified-time").and("ArgumentValue", modified)
		}
		at = at.Truncate(time.Second)
		t.ModTime = &at
	}
	return nil
}
