package usage_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/usage"
)

// oldRecords says how many records of a bucket are there to age now.
func oldRecords(t *testing.T, m *meta.Store, b keyhaven.BucketID) (n int) {
	t.Helper()
	change(t, m, func(tx *meta.Txn) (err error) {
		n, err = tx.AgeSeries(b, time.Now(), 1<<20)
		return err
	})
	return n
}

// addOld gives a bucket points of so many blocks, for each of some access keys.
func addOld(t *testing.T, m *meta.Store, b keyhaven.BucketID, keys, blocks int) {
	t.Helper()
	change(t, m, func(tx *meta.Txn) error {
		for k := range keys {
			for i := range blocks {
				s := meta.Series{Bucket: b, AccessKey: fmt.Sprintf("AKIA%d", k)}
				slot := meta.FiveMinutes.Slot(time.Now().Add(-time.Duration(i) * 6 * time.Hour))
				if _, err := tx.AddPoints(s, slot, meta.Measured{keyhaven.MetricAllRequests: {N: 1, Sum: 1, Min: 1, Max: 1}}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// TestAgeAfterRest: after a rest of months everything is old, far more than fits
// one transaction.
func TestAgeAfterRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newStore(t)
		s := usage.New(m, usage.Options{})
		hold(t, m, meta.Usage{Versions: 1, Bytes: 100})
		addOld(t, m, photos.ID, 5, 240)
		time.Sleep(100 * 24 * time.Hour)
		sample(t, s)
		if n := oldRecords(t, m, photos.ID); n != 0 {
			t.Errorf("%d records are old and still there", n)
		}
		q := usage.Query{Metric: keyhaven.MetricAllRequests, AccessKey: "AKIA4", From: time.Now().Add(-170 * 24 * time.Hour), To: time.Now(), Period: 24 * time.Hour}
		var sum float64
		for _, p := range data(t, s, q) {
			sum += p.Sum
		}
		if sum != 240 {
			t.Errorf("the points add up to %v, want 240", sum)
		}
	})
}

// TestAgeDamaged: a record that cannot be read is told of and holds up no other
// bucket.
func TestAgeDamaged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newStore(t)
		films := *photos
		films.ID, films.Name = keyhaven.BucketID{2}, "films"
		change(t, m, func(tx *meta.Txn) error { return tx.PutBucket(&films) })
		s := usage.New(m, usage.Options{})
		for _, id := range []keyhaven.BucketID{photos.ID, films.ID} {
			change(t, m, func(tx *meta.Txn) error { return tx.AddUsage(id, meta.Usage{Versions: 1, Bytes: 100}) })
			addOld(t, m, id, 1, 3)
		}
		var key []byte
		err := m.View(t.Context(), func(r *meta.Reader) error {
			return r.Pairs(func(k, _ []byte) error {
				if bytes.HasPrefix(k, append([]byte{'q'}, photos.ID[:]...)) {
					key = bytes.Clone(k)
				}
				return nil
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		change(t, m, func(tx *meta.Txn) error { return tx.LoadPair(key, []byte{2, 0xff}) })
		time.Sleep(100*24*time.Hour + 10*time.Minute)
		if err := s.Sample(t.Context()); err == nil || !strings.Contains(err.Error(), "series record is damaged") {
			t.Errorf("Sample() = %v", err)
		}
		if n := oldRecords(t, m, films.ID); n != 0 {
			t.Errorf("%d records of the other bucket are old and still there", n)
		}
		time.Sleep(5 * time.Minute)
		sample(t, s) // it is not told of at every step
	})
}
