package lightsail

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/lightsail"

	"github.com/keyhaven/keyhaven/internal/bucket"
)

func (d *Door) deleteBucket(ctx context.Context, c *call, in *lightsail.DeleteBucketInput) (*lightsail.DeleteBucketOutput, error) {
	b, err := d.bucket(ctx, c, in.BucketName)
	if err != nil {
		return nil, err
	}
	op, err := d.buckets.Delete(ctx, bucket.DeleteInput{
		Account: c.account(),
		Name:    b.Name,
		Region:  c.region(),
		Force:   value(in.ForceDelete),
	})
	if err != nil {
		return nil, err
	}
	return &lightsail.DeleteBucketOutput{Operations: operationShapes(op)}, nil
}
