package lightsail

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/lightsail"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/bucket"
)

func (d *Door) tagResource(ctx context.Context, c *call, in *lightsail.TagResourceInput) (*lightsail.TagResourceOutput, error) {
	if in.Tags == nil {
		return nil, missing("tags")
	}
	tags, err := tagsOf(in.Tags)
	if err != nil {
		return nil, err
	}
	b, err := d.tagged(ctx, c, in.ResourceName, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	op, err := d.buckets.Tag(ctx, bucket.TagInput{Account: c.account(), Name: b.Name, Region: c.region(), Tags: tags})
	if err != nil {
		return nil, err
	}
	return &lightsail.TagResourceOutput{Operations: operationShapes(op)}, nil
}

// tagged returns the bucket of a name; buckets are all there is to tag. An ARN
// that is given too must be that bucket's.
func (d *Door) tagged(ctx context.Context, c *call, name, arn *string) (*keyhaven.Bucket, error) {
	n, err := resource(name)
	if err != nil {
		return nil, err
	}
	b, err := d.bucket(ctx, c, &n)
	switch {
	case keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounBucket), keyhaven.Is(err, keyhaven.Invalid, keyhaven.NounBucketName):
		return nil, &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounResource, ID: n}
	case err != nil:
		return nil, err
	case arn != nil && *arn != b.ARN():
		return nil, invalid("The member resourceArn is not the ARN of the resource in resourceName.")
	}
	return b, nil
}
