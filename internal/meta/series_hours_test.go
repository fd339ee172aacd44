package meta

import (
	"testing"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
)

// TestAgeSeries: what is older than it is kept becomes hours and then goes, of keys
// too, a limited number of records at a time; the rest stays.
func TestAgeSeries(t *testing.T) {
	const day = 24 * time.Hour
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
		for _, age := range []time.Duration{0, 62 * day, 65 * day, 100 * day, 400 * day} {
			for _, key := range []string{"", "AKIA"} {
				_, err := tx.AddPoints(Series{testBucket, key}, FiveMinutes.Slot(now.Add(-age)), Measured{keyhaven.MetricAllRequests: {N: 1}})
				if err != nil {
					return err
				}
			}
		}
		return tx.PutMonthUsage(testBucket, now.Add(-700*24*time.Hour), MonthUsage{Transfer: 1})
	})
	age := func(now time.Time) (n int) {
		write(t, s, func(tx *Txn) (err error) { n, err = tx.AgeSeries(testBucket, now, 3); return err })
		return n
	}
	for _, step := range []struct {
		now        time.Time
		done, left int
	}{
		{time.Unix(0, 0), 0, 11}, // by a clock that has not been set nothing is old
		{now, 3, 11},             // the three oldest of a key, each in a record of its own
		{now, 3, 11},             // of the other key
		{now, 0, 11},
		{now.Add(60 * day), 3, 8}, // one of each key, into a record that was there; the oldest of a key goes
		{now.Add(60 * day), 1, 7},
		{now.Add(60 * day), 0, 7},
		{now.Add(1000 * day), 3, 6}, // the last of each key became hours, and one record of those went
		{now.Add(1000 * day), 3, 3},
		{now.Add(1000 * day), 2, 1},
		{now.Add(1000 * day), 0, 1}, // the accounts of a month
	} {
		if done, left := age(step.now), count(); done != step.done || left != step.left {
			t.Errorf("%v: did away with %d records, %d are left, want %d and %d", step.now, done, left, step.done, step.left)
		}
	}
	write(t, s, func(tx *Txn) error {
		_, err := tx.DropBucket(testBucket, 100)
		return err
	})
	if n := count(); n != 0 {
		t.Errorf("%d records are left of a deleted bucket", n)
	}
}
