package md5lanes

import (
	"math"

	"golang.org/x/sys/cpu"
)

//go:noescape
func blocksAVX2(state *[4][lanes]uint32, data *[lanes]*byte, blocks int, k *[64][lanes]uint32)

//go:noescape
func blocksAVX512(state *[4][lanes]uint32, data *[lanes]*byte, blocks int, k *[64][lanes]uint32)

func bestKernel() kernel {
	switch {
	case hasAVX512():
		return blocksAVX512
	case cpu.X86.HasAVX2:
		return blocksAVX2
	}
	return nil
}

func hasAVX512() bool { return cpu.X86.HasAVX2 && cpu.X86.HasAVX512F && cpu.X86.HasAVX512VL }

// sines is the table T of RFC 1321, section 3.4, a value in each lane.
var sines = func() (t [64][lanes]uint32) {
	for i := range t {
		for l := range t[i] {
			t[i][l] = uint32(math.Floor(math.Abs(math.Sin(float64(i+1))) * (1 << 32)))
		}
	}
	return t
}()
