package meta

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
)

// oldStart and oldTimes say when the points of series-v1.txt were measured: a pair
// of steps twice a day for 75 days, the last pair only by half.
var oldStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

const oldTimes = 156

// oldPoints are what both steps of the i-th time have.
func oldPoints(i int) (at time.Time, accessKeys []string, points Measured) {
	size, n := int64(i)*1_000_003, int64(i%4+1)
	switch {
	case i%50 == 49:
		size = 1<<62 + int64(i) // a jump, and sums that do not fit
	case i%9 < 4:
		size = 0
	}
	points = Measured{
		keyhaven.MetricBucketSizeBytes: {N: 1, Sum: size, Min: size, Max: size},
		keyhaven.MetricAllRequests:     {N: n, Sum: n, Min: 1, Max: 1},
	}
	if i%3 == 0 {
		points[keyhaven.Metric4xxErrors] = Point{N: n, Sum: n / 2, Max: min(1, n/2)}
		points[keyhaven.MetricTotalRequestLatency] = Point{N: n, Sum: n * (1000 + int64(i)), Min: 900, Max: 2000 + int64(i*i)}
	}
	accessKeys = []string{""}
	if i%6 == 0 {
		accessKeys = append(accessKeys, "AKIA\x00")
	}
	return oldStart.Add(time.Duration(i) * (11*time.Hour + 35*time.Minute)), accessKeys, points
}

// oldPairs are the series of a bucket as they were when records were of version 1
// and hours were kept beside the points of five minutes.
func oldPairs(t testing.TB) (pairs []pair) {
	t.Helper()
	text, err := os.ReadFile("testdata/series-v1.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		k, v, ok := strings.Cut(lines.Text(), " ")
		if !ok || k == "#" {
			continue
		}
		key, err := hex.DecodeString(k)
		if err != nil {
			t.Fatal(err)
		}
		value, err := hex.DecodeString(v)
		if err != nil {
			t.Fatal(err)
		}
		pairs = append(pairs, pair{key, value})
	}
	return pairs
}

// loadOld puts them into the store and the model.
func (m *seriesModel) loadOld(t testing.TB) {
	t.Helper()
	pairs := oldPairs(t)
	err := m.store.Update(t.Context(), func(tx *Txn) error {
		for _, p := range pairs {
			if err := tx.LoadPair(p.k, p.v); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range oldTimes {
		at, accessKeys, points := oldPoints(i)
		for half := range 2 {
			m.now = at.Add(time.Duration(half) * FiveMinutes.Step())
			if i == oldTimes-1 && half == 1 {
				break
			}
			for _, key := range accessKeys {
				m.expect(Series{testBucket, key}, FiveMinutes.Slot(m.now), points)
			}
		}
	}
}

// TestSeriesOfV1: what the releases before wrote answers the same, before and
// after its points have aged, together with points that this one adds.
func TestSeriesOfV1(t *testing.T) {
	m := newSeriesModel(memkv.NewRerunning())
	m.loadOld(t)
	step := func() {
		t.Helper()
		for _, s := range []Series{{testBucket, ""}, {testBucket, "AKIA\x00"}} {
			m.add(t, s, FiveMinutes.Slot(m.now), Measured{keyhaven.MetricAllRequests: {N: 2, Sum: 2, Min: 1, Max: 1}})
			m.compare(t, s, oldStart.Add(-time.Hour), m.now.Add(time.Hour))
			m.compare(t, s, oldStart.Add(37*time.Hour+time.Minute), oldStart.Add(1000*time.Hour))
		}
	}
	check := func() {
		t.Helper()
		err := m.store.View(t.Context(), func(r *Reader) error {
			_, err := r.Entries(KindSeries, Page{Limit: 1000}, func(e *Entry) error { return e.Err })
			return err
		})
		if err != nil {
			t.Errorf("fsck would say: %v", err)
		}
	}
	check()
	step() // the second half of a pair: the hour of the old record lacks it
	for range 40 {
		m.age(t, 7)
		step()
		m.now = m.now.Add(2 * 24 * time.Hour)
	}
	for m.age(t, 7) == 7 {
		step()
	}
	check()
	old := 0
	err := m.store.View(t.Context(), func(r *Reader) error {
		for _, res := range []Resolution{FiveMinutes, Hourly} {
			err := r.scan(kv.Prefix(append(bucketScope(kindSeries, testBucket), byte(res))), func(k, v []byte) (bool, error) {
				_, b, err := parseSeriesKey(k)
				// The first days were hours alone at the time of the update.
				if recordOfV1(v) && Hourly.Time(b.first()).After(oldStart.Add(30*24*time.Hour)) {
					old++
				}
				return true, err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || old != 0 {
		t.Errorf("%v; %d records of version 1 are left", err, old)
	}
}

// TestLateBesideV1: a point that comes after its time is counted beside the hours
// of a record of version 1 that are all that is left of its block.
func TestLateBesideV1(t *testing.T) {
	m := newSeriesModel(memkv.NewRerunning())
	m.loadOld(t)
	all := Series{testBucket, ""}
	at, _, points := oldPoints(3)
	for range 2 {
		m.add(t, all, FiveMinutes.Slot(at.Add(20*time.Minute)), points)
		m.compare(t, all, oldStart, m.now)
		m.age(t, 1000)
		m.compare(t, all, oldStart, m.now)
	}
}
