package lightsail

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/lightsail"
)

// getOperationsForResource answers for names whose resource is gone, too.
func (d *Door) getOperationsForResource(ctx context.Context, c *call, in *lightsail.GetOperationsForResourceInput) (*lightsail.GetOperationsForResourceOutput, error) {
	name, err := resource(in.ResourceName)
	if err != nil {
		return nil, err
	}
	pageToken, err := page(in.PageToken)
	if err != nil {
		return nil, err
	}
	ops, next, err := d.buckets.OperationsForResource(ctx, c.account(), c.region(), name, pageToken)
	if err != nil {
		return nil, err
	}
	return &lightsail.GetOperationsForResourceOutput{Operations: operationShapes(ops...), NextPageToken: nextToken(next)}, nil
}
