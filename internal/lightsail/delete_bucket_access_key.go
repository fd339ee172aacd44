package lightsail

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/lightsail"

	"github.com/keyhaven/keyhaven/internal/bucket"
)

func (d *Door) deleteBucketAccessKey(ctx context.Context, c *call, in *lightsail.DeleteBucketAccessKeyInput) (*lightsail.DeleteBucketAccessKeyOutput, error) {
	keyID, err := nonEmpty("accessKeyId", in.AccessKeyId)
	if err != nil {
		return nil, err
	}
	b, err := d.bucket(ctx, c, in.BucketName)
	if err != nil {
		return nil, err
	}
	op, err := d.buckets.DeleteKey(ctx, bucket.DeleteKeyInput{
		Account: c.account(),
		Name:    b.Name,
		Region:  c.region(),
		KeyID:   keyID,
	})
	if err != nil {
		return nil, err
	}
	return &lightsail.DeleteBucketAccessKeyOutput{Operations: operationShapes(op)}, nil
}
