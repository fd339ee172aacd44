//go:build e2e

package clients

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lightsail"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// credentials hands a fixed key to the SDK.
func (k accessKey) credentials() aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: k.id, SecretAccessKey: k.secret, Source: "test"}, nil
	})
}

// s3 returns a path-style S3 client that never tries twice, with connections of
// its own.
func (s *server) s3(k accessKey, options ...func(*s3.Options)) *s3.Client {
	base := s3.Options{
		Region: region, BaseEndpoint: aws.String(s.endpoint), UsePathStyle: true,
		Credentials: k.credentials(), HTTPClient: s.httpClient(), Retryer: aws.NopRetryer{},
	}
	return s3.New(base, options...)
}

// lightsail returns a Lightsail client that never tries twice.
func (s *server) lightsail(k accessKey) *lightsail.Client {
	return lightsail.New(lightsail.Options{
		Region: region, BaseEndpoint: aws.String(s.endpoint),
		Credentials: k.credentials(), HTTPClient: s.httpClient(), Retryer: aws.NopRetryer{},
	})
}

// newBucket makes a bucket and a key for it.
func (s *server) newBucket(t testing.TB, name string) accessKey {
	t.Helper()
	_, err := s.lightsail(s.root).CreateBucket(t.Context(), &lightsail.CreateBucketInput{
		BucketName: aws.String(name), BundleId: aws.String("small_1_0"),
	})
	check(t, err)
	return s.newKey(t, name)
}

// newKey makes a key for a bucket.
func (s *server) newKey(t testing.TB, bucket string) accessKey {
	t.Helper()
	out, err := s.lightsail(s.root).CreateBucketAccessKey(t.Context(), &lightsail.CreateBucketAccessKeyInput{
		BucketName: aws.String(bucket),
	})
	check(t, err)
	k := accessKey{id: *out.AccessKey.AccessKeyId, secret: *out.AccessKey.SecretAccessKey}
	s.remember(k.secret)
	return k
}

// deleteKey deletes a key of a bucket.
func (s *server) deleteKey(t testing.TB, bucket, id string) {
	t.Helper()
	_, err := s.lightsail(s.root).DeleteBucketAccessKey(t.Context(), &lightsail.DeleteBucketAccessKeyInput{
		BucketName: aws.String(bucket), AccessKeyId: aws.String(id),
	})
	check(t, err)
}

// wantCode checks the error code that an SDK saw.
func wantCode(t testing.TB, what string, err error, want string) {
	t.Helper()
	if api, ok := errors.AsType[smithy.APIError](err); !ok || api.ErrorCode() != want {
		t.Errorf("%s: error %v, want %s", what, err, want)
	}
}
