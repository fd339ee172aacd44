package object

import (
	"bytes"
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/checksum"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/sse"
)

// Integrity is what a client says about the bytes it sends.
type Integrity struct {
	// Algorithm of the checksum that is computed and stored; CRC64NVME when
	// none, as S3 does.
	Algorithm keyhaven.ChecksumAlgorithm
	// Expected returns the sum that the client announced, or nil. It is called
	// once the body has ended, because the sum may be in its trailer.
	Expected func() ([]byte, error)
	// MD5 is the value of Content-MD5, or nil.
	MD5 []byte

	// kept is the algorithm whose sum is stored when it is not Algorithm.
	kept keyhaven.ChecksumAlgorithm
}

// stored is a body that has been read to its end: in small, or in a committed
// blob. The caller calls free.
type stored struct {
	size     int64
	md5      [16]byte
	checksum keyhaven.Checksum
	small    []byte
	blob     blob.Ref
	salt     sse.Salt // of what is encrypted
	buf      *[]byte
	pool     *sync.Pool // of buf
}

// inlineBuffers hold one byte more than an inline body, to see whether there is
// more. There are several sizes, so that many slow clients with small bodies do
// not hold large buffers.
var inlineBuffers = [...]*sync.Pool{newBuffers(16<<10 + 1), newBuffers(64<<10 + 1), newBuffers(meta.MaxInline + 1)}

func newBuffers(size int) *sync.Pool {
	return &sync.Pool{New: func() any { b := make([]byte, size); return &b }}
}

// inlineBuffer returns a buffer for a body of this size, -1 when unknown, and
// the pool that it goes back to.
func inlineBuffer(size int64) (*[]byte, *sync.Pool) {
	class := len(inlineBuffers) - 1
	if size >= 0 {
		for i, n := range [...]int64{16 << 10, 64 << 10} {
			if size <= n {
				class = i
				break
			}
		}
	}
	return inlineBuffers[class].Get().(*[]byte), inlineBuffers[class]
}

// readBuffers are for bytes on the way to a client, who may be slow.
var readBuffers = newBuffers(blob.ReadUnit)

// spoolBuffers are for bodies on the way to a blob: one half is filled while the
// MD5 of the other is computed.
var spoolBuffers = sync.Pool{New: func() any { return new([2][128 << 10]byte) }}

func (st *stored) free() {
	if st.buf != nil {
		st.pool.Put(st.buf)
		st.buf, st.small = nil, nil
	}
}

// ingest reads the body to its end, verifies it and makes its bytes durable
// unless they are small enough to go with the record. size is -1 when unknown.
// An error of the body is returned as it is.
func (s *Service) ingest(ctx context.Context, body io.Reader, size int64, in Integrity, enc *sealer) (*stored, error) {
	if size > keyhaven.MaxPutSize {
		return nil, tooLarge()
	}
	st := &stored{}
	st.buf, st.pool = inlineBuffer(size)
	n, ended, err := fill(body, *st.buf)
	d := newDigest(in)
	switch {
	case err != nil:
		st.free()
		return nil, err
	case ended:
		st.small = (*st.buf)[:n]
		st.size = int64(n)
		st.md5 = md5.Sum(st.small)
		d.sums(st.small)
	default:
		err := s.spool(ctx, st, d, io.MultiReader(bytes.NewReader(*st.buf), body), size, enc)
		st.free()
		if err != nil {
			return nil, err
		}
	}
	err = d.verify(in, st)
	if err == nil {
		err = enc.small(st)
	}
	if err == nil && size >= 0 && st.size != size {
		err = fmt.Errorf("object: the body has %d bytes where %d were announced: %w", st.size, size, io.ErrUnexpectedEOF)
	}
	if err != nil {
		s.discard(ctx, st)
		return nil, err
	}
	return st, nil
}

// fill reads until p is full or the body has ended. io.ReadFull does not do: it
// says io.ErrUnexpectedEOF at the end of a short body, and so does a body whose
// client has hung up.
func fill(body io.Reader, p []byte) (n int, ended bool, err error) {
	for n < len(p) {
		m, err := body.Read(p[n:])
		n += m
		switch {
		case err == io.EOF:
			return n, true, nil
		case err != nil:
			return n, false, err
		}
	}
	return n, false, nil
}

