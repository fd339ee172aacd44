package sse

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"io"
	"sync"

	"github.com/keyhaven/keyhaven"
)

// plainUnit is how many bytes of a body a unit holds.
const plainUnit = keyhaven.SealUnit - keyhaven.SealTag

// ErrDamaged is what a reader returns for bytes that are not those which were
// encrypted.
var ErrDamaged = errors.New("sse: encrypted bytes are damaged")

// Body encrypts and decrypts one body.
type Body struct{ aead cipher.AEAD }

// NewBody returns the cipher of the body with this salt.
func NewBody(k Key, salt Salt) (*Body, error) {
	aead, err := gcm(derive(k[:], string(salt[:])))
	if err != nil {
		return nil, err
	}
	return &Body{aead: aead}, nil
}

func nonce(unit uint64, last bool) (n [nonceSize]byte) {
	binary.BigEndian.PutUint64(n[:], unit)
	if last {
		n[nonceSize-1] = 1
	}
	return n
}

var units = sync.Pool{New: func() any { return new([keyhaven.SealUnit]byte) }}

// Seal encrypts a whole body. One without bytes stays so.
func (b *Body) Seal(plain []byte) []byte {
	if len(plain) == 0 {
		return nil
	}
	out := make([]byte, 0, keyhaven.SealedSize(int64(len(plain))))
	for i := uint64(0); len(plain) > 0; i++ {
		p := plain[:min(plainUnit, len(plain))]
		plain = plain[len(p):]
		n := nonce(i, len(plain) == 0)
		out = b.aead.Seal(out, n[:], p, nil)
	}
	return out
}

// Writer encrypts what is written to it. Close writes the last unit and does not
// close what is below.
type Writer struct {
	b    *Body
	w    io.Writer
	buf  *[keyhaven.SealUnit]byte
	n    int
	unit uint64
	err  error
}

// Writer returns a writer that encrypts to w.
func (b *Body) Writer(w io.Writer) *Writer {
	return &Writer{b: b, w: w, buf: units.Get().(*[keyhaven.SealUnit]byte)}
}

// Write takes more of the body.
func (w *Writer) Write(p []byte) (int, error) {
	written := 0
	for len(p) > 0 {
		if w.n == plainUnit { // and more comes: it is not the last
			if err := w.flush(false); err != nil {
				return written, err
			}
		}
		m := copy(w.buf[w.n:plainUnit], p)
		w.n, written, p = w.n+m, written+m, p[m:]
	}
	return written, w.err
}

func (w *Writer) flush(last bool) error {
	if w.err != nil {
		return w.err
	}
	n := nonce(w.unit, last)
	sealed := w.b.aead.Seal(w.buf[:0], n[:], w.buf[:w.n], nil)
	_, w.err = w.w.Write(sealed)
	w.unit, w.n = w.unit+1, 0
	return w.err
}

// Close ends the body. It may be called again.
func (w *Writer) Close() error {
	if w.buf == nil {
		return w.err
	}
	if w.n > 0 {
		_ = w.flush(true) // kept in err
	}
	w.Discard()
	return w.err
}

// Discard gives the writer up.
func (w *Writer) Discard() {
	if w.buf != nil {
		clear(w.buf[:])
		units.Put(w.buf)
		w.buf = nil
	}
}

// Reader decrypts a range of a body.
type Reader struct {
	b        *Body
	r        io.ReaderAt
	size     int64 // of the plain body
	off, end int64 // of the range that is left
	buf      [keyhaven.SealUnit]byte
	plain    []byte // decrypted, not read yet
}

// Reader returns a reader over length bytes from off of a body that has size
// plain bytes and whose encrypted bytes are r's.
func (b *Body) Reader(r io.ReaderAt, size, off, length int64) *Reader {
	return &Reader{b: b, r: r, size: size, off: off, end: off + length}
}

// Read reads plain bytes. None is returned before its unit is verified.
func (r *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(r.plain) == 0 {
		if r.off >= r.end {
			return 0, io.EOF
		}
		if err := r.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.plain)
	r.plain = r.plain[n:]
	return n, nil
}

// WriteTo writes the range without copying it once more.
func (r *Reader) WriteTo(w io.Writer) (n int64, err error) {
	for {
		if len(r.plain) == 0 {
			if r.off >= r.end {
				return n, nil
			}
			if err := r.next(); err != nil {
				return n, err
			}
		}
		m, err := w.Write(r.plain)
		n += int64(m)
		r.plain = r.plain[m:]
		if err != nil {
			return n, err
		}
	}
}

// next decrypts the unit where the range goes on.
func (r *Reader) next() error {
	unit := r.off / plainUnit
	begin := unit * plainUnit
	length := min(plainUnit, r.size-begin)
	sealed := r.buf[:length+keyhaven.SealTag]
	n, err := r.r.ReadAt(sealed, unit*keyhaven.SealUnit)
	if n < len(sealed) {
		if err == nil || errors.Is(err, io.EOF) {
			err = ErrDamaged
		}
		return err
	}
	nonce := nonce(uint64(unit), begin+length == r.size)
	plain, err := r.b.aead.Open(sealed[:0], nonce[:], sealed, nil)
	if err != nil {
		return ErrDamaged
	}
	stop := min(length, r.end-begin)
	r.plain = plain[r.off-begin : stop]
	r.off = begin + stop
	return nil
}
