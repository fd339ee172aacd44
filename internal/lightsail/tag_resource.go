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
	name, isBucket, err := d.tagged(ctx, c, in.ResourceName, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	var op keyhaven.Operation
	if isBucket {
		op, err = d.buckets.Tag(ctx, bucket.TagInput{Account: c.account(), Name: name, Region: c.region(), Tags: tags})
	} else {
		op, err = d.machines.TagInstance(ctx, c.account(), c.region(), name, tags)
	}
	if err != nil {
		return nil, err
	}
	return &lightsail.TagResourceOutput{Operations: operationShapes(op)}, nil
}

// tagged checks the name of a resource that has tags: a bucket or, where there is
// none of the name, a machine. An ARN that is given too must be that resource's.
func (d *Door) tagged(ctx context.Context, c *call, member, arn *string) (name string, isBucket bool, err error) {
	if name, err = resource(member); err != nil {
		return "", false, err
	}
	var is string
	b, err := d.bucket(ctx, c, &name)
	switch {
	case err == nil:
		is = b.ARN()
	case keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounBucket), keyhaven.Is(err, keyhaven.Invalid, keyhaven.NounBucketName):
		i, err := d.instance(ctx, c, &name)
		if keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounInstance) {
			return "", false, &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounResource, ID: name}
		}
		if err != nil {
			return "", false, err
		}
		is = i.ARN()
	default:
		return "", false, err
	}
	if arn != nil && *arn != is {
		return "", false, invalid("The member resourceArn is not the ARN of the resource in resourceName.")
	}
	return name, b != nil, nil
}
