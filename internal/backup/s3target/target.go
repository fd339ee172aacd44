package s3target

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"golang.org/x/sync/errgroup"

	"github.com/keyhaven/keyhaven/internal/backup"
)

const (
	attempts    = 6               // of one request
	callTimeout = 5 * time.Minute // of one request with its attempts
	deleters    = 8               // requests at the same time
)

// Target is a backup.Target in a bucket.
type Target struct {
	at       Location
	client   *s3.Client
	partSize int
}

var _ backup.Target = (*Target)(nil)

// Options change how a target works; the zero value is right for use.
type Options struct {
	PartSize int          // bytes of a part; 16 MiB when zero
	HTTP     *http.Client // the SDK's when nil
}

// Open returns the target. It sends nothing.
func Open(at Location, c Credentials, opts Options) *Target {
	if opts.PartSize == 0 {
		opts.PartSize = defaultPartSize
	}
	o := s3.Options{
		Region:       at.Region,
		UsePathStyle: at.PathStyle,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{
				AccessKeyID: c.AccessKeyID, SecretAccessKey: c.Secret.Reveal(), SessionToken: c.SessionToken.Reveal(),
			}, nil
		}),
		RetryMaxAttempts: attempts,
		// Every file has its own checksums, and every request signs its body.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	}
	if at.Endpoint != "" {
		o.BaseEndpoint = aws.String(at.Endpoint)
	}
	if opts.HTTP != nil {
		o.HTTPClient = opts.HTTP
	}
	return &Target{at: at, client: s3.New(o), partSize: opts.PartSize}
}

// String returns the URL of the target.
func (t *Target) String() string {
	s := "s3://" + t.at.Bucket + "/" + t.at.Prefix
	if t.at.Endpoint != "" {
		s += " at " + t.at.Endpoint
	}
	return s
}

// key returns the object key of a file.
func (t *Target) key(name string) (*string, error) {
	if !fs.ValidPath(name) || name == "." || name == lockName {
		return nil, fmt.Errorf("s3target: %q is not the name of a file", name)
	}
	return aws.String(t.at.Prefix + name), nil
}

func (t *Target) bucket() *string { return aws.String(t.at.Bucket) }

// call bounds one request.
func call[T any](ctx context.Context, fn func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return fn(ctx)
}

func isCode(err error, codes ...string) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return false
	}
	for _, c := range codes {
		if api.ErrorCode() == c {
			return true
		}
	}
	return false
}

func notFound(err error) bool { return isCode(err, "NoSuchKey", "NotFound") }

// List implements backup.Target.
func (t *Target) List(ctx context.Context, prefix string) iter.Seq2[backup.File, error] {
	return func(yield func(backup.File, error) bool) {
		in := &s3.ListObjectsV2Input{Bucket: t.bucket(), Prefix: aws.String(t.at.Prefix + prefix)}
		for {
			page, err := call(ctx, func(ctx context.Context) (*s3.ListObjectsV2Output, error) {
				return t.client.ListObjectsV2(ctx, in)
			})
			if err != nil {
				yield(backup.File{}, fmt.Errorf("s3target: list: %w", err))
				return
			}
			if !t.yield(page.Contents, yield) {
				return
			}
			if !aws.ToBool(page.IsTruncated) {
				return
			}
			if in.ContinuationToken = page.NextContinuationToken; in.ContinuationToken == nil {
				yield(backup.File{}, errors.New("s3target: list: the server has more and does not say how to go on"))
				return
			}
		}
	}
}

func (t *Target) yield(objects []types.Object, yield func(backup.File, error) bool) bool {
	for _, o := range objects {
		name, ok := strings.CutPrefix(aws.ToString(o.Key), t.at.Prefix)
		if !ok || name == lockName || name == "" {
			continue
		}
		if !yield(backup.File{Name: name, Size: aws.ToInt64(o.Size)}, nil) {
			return false
		}
	}
	return true
}

// Delete implements backup.Target. One request for each file: deleting many at
// once asks for checksums that not every server knows.
func (t *Target) Delete(ctx context.Context, names ...string) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(deleters)
	for _, name := range names {
		key, err := t.key(name)
		if err != nil {
			return errors.Join(err, g.Wait())
		}
		g.Go(func() error {
			_, err := call(ctx, func(ctx context.Context) (*s3.DeleteObjectOutput, error) {
				return t.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: t.bucket(), Key: key})
			})
			if err != nil && !notFound(err) {
				return fmt.Errorf("s3target: delete %s: %w", name, err)
			}
			return nil
		})
	}
	return g.Wait()
}
