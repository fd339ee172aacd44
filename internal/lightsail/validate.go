package lightsail

import (
	"context"
	"regexp"
	"strings"

	"github.com/keyhaven/keyhaven"
)

var (
	resourceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,253}[A-Za-z0-9]$`)
	pageToken    = regexp.MustCompile(`^[A-Za-z0-9_=+/.-]{1,512}$`)
)

func missing(member string) error {
	return invalid("The member " + member + " is required.")
}

// nonEmpty is the model's NonEmptyString: something that is not white space.
func nonEmpty(member string, s *string) (string, error) {
	if s == nil {
		return "", missing(member)
	}
	if strings.TrimSpace(*s) == "" {
		return "", invalid("The member " + member + " must not be empty.")
	}
	return *s, nil
}

// bucketName checks the name of a bucket that should exist. Names that only S3
// allows pass too, since such buckets can be managed here.
func bucketName(s *string) (string, error) {
	if s == nil {
		return "", missing("bucketName")
	}
	if !keyhaven.ValidLightsailBucketName(*s) && !keyhaven.ValidS3BucketName(*s) {
		return "", &keyhaven.Error{Kind: keyhaven.Invalid, Noun: keyhaven.NounBucketName, ID: *s}
	}
	return *s, nil
}

// resource checks the name of a resource of any type.
func resource(s *string) (string, error) {
	if s == nil {
		return "", missing("resourceName")
	}
	if !resourceName.MatchString(*s) {
		return "", &keyhaven.Error{Kind: keyhaven.Invalid, Noun: keyhaven.NounResource, ID: *s}
	}
	return *s, nil
}

// page checks the form of a page token; what it means only a service knows.
func page(s *string) (string, error) {
	if s == nil {
		return "", nil
	}
	if !pageToken.MatchString(*s) {
		return "", &keyhaven.Error{Kind: keyhaven.Invalid, Noun: keyhaven.NounPageToken}
	}
	return *s, nil
}

// bucket returns the bucket of this name if it is the caller's and of the
// region of the request.
func (d *Door) bucket(ctx context.Context, c *call, member *string) (*keyhaven.Bucket, error) {
	name, err := bucketName(member)
	if err != nil {
		return nil, err
	}
	c.record.Bucket = name
	b, err := d.buckets.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	if b.Account != c.account() || b.Region != c.region() {
		return nil, &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounBucket, ID: name}
	}
	return b, nil
}
