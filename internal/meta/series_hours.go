package meta

import (
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv"
)

// fineSteps is how many steps of five minutes an hour has. A block of them is
// whole hours, and a block of hours is whole blocks of them.
const fineSteps = uint32(time.Hour / (5 * time.Minute))

// hoursOf merges points of five minutes into those of hours.
func hoursOf(points []Point) (hours []Point) {
	for _, p := range points {
		p.Slot /= fineSteps
		if n := len(hours); n > 0 && hours[n-1].Slot == p.Slot {
			hours[n-1].Merge(p)
		} else {
			hours = append(hours, p)
		}
	}
	return hours
}

// Hours calls fn for the points of hours that begin at or after from and before
// to, in order of time, from what is kept as hours and as five minutes.
func (r *Reader) Hours(s Series, m keyhaven.Metric, from, to time.Time, fn func(Point)) error {
	first, end := Hourly.between(from, to)
	var hours []Point
	take := func(p Point) {
		if p.Slot >= first && p.Slot < end {
			hours = insertPoint(hours, p)
		}
	}
	err := r.blocks(s, Hourly, first, end, m, func(b block, v1 bool, points []Point) error {
		c := columns{m: points}
		if v1 {
			if err := r.dropCounted(s, b, c); err != nil {
				return err
			}
		}
		for _, p := range c[m] {
			take(p)
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = r.blocks(s, FiveMinutes, first*fineSteps, end*fineSteps, m, func(_ block, _ bool, points []Point) error {
		for _, p := range hoursOf(points) {
			take(p)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, p := range hours {
		fn(p)
	}
	return nil
}

// dropCounted leaves out the hours of a record of version 1 that are still there
// as points of five minutes: those know more, as nothing adds to hours any more.
func (r *Reader) dropCounted(s Series, b block, c columns) error {
	fine := FiveMinutes.block(b.first() * fineSteps)
	end := FiveMinutes.block((b.first() + b.res.perBlock()) * fineSteps)
	there := map[block]bool{}
	err := r.scan(kv.Span{From: s.key(fine), To: s.key(end)}, func(k, _ []byte) (bool, error) {
		_, b, err := parseSeriesKey(k)
		there[b] = true
		return true, err
	})
	for m, points := range c {
		kept := points[:0]
		for _, p := range points {
			if !there[FiveMinutes.block(p.Slot*fineSteps)] {
				kept = append(kept, p)
			}
		}
		c[m] = kept
	}
	return err
}

// AgeSeries merges the points of five minutes of a bucket that are older than
// they are kept into hours, and removes the hours that are older than those are.
// It does away with up to limit records and returns how many.
func (t *Txn) AgeSeries(bucket keyhaven.BucketID, now time.Time, limit int) (n int, err error) {
	for _, tier := range []struct {
		res   Resolution
		leave func(Series, []pair) error
	}{{FiveMinutes, t.mergeHours}, {Hourly, t.removeHours}} {
		oldest := now.Add(-tier.res.Keep())
		if oldest.Unix() < 0 {
			continue // a clock that has not been set
		}
		end := tier.res.block(tier.res.Slot(oldest))
		err := t.eachSeries(bucket, tier.res, func(s Series) error {
			old, _, err := t.take(kv.Span{From: s.prefix(tier.res), To: s.key(end)}, limit-n)
			if err != nil {
				return err
			}
			n += len(old)
			return tier.leave(s, old)
		})
		if err != nil {
			return 0, err
		}
	}
	return n, nil
}

// eachSeries calls fn for the series of a bucket, which may change them.
func (r *Reader) eachSeries(bucket keyhaven.BucketID, res Resolution, fn func(Series) error) error {
	span := kv.Prefix(append(bucketScope(kindSeries, bucket), byte(res)))
	for {
		first, _, err := r.take(span, 1)
		if err != nil || len(first) == 0 {
			return err
		}
		s, _, err := parseSeriesKey(first[0].k)
		if err != nil {
			return err
		}
		if err := fn(s); err != nil {
			return err
		}
		span.From = kv.PrefixEnd(s.prefix(res))
	}
}

// mergeHours moves records of five minutes, in order of time, into those of hours.
func (t *Txn) mergeHours(s Series, old []pair) error {
	for len(old) > 0 {
		_, b, err := parseSeriesKey(old[0].k)
		if err != nil {
			return err
		}
		to := b.ofHours()
		hours, _, err := t.hours(s, to)
		if err != nil {
			return err
		}
		for len(old) > 0 {
			if _, b, err = parseSeriesKey(old[0].k); err != nil {
				return err
			}
			if b.ofHours() != to {
				break
			}
			fine, err := decodeBlock(b, old[0].v, 0)
			if err != nil {
				return err
			}
			hours.mergeFine(fine)
			if err := t.t.Delete(old[0].k); err != nil {
				return err
			}
			old = old[1:]
		}
		if err := t.t.Set(s.key(to), encodeBlock(to, hours)); err != nil {
			return err
		}
	}
	return nil
}

// ofHours is the block that has the hours of a block of five minutes.
func (b block) ofHours() block { return Hourly.block(b.first() / fineSteps) }

// mergeFine merges points of five minutes into those of hours.
func (c columns) mergeFine(fine columns) {
	for m, points := range fine {
		for _, h := range hoursOf(points) {
			c[m] = insertPoint(c[m], h)
		}
	}
}

// upgradeHours writes a record of hours of version 1 anew before a block of five
// minutes of its time begins, which would be taken for what it counts.
func (t *Txn) upgradeHours(s Series, b block) error {
	c, v1, err := t.hours(s, b)
	if err != nil || !v1 {
		return err
	}
	return t.t.Set(s.key(b), encodeBlock(b, c))
}

// hours returns what a record of hours has, or would have when it is new, that is
// not there as points of five minutes.
func (t *Txn) hours(s Series, b block) (c columns, v1 bool, err error) {
	rec, err := t.get(s.key(b))
	if err != nil || rec == nil {
		return columns{}, false, err
	}
	if c, err = decodeBlock(b, rec, 0); err == nil && recordOfV1(rec) {
		return c, true, t.dropCounted(s, b, c)
	}
	return c, false, err
}

func (t *Txn) removeHours(_ Series, old []pair) error {
	for _, p := range old {
		if err := t.t.Delete(p.k); err != nil {
			return err
		}
	}
	return nil
}
