package s3_test

import (
	"fmt"
	"strings"
	"testing"
)

// part uploads a part and returns its element for complete.
func (s *server) part(t testing.TB, k keyPair, path, upload string, number int, body string, headers ...string) string {
	t.Helper()
	a := s.must(t, k, "PUT", fmt.Sprintf("%s?partNumber=%d&uploadId=%s", path, number, upload), body, headers...)
	return partElement(number, a.header.Get("Etag"))
}

func partElement(number int, etag string) string {
	return fmt.Sprintf("<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", number, etag)
}

func completeBody(parts ...string) string {
	return "<CompleteMultipartUpload>" + strings.Join(parts, "") + "</CompleteMultipartUpload>"
}

// complete completes an upload, which must succeed.
func (s *server) complete(t testing.TB, k keyPair, path, upload string, parts ...string) *answer {
	t.Helper()
	return s.must(t, k, "POST", path+"?uploadId="+upload, completeBody(parts...))
}

// begin begins an upload and returns its id.
func (s *server) begin(t testing.TB, k keyPair, path string, headers ...string) string {
	t.Helper()
	return s.must(t, k, "POST", path+"?uploads", "", headers...).element("UploadId")
}
