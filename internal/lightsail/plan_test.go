package lightsail_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lightsail/types"

	"github.com/keyhaven/keyhaven/internal/meta"
)

func TestPLAN06_QuotaAgainstUse(t *testing.T) {
	s := newServer(t)
	c := s.client(root, "us-east-2")
	createBucket(t, c, "photos")
	s.hold(t, meta.Usage{Versions: 1, Bytes: 6 << 30}) // over the 5 GB of small_1_0, and nothing is refused
	for metric, want := range map[string]float64{
		"PlanStorageUsed": 6 << 30, "PlanStorageQuota": 5 << 30, "PlanStorageForecast": 6 << 30,
		"PlanTransferUsed": 0, "PlanTransferQuota": 25 << 30, "PlanTransferForecast": 0, "PlanTransferOverage": 0,
	} {
		in := daily(types.BucketMetricName(metric), "Maximum", "Bytes")
		in.EndTime = aws.Time(time.Now().Add(time.Hour))
		out := must(c.GetBucketMetricData(t.Context(), in))(t)
		if len(out.MetricData) != 1 || aws.ToFloat64(out.MetricData[0].Maximum) != want {
			t.Errorf("%s = %+v, want %v", metric, out.MetricData, want)
		}
	}
}
