package sigv4_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/sigv4"
	"github.com/keyhaven/keyhaven/internal/sigv4/sigv4test"
)

var seed = strings.Repeat("5", 64)

func chunkOptions(kind sigv4.Payload, length int, trailers ...string) sigv4.ChunkOptions {
	scope := sigv4.Scope{Date: "20130524", Region: "us-east-1", Service: "s3"}
	return sigv4.ChunkOptions{
		Payload: kind, DecodedLength: int64(length), Trailers: trailers, Seed: seed,
		Key: sigv4.DeriveKey(keyhaven.NewSecret(testSecret), scope), Scope: scope, Time: testTime,
	}
}

func decode(body string, opt sigv4.ChunkOptions) ([]byte, http.Header, error) {
	c := sigv4.NewChunkedReader(strings.NewReader(body), opt)
	got, err := io.ReadAll(c)
	return got, c.Trailer(), err
}

func TestChunkedFraming(t *testing.T) {
	big := strings.Repeat("b", 8192)
	const crcLine = "x-amz-checksum-crc32:AAAAAA==\r\n"
	tests := []struct {
		name, body string
		length     int
		want       sigv4.Reason
	}{
		{"one chunk", "5\r\nhello\r\n0\r\n" + crcLine + "\r\n", 5, 0},
		{"empty body", "0\r\n" + crcLine + "\r\n", 0, 0},
		{"two chunks, leading zeros, upper case", "0000000000002000\r\n" + big + "\r\nA\r\n0123456789\r\n0\r\n" + crcLine + "\r\n", 8202, 0},
		{"trailer spelled otherwise", "0\r\nX-Amz-Checksum-CRC32: AAAAAA== \r\n\r\n", 0, 0},
		{"small chunk before another", "5\r\nhello\r\n5\r\nhello\r\n0\r\n" + crcLine + "\r\n", 10, sigv4.ChunkTooSmall},
		{"too few bytes", "5\r\nhello\r\n0\r\n" + crcLine + "\r\n", 6, sigv4.IncompleteBody},
		{"too many bytes", "5\r\nhello\r\n0\r\n" + crcLine + "\r\n", 4, sigv4.IncompleteBody},
		{"nothing", "", 0, sigv4.IncompleteBody},
		{"cut in the header", "5", 5, sigv4.IncompleteBody},
		{"cut in the data", "5\r\nhel", 5, sigv4.IncompleteBody},
		{"cut before the chunk's CRLF", "5\r\nhello", 5, sigv4.IncompleteBody},
		{"no final chunk", "5\r\nhello\r\n", 5, sigv4.IncompleteBody},
		{"no trailer at all", "5\r\nhello\r\n0\r\n", 5, sigv4.IncompleteBody},
		{"no empty line", "5\r\nhello\r\n0\r\n" + crcLine, 5, sigv4.IncompleteBody},
		{"data after the end", "5\r\nhello\r\n0\r\n" + crcLine + "\r\nx", 5, sigv4.ChunkMalformed},
		{"chunk longer than its size", "5\r\nhello!\r\n0\r\n\r\n", 5, sigv4.ChunkMalformed},
		{"chunk without its CRLF", "5\r\nhelloXX0\r\n" + crcLine + "\r\n", 5, sigv4.ChunkMalformed},
		{"bare LF", "5\nhello\n0\n\n", 5, sigv4.ChunkMalformed},
		{"no size", "\r\nhello\r\n", 5, sigv4.ChunkMalformed},
		{"size not hex", "0x5\r\nhello\r\n", 5, sigv4.ChunkMalformed},
		{"size signed", "+5\r\nhello\r\n", 5, sigv4.ChunkMalformed},
		{"size with a space", "5 \r\nhello\r\n", 5, sigv4.ChunkMalformed},
		{"size overflows int64", "8000000000000000\r\n", 5, sigv4.ChunkMalformed},
		{"size overflows 64 bits", "10000000000000005\r\nhello\r\n", 5, sigv4.ChunkMalformed},
		{"size larger than announced", "7fffffffffffffff\r\n", 5, sigv4.IncompleteBody},
		{"extension where chunks are unsigned", "5;chunk-signature=" + seed + "\r\nhello\r\n", 5, sigv4.ChunkMalformed},
		{"header line too long", strings.Repeat("0", 2000) + "5\r\nhello\r\n", 5, sigv4.ChunkMalformed},
		{"header line without end", strings.Repeat("0", 1<<20), 5, sigv4.ChunkMalformed},
		{"announced trailer missing", "0\r\n\r\n", 0, sigv4.TrailerMalformed},
		{"trailer not announced", "0\r\n" + crcLine + "x-amz-acl:public-read\r\n\r\n", 0, sigv4.TrailerMalformed},
		{"another trailer instead", "0\r\nx-amz-acl:public-read\r\n\r\n", 0, sigv4.TrailerMalformed},
		{"trailer twice", "0\r\n" + crcLine + crcLine + "\r\n", 0, sigv4.TrailerMalformed},
		{"trailer empty", "0\r\nx-amz-checksum-crc32:\r\n\r\n", 0, sigv4.TrailerMalformed},
		{"trailer without colon", "0\r\nx-amz-checksum-crc32\r\n\r\n", 0, sigv4.TrailerMalformed},
		{"trailer line too long", "0\r\nx-amz-checksum-crc32:" + big[:1500] + "\r\n\r\n", 0, sigv4.TrailerMalformed},
		{"trailer too long", "0\r\nx-amz-checksum-crc32:" + big + "\r\n\r\n", 0, sigv4.TrailerMalformed},
		{"signature where nothing is signed", "0\r\n" + crcLine + "x-amz-trailer-signature:" + seed + "\r\n\r\n", 0, sigv4.TrailerMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			opt := chunkOptions(sigv4.PayloadStreamingUnsignedTrailer, tt.length, "x-amz-checksum-crc32")
			body, trailer, err := decode(tt.body, opt)
			if got := reasonOf(err); got != tt.want {
				t.Errorf("error = %v, want reason %d", err, tt.want)
			}
			if len(body) > tt.length {
				t.Errorf("%d bytes released, announced %d", len(body), tt.length)
			}
			if tt.want == 0 && (err != nil || len(body) != tt.length || trailer.Get("x-amz-checksum-crc32") != "AAAAAA==") {
				t.Errorf("decode = %d bytes, %v, %v, want %d", len(body), trailer, err, tt.length)
			}
			if tt.want != 0 && trailer != nil {
				t.Errorf("Trailer after an error = %v, want nil", trailer)
			}
		})
	}
}

