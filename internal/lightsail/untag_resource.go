package lightsail

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/lightsail"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/bucket"
)

func (d *Door) untagResource(ctx context.Context, c *call, in *lightsail.UntagResourceInput) (*lightsail.UntagResourceOutput, error) {
	if in.TagKeys == nil {
		return nil, missing("tagKeys")
	}
	name, isBucket, err := d.tagged(ctx, c, in.ResourceName, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	var op keyhaven.Operation
	if isBucket {
		op, err = d.buckets.Untag(ctx, bucket.UntagInput{Account: c.account(), Name: name, Region: c.region(), Keys: in.TagKeys})
	} else {
		op, err = d.machines.UntagInstance(ctx, c.account(), c.region(), name, in.TagKeys)
	}
	if err != nil {
		return nil, err
	}
	return &lightsail.UntagResourceOutput{Operations: operationShapes(op)}, nil
}
