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
	// App is what calls, as the server's logs tell it (User-Agent: app/…); "" for
	// nothing. It has no other characters than an HTTP token.
	App string
}

// attempts is how often a request is sent at most.
const attempts = 5

func (e Endpoint) credentials() aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: e.AccessKeyID, SecretAccessKey: e.Secret.Reveal(), SessionToken: e.SessionToken.Reveal()}, nil
	})
}

// Client returns a client. It sends nothing.
func (e Endpoint) Client() *s3.Client {
	o := s3.Options{
		Region: e.Region, UsePathStyle: !e.VirtualHost, RetryMaxAttempts: attempts,
		Credentials: e.credentials(), AppID: e.App,
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

// apiError is an error of a JSON API.
type apiError struct {
	Type    string `json:"__type"`
	Message string `json:"message"`
}

func (e *apiError) Error() string { return e.Type + ": " + e.Message }

// ErrorCode, ErrorMessage and ErrorFault make it an error of the SDK's kind.
func (e *apiError) ErrorCode() string             { return e.Type }
func (e *apiError) ErrorMessage() string          { return e.Message }
func (e *apiError) ErrorFault() smithy.ErrorFault { return smithy.FaultUnknown }
