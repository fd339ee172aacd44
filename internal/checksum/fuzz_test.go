package checksum

import (
	"bytes"
	"testing"

	"github.com/keyhaven/keyhaven"
)

// FuzzParse checks that any header value is refused or is a sum of the right
// length that reads the same when it is written again (R18).
func FuzzParse(f *testing.F) {
	for _, s := range []string{"y/Q5Jg==", "y/Q5Jg==-3", "y/Q5Jg==-0", "-", "", "y/Q5Jg==-10001", "AAAAAAAAAAA=", "\xff"} {
		f.Add(uint8(keyhaven.ChecksumCRC32), s)
	}
	f.Fuzz(func(t *testing.T, algorithm uint8, s string) {
		a := keyhaven.ChecksumAlgorithm(algorithm)
		c, ok := Parse(a, s)
		if !ok {
			return
		}
		if len(c.Value) != Size(a) || c.Parts < 0 || c.Parts > keyhaven.MaxPartNumber || (c.Parts > 0) != (c.Type == keyhaven.Composite) {
			t.Errorf("Parse(%v, %q) = %+v", a, s, c)
		}
		again, ok := Parse(a, Format(c))
		if !ok || !bytes.Equal(again.Value, c.Value) || again.Type != c.Type || again.Parts != c.Parts {
			t.Errorf("Parse(%v, %q) = %+v, and its own form %q gives %+v", a, s, c, Format(c), again)
		}
	})
}

// TestUnknownAlgorithms: a number that no release has given out is no algorithm,
// and nothing panics on it.
func TestUnknownAlgorithms(t *testing.T) {
	for _, a := range []keyhaven.ChecksumAlgorithm{keyhaven.ChecksumNone, 99, 255} {
		if New(a) != nil || Size(a) != 0 || Combine(a, nil, nil, 1) != nil {
			t.Errorf("algorithm %d has a hash", a)
		}
	}
}
