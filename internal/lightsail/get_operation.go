package lightsail

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/lightsail"
)

func (d *Door) getOperation(ctx context.Context, c *call, in *lightsail.GetOperationInput) (*lightsail.GetOperationOutput, error) {
	id, err := nonEmpty("operationId", in.OperationId)
	if err != nil {
		return nil, err
	}
	op, err := d.buckets.Operation(ctx, c.account(), id)
	if err != nil {
		return nil, err
	}
	return &lightsail.GetOperationOutput{Operation: &operationShapes(*op)[0]}, nil
}
