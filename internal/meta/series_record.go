package meta

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/keyhaven/keyhaven"
)

// seriesVersion is the first byte of the records of series as they are written.
// Those of version 1 are read (series_v1.go).
const seriesVersion = 2

// block is the place of a record in a series.
type block struct {
	res    Resolution
	number uint32
}

func (r Resolution) block(slot uint32) block { return block{r, slot / r.perBlock()} }

// first is the first step of the block.
func (b block) first() uint32 { return b.number * b.res.perBlock() }

// columns are the points of a block by metric.
type columns map[keyhaven.Metric][]Point

// encodeBlock writes a column of points for each metric, under its number.
func encodeBlock(b block, c columns) []byte {
	e := &encoder{b: append(make([]byte, 0, 64), seriesVersion)}
	for m := keyhaven.Metric(1); m != 0; m++ {
		if len(c[m]) > 0 {
			e.bytes(protowire.Number(m), packColumn(b, c[m]))
		}
	}
	return e.b
}

// decodeBlock reads the column of a metric, or of all metrics for none.
func decodeBlock(b block, rec []byte, only keyhaven.Metric) (columns, error) {
	parse := unpackColumn
	if recordOfV1(rec) {
		parse = parseColumnV1
	} else if len(rec) == 0 || rec[0] != seriesVersion {
		return nil, unknownVersion("series")
	}
	c := columns{}
	err := decodeFields("series", rec[1:], func(n protowire.Number, f field) (err error) {
		m := keyhaven.Metric(n)
		if n > 0xff || only != 0 && m != only {
			return nil
		}
		c[m], err = parse(b, f.bytes)
		return err
	})
	return c, err
}

// usual is how many samples a point of a gauge has.
func (r Resolution) usual() int64 { return int64(r.Step() / FiveMinutes.Step()) }

// What a column says of each point, every item in a stream of its own.
const (
	itemGap    = iota // steps left out since the point before, or since the block begins
	itemN             // change of N, zigzag; it begins with what is usual
	itemMin           // change of Min, zigzag; it begins with 0
	itemSpread        // Max-Min
	itemOver          // (Sum-N*Min) / (Max-Min): how many of the samples were at Max, when the others were at Min
	itemRest          // what that division leaves
	items
)

// column has the items of the points of a block.
type column [items][maxPerBlock]uint64

func packColumn(b block, points []Point) []byte {
	var c column
	last := Point{Slot: b.first() - 1, N: b.res.usual()}
	for i, p := range points {
		spread, over := uint64(p.Max-p.Min), uint64(p.Sum-p.N*p.Min)
		c[itemGap][i] = uint64(p.Slot - last.Slot - 1)
		c[itemN][i] = protowire.EncodeZigZag(p.N - last.N)
		c[itemMin][i] = protowire.EncodeZigZag(p.Min - last.Min)
		c[itemSpread][i] = spread
		c[itemRest][i] = over
		if spread != 0 {
			c[itemOver][i], c[itemRest][i] = over/spread, over%spread
		}
		last = p
	}
	var w bitWriter
	w.bits(uint64(len(points)), 8)
	for i := range c {
		w.stream(c[i][:len(points)])
	}
	return w.b
}

func unpackColumn(b block, raw []byte) ([]Point, error) {
	r := bitReader{b: raw}
	n := int(r.bits(8))
	if n == 0 || n > int(b.res.perBlock()) {
		return nil, damaged("series")
	}
	var c column
	for i := range c {
		if !r.stream(c[i][:n]) {
			return nil, damaged("series")
		}
	}
	if !r.done() {
		return nil, damaged("series")
	}
	points := make([]Point, n)
	left := uint64(b.res.perBlock())
	last := Point{Slot: b.first() - 1, N: b.res.usual()}
	for i := range points {
		gap := c[itemGap][i]
		if gap >= left {
			return nil, damaged("series")
		}
		left -= gap + 1
		spread := c[itemSpread][i]
		p := Point{
			Slot: last.Slot + 1 + uint32(gap),
			N:    last.N + protowire.DecodeZigZag(c[itemN][i]),
			Min:  last.Min + protowire.DecodeZigZag(c[itemMin][i]),
		}
		p.Max = p.Min + int64(spread)
		p.Sum = p.N*p.Min + int64(c[itemOver][i]*spread+c[itemRest][i])
		points[i], last = p, p
	}
	return points, nil
}
