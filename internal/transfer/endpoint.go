package transfer

import (
	"context"
	"errors"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/keyhaven/keyhaven"
)

// Endpoint is an S3 server and who asks it.
type Endpoint struct {
	URL          string
	Region       string
	AccessKeyID  string
	Secret       keyhaven.Secret
	SessionToken keyhaven.Secret
	VirtualHost  bool         // buckets are hosts; else paths
	HTTP         *http.Client // the SDK's when nil
}

// attempts is how often a request is sent at most.
const attempts = 5

// Client returns a client. It sends nothing.
func (e Endpoint) Client() *s3.Client {
	o := s3.Options{
		Region: e.Region, UsePathStyle: !e.VirtualHost, RetryMaxAttempts: attempts,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: e.AccessKeyID, SecretAccessKey: e.Secret.Reveal(), SessionToken: e.SessionToken.Reveal()}, nil
		}),
		// Not every server knows the newer checksums; what is sent is verified by
		// its MD5.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	}
	if e.URL != "" {
		o.BaseEndpoint = aws.String(e.URL)
	}
	if e.HTTP != nil {
		o.HTTPClient = e.HTTP
	}
	return s3.New(o)
}

// hasCode reports whether a server answered one of the codes.
func hasCode(err error, codes ...string) bool {
	e, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return false
	}
	for _, c := range codes {
		if e.ErrorCode() == c {
			return true
		}
	}
	return false
}