// spool writes a large body to a blob.
func (s *Service) spool(ctx context.Context, st *stored, d *digest, body io.Reader, size int64, enc *sealer) error {
	plain, err := s.blobs.Create(ctx, enc.stored(size))
	if err != nil {
		return storage(err)
	}
	defer plain.Abort() // before anything can fail: an encrypting writer has nothing more to undo
	w, err := enc.writer(st, plain)
	if err != nil {
		return err
	}
	halves := spoolBuffers.Get().(*[2][128 << 10]byte)
	defer spoolBuffers.Put(halves)
	sum := s.lanes.New()
	behind := writeBehind{w: w}
	defer func() { // both read the buffers
		sum.Wait()
		_ = behind.wait() // has been seen, or is not the first error
	}()
	for i, ended := 0, false; !ended; i ^= 1 {
		n := 0
		if n, ended, err = fill(body, halves[i][:]); err != nil {
			return err
		}
		if st.size += int64(n); st.size > keyhaven.MaxPutSize {
			return tooLarge()
		}
		p := halves[i][:n]
		if err := behind.wait(); err != nil {
			return storage(err)
		}
		sum.Start(p) // and the other half is free
		behind.start(p)
		d.sums(p)
	}
	if err := behind.wait(); err != nil {
		return storage(err)
	}
	sum.Sum(st.md5[:0])
	st.blob, err = w.Commit(ctx)
	return storage(err)
}

// writeBehind writes to a blob while the caller reads what comes next.
type writeBehind struct {
	w    blob.Writer
	done chan error // nil when nothing is being written
}

func (b *writeBehind) start(p []byte) {
	done := make(chan error, 1)
	b.done = done
	go func() {
		_, err := b.w.Write(p)
		done <- err
	}()
}

func (b *writeBehind) wait() error {
	if b.done == nil {
		return nil
	}
	err := <-b.done
	b.done = nil
	return err
}

// discard gives up what ingest stored. A blob that cannot be deleted now is one
// that nothing names: sweep finds it after the next start.
func (s *Service) discard(ctx context.Context, st *stored) {
	st.free()
	if st.blob.IsZero() {
		return
	}
	ctx = context.WithoutCancel(ctx)
	if err := s.blobs.Delete(ctx, st.blob); err != nil {
		s.opts.Log.WarnContext(ctx, "blob left for sweep", "blob", st.blob, "err", err)
	}
}

// settle gives up the blob when the transaction that should have named it did
// not happen. After an unknown outcome it stays.
func (s *Service) settle(ctx context.Context, st *stored, err error) {
	if err == nil || meta.OutcomeUnknown(err) {
		st.free()
		return
	}
	s.discard(ctx, st)
}

func tooLarge() error {
	return &keyhaven.Error{Kind: keyhaven.TooLarge, Noun: keyhaven.NounObject}
}

// storage gives the blob store's own failures a kind that doors can translate.
func storage(err error) error {
	if errors.Is(err, blob.ErrNoSpace) {
		return &keyhaven.Error{Kind: keyhaven.Unavailable, Noun: keyhaven.NounStorage, Msg: "There is no space left on the server.", Err: err}
	}
	return err
}

// digest computes the additional checksums of a body that are asked for.
type digest struct {
	algorithm keyhaven.ChecksumAlgorithm
	sum       hash.Hash
	kept      hash.Hash // nil when sum is kept
}

func newDigest(in Integrity) *digest {
	d := &digest{algorithm: in.Algorithm}
	if d.algorithm == keyhaven.ChecksumNone {
		d.algorithm = keyhaven.ChecksumCRC64NVME
	}
	d.sum = checksum.New(d.algorithm)
	if in.kept != d.algorithm {
		d.kept = checksum.New(in.kept)
	}
	return d
}

// sums takes more of the body.
func (d *digest) sums(p []byte) {
	if d.kept != nil {
		d.kept.Write(p)
	}
	d.sum.Write(p)
}

// verify fills in the checksum and compares all sums with what the client
// announced.
func (d *digest) verify(in Integrity, st *stored) error {
	st.checksum = keyhaven.Checksum{Algorithm: d.algorithm, Value: d.sum.Sum(nil)}
	if in.MD5 != nil && !bytes.Equal(in.MD5, st.md5[:]) {
		return &keyhaven.Error{Kind: keyhaven.Invalid, Noun: keyhaven.NounDigest}
	}
	if in.Expected != nil {
		want, err := in.Expected()
		if err != nil {
			return err
		}
		if want != nil && !bytes.Equal(want, st.checksum.Value) {
			return &keyhaven.Error{Kind: keyhaven.Invalid, Noun: keyhaven.NounChecksum, ID: d.algorithm.String()}
		}
	}
	if d.kept != nil {
		st.checksum = keyhaven.Checksum{Algorithm: in.kept, Value: d.kept.Sum(nil)}
	}
	return nil
}
