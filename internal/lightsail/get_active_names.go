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
	if next == "" { // the names of machines, which are bounded, end the last page
		machines, err := d.machineNames(ctx, c)
		if err != nil {
			return nil, err
		}
		names = append(names, machines...)
	}
	if names == nil {
		names = []string{}
	}
	return &lightsail.GetActiveNamesOutput{ActiveNames: names, NextPageToken: nextToken(next)}, nil
}

func (d *Door) machineNames(ctx context.Context, c *call) (names []string, err error) {
	for token := ""; ; {
		page, next, err := d.machines.InstancesIn(ctx, c.account(), c.region(), token)
		if err != nil {
			return nil, err
		}
		for _, i := range page {
			names = append(names, i.Name)
		}
		if next == "" {
			return names, nil
		}
		token = next
	}
}
