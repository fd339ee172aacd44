package meta

import "encoding/binary"

// recordOfV1 reports whether a record of a series is of the first version. Hours
// were kept beside the points of five minutes then: an hour of such a record
// counts what is in points of five minutes that are still there.
func recordOfV1(rec []byte) bool { return len(rec) > 0 && rec[0] == recordVersion }

// The first byte of a point says what follows.
const (
	pointGap   = 1 << 0 // uvarint: steps since the point before, less one
	pointN     = 1 << 1 // varint: change of N
	pointMin   = 1 << 2 // varint: change of Min
	pointRange = 1 << 3 // uvarint: Max-Min, varint: Sum-N*Min; without it all samples are alike
	pointRuns  = 4      // from this bit on: how many more points are the same, a step apart
)

// parseColumnV1 reads the points of a metric from a record of version 1.
func parseColumnV1(b block, raw []byte) (points []Point, err error) {
	var p Point
	for len(raw) > 0 {
		flags := raw[0]
		raw = raw[1:]
		take := func(signed bool) (v int64) {
			n := 0
			if signed {
				v, n = binary.Varint(raw)
			} else {
				var u uint64
				u, n = binary.Uvarint(raw)
				v = int64(u)
			}
			if n <= 0 {
				err = damaged("series")
				raw = nil
				return 0
			}
			raw = raw[n:]
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
		for range flags>>pointRuns + 1 {
			if n := len(points); b.res.block(p.Slot) != b || n > 0 && points[n-1].Slot >= p.Slot {
				return nil, damaged("series")
			}
			points = append(points, p)
			p.Slot++
		}
		p.Slot--
	}
	return points, nil
}
