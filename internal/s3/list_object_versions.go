package s3

import (
	"net/http"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/object"
)

// listObjectVersions lists a page of versions and delete markers (API reference,
// ListObjectVersions).
func (d *Door) listObjectVersions(c *call) error {
	l, err := c.listing()
	if err != nil {
		return err
	}
	in := object.VersionsInput{
		Bucket: c.bucket, Prefix: l.Prefix, Delimiter: l.Delimiter,
		KeyMarker: c.query.get("key-marker"), Max: l.maxKeys,
	}
	marker := c.query.get("version-id-marker")
	if marker != "" {
		if in.KeyMarker == "" {
			return errInvalidArgument.with("A version-id marker cannot be specified without a key marker.").
				and("ArgumentName", "version-id-marker").and("ArgumentValue", marker)
		}
		id, err := parseVersion("version-id-marker", marker)
		if err != nil {
			return err
		}
		in.VersionAfter = &id
	}
	owner, err := d.bucketOwner(c)
	if err != nil {
		return err
	}
	page, err := d.objects.ListVersions(c.r.Context(), in)
	if err != nil {
		return err
	}
	x := newDocument()
	x.root("ListVersionsResult")
	x.element("Name", c.bucketName)
	x.name("Prefix", l.Prefix, l.encode)
	x.name("KeyMarker", in.KeyMarker, l.encode)
	x.element("VersionIdMarker", marker)
	if page.Truncated {
		x.name("NextKeyMarker", page.LastKey, l.encode)
		if page.LastVersion != nil {
			x.element("NextVersionIdMarker", page.LastVersion.String())
		}
	}
	x.int("MaxKeys", int64(l.maxKeys))
	if l.Delimiter != "" {
		x.name("Delimiter", l.Delimiter, l.encode)
	}
	x.encodingType(l.encode)
	x.bool("IsTruncated", page.Truncated)
	for i := range page.Versions {
		x.version(&page.Versions[i], owner, l.encode)
	}
	x.commonPrefixes(page.CommonPrefixes, l.encode)
	x.close("ListVersionsResult")
	x.write(c.w, http.StatusOK)
	return nil
}

func (x *document) version(o *keyhaven.Object, owner *keyhaven.Principal, encode bool) {
	element := "Version"
	if o.DeleteMarker {
		element = "DeleteMarker"
	}
	x.open(element)
	x.name("Key", o.Key, encode)
	x.element("VersionId", o.Version.String())
	x.bool("IsLatest", o.Latest)
	x.time("LastModified", o.ModTime)
	if !o.DeleteMarker {
		x.etag(o.ETag)
		if !o.Checksum.IsZero() {
			x.element("ChecksumAlgorithm", o.Checksum.Algorithm.String())
			x.element("ChecksumType", o.Checksum.Type.String())
		}
		x.int("Size", o.Size)
		x.element("StorageClass", "STANDARD")
	}
	x.owner("Owner", owner)
	x.close(element)
}
