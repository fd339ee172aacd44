package checksum

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/keyhaven/keyhaven"
)

// The check values are those of the CRC catalogue, of FIPS 180 and of RFC 1321
// for the message "123456789"; those of xxHash's specification for the empty one.
func TestKnownSums(t *testing.T) {
	for _, tt := range []struct {
		a    keyhaven.ChecksumAlgorithm
		want string
	}{
		{keyhaven.ChecksumMD5, "25f9e794323b453885f5181f1b624d0b"},
		{keyhaven.ChecksumSHA512, "d9e6762dd1c8eaf6d61b3c6192fc408d4d6d5f1176d0c29169bc24e71c3f274ad27fcd5811b313d681f7e55ec02d73d499c95455b6b5bb503acf574fba8ffe85"},
		{keyhaven.ChecksumXXHASH64, "ef46db3751d8e999"},
		{keyhaven.ChecksumXXHASH3, "2d06800538d394c2"},
		{keyhaven.ChecksumXXHASH128, "99aa06d3014798d86001c324468d497f"},
		{keyhaven.ChecksumCRC32, "cbf43926"},
		{keyhaven.ChecksumCRC32C, "e3069283"},
		{keyhaven.ChecksumCRC64NVME, "ae8b14860a799888"},
		{keyhaven.ChecksumSHA1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"},
		{keyhaven.ChecksumSHA256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"},
	} {
		h := New(tt.a)
		if !strings.HasPrefix(tt.a.String(), "XX") {
			h.Write([]byte("123456789"))
		}
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
	if _, ok := ParseAlgorithm("MD4"); ok {
		t.Error("ParseAlgorithm takes MD4")
	}
}

func TestSupports(t *testing.T) {
	for _, a := range keyhaven.ChecksumAlgorithms {
		if !Supports(a, DefaultType(a)) {
			t.Errorf("%v does not support its default type", a)
		}
	}
	for _, a := range keyhaven.ChecksumAlgorithms {
		crc := strings.HasPrefix(a.String(), "CRC")
		if Supports(a, keyhaven.FullObject) != crc {
			t.Errorf("Supports(%v, FULL_OBJECT) = %v", a, !crc)
		}
	}
	if Supports(keyhaven.ChecksumSHA256, keyhaven.FullObject) || Supports(keyhaven.ChecksumCRC64NVME, keyhaven.Composite) {
		t.Error("Supports allows what S3 refuses")
	}
}
