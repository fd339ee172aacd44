package lightsail

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/lightsail"
	"github.com/aws/aws-sdk-go-v2/service/lightsail/types"
)

func (d *Door) getBucketAccessKeys(ctx context.Context, c *call, in *lightsail.GetBucketAccessKeysInput) (*lightsail.GetBucketAccessKeysOutput, error) {
	b, err := d.bucket(ctx, c, in.BucketName)
	if err != nil {
		return nil, err
	}
	keys, err := d.access.BucketKeys(ctx, keyInput(b))
	if err != nil {
		return nil, err
	}
	shapes := make([]types.AccessKey, len(keys))
	for i, k := range keys {
		shapes[i] = keyShape(k)
		shapes[i].LastUsed = lastUsedShape(k.LastUsed)
	}
	return &lightsail.GetBucketAccessKeysOutput{AccessKeys: shapes}, nil
}
