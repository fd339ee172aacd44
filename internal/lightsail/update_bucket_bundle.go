package lightsail

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/lightsail"

	"github.com/keyhaven/keyhaven/internal/bucket"
)

func (d *Door) updateBucketBundle(ctx context.Context, c *call, in *lightsail.UpdateBucketBundleInput) (*lightsail.UpdateBucketBundleOutput, error) {
	bundleID, err := nonEmpty("bundleId", in.BundleId)
	if err != nil {
		return nil, err
	}
	b, err := d.bucket(ctx, c, in.BucketName)
	if err != nil {
		return nil, err
	}
	_, op, err := d.buckets.UpdateBundle(ctx, bucket.UpdateBundleInput{
		Account:  c.account(),
		Name:     b.Name,
		Region:   c.region(),
		BundleID: bundleID,
	})
	if err != nil {
		return nil, err
	}
	return &lightsail.UpdateBucketBundleOutput{Operations: operationShapes(op)}, nil
}
