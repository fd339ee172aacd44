package meta

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// genStream makes numbers of all lengths, with stretches of zeros.
func genStream() *rapid.Generator[[]uint64] {
	return rapid.Custom(func(t *rapid.T) (vs []uint64) {
		for len(vs) < maxPerBlock && rapid.IntRange(0, 9).Draw(t, "more") > 0 {
			width := rapid.UintRange(0, 63).Draw(t, "width")
			vs = append(vs, make([]uint64, rapid.IntRange(0, 40).Draw(t, "zeros"))...)
			for range rapid.IntRange(0, 40).Draw(t, "others") {
				vs = append(vs, rapid.Uint64().Draw(t, "value")>>width)
			}
		}
		return vs[:min(len(vs), maxPerBlock)]
	})
}

func TestStreamRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		streams := rapid.SliceOfN(genStream(), 1, 4).Draw(t, "streams")
		var w bitWriter
		for _, vs := range streams {
			w.stream(vs)
		}
		r := bitReader{b: w.b}
		for i, vs := range streams {
			got := make([]uint64, len(vs))
			if !r.stream(got) || !slices.Equal(got, vs) {
				t.Fatalf("stream %d reads as %v, want %v", i, got, vs)
			}
		}
		if !r.done() {
			t.Fatal("something is left")
		}
	})
}

// TestRiceSize: the size that decides for an order is that which is written, and
// no other order takes less.
func TestRiceSize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		vs := genStream().Draw(t, "values")
		best, size := bestRice(vs)
		for k := range uint(64) {
			var w bitWriter
			for _, v := range vs {
				w.rice(v, k)
			}
			n := 8*len(w.b) - int(w.free)
			if k == best && n != size || n < size {
				t.Fatalf("%d bits by the order %d, %d said by the order %d", n, k, size, best)
			}
		}
	})
}

// TestStreamSmall: what stands still takes two bits, and a single change among
// many points does not cost every one of them.
func TestStreamSmall(t *testing.T) {
	for _, try := range []struct {
		name string
		vs   []uint64
		bits int
	}{
		{"zeros", make([]uint64, maxPerBlock), 2},
		{"one change", append(make([]uint64, 100), append([]uint64{1000}, make([]uint64, 100)...)...), 45},
		{"a jump of everything", append(make([]uint64, 71), 1<<64-1), 14 + 9 + 82 + 6},
	} {
		var w bitWriter
		w.stream(try.vs)
		if n := 8*len(w.b) - int(w.free); n > try.bits {
			t.Errorf("%s takes %d bits, want at most %d", try.name, n, try.bits)
		}
	}
}

// FuzzStream: no bytes panic or read as more than was asked for, and what they
// read as is written and read again without a change.
func FuzzStream(f *testing.F) {
	for _, vs := range [][]uint64{{}, {0, 0}, {1, 2, 3}, {0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0}, {1<<64 - 1, 1 << 40}} {
		var w bitWriter
		w.stream(vs)
		f.Add(w.b, uint8(len(vs)))
	}
	f.Add([]byte{0xff, 0xff}, uint8(3))
	f.Add(bytes.Repeat([]byte{0x55}, 40), uint8(200))
	f.Fuzz(func(t *testing.T, raw []byte, n uint8) {
		r := bitReader{b: raw}
		vs := make([]uint64, n)
		if !r.stream(vs) {
			return
		}
		var w bitWriter
		w.stream(vs)
		again := bitReader{b: w.b}
		got := make([]uint64, n)
		if !again.stream(got) || !again.done() || !slices.Equal(got, vs) {
			t.Fatalf("%v reads again as %v", vs, got)
		}
	})
}
