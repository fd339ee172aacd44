package s3_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/keyhaven/keyhaven"
)

// client returns the real SDK client over a real connection, in path style or
// with buckets as hosts.
func (s *server) client(t testing.TB, k keyPair, pathStyle bool) *sdk.Client {
	t.Helper()
	srv := httptest.NewServer(s.handler)
	t.Cleanup(srv.Close)
	transport := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, srv.Listener.Addr().String())
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return sdk.New(sdk.Options{
		Region: region, BaseEndpoint: aws.String("http://" + domain), UsePathStyle: pathStyle, Credentials: credentials(k),
		HTTPClient: &http.Client{Transport: transport}, Retryer: aws.NopRetryer{},
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,
	})
}

// ok returns what the SDK returned, and ends the test on its error.
func ok[T any](out T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

var bucketName = aws.String("photos")

// TestCLI07_PathAndVirtualHostStyle with the SDK's own client, which uses the
// second unless told otherwise.
func TestCLI07_PathAndVirtualHostStyle(t *testing.T) {
	for _, pathStyle := range []bool{true, false} {
		s := newServer(t)
		c := s.client(t, root, pathStyle)
		ok(c.CreateBucket(t.Context(), &sdk.CreateBucketInput{Bucket: bucketName}))(t)
		for _, key := range []string{"a.txt", "dir/ü & b", "-/health/live", "x//y"} {
			put := ok(c.PutObject(t.Context(), &sdk.PutObjectInput{
				Bucket: bucketName, Key: &key, Body: strings.NewReader(key), Metadata: map[string]string{"author": "Ann"},
			}))(t)
			if aws.ToString(put.ETag) == "" || aws.ToString(put.ChecksumCRC32) == "" {
				t.Errorf("PutObject = %+v", put)
			}
			got := ok(c.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: bucketName, Key: &key}))(t)
			body, err := io.ReadAll(got.Body)
			if err != nil || string(body) != key || got.Metadata["author"] != "Ann" {
				t.Errorf("GetObject(%q) = %q %v %v", key, body, got.Metadata, err)
			}
		}
		loc := ok(c.GetBucketLocation(t.Context(), &sdk.GetBucketLocationInput{Bucket: bucketName}))(t)
		if loc.LocationConstraint != "" {
			t.Errorf("location = %q", loc.LocationConstraint)
		}
	}
}

// TestBKT14_BucketURL opens a public object by the address that Lightsail shows.
func TestBKT14_BucketURL(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	s.must(t, root, "PUT", "/photos/2026/a.txt", "hello")
	s.rules(t, "photos", true, false)
	for _, host := range []string{"photos.s3." + region + "." + domain, "photos.s3." + domain, "photos." + domain + ":9000"} {
		r := s.request(t, "GET", "/2026/a.txt", "")
		r.Host = host
		s.serve(r).wantBody(t, 200, "hello")
	}
}

// TestSDKListings reads every listing with the SDK's client, page by page.
func TestSDKListings(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	keys := []string{"a", "b & <c>", "dir/1", "dir/2", "d\u00fc/3", "z\r\nz"}
	for _, k := range keys {
		s.must(t, root, "PUT", "/photos/"+keyPath(k), k)
	}
	c := s.client(t, root, true)
	var v1, v2 []string
	p2 := sdk.NewListObjectsV2Paginator(c, &sdk.ListObjectsV2Input{Bucket: bucketName, MaxKeys: aws.Int32(2), FetchOwner: aws.Bool(true)})
	for p2.HasMorePages() {
		page := ok(p2.NextPage(t.Context()))(t)
		for _, o := range page.Contents {
			v2 = append(v2, aws.ToString(o.Key))
			if aws.ToInt64(o.Size) != int64(len(aws.ToString(o.Key))) || aws.ToString(o.Owner.ID) == "" || o.LastModified == nil ||
				len(o.ChecksumAlgorithm) != 1 || o.StorageClass != types.ObjectStorageClassStandard {
				t.Errorf("object = %+v", o)
			}
		}
	}
	in := &sdk.ListObjectsInput{Bucket: bucketName, MaxKeys: aws.Int32(2)}
	for {
		page := ok(c.ListObjects(t.Context(), in))(t)
		for _, o := range page.Contents {
			v1 = append(v1, aws.ToString(o.Key))
		}
		if !aws.ToBool(page.IsTruncated) {
			break
		}
		in.Marker = page.Contents[len(page.Contents)-1].Key
	}
	want := slices.Sorted(slices.Values(keys))
	if !slices.Equal(v1, want) || !slices.Equal(v2, want) {
		t.Errorf("ListObjects = %q, ListObjectsV2 = %q, want %q", v1, v2, want)
	}
	folded := ok(c.ListObjectsV2(t.Context(), &sdk.ListObjectsV2Input{Bucket: bucketName, Delimiter: aws.String("/")}))(t)
	if len(folded.CommonPrefixes) != 2 || aws.ToString(folded.CommonPrefixes[0].Prefix) != "dir/" || aws.ToInt32(folded.KeyCount) != 5 {
		t.Errorf("one level = %+v", folded)
	}
	buckets := ok(c.ListBuckets(t.Context(), &sdk.ListBucketsInput{}))(t)
	if len(buckets.Buckets) != 1 || aws.ToString(buckets.Buckets[0].Name) != "photos" || buckets.Buckets[0].CreationDate == nil {
		t.Errorf("ListBuckets = %+v", buckets)
	}
}

