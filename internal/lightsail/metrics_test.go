package lightsail_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lightsail"
	"github.com/aws/aws-sdk-go-v2/service/lightsail/types"

	"github.com/keyhaven/keyhaven/internal/meta"
)

// hold changes what is in the bucket photos.
func (s *server) hold(t *testing.T, u meta.Usage) {
	t.Helper()
	err := s.meta.Update(t.Context(), func(tx *meta.Txn) error {
		b, err := tx.Bucket("photos")
		if err != nil {
			return err
		}
		return tx.AddUsage(b.ID, u)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func daily(metric types.BucketMetricName, statistic types.MetricStatistic, unit types.MetricUnit) *sdk.GetBucketMetricDataInput {
	now := time.Now()
	return &sdk.GetBucketMetricDataInput{
		BucketName: aws.String("photos"), MetricName: metric, StartTime: aws.Time(now.Add(-24 * time.Hour)), EndTime: aws.Time(now.Add(time.Second)),
		Period: aws.Int32(86400), Statistics: []types.MetricStatistic{statistic}, Unit: unit,
	}
}

func TestMET01_BucketSize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		c := s.client(root, "us-east-2")
		createBucket(t, c, "photos")
		s.hold(t, meta.Usage{Versions: 1, Bytes: 1000})
		time.Sleep(5 * time.Minute)
		if err := s.metrics.Sample(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.hold(t, meta.Usage{Bytes: 500})
		out := must(c.GetBucketMetricData(t.Context(), daily("BucketSizeBytes", "Maximum", "Bytes")))(t)
		if len(out.MetricData) != 1 || out.MetricName != "BucketSizeBytes" {
			t.Fatalf("data = %+v", out)
		}
		p := out.MetricData[0]
		if aws.ToFloat64(p.Maximum) != 1500 || p.Unit != "Bytes" || p.Minimum != nil || p.Sum != nil || p.Average != nil || p.SampleCount != nil {
			t.Errorf("point = %+v", p)
		}
		if out := must(c.GetBucketMetricData(t.Context(), daily("BucketSizeBytes", "Maximum", "Count")))(t); len(out.MetricData) != 0 {
			t.Errorf("another unit: %+v", out.MetricData)
		}
	})
}

func TestMET02_NumberOfObjects(t *testing.T) {
	s := newServer(t)
	c := s.client(root, "us-east-2")
	createBucket(t, c, "photos")
	s.hold(t, meta.Usage{Versions: 7, Bytes: 1})
	out := must(c.GetBucketMetricData(t.Context(), daily("NumberOfObjects", "Average", "Count")))(t)
	if len(out.MetricData) != 1 || aws.ToFloat64(out.MetricData[0].Average) != 7 {
		t.Errorf("data = %+v", out.MetricData)
	}
}

func TestMET04_EmptyAndParts(t *testing.T) {
	s := newServer(t)
	c := s.client(root, "us-east-2")
	createBucket(t, c, "photos")
	size, objects := daily("BucketSizeBytes", "Sum", "Bytes"), daily("NumberOfObjects", "Sum", "Count")
	for _, in := range []*sdk.GetBucketMetricDataInput{size, objects} {
		if out := must(c.GetBucketMetricData(t.Context(), in))(t); out.MetricData == nil || len(out.MetricData) != 0 {
			t.Errorf("an empty bucket: %+v", out.MetricData)
		}
	}
	// One current version, two noncurrent ones, four parts.
	s.hold(t, meta.Usage{Objects: 1, Versions: 3, DeleteMarkers: 5, Bytes: 300, Parts: 4, PartBytes: 40})
	for in, want := range map[*sdk.GetBucketMetricDataInput]float64{size: 340, objects: 7} {
		if out := must(c.GetBucketMetricData(t.Context(), in))(t); len(out.MetricData) != 1 || aws.ToFloat64(out.MetricData[0].Sum) != want {
			t.Errorf("%s = %+v, want %v", in.MetricName, out.MetricData, want)
		}
	}
}

func TestMetricDataRefused(t *testing.T) {
	s := newServer(t)
	c := s.client(root, "us-east-2")
	createBucket(t, c, "photos")
	for name, change := range map[string]func(*sdk.GetBucketMetricDataInput){
		"metric":     func(in *sdk.GetBucketMetricDataInput) { in.MetricName = "CPUUtilization" },
		"statistic":  func(in *sdk.GetBucketMetricDataInput) { in.Statistics = []types.MetricStatistic{"Median"} },
		"statistics": func(in *sdk.GetBucketMetricDataInput) { in.Statistics = []types.MetricStatistic{} },
		"unit":       func(in *sdk.GetBucketMetricDataInput) { in.Unit = "Elephants" },
		"period":     func(in *sdk.GetBucketMetricDataInput) { in.Period = aws.Int32(30) },
		"times":      func(in *sdk.GetBucketMetricDataInput) { in.EndTime = in.StartTime },
	} {
		in := daily("BucketSizeBytes", "Maximum", "Bytes")
		change(in)
		if _, err := c.GetBucketMetricData(t.Context(), in); err == nil {
			t.Errorf("%s: accepted", name)
		} else {
			wantError(t, err, "InvalidInputException")
		}
	}
	in := daily("BucketSizeBytes", "Maximum", "Bytes")
	in.BucketName = aws.String("none")
	_, err := c.GetBucketMetricData(t.Context(), in)
	wantError(t, err, "NotFoundException")
}
