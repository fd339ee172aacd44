package s3_test

import (
	"strings"
	"testing"

	"github.com/keyhaven/keyhaven/internal/bucket"
	"github.com/keyhaven/keyhaven/internal/s3"
)

// TestR18_BadInputIsRefused sends every operation what no client should. The
// answer never is that the server is at fault, and an error has a code. The fuzz
// targets look for more of the kind.
func TestR18_BadInputIsRefused(t *testing.T) {
	s := newServer(t)
	long := strings.Repeat("n", 5000)
	bodies := []string{
		"", "x", "<", "<a/>", "<?xml version=\"1.0\"?>", "{", "[]", "null", `{"Statement":[{}]}`, "\x00\xff",
		strings.Repeat("<a>", 2000), "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
	}
	headers := [][]string{
		nil,
		{"X-Amz-Copy-Source: "},
		{"X-Amz-Copy-Source: ?versionId=", "X-Amz-Copy-Source-Range: bytes=5-1"},
		{"X-Amz-Copy-Source: /photos", "X-Amz-Metadata-Directive: x"},
		{"X-Amz-Acl: x", "X-Amz-Grant-Read: id"},
		{"X-Amz-Tagging: %zz&a=b&a=b", "X-Amz-Storage-Class: x"},
		{"X-Amz-Checksum-Crc32: x", "Content-Md5: x"},
		{"X-Amz-Checksum-Sha256: ", "X-Amz-Sdk-Checksum-Algorithm: x"},
		{"Range: bytes=9223372036854775807-", "If-Modified-Since: x"},
		{"X-Amz-Object-Lock-Mode: x", "X-Amz-Server-Side-Encryption-Customer-Key: x"},
		{"X-Amz-Server-Side-Encryption: x", "X-Amz-Object-Attributes: ,,"},
		{"X-Amz-Meta-A: " + strings.Repeat("m", 3000), "X-Amz-Expected-Bucket-Owner: x"},
	}
	queries := []string{
		"versionId=", "versionId=%00", "max-keys=-1", "max-keys=x&marker=%ff", "partNumber=0&uploadId=", "partNumber=99999999999999999999",
		"continuation-token=x&list-type=2", "encoding-type=x", "prefix=" + long, "version-id-marker=x&key-marker=", "response-expires=%0d%0a",
	}
	try := func(row s3.FullRow, target, body string, headers ...string) {
		t.Helper()
		// The bucket may have been deleted by what came before.
		_, _, _ = s.buckets.Create(t.Context(), bucket.CreateInput{Account: account, Region: region, Name: "photos"})
		a := s.do(t, root, row.Method, target, body, headers...)
		switch {
		case a.status >= 500 && a.status != 501:
			t.Errorf("%s: %s %s with %q and the body %.40q = %d", row.Name, row.Method, target, headers, body, a.status)
		case a.status >= 400 && row.Method != "HEAD" && a.code() == "":
			t.Errorf("%s: %s %s with %q and the body %.40q = %d without a code", row.Name, row.Method, target, headers, body, a.status)
		}
	}
	for _, row := range s3.AllRows() {
		target := rowTarget(row, "photos")
		for _, body := range bodies {
			try(row, target, body, rowHeaders(row, "photos/a.txt")...)
		}
		for _, h := range headers {
			try(row, target, "hello", h...)
		}
		join := "?"
		if strings.Contains(target, "?") {
			join = "&"
		}
		for _, q := range queries {
			try(row, target+join+q, "", rowHeaders(row, "photos/a.txt")...)
		}
		if row.Object {
			try(row, strings.Replace(target, "a.txt", long, 1), "hello")
		}
	}
}
