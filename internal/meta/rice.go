package meta

import "math/bits"

// bitWriter appends numbers to bytes, the highest bit first.
type bitWriter struct {
	b    []byte
	free uint // bits of the last byte that are not used
}

func (w *bitWriter) bits(v uint64, n uint) {
	for n > 0 {
		if w.free == 0 {
			w.b, w.free = append(w.b, 0), 8
		}
		k := min(n, w.free)
		part := byte(v>>(n-k)) & (1<<k - 1)
		w.b[len(w.b)-1] |= part << (w.free - k)
		w.free, n = w.free-k, n-k
	}
}

// bitReader reads what bitWriter wrote. Past the end there are zeros, and short
// is set.
type bitReader struct {
	b     []byte
	used  uint // bits of the first byte that were read
	short bool
}

func (r *bitReader) bits(n uint) (v uint64) {
	for n > 0 {
		if len(r.b) == 0 {
			r.short = true
			return v << n
		}
		k := min(n, 8-r.used)
		part := r.b[0] >> (8 - r.used - k) & (1<<k - 1)
		v, n = v<<k|uint64(part), n-k
		if r.used += k; r.used == 8 {
			r.b, r.used = r.b[1:], 0
		}
	}
	return v
}

// done reports whether everything was read but what fills the last byte.
func (r *bitReader) done() bool {
	return !r.short && (len(r.b) == 0 || len(r.b) == 1 && r.used > 0)
}

// A Rice code of order k is a number's upper bits as so many ones and a zero, and
// then its lower k bits. riceEscape ones say that the length of the number, less
// one, follows in six bits, and then the number.
const riceEscape = 12

func (w *bitWriter) rice(v uint64, k uint) {
	if q := v >> k; q < riceEscape {
		w.bits(1<<(q+1)-2, uint(q)+1)
		w.bits(v, k)
		return
	}
	n := uint(bits.Len64(v))
	w.bits(1<<riceEscape-1, riceEscape)
	w.bits(uint64(n-1), 6)
	w.bits(v, n)
}

func (r *bitReader) rice(k uint) uint64 {
	for q := range uint64(riceEscape) {
		if r.bits(1) == 0 {
			return q<<k | r.bits(k)
		}
	}
	return r.bits(uint(r.bits(6)) + 1)
}

// bestRice returns the order that takes the fewest bits, and how many.
func bestRice(vs []uint64) (order uint, size int) {
	low, high := 64, 0
	for _, v := range vs {
		n := bits.Len64(v)
		low, high = min(low, n), max(high, n)
	}
	size = -1
	for k := max(low-1, 0); k <= min(high, 63); k++ {
		sum := 0
		for _, v := range vs {
			if q := v >> k; q < riceEscape {
				sum += int(q) + 1 + k
			} else {
				sum += riceEscape + 6 + bits.Len64(v)
			}
		}
		if size < 0 || sum < size {
			order, size = uint(k), sum
		}
	}
	return order, max(size, 0)
}

// How a stream of numbers is written, in its first two bits.
const (
	streamZeros  = 0 // nothing follows
	streamDense  = 1 // the order (6 bits), then all numbers
	streamSparse = 2 // two orders, then how many zeros come before a number, the number less one, and so on
)

// stream writes numbers whose count the reader knows.
func (w *bitWriter) stream(vs []uint64) {
	var runs, others []uint64
	zeros := uint64(0)
	for _, v := range vs {
		if v == 0 {
			zeros++
			continue
		}
		runs, others, zeros = append(runs, zeros), append(others, v-1), 0
	}
	if len(others) == 0 {
		w.bits(streamZeros, 2)
		return
	}
	if zeros > 0 {
		runs = append(runs, zeros)
	}
	k, dense := bestRice(vs)
	kr, sparse := bestRice(runs)
	ko, rest := bestRice(others)
	if sparse += rest + 6; dense <= sparse {
		w.bits(streamDense, 2)
		w.bits(uint64(k), 6)
		for _, v := range vs {
			w.rice(v, k)
		}
		return
	}
	w.bits(streamSparse, 2)
	w.bits(uint64(kr), 6)
	w.bits(uint64(ko), 6)
	for i, run := range runs {
		w.rice(run, kr)
		if i < len(others) {
			w.rice(others[i], ko)
		}
	}
}

// stream reads numbers into vs, which are zeros, and reports whether that went
// well.
func (r *bitReader) stream(vs []uint64) bool {
	switch r.bits(2) {
	case streamZeros:
	case streamDense:
		k := uint(r.bits(6))
		for i := range vs {
			vs[i] = r.rice(k)
		}
	case streamSparse:
		kr, ko := uint(r.bits(6)), uint(r.bits(6))
		for i := 0; i < len(vs); i++ {
			run := r.rice(kr)
			if run > uint64(len(vs)-i) {
				return false
			}
			if i += int(run); i < len(vs) {
				vs[i] = r.rice(ko) + 1
			}
		}
	default:
		return false
	}
	return !r.short
}
