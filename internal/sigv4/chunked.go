package sigv4

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
)

const (
	minChunk      = 8 << 10 // bytes; all chunks but the last
	maxLine       = 1 << 10 // bytes of a chunk header or a trailer line
	chunkBuffer   = 4 << 10
	maxSizeDigits = 16

	chunkExtension = "chunk-signature="
)

// ChunkedReader decodes an aws-chunked body ("Signature Calculations for the
// Authorization Header: Transferring Payload in Multiple Chunks" and the pages
// on trailing headers, S3 API reference).
//
// A chunk is not held back until its signature is known, as clients send chunks
// of many MiB: its bytes are handed out as they come, and when the signature is
// wrong the next Read returns the error, before any byte of the next chunk.
// So V2: nothing read is to be trusted before io.EOF.
type ChunkedReader struct {
	in      *bufio.Reader
	sign    *chunkSigner // nil when chunks are not signed
	opt     ChunkOptions
	left    int64 // bytes of the current chunk still to read
	open    bool  // in a chunk whose end has not been checked
	decoded int64 // bytes announced by the chunk headers so far
	chunks  int
	size    int64 // of the current chunk
	trailer http.Header
	err     error // sticky
}

// NewChunkedReader reads body, which it does not close. Errors about the body
// are *Error; those of body itself are wrapped.
func NewChunkedReader(body io.Reader, opt ChunkOptions) *ChunkedReader {
	c := &ChunkedReader{in: bufio.NewReaderSize(body, chunkBuffer), opt: opt}
	if opt.Payload != PayloadStreamingUnsignedTrailer {
		c.sign = newChunkSigner(&opt)
	}
	switch {
	case !opt.Payload.Streaming():
		c.err = errContentHash()
	case opt.Payload == PayloadStreamingSigned:
		c.opt.Trailers = nil // nothing would sign them
	}
	return c
}

// Trailer returns the trailing headers after io.EOF, keyed as http.Header does
// and never nil then; before, or after an error, nil.
func (c *ChunkedReader) Trailer() http.Header {
	if !errors.Is(c.err, io.EOF) {
		return nil
	}
	return c.trailer
}

func (c *ChunkedReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for c.err == nil {
		if c.left > 0 {
			return c.readData(p)
		}
		c.err = c.advance()
	}
	return 0, c.err
}

// readData copies from the current chunk, past the buffer where p is larger.
func (c *ChunkedReader) readData(p []byte) (int, error) {
	n, err := c.in.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if c.sign != nil {
		c.sign.data.Write(p[:n])
	}
	if err != nil && (n == 0 || err != io.EOF) {
		c.err = bodyError(err)
	}
	if n > 0 {
		return n, nil
	}
	return 0, c.err
}

// advance ends the current chunk and opens the next; after the last it reads
// the trailer and returns io.EOF.
func (c *ChunkedReader) advance() error {
	if c.open {
		c.open = false
		if err := c.endChunk(); err != nil {
			return err
		}
	}
	if err := c.openChunk(); err != nil {
		return err
	}
	if c.size > 0 {
		c.open, c.left = true, c.size
		return nil
	}
	if c.decoded != c.opt.DecodedLength {
		return errIncomplete()
	}
	if err := c.verify(); err != nil {
		return err
	}
	if err := c.readTrailer(); err != nil {
		return err
	}
	if _, err := c.in.ReadByte(); err == nil {
		return refuse(ChunkMalformed, "There is data after the last chunk.")
	} else if err != io.EOF {
		return bodyError(err)
	}
	return io.EOF
}

func (c *ChunkedReader) endChunk() error {
	var crlf [2]byte
	for i := range crlf {
		var err error
		if crlf[i], err = c.in.ReadByte(); err != nil {
			return bodyError(err)
		}
	}
	if crlf != [2]byte{'\r', '\n'} {
		return refuse(ChunkMalformed, "A chunk does not end in CR LF.")
	}
	return c.verify()
}

func (c *ChunkedReader) verify() error {
	if c.sign == nil || c.sign.verifyChunk() {
		return nil
	}
	return refuse(ChunkSignatureMismatch, "The chunk signature we calculated does not match the signature you provided.")
}

// openChunk reads "<hex size>[;chunk-signature=<hex>]".
func (c *ChunkedReader) openChunk() error {
	line, err := c.readLine(ChunkMalformed)
	if err != nil {
		return err
	}
	digits, extension, extended := bytes.Cut(line, []byte{';'})
	size, ok := parseSize(digits)
	switch {
	case !ok || extended != (c.sign != nil):
		return errChunkHeader()
	case extended:
		sig, found := bytes.CutPrefix(extension, []byte(chunkExtension))
		if !found || !c.sign.expect(sig) {
			return errChunkHeader()
		}
	}
	if size > 0 && c.chunks > 0 && c.size < minChunk {
		return &Error{
			Reason: ChunkTooSmall, Chunk: c.chunks + 1, ChunkSize: c.size,
			Detail: "Only the last chunk is allowed to have a size less than 8192 bytes",
		}
	}
	if size > c.opt.DecodedLength-c.decoded {
		return errIncomplete()
	}
	c.decoded += size
	c.size = size
	c.chunks++
	return nil
}

func parseSize(digits []byte) (int64, bool) {
	if len(digits) == 0 || len(digits) > maxSizeDigits {
		return 0, false
	}
	var n uint64
	for _, d := range digits {
		if !isHex(d) {
			return 0, false
		}
		n = n<<4 | uint64(unhex(d))
	}
	return int64(n), n <= math.MaxInt64
}

// readLine returns a line without its CR LF, valid until the next read.
func (c *ChunkedReader) readLine(r Reason) ([]byte, error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, bodyError(err)
	}
	text, ok := bytes.CutSuffix(line, []byte("\r\n"))
	if !ok || len(line) > maxLine {
		return nil, refuse(r, "A line is longer than 1 KiB or does not end in CR LF.")
	}
	return text, nil
}

func errChunkHeader() error {
	return refuse(ChunkMalformed, "A chunk header is not a size in hex, followed by its signature if chunks are signed.")
}

func errIncomplete() error {
	return refuse(IncompleteBody, "You did not provide the number of bytes specified by the Content-Length HTTP header.")
}

// bodyError translates an error of the body itself.
func bodyError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return refuse(IncompleteBody, "The request body terminated unexpectedly")
	}
	return fmt.Errorf("sigv4: read body: %w", err)
}
