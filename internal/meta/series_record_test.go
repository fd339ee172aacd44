package meta

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keyhaven/keyhaven"
)

func genBlock() *rapid.Generator[block] {
	return rapid.Custom(func(t *rapid.T) block {
		return block{rapid.SampledFrom([]Resolution{FiveMinutes, Hourly}).Draw(t, "resolution"), rapid.Uint32Range(0, 1<<20).Draw(t, "number")}
	})
}

// genColumn makes points of a block: gauges and requests, that stand still, move,
// jump, are reset and leave steps out.
func genColumn(b block) *rapid.Generator[[]Point] {
	value := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(0, 1000), rapid.Int64Range(0, 1<<40), rapid.Int64())
	return rapid.Custom(func(t *rapid.T) (points []Point) {
		p := Point{N: b.res.usual()}
		change := rapid.IntRange(0, 10).Draw(t, "how often it changes")
		gaps := rapid.IntRange(0, 3).Draw(t, "how often it rests")
		for off := uint32(0); off < b.res.perBlock(); off++ {
			if rapid.IntRange(0, 9).Draw(t, "rests") < gaps {
				off += rapid.Uint32Range(0, 20).Draw(t, "steps") - 1
				continue
			}
			if rapid.IntRange(0, 9).Draw(t, "changes") < change {
				p.Min = value.Draw(t, "value")
				p.Max, p.Sum = p.Min, p.N*p.Min
				if rapid.Bool().Draw(t, "many samples") {
					p.N, p.Max, p.Sum = value.Draw(t, "n"), value.Draw(t, "max"), value.Draw(t, "sum")
				}
			}
			p.Slot = b.first() + off
			points = append(points, p)
		}
		return points
	})
}

func TestBlockRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := genBlock().Draw(t, "block")
		want := columns{}
		for _, m := range rapid.SliceOfNDistinct(rapid.Uint8Range(1, 255), 0, 3, rapid.ID).Draw(t, "metrics") {
			if points := genColumn(b).Draw(t, "points"); len(points) > 0 {
				want[keyhaven.Metric(m)] = points
			}
		}
		rec := encodeBlock(b, want)
		got, err := decodeBlock(b, rec, 0)
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Fatalf("%v (-want +got):\n%s", err, d)
		}
		for m, points := range want {
			one, err := decodeBlock(b, rec, m)
			if err != nil || len(one) != 1 || !slices.Equal(one[m], points) {
				t.Fatalf("metric %d alone: %v, %v", m, one, err)
			}
		}
	})
}

// TestBlockDamaged: a record cut short, with more behind it, or of another version
// is an error and not other points.
func TestBlockDamaged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := genBlock().Draw(t, "block")
		points := rapid.Custom(func(t *rapid.T) []Point { return genColumn(b).Draw(t, "points") }).
			Filter(func(p []Point) bool { return len(p) > 0 }).Draw(t, "column")
		rec := encodeBlock(b, columns{keyhaven.MetricAllRequests: points})
		cut := rapid.IntRange(2, len(rec)-1).Draw(t, "cut")
		for _, bad := range [][]byte{nil, rec[:cut], append(bytes.Clone(rec), 0), append([]byte{3}, rec[1:]...)} {
			if c, err := decodeBlock(b, bad, 0); err == nil {
				t.Fatalf("%x reads as %v", bad, c)
			}
		}
		column := packColumn(b, points)
		for _, bad := range [][]byte{nil, column[:len(column)-1], append(bytes.Clone(column), 0)} {
			if p, err := unpackColumn(b, bad); err == nil {
				t.Fatalf("the column %x reads as %v", bad, p)
			}
		}
	})
}

// TestBlockOutside: points that are not in the block are no points of it, in either
// version, however few bytes say how many of them.
func TestBlockOutside(t *testing.T) {
	b := block{FiveMinutes, 81864}
	gap := func(steps uint64, n int) []byte {
		var w bitWriter
		w.bits(uint64(n), 8)
		gaps := make([]uint64, n)
		gaps[n-1] = steps
		w.stream(gaps)
		w.bits(0, 2*(items-1))
		return w.b
	}
	for _, try := range []struct {
		steps uint64
		n     int
		ok    bool
	}{{0, 72, true}, {71, 1, true}, {70, 2, true}, {72, 1, false}, {71, 2, false}, {1, 72, false}, {1<<32 - 1, 1, false}, {1<<64 - 1, 2, false}, {0, 73, false}} {
		points, err := unpackColumn(b, gap(try.steps, try.n))
		if (err == nil) != try.ok {
			t.Errorf("%d points, the last after %d steps: %v, %v", try.n, try.steps, points, err)
		}
	}
	first := binary.AppendUvarint([]byte{pointGap | 15<<pointRuns}, uint64(b.first()-1))
	rest := []byte{15 << pointRuns, 15 << pointRuns, 15 << pointRuns}
	for _, try := range []struct {
		raw []byte
		n   int // 0 for a damaged one
	}{
		{first, 16},
		{append(bytes.Clone(first), append(rest, 7<<pointRuns)...), 72},
		{append(bytes.Clone(first), append(rest, 8<<pointRuns)...), 0},
		{append(bytes.Clone(first), bytes.Repeat([]byte{15 << pointRuns}, 1000)...), 0},
		{append(bytes.Clone(first), binary.AppendUvarint([]byte{pointGap}, 1<<32-17)...), 0}, // back to the first
		{binary.AppendUvarint([]byte{pointGap}, uint64(b.first()-2)), 0},
	} {
		points, err := parseColumnV1(b, try.raw)
		if len(points) != try.n || (err == nil) != (try.n > 0) {
			t.Errorf("%x: %d points, %v, want %d", try.raw, len(points), err, try.n)
		}
	}
}

// FuzzSeries: no record panics or reads as points that its block does not have
// room for, and what it reads as is written and read again without a change.
func FuzzSeries(f *testing.F) {
	for _, b := range []block{{FiveMinutes, 81864}, {Hourly, 2046}} {
		for i := range 3 {
			f.Add(encodeBlock(b, columns{keyhaven.MetricBucketSizeBytes: genColumn(b).Example(i), keyhaven.MetricGetRequests: genColumn(b).Example(i + 3)}), b.res == Hourly, b.number)
		}
	}
	for _, p := range oldPairs(f) {
		if _, b, err := parseSeriesKey(p.k); err == nil && b.number%8 == 0 {
			f.Add(p.v, b.res == Hourly, b.number)
		}
	}
	f.Add([]byte{1, 10, 1, 0xff}, false, uint32(0))
	f.Add([]byte{2, 10, 1, 0xff}, false, uint32(1<<32-1))
	f.Fuzz(func(t *testing.T, rec []byte, hourly bool, number uint32) {
		b := block{FiveMinutes, number}
		if hourly {
			b.res = Hourly
		}
		c, err := decodeBlock(b, rec, 0)
		if err != nil {
			return
		}
		maps.DeleteFunc(c, func(_ keyhaven.Metric, points []Point) bool { return len(points) == 0 })
		for m, points := range c {
			for i, p := range points {
				if off := p.Slot - b.first(); off >= b.res.perBlock() || i > 0 && off <= points[i-1].Slot-b.first() {
					t.Fatalf("metric %d has the point %d at %d", m, i, off)
				}
			}
		}
		again, err := decodeBlock(b, encodeBlock(b, c), 0)
		if err != nil || !maps.EqualFunc(c, again, slices.Equal[[]Point]) {
			t.Fatalf("%v: %v, want %v", err, again, c)
		}
	})
}
