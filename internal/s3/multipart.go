package s3

import (
	"net/http"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/checksum"
	"github.com/keyhaven/keyhaven/internal/object"
)

// upload names the multipart upload of the request.
func (c *call) upload() object.UploadTarget {
	return object.UploadTarget{Bucket: c.bucket, Key: c.key, UploadID: c.query.get("uploadId")}
}

// createMultipartUpload begins an upload (API reference,
// CreateMultipartUpload).
func (d *Door) createMultipartUpload(c *call) error {
	in := object.CreateUploadInput{Bucket: c.bucket, Key: c.key}
	var err error
	if in.Attributes, err = d.attributes(c); err != nil {
		return err
	}
	h := c.r.Header
	if in.Algorithm, err = checksumAlgorithm(h); err != nil {
		return err
	}
	if in.ChecksumType, err = checksumType(h); err != nil {
		return err
	}
	if in.ChecksumType != nil && in.Algorithm == keyhaven.ChecksumNone {
		return errInvalidRequest.with("The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.")
	}
	u, err := d.objects.CreateUpload(c.r.Context(), in)
	if err != nil {
		return err
	}
	if u.ChecksumAlgorithm != keyhaven.ChecksumNone {
		c.w.Header().Set("X-Amz-Checksum-Algorithm", u.ChecksumAlgorithm.String())
		c.w.Header().Set("X-Amz-Checksum-Type", u.ChecksumType.String())
	}
	c.setEncryption(u.Encryption)
	d.setAbort(c, u.Key, u.Initiated)
	x := newDocument()
	x.root("InitiateMultipartUploadResult")
	x.element("Bucket", c.bucketName)
	x.element("Key", c.key)
	x.element("UploadId", u.ID)
	x.close("InitiateMultipartUploadResult")
	x.write(c.w, http.StatusOK)
	return nil
}

// uploadPart stores a part (API reference, UploadPart).
func (d *Door) uploadPart(c *call) error {
	number, err := partNumber(c.query.get("partNumber"))
	if err != nil {
		return err
	}
	b, err := c.body()
	if err != nil {
		return err
	}
	key, err := customerKey(c.r.Header, customerHeader)
	if err != nil {
		return err
	}
	p, err := d.objects.PutPart(c.r.Context(), object.PutPartInput{
		UploadTarget: c.upload(), Number: number, Body: b, Size: b.size, Integrity: b.integrity(), CustomerKey: key,
	})
	if err != nil {
		return err
	}
	h := c.w.Header()
	h["Etag"] = []string{quoted(p.ETag)}
	c.setEncryption(p.Encryption)
	if b.sum.algorithm == keyhaven.ChecksumNone && d.summed(c) {
		h.Set(sumHeader+p.Checksum.Algorithm.String(), checksum.Format(p.Checksum))
	}
	if b.sum.algorithm != keyhaven.ChecksumNone {
		// The sum that came along has been verified; the upload may keep another.
		sum, err := b.expected()
		if err != nil {
			return err
		}
		h.Set(sumHeader+b.sum.algorithm.String(), checksum.Format(keyhaven.Checksum{Value: sum}))
	}
	c.ok()
	return nil
}

// summed reports whether the upload of the request has a checksum algorithm, so
// that its parts show their sums. It has been found a moment ago; where it is
// gone by now nothing needs to be shown.
func (d *Door) summed(c *call) bool {
	u, err := d.objects.Upload(c.r.Context(), c.upload())
	return err == nil && u.ChecksumAlgorithm != keyhaven.ChecksumNone
}

// uploadPartCopy copies an object, or a range of it, into a part (API reference,
// UploadPartCopy).
func (d *Door) uploadPartCopy(c *call) error {
	number, err := partNumber(c.query.get("partNumber"))
	if err != nil {
		return err
	}
	src, err := d.copySource(c)
	if err != nil {
		return err
	}
	if v := c.r.Header.Get("X-Amz-Copy-Source-Range"); v != "" {
		if src.Range = byteRange(v); src.Range == nil || src.Range.First < 0 || src.Range.Last < 0 {
			return errInvalidArgument.with("The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy").
				and("ArgumentName", "x-amz-copy-source-range").and("ArgumentValue", v)
		}
		src.WholeRange = true
	}
	key, err := customerKey(c.r.Header, customerHeader)
	if err != nil {
		return err
	}
	p, version, err := d.objects.CopyPart(c.r.Context(), object.CopyPartInput{UploadTarget: c.upload(), Number: number, Source: src, CustomerKey: key})
	if err != nil {
		return copyError(err, src)
	}
	c.setSourceVersion(src.Bucket, version)
	c.setEncryption(p.Encryption)
	x := newDocument()
	x.root("CopyPartResult")
	x.time("LastModified", p.ModTime)
	x.etag(p.ETag)
	if d.summed(c) {
		x.element("Checksum"+p.Checksum.Algorithm.String(), checksum.Format(p.Checksum))
	}
	x.close("CopyPartResult")
	x.write(c.w, http.StatusOK)
	return nil
}

// abortMultipartUpload gives an upload up (API reference,
// AbortMultipartUpload).
func (d *Door) abortMultipartUpload(c *call) error {
	begun, err := initiated(c.r.Header.Get("X-Amz-If-Match-Initiated-Time"))
	if err != nil {
		return err
	}
	if err := d.objects.AbortUpload(c.r.Context(), c.upload(), begun); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// initiated reads the condition that S3 has in directory buckets alone; nil when
// there is none.
func initiated(v string) (*time.Time, error) {
	if v == "" {
		return nil, nil
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return nil, errInvalidArgument.and("ArgumentName", "x-amz-if-match-initiated-time").and("ArgumentValue", v)
	}
	return &at, nil
}
