//go:build e2e

package clients

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lightsail"
	lightsailtypes "github.com/aws/aws-sdk-go-v2/service/lightsail/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// TestKEY17GoSDK runs the AWS SDK for Go over every way in which it is used:
// addressing (CLI-07), transport, and checksums by default or only when required.
func TestKEY17GoSDK(t *testing.T) {
	t.Parallel()
	servers := map[string]*server{"http": startServer(t, "--domain", domain), "https": startTLSServer(t, "--domain", domain)}
	for transport, s := range servers {
		key := s.newBucket(t, "go-sdk")
		scheme, _, _ := strings.Cut(s.endpoint, "127.0.0.1")
		for style, endpoint := range map[string]string{
			"path":                scheme + "127.0.0.1:" + s.port(),
			"virtual-host":        scheme + domain + ":" + s.port(),
			"virtual-host-region": scheme + "s3." + region + "." + domain + ":" + s.port(),
		} {
			for sums, when := range map[string]aws.RequestChecksumCalculation{
				"checksums": aws.RequestChecksumCalculationWhenSupported, "no-checksums": aws.RequestChecksumCalculationWhenRequired,
			} {
				t.Run(strings.Join([]string{transport, style, sums}, "/"), func(t *testing.T) {
					walkGoSDK(t, s.s3(key, func(o *s3.Options) {
						o.BaseEndpoint = aws.String(endpoint)
						o.UsePathStyle = style == "path"
						o.RequestChecksumCalculation = when
					}))
				})
			}
		}
	}
}

func walkGoSDK(t *testing.T, client *s3.Client) {
	ctx, bucket := t.Context(), aws.String("go-sdk")
	put, err := client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: bucket, Key: aws.String("a/ü b+c"), Body: strings.NewReader("hello"), Metadata: map[string]string{"colour": "blue"},
	})
	check(t, err)
	if got := *put.ETag; got != `"5d41402abc4b2a76b9719d911017c592"` {
		t.Errorf("PutObject: ETag %s", got)
	}
	if got := get(t, client, *bucket, "a/ü b+c"); string(got) != "hello" {
		t.Errorf("GetObject = %q", got)
	}
	head, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: bucket, Key: aws.String("a/ü b+c")})
	check(t, err)
	if *head.ContentLength != 5 || head.Metadata["colour"] != "blue" {
		t.Errorf("HeadObject: %d bytes, metadata %v", *head.ContentLength, head.Metadata)
	}
	_, err = client.CopyObject(ctx, &s3.CopyObjectInput{Bucket: bucket, Key: aws.String("copy"), CopySource: aws.String("go-sdk/a/%C3%BC%20b%2Bc")})
	check(t, err)
	list, err := client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: bucket, Delimiter: aws.String("/")})
	check(t, err)
	if len(list.Contents) != 1 || *list.Contents[0].Key != "copy" || len(list.CommonPrefixes) != 1 || *list.CommonPrefixes[0].Prefix != "a/" {
		t.Errorf("ListObjectsV2: %d keys, %d prefixes, want copy and a/", len(list.Contents), len(list.CommonPrefixes))
	}
	goSDKMultipart(t, client, bucket)
	_, err = client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("nope")})
	wantCode(t, "GetObject of no key", err, "NoSuchKey")
	_, err = client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("copy"), IfNoneMatch: put.ETag})
	wantCode(t, "GetObject of what is known", err, "NotModified")
	del, err := client.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: bucket, Delete: &types.Delete{Objects: []types.ObjectIdentifier{
		{Key: aws.String("a/ü b+c")}, {Key: aws.String("copy")}, {Key: aws.String("parts")},
	}}})
	check(t, err)
	if len(del.Deleted) != 3 || len(del.Errors) != 0 {
		t.Errorf("DeleteObjects: %d deleted, errors %v", len(del.Deleted), del.Errors)
	}
	list, err = client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: bucket})
	check(t, err)
	if *list.KeyCount != 0 {
		t.Errorf("after the delete there are %d keys", *list.KeyCount)
	}
}

func goSDKMultipart(t *testing.T, client *s3.Client, bucket *string) {
	ctx, key := t.Context(), aws.String("parts")
	up, err := client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key})
	check(t, err)
	var parts []types.CompletedPart
	want := contentOf("parts", 5<<20+77)
	for i, body := range [][]byte{want[:5<<20], want[5<<20:]} {
		n := aws.Int32(int32(i + 1))
		p, err := client.UploadPart(ctx, &s3.UploadPartInput{Bucket: bucket, Key: key, UploadId: up.UploadId, PartNumber: n, Body: bytes.NewReader(body)})
		check(t, err)
		parts = append(parts, types.CompletedPart{ETag: p.ETag, PartNumber: n, ChecksumCRC32: p.ChecksumCRC32})
	}
	_, err = client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: bucket, Key: key, UploadId: up.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	})
	check(t, err)
	if !bytes.Equal(get(t, client, *bucket, "parts"), want) {
		t.Error("GetObject of two parts: other bytes than were sent")
	}
}

// TestBKT14BucketURL opens an object at the address that GetBuckets gives, with
// and without a domain.
func TestBKT14BucketURL(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*server{"path": startServer(t), "virtual-host": startServer(t, "--domain", domain)} {
		t.Run(name, func(t *testing.T) {
			key := s.newBucket(t, "open")
			_, err := s.s3(key).PutObject(t.Context(), &s3.PutObjectInput{
				Bucket: aws.String("open"), Key: aws.String("page"), Body: strings.NewReader("public page"),
			})
			check(t, err)
			root := s.lightsail(s.root)
			got, err := root.GetBuckets(t.Context(), &lightsail.GetBucketsInput{BucketName: aws.String("open")})
			check(t, err)
			url := *got.Buckets[0].Url + "/page"
			if status, _ := fetch(t, s.httpClient(), url, nil); status != http.StatusForbidden {
				t.Errorf("%s of a private bucket: status %d, want 403", url, status)
			}
			_, err = root.UpdateBucket(t.Context(), &lightsail.UpdateBucketInput{
				BucketName:  aws.String("open"),
				AccessRules: &lightsailtypes.AccessRules{GetObject: lightsailtypes.AccessTypePublic, AllowPublicOverrides: aws.Bool(false)},
			})
			check(t, err)
			if status, body := fetch(t, s.httpClient(), url, nil); status != http.StatusOK || body != "public page" {
				t.Errorf("%s of a public bucket: status %d, body %q", url, status, body)
			}
		})
	}
}
