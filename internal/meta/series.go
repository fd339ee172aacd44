package meta

import (
	"encoding/binary"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

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

// perBlock is how many points share a record: six hours, or ten days.
func (r Resolution) perBlock() uint32 {
	if r == Hourly {
		return 240
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
	Bucket     keyhaven.BucketID
	AccessKey  string // empty for all
	Resolution Resolution
}

func (s Series) key(block uint32) []byte {
	k := append(bucketScope(kindSeries, s.Bucket), byte(s.Resolution))
	return binary.BigEndian.AppendUint32(appendEscaped(k, s.AccessKey), block)
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

// AddPoints merges points into a step of a series, and reports whether they begin
// a new record, which is the time to PruneSeries.
func (t *Txn) AddPoints(s Series, slot uint32, points Measured) (began bool, err error) {
	key := s.key(slot / s.Resolution.perBlock())
	rec, err := t.get(key)
	if err != nil {
		return false, err
	}
	columns, err := decodeBlock(rec)
	if err != nil {
		return false, err
	}
	for m, p := range points {
		p.Slot = slot
		columns[m] = insertPoint(columns[m], p)
	}
	return rec == nil, t.t.Set(key, encodeBlock(columns))
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

// Points calls fn for the points of a metric whose step begins at or after from
// and before to, in order of time.
func (r *Reader) Points(s Series, m keyhaven.Metric, from, to time.Time, fn func(Point)) error {
	first, end := s.Resolution.Slot(from), s.Resolution.Slot(to.Add(s.Resolution.Step()-1))
	if s.Resolution.Time(first).Before(from) {
		first++
	}
	if first >= end {
		return nil
	}
	per := s.Resolution.perBlock()
	span := kv.Span{From: s.key(first / per), To: s.key((end-1)/per + 1)}
	return r.scan(span, func(_, rec []byte) (bool, error) {
		columns, err := decodeBlock(rec)
		for _, p := range columns[m] {
			if p.Slot >= first && p.Slot < end {
				fn(p)
			}
		}
		return true, err
	})
}

// PruneSeries removes the records of a bucket's series that are older than they
// are kept.
func (t *Txn) PruneSeries(bucket keyhaven.BucketID, res Resolution, now time.Time) error {
	oldest := res.Slot(now.Add(-res.Keep())) / res.perBlock()
	var old [][]byte
	err := t.scan(kv.Prefix(append(bucketScope(kindSeries, bucket), byte(res))), func(k, _ []byte) (bool, error) {
		if len(k) >= 4 && binary.BigEndian.Uint32(k[len(k)-4:]) < oldest {
			old = append(old, append([]byte(nil), k...))
		}
		return true, nil
	})
	for _, k := range old {
		if err := t.t.Delete(k); err != nil {
			return err
		}
	}
	return err
}

// encodeBlock writes a column of points for each metric, under its number.
func encodeBlock(columns map[keyhaven.Metric][]Point) []byte {
	e := newRecord(64)
	for m := keyhaven.Metric(1); m != 0; m++ {
		if len(columns[m]) > 0 {
			e.bytes(protowire.Number(m), appendPoints(nil, columns[m]))
		}
	}
	return e.b
}

func decodeBlock(rec []byte) (map[keyhaven.Metric][]Point, error) {
	columns := map[keyhaven.Metric][]Point{}
	if rec == nil {
		return columns, nil
	}
	err := decode("series", rec, func(n protowire.Number, f field) error {
		if n > 0xff {
			return nil
		}
		points, err := parsePoints(f.bytes)
		columns[keyhaven.Metric(n)] = points
		return err
	})
	return columns, err
}

// The first byte of a point says what follows. A series that stands still takes
// one byte for up to sixteen points.
const (
	pointGap   = 1 << 0 // uvarint: steps since the point before, less one
	pointN     = 1 << 1 // varint: change of N
	pointMin   = 1 << 2 // varint: change of Min
	pointRange = 1 << 3 // uvarint: Max-Min, varint: Sum-N*Min; without it all samples are alike
	pointRuns  = 4      // from this bit on: how many more points are the same, a step apart
)

func appendPoints(b []byte, points []Point) []byte {
	var last Point
	for i := 0; i < len(points); i++ {
		p := points[i]
		at := len(b)
		b = append(b, 0)
		var flags byte
		if i == 0 || p.Slot != last.Slot+1 {
			flags |= pointGap
			b = binary.AppendUvarint(b, uint64(p.Slot-last.Slot-1))
		}
		if p.N != last.N {
			flags |= pointN
			b = binary.AppendVarint(b, p.N-last.N)
		}
		if p.Min != last.Min {
			flags |= pointMin
			b = binary.AppendVarint(b, p.Min-last.Min)
		}
		if p.Max != p.Min || p.Sum != p.N*p.Min {
			flags |= pointRange
			b = binary.AppendUvarint(b, uint64(p.Max-p.Min))
			b = binary.AppendVarint(b, p.Sum-p.N*p.Min)
		}
		same := p
		for n := byte(1); n < 16 && i+1 < len(points); n++ {
			same.Slot++
			if points[i+1] != same {
				break
			}
			i++
			flags = flags&0x0f | n<<pointRuns
		}
		b[at] = flags
		last = points[i]
	}
	return b
}

func parsePoints(b []byte) (points []Point, err error) {
	var p Point
	for len(b) > 0 {
		flags := b[0]
		b = b[1:]
		take := func(signed bool) (v int64) {
			n := 0
			if signed {
				v, n = binary.Varint(b)
			} else {
				var u uint64
				u, n = binary.Uvarint(b)
				v = int64(u)
			}
			if n <= 0 {
				err = damaged("series")
				b = nil
				return 0
			}
			b = b[n:]
			return v
		}
		p.Slot++
		if flags&pointGap != 0 {
			p.Slot += uint32(take(false))
		}
		if flags&pointN != 0 {
			p.N += take(true)
		}
		if flags&pointMin != 0 {
			p.Min += take(true)
		}
		p.Max, p.Sum = p.Min, p.N*p.Min
		if flags&pointRange != 0 {
			p.Max += take(false)
			p.Sum += take(true)
		}
		if err != nil {
			return nil, err
		}
		points = append(points, p)
		for range flags >> pointRuns {
			p.Slot++
			points = append(points, p)
		}
	}
	return points, nil
}
