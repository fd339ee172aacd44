package lightsail

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/lightsail"
	"github.com/aws/aws-sdk-go-v2/service/lightsail/types"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/bucket"
)

func (d *Door) setResourceAccessForBucket(ctx context.Context, c *call, in *lightsail.SetResourceAccessForBucketInput) (*lightsail.SetResourceAccessForBucketOutput, error) {
	if in.Access != types.ResourceBucketAccessAllow && in.Access != types.ResourceBucketAccessDeny {
		return nil, invalid("The member access must be allow or deny.")
	}
	name, err := resource(in.ResourceName)
	if err != nil {
		return nil, err
	}
	b, err := d.bucket(ctx, c, in.BucketName)
	if err != nil {
		return nil, err
	}
	op, err := d.buckets.SetResourceAccess(ctx, bucket.ResourceAccessInput{
		Account: b.Account, Region: b.Region, Name: b.Name, Instance: name, Allow: in.Access == types.ResourceBucketAccessAllow,
	})
	if err != nil {
		return nil, err
	}
	return &lightsail.SetResourceAccessForBucketOutput{Operations: operationShapes(op)}, nil
}

// receivers are the machines that a bucket is open for, as Lightsail shows them.
func (d *Door) receivers(ctx context.Context, b *keyhaven.Bucket) ([]types.ResourceReceivingAccess, error) {
	names, err := d.buckets.Receivers(ctx, b)
	out := make([]types.ResourceReceivingAccess, len(names))
	for i, n := range names {
		out[i] = types.ResourceReceivingAccess{Name: new(n), ResourceType: new("Instance")}
	}
	return out, err
}
