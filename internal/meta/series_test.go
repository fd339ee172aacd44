package meta

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/keyhaven/keyhaven"
)

// TestSeriesSpace: the points of a year of ten thousand buckets take less than
// two GiB, also when every one of them changes at every step.
func TestSeriesSpace(t *testing.T) {
	const buckets, all = 4, 10000
	const limit = 2 << 30
	random := rand.New(rand.NewPCG(1, 2))
	for _, busy := range []float64{0.1, 1} {
		total := 0
		for range buckets {
			size, objects := int64(random.IntN(1<<40)), int64(random.IntN(1<<24))
			fine := map[uint32]Measured{}
			for slot := range uint32(365 * 24 * 12) {
				if random.Float64() < busy {
					size += int64(random.IntN(64<<20)) - 30<<20
					objects += int64(random.IntN(200)) - 90
				}
				fine[slot] = Measured{
					keyhaven.MetricBucketSizeBytes: {N: 1, Sum: size, Min: size, Max: size},
					keyhaven.MetricNumberOfObjects: {N: 1, Sum: objects, Min: objects, Max: objects},
				}
			}
			total += spaceOf(fine)
		}
		got := total / buckets * all
		t.Logf("%.0f%% of the steps change something: %d MiB", 100*busy, got>>20)
		if got > limit {
			t.Errorf("a year of %d buckets takes %d MiB", all, got>>20)
		}
	}
}

// spaceOf is what the records of a series take once those that are old enough are
// hours, keys and some overhead included.
func spaceOf(points map[uint32]Measured) (total int) {
	blocks := map[block]columns{}
	for _, slot := range slices.Sorted(maps.Keys(points)) {
		b := FiveMinutes.block(slot)
		if blocks[b] == nil {
			blocks[b] = columns{}
		}
		for m, p := range points[slot] {
			p.Slot = slot
			blocks[b][m] = append(blocks[b][m], p)
		}
	}
	end := slices.Max(slices.Collect(maps.Keys(points)))
	oldest := FiveMinutes.block(end - uint32(FiveMinutes.Keep()/FiveMinutes.Step()))
	fine := slices.SortedFunc(maps.Keys(blocks), func(a, b block) int { return int(a.number) - int(b.number) })
	for _, b := range fine {
		if b.number < oldest.number {
			to := b.ofHours()
			if blocks[to] == nil {
				blocks[to] = columns{}
			}
			blocks[to].mergeFine(blocks[b])
			delete(blocks, b)
		}
	}
	for b, c := range blocks {
		total += len(Series{}.key(b)) + len(encodeBlock(b, c)) + 12
	}
	return total
}