// TestSDKVersions reads versions, markers and their deletion.
func TestSDKVersions(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	s.versioning(t, "photos", keyhaven.VersioningEnabled)
	c := s.client(t, root, false)
	for range 3 {
		s.must(t, root, "PUT", "/photos/a", "hello")
		s.must(t, root, "DELETE", "/photos/a", "")
	}
	p := sdk.NewListObjectVersionsPaginator(c, &sdk.ListObjectVersionsInput{Bucket: bucketName, MaxKeys: aws.Int32(2)})
	var ids []types.ObjectIdentifier
	markers := 0
	for p.HasMorePages() {
		page := ok(p.NextPage(t.Context()))(t)
		for _, v := range page.Versions {
			ids = append(ids, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
		}
		for _, m := range page.DeleteMarkers {
			markers++
			ids = append(ids, types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
		}
	}
	if len(ids) != 6 || markers != 3 {
		t.Fatalf("%d entries, %d of them markers; want 6 and 3", len(ids), markers)
	}
	gone := ok(c.DeleteObjects(t.Context(), &sdk.DeleteObjectsInput{Bucket: bucketName, Delete: &types.Delete{Objects: ids}}))(t)
	if len(gone.Deleted) != 6 || len(gone.Errors) != 0 {
		t.Errorf("DeleteObjects = %+v", gone)
	}
	v := ok(c.GetBucketVersioning(t.Context(), &sdk.GetBucketVersioningInput{Bucket: bucketName}))(t)
	if v.Status != types.BucketVersioningStatusEnabled {
		t.Errorf("versioning = %q", v.Status)
	}
}

// TestSDKMultipart is an upload and its listings.
func TestSDKMultipart(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	c := s.client(t, root, true)
	key := aws.String("big & odd.bin")
	up := ok(c.CreateMultipartUpload(t.Context(), &sdk.CreateMultipartUploadInput{Bucket: bucketName, Key: key}))(t)
	body := content(firstPart + 10)
	var parts []types.CompletedPart
	for i, part := range []string{body[:firstPart], body[firstPart:]} {
		n := aws.Int32(int32(i + 1))
		out := ok(c.UploadPart(t.Context(), &sdk.UploadPartInput{
			Bucket: bucketName, Key: key, UploadId: up.UploadId, PartNumber: n, Body: bytes.NewReader([]byte(part)),
		}))(t)
		parts = append(parts, types.CompletedPart{PartNumber: n, ETag: out.ETag, ChecksumCRC32: out.ChecksumCRC32})
	}
	uploads := ok(c.ListMultipartUploads(t.Context(), &sdk.ListMultipartUploadsInput{Bucket: bucketName}))(t)
	if len(uploads.Uploads) != 1 || aws.ToString(uploads.Uploads[0].Key) != *key || uploads.Uploads[0].Initiated == nil {
		t.Errorf("uploads = %+v", uploads)
	}
	listed := ok(c.ListParts(t.Context(), &sdk.ListPartsInput{Bucket: bucketName, Key: key, UploadId: up.UploadId}))(t)
	if len(listed.Parts) != 2 || aws.ToInt64(listed.Parts[0].Size) != firstPart {
		t.Errorf("parts = %+v", listed)
	}
	done := ok(c.CompleteMultipartUpload(t.Context(), &sdk.CompleteMultipartUploadInput{
		Bucket: bucketName, Key: key, UploadId: up.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	}))(t)
	if !strings.HasSuffix(aws.ToString(done.ETag), `-2"`) {
		t.Errorf("Complete = %+v", done)
	}
	got := ok(c.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: bucketName, Key: key, PartNumber: aws.Int32(2)}))(t)
	tail, err := io.ReadAll(got.Body)
	if err != nil || string(tail) != body[firstPart:] || aws.ToInt32(got.PartsCount) != 2 {
		t.Errorf("part 2 = %d bytes of %v parts, %v", len(tail), got.PartsCount, err)
	}
}

// TestSDKErrors: the SDK finds its own types in the answers.
func TestSDKErrors(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	c := s.client(t, root, true)
	_, err := c.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: bucketName, Key: aws.String("missing")})
	if _, ok := errors.AsType[*types.NoSuchKey](err); !ok {
		t.Errorf("GetObject = %v", err)
	}
	_, err = c.HeadObject(t.Context(), &sdk.HeadObjectInput{Bucket: bucketName, Key: aws.String("missing")})
	if _, ok := errors.AsType[*types.NotFound](err); !ok {
		t.Errorf("HeadObject = %v", err)
	}
	_, err = c.CreateBucket(t.Context(), &sdk.CreateBucketInput{Bucket: bucketName})
	if _, ok := errors.AsType[*types.BucketAlreadyOwnedByYou](err); !ok {
		t.Errorf("CreateBucket = %v", err)
	}
	_, err = c.ListObjectsV2(t.Context(), &sdk.ListObjectsV2Input{Bucket: aws.String("no-such-bucket")})
	if _, ok := errors.AsType[*types.NoSuchBucket](err); !ok {
		t.Errorf("ListObjectsV2 = %v", err)
	}
	_, err = c.GetBucketPolicy(t.Context(), &sdk.GetBucketPolicyInput{Bucket: bucketName})
	if api, ok := errors.AsType[smithy.APIError](err); !ok || api.ErrorCode() != "NoSuchBucketPolicy" {
		t.Errorf("GetBucketPolicy = %v", err)
	}
	if err == nil || !strings.Contains(fmt.Sprint(err), "RequestID") {
		t.Errorf("the error has no request id: %v", err)
	}
}
