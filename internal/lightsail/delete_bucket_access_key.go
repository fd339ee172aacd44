package lightsail

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/lightsail"
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
	op, err := d.access.DeleteBucketKey(ctx, keyInput(b), keyID)
	if err != nil {
		return nil, err
	}
	return &lightsail.DeleteBucketAccessKeyOutput{Operations: operationShapes(op)}, nil
}
