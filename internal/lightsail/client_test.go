package lightsail_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lightsail"
	"github.com/aws/aws-sdk-go-v2/service/lightsail/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// must returns the answer of a call that has to succeed.
func must[T any](out T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

// wantError checks that the SDK saw an exception of this type with status 400.
func wantError(t testing.TB, err error, typ string) {
	t.Helper()
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok || api.ErrorCode() != typ {
		t.Errorf("error = %v, want %s", err, typ)
		return
	}
	if res, ok := errors.AsType[*smithyhttp.ResponseError](err); !ok || res.HTTPStatusCode() != http.StatusBadRequest {
		t.Errorf("%s: status of %v, want 400", typ, err)
	}
}

func createBucket(t testing.TB, c *sdk.Client, name string) *types.Bucket {
	t.Helper()
	out := must(c.CreateBucket(t.Context(), &sdk.CreateBucketInput{
		BucketName: aws.String(name), BundleId: aws.String("small_1_0"),
	}))(t)
	return out.Bucket
}

func createKey(t testing.TB, c *sdk.Client, name string) *types.AccessKey {
	t.Helper()
	out := must(c.CreateBucketAccessKey(t.Context(), &sdk.CreateBucketAccessKeyInput{BucketName: aws.String(name)}))(t)
	return out.AccessKey
}

func bucketKeys(t testing.TB, c *sdk.Client, name string) []types.AccessKey {
	t.Helper()
	out := must(c.GetBucketAccessKeys(t.Context(), &sdk.GetBucketAccessKeysInput{BucketName: aws.String(name)}))(t)
	return out.AccessKeys
}

func getBucket(t testing.TB, c *sdk.Client, name string) types.Bucket {
	t.Helper()
	out := must(c.GetBuckets(t.Context(), &sdk.GetBucketsInput{BucketName: aws.String(name)}))(t)
	if len(out.Buckets) != 1 {
		t.Fatalf("GetBuckets(%s) = %d buckets, want 1", name, len(out.Buckets))
	}
	return out.Buckets[0]
}
