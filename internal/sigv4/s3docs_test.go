package sigv4_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/sigv4"
	"github.com/keyhaven/keyhaven/internal/sigv4/sigv4test"
)

const docCredential = "AWS4-HMAC-SHA256 Credential=" + testID + "/20130524/us-east-1/s3/aws4_request,"

// TestS3DocumentationExamples replays "Examples: Signature Calculations" of the
// S3 API reference.
func TestS3DocumentationExamples(t *testing.T) {
	empty := "x-amz-content-sha256: " + sigv4.EmptyHash
	tests := []struct {
		name, line string
		headers    []string
		body       string
	}{
		{"GET object", "GET /test.txt", []string{
			"Authorization: " + docCredential + "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date," +
				"Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
			"Range: bytes=0-9", empty,
		}, ""},
		{"PUT object", "PUT /test$file.text", []string{
			"Date: Fri, 24 May 2013 00:00:00 GMT",
			"Authorization: " + docCredential +
				"SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class," +
				"Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
			"x-amz-storage-class: REDUCED_REDUNDANCY", "Content-Length: 21",
			"x-amz-content-sha256: 44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
		}, "Welcome to Amazon S3."},
		{"GET bucket lifecycle", "GET /?lifecycle", []string{
			"Authorization: " + docCredential + "SignedHeaders=host;x-amz-content-sha256;x-amz-date," +
				"Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543", empty,
		}, ""},
		{"list objects", "GET /?max-keys=2&prefix=J", []string{
			"Authorization: " + docCredential + "SignedHeaders=host;x-amz-content-sha256;x-amz-date," +
				"Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7", empty,
		}, ""},
		{
			"presigned GET", "GET /test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" + testID +
				"%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400" +
				"&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
			nil, "",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			lines := append([]string{tt.line + " HTTP/1.1", "Host: examplebucket.s3.amazonaws.com"}, tt.headers...)
			if tt.headers != nil {
				lines = append(lines, "x-amz-date: 20130524T000000Z")
			}
			r := receive(t, strings.Join(lines, "\r\n")+"\r\n\r\n"+tt.body)
			body, err := accept(r, testSecret, testTime)
			if err != nil || string(body) != tt.body {
				t.Errorf("accept = %q, %v, want %q", body, err, tt.body)
			}
		})
	}
}

// docChunked is the 65 KiB of 'a' of the chunked upload examples.
type docChunked struct {
	kind, signed, seed string
	chunks             [3]string
	trailer            string
	length             string
}

var docUploads = map[string]docChunked{
	"signed": {
		kind:   sigv4test.StreamingSigned,
		signed: "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class",
		seed:   "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
		chunks: [3]string{
			"ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
			"0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
			"b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
		},
		length: "66824",
	},
	"signed with trailer": {
		kind:   sigv4test.StreamingSignedTrailer,
		signed: "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer",
		seed:   "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
		chunks: [3]string{
			"b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
			"1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
			"2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
		},
		trailer: "x-amz-checksum-crc32c:sOO8/Q==\r\n" +
			"x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n",
	},
}

func (d docChunked) request(t *testing.T) *http.Request {
	a := strings.Repeat("a", 65536)
	body := "10000;chunk-signature=" + d.chunks[0] + "\r\n" + a + "\r\n" +
		"400;chunk-signature=" + d.chunks[1] + "\r\n" + a[:1024] + "\r\n" +
		"0;chunk-signature=" + d.chunks[2] + "\r\n" + d.trailer + "\r\n"
	lines := []string{
		"PUT /examplebucket/chunkObject.txt HTTP/1.1", "Host: s3.amazonaws.com", "x-amz-date: 20130524T000000Z",
		"x-amz-storage-class: REDUCED_REDUNDANCY", "x-amz-content-sha256: " + d.kind, "Content-Encoding: aws-chunked",
		"x-amz-decoded-content-length: 66560",
		"Authorization: " + docCredential + "SignedHeaders=" + d.signed + ",Signature=" + d.seed,
	}
	if d.trailer != "" {
		lines = append(lines, "x-amz-trailer: x-amz-checksum-crc32c", "Transfer-Encoding: chunked")
		r := receive(t, strings.Join(lines, "\r\n")+"\r\n\r\n")
		setRawBody(r, body)
		return r
	}
	return receive(t, strings.Join(append(lines, "Content-Length: "+d.length), "\r\n")+"\r\n\r\n"+body)
}

func TestS3DocumentationChunkedUploads(t *testing.T) {
	for name, d := range docUploads {
		t.Run(name, func(t *testing.T) {
			body, err := accept(d.request(t), testSecret, testTime)
			if err != nil || !bytes.Equal(body, bytes.Repeat([]byte("a"), 66560)) {
				t.Errorf("accept = %d bytes, %v, want 66560 of 'a'", len(body), err)
			}
		})
	}
}

func TestTrailerAfterEOFOnly(t *testing.T) {
	r := docUploads["signed with trailer"].request(t)
	sig, err := sigv4.Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	opt, err := sig.ChunkOptions(r, sigv4.DeriveKey(keyhaven.NewSecret(testSecret), sig.Scope))
	if err != nil {
		t.Fatal(err)
	}
	c := sigv4.NewChunkedReader(r.Body, opt)
	if got := c.Trailer(); got != nil {
		t.Errorf("Trailer before EOF = %v, want nil", got)
	}
	var sink bytes.Buffer
	if _, err := sink.ReadFrom(c); err != nil {
		t.Fatal(err)
	}
	if got := c.Trailer().Get("x-amz-checksum-crc32c"); got != "sOO8/Q==" {
		t.Errorf("Trailer checksum = %q, want sOO8/Q==", got)
	}
}
