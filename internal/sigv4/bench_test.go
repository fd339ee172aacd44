package sigv4_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/sigv4"
	"github.com/keyhaven/keyhaven/internal/sigv4/sigv4test"
)

// BenchmarkVerifyHeader parses and verifies a PUT as the SDKs sign it, with the
// signing key cached.
func BenchmarkVerifyHeader(b *testing.B) {
	r := putRequest()
	for _, name := range []string{"Amz-Sdk-Invocation-Id", "Amz-Sdk-Request", "X-Amz-Checksum-Crc32", "X-Amz-Sdk-Checksum-Algorithm", "Content-Type"} {
		r.Header.Set(name, "some value of some length")
	}
	r.URL.RawQuery = "x-id=UploadPart&uploadId=VXBsb2FkIElEIGZvciA2aWWpbmcncyBteS1tb3ZpZS5tMnRzIHVwbG9hZA&partNumber=1"
	signer().SignHeader(r, []byte("hello"))
	benchmarkVerify(b, r)
}

func BenchmarkVerifyPresigned(b *testing.B) {
	r := putRequest()
	signer().Presign(r, 1e12)
	benchmarkVerify(b, r)
}

func benchmarkVerify(b *testing.B, r *http.Request) {
	key := sigv4.DeriveKey(keyhaven.NewSecret(testSecret), sigv4.Scope{Date: "20130524", Region: "us-east-1", Service: "s3"})
	b.ReportAllocs()
	for b.Loop() {
		sig, err := sigv4.Parse(r)
		if err != nil {
			b.Fatal(err)
		}
		if err := sig.Verify(r, key, testTime, ""); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkChunkedReader decodes 4 MiB in chunks of 64 KiB.
func BenchmarkChunkedReader(b *testing.B) {
	data := bytes.Repeat([]byte("0123456789abcdef"), 4<<10)
	var chunks [][]byte
	for range 64 {
		chunks = append(chunks, data)
	}
	size := 64 * len(data)
	for _, bm := range []struct {
		name string
		body []byte
		opt  sigv4.ChunkOptions
	}{
		{"signed", signer().EncodeChunks(seed, chunks, sigv4test.Trailer{}), chunkOptions(sigv4.PayloadStreamingSigned, size)},
		{"unsigned", sigv4test.EncodeUnsignedChunks(chunks, crc), chunkOptions(sigv4.PayloadStreamingUnsignedTrailer, size, crc.Name)},
	} {
		b.Run(bm.name, func(b *testing.B) {
			buf := make([]byte, 128<<10)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				c := sigv4.NewChunkedReader(bytes.NewReader(bm.body), bm.opt)
				n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, c, buf)
				if err != nil || n != int64(size) {
					b.Fatalf("CopyBuffer = %d, %v, want %d", n, err, size)
				}
			}
		})
	}
}
