package s3_test

import (
	"context"
	"crypto/tls"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/object"
)

func (s *server) storeLog(ctx context.Context, _ keyhaven.AccountID, name, key string, lines []byte) error {
	b, err := s.buckets.Get(ctx, name)
	if err != nil {
		return err
	}
	_, err = s.objects.Put(ctx, object.PutInput{Bucket: b, Key: key, Body: strings.NewReader(string(lines)), Size: int64(len(lines))})
	return err
}

// athena is the pattern of the table in "Using Amazon S3 access logs to identify
// requests", cut to the 24 fields of Lightsail's guide.
var athena = regexp.MustCompile(`^([^ ]*) ([^ ]*) \[(.*?)\] ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ("[^"]*"|-) (-|[0-9]*) ` +
	`([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ("[^"]*"|-) ("[^"]*"|-) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*)$`)

const (
	logOwner = iota
	logBucket
	logTime
	logIP
	logRequester
	logRequestID
	logOperation
	logKey
	logURI
	logStatus
	logCode
	logBytes
	logSize
	logTotal
	logTurnaround
	logReferer
	logAgent
	logVersion
	logHostID
	logSigV
	logSuite
	logAuth
	logHost
	logTLS
)

// delivered delivers the logs and returns the fields of their lines.
func (s *server) delivered(t *testing.T, target string) (keys []string, lines [][]string) {
	t.Helper()
	if err := s.logs.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.logs.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	keys = s.must(t, root, "GET", "/"+target+"?list-type=2", "").elements(t, "Key")
	for _, k := range keys {
		for line := range strings.Lines(s.must(t, root, "GET", "/"+target+"/"+k, "").body) {
			m := athena.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
			if m == nil {
				t.Fatalf("the line is none of an access log: %q", line)
			}
			lines = append(lines, m[1:])
		}
	}
	return keys, lines
}

func logTo(target, prefix string) string {
	return "<BucketLoggingStatus><LoggingEnabled><TargetBucket>" + target + "</TargetBucket><TargetPrefix>" + prefix +
		"</TargetPrefix></LoggingEnabled></BucketLoggingStatus>"
}

func TestLOG03_Delivery(t *testing.T) {
	run(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		s.newBucket(t, "logs")
		s.must(t, root, "PUT", "/photos/before.txt", "hello")
		s.must(t, root, "PUT", "/photos?logging", logTo("logs", "photos/"))
		s.must(t, root, "PUT", "/photos/a.txt", "hello")
		s.must(t, root, "PUT", "/logs?tagging", "<Tagging><TagSet/></Tagging>")
		keys, lines := s.delivered(t, "logs")
		if len(keys) != 1 || !regexp.MustCompile(`^photos/\d{4}(-\d\d){5}-[0-9A-F]{16}$`).MatchString(keys[0]) {
			t.Fatalf("keys = %q", keys)
		}
		if len(lines) != 1 || lines[0][logKey] != "a.txt" || lines[0][logBucket] != "photos" {
			t.Errorf("lines = %q", lines)
		}
	})
}

