package s3

import (
	"encoding/xml"
	"net/http"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/object"
)

type deleteRequest struct {
	XMLName xml.Name       `xml:"Delete"`
	Quiet   bool           `xml:"Quiet"`
	Objects deleteElements `xml:"Object"`
}

// deleteElements stops a document that would fill the memory with empty
// elements.
type deleteElements []deleteElement

// UnmarshalXML reads one element more.
func (e *deleteElements) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	return appendElement(d, start, (*[]deleteElement)(e), keyhaven.MaxDeleteObjects)
}

type deleteElement struct {
	Key       string  `xml:"Key"`
	VersionID *string `xml:"VersionId"`
	ETag      string  `xml:"ETag"`

	LastModifiedTime string `xml:"LastModifiedTime"`
	Size             string `xml:"Size"`
}

// deleteObjects deletes up to a thousand keys or versions in one transaction
// (API reference, DeleteObjects).
func (d *Door) deleteObjects(c *call) error {
	var req deleteRequest
	if err := c.readXML(&req); err != nil {
		return err
	}
	if len(req.Objects) == 0 {
		return errMalformedXML
	}
	// Elements that are refused keep their place in the answer, but do not go
	// to the service.
	refused := make([]error, len(req.Objects))
	var targets []object.DeleteTarget
	bypass := c.r.Header.Get("X-Amz-Bypass-Governance-Retention") == "true"
	for i, e := range req.Objects {
		target, err := d.deleteTarget(c, e, bypass)
		if refused[i] = err; err == nil {
			targets = append(targets, target)
		}
	}
	if c.id.Principal.Kind == keyhaven.Anonymous && len(targets) == 0 {
		return refused[0]
	}
	done, err := d.objects.DeleteMany(c.r.Context(), c.bucket, targets)
	if err != nil {
		return err
	}
	c.writeDeleted(&req, refused, done)
	return nil
}

// deleteTarget checks one element. The permission is asked for each, as a
// version needs another than a key.
func (d *Door) deleteTarget(c *call, e deleteElement, bypass bool) (t object.DeleteTarget, err error) {
	if err := keyhaven.ValidObjectKey(e.Key); err != nil {
		return t, err
	}
	if err := deleteConditions(&t, e.Size, e.LastModifiedTime); err != nil {
		return t, err
	}
	t.Key, t.Conditions.IfMatch = e.Key, e.ETag
	on := subject{bucket: c.bucket, bucketName: c.bucketName, key: e.Key}
	if e.VersionID == nil || *e.VersionID == "" {
		return t, d.must(c, "s3:DeleteObject", on)
	}
	id, err := keyhaven.ParseVersionID(*e.VersionID)
	if err != nil {
		return t, err
	}
	t.Version, on.version = &id, &id
	t.Bypass = bypass && d.must(c, "s3:BypassGovernanceRetention", on) == nil
	return t, d.must(c, "s3:DeleteObjectVersion", on)
}

func (c *call) writeDeleted(req *deleteRequest, refused []error, done []object.Deleted) {
	x := newDocument()
	x.root("DeleteResult")
	for i, e := range req.Objects {
		err := refused[i]
		var out object.Deleted
		if err == nil {
			out, done = done[0], done[1:]
			err = out.Err
		}
		c.noteDeleted(e, err)
		if err != nil {
			c.writeDeleteError(x, e, err)
			continue
		}
		if req.Quiet {
			continue
		}
		x.open("Deleted")
		x.element("Key", e.Key)
		if e.VersionID != nil && *e.VersionID != "" {
			x.element("VersionId", *e.VersionID)
		}
		if out.DeleteMarker {
			x.bool("DeleteMarker", true)
			x.element("DeleteMarkerVersionId", out.Version.String())
		}
		x.close("Deleted")
	}
	x.close("DeleteResult")
	x.write(c.w, http.StatusOK)
}

// noteDeleted keeps what the access log tells of each element.
func (c *call) noteDeleted(e deleteElement, err error) {
	if !c.bucket.Configs.Has(keyhaven.ConfigLogging) {
		return
	}
	entry := logEntry{operation: "BATCH.DELETE.OBJECT", bucket: c.bucketName, key: e.Key, status: http.StatusNoContent}
	if e.VersionID != nil {
		entry.version = *e.VersionID
	}
	if err != nil {
		w, _ := c.translate(err)
		entry.status, entry.code = w.status, w.code
	}
	c.deleted = append(c.deleted, entry)
}

func (c *call) writeDeleteError(x *document, e deleteElement, err error) {
	w, _ := c.translate(err)
	x.open("Error")
	x.element("Key", e.Key)
	if e.VersionID != nil {
		x.optional("VersionId", *e.VersionID)
	}
	x.element("Code", w.code)
	x.element("Message", w.message)
	x.close("Error")
}
