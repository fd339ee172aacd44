package lightsail_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lightsail"
	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven/internal/lightsail"
)

// unsigned sends a body to a target without a signature.
func (s *server) unsigned(t testing.TB, target, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", target)
	w := httptest.NewRecorder()
	s.framed.ServeHTTP(w, r)
	return w
}

// TestAPI05_UnknownOperations tries every operation of the SDK that is not built.
func TestAPI05_UnknownOperations(t *testing.T) {
	s := newServer(t)
	known := map[string]bool{}
	client := reflect.TypeFor[*sdk.Client]()
	for i := range client.NumMethod() {
		known[client.Method(i).Name] = true
	}
	built := map[string]bool{}
	for _, name := range s.door.Operations() {
		built[name] = true
		if !known[name] {
			t.Errorf("%s is no operation of the SDK", name)
		}
	}
	known["Nope"], known[""] = true, true
	for name := range known {
		if built[name] {
			continue
		}
		w := s.post(t, root, "Lightsail_20161128."+name, "{}")
		var body struct {
			Type string `json:"__type"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatal(err)
		}
		if w.Code != 404 || w.Header().Get("X-Amzn-ErrorType") != "UnknownOperationException" || body.Type != "UnknownOperationException" {
			t.Errorf("%s = %d, header %q, body %q", name, w.Code, w.Header().Get("X-Amzn-ErrorType"), body.Type)
		}
	}
}

func TestAPI01_API02_TargetAndShapes(t *testing.T) {
	s := newServer(t)
	createBucket(t, s.client(root, "us-east-2"), "abc-def")
	w := s.post(t, root, "Lightsail_20161128.CreateBucketAccessKey", `{"bucketName":"abc-def"}`)
	if got := w.Header().Get("Content-Type"); w.Code != 200 || got != "application/x-amz-json-1.1" {
		t.Fatalf("status %d, content type %q", w.Code, got)
	}
	var body struct {
		AccessKey struct{ CreatedAt json.Number }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	if at, err := body.AccessKey.CreatedAt.Float64(); err != nil || at < 1e9 {
		t.Errorf("accessKey.createdAt = %v, %v, want seconds since 1970", body.AccessKey.CreatedAt, err)
	}
}

func TestAPI03_API04_ErrorBody(t *testing.T) {
	w := newServer(t).post(t, root, "Lightsail_20161128.GetBuckets", `{"bucketName":"nope"}`)
	var body map[string]string
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	if w.Code != 400 || w.Header().Get("X-Amzn-ErrorType") != "NotFoundException" || w.Header().Get("X-Amzn-RequestId") == "" {
		t.Errorf("status %d, headers %v", w.Code, w.Header())
	}
	if body["__type"] != "NotFoundException" || body["code"] != "DoesNotExist" || body["message"] == "" || body["docs"] == "" || body["tip"] == "" {
		t.Errorf("body = %v", body)
	}
}

// TestAPI06_RegionComesFromTheScope also covers regions that AWS has not.
func TestAPI06_RegionComesFromTheScope(t *testing.T) {
	s := newServer(t)
	b := createBucket(t, s.client(root, "garage"), "abc-def")
	if got := b.Location.RegionName; got != "garage" {
		t.Errorf("region = %q, want that of the signature", got)
	}
	for _, region := range []string{"UPPER", "a_b", "-", strings.Repeat("a", 33)} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
		r.Header.Set("X-Amz-Target", "Lightsail_20161128.GetBuckets")
		sign(r, "{}", root, region, "lightsail")
		w := httptest.NewRecorder()
		s.framed.ServeHTTP(w, r)
		if got := w.Header().Get("X-Amzn-ErrorType"); got != "InvalidInputException" {
			t.Errorf("region %q = %d %s, want InvalidInputException", region, w.Code, got)
		}
	}
}

// TestAPI07_EveryChangeIsRecorded calls each operation that changes something.
func TestAPI07_EveryChangeIsRecorded(t *testing.T) {
	s := newServer(t)
	var want []string
	for _, step := range []struct{ op, body string }{
		{"CreateBucket", `{"bucketName":"abc-def","bundleId":"small_1_0"}`},
		{"UpdateBucket", `{"bucketName":"abc-def"}`},
		{"UpdateBucketBundle", `{"bucketName":"abc-def","bundleId":"medium_1_0"}`},
		{"TagResource", `{"resourceName":"abc-def","tags":[]}`},
		{"UntagResource", `{"resourceName":"abc-def","tagKeys":[]}`},
		{"CreateBucketAccessKey", `{"bucketName":"abc-def"}`},
		{"DeleteBucketAccessKey", `{"bucketName":"abc-def","accessKeyId":"%s"}`},
		{"DeleteBucket", `{"bucketName":"abc-def"}`},
	} {
		if strings.Contains(step.body, "%s") {
			step.body = fmt.Sprintf(step.body, *bucketKeys(t, s.client(root, "us-east-2"), "abc-def")[0].AccessKeyId)
		}
		w := s.post(t, root, "Lightsail_20161128."+step.op, step.body)
		var out sdkOperations
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || len(out.Operations) != 1 {
			t.Fatalf("%s = %s, want one operation", step.op, w.Body)
		}
		op := must(s.client(root, "us-east-2").GetOperation(t.Context(), &sdk.GetOperationInput{OperationId: &out.Operations[0].ID}))(t)
		if string(op.Operation.OperationType) != step.op || aws.ToString(op.Operation.ResourceName) != "abc-def" || !aws.ToBool(op.Operation.IsTerminal) {
			t.Errorf("operation of %s = %+v", step.op, op.Operation)
		}
		want = append([]string{step.op}, want...)
	}
	// API-08, for a bucket that is gone: newest first.
	res := must(s.client(root, "us-east-2").GetOperationsForResource(t.Context(), &sdk.GetOperationsForResourceInput{ResourceName: aws.String("abc-def")}))(t)
	var got []string
	for _, op := range res.Operations {
		got = append(got, string(op.OperationType))
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("GetOperationsForResource (-want +got):\n%s", d)
	}
}

type sdkOperations struct {
	Operations []struct{ ID string }
}

func TestAPI08_OperationsArePaged(t *testing.T) {
	s := newServer(t)
	c := s.client(root, "us-east-2")
	createBucket(t, c, "abc-def")
	for range 200 {
		must(c.UpdateBucket(t.Context(), &sdk.UpdateBucketInput{BucketName: aws.String("abc-def")}))(t)
	}
	seen := map[string]bool{}
	var pages []int
	for in := new(sdk.GetOperationsInput); ; {
		out := must(c.GetOperations(t.Context(), in))(t)
		pages = append(pages, len(out.Operations))
		for _, op := range out.Operations {
			seen[*op.Id] = true
		}
		if in.PageToken = out.NextPageToken; in.PageToken == nil {
			break
		}
	}
	if d := cmp.Diff([]int{200, 1}, pages); d != "" || len(seen) != 201 {
		t.Errorf("%d operations in pages of %v, want 201 in 200 and 1", len(seen), pages)
	}
}

func TestAPI09_ActiveNames(t *testing.T) {
	c := newServer(t).client(root, "us-east-2")
	createBucket(t, c, "b-2")
	createBucket(t, c, "b-1")
	out := must(c.GetActiveNames(t.Context(), nil))(t)
	if d := cmp.Diff([]string{"b-1", "b-2"}, out.ActiveNames); d != "" {
		t.Errorf("activeNames (-want +got):\n%s", d)
	}
}

func TestAPI10_UnknownMembersAreIgnored(t *testing.T) {
	w := newServer(t).post(t, root, "Lightsail_20161128.GetBuckets", `{"colour":"red","BucketName":"nope"}`)
	if w.Code != 200 {
		t.Errorf("status = %d: %s", w.Code, w.Body)
	}
}

func TestBodyLimit(t *testing.T) {
	s := newServer(t)
	pad := func(n int) string { return "{}" + strings.Repeat(" ", n-2) }
	if w := s.post(t, root, "Lightsail_20161128.GetBuckets", pad(lightsail.MaxBody)); w.Code != 200 {
		t.Errorf("a body of the greatest size = %d: %s", w.Code, w.Body)
	}
	for _, length := range []int64{lightsail.MaxBody + 1, -1} { // announced, and chunked
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
		r.Header.Set("X-Amz-Target", "Lightsail_20161128.GetBuckets")
		sign(r, pad(lightsail.MaxBody+1), root, "us-east-2", "lightsail")
		r.ContentLength = length
		w := httptest.NewRecorder()
		s.framed.ServeHTTP(w, r)
		if got := w.Header().Get("X-Amzn-ErrorType"); w.Code != 400 || got != "InvalidInputException" {
			t.Errorf("a body of one byte more = %d %s", w.Code, got)
		}
	}
}

func TestBodyThatEndsEarly(t *testing.T) {
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", io.MultiReader(strings.NewReader("{"), brokenReader{}))
	r.Header.Set("X-Amz-Target", "Lightsail_20161128.GetBuckets")
	w := httptest.NewRecorder()
	newServer(t).door.ServeHTTP(w, r)
	if got := w.Header().Get("X-Amzn-ErrorType"); w.Code != 400 || got != "SerializationException" {
		t.Errorf("= %d %s", w.Code, got)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// TestStoreFailureIsOurs closes the engine under the door: the caller hears
// nothing of why, the log does.
func TestStoreFailureIsOurs(t *testing.T) {
	s := newServer(t)
	s.post(t, root, "Lightsail_20161128.GetRegions", "{}") // brings the key into the cache
	s.engine.Close()
	for _, op := range []string{"GetBuckets", "GetOperations", "CreateBucket"} {
		w := s.post(t, root, "Lightsail_20161128."+op, `{"bucketName":"abc-def","bundleId":"small_1_0"}`)
		if got := w.Header().Get("X-Amzn-ErrorType"); w.Code != 503 || got != "ServiceException" {
			t.Errorf("%s = %d %s, want 503 ServiceException", op, w.Code, got)
		}
		if strings.Contains(w.Body.String(), "closed") {
			t.Errorf("%s tells why: %s", op, w.Body)
		}
		if !strings.Contains(s.log.String(), "op="+op) || !strings.Contains(s.log.String(), w.Header().Get("X-Amzn-RequestId")) {
			t.Errorf("%s is not in the log: %s", op, s.log.String())
		}
	}
	if !strings.Contains(s.log.String(), "closed") {
		t.Errorf("the log does not tell why: %s", s.log.String())
	}
}
