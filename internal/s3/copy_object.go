package s3

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/checksum"
	"github.com/keyhaven/keyhaven/internal/object"
)

// copyObject copies an object (API reference, CopyObject).
func (d *Door) copyObject(c *call) error {
	src, err := d.copySource(c)
	if err != nil {
		return err
	}
	in := object.CopyInput{Source: src, Bucket: c.bucket, Key: c.key}
	attrs, err := d.attributes(c)
	if err != nil {
		return err
	}
	in.ACL, in.Grants, in.Lock, in.RedirectLocation = attrs.ACL, attrs.Grants, attrs.Lock, attrs.RedirectLocation
	in.SSE = attrs.SSE
	if err := d.copyTags(c, &in, attrs.Tags); err != nil {
		return err
	}
	switch directive := c.r.Header.Get("X-Amz-Metadata-Directive"); directive {
	case "REPLACE":
		in.Replace = &attrs
	case "", "COPY":
		if src.Bucket.Name == c.bucketName && src.Key == c.key && src.Version == nil && attrs.SSE.Encryption.Mode == keyhaven.SSENone &&
			!changes(c.r.Header) {
			return errInvalidRequest.with("This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.")
		}
	default:
		return errInvalidArgument.with("Unknown metadata directive.").
			and("ArgumentName", "x-amz-metadata-directive").and("ArgumentValue", directive)
	}
	if in.Algorithm, err = checksumAlgorithm(c.r.Header); err != nil {
		return err
	}
	if in.Conditions, err = writeConditions(c.r.Header); err != nil {
		return err
	}
	out, err := d.objects.Copy(c.r.Context(), in)
	if err != nil {
		return copyError(err, src)
	}
	c.record.ObjectSize, c.source.size = out.Size, out.Size
	c.setWritten(out.Version)
	c.setEncryption(out.Encryption)
	d.setExpiration(c, &out.Object)
	c.setSourceVersion(src.Bucket, out.Source)
	x := newDocument()
	x.root("CopyObjectResult")
	x.time("LastModified", out.ModTime)
	x.etag(out.ETag)
	x.checksum(out.Checksum)
	x.close("CopyObjectResult")
	x.write(c.w, http.StatusOK)
	return nil
}

// changes reports whether a copy asks for something beside encryption that makes
// sense of a copy onto itself.
func changes(h http.Header) bool {
	return h.Get("X-Amz-Storage-Class") != "" || h.Get("X-Amz-Website-Redirect-Location") != ""
}

// copyTags reads x-amz-tagging-directive. Tags that are copied need the
// permissions to read and to write tags.
func (d *Door) copyTags(c *call, in *object.CopyInput, tags []keyhaven.Tag) error {
	switch directive := c.r.Header.Get("X-Amz-Tagging-Directive"); directive {
	case "REPLACE":
		in.Tags = &tags
		return nil
	case "", "COPY":
	default:
		return errInvalidArgument.with("Unknown tagging directive.").
			and("ArgumentName", "x-amz-tagging-directive").and("ArgumentValue", directive)
	}
	action := "s3:GetObjectTagging"
	if in.Source.Version != nil {
		action = "s3:GetObjectVersionTagging"
	}
	in.TagsDenied = d.must(c, action, subject{
		bucket: in.Source.Bucket, bucketName: in.Source.Bucket.Name, key: in.Source.Key, version: in.Source.Version,
	})
	if in.TagsDenied == nil {
		in.TagsDenied = d.also(c, "s3:PutObjectTagging")
	}
	return nil
}

