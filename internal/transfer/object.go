package transfer

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const (
	maxBuffered = 16 << 20 // bytes of a body that is kept in memory, so that it can be sent again
	maxOnePut   = 5 << 30  // bytes of one PUT or part
	allUsers    = "http://acs.amazonaws.com/groups/global/AllUsers"
)

// object copies one version.
func (im *importer) object(ctx context.Context, bucket, key string, v version) error {
	head, err := im.from.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key, VersionId: optional(v.id)})
	if err != nil {
		return err
	}
	tags, err := im.tags(ctx, bucket, key, v)
	if err != nil {
		return err
	}
	acl, err := im.acl(ctx, bucket, key, v)
	if err != nil {
		return err
	}
	if parts := partsOf(aws.ToString(head.ETag)); parts > 0 || v.size > maxOnePut {
		return im.multipart(ctx, source{bucket, key, v, head}, max(parts, 1), tags, acl)
	}
	return im.put(ctx, source{bucket, key, v, head}, tags, acl)
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// partsOf reads the number of parts from an entity tag; 0 for none.
func partsOf(etag string) int {
	_, n, ok := strings.Cut(strings.Trim(etag, `"`), "-")
	if !ok {
		return 0
	}
	parts, err := strconv.Atoi(n)
	if err != nil {
		return 0
	}
	return parts
}

// tags returns the tags of a version as a header has them.
func (im *importer) tags(ctx context.Context, bucket, key string, v version) (string, error) {
	out, err := im.from.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: &bucket, Key: &key, VersionId: optional(v.id)})
	if hasCode(err, "NotImplemented", "NoSuchTagSet", "AccessDenied", "MethodNotAllowed") {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	set := url.Values{}
	for _, t := range out.TagSet {
		set.Set(aws.ToString(t.Key), aws.ToString(t.Value))
	}
	return set.Encode(), nil
}

