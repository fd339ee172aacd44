package checksum

import (
	"encoding/binary"

	"github.com/keyhaven/keyhaven"
)

// The reflected polynomials.
const (
	polyIEEE       = 0xedb88320
	polyCastagnoli = 0x82f63b78
	polyNVME       = 0x9a6c9329ac4bc9b5
)

// Combine returns the CRC of two byte strings put together, from the CRC of
// each and the length of the second. Both sums must be of the same CRC
// algorithm.
//
// A CRC is linear over GF(2): appending n zero bytes to a message multiplies
// its register by x^(8n) modulo the polynomial. The product is computed by
// squaring, so the cost is logarithmic in n.
func Combine(a keyhaven.ChecksumAlgorithm, sum1, sum2 []byte, len2 int64) []byte {
	switch a {
	case keyhaven.ChecksumCRC32, keyhaven.ChecksumCRC32C:
		poly := uint64(polyIEEE)
		if a == keyhaven.ChecksumCRC32C {
			poly = polyCastagnoli
		}
		f := field{poly: poly, bits: 32}
		c1, c2 := uint64(binary.BigEndian.Uint32(sum1)), uint64(binary.BigEndian.Uint32(sum2))
		return binary.BigEndian.AppendUint32(nil, uint32(f.mul(c1, f.xPow8(len2))^c2))
	case keyhaven.ChecksumCRC64NVME:
		f := field{poly: polyNVME, bits: 64}
		c1, c2 := binary.BigEndian.Uint64(sum1), binary.BigEndian.Uint64(sum2)
		return binary.BigEndian.AppendUint64(nil, f.mul(c1, f.xPow8(len2))^c2)
	}
	return nil
}

// field is GF(2)[x] modulo a polynomial in reflected form: bit 0 is the highest
// power.
type field struct {
	poly uint64
	bits int
}

// mul multiplies two elements.
func (f field) mul(a, b uint64) uint64 {
	var p uint64
	for m := uint64(1) << (f.bits - 1); m != 0; m >>= 1 {
		if a&m != 0 {
			p ^= b
		}
		if b&1 != 0 {
			b = b>>1 ^ f.poly
		} else {
			b >>= 1
		}
	}
	return p
}

// xPow8 returns x^(8n).
func (f field) xPow8(n int64) uint64 {
	p := uint64(1) << (f.bits - 1)  // x^0
	sq := uint64(1) << (f.bits - 9) // x^8
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			p = f.mul(p, sq)
		}
		sq = f.mul(sq, sq)
	}
	return p
}
