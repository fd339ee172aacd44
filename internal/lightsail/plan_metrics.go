package lightsail

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/lightsail"
	"github.com/aws/aws-sdk-go-v2/service/lightsail/types"

	"github.com/keyhaven/keyhaven/internal/usage"
)

// planMetrics are metrics of our own about the bucket's plan in this billing
// month, in bytes. Each has one point: now.
var planMetrics = map[string]func(*usage.Plan) float64{
	"PlanStorageUsed":      func(p *usage.Plan) float64 { return float64(p.Storage) },
	"PlanStorageQuota":     func(p *usage.Plan) float64 { return float64(p.StorageQuota) },
	"PlanStorageForecast":  func(p *usage.Plan) float64 { return p.StorageForecast },
	"PlanTransferUsed":     func(p *usage.Plan) float64 { return float64(p.Transfer) },
	"PlanTransferQuota":    func(p *usage.Plan) float64 { return float64(p.TransferQuota) },
	"PlanTransferForecast": func(p *usage.Plan) float64 { return p.TransferForecast },
	"PlanTransferOverage":  func(p *usage.Plan) float64 { return float64(p.TransferOverage) },
}

func (d *Door) planData(ctx context.Context, c *call, in *lightsail.GetBucketMetricDataInput, of func(*usage.Plan) float64) (*lightsail.GetBucketMetricDataOutput, error) {
	b, err := d.bucket(ctx, c, in.BucketName)
	if err != nil {
		return nil, err
	}
	out := &lightsail.GetBucketMetricDataOutput{MetricName: in.MetricName, MetricData: []types.MetricDatapoint{}}
	plan, err := d.metrics.Plan(ctx, b)
	if err != nil || in.Unit != types.MetricUnitBytes || in.StartTime == nil || in.EndTime == nil ||
		plan.At.Before(*in.StartTime) || !plan.At.Before(*in.EndTime) {
		return out, err
	}
	v := of(plan)
	out.MetricData = append(out.MetricData, datapoint(in, usage.Datapoint{Time: plan.At, SampleCount: 1, Sum: v, Minimum: v, Maximum: v}))
	return out, nil
}