// acl returns public-read for what anybody may read, else nothing.
func (im *importer) acl(ctx context.Context, bucket, key string, v version) (types.ObjectCannedACL, error) {
	out, err := im.from.GetObjectAcl(ctx, &s3.GetObjectAclInput{Bucket: &bucket, Key: &key, VersionId: optional(v.id)})
	if hasCode(err, "NotImplemented", "AccessDenied", "MethodNotAllowed", "AccessControlListNotSupported") {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	for _, g := range out.Grants {
		if g.Grantee != nil && aws.ToString(g.Grantee.URI) == allUsers && (g.Permission == types.PermissionRead || g.Permission == types.PermissionFullControl) {
			return types.ObjectCannedACLPublicRead, nil
		}
	}
	return "", nil
}

// source is a version that is being copied.
type source struct {
	bucket, key string
	version
	head *s3.HeadObjectOutput
}

// open reads a range of the source; length is -1 for all. If-Match keeps a
// version that is replaced meanwhile from becoming a mixture.
func (im *importer) open(ctx context.Context, s source, offset, length int64) (io.ReadCloser, error) {
	in := &s3.GetObjectInput{Bucket: &s.bucket, Key: &s.key, VersionId: optional(s.id), IfMatch: s.head.ETag}
	if length >= 0 {
		in.Range = aws.String(fmt.Sprintf("bytes=%d-%d", offset, offset+length-1))
	}
	out, err := im.from.GetObject(ctx, in)
	if err != nil {
		return nil, err
	}
	return out.Body, nil
}

// sent is a body on its way, small ones in memory.
type sent struct {
	body io.Reader
	sum  func() string // once it has been sent
	opts []func(*s3.Options)
}

func newSent(body io.Reader, size int64) (*sent, error) {
	if size <= maxBuffered {
		raw := make([]byte, size)
		if _, err := io.ReadFull(body, raw); err != nil {
			return nil, fmt.Errorf("read: %w", err)
		}
		sum := md5.Sum(raw)
		return &sent{body: bytes.NewReader(raw), sum: func() string { return hex.EncodeToString(sum[:]) }}, nil
	}
	h := md5.New()
	return &sent{
		body: io.TeeReader(body, h), sum: func() string { return hex.EncodeToString(h.Sum(nil)) },
		// A stream can neither be signed before it is read nor be sent twice.
		opts: []func(*s3.Options){
			s3.WithAPIOptions(v4.SwapComputePayloadSHA256ForUnsignedPayloadMiddleware),
			func(o *s3.Options) { o.RetryMaxAttempts = 1 },
		},
	}, nil
}

// verify compares what was read with what the destination has, and with what
// the source says it is.
func verify(read, stored, source string) error {
	stored, source = strings.Trim(stored, `"`), strings.Trim(source, `"`)
	if read != stored {
		return fmt.Errorf("the destination stored other bytes (%s) than were read (%s)", stored, read)
	}
	if source != "" && read != source {
		return fmt.Errorf("the source sent other bytes (%s) than its entity tag says (%s)", read, source)
	}
	return nil
}

// plainTag returns the source's entity tag where it is an MD5: not of what is
// encrypted by other keys than the server's.
func plainTag(head *s3.HeadObjectOutput) string {
	tag := strings.Trim(aws.ToString(head.ETag), `"`)
	if raw, err := hex.DecodeString(tag); err != nil || len(raw) != md5.Size {
		return ""
	}
	if head.ServerSideEncryption != "" && head.ServerSideEncryption != types.ServerSideEncryptionAes256 {
		return ""
	}
	return tag
}

func (im *importer) put(ctx context.Context, s source, tags string, acl types.ObjectCannedACL) error {
	return again(ctx, func() error {
		body, err := im.open(ctx, s, 0, -1)
		if err != nil {
			return err
		}
		defer body.Close()
		b, err := newSent(body, s.size)
		if err != nil {
			return err
		}
		out, err := im.to.PutObject(ctx, &s3.PutObjectInput{
			Bucket: &s.bucket, Key: &s.key, Body: b.body, ContentLength: &s.size, Metadata: s.head.Metadata, ACL: acl, Tagging: optional(tags),
			ContentType: s.head.ContentType, CacheControl: s.head.CacheControl, ContentDisposition: s.head.ContentDisposition,
			ContentEncoding: s.head.ContentEncoding, ContentLanguage: s.head.ContentLanguage,
		}, b.opts...)
		if err != nil {
			return err
		}
		return verify(b.sum(), aws.ToString(out.ETag), plainTag(s.head))
	})
}

// again tries a body that cannot be sent twice from its beginning.
func again(ctx context.Context, fn func() error) error {
	var errs []error
	for range 3 {
		err := fn()
		if err == nil || ctx.Err() != nil {
			return err
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// multipart copies an object in the parts that it was made of, so that its
// entity tag stays the same.
func (im *importer) multipart(ctx context.Context, s source, parts int, tags string, acl types.ObjectCannedACL) (err error) {
	sizes, err := im.partSizes(ctx, s, parts)
	if err != nil {
		return err
	}
	up, err := im.to.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &s.bucket, Key: &s.key, Metadata: s.head.Metadata, ACL: acl, Tagging: optional(tags),
		ContentType: s.head.ContentType, CacheControl: s.head.CacheControl, ContentDisposition: s.head.ContentDisposition,
		ContentEncoding: s.head.ContentEncoding, ContentLanguage: s.head.ContentLanguage,
	})
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_, _ = im.to.AbortMultipartUpload(context.WithoutCancel(ctx), &s3.AbortMultipartUploadInput{Bucket: &s.bucket, Key: &s.key, UploadId: up.UploadId}) // it expires by itself
		}
	}()
	var done []types.CompletedPart
	offset := int64(0)
	for i, size := range sizes {
		number := int32(i + 1)
		err := again(ctx, func() error {
			body, err := im.open(ctx, s, offset, size)
			if err != nil {
				return err
			}
			defer body.Close()
			b, err := newSent(body, size)
			if err != nil {
				return err
			}
			out, err := im.to.UploadPart(ctx, &s3.UploadPartInput{
				Bucket: &s.bucket, Key: &s.key, UploadId: up.UploadId, PartNumber: &number, Body: b.body, ContentLength: &size,
			}, b.opts...)
			if err != nil {
				return err
			}
			done = append(done, types.CompletedPart{PartNumber: &number, ETag: out.ETag})
			return verify(b.sum(), aws.ToString(out.ETag), "")
		})
		if err != nil {
			return fmt.Errorf("part %d: %w", number, err)
		}
		offset += size
	}
	_, err = im.to.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &s.bucket, Key: &s.key, UploadId: up.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: done},
	})
	return err
}

// partSizes asks the source for the sizes of its parts. One that does not know
// them has parts of equal size, as far as anybody can tell.
func (im *importer) partSizes(ctx context.Context, s source, parts int) (sizes []int64, err error) {
	sum := int64(0)
	for i := range int32(parts) {
		number := i + 1
		head, err := im.from.HeadObject(ctx, &s3.HeadObjectInput{
			Bucket: &s.bucket, Key: &s.key, VersionId: optional(s.id), PartNumber: &number, IfMatch: s.head.ETag,
		})
		if err != nil || aws.ToInt32(head.PartsCount) != int32(parts) {
			break
		}
		sizes = append(sizes, aws.ToInt64(head.ContentLength))
		sum += aws.ToInt64(head.ContentLength)
	}
	if len(sizes) == parts && sum == s.size {
		return sizes, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	const step = 1 << 20
	size := max((s.size/int64(parts)+step-1)/step*step, 5<<20)
	sizes = nil
	for left := s.size; left > 0; left -= size {
		sizes = append(sizes, min(left, size))
	}
	return sizes, nil
}
