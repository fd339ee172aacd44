package lightsail

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/lightsail"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
)

// createBucketAccessKey is the only place where this door answers a secret.
func (d *Door) createBucketAccessKey(ctx context.Context, c *call, in *lightsail.CreateBucketAccessKeyInput) (*lightsail.CreateBucketAccessKeyOutput, error) {
	b, err := d.bucket(ctx, c, in.BucketName)
	if err != nil {
		return nil, err
	}
	key, op, err := d.access.CreateBucketKey(ctx, keyInput(b))
	if err != nil {
		return nil, err
	}
	shape := keyShape(key)
	shape.SecretAccessKey = new(key.Secret.Reveal())
	return &lightsail.CreateBucketAccessKeyOutput{AccessKey: &shape, Operations: operationShapes(op)}, nil
}

// keyInput names a bucket whose keys are meant.
func keyInput(b *keyhaven.Bucket) access.BucketKeyInput {
	return access.BucketKeyInput{Account: b.Account, Region: b.Region, Bucket: b.Name}
}
