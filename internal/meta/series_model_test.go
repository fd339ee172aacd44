package meta

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
)

// seriesModel is a store beside plain slices of all that was ever measured.
type seriesModel struct {
	store *Store
	now   time.Time
	all   map[Series]map[keyhaven.Metric][]Point // in order of time
}

func newSeriesModel(engine kv.Store) *seriesModel {
	return &seriesModel{store: New(engine), now: oldStart, all: map[Series]map[keyhaven.Metric][]Point{}}
}

func (m *seriesModel) expect(s Series, slot uint32, points Measured) {
	if m.all[s] == nil {
		m.all[s] = map[keyhaven.Metric][]Point{}
	}
	for metric, p := range points {
		p.Slot = slot
		all := m.all[s][metric]
		i, found := slices.BinarySearchFunc(all, slot, func(p Point, slot uint32) int { return int(int64(p.Slot) - int64(slot)) })
		if found {
			all[i].N, all[i].Sum = all[i].N+p.N, all[i].Sum+p.Sum
			all[i].Min, all[i].Max = min(all[i].Min, p.Min), max(all[i].Max, p.Max)
			continue
		}
		m.all[s][metric] = slices.Insert(all, i, p)
	}
}

func (m *seriesModel) add(t rapid.TB, s Series, slot uint32, points Measured) {
	t.Helper()
	err := m.store.Update(context.Background(), func(tx *Txn) error {
		_, err := tx.AddPoints(s, slot, points)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	m.expect(s, slot, points)
}

func (m *seriesModel) age(t rapid.TB, limit int) (n int) {
	t.Helper()
	err := m.store.Update(context.Background(), func(tx *Txn) (err error) {
		n, err = tx.AgeSeries(testBucket, m.now, limit)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// compare asks the store and the slices for what a series has in a time: the
// hours as far back as they are kept, and the points of five minutes as far as
// those are.
func (m *seriesModel) compare(t rapid.TB, s Series, from, to time.Time) {
	t.Helper()
	for metric := keyhaven.Metric(1); metric <= keyhaven.MetricTotalRequestLatency; metric++ {
		var hours, points, wantHours, wantPoints []Point
		coarse, fine := latest(from, m.now.Add(-Hourly.Keep())), latest(from, m.now.Add(-FiveMinutes.Keep()))
		err := m.store.View(context.Background(), func(r *Reader) error {
			if err := r.Hours(s, metric, coarse, to, func(p Point) { hours = append(hours, p) }); err != nil {
				return err
			}
			return r.Points(s, metric, fine, to, func(p Point) { points = append(points, p) })
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range m.all[s][metric] {
			at := time.Unix(int64(p.Slot)*300, 0)
			if !at.Before(fine) && at.Before(to) {
				wantPoints = append(wantPoints, p)
			}
			if at = at.Truncate(time.Hour); at.Before(coarse) || !at.Before(to) {
				continue
			}
			p.Slot = uint32(at.Unix() / 3600)
			if n := len(wantHours) - 1; n >= 0 && wantHours[n].Slot == p.Slot {
				h := &wantHours[n]
				h.N, h.Sum, h.Min, h.Max = h.N+p.N, h.Sum+p.Sum, min(h.Min, p.Min), max(h.Max, p.Max)
			} else {
				wantHours = append(wantHours, p)
			}
		}
		if d := cmp.Diff(wantHours, hours); d != "" {
			t.Fatalf("hours of metric %d from %v to %v, now %v (-want +got):\n%s", metric, from, to, m.now, d)
		}
		if d := cmp.Diff(wantPoints, points); d != "" {
			t.Fatalf("points of metric %d from %v to %v, now %v (-want +got):\n%s", metric, from, to, m.now, d)
		}
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func genMeasured() *rapid.Generator[Measured] {
	value := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(0, 1000), rapid.Int64Range(0, 1<<40), rapid.Int64Range(1<<62, 1<<63-1), rapid.Int64())
	return rapid.Custom(func(t *rapid.T) Measured {
		points := Measured{}
		for _, metric := range rapid.SliceOfNDistinct(rapid.Uint8Range(1, uint8(keyhaven.MetricTotalRequestLatency)), 1, 3, rapid.ID).Draw(t, "metrics") {
			p := Point{N: rapid.OneOf(rapid.Just(int64(1)), rapid.Int64Range(1, 1<<40)).Draw(t, "n"), Min: value.Draw(t, "min")}
			p.Max, p.Sum = p.Min, p.N*p.Min
			if p.N > 1 {
				p.Max, p.Sum = max(p.Min, value.Draw(t, "max")), value.Draw(t, "sum")
			}
			points[keyhaven.Metric(metric)] = p
		}
		return points
	})
}

// TestSeriesModel: whatever is measured, in whatever order, with rests of minutes
// and of years, on a store of this release or of one before, and however far the
// points have aged, the answers are those of plain slices.
func TestSeriesModel(t *testing.T) {
	all := []Series{{testBucket, ""}, {testBucket, "AKIA\x00"}, {testBucket, "AKIB"}}
	rest := rapid.OneOf(rapid.Int64Range(0, 20), rapid.Int64Range(0, 500), rapid.Int64Range(0, 20_000), rapid.Int64Range(0, 140_000))
	rapid.Check(t, func(rt *rapid.T) {
		m := newSeriesModel(memkv.New())
		if rapid.Bool().Draw(rt, "written by version 1") {
			m.loadOld(t)
		}
		series := rapid.SampledFrom(all)
		near := func(t *rapid.T) time.Time {
			back := time.Duration(rest.Draw(t, "steps back")-5) * FiveMinutes.Step()
			return m.now.Add(-back).Add(time.Duration(rapid.Int64Range(0, 299).Draw(t, "seconds")) * time.Second)
		}
		rt.Repeat(map[string]func(*rapid.T){
			"measure": func(t *rapid.T) {
				s := series.Draw(t, "series")
				for range rapid.IntRange(1, 30).Draw(t, "steps") {
					m.add(t, s, FiveMinutes.Slot(m.now), genMeasured().Draw(t, "points"))
					m.now = m.now.Add(FiveMinutes.Step())
				}
			},
			"measure late": func(t *rapid.T) {
				m.add(t, series.Draw(t, "series"), FiveMinutes.Slot(near(t)), genMeasured().Draw(t, "points"))
			},
			"rest": func(t *rapid.T) { m.now = m.now.Add(time.Duration(rest.Draw(t, "steps")) * FiveMinutes.Step()) },
			"age":  func(t *rapid.T) { m.age(t, rapid.IntRange(1, 300).Draw(t, "limit")) },
			"": func(t *rapid.T) {
				from := near(t)
				m.compare(t, series.Draw(t, "series"), from, from.Add(time.Duration(rest.Draw(t, "length"))*FiveMinutes.Step()))
			},
		})
	})
}
