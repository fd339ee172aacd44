package lightsail

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lightsail/types"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/bucket"
)

const resourceBucket = "Bucket"

// bucketShape is a bucket as Lightsail shows it. The members of what is not
// built yet have their neutral values, since CloudFormation and Terraform read
// them as always there.
func (d *Door) bucketShape(b *keyhaven.Bucket) types.Bucket {
	get := types.AccessTypePrivate
	if b.AccessRules.GetObjectPublic {
		get = types.AccessTypePublic
	}
	return types.Bucket{
		ResourceType:           new(resourceBucket),
		Name:                   new(b.Name),
		Arn:                    new(b.ARN()),
		BundleId:               new(b.BundleID),
		CreatedAt:              new(b.CreatedAt),
		Url:                    new(d.url(b)),
		Location:               location(b.Region),
		SupportCode:            new(string(b.Account) + "/" + b.ID.UUID()),
		Tags:                   tagShapes(b.Tags),
		ObjectVersioning:       new(string(b.Versioning)),
		AbleToUpdateBundle:     new(bucket.AbleToUpdateBundle(b, time.Now())),
		AccessRules:            &types.AccessRules{GetObject: get, AllowPublicOverrides: new(b.AccessRules.AllowPublicOverrides)},
		State:                  &types.BucketState{Code: new("OK")},
		ReadonlyAccessAccounts: accountStrings(b.ReadonlyAccounts),
		AccessLogConfig:        &types.BucketAccessLogConfig{Enabled: new(false)},
	}
}

func accountStrings(ids []keyhaven.AccountID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = string(id)
	}
	return out
}

// location is that of a regional resource: it is in no zone of its own.
func location(region string) *types.ResourceLocation {
	return &types.ResourceLocation{AvailabilityZone: new("all"), RegionName: types.RegionName(region)}
}

// operationShapes are operations as Lightsail shows them. Ours have always
// happened when they are answered.
func operationShapes(ops ...keyhaven.Operation) []types.Operation {
	out := make([]types.Operation, len(ops))
	for i, op := range ops {
		out[i] = types.Operation{
			Id:              new(op.ID),
			ResourceName:    new(op.ResourceName),
			ResourceType:    types.ResourceType(op.ResourceType),
			CreatedAt:       new(op.CreatedAt),
			Location:        location(op.Region),
			IsTerminal:      new(true),
			OperationType:   types.OperationType(op.Type),
			Status:          types.OperationStatusSucceeded,
			StatusChangedAt: new(op.CreatedAt),
		}
		if op.Details != "" {
			out[i].OperationDetails = new(op.Details)
		}
	}
	return out
}

// keyShape is a key without its secret and its last use.
func keyShape(k *keyhaven.AccessKey) types.AccessKey {
	return types.AccessKey{
		AccessKeyId: new(k.ID),
		Status:      types.StatusType(k.Status),
		CreatedAt:   new(k.CreatedAt),
	}
}

// lastUsedShape says N/A for a key that was never used (AccessKeyLastUsed).
func lastUsedShape(u keyhaven.LastUsed) *types.AccessKeyLastUsed {
	if u.Time.IsZero() {
		return &types.AccessKeyLastUsed{Region: new("N/A"), ServiceName: new("N/A")}
	}
	return &types.AccessKeyLastUsed{LastUsedDate: new(u.Time), Region: new(u.Region), ServiceName: new(u.Service)}
}

func tagShapes(tags []keyhaven.Tag) []types.Tag {
	out := make([]types.Tag, len(tags))
	for i, t := range tags {
		out[i].Key = new(t.Key)
		if t.HasValue {
			out[i].Value = new(t.Value)
		}
	}
	return out
}

func tagsOf(shapes []types.Tag) ([]keyhaven.Tag, error) {
	tags := make([]keyhaven.Tag, len(shapes))
	for i, t := range shapes {
		if t.Key == nil {
			return nil, missing("tags[].key")
		}
		tags[i].Key = *t.Key
		if t.Value != nil {
			tags[i].Value, tags[i].HasValue = *t.Value, true
		}
	}
	return tags, nil
}

// nextToken is the optional page token of an answer.
func nextToken(next string) *string {
	if next == "" {
		return nil
	}
	return &next
}

func value[T any](p *T) T {
	if p == nil {
		return *new(T)
	}
	return *p
}