func TestManyTrailers(t *testing.T) {
	var names []string
	for _, c := range "abcdefgh" {
		names = append(names, "x-amz-checksum-"+string(c))
	}
	body := func(names []string, value string) string {
		lines := "0\r\n"
		for _, name := range names {
			lines += name + ":" + value + "\r\n"
		}
		return lines + "\r\n"
	}
	twice := slices.Concat(names[:7], names[:1])
	tests := []struct {
		name, body string
		kind       sigv4.Payload
		want       sigv4.Reason
	}{
		{"all", body(names, "v"), sigv4.PayloadStreamingUnsignedTrailer, 0},
		{"one twice, another not", body(twice, "v"), sigv4.PayloadStreamingUnsignedTrailer, sigv4.TrailerMalformed},
		{"4 KiB", body(names, strings.Repeat("v", 490)), sigv4.PayloadStreamingUnsignedTrailer, 0},
		{"more than 4 KiB", body(names, strings.Repeat("v", 500)), sigv4.PayloadStreamingUnsignedTrailer, sigv4.TrailerMalformed},
		{
			"where nothing signs them", strings.Replace(body(names, "v"), "0\r\n", "0;chunk-signature="+signer().ChunkSignature(seed, nil)+"\r\n", 1),
			sigv4.PayloadStreamingSigned, sigv4.TrailerMalformed,
		},
	}
	for _, tt := range tests {
		_, trailer, err := decode(tt.body, chunkOptions(tt.kind, 0, names...))
		if reasonOf(err) != tt.want || tt.want == 0 && len(trailer) != len(names) {
			t.Errorf("%s: decode = %d trailers, %v, want reason %d", tt.name, len(trailer), err, tt.want)
		}
	}
}

type attack struct {
	name, body string
	length     int
	want       sigv4.Reason
}

