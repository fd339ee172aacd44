package s3_test

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/checksum"
	"github.com/keyhaven/keyhaven/internal/sigv4/sigv4test"
)

func sumOf(a keyhaven.ChecksumAlgorithm, parts ...string) string {
	h := checksum.New(a)
	for _, p := range parts {
		h.Write([]byte(p))
	}
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

func sumHeader(a keyhaven.ChecksumAlgorithm) string { return "X-Amz-Checksum-" + a.String() }

// TestChecksumsByHeader: right ones are kept and told, wrong ones keep the
// object out.
func TestChecksumsByHeader(t *testing.T) {
	run(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		for _, a := range keyhaven.ChecksumAlgorithms {
			for _, body := range []string{"", "hello", content(200 << 10)} {
				path := fmt.Sprintf("/photos/%s-%d", a, len(body))
				sum := sumOf(a, body)
				put := s.must(t, root, "PUT", path, body, sumHeader(a)+": "+sum, "X-Amz-Sdk-Checksum-Algorithm: "+a.String())
				put.wantHeader(t, sumHeader(a), sum).wantHeader(t, "X-Amz-Checksum-Type", "FULL_OBJECT")
				for _, method := range []string{"GET", "HEAD"} {
					s.do(t, root, method, path, "", "X-Amz-Checksum-Mode: ENABLED").
						wantHeader(t, sumHeader(a), sum).wantHeader(t, "X-Amz-Checksum-Type", "FULL_OBJECT")
					s.do(t, root, method, path, "").wantHeader(t, sumHeader(a), "")
				}
				s.do(t, root, "PUT", path+"-bad", body, sumHeader(a)+": "+sumOf(a, body, "x")).want(t, 400, "BadDigest")
				s.do(t, root, "GET", path+"-bad", "").want(t, 404, "NoSuchKey")
			}
			for _, bad := range []string{"x", sumOf(a, "") + "-1", "AAAA", strings.Repeat("A", 100)} {
				s.do(t, root, "PUT", "/photos/bad", "", sumHeader(a)+": "+bad).want(t, 400, "InvalidRequest")
			}
		}
		s.do(t, root, "GET", "/photos/bad", "").want(t, 404, "NoSuchKey")
	})
}

// TestChecksumsOfRanges: a sum of the whole must not come with a range of it.
func TestChecksumsOfRanges(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	s.must(t, root, "PUT", "/photos/a.txt", "hello")
	const header = "X-Amz-Checksum-Crc64nvme"
	sum := sumOf(keyhaven.ChecksumCRC64NVME, "hello")
	for rng, want := range map[string]string{"bytes=0-3": "", "bytes=1-": "", "bytes=0-4": sum, "bytes=0-": sum} {
		s.do(t, root, "GET", "/photos/a.txt", "", "Range: "+rng, "X-Amz-Checksum-Mode: ENABLED").wantHeader(t, header, want)
	}
}

// TestChecksumsByTrailer in both chunked modes.
func TestChecksumsByTrailer(t *testing.T) {
	run(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		body := content(200 << 10)
		chunks := [][]byte{[]byte(body[:64<<10]), []byte(body[64<<10:])}
		send := func(path string, signed bool, trailer sigv4test.Trailer) *answer {
			r := s.request(t, "PUT", path, "", "X-Amz-Sdk-Checksum-Algorithm: "+strings.ToUpper(trailer.Name[len("x-amz-checksum-"):]))
			if signed {
				root.signer().SignStreaming(r, chunks, trailer)
			} else {
				root.signer().SignStreamingUnsigned(r, chunks, trailer)
			}
			return s.serve(r)
		}
		for _, a := range keyhaven.ChecksumAlgorithms {
			for _, signed := range []bool{true, false} {
				name := strings.ToLower(sumHeader(a))
				path := fmt.Sprintf("/photos/%s-%v", a, signed)
				good := sigv4test.Trailer{Name: name, Value: sumOf(a, body)}
				send(path, signed, good).wantBody(t, 200, "").wantHeader(t, sumHeader(a), good.Value)
				s.do(t, root, "GET", path, "", "X-Amz-Checksum-Mode: ENABLED").wantBody(t, 200, body).
					wantHeader(t, sumHeader(a), good.Value).wantHeader(t, "Content-Encoding", "")
				send(path+"-bad", signed, sigv4test.Trailer{Name: name, Value: sumOf(a, body, "x")}).want(t, 400, "BadDigest")
				send(path+"-bad", signed, sigv4test.Trailer{Name: name, Value: "nonsense"}).want(t, 400, "InvalidRequest")
				s.do(t, root, "GET", path+"-bad", "").want(t, 404, "NoSuchKey")
			}
		}
	})
}

