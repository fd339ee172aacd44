package lightsail

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/lightsail"

	"github.com/keyhaven/keyhaven/internal/bucket"
)

// createBucketAccessKey is the only place where this door answers a secret.
func (d *Door) createBucketAccessKey(ctx context.Context, c *call, in *lightsail.CreateBucketAccessKeyInput) (*lightsail.CreateBucketAccessKeyOutput, error) {
	b, err := d.bucket(ctx, c, in.BucketName)
	if err != nil {
		return nil, err
	}
	key, op, err := d.buckets.CreateKey(ctx, bucket.KeyInput{Account: c.account(), Name: b.Name, Region: c.region()})
	if err != nil {
		return nil, err
	}
	shape := keyShape(key)
	shape.SecretAccessKey = new(key.Secret.Reveal())
	return &lightsail.CreateBucketAccessKeyOutput{AccessKey: &shape, Operations: operationShapes(op)}, nil
}
