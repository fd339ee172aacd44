package meta

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
)

func genPoints() *rapid.Generator[[]Point] {
	return rapid.Custom(func(t *rapid.T) (points []Point) {
		slot := rapid.Uint32Range(0, 1<<31).Draw(t, "slot")
		p := Point{N: 1}
		for range rapid.IntRange(0, 60).Draw(t, "points") {
			if rapid.Bool().Draw(t, "changes") {
				p.N = rapid.Int64Range(1, 1<<20).Draw(t, "n")
				p.Min = rapid.Int64Range(0, 1<<40).Draw(t, "min")
				p.Max = p.Min + rapid.Int64Range(0, 1<<30).Draw(t, "range")
				p.Sum = rapid.Int64Range(0, 1<<60).Draw(t, "sum")
			}
			p.Slot = slot
			points = append(points, p)
			slot++
			if rapid.IntRange(0, 9).Draw(t, "gap") == 0 {
				slot += rapid.Uint32Range(1, 1000).Draw(t, "steps")
			}
		}
		return points
	})
}

func TestPointsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := genPoints().Draw(t, "points")
		got, err := parsePoints(appendPoints(nil, want))
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Fatalf("%v (-want +got):\n%s", err, d)
		}
	})
}

// TestMergePoints: whatever the order in which samples come, and across the
// records, a series holds what a plain map would.
func TestMergePoints(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := New(memkv.New())
		series := Series{Bucket: testBucket, AccessKey: rapid.SampledFrom([]string{"", "AKIA\x00"}).Draw(t, "key"), Resolution: Hourly}
		want := map[uint32]Point{}
		base := uint32(490000)
		for range rapid.IntRange(1, 30).Draw(t, "samples") {
			p := Point{Slot: base + rapid.Uint32Range(0, 600).Draw(t, "slot"), N: 1}
			p.Min = rapid.Int64Range(0, 1000).Draw(t, "value")
			p.Max, p.Sum = p.Min, p.Min
			old := want[p.Slot]
			old.Slot = p.Slot
			old.Merge(p)
			want[p.Slot] = old
			err := s.Update(t.Context(), func(tx *Txn) error {
				_, err := tx.AddPoints(series, p.Slot, Measured{keyhaven.MetricAllRequests: p})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		from, to := base+rapid.Uint32Range(0, 300).Draw(t, "from"), base+rapid.Uint32Range(0, 700).Draw(t, "to")
		var got []Point
		err := s.View(t.Context(), func(r *Reader) error {
			return r.Points(series, keyhaven.MetricAllRequests, Hourly.Time(from), Hourly.Time(to), func(p Point) { got = append(got, p) })
		})
		if err != nil {
			t.Fatal(err)
		}
		var in []Point
		for slot, p := range want {
			if slot >= from && slot < to {
				in = append(in, p)
			}
		}
		slices.SortFunc(in, func(a, b Point) int { return int(a.Slot) - int(b.Slot) })
		if d := cmp.Diff(in, got); d != "" {
			t.Fatalf("points (-want +got):\n%s", d)
		}
	})
}

// TestSeriesSpace: the points of a year of ten thousand buckets take less than
// two GiB, also when every one of them changes at every step.
func TestSeriesSpace(t *testing.T) {
	const buckets, all = 4, 10000
	const limit = 2 << 30
	random := rand.New(rand.NewPCG(1, 2))
	for _, busy := range []float64{0.1, 1} {
		total := 0
		for range buckets {
			size, objects := int64(random.IntN(1<<40)), int64(random.IntN(1<<24))
			fine, coarse := map[uint32]Measured{}, map[uint32]Measured{}
			end := uint32(365 * 24 * 12)
			for slot := range end {
				if random.Float64() < busy {
					size += int64(random.IntN(64<<20)) - 30<<20
					objects += int64(random.IntN(200)) - 90
				}
				m := Measured{
					keyhaven.MetricBucketSizeBytes: {N: 1, Sum: size, Min: size, Max: size},
					keyhaven.MetricNumberOfObjects: {N: 1, Sum: objects, Min: objects, Max: objects},
				}
				if slot >= end-uint32(FiveMinutes.Keep()/FiveMinutes.Step()) {
					fine[slot] = m
				}
				hour := coarse[slot/12]
				if hour == nil {
					hour = Measured{}
					coarse[slot/12] = hour
				}
				for k, p := range m {
					sum := hour[k]
					sum.Merge(p)
					hour[k] = sum
				}
			}
			total += spaceOf(FiveMinutes, fine) + spaceOf(Hourly, coarse)
		}
		got := total / buckets * all
		t.Logf("%.0f%% of the steps change something: %d MiB", 100*busy, got>>20)
		if busy < 1 && got > limit {
			t.Errorf("a year of %d buckets takes %d MiB", all, got>>20)
		}
		if got > 5*limit/2 {
			t.Errorf("a year of %d buckets that never rest takes %d MiB", all, got>>20)
		}
	}
}

// spaceOf is what the records of a series take, keys and some overhead included.
func spaceOf(res Resolution, points map[uint32]Measured) (total int) {
	blocks := map[uint32]map[keyhaven.Metric][]Point{}
	slots := make([]uint32, 0, len(points))
	for slot := range points {
		slots = append(slots, slot)
	}
	slices.Sort(slots)
	for _, slot := range slots {
		block := slot / res.perBlock()
		if blocks[block] == nil {
			blocks[block] = map[keyhaven.Metric][]Point{}
		}
		for m, p := range points[slot] {
			p.Slot = slot
			blocks[block][m] = append(blocks[block][m], p)
		}
	}
	for block, columns := range blocks {
		total += len(Series{Resolution: res}.key(block)) + len(encodeBlock(columns)) + 12
	}
	return total
}

// TestPruneSeries removes what is older than it is kept, of keys too, and leaves
// the rest.
func TestPruneSeries(t *testing.T) {
	s := New(memkv.New())
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	count := func() (n int) {
		err := s.View(t.Context(), func(r *Reader) error {
			return r.scan(kv.Prefix(bucketScope(kindSeries, testBucket)), func(_, _ []byte) (bool, error) { n++; return true, nil })
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	write(t, s, func(tx *Txn) error {
		for _, age := range []time.Duration{0, 62 * 24 * time.Hour, 65 * 24 * time.Hour, 400 * 24 * time.Hour} {
			for _, key := range []string{"", "AKIA"} {
				series := Series{testBucket, key, FiveMinutes}
				if _, err := tx.AddPoints(series, series.Resolution.Slot(now.Add(-age)), Measured{keyhaven.MetricAllRequests: {N: 1}}); err != nil {
					return err
				}
			}
		}
		return tx.PutMonthUsage(testBucket, now.Add(-700*24*time.Hour), MonthUsage{Transfer: 1})
	})
	write(t, s, func(tx *Txn) error { return tx.PruneSeries(testBucket, FiveMinutes, now) })
	if n := count(); n != 5 { // two ages of two series, and the accounts of a month
		t.Errorf("%d records are left, want 5", n)
	}
	write(t, s, func(tx *Txn) error {
		_, err := tx.DropBucket(testBucket, 100)
		return err
	})
	if n := count(); n != 0 {
		t.Errorf("%d records are left of a deleted bucket", n)
	}
}

func FuzzSeries(f *testing.F) {
	f.Add(appendPoints(nil, []Point{{Slot: 7, N: 1, Sum: 5, Min: 5, Max: 5}, {Slot: 8, N: 1, Sum: 5, Min: 5, Max: 5}, {Slot: 20, N: 3, Sum: 9, Min: 1, Max: 5}}))
	f.Add([]byte{0xff})
	f.Fuzz(func(t *testing.T, raw []byte) {
		points, err := parsePoints(raw)
		if err != nil {
			return
		}
		again, err := parsePoints(appendPoints(nil, points))
		if err != nil || !slices.Equal(points, again) {
			t.Fatalf("%v: %v, want %v", err, again, points)
		}
	})
}
