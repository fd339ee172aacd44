package edge_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/edge"
)

// door answers with its name.
func door(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, name) })
}

// logbook keeps the lines of the log.
type logbook struct {
	mu    sync.Mutex
	lines []string
	more  chan struct{} // one for each line
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, string(p))
	if l.more != nil {
		l.more <- struct{}{}
	}
	return len(p), nil
}

func (l *logbook) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "")
}

func (l *logbook) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func request(t testing.TB, method, target, body string, headers ...string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	return r
}

// TestDoors: the service of the signature picks the door, then the target, else
// it is S3's. Picking is no verifying: the door does that.
func TestDoors(t *testing.T) {
	e := edge.New(edge.Options{
		S3:       door("s3"),
		Services: map[string]http.Handler{"s3": door("s3"), "lightsail": door("lightsail"), "iam": door("iam")},
		Targets:  map[string]http.Handler{"Lightsail_20161128": door("lightsail")},
		Forms:    door("forms"),
		Log:      new(logbook).logger(),
	})
	signed := func(service string) string {
		return "Authorization: AWS4-HMAC-SHA256 Credential=AKIA/20000101/us-east-1/" + service + "/aws4_request, SignedHeaders=host, Signature=0"
	}
	const target = "X-Amz-Target: Lightsail_20161128.GetBuckets"
	for _, try := range []struct {
		path    string
		headers []string
		want    string
	}{
		{"/", nil, "s3"},
		{"/bucket/key", nil, "s3"},
		{"/", []string{signed("s3")}, "s3"},
		{"/", []string{signed("lightsail")}, "lightsail"},
		{"/", []string{signed("iam")}, "iam"},
		{"/", []string{signed("ec2")}, "s3"},
		{"/", []string{signed("")}, "s3"},
		{"/", []string{target}, "lightsail"},
		{"/bucket", []string{target}, "s3"},
		{"/", []string{target, signed("s3")}, "s3"},
		{"/", []string{"X-Amz-Target: Other.GetBuckets"}, "s3"},
		{"/", []string{"X-Amz-Target: Lightsail_20161128"}, "lightsail"},
		{"/", []string{"Authorization: Bearer x"}, "s3"},
		{"/", []string{"Authorization: AWS4-HMAC-SHA256 Credential=AKIA"}, "s3"},
		{"/", []string{"Authorization: AWS4-HMAC-SHA256 Credential=lightsail/aws4_request"}, "lightsail"},
		{"/", []string{"Content-Type: application/x-www-form-urlencoded; charset=utf-8"}, "forms"},
		{"/bucket", []string{"Content-Type: application/x-www-form-urlencoded"}, "s3"},
		{"/", []string{"Content-Type: application/x-www-form-urlencoded", signed("iam")}, "iam"},
		{"/", []string{"Content-Type: multipart/form-data; boundary=x"}, "s3"},
	} {
		w := serve(e, request(t, "POST", try.path, "", try.headers...))
		if w.Body.String() != try.want {
			t.Errorf("%s %q goes to %s, want %s", try.path, try.headers, w.Body, try.want)
		}
		if w.Header().Get("Server") != "Keyhaven" {
			t.Errorf("Server = %q", w.Header().Get("Server"))
		}
	}
}

// TestQueryProtocolByGET: a presigned request of the Query protocol goes to its
// service; an unsigned one to the forms.
func TestQueryProtocolByGET(t *testing.T) {
	e := edge.New(edge.Options{
		S3: door("s3"), Services: map[string]http.Handler{"s3": door("s3"), "sts": door("sts")}, Forms: door("forms"), Log: new(logbook).logger(),
	})
	scope := func(service string) string {
		return "&X-Amz-Credential=AKIA%2F20000101%2Fus-east-1%2F" + service + "%2Faws4_request"
	}
	for target, want := range map[string]string{
		"/?Action=GetCallerIdentity&Version=2011-06-15":      "forms",
		"/?Action=GetCallerIdentity" + scope("sts"):          "sts",
		"/?Version=1&Action=GetCallerIdentity" + scope("s3"): "s3",
		"/?prefix=Action" + scope("s3"):                      "s3",
		"/bucket?Action=GetCallerIdentity" + scope("sts"):    "s3",
		"/?Action=GetCallerIdentity&X-Amz-Credential=sts":    "forms",
	} {
		if w := serve(e, request(t, "GET", target, "")); w.Body.String() != want {
			t.Errorf("%s goes to %s, want %s", target, w.Body, want)
		}
	}
}

