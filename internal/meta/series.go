package meta

import (
	"encoding/binary"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv"
)

// Resolution is how far apart the points of a series are.
type Resolution uint8

// The resolutions. The values are stored.
const (
	FiveMinutes Resolution = 1
	Hourly      Resolution = 2
)

// Step is the time between two points.
func (r Resolution) Step() time.Duration {
	if r == Hourly {
		return time.Hour
	}
	return 5 * time.Minute
}

// Keep is how long points are kept (spec/bucket-semantics.md §10).
func (r Resolution) Keep() time.Duration {
	if r == Hourly {
		return 455 * 24 * time.Hour
	}
	return 63 * 24 * time.Hour
}

// maxPerBlock is the most that perBlock returns.
const maxPerBlock = 240

// perBlock is how many points share a record: six hours, or ten days.
func (r Resolution) perBlock() uint32 {
	if r == Hourly {
		return maxPerBlock
	}
	return 72
}

// Slot numbers the points since 1970.
func (r Resolution) Slot(t time.Time) uint32 { return uint32(t.Unix() / int64(r.Step()/time.Second)) }

// Time is when a point begins.
func (r Resolution) Time(slot uint32) time.Time {
	return time.Unix(int64(slot)*int64(r.Step()/time.Second), 0).UTC()
}

// Series names the points of a bucket, or of what one access key does to it.
type Series struct {
	Bucket    keyhaven.BucketID
	AccessKey string // empty for all
}

func (s Series) prefix(res Resolution) []byte {
	return appendEscaped(append(bucketScope(kindSeries, s.Bucket), byte(res)), s.AccessKey)
}

func (s Series) key(b block) []byte {
	return binary.BigEndian.AppendUint32(s.prefix(b.res), b.number)
}

// parseSeriesKey reads what key wrote.
func parseSeriesKey(k []byte) (s Series, b block, err error) {
	if len(k) < 18 || k[17] != byte(FiveMinutes) && k[17] != byte(Hourly) {
		return s, b, errKey
	}
	var rest []byte
	s.Bucket, b.res = keyhaven.BucketID(k[1:17]), Resolution(k[17])
	if s.AccessKey, rest, err = cutEscaped(k[18:]); err != nil || len(rest) != 4 {
		return s, b, errKey
	}
	b.number = binary.BigEndian.Uint32(rest)
	return s, b, nil
}

// Point is what was measured in one step: N samples. Of a step without samples
// there is no point.
type Point struct {
	Slot             uint32
	N, Sum, Min, Max int64
}

// Merge adds the samples of another point.
func (p *Point) Merge(o Point) {
	if p.N == 0 {
		slot := p.Slot
		*p = o
		p.Slot = slot
		return
	}
	p.N, p.Sum, p.Min, p.Max = p.N+o.N, p.Sum+o.Sum, min(p.Min, o.Min), max(p.Max, o.Max)
}

// Measured are the points of one step by metric.
type Measured map[keyhaven.Metric]Point

// AddPoints merges points into a step of five minutes, and reports whether they
// begin a new record, which is the time to AgeSeries.
func (t *Txn) AddPoints(s Series, slot uint32, points Measured) (began bool, err error) {
	b := FiveMinutes.block(slot)
	rec, err := t.get(s.key(b))
	if err != nil {
		return false, err
	}
	c := columns{}
	if rec == nil {
		err = t.upgradeHours(s, b.ofHours())
	} else {
		c, err = decodeBlock(b, rec, 0)
	}
	if err != nil {
		return false, err
	}
	for m, p := range points {
		p.Slot = slot
		c[m] = insertPoint(c[m], p)
	}
	return rec == nil, t.t.Set(s.key(b), encodeBlock(b, c))
}

func insertPoint(points []Point, p Point) []Point {
	i := len(points)
	for i > 0 && points[i-1].Slot >= p.Slot {
		i--
	}
	if i < len(points) && points[i].Slot == p.Slot {
		points[i].Merge(p)
		return points
	}
	points = append(points, Point{})
	copy(points[i+1:], points[i:])
	points[i] = p
	return points
}

// Points calls fn for the points of a metric that are kept as those of five
// minutes, whose step begins at or after from and before to, in order of time.
func (r *Reader) Points(s Series, m keyhaven.Metric, from, to time.Time, fn func(Point)) error {
	first, end := FiveMinutes.between(from, to)
	return r.blocks(s, FiveMinutes, first, end, m, func(_ block, _ bool, points []Point) error {
		for _, p := range points {
			if p.Slot >= first && p.Slot < end {
				fn(p)
			}
		}
		return nil
	})
}

// between numbers the steps that begin at or after from and before to.
func (r Resolution) between(from, to time.Time) (first, end uint32) {
	first, end = r.Slot(from), r.Slot(to.Add(r.Step()-1))
	if r.Time(first).Before(from) {
		first++
	}
	return first, end
}

// blocks calls fn for the records that have the steps from first to before end.
func (r *Reader) blocks(s Series, res Resolution, first, end uint32, m keyhaven.Metric, fn func(b block, v1 bool, points []Point) error) error {
	if first >= end {
		return nil
	}
	last := res.block(end - 1)
	last.number++
	return r.scan(kv.Span{From: s.key(res.block(first)), To: s.key(last)}, func(k, rec []byte) (bool, error) {
		_, b, err := parseSeriesKey(k)
		if err != nil {
			return false, err
		}
		c, err := decodeBlock(b, rec, m)
		if err != nil {
			return false, err
		}
		return true, fn(b, recordOfV1(rec), c[m])
	})
}
