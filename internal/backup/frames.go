package backup

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Lists are kept in frames, each of them compressed and checked by itself, so
// that a reader can use what it has read before the end of the file:
//
//	4  length of the compressed bytes, big-endian; 0 in the last frame
//	4  length of the bytes
//	4  CRC-32C of the eight bytes before and the compressed bytes
//	n  the bytes, compressed with zstd
//
// Entries never cross from one frame to the next.
const (
	frameHead = 12
	maxFrame  = 16 << 20 // bytes of a frame, compressed or not
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// codec compresses and decompresses frames. It is safe for concurrent use.
type codec struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

func newCodec() (*codec, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(1<<20), zstd.WithEncoderCRC(false), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxFrame), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	return &codec{enc: enc, dec: dec}, nil
}

// frameWriter gathers entries. After each entry that is appended to buf the
// owner calls added.
type frameWriter struct {
	w     io.Writer
	codec *codec
	limit int // bytes after which a frame is written
	buf   []byte
	out   []byte
}

func newFrameWriter(w io.Writer, c *codec, limit int) *frameWriter {
	return &frameWriter{w: w, codec: c, limit: limit}
}

func (f *frameWriter) added() error {
	if len(f.buf) < f.limit {
		return nil
	}
	return f.flush()
}

func (f *frameWriter) flush() error {
	if len(f.buf) == 0 {
		return nil
	}
	if len(f.buf) > maxFrame {
		return fmt.Errorf("backup: an entry of %d bytes is too large", len(f.buf))
	}
	f.out = f.codec.enc.EncodeAll(f.buf, append(f.out[:0], make([]byte, frameHead)...))
	binary.BigEndian.PutUint32(f.out, uint32(len(f.out)-frameHead))
	binary.BigEndian.PutUint32(f.out[4:], uint32(len(f.buf)))
	f.buf = f.buf[:0]
	return f.put()
}

// finish writes what is left and the last frame.
func (f *frameWriter) finish() error {
	if err := f.flush(); err != nil {
		return err
	}
	f.out = append(f.out[:0], make([]byte, frameHead)...)
	return f.put()
}

func (f *frameWriter) put() error {
	binary.BigEndian.PutUint32(f.out[8:], frameSum(f.out[:8], f.out[frameHead:]))
	_, err := f.w.Write(f.out)
	return err
}

func frameSum(lengths, payload []byte) uint32 {
	return crc32.Update(crc32.Checksum(lengths, castagnoli), castagnoli, payload)
}

// frameReader returns the frames of a file one by one.
type frameReader struct {
	f     *fileReader
	codec *codec
	in    []byte
	out   []byte
}

// next returns the bytes of the next frame, valid until the next call, and nil
// when the file has ended and is sound.
func (r *frameReader) next() ([]byte, error) {
	var head [frameHead]byte
	if err := r.fill(head[:]); err != nil {
		return nil, err
	}
	packed, size := binary.BigEndian.Uint32(head[:]), binary.BigEndian.Uint32(head[4:])
	if packed > maxFrame || size > maxFrame || packed == 0 != (size == 0) {
		return nil, damaged(r.f.name, "a frame has an impossible length")
	}
	r.in = grow(r.in, int(packed))
	if err := r.fill(r.in); err != nil {
		return nil, err
	}
	if frameSum(head[:8], r.in) != binary.BigEndian.Uint32(head[8:]) {
		return nil, damaged(r.f.name, "the checksum of a frame does not match")
	}
	if packed == 0 {
		return nil, r.finish()
	}
	var err error
	r.out, err = r.codec.dec.DecodeAll(r.in, grow(r.out, int(size))[:0])
	if err != nil || len(r.out) != int(size) {
		return nil, damaged(r.f.name, "a frame cannot be decompressed")
	}
	return r.out, nil
}

func (r *frameReader) fill(p []byte) error {
	_, err := io.ReadFull(r.f, p)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return damaged(r.f.name, "it ends within a frame")
	}
	return err
}

// finish wants nothing after the last frame but a sound trailer.
func (r *frameReader) finish() error {
	n, err := io.Copy(io.Discard, r.f)
	if err == nil && n > 0 {
		return damaged(r.f.name, "there is more after the last frame")
	}
	return err
}

func (r *frameReader) Close() error { return r.f.Close() }

func grow(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}