func TestOwnPaths(t *testing.T) {
	var broken error
	e := edge.New(edge.Options{
		S3:         door("s3"),
		Ready:      func(context.Context) error { return broken },
		BucketHost: func(host string) bool { return host == "bucket.example.test" },
		Log:        new(logbook).logger(),
	})
	for _, try := range []struct {
		method, target string
		broken         error
		want           int
	}{
		{"GET", "/-/health/live", nil, 200},
		{"HEAD", "/-/health/live", nil, 200},
		{"GET", "/-/health/live", errors.New("disk full"), 200},
		{"GET", "/-/health/ready", nil, 200},
		{"GET", "/-/health/ready", errors.New("disk full"), 503},
		{"GET", "/-/", nil, 404},
		{"GET", "/-/metrics", nil, 404},
		{"PUT", "/-/health/live", nil, 405},
		{"DELETE", "/-/x", nil, 405},
	} {
		broken = try.broken
		w := serve(e, request(t, try.method, try.target, ""))
		if w.Code != try.want || strings.Contains(w.Body.String(), "s3") || strings.Contains(w.Body.String(), "disk") {
			t.Errorf("%s %s = %d %q, want %d", try.method, try.target, w.Code, w.Body, try.want)
		}
	}
	// Below a bucket's host they are keys.
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		if w := serve(e, request(t, method, "http://bucket.example.test/-/health/live", "")); w.Body.String() != "s3" {
			t.Errorf("%s of the key = %d %q, want the door's answer", method, w.Code, w.Body)
		}
	}
	if w := serve(edge.New(edge.Options{S3: door("s3")}), request(t, "GET", "/-/health/ready", "")); w.Code != 200 {
		t.Errorf("ready without a check = %d", w.Code)
	}
}

// TestRecord: what the door fills in is in the one line of the request.
func TestRecord(t *testing.T) {
	var l logbook
	var id string
	e := edge.New(edge.Options{Log: l.logger(), S3: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := edge.RecordOf(w)
		id = rec.RequestID
		rec.Op, rec.Bucket, rec.Key, rec.VersionID, rec.ErrorCode = "PutObject", "photos", "a\nb", "v1", "SlowDown"
		rec.Principal = &keyhaven.Principal{Kind: keyhaven.Root, Account: "111122223333", AccessKeyID: "AKIAX"}
		io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, "four")
	})})
	serve(e, request(t, "PUT", "/photos/a", "hello"))
	if !regexp.MustCompile(`^[0-9A-F]{16}$`).MatchString(id) {
		t.Errorf("request id = %q", id)
	}
	for _, want := range []string{
		"level=INFO", "request_id=" + id, "op=PutObject", "principal=arn:aws:iam::111122223333:root", "access_key_id=AKIAX",
		"bucket=photos", `key="a\nb"`, "version_id=v1", "code=SlowDown", "status=418", "bytes_in=5", "bytes=4", "duration=",
	} {
		if !strings.Contains(l.text(), want) {
			t.Errorf("the log lacks %s: %s", want, l.text())
		}
	}
	if n := strings.Count(l.text(), "\n"); n != 1 {
		t.Errorf("the request has %d lines", n)
	}
}

// TestRecordOfFailures: our own mistakes are errors in the log, the client's are
// not; an answer that nobody wrote is a 200.
func TestRecordOfFailures(t *testing.T) {
	var l logbook
	e := edge.New(edge.Options{Log: l.logger(), S3: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		edge.RecordOf(w).Err = errors.New("the disk is on fire")
	})})
	serve(e, request(t, "GET", "/", ""))
	for _, want := range []string{"level=ERROR", "the disk is on fire", "status=200"} {
		if !strings.Contains(l.text(), want) {
			t.Errorf("the log lacks %s: %s", want, l.text())
		}
	}
	if strings.Contains(l.text(), "principal") {
		t.Errorf("an anonymous request has a principal: %s", l.text())
	}
	// Outside of the frame a door finds a record too.
	if rec := edge.RecordOf(httptest.NewRecorder()); len(rec.RequestID) != 16 {
		t.Errorf("record outside of the frame = %+v", rec)
	}
}