func TestContentMD5(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	for _, body := range []string{"", "hello", content(200 << 10)} {
		sum := md5.Sum([]byte(body))
		s.must(t, root, "PUT", "/photos/good", body, "Content-Md5: "+base64.StdEncoding.EncodeToString(sum[:]))
		sum[0]++
		s.do(t, root, "PUT", "/photos/bad", body, "Content-Md5: "+base64.StdEncoding.EncodeToString(sum[:])).want(t, 400, "BadDigest")
		for _, invalid := range []string{"x", "aGVsbG8=", fmt.Sprintf("%x", sum), ""} {
			s.do(t, root, "PUT", "/photos/bad", body, "Content-Md5: "+invalid).want(t, 400, "InvalidDigest")
		}
	}
	s.do(t, root, "GET", "/photos/bad", "").want(t, 404, "NoSuchKey")
	if n := blobs(t, s); n != 1 {
		t.Errorf("%d blobs are left, want the one of the object", n)
	}
}

// blobs counts the blobs in the store.
func blobs(t testing.TB, s *server) (n int) {
	t.Helper()
	for _, err := range s.blobs.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// TestChecksumsOfUploads for every algorithm and type that go together.
func TestChecksumsOfUploads(t *testing.T) {
	run(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		body := content(firstPart + 1000)
		parts := []string{body[:firstPart], body[firstPart:]}
		for _, a := range keyhaven.ChecksumAlgorithms {
			for _, typ := range []keyhaven.ChecksumType{keyhaven.FullObject, keyhaven.Composite} {
				path := fmt.Sprintf("/photos/%s-%s", a, typ)
				headers := []string{"X-Amz-Checksum-Algorithm: " + a.String(), "X-Amz-Checksum-Type: " + typ.String()}
				if !checksum.Supports(a, typ) {
					s.do(t, root, "POST", path+"?uploads", "", headers...).want(t, 400, "InvalidRequest")
					continue
				}
				if s.virtualHost && a != keyhaven.ChecksumCRC32 {
					continue
				}
				testUploadSum(t, s, path, a, typ, parts, headers)
			}
		}
	})
}

func testUploadSum(t *testing.T, s *server, path string, a keyhaven.ChecksumAlgorithm, typ keyhaven.ChecksumType, parts, headers []string) {
	t.Helper()
	begun := s.must(t, root, "POST", path+"?uploads", "", headers...)
	begun.wantHeader(t, "X-Amz-Checksum-Algorithm", a.String()).wantHeader(t, "X-Amz-Checksum-Type", typ.String())
	upload := begun.element("UploadId")
	want := sumOf(a, parts...)
	if typ == keyhaven.Composite {
		var sums bytes.Buffer
		for _, p := range parts {
			h := checksum.New(a)
			h.Write([]byte(p))
			sums.Write(h.Sum(nil))
		}
		want = sumOf(a, sums.String()) + "-2"
	}
	first := sumHeader(a) + ": " + sumOf(a, parts[0])
	s.do(t, root, "PUT", path+"?partNumber=1&uploadId="+upload, parts[1], first).want(t, 400, "BadDigest")
	elements := []string{
		s.part(t, root, path, upload, 1, parts[0], first),
		s.part(t, root, path, upload, 2, parts[1]), // the server computes this one
	}
	element := "<Checksum" + a.String() + ">" + sumOf(a, parts[1]) + "</Checksum" + a.String() + "></Part>"
	elements[1] = strings.Replace(elements[1], "</Part>", element, 1)
	listed := s.must(t, root, "GET", path+"?uploadId="+upload, "").elements(t, "Checksum"+a.String())
	if len(listed) != 2 || listed[0] != sumOf(a, parts[0]) || listed[1] != sumOf(a, parts[1]) {
		t.Errorf("ListParts shows the sums %q", listed)
	}
	complete := func(value string) *answer {
		return s.do(t, root, "POST", path+"?uploadId="+upload, completeBody(elements...),
			sumHeader(a)+": "+value, "X-Amz-Checksum-Type: "+typ.String())
	}
	complete(sumOf(a, "x")).want(t, 400, "BadDigest")
	done := complete(want)
	if done.status != 200 || done.element("Checksum"+a.String()) != want || done.element("ChecksumType") != typ.String() {
		t.Errorf("Complete %s %s = %d %s, want %s", a, typ, done.status, done.body, want)
	}
	s.do(t, root, "HEAD", path, "", "X-Amz-Checksum-Mode: ENABLED").
		wantHeader(t, sumHeader(a), want).wantHeader(t, "X-Amz-Checksum-Type", typ.String())
	partSum := "" // a sum of the whole is all that S3 keeps
	if typ == keyhaven.Composite {
		partSum = sumOf(a, parts[1])
	}
	s.do(t, root, "HEAD", path+"?partNumber=2", "", "X-Amz-Checksum-Mode: ENABLED").wantHeader(t, sumHeader(a), partSum)
}

// TestDefaultChecksum: an upload that names no algorithm gets CRC64NVME of the
// whole, also when its parts come with other sums.
func TestDefaultChecksum(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	upload := s.begin(t, root, "/photos/a.bin")
	p := s.part(t, root, "/photos/a.bin", upload, 1, "hello", sumHeader(keyhaven.ChecksumCRC32)+": "+sumOf(keyhaven.ChecksumCRC32, "hello"))
	done := s.complete(t, root, "/photos/a.bin", upload, p)
	if got, want := done.element("ChecksumCRC64NVME"), sumOf(keyhaven.ChecksumCRC64NVME, "hello"); got != want {
		t.Errorf("checksum = %q, want %q", got, want)
	}
}
