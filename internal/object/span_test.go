package object

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/keyhaven/keyhaven/internal/blob"
)

// countingReaderAt counts the units that its reads touch.
type countingReaderAt struct {
	io.ReaderAt
	units int64
}

func (c *countingReaderAt) ReadAt(p []byte, off int64) (int, error) {
	if len(p) > 0 {
		c.units += (off+int64(len(p))-1)/blob.ReadUnit - off/blob.ReadUnit + 1
	}
	return c.ReaderAt.ReadAt(p, off)
}

func TestSpan(t *testing.T) {
	data := make([]byte, 5*blob.ReadUnit+777)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	rapid.Check(t, func(t *rapid.T) {
		off := rapid.IntRange(0, len(data)).Draw(t, "off")
		end := rapid.IntRange(off, len(data)).Draw(t, "end")
		buf := rapid.IntRange(1, 3*blob.ReadUnit).Draw(t, "buffer")
		c := &countingReaderAt{ReaderAt: bytes.NewReader(data)}
		s := &span{r: c, off: int64(off), end: int64(end)}
		var got bytes.Buffer
		if _, err := io.CopyBuffer(struct{ io.Writer }{&got}, struct{ io.Reader }{s}, make([]byte, buf)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), data[off:end]) {
			t.Fatalf("span %d-%d differs from the bytes", off, end)
		}
		if most := int64(end-1)/blob.ReadUnit - int64(off)/blob.ReadUnit + 1; end > off && buf >= 2*blob.ReadUnit && c.units > most {
			t.Fatalf("span %d-%d with a buffer of %d read %d units, want at most %d", off, end, buf, c.units, most)
		}
	})
}
