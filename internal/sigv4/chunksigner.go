package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
)

// chunkSigner computes the chain of chunk signatures: each covers the one
// before it, from the signature of the request on. It allocates nothing after
// it was made.
type chunkSigner struct {
	mac     hash.Hash
	data    hash.Hash // of the current chunk, or of the trailer
	chunk   stringToSign
	trailer stringToSign
	prev    [2 * sha256.Size]byte
	want    [2 * sha256.Size]byte // as the client sent it
	sum     [sha256.Size]byte
	sumHex  [2 * sha256.Size]byte
}

// stringToSign is the text around the previous signature; the hash follows.
type stringToSign struct{ before, after []byte }

func newChunkSigner(opt *ChunkOptions) *chunkSigner {
	s := &chunkSigner{mac: hmac.New(newSHA256, opt.Key[:]), data: sha256.New()}
	common := "\n" + opt.Time.UTC().Format(timeFormat) + "\n" + opt.Scope.String() + "\n"
	s.chunk = stringToSign{[]byte("AWS4-HMAC-SHA256-PAYLOAD" + common), []byte("\n" + EmptyHash + "\n")}
	s.trailer = stringToSign{[]byte("AWS4-HMAC-SHA256-TRAILER" + common), []byte("\n")}
	copy(s.prev[:], opt.Seed)
	return s
}

// expect stores the signature to come.
func (s *chunkSigner) expect(sig []byte) bool {
	return copy(s.want[:], sig) == len(sig) && len(sig) == len(s.want)
}

// verifyChunk compares the signature of the data written since the last call
// and makes it the previous one.
func (s *chunkSigner) verifyChunk() bool { return s.verify(&s.chunk) }

func (s *chunkSigner) verifyTrailer() bool { return s.verify(&s.trailer) }

func (s *chunkSigner) verify(text *stringToSign) bool {
	s.mac.Reset()
	s.mac.Write(text.before)
	s.mac.Write(s.prev[:])
	s.mac.Write(text.after)
	hex.Encode(s.sumHex[:], s.data.Sum(s.sum[:0]))
	s.data.Reset()
	s.mac.Write(s.sumHex[:])
	hex.Encode(s.prev[:], s.mac.Sum(s.sum[:0]))
	return hmac.Equal(s.prev[:], s.want[:])
}
