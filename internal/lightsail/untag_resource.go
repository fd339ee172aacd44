package lightsail

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/lightsail"

	"github.com/keyhaven/keyhaven/internal/bucket"
)

func (d *Door) untagResource(ctx context.Context, c *call, in *lightsail.UntagResourceInput) (*lightsail.UntagResourceOutput, error) {
	if in.TagKeys == nil {
		return nil, missing("tagKeys")
	}
	b, err := d.tagged(ctx, c, in.ResourceName, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	op, err := d.buckets.Untag(ctx, bucket.UntagInput{Account: c.account(), Name: b.Name, Region: c.region(), Keys: in.TagKeys})
	if err != nil {
		return nil, err
	}
	return &lightsail.UntagResourceOutput{Operations: operationShapes(op)}, nil
}