// TestS1_ChunkAttacks edits a rightly signed body of three full chunks.
func TestS1_ChunkAttacks(t *testing.T) {
	const size = 8192
	chunks := [][]byte{bytes.Repeat([]byte("a"), size), bytes.Repeat([]byte("b"), size), bytes.Repeat([]byte("c"), size)}
	for _, kind := range []sigv4.Payload{sigv4.PayloadStreamingSigned, sigv4.PayloadStreamingSignedTrailer} {
		trailer, names := sigv4test.Trailer{}, []string(nil)
		if kind == sigv4.PayloadStreamingSignedTrailer {
			trailer, names = crc, []string{crc.Name}
		}
		body := string(signer().EncodeChunks(seed, chunks, trailer))
		frame := strings.Index(body, "\r\nb") // between frames: header, data, CRLF
		frame = strings.LastIndex(body[:frame], "\r\n") + 2
		a, b, c, end := body[:frame], body[frame:2*frame], body[2*frame:3*frame], body[3*frame:]
		attacks := []attack{
			{"untouched", body, 3 * size, 0},
			{"reordered", a + c + b + end, 3 * size, sigv4.ChunkSignatureMismatch},
			{"first dropped", b + c + end, 2 * size, sigv4.ChunkSignatureMismatch},
			{"last dropped", a + b + end, 2 * size, sigv4.ChunkSignatureMismatch},
			{"duplicated", a + b + b + c + end, 4 * size, sigv4.ChunkSignatureMismatch},
			{"truncated at a chunk", a + b, 2 * size, sigv4.IncompleteBody},
			{"truncated in a chunk", a + b[:100], 3 * size, sigv4.IncompleteBody},
			{"end only", end, 0, sigv4.ChunkSignatureMismatch},
			{"one byte changed", strings.Replace(body, "bbb", "bxb", 1), 3 * size, sigv4.ChunkSignatureMismatch},
			{"signature changed", strings.Replace(body, "chunk-signature=", "chunk-signature=\x00", 1), 3 * size, sigv4.ChunkMalformed},
			{
				"signature of zeros", a[:len("2000;chunk-signature=")] + strings.Repeat("0", 64) + a[len("2000;chunk-signature=")+64:] + b + c + end,
				3 * size, sigv4.ChunkSignatureMismatch,
			},
			{"signature left out", "2000\r\n" + a[strings.Index(a, "\r\n")+2:] + b + c + end, 3 * size, sigv4.ChunkMalformed},
			{"unsigned end", a + b + c + "0\r\n\r\n", 3 * size, sigv4.ChunkMalformed},
			{"data after the end", body + "x", 3 * size, sigv4.ChunkMalformed},
		}
		if trailer.Name != "" {
			line := trailer.Name + ":" + trailer.Value
			sigLine := end[strings.Index(end, "x-amz-trailer-signature"):]
			attacks = append(attacks, []attack{
				{"trailer changed", strings.Replace(body, line, trailer.Name+":BBBBBB==", 1), 3 * size, sigv4.ChunkSignatureMismatch},
				{"trailer dropped", strings.Replace(body, line+"\r\n", "", 1), 3 * size, sigv4.TrailerMalformed},
				{"trailer signature dropped", strings.Replace(body, sigLine, "\r\n", 1), 3 * size, sigv4.TrailerMalformed},
				{
					"trailer after its signature", strings.Replace(body, sigLine, sigLine[:len(sigLine)-2]+"x-amz-acl:public-read\r\n\r\n", 1),
					3 * size, sigv4.TrailerMalformed,
				},
				{"trailer and signature dropped", body[:strings.Index(body, line)] + "\r\n", 3 * size, sigv4.TrailerMalformed},
			}...)
		}
		for _, tt := range attacks {
			t.Run(tt.name, func(t *testing.T) {
				got, _, err := decode(tt.body, chunkOptions(kind, tt.length, names...))
				if reasonOf(err) != tt.want || tt.want == 0 && err != nil {
					t.Errorf("decode = %d bytes, %v, want reason %d", len(got), err, tt.want)
				}
			})
		}
	}
}

