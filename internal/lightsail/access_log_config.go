package lightsail

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/lightsail/types"

	"github.com/keyhaven/keyhaven"
)

// loggingOf reads where access records go; nil leaves it as it is.
func loggingOf(in *types.BucketAccessLogConfig) (*keyhaven.Logging, error) {
	switch {
	case in == nil:
		return nil, nil
	case in.Enabled == nil:
		return nil, missing("accessLogConfig.enabled")
	case !*in.Enabled:
		if in.Destination != nil || in.Prefix != nil {
			return nil, invalid("The members destination and prefix of accessLogConfig must be left out when logging is disabled.")
		}
		return &keyhaven.Logging{}, nil
	}
	if in.Destination == nil {
		return nil, missing("accessLogConfig.destination")
	}
	destination, err := bucketName(in.Destination)
	if err != nil {
		return nil, err
	}
	if in.Prefix != nil && !keyhaven.ValidLightsailLogPrefix(*in.Prefix) {
		return nil, invalid("The member accessLogConfig.prefix must have 1 to 100 of letters, digits and _ / ! . * ' ) ( -.")
	}
	return &keyhaven.Logging{Target: destination, Prefix: value(in.Prefix)}, nil
}

// describe is bucketShape with what is kept beside the bucket's record.
func (d *Door) describe(ctx context.Context, b *keyhaven.Bucket) (types.Bucket, error) {
	shape := d.bucketShape(b)
	l, err := d.buckets.Logging(ctx, b)
	if err != nil || l == nil {
		return shape, err
	}
	shape.AccessLogConfig = &types.BucketAccessLogConfig{Enabled: new(true), Destination: new(l.Target)}
	if l.Prefix != "" {
		shape.AccessLogConfig.Prefix = new(l.Prefix)
	}
	return shape, nil
}
