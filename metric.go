package keyhaven

// Metric is something that is measured of a bucket. The values are stored: only
// append.
type Metric uint8

// The metrics. The first two are Lightsail's; the others are ours, named and
// counted as S3's request metrics are in CloudWatch.
const (
	MetricBucketSizeBytes Metric = iota + 1
	MetricNumberOfObjects
	MetricAllRequests
	MetricGetRequests
	MetricPutRequests
	MetricDeleteRequests
	MetricHeadRequests
	MetricPostRequests
	MetricListRequests
	MetricBytesDownloaded
	MetricBytesUploaded
	Metric4xxErrors
	Metric5xxErrors
	MetricFirstByteLatency    // stored in microseconds
	MetricTotalRequestLatency // stored in microseconds
	numMetrics
)

// MetricUnit is a unit in CloudWatch's words.
type MetricUnit string

// The units of metrics.
const (
	UnitBytes        MetricUnit = "Bytes"
	UnitCount        MetricUnit = "Count"
	UnitMilliseconds MetricUnit = "Milliseconds"
)

var metrics = [numMetrics]struct {
	name string
	unit MetricUnit
}{
	MetricBucketSizeBytes:     {"BucketSizeBytes", UnitBytes},
	MetricNumberOfObjects:     {"NumberOfObjects", UnitCount},
	MetricAllRequests:         {"AllRequests", UnitCount},
	MetricGetRequests:         {"GetRequests", UnitCount},
	MetricPutRequests:         {"PutRequests", UnitCount},
	MetricDeleteRequests:      {"DeleteRequests", UnitCount},
	MetricHeadRequests:        {"HeadRequests", UnitCount},
	MetricPostRequests:        {"PostRequests", UnitCount},
	MetricListRequests:        {"ListRequests", UnitCount},
	MetricBytesDownloaded:     {"BytesDownloaded", UnitBytes},
	MetricBytesUploaded:       {"BytesUploaded", UnitBytes},
	Metric4xxErrors:           {"4xxErrors", UnitCount},
	Metric5xxErrors:           {"5xxErrors", UnitCount},
	MetricFirstByteLatency:    {"FirstByteLatency", UnitMilliseconds},
	MetricTotalRequestLatency: {"TotalRequestLatency", UnitMilliseconds},
}

// FindMetric returns the metric of this name.
func FindMetric(name string) (Metric, bool) {
	for m := MetricBucketSizeBytes; m < numMetrics; m++ {
		if metrics[m].name == name {
			return m, true
		}
	}
	return 0, false
}

func (m Metric) String() string {
	if m < numMetrics {
		return metrics[m].name
	}
	return ""
}

// Unit is the unit of the metric.
func (m Metric) Unit() MetricUnit { return metrics[m].unit }

// Scale is what a stored value is divided by to be in the unit.
func (m Metric) Scale() float64 {
	if m.Unit() == UnitMilliseconds {
		return 1000
	}
	return 1
}
