package s3

import (
	"net/http"
	"strings"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/checksum"
	"github.com/keyhaven/keyhaven/internal/object"
)

// attributeNames are what x-amz-object-attributes may list.
var attributeNames = map[string]bool{
	"ETag": true, "Checksum": true, "ObjectParts": true, "StorageClass": true, "ObjectSize": true,
}

// getObjectAttributes describes an object without sending it (API reference,
// GetObjectAttributes).
func (d *Door) getObjectAttributes(c *call) error {
	if err := d.also(c, c.readAction()); err != nil {
		return err
	}
	want, err := wantedAttributes(c.r.Header)
	if err != nil {
		return err
	}
	parts, err := readPartPage(c.r.Header)
	if err != nil {
		return err
	}
	in := object.GetInput{Bucket: c.bucket, Key: c.key, Conditions: conditions(c.r.Header, "")}
	if in.Version, err = c.query.versionID(); err != nil {
		return err
	}
	if in.CustomerKey, err = c.readKey(); err != nil {
		return err
	}
	o, err := d.objects.Describe(c.r.Context(), in)
	if err != nil {
		c.describeMarker(err)
		return err
	}
	c.setVersion(o.Version)
	c.w.Header().Set("Last-Modified", httpTime(o.ModTime))
	x := newDocument()
	x.root("GetObjectAttributesResponse")
	x.attributes(o, want, parts)
	x.close("GetObjectAttributesResponse")
	x.write(c.w, http.StatusOK)
	return nil
}

// readAction is the permission to read the object's bytes.
func (c *call) readAction() string {
	if c.query.has("versionId") {
		return "s3:GetObjectVersion"
	}
	return "s3:GetObject"
}

// wantedAttributes reads x-amz-object-attributes.
func wantedAttributes(h http.Header) (map[string]bool, error) {
	want := map[string]bool{}
	for _, v := range h["X-Amz-Object-Attributes"] {
		for name := range strings.SplitSeq(v, ",") {
			if name = strings.TrimSpace(name); name == "" {
				continue
			}
			if !attributeNames[name] {
				return nil, errInvalidArgument.with("Invalid attribute name specified.").
					and("ArgumentName", "x-amz-object-attributes").and("ArgumentValue", name)
			}
			want[name] = true
		}
	}
	if len(want) == 0 {
		return nil, errInvalidRequest.with("The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty")
	}
	return want, nil
}

// partPage is the page of parts that a request asks for.
type partPage struct{ after, limit int }

func readPartPage(h http.Header) (p partPage, err error) {
	if p.limit, err = headerNumber(h, "x-amz-max-parts", maxPage); err != nil {
		return p, err
	}
	p.limit = min(p.limit, maxPage)
	p.after, err = headerNumber(h, "x-amz-part-number-marker", 0)
	return p, err
}

// headerNumber reads a header that holds a number from 0 to 2147483647.
func headerNumber(h http.Header, name string, missing int) (int, error) {
	v := h.Get(name)
	if v == "" {
		return missing, nil
	}
	n, ok := parseNumber(v)
	if !ok || n > 1<<31-1 {
		return 0, errInvalidArgument.with("Provided "+name+" not an integer or within integer range").
			and("ArgumentName", name).and("ArgumentValue", v)
	}
	return int(n), nil
}

func (x *document) attributes(o *object.Described, want map[string]bool, page partPage) {
	if want["ETag"] {
		x.element("ETag", o.ETag.String()) // without quotes, unlike everywhere else
	}
	if want["Checksum"] && !o.Checksum.IsZero() {
		x.open("Checksum")
		x.checksum(o.Checksum)
		x.close("Checksum")
	}
	if want["ObjectParts"] && o.Parts != nil {
		x.objectParts(o, page)
	}
	if want["StorageClass"] {
		x.element("StorageClass", "STANDARD")
	}
	if want["ObjectSize"] {
		x.int("ObjectSize", o.Size)
	}
}

func (x *document) objectParts(o *object.Described, page partPage) {
	var parts []keyhaven.Part
	truncated, next := false, 0
	for _, p := range o.Parts {
		if p.Number <= page.after {
			continue
		}
		if truncated = len(parts) == page.limit; truncated {
			break
		}
		parts, next = append(parts, p), p.Number
	}
	x.open("ObjectParts")
	x.bool("IsTruncated", truncated)
	x.int("MaxParts", int64(page.limit))
	x.int("NextPartNumberMarker", int64(next))
	x.int("PartNumberMarker", int64(page.after))
	for _, p := range parts {
		x.open("Part")
		x.int("PartNumber", int64(p.Number))
		x.int("Size", p.Size)
		if !p.Checksum.IsZero() {
			x.element("Checksum"+p.Checksum.Algorithm.String(), checksum.Format(p.Checksum))
		}
		x.close("Part")
	}
	x.int("PartsCount", int64(len(o.Parts)))
	x.close("ObjectParts")
}
