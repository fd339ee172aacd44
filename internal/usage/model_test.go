package usage_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/edge"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/usage"
)

// measured is a sample: what a bucket held at the end of a step, or a request.
type measured struct {
	at    time.Time // the step
	value int64
}

// wanted answers a question from everything that was measured.
func wanted(all []measured, q usage.Query, now time.Time) (out []usage.Datapoint) {
	fine := now.Add(-meta.FiveMinutes.Keep()).Truncate(time.Hour).Add(time.Hour)
	oldest := now.Add(-meta.Hourly.Keep())
	for _, m := range all {
		at := m.at
		if at.Before(fine) {
			at = at.Truncate(time.Hour)
		}
		if at.Before(oldest) || at.Before(q.From) || !at.Before(q.To) {
			continue
		}
		begins, v := at.Truncate(q.Period), float64(m.value)
		if n := len(out) - 1; n >= 0 && out[n].Time.Equal(begins) {
			d := &out[n]
			d.SampleCount, d.Sum, d.Minimum, d.Maximum = d.SampleCount+1, d.Sum+v, min(d.Minimum, v), max(d.Maximum, v)
			continue
		}
		out = append(out, usage.Datapoint{Time: begins, SampleCount: 1, Sum: v, Minimum: v, Maximum: v})
	}
	return out
}

// TestMET_01_MET_02_MET_03_Model: any question about any time, by any period, is
// answered as by a list of all that was measured, while a bucket grows, jumps,
// empties and rests for minutes and for months.
func TestMET_01_MET_02_MET_03_Model(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var said any
		synctest.Test(t, func(t *testing.T) {
			defer func() { said = recover() }()
			modelRun(t, rt)
		})
		if said != nil {
			panic(said)
		}
	})
}

func modelRun(t *testing.T, rt *rapid.T) {
	m := newStore(t)
	s := usage.New(m, usage.Options{})
	start := time.Now().UTC()
	time.Sleep(time.Millisecond)
	var held meta.Usage
	var sizes, objects, down []measured
	step := func(asks []int64) {
		at := time.Now().UTC().Truncate(5 * time.Minute)
		for _, n := range asks {
			s.Observe(&edge.Record{Door: "s3", Op: "GetObject", Bucket: photos.Name}, edge.Outcome{Status: 200, BytesOut: n})
			if n > 0 {
				down = append(down, measured{at, n})
			}
		}
		time.Sleep(time.Until(at.Add(5 * time.Minute)))
		sample(t, s)
		if held.Bytes > 0 || held.Versions > 0 {
			sizes, objects = append(sizes, measured{at, held.Bytes}), append(objects, measured{at, held.Versions})
		}
		time.Sleep(time.Millisecond)
	}
	size := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(0, 1<<20), rapid.Int64Range(0, 1<<40)) // sums are exact as floats
	rt.Repeat(map[string]func(*rapid.T){
		"change": func(t2 *rapid.T) {
			to := meta.Usage{Bytes: size.Draw(t2, "bytes"), Versions: size.Draw(t2, "versions")}
			hold(t, m, meta.Usage{Bytes: to.Bytes - held.Bytes, Versions: to.Versions - held.Versions})
			held = to
		},
		"steps": func(t2 *rapid.T) {
			for range rapid.IntRange(1, 20).Draw(t2, "steps") {
				step(rapid.SliceOfN(size, 0, 3).Draw(t2, "requests"))
			}
		},
		"rest": func(t2 *rapid.T) {
			steps := rapid.OneOf(rapid.IntRange(0, 30), rapid.IntRange(0, 600), rapid.IntRange(0, 20_000), rapid.IntRange(0, 140_000))
			time.Sleep(time.Duration(steps.Draw(t2, "steps")) * 5 * time.Minute)
		},
		"": func(t2 *rapid.T) {
			now := time.Now().UTC()
			minutes := rapid.SampledFrom([]int{1, 5, 7, 15, 60, 360, 1440})
			q := usage.Query{Period: time.Duration(minutes.Draw(t2, "period")) * time.Minute}
			// Up to the step that has not ended: its point is TestLive's.
			latest := now.Truncate(5 * time.Minute)
			length := time.Duration(rapid.IntRange(1, usage.MaxDatapoints).Draw(t2, "datapoints")) * q.Period
			q.To = latest.Add(-time.Duration(rapid.Int64Range(0, int64(latest.Sub(start)/time.Second)+1).Draw(t2, "back")) * time.Second)
			q.From = q.To.Add(-length)
			for metric, all := range map[keyhaven.Metric][]measured{
				keyhaven.MetricBucketSizeBytes: sizes, keyhaven.MetricNumberOfObjects: objects, keyhaven.MetricBytesDownloaded: down,
			} {
				q.Metric = metric
				want := wanted(all, q, now)
				got := slices.Clone(data(t, s, q))
				if d := cmp.Diff(want, got, cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })); d != "" {
					t2.Fatalf("metric %d, %v to %v by %v, now %v (-want +got):\n%s", metric, q.From, q.To, q.Period, now, d)
				}
			}
		},
	})
}
