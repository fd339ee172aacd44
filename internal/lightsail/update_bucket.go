package lightsail

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/lightsail"
	"github.com/aws/aws-sdk-go-v2/service/lightsail/types"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/bucket"
)

func (d *Door) updateBucket(ctx context.Context, c *call, in *lightsail.UpdateBucketInput) (*lightsail.UpdateBucketOutput, error) {
	b, err := d.bucket(ctx, c, in.BucketName)
	if err != nil {
		return nil, err
	}
	change := bucket.UpdateInput{Account: c.account(), Name: b.Name, Region: c.region()}
	if err := setAccessRules(&change, in.AccessRules); err != nil {
		return nil, err
	}
	if change.Versioning, err = versioningOf(in.Versioning); err != nil {
		return nil, err
	}
	if in.ReadonlyAccessAccounts != nil {
		readers := make([]keyhaven.AccountID, len(in.ReadonlyAccessAccounts))
		for i, id := range in.ReadonlyAccessAccounts {
			readers[i] = keyhaven.AccountID(id)
		}
		change.ReadonlyAccounts = &readers
	}
	if change.CORS, err = corsOf(in.Cors); err != nil {
		return nil, err
	}
	if change.Logging, err = loggingOf(in.AccessLogConfig); err != nil {
		return nil, err
	}
	b, op, err := d.buckets.Update(ctx, change)
	if err != nil {
		return nil, err
	}
	shape, err := d.describe(ctx, b)
	if err != nil {
		return nil, err
	}
	if in.Cors != nil {
		shape.Cors = corsShape(change.CORS)
	}
	return &lightsail.UpdateBucketOutput{Bucket: &shape, Operations: operationShapes(op)}, nil
}

func setAccessRules(change *bucket.UpdateInput, rules *types.AccessRules) error {
	if rules == nil {
		return nil
	}
	switch rules.GetObject {
	case "":
	case types.AccessTypePublic, types.AccessTypePrivate:
		change.GetObjectPublic = new(rules.GetObject == types.AccessTypePublic)
	default:
		return &keyhaven.Error{Kind: keyhaven.Invalid, Noun: keyhaven.NounAccessRules, Msg: "The member accessRules.getObject must be public or private."}
	}
	change.AllowPublicOverrides = rules.AllowPublicOverrides
	return nil
}

func versioningOf(s *string) (*keyhaven.Versioning, error) {
	if s == nil {
		return nil, nil
	}
	v := keyhaven.Versioning(*s)
	if v != keyhaven.VersioningEnabled && v != keyhaven.VersioningSuspended {
		return nil, invalid("The member versioning must be Enabled or Suspended.")
	}
	return &v, nil
}
