package lightsail

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lightsail"
	"github.com/aws/aws-sdk-go-v2/service/lightsail/types"

	"github.com/keyhaven/keyhaven"
)

func (d *Door) getBuckets(ctx context.Context, c *call, in *lightsail.GetBucketsInput) (*lightsail.GetBucketsOutput, error) {
	if value(in.IncludeCors) && in.BucketName == nil {
		return nil, invalid("The member includeCors needs the member bucketName.")
	}
	buckets, next, err := d.listed(ctx, c, in)
	if err != nil {
		return nil, err
	}
	account, err := d.access.Account(ctx, c.account())
	if err != nil {
		return nil, err
	}
	out := &lightsail.GetBucketsOutput{
		Buckets:       make([]types.Bucket, len(buckets)),
		NextPageToken: nextToken(next),
		// The account's block of public access acts at once: there is nothing to be
		// out of step with.
		AccountLevelBpaSync: &types.AccountLevelBpaSync{
			Status:              types.AccountLevelBpaSyncStatusInSync,
			LastSyncedAt:        new(time.Now()),
			BpaImpactsLightsail: new(account.PublicAccessBlock&^keyhaven.BlockConfigured != 0),
		},
	}
	for i, b := range buckets {
		if out.Buckets[i], err = d.describe(ctx, b); err != nil {
			return nil, err
		}
		if value(in.IncludeConnectedResources) {
			if out.Buckets[i].ResourcesReceivingAccess, err = d.receivers(ctx, b); err != nil {
				return nil, err
			}
		}
		if value(in.IncludeCors) {
			doc, err := d.buckets.CORS(ctx, b)
			if err != nil {
				return nil, err
			}
			out.Buckets[i].Cors = corsShape(doc)
		}
	}
	return out, nil
}

// listed is the one bucket asked for, or a page of those of the region.
func (d *Door) listed(ctx context.Context, c *call, in *lightsail.GetBucketsInput) ([]*keyhaven.Bucket, string, error) {
	if in.BucketName != nil {
		b, err := d.bucket(ctx, c, in.BucketName)
		return []*keyhaven.Bucket{b}, "", err
	}
	pageToken, err := page(in.PageToken)
	if err != nil {
		return nil, "", err
	}
	return d.buckets.List(ctx, c.account(), c.region(), pageToken)
}
