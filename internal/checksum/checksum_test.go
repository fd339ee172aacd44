package checksum

import (
	"bytes"
	"encoding/hex"
	"testing"

	"pgregory.net/rapid"

	"github.com/keyhaven/keyhaven"
)

// The check values are those of the CRC catalogue and of FIPS 180 for the
// message "123456789".
func TestKnownSums(t *testing.T) {
	for _, tt := range []struct {
		a    keyhaven.ChecksumAlgorithm
		want string
	}{
		{keyhaven.ChecksumCRC32, "cbf43926"},
		{keyhaven.ChecksumCRC32C, "e3069283"},
		{keyhaven.ChecksumCRC64NVME, "ae8b14860a799888"},
		{keyhaven.ChecksumSHA1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"},
		{keyhaven.ChecksumSHA256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"},
	} {
		h := New(tt.a)
		h.Write([]byte("123456789"))
		if got := hex.EncodeToString(h.Sum(nil)); got != tt.want {
			t.Errorf("%v = %s, want %s", tt.a, got, tt.want)
		}
		if h.Size() != Size(tt.a) {
			t.Errorf("Size(%v) = %d, want %d", tt.a, Size(tt.a), h.Size())
		}
	}
}

func sum(a keyhaven.ChecksumAlgorithm, b []byte) []byte {
	h := New(a)
	h.Write(b)
	return h.Sum(nil)
}

func TestCombine(t *testing.T) {
	crcs := []keyhaven.ChecksumAlgorithm{keyhaven.ChecksumCRC32, keyhaven.ChecksumCRC32C, keyhaven.ChecksumCRC64NVME}
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SampledFrom(crcs).Draw(t, "algorithm")
		x := rapid.SliceOf(rapid.Byte()).Draw(t, "x")
		y := rapid.SliceOf(rapid.Byte()).Draw(t, "y")
		got := Combine(a, sum(a, x), sum(a, y), int64(len(y)))
		if want := sum(a, append(bytes.Clone(x), y...)); !bytes.Equal(got, want) {
			t.Fatalf("Combine(%v) = %x, want %x", a, got, want)
		}
	})
}

func TestParseFormat(t *testing.T) {
	for _, tt := range []struct {
		a  keyhaven.ChecksumAlgorithm
		s  string
		ok bool
	}{
		{keyhaven.ChecksumCRC32, "y/Q5Jg==", true},
		{keyhaven.ChecksumCRC32, "y/Q5Jg==-3", true},
		{keyhaven.ChecksumCRC32, "y/Q5Jg==-0", false},
		{keyhaven.ChecksumCRC32, "y/Q5Jg==-x", false},
		{keyhaven.ChecksumCRC32, "y/Q5", false},
		{keyhaven.ChecksumCRC32, "!!!", false},
		{keyhaven.ChecksumSHA256, "y/Q5Jg==", false},
	} {
		c, ok := Parse(tt.a, tt.s)
		if ok != tt.ok {
			t.Errorf("Parse(%v, %q) ok = %v, want %v", tt.a, tt.s, ok, tt.ok)
		}
		if ok && Format(c) != tt.s {
			t.Errorf("Format(Parse(%q)) = %q", tt.s, Format(c))
		}
	}
	if _, ok := ParseAlgorithm("crc64nvme"); !ok {
		t.Error("ParseAlgorithm does not take lower case")
	}
	if _, ok := ParseAlgorithm("MD5"); ok {
		t.Error("ParseAlgorithm takes MD5")
	}
}

func TestSupports(t *testing.T) {
	for _, a := range keyhaven.ChecksumAlgorithms {
		if !Supports(a, DefaultType(a)) {
			t.Errorf("%v does not support its default type", a)
		}
	}
	if Supports(keyhaven.ChecksumSHA256, keyhaven.FullObject) || Supports(keyhaven.ChecksumCRC64NVME, keyhaven.Composite) {
		t.Error("Supports allows what S3 refuses")
	}
}
