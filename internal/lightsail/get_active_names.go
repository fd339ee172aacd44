package lightsail

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/lightsail"
)

func (d *Door) getActiveNames(ctx context.Context, c *call, in *lightsail.GetActiveNamesInput) (*lightsail.GetActiveNamesOutput, error) {
	pageToken, err := page(in.PageToken)
	if err != nil {
		return nil, err
	}
	names, next, err := d.buckets.ActiveNames(ctx, c.account(), c.region(), pageToken)
	if err != nil {
		return nil, err
	}
	if names == nil {
		names = []string{}
	}
	return &lightsail.GetActiveNamesOutput{ActiveNames: names, NextPageToken: nextToken(next)}, nil
}
