package lightsail

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/lightsail"
)

func (d *Door) getOperations(ctx context.Context, c *call, in *lightsail.GetOperationsInput) (*lightsail.GetOperationsOutput, error) {
	pageToken, err := page(in.PageToken)
	if err != nil {
		return nil, err
	}
	ops, next, err := d.buckets.Operations(ctx, c.account(), c.region(), pageToken)
	if err != nil {
		return nil, err
	}
	return &lightsail.GetOperationsOutput{Operations: operationShapes(ops...), NextPageToken: nextToken(next)}, nil
}
