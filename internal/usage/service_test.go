package usage_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/edge"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/kv/pebblekv"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/usage"
)

var photos = &keyhaven.Bucket{
	ID: keyhaven.BucketID{1}, Name: "photos", Account: "111122223333", Region: "us-east-2", BundleID: "small_1_0", Versioning: keyhaven.NeverEnabled,
}

func change(t testing.TB, m *meta.Store, fn func(tx *meta.Txn) error) {
	t.Helper()
	if err := m.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func newStore(t testing.TB) *meta.Store {
	m := meta.New(memkv.NewRerunning())
	change(t, m, func(tx *meta.Txn) error { return tx.PutBucket(photos) })
	return m
}

func hold(t testing.TB, m *meta.Store, u meta.Usage) {
	t.Helper()
	change(t, m, func(tx *meta.Txn) error { return tx.AddUsage(photos.ID, u) })
}

func sample(t testing.TB, s *usage.Service) {
	t.Helper()
	if err := s.Sample(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func data(t testing.TB, s *usage.Service, q usage.Query) []usage.Datapoint {
	t.Helper()
	q.Bucket = photos
	points, err := s.Data(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return points
}

// TestRollups: points of five minutes become those of an hour, for ever; any
// period and any statistic can be asked for.
func TestRollups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newStore(t)
		s := usage.New(m, usage.Options{})
		start := time.Now()
		hold(t, m, meta.Usage{Versions: 1, Bytes: 100})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { s.Run(ctx); close(done) }()
		for range 24 { // two hours
			time.Sleep(5 * time.Minute)
			synctest.Wait()
			hold(t, m, meta.Usage{Bytes: 100})
		}
		cancel()
		<-done
		q := usage.Query{Metric: keyhaven.MetricBucketSizeBytes, From: start, To: start.Add(2 * time.Hour), Period: 5 * time.Minute}
		points := data(t, s, q)
		if len(points) != 24 || points[0].Sum != 100 || points[23].Sum != 2400 || !points[0].Time.Equal(start) {
			t.Errorf("%d points of five minutes: %+v", len(points), points)
		}
		q.Period = time.Hour
		for _, age := range []time.Duration{0, 64 * 24 * time.Hour} {
			time.Sleep(age)
			points = data(t, s, q)
			want := usage.Datapoint{Time: start.UTC(), SampleCount: 12, Sum: 7800, Minimum: 100, Maximum: 1200}
			if len(points) != 2 || points[0] != want || points[0].Average() != 650 {
				t.Errorf("after %v hours = %+v, want %+v first", age, points, want)
			}
		}
		time.Sleep(400 * 24 * time.Hour)
		if points = data(t, s, q); len(points) != 0 {
			t.Errorf("after 455 days = %+v", points)
		}
	})
}

// TestLive: what is in a bucket now is seen at once.
func TestLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newStore(t)
		s := usage.New(m, usage.Options{})
		q := usage.Query{Metric: keyhaven.MetricNumberOfObjects, From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Minute), Period: time.Minute}
		if points := data(t, s, q); len(points) != 0 {
			t.Errorf("an empty bucket has %+v", points)
		}
		hold(t, m, meta.Usage{Versions: 2, Parts: 3, Bytes: 5})
		if points := data(t, s, q); len(points) != 1 || points[0].Sum != 5 {
			t.Errorf("points = %+v, want one of 5", points)
		}
	})
}

func TestRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newStore(t)
		s := usage.New(m, usage.Options{})
		start := time.Now()
		ask := func(op, accessKey string, status int, in, out int64, took time.Duration) {
			s.Observe(&edge.Record{Door: "s3", Op: op, Bucket: "photos", Principal: &keyhaven.Principal{AccessKeyID: accessKey}},
				edge.Outcome{Status: status, BytesIn: in, BytesOut: out, FirstByte: took, Total: 2 * took})
		}
		ask("GetObject", "AKIA1", 200, 0, 1000, 10*time.Millisecond)
		ask("GetObject", "AKIA2", 404, 0, 200, 30*time.Millisecond)
		ask("PutObject", "AKIA1", 200, 500, 0, 20*time.Millisecond)
		ask("ListObjectsV2", "", 503, 0, 100, 20*time.Millisecond)
		s.Observe(&edge.Record{Door: "s3", Op: "GetObject", Bucket: "nowhere"}, edge.Outcome{Status: 404})
		s.Observe(&edge.Record{Door: "lightsail", Op: "UpdateBucket", Bucket: "photos"}, edge.Outcome{Status: 200})
		time.Sleep(5 * time.Minute)
		sample(t, s)
		for _, try := range []struct {
			metric, key       string
			n, sum, low, high float64
		}{
			{"AllRequests", "", 4, 4, 1, 1},
			{"GetRequests", "", 2, 2, 1, 1},
			{"PutRequests", "", 1, 1, 1, 1},
			{"ListRequests", "", 1, 1, 1, 1},
			{"4xxErrors", "", 4, 1, 0, 1},
			{"5xxErrors", "", 4, 1, 0, 1},
			{"BytesDownloaded", "", 3, 1300, 100, 1000},
			{"BytesUploaded", "", 1, 500, 500, 500},
			{"FirstByteLatency", "", 4, 80, 10, 30},
			{"TotalRequestLatency", "", 4, 160, 20, 60},
			{"AllRequests", "AKIA1", 2, 2, 1, 1},
			{"BytesDownloaded", "AKIA1", 1, 1000, 1000, 1000},
			{"4xxErrors", "AKIA2", 1, 1, 1, 1},
		} {
			metric, _ := keyhaven.FindMetric(try.metric)
			points := data(t, s, usage.Query{Metric: metric, AccessKey: try.key, From: start, To: start.Add(time.Hour), Period: time.Hour})
			want := usage.Datapoint{Time: start.UTC(), SampleCount: try.n, Sum: try.sum, Minimum: try.low, Maximum: try.high}
			if len(points) != 1 || points[0] != want {
				t.Errorf("%s %s = %+v, want %+v", try.metric, try.key, points, want)
			}
		}
		var month meta.MonthUsage
		err := m.View(t.Context(), func(r *meta.Reader) (err error) {
			month, err = r.MonthUsage(photos.ID, start)
			return err
		})
		if err != nil || month.Transfer != 1300 {
			t.Errorf("month = %+v, %v", month, err)
		}
	})
}

func TestBadQueries(t *testing.T) {
	s := usage.New(newStore(t), usage.Options{})
	now := time.Now()
	for _, q := range []usage.Query{
		{From: now, To: now, Period: time.Minute},
		{From: now, To: now.Add(-time.Hour), Period: time.Minute},
		{From: now, To: now.Add(time.Hour), Period: time.Second},
		{From: now, To: now.Add(time.Hour), Period: 90 * time.Second},
		{From: now, To: now.Add(time.Hour), Period: 48 * time.Hour},
		{From: now, To: now.Add(48 * time.Hour), Period: time.Minute},
	} {
		q.Bucket, q.Metric = photos, keyhaven.MetricAllRequests
		if _, err := s.Data(t.Context(), q); keyhaven.KindOf(err) != keyhaven.Invalid {
			t.Errorf("%v to %v by %v: %v", q.From, q.To, q.Period, err)
		}
	}
}

// BenchmarkTwoWeeks draws the graph of two weeks over the default engine.
func BenchmarkTwoWeeks(b *testing.B) {
	engine, err := pebblekv.Open("meta", pebblekv.Options{FS: vfs.NewMem(), ReserveBytes: -1})
	if err != nil {
		b.Fatal(err)
	}
	defer engine.Close()
	m := meta.New(engine)
	change(b, m, func(tx *meta.Txn) error { return tx.PutBucket(photos) })
	now := time.Now()
	series := meta.Series{Bucket: photos.ID}
	for day := range 14 {
		change(b, m, func(tx *meta.Txn) error {
			for i := range 288 {
				slot := meta.FiveMinutes.Slot(now.Add(-time.Duration(day*288+i) * 5 * time.Minute))
				v := int64(day*1e9 + i*1e6)
				if _, err := tx.AddPoints(series, slot, meta.Measured{keyhaven.MetricBucketSizeBytes: {N: 1, Sum: v, Min: v, Max: v}}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	s := usage.New(m, usage.Options{})
	q := usage.Query{Metric: keyhaven.MetricBucketSizeBytes, From: now.Add(-14 * 24 * time.Hour), To: now, Period: 15 * time.Minute}
	for b.Loop() {
		if points := data(b, s, q); len(points) < 1300 {
			b.Fatalf("%d points", len(points))
		}
	}
}