// TestS1_NoByteOfTheNextChunkAfterABadOne holds ChunkedReader to V2.
func TestS1_NoByteOfTheNextChunkAfterABadOne(t *testing.T) {
	chunks := [][]byte{bytes.Repeat([]byte("a"), 8192), bytes.Repeat([]byte("b"), 8192)}
	body := strings.Replace(string(signer().EncodeChunks(seed, chunks, sigv4test.Trailer{})), "aa", "ax", 1)
	for _, size := range []int{1, 100, 8192, 1 << 20} {
		c := sigv4.NewChunkedReader(strings.NewReader(body), chunkOptions(sigv4.PayloadStreamingSigned, 16384))
		var got []byte
		var err error
		for buf := make([]byte, size); err == nil; {
			var n int
			n, err = c.Read(buf)
			got = append(got, buf[:n]...)
		}
		wantReason(t, err, sigv4.ChunkSignatureMismatch)
		if bytes.Contains(got, []byte("b")) || len(got) != 8192 {
			t.Errorf("reads of %d: %d bytes released, want the 8192 of the bad chunk and none of the next", size, len(got))
		}
		if _, again := c.Read(make([]byte, 1)); !errors.Is(again, err) {
			t.Errorf("Read after the error = %v, want the same error", again)
		}
	}
}

// TestChunkedReaderKeepsValidBodies reads random bodies through readers that
// split them at will.
func TestChunkedReaderKeepsValidBodies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var chunks [][]byte
		for range rapid.IntRange(0, 4).Draw(t, "chunks") {
			n := rapid.IntRange(8192, 40000).Draw(t, "size")
			chunks = append(chunks, bytes.Repeat([]byte{byte(n), byte(n >> 8), 'x'}, n/3+1))
		}
		if rapid.Bool().Draw(t, "tail") {
			chunks = append(chunks, []byte("tail"))
		}
		kind := rapid.SampledFrom([]sigv4.Payload{
			sigv4.PayloadStreamingSigned, sigv4.PayloadStreamingSignedTrailer,
			sigv4.PayloadStreamingUnsignedTrailer,
		}).Draw(t, "kind")
		want, body, names := bytes.Join(chunks, nil), []byte(nil), []string{crc.Name}
		switch kind {
		case sigv4.PayloadStreamingSigned:
			body, names = signer().EncodeChunks(seed, chunks, sigv4test.Trailer{}), nil
		case sigv4.PayloadStreamingSignedTrailer:
			body = signer().EncodeChunks(seed, chunks, crc)
		default:
			body = sigv4test.EncodeUnsignedChunks(chunks, crc)
		}
		in := rapid.SampledFrom([]func(io.Reader) io.Reader{
			func(r io.Reader) io.Reader { return r }, iotest.HalfReader, iotest.DataErrReader,
		}).Draw(t, "in")
		out := rapid.SampledFrom([]func(io.Reader) io.Reader{
			func(r io.Reader) io.Reader { return r }, iotest.HalfReader,
		}).Draw(t, "out")
		c := sigv4.NewChunkedReader(in(bytes.NewReader(body)), chunkOptions(kind, len(want), names...))
		got, err := io.ReadAll(out(c))
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("ReadAll = %d bytes, %v, want %d", len(got), err, len(want))
		}
		if len(c.Trailer()) != len(names) {
			t.Errorf("Trailer = %v, want %v", c.Trailer(), names)
		}
	})
}

func TestChunkedReaderReportsBodyErrors(t *testing.T) {
	broken := errors.New("connection reset")
	body := string(sigv4test.EncodeUnsignedChunks([][]byte{chunk}, crc))
	for _, at := range []int{0, 2, 10, 5000, len(body) - 3, len(body)} {
		in := io.MultiReader(strings.NewReader(body[:at]), iotest.ErrReader(broken))
		c := sigv4.NewChunkedReader(in, chunkOptions(sigv4.PayloadStreamingUnsignedTrailer, len(chunk), crc.Name))
		if _, err := io.ReadAll(c); !errors.Is(err, broken) {
			t.Errorf("body that breaks at %d: error = %v, want %v", at, err, broken)
		}
	}
	// An error that comes together with data and only once must not be lost.
	in := &scriptedReader{body, []int{4096, 4000, len(body)}, broken}
	c := sigv4.NewChunkedReader(in, chunkOptions(sigv4.PayloadStreamingUnsignedTrailer, len(chunk), crc.Name))
	if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, c, make([]byte, 1<<20)); !errors.Is(err, broken) {
		t.Errorf("error with data: error = %v, want %v", err, broken)
	}
}

