package lightsail

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lightsail"
	"github.com/aws/aws-sdk-go-v2/service/lightsail/types"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/usage"
)

// getBucketMetricData answers Lightsail's two metrics and our own. A metric of
// what one access key does is named METRIC/ACCESSKEYID.
func (d *Door) getBucketMetricData(ctx context.Context, c *call, in *lightsail.GetBucketMetricDataInput) (*lightsail.GetBucketMetricDataOutput, error) {
	if plan := planMetrics[string(in.MetricName)]; plan != nil {
		return d.planData(ctx, c, in, plan)
	}
	q, err := metricQuery(in)
	if err != nil {
		return nil, err
	}
	if q.Bucket, err = d.bucket(ctx, c, in.BucketName); err != nil {
		return nil, err
	}
	out := &lightsail.GetBucketMetricDataOutput{MetricName: in.MetricName, MetricData: []types.MetricDatapoint{}}
	points, err := d.metrics.Data(ctx, q)
	if err != nil || string(in.Unit) != string(q.Metric.Unit()) {
		return out, err
	}
	for _, p := range points {
		out.MetricData = append(out.MetricData, datapoint(in, p))
	}
	return out, nil
}

// datapoint has the statistics that are asked for.
func datapoint(in *lightsail.GetBucketMetricDataInput, p usage.Datapoint) types.MetricDatapoint {
	shape := types.MetricDatapoint{Timestamp: new(p.Time), Unit: in.Unit}
	for _, s := range in.Statistics {
		switch s {
		case types.MetricStatisticMinimum:
			shape.Minimum = new(p.Minimum)
		case types.MetricStatisticMaximum:
			shape.Maximum = new(p.Maximum)
		case types.MetricStatisticSum:
			shape.Sum = new(p.Sum)
		case types.MetricStatisticAverage:
			shape.Average = new(p.Average())
		case types.MetricStatisticSampleCount:
			shape.SampleCount = new(p.SampleCount)
		}
	}
	return shape
}

func metricQuery(in *lightsail.GetBucketMetricDataInput) (q usage.Query, err error) {
	name, accessKey, _ := strings.Cut(string(in.MetricName), "/")
	metric, ok := keyhaven.FindMetric(name)
	switch {
	case in.MetricName == "":
		return q, missing("metricName")
	case !ok:
		return q, invalid("There is no metric of this name.")
	case in.StartTime == nil:
		return q, missing("startTime")
	case in.EndTime == nil:
		return q, missing("endTime")
	case in.Period == nil:
		return q, missing("period")
	case len(in.Statistics) == 0:
		return q, missing("statistics")
	case in.Unit == "":
		return q, missing("unit")
	}
	for _, s := range in.Statistics {
		if !oneOf(s, s.Values()) {
			return q, invalid("The member statistics must be of Minimum, Maximum, Sum, Average and SampleCount.")
		}
	}
	if !oneOf(in.Unit, in.Unit.Values()) {
		return q, invalid("The member unit is not a unit.")
	}
	return usage.Query{
		AccessKey: accessKey, Metric: metric, From: *in.StartTime, To: *in.EndTime,
		Period: time.Duration(*in.Period) * time.Second,
	}, nil
}

func oneOf[T comparable](v T, all []T) bool {
	for _, a := range all {
		if a == v {
			return true
		}
	}
	return false
}