// copyError translates the errors that mean something else when they are about
// the source of a copy.
func copyError(err error, src object.GetInput) error {
	e, ok := errors.AsType[*keyhaven.Error](err)
	switch {
	case !ok:
		return err
	case e.Kind == keyhaven.Invalid && e.Noun == keyhaven.NounRange:
		return errInvalidArgument.with("Range specified is not valid for source object of size: "+e.ID).
			and("ArgumentName", "x-amz-copy-source-range")
	case e.Kind == keyhaven.NotFound && e.Noun == keyhaven.NounDeleteMarker:
		return &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounObject, ID: src.Key}
	case e.Kind == keyhaven.Conflict && e.Noun == keyhaven.NounDeleteMarker:
		return errInvalidRequest.with("The source of a copy request may not specifically refer to a delete marker by version id.")
	case e.Kind == keyhaven.TooLarge && e.Noun == keyhaven.NounObject:
		return errInvalidRequest.with("The specified copy source is larger than the maximum allowable size for a copy source: " + itoa(keyhaven.MaxPutSize))
	}
	return err
}

func (c *call) setSourceVersion(b *keyhaven.Bucket, id keyhaven.VersionID) {
	if b.Versioning != keyhaven.NeverEnabled {
		c.w.Header().Set("X-Amz-Copy-Source-Version-Id", id.String())
	}
}

// checksum writes the elements of a checksum.
func (x *document) checksum(sum keyhaven.Checksum) {
	if sum.IsZero() {
		return
	}
	x.element("Checksum"+sum.Algorithm.String(), checksum.Format(sum))
	x.element("ChecksumType", sum.Type.String())
}

var errCopySource = errInvalidArgument.with("Copy Source must mention the source bucket and key: sourcebucket/sourcekey").
	and("ArgumentName", "x-amz-copy-source")

// copySource reads x-amz-copy-source, decides whether the caller may read it,
// and returns it with the conditions on it.
func (d *Door) copySource(c *call) (in object.GetInput, err error) {
	bucketName, key, version, err := parseCopySource(c.r.Header.Get("X-Amz-Copy-Source"))
	if err != nil {
		return in, err
	}
	b, dec, err := d.mayRead(c, bucketName, key, version)
	if err != nil {
		return in, err
	}
	c.source = copySource{bucket: b, logEntry: logEntry{key: key}}
	if version != nil {
		c.source.version = version.String()
	}
	in = object.GetInput{
		Bucket: b, Key: key, Version: version, ByACL: aclCheck(dec),
		Conditions: conditions(c.r.Header, "X-Amz-Copy-Source-"),
	}
	if in.CustomerKey, err = customerKey(c.r.Header, copySourceHdr); err != nil {
		return in, err
	}
	// Where the caller may not list, a missing source looks forbidden, and in the
	// same words as one that is.
	_, err = d.objects.Head(c.r.Context(), b, key, version)
	if keyhaven.KindOf(err) == keyhaven.NotFound && d.must(c, "s3:ListBucket", subject{bucket: b, bucketName: bucketName}) != nil {
		return in, errAccessDenied
	}
	return in, nil
}

// parseCopySource reads [/]BUCKET/KEY[?versionId=ID], URL-encoded.
func parseCopySource(v string) (bucketName, key string, version *keyhaven.VersionID, err error) {
	path, rest, versioned := strings.Cut(v, "?")
	if versioned {
		id, ok := strings.CutPrefix(rest, "versionId=")
		if !ok {
			return "", "", nil, errCopySource
		}
		parsed, err := parseVersion("x-amz-copy-source", id)
		if err != nil {
			return "", "", nil, err
		}
		version = &parsed
	}
	path, uerr := url.PathUnescape(strings.TrimPrefix(path, "/"))
	if uerr != nil {
		return "", "", nil, errCopySource
	}
	bucketName, key, ok := strings.Cut(path, "/")
	if ok && !keyhaven.ValidS3BucketName(bucketName) && !keyhaven.ValidLightsailBucketName(bucketName) {
		return "", "", nil, errInvalidArgument.with("Invalid copy source bucket name").and("ArgumentName", "x-amz-copy-source").and("ArgumentValue", v)
	}
	if !ok || bucketName == "" || keyhaven.ValidObjectKey(key) != nil {
		return "", "", nil, errCopySource
	}
	return bucketName, key, version, nil
}
