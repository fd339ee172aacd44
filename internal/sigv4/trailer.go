package sigv4

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
)

const (
	trailerSignature = "x-amz-trailer-signature"
	maxTrailerBytes  = 4 << 10 // all lines together
)

// readTrailer reads what follows the last chunk header: the announced trailers,
// each once, then their signature where chunks are signed, then an empty line.
func (c *ChunkedReader) readTrailer() error {
	c.trailer = http.Header{}
	seen, total := 0, 0
	for {
		line, err := c.readLine(TrailerMalformed)
		if err != nil {
			return err
		}
		if len(line) == 0 {
			break
		}
		name, value, ok := bytes.Cut(line, []byte{':'})
		key := strings.ToLower(string(name))
		total += len(line)
		if !ok || total > maxTrailerBytes {
			return errTrailer()
		}
		value = bytes.TrimSpace(value)
		if key == trailerSignature && c.opt.Payload == PayloadStreamingSignedTrailer {
			return c.endTrailer(seen, value)
		}
		if !slices.Contains(c.opt.Trailers, key) || c.trailer.Get(key) != "" || len(value) == 0 {
			return errTrailer()
		}
		c.trailer.Set(key, string(value))
		seen++
		if c.sign != nil {
			c.sign.data.Write([]byte(key + ":" + string(value) + "\n"))
		}
	}
	if seen != len(c.opt.Trailers) || c.opt.Payload == PayloadStreamingSignedTrailer {
		return errTrailer()
	}
	return nil
}

// endTrailer checks the signature, which is the last line.
func (c *ChunkedReader) endTrailer(seen int, sig []byte) error {
	if seen != len(c.opt.Trailers) || !c.sign.expect(sig) {
		return errTrailer()
	}
	if !c.sign.verifyTrailer() {
		return refuse(ChunkSignatureMismatch, "The trailer signature we calculated does not match the signature you provided.")
	}
	line, err := c.readLine(TrailerMalformed)
	if err == nil && len(line) != 0 {
		err = errTrailer()
	}
	return err
}

func errTrailer() error {
	return refuse(TrailerMalformed, "The request contained trailing data that was not well-formed or did not conform to our published schema.")
}
