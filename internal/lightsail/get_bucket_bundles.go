package lightsail

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/lightsail"
	"github.com/aws/aws-sdk-go-v2/service/lightsail/types"
)

func (d *Door) getBucketBundles(_ context.Context, _ *call, in *lightsail.GetBucketBundlesInput) (*lightsail.GetBucketBundlesOutput, error) {
	out := &lightsail.GetBucketBundlesOutput{Bundles: []types.BucketBundle{}}
	for _, b := range d.buckets.Bundles() {
		if !b.Active && !value(in.IncludeInactive) {
			continue
		}
		out.Bundles = append(out.Bundles, types.BucketBundle{
			BundleId:             new(b.ID),
			Name:                 new(b.Name),
			Price:                new(float32(b.PriceUSD)),
			StoragePerMonthInGb:  new(b.StorageGB),
			TransferPerMonthInGb: new(b.TransferGB),
			IsActive:             new(b.Active),
		})
	}
	return out, nil
}
