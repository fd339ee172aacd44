package md5lanes

import (
	"crypto/md5"
	"encoding"
	"encoding/binary"
	"hash"
	"sync"
)

// Size is the length of a sum in bytes.
const Size = md5.Size

const blockSize = 64

// Digest is the MD5 of a body that is written in pieces. It is for one goroutine.
type Digest struct {
	pool  *Pool
	state [4]uint32
	size  uint64
	tail  [blockSize]byte // size % blockSize bytes that make no block yet
	job   job
	busy  bool
}

// New returns the digest of nothing.
func (p *Pool) New() *Digest {
	return &Digest{pool: p, state: [4]uint32{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}, job: job{done: make(chan struct{}, 1)}}
}

// Start begins to hash p, which follows what came before. p must not change
// until Wait has returned. Large pieces are cheaper: 64 KiB and more.
func (d *Digest) Start(p []byte) {
	d.Wait()
	have := int(d.size % blockSize)
	d.size += uint64(len(p))
	if have > 0 {
		n := copy(d.tail[have:], p)
		if p = p[n:]; have+n < blockSize {
			return
		}
		hashAlone(&d.state, d.tail[:])
	}
	whole := len(p) / blockSize * blockSize
	copy(d.tail[:], p[whole:])
	if whole == 0 {
		return
	}
	d.job.state, d.job.rest = &d.state, p[:whole]
	d.busy = true
	d.pool.submit(&d.job)
}

// Wait returns when what Start was given has been hashed.
func (d *Digest) Wait() {
	if d.busy {
		<-d.job.done
		d.busy = false
	}
}

// Sum appends the sum of all that was hashed to b.
func (d *Digest) Sum(b []byte) []byte {
	d.Wait()
	end := make([]byte, 0, 2*blockSize)
	end = append(end, d.tail[:d.size%blockSize]...)
	end = append(end, 0x80)
	for len(end)%blockSize != blockSize-8 {
		end = append(end, 0)
	}
	end = binary.LittleEndian.AppendUint64(end, d.size<<3)
	state := d.state
	hashAlone(&state, end)
	for _, v := range state {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

// alone is crypto/md5 with room for its state, which it takes and gives in
// encoded form.
type alone struct {
	hash.Hash
	encoded []byte
}

var aloneHashes = sync.Pool{New: func() any { return &alone{Hash: md5.New()} }}

// encodedState is how crypto/md5 encodes a state: a name, the four words, a
// block's bytes that wait and the size. The format is kept by its promise that
// states can be stored.
const (
	encodedName = "md5\x01"
	encodedSize = len(encodedName) + md5.Size + blockSize + 8
)

// hashAlone hashes whole blocks with crypto/md5.
func hashAlone(state *[4]uint32, blocks []byte) {
	h := aloneHashes.Get().(*alone)
	defer aloneHashes.Put(h)
	b := append(h.encoded[:0], encodedName...)
	for _, v := range state {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	b = append(b, make([]byte, blockSize+8)...)
	if err := h.Hash.(encoding.BinaryUnmarshaler).UnmarshalBinary(b); err != nil {
		panic("md5lanes: crypto/md5 refuses its own state: " + err.Error())
	}
	h.Write(blocks)
	b, err := h.Hash.(encoding.BinaryAppender).AppendBinary(b[:0])
	if err != nil || len(b) != encodedSize {
		panic("md5lanes: crypto/md5 has another state than it had")
	}
	for i := range state {
		state[i] = binary.BigEndian.Uint32(b[len(encodedName)+4*i:])
	}
	h.encoded = b
}
