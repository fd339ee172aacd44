package backup

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lightsail"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func body(seed byte, size int) []byte {
	p := make([]byte, size)
	for i := range p {
		p[i] = seed + byte(i*i>>9)
	}
	return p
}

func put(t testing.TB, c *s3.Client, bucket, key string, content []byte) {
	t.Helper()
	_, err := c.PutObject(context.Background(), &s3.PutObjectInput{
		Bucket: &bucket, Key: &key, Body: bytes.NewReader(content), ContentType: aws.String("text/x-test"),
		Metadata: map[string]string{"size": fmt.Sprint(len(content))},
	})
	check(t, err)
}

// fill makes buckets, objects of all kinds, an upload that is not finished and a
// key of a bucket.
func fill(t *testing.T, s *server) (bucketKey accessKey) {
	t.Helper()
	ctx, c := t.Context(), s.s3(s.root)
	for _, name := range []string{"plain", "versioned"} {
		_, err := s.lightsail().CreateBucket(ctx, &lightsail.CreateBucketInput{
			BucketName: &name, BundleId: aws.String("small_1_0"), EnableObjectVersioning: aws.Bool(name == "versioned"),
		})
		check(t, err)
	}
	for i := range 20 {
		put(t, c, "plain", fmt.Sprintf("small/%02d", i), body(byte(i), i*100))
		put(t, c, "versioned", "key", body(byte(i), 200))
	}
	put(t, c, "plain", "large", body(1, 1<<20))
	put(t, c, "plain", "to be deleted", body(2, 1<<20))
	_, err := c.CopyObject(ctx, &s3.CopyObjectInput{Bucket: aws.String("plain"), Key: aws.String("copy of large"), CopySource: aws.String("plain/large")})
	check(t, err)
	_, err = c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String("versioned"), Key: aws.String("key")})
	check(t, err)
	complete(t, c, upload(t, c, "multipart"), "multipart")
	upload(t, c, "unfinished")
	out, err := s.lightsail().CreateBucketAccessKey(ctx, &lightsail.CreateBucketAccessKeyInput{BucketName: aws.String("plain")})
	check(t, err)
	return accessKey{*out.AccessKey.AccessKeyId, *out.AccessKey.SecretAccessKey}
}

// change overwrites, deletes and adds.
func change(t *testing.T, s *server) {
	t.Helper()
	c := s.s3(s.root)
	put(t, c, "plain", "small/03", body(99, 333))
	put(t, c, "plain", "large", body(98, 1<<20))
	put(t, c, "plain", "added", body(97, 300_000))
	put(t, c, "versioned", "key", body(96, 200_000))
	_, err := c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("plain"), Key: aws.String("to be deleted")})
	check(t, err)
}

// upload begins a multipart upload of two parts.
func upload(t *testing.T, c *s3.Client, key string) (id string) {
	t.Helper()
	out, err := c.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String("plain"), Key: &key})
	check(t, err)
	for n, size := range []int{5 << 20, 1000} {
		_, err := c.UploadPart(t.Context(), &s3.UploadPartInput{
			Bucket: aws.String("plain"), Key: &key, UploadId: out.UploadId, PartNumber: aws.Int32(int32(n + 1)), Body: bytes.NewReader(body(byte(n), size)),
		})
		check(t, err)
	}
	return *out.UploadId
}

func complete(t *testing.T, c *s3.Client, id, key string) {
	t.Helper()
	in := &s3.CompleteMultipartUploadInput{Bucket: aws.String("plain"), Key: &key, UploadId: &id, MultipartUpload: &types.CompletedMultipartUpload{}}
	parts, err := c.ListParts(t.Context(), &s3.ListPartsInput{Bucket: in.Bucket, Key: in.Key, UploadId: in.UploadId})
	check(t, err)
	for _, p := range parts.Parts {
		in.MultipartUpload.Parts = append(in.MultipartUpload.Parts, types.CompletedPart{PartNumber: p.PartNumber, ETag: p.ETag})
	}
	_, err = c.CompleteMultipartUpload(t.Context(), in)
	check(t, err)
}

// inventory is everything that a client sees, a line each, and the bytes of
// every version as their MD5.
func inventory(t *testing.T, s *server) []string {
	t.Helper()
	ctx, c := t.Context(), s.s3(s.root)
	lines := map[string]bool{}
	add := func(format string, args ...any) { lines[fmt.Sprintf(format, args...)] = true }
	buckets, err := s.lightsail().GetBuckets(ctx, &lightsail.GetBucketsInput{})
	check(t, err)
	for _, b := range buckets.Buckets {
		add("bucket %s %s %s %v", *b.Name, *b.Arn, *b.ObjectVersioning, b.CreatedAt)
		keys, err := s.lightsail().GetBucketAccessKeys(ctx, &lightsail.GetBucketAccessKeysInput{BucketName: b.Name})
		check(t, err)
		for _, k := range keys.AccessKeys {
			add("key of %s: %s %v", *b.Name, *k.AccessKeyId, k.CreatedAt)
		}
		versions, err := c.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: b.Name})
		check(t, err)
		for _, d := range versions.DeleteMarkers {
			add("marker %s %s %s %v %v", *b.Name, *d.Key, *d.VersionId, *d.IsLatest, d.LastModified)
		}
		for _, v := range versions.Versions {
			o, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: b.Name, Key: v.Key, VersionId: v.VersionId})
			check(t, err)
			content, err := io.ReadAll(o.Body)
			o.Body.Close()
			check(t, err)
			sum := md5.Sum(content)
			add("version %s %s %s %v %v %s %x %v %s", *b.Name, *v.Key, *v.VersionId, *v.IsLatest, v.LastModified, *o.ETag, sum, o.Metadata, aws.ToString(o.ContentType))
			if etag := strings.Trim(*o.ETag, `"`); !strings.Contains(etag, "-") && etag != hex.EncodeToString(sum[:]) {
				t.Errorf("%s/%s: the bytes do not match the entity tag %s", *b.Name, *v.Key, etag)
			}
		}
		uploads, err := c.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: b.Name})
		check(t, err)
		for _, u := range uploads.Uploads {
			add("upload %s %s %s", *b.Name, *u.Key, *u.UploadId)
			parts, err := c.ListParts(ctx, &s3.ListPartsInput{Bucket: b.Name, Key: u.Key, UploadId: u.UploadId})
			check(t, err)
			for _, p := range parts.Parts {
				add("part %s %d %d %s", *u.UploadId, *p.PartNumber, *p.Size, *p.ETag)
			}
		}
	}
	return slices.Sorted(maps.Keys(lines))
}
