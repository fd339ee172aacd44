package s3

import (
	"net/http"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/checksum"
	"github.com/keyhaven/keyhaven/internal/object"
)

// maxPage is the largest page of ListParts and ListMultipartUploads.
const maxPage = 1000

// listParts lists the parts of an upload (API reference, ListParts).
func (d *Door) listParts(c *call) error {
	limit, err := c.query.limit("max-parts", maxPage)
	if err != nil {
		return err
	}
	after, err := c.query.limit("part-number-marker", keyhaven.MaxPartNumber)
	if err != nil {
		return err
	}
	if c.query.get("part-number-marker") == "" {
		after = 0
	}
	encode, err := c.encoding()
	if err != nil {
		return err
	}
	page, err := d.objects.ListParts(c.r.Context(), c.upload(), after, limit)
	if err != nil {
		return err
	}
	owner, err := d.bucketOwner(c)
	if err != nil {
		return err
	}
	x := newDocument()
	d.setAbort(c, page.Upload.Key, page.Upload.Initiated)
	x.root("ListPartsResult")
	x.element("Bucket", c.bucketName)
	x.name("Key", c.key, encode)
	x.encodingType(encode)
	x.element("UploadId", page.Upload.ID)
	x.owner("Initiator", owner)
	x.owner("Owner", owner)
	x.element("StorageClass", "STANDARD")
	x.int("PartNumberMarker", int64(after))
	if n := len(page.Parts); n > 0 {
		x.int("NextPartNumberMarker", int64(page.Parts[n-1].Number))
	}
	x.int("MaxParts", int64(limit))
	x.bool("IsTruncated", page.Truncated)
	x.uploadChecksum(&page.Upload)
	for _, p := range page.Parts {
		x.open("Part")
		x.int("PartNumber", int64(p.Number))
		x.time("LastModified", p.ModTime)
		x.etag(p.ETag)
		x.int("Size", p.Size)
		if page.Upload.ChecksumAlgorithm != keyhaven.ChecksumNone {
			x.element("Checksum"+p.Checksum.Algorithm.String(), checksum.Format(p.Checksum))
		}
		x.close("Part")
	}
	x.close("ListPartsResult")
	x.write(c.w, http.StatusOK)
	return nil
}

func (x *document) uploadChecksum(u *keyhaven.Upload) {
	if u.ChecksumAlgorithm != keyhaven.ChecksumNone {
		x.element("ChecksumAlgorithm", u.ChecksumAlgorithm.String())
		x.element("ChecksumType", u.ChecksumType.String())
	}
}

// listMultipartUploads lists unfinished uploads (API reference,
// ListMultipartUploads).
func (d *Door) listMultipartUploads(c *call) error {
	limit, err := c.query.limit("max-uploads", maxPage)
	if err != nil {
		return err
	}
	encode, err := c.encoding()
	if err != nil {
		return err
	}
	in := object.UploadsInput{
		Bucket: c.bucket, Prefix: c.query.get("prefix"), Delimiter: c.query.get("delimiter"),
		KeyMarker: c.query.get("key-marker"), UploadAfter: c.query.get("upload-id-marker"), Max: limit,
	}
	if in.KeyMarker == "" {
		in.UploadAfter = "" // it means nothing without a key
	}
	page, err := d.objects.ListUploads(c.r.Context(), in)
	if keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounUpload) {
		return errInvalidArgument.with("Invalid uploadId marker").and("ArgumentName", "upload-id-marker").and("ArgumentValue", in.UploadAfter)
	}
	if err != nil {
		return err
	}
	owner, err := d.bucketOwner(c)
	if err != nil {
		return err
	}
	x := newDocument()
	x.root("ListMultipartUploadsResult")
	x.element("Bucket", c.bucketName)
	x.name("KeyMarker", in.KeyMarker, encode)
	x.element("UploadIdMarker", in.UploadAfter)
	if page.Truncated {
		x.name("NextKeyMarker", page.LastKey, encode)
		x.element("NextUploadIdMarker", page.LastUpload)
	}
	if in.Delimiter != "" {
		x.name("Delimiter", in.Delimiter, encode)
	}
	x.name("Prefix", in.Prefix, encode)
	x.encodingType(encode)
	x.int("MaxUploads", int64(limit))
	x.bool("IsTruncated", page.Truncated)
	for i := range page.Uploads {
		u := &page.Uploads[i]
		x.open("Upload")
		x.name("Key", u.Key, encode)
		x.element("UploadId", u.ID)
		x.owner("Initiator", owner)
		x.owner("Owner", owner)
		x.element("StorageClass", "STANDARD")
		x.time("Initiated", u.Initiated)
		x.uploadChecksum(u)
		x.close("Upload")
	}
	x.commonPrefixes(page.CommonPrefixes, encode)
	x.close("ListMultipartUploadsResult")
	x.write(c.w, http.StatusOK)
	return nil
}