// scriptedReader returns as many bytes as the script says; the second time with
// an error.
type scriptedReader struct {
	body   string
	script []int
	err    error
}

func (s *scriptedReader) Read(p []byte) (int, error) {
	if len(s.script) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.body[:min(s.script[0], len(s.body))])
	s.body, s.script = s.body[n:], s.script[1:]
	if len(s.script) == 1 {
		return n, s.err
	}
	return n, nil
}

func TestChunkOptions(t *testing.T) {
	tests := []struct {
		name   string
		kind   string
		header http.Header
		want   sigv4.Reason
		names  []string
	}{
		{"no length", sigv4test.StreamingSigned, http.Header{}, sigv4.DecodedLengthMissing, nil},
		{"length signed", sigv4test.StreamingSigned, http.Header{"X-Amz-Decoded-Content-Length": {"-1"}}, sigv4.DecodedLengthInvalid, nil},
		{"length with plus", sigv4test.StreamingSigned, http.Header{"X-Amz-Decoded-Content-Length": {"+1"}}, sigv4.DecodedLengthInvalid, nil},
		{"length too large", sigv4test.StreamingSigned, http.Header{"X-Amz-Decoded-Content-Length": {"9223372036854775808"}}, sigv4.DecodedLengthInvalid, nil},
		{"length twice", sigv4test.StreamingSigned, http.Header{"X-Amz-Decoded-Content-Length": {"1", "1"}}, sigv4.DecodedLengthInvalid, nil},
		{"not streaming", sigv4test.UnsignedPayload, http.Header{"X-Amz-Decoded-Content-Length": {"1"}}, sigv4.ContentHashInvalid, nil},
		{"trailer in the kind without", sigv4test.StreamingSigned, http.Header{
			"X-Amz-Decoded-Content-Length": {"1"},
			"X-Amz-Trailer":                {"x-amz-checksum-crc32"},
		}, sigv4.TrailerMalformed, nil},
		{"two trailers", sigv4test.StreamingUnsignedTrailer, http.Header{
			"X-Amz-Decoded-Content-Length": {"1"},
			"X-Amz-Trailer":                {"X-Amz-Checksum-CRC32, x-amz-meta-a"},
		}, 0, []string{"x-amz-checksum-crc32", "x-amz-meta-a"}},
		{"trailer twice", sigv4test.StreamingUnsignedTrailer, http.Header{
			"X-Amz-Decoded-Content-Length": {"1"},
			"X-Amz-Trailer":                {"a", "A"},
		}, sigv4.TrailerMalformed, nil},
		{"trailer empty", sigv4test.StreamingUnsignedTrailer, http.Header{
			"X-Amz-Decoded-Content-Length": {"1"},
			"X-Amz-Trailer":                {""},
		}, sigv4.TrailerMalformed, nil},
		{"trailer named as the signature", sigv4test.StreamingSignedTrailer, http.Header{
			"X-Amz-Decoded-Content-Length": {"1"},
			"X-Amz-Trailer":                {"x-amz-trailer-signature"},
		}, sigv4.TrailerMalformed, nil},
		{"too many trailers", sigv4test.StreamingUnsignedTrailer, http.Header{
			"X-Amz-Decoded-Content-Length": {"1"},
			"X-Amz-Trailer":                {"a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q"},
		}, sigv4.TrailerMalformed, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := putRequest()
			signer().Sign(r, tt.kind)
			sig, err := sigv4.Parse(r)
			if err != nil {
				t.Fatal(err)
			}
			r.Header = tt.header
			opt, err := sig.ChunkOptions(r, sigv4.SigningKey{})
			if reasonOf(err) != tt.want || !slices.Equal(opt.Trailers, tt.names) {
				t.Errorf("ChunkOptions = %v, %v, want %v, reason %d\n%s", opt.Trailers, err, tt.names, tt.want, cmp.Diff(tt.names, opt.Trailers))
			}
			if tt.want == 0 && (opt.DecodedLength != 1 || opt.Seed != sig.Provided()) {
				t.Errorf("ChunkOptions = length %d, seed %q", opt.DecodedLength, opt.Seed)
			}
		})
	}
}
