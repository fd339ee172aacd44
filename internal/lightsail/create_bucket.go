package lightsail

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/lightsail"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/bucket"
)

func (d *Door) createBucket(ctx context.Context, c *call, in *lightsail.CreateBucketInput) (*lightsail.CreateBucketOutput, error) {
	if in.BucketName == nil {
		return nil, missing("bucketName")
	}
	if !keyhaven.ValidLightsailBucketName(*in.BucketName) {
		return nil, &keyhaven.Error{Kind: keyhaven.Invalid, Noun: keyhaven.NounBucketName, ID: *in.BucketName}
	}
	c.record.Bucket = *in.BucketName
	bundleID, err := nonEmpty("bundleId", in.BundleId)
	if err != nil {
		return nil, err
	}
	tags, err := tagsOf(in.Tags)
	if err != nil {
		return nil, err
	}
	b, op, err := d.buckets.Create(ctx, bucket.CreateInput{
		Account:      c.account(),
		Name:         *in.BucketName,
		Region:       c.region(),
		BundleID:     bundleID,
		Tags:         tags,
		Versioning:   value(in.EnableObjectVersioning),
		ViaLightsail: true,
	})
	if err != nil {
		return nil, err
	}
	shape := d.bucketShape(b)
	return &lightsail.CreateBucketOutput{Bucket: &shape, Operations: operationShapes(op)}, nil
}