func TestLOG04_Format(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	s.newBucket(t, "logs")
	key := s.newKey(t, "photos")
	s.must(t, root, "PUT", "/photos?logging", logTo("logs", ""))
	s.versioning(t, "photos", keyhaven.VersioningEnabled)
	put := s.must(t, key, "PUT", "/photos/a%20b%22.txt", "hello", "User-Agent: an \"agent\"\x01", "Referer: https://a.example/")
	s.must(t, root, "GET", "/photos/a%20b%22.txt?x-user=j&versionId="+put.header.Get("X-Amz-Version-Id"), "")
	s.do(t, anonymous, "GET", "/photos/nothing", "").want(t, 403, "AccessDenied")
	s.do(t, keyPair{"AKIAUNKNOWNUNKNOWNUN", "x"}, "GET", "/photos?uploads", "").want(t, 403, "InvalidAccessKeyId")
	presigned := s.request(t, "GET", "/photos/a%20b%22.txt", "")
	root.signer().Presign(presigned, time.Minute)
	presigned.RequestURI = presigned.URL.RequestURI()
	presigned.TLS = &tls.ConnectionState{Version: tls.VersionTLS12, CipherSuite: tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}
	s.serve(presigned).wantBody(t, 200, "hello")
	s.must(t, root, "GET", "/photos?versions", "")

	_, lines := s.delivered(t, "logs")
	owner := strings.Repeat("1111", 16)
	keyARN := "arn:aws:lightsail::111122223333:bucket-access-key/photos/" + key.id
	want := []map[int]string{
		{
			logOwner: owner, logBucket: "photos", logIP: "192.0.2.1", logRequester: keyARN, logOperation: "REST.PUT.OBJECT", logKey: "a%20b%22.txt",
			logURI: `"PUT /photos/a%20b%22.txt HTTP/1.1"`, logStatus: "200", logCode: "-", logBytes: "-", logSize: "5",
			logReferer: `"https://a.example/"`, logAgent: `"an %22agent%22"`, logVersion: put.header.Get("X-Amz-Version-Id"),
			logSigV: "SigV4", logSuite: "-", logAuth: "AuthHeader", logHost: "localhost:9000", logTLS: "-",
			logRequestID: put.header.Get("X-Amz-Request-Id"), logHostID: put.header.Get("X-Amz-Id-2"),
		},
		{logOperation: "REST.GET.OBJECT", logBytes: "5", logSize: "5", logURI: `"GET /photos/a%20b%22.txt?x-user=j&versionId=` + put.header.Get("X-Amz-Version-Id") + ` HTTP/1.1"`},
		{logOperation: "REST.GET.OBJECT", logRequester: "-", logStatus: "403", logCode: "AccessDenied", logSigV: "-", logAuth: "-", logKey: "nothing"},
		{logOperation: "REST.GET.UPLOADS", logRequester: "-", logStatus: "403", logCode: "InvalidAccessKeyId"},
		{logOperation: "REST.GET.OBJECT", logAuth: "QueryString", logSuite: "ECDHE-RSA-AES128-GCM-SHA256", logTLS: "TLSv1.2"},
		{logOperation: "REST.GET.BUCKETVERSIONS"},
	}
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d: %q", len(lines), len(want), lines)
	}
	for i, fields := range want {
		for n, v := range fields {
			if lines[i][n] != v {
				t.Errorf("line %d, field %d = %q, want %q", i+1, n+1, lines[i][n], v)
			}
		}
	}
	if uri := lines[4][logURI]; !strings.Contains(uri, "X-Amz-Signature=REDACTED") || strings.Contains(uri, presigned.URL.Query().Get("X-Amz-Signature")) {
		t.Errorf("a presigned address is logged as %s", uri)
	}
}

// TestLOG05_Copies: a copy is recorded where it was read too, and query
// parameters that begin with x- are kept.
func TestLOG05_Copies(t *testing.T) {
	s := newServer(t)
	for _, name := range []string{"from", "dest", "logs"} {
		s.newBucket(t, name)
	}
	s.must(t, root, "PUT", "/from/a.txt", "hello")
	s.must(t, root, "PUT", "/from?logging", logTo("logs", "from/"))
	s.must(t, root, "PUT", "/dest?logging", logTo("logs", "to/"))
	s.must(t, root, "PUT", "/dest/b.txt?x-user=j", "", "X-Amz-Copy-Source: from/a.txt")
	up := s.must(t, root, "POST", "/dest/big?uploads", "").element("UploadId")
	s.must(t, root, "PUT", "/dest/big?partNumber=1&uploadId="+up, "", "X-Amz-Copy-Source: from/a.txt")
	s.must(t, root, "DELETE", "/dest/big?uploadId="+up, "")
	s.must(t, root, "POST", "/dest?delete", "<Delete><Object><Key>b.txt</Key></Object><Object><Key>none</Key><VersionId>zz</VersionId></Object></Delete>")
	_, lines := s.delivered(t, "logs")
	var got []string
	for _, l := range lines {
		got = append(got, l[logBucket]+" "+l[logOperation]+" "+l[logKey]+" "+l[logStatus]+" "+l[logCode])
	}
	want := []string{
		"from REST.COPY.OBJECT_GET a.txt 200 -", "from REST.COPY.PART_GET a.txt 200 -",
		"dest REST.COPY.OBJECT b.txt 200 -", "dest REST.POST.UPLOADS big 200 -", "dest REST.COPY.PART big 200 -",
		"dest REST.DELETE.UPLOAD big 204 -", "dest REST.POST.MULTI_OBJECT_DELETE - 200 -", "dest BATCH.DELETE.OBJECT b.txt 204 -", "dest BATCH.DELETE.OBJECT none 400 InvalidArgument",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("lines:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if uri := lines[2][logURI]; uri != `"PUT /dest/b.txt?x-user=j HTTP/1.1"` {
		t.Errorf("request = %s", uri)
	}
}
