package cloudtrail

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/audit"
	"github.com/keyhaven/keyhaven/internal/jsondoor"
	"github.com/keyhaven/keyhaven/internal/sigv4"
)

const account = "111122223333"

// gate lets everybody in whose header says so.
type gate struct{ denied bool }

func (g gate) Authenticate(r *http.Request, service, bodyHash string) (*access.Identity, error) {
	if r.Header.Get("Authorization") == "" || service != Service || len(bodyHash) != 64 {
		return nil, &sigv4.Error{Reason: sigv4.Missing}
	}
	return &access.Identity{Principal: keyhaven.Principal{Kind: keyhaven.Root, Account: account}, Region: "us-east-1"}, nil
}

func (g gate) Authorize(_ context.Context, _ *access.Identity, action string, _ access.Resource) error {
	if g.denied || action != "cloudtrail:LookupEvents" {
		return &keyhaven.Error{Kind: keyhaven.Denied}
	}
	return nil
}

func newDoor(t *testing.T, g gate) (*Door, *audit.Log) {
	t.Helper()
	l, err := audit.Open(t.TempDir(), audit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	for i := range 12 {
		e := &audit.Event{
			EventName: "CreateBucketAccessKey", EventSource: "lightsail.amazonaws.com", AWSRegion: "us-east-1", RecipientAccountID: account,
			UserIdentity:      audit.Identity{Type: "IAMUser", UserName: "ann", AccessKeyID: "AKIAANN"},
			RequestParameters: json.RawMessage(fmt.Sprintf(`{"bucketName":"bucket-%d"}`, i)),
		}
		switch i {
		case 3:
			e.UserIdentity, e.EventName, e.ReadOnly = audit.Identity{Type: "Root"}, "GetBuckets", true
		case 2:
			e.RequestParameters, e.ServiceDetails = nil, json.RawMessage(`{"accessKeyId":"AKIAOLD"}`)
		case 5:
			e.RecipientAccountID = "444455556666"
		}
		if err := l.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	return New(g, l), l
}

func call(t *testing.T, d *Door, target, body string) (int, map[string]any) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", target)
	r.Header.Set("Authorization", "signed")
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	raw, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatalf("the answer is no JSON: %q", raw)
	}
	if typ, _ := out["__type"].(string); typ != w.Header().Get("X-Amzn-ErrorType") || (typ == "") != (w.Code == http.StatusOK) {
		t.Errorf("answer = %d, %v with header %q", w.Code, out, w.Header().Get("X-Amzn-ErrorType"))
	}
	return w.Code, out
}

func TestLookupEventsSelects(t *testing.T) {
	d, _ := newDoor(t, gate{})
	for attribute, want := range map[string]int{
		"": 11, "EventName=CreateBucketAccessKey": 10, "ReadOnly=true": 1, "Username=ann": 10, "Username=root": 1,
		"EventSource=lightsail.amazonaws.com": 11, "AccessKeyId=AKIAANN": 10, "ResourceName=bucket-7": 1, "ResourceName=bucket-5": 0,
		"ResourceType=AWS::Lightsail::Bucket": 10, "ResourceName=AKIAOLD": 1, "ResourceType=AWS::IAM::AccessKey": 1, "EventId=none": 0,
	} {
		body := "{}"
		if key, value, ok := strings.Cut(attribute, "="); ok {
			body = fmt.Sprintf(`{"LookupAttributes":[{"AttributeKey":%q,"AttributeValue":%q}]}`, key, value)
		}
		d.rate = newRates()
		_, out := call(t, d, Target+".LookupEvents", body)
		events, _ := out["Events"].([]any)
		if len(events) != want || out["NextToken"] != nil {
			t.Errorf("%q finds %d events, want %d: %v", attribute, len(events), want, out)
		}
	}
}

func TestLookupEventsPages(t *testing.T) {
	d, _ := newDoor(t, gate{})
	seen := map[string]bool{}
	token := ""
	for range 6 {
		_, out := call(t, d, Target+".LookupEvents", fmt.Sprintf(`{"MaxResults":3,"NextToken":%q}`, token))
		for _, e := range out["Events"].([]any) {
			e := e.(map[string]any)
			var record audit.Event
			if err := json.Unmarshal([]byte(e["CloudTrailEvent"].(string)), &record); err != nil || record.EventID != e["EventId"] || seen[record.EventID] {
				t.Errorf("event %v: %v", e, err)
			}
			seen[record.EventID] = true
		}
		if token, _ = out["NextToken"].(string); token == "" {
			break
		}
		if code, out := call(t, d, Target+".LookupEvents", fmt.Sprintf(`{"NextToken":%q,"StartTime":1}`, token)); code != 400 || out["__type"] != "InvalidNextTokenException" {
			t.Errorf("the token of another request = %d %v", code, out)
		}
	}
	if len(seen) != 11 {
		t.Errorf("all pages have %d events, want 11", len(seen))
	}
}

func TestErrors(t *testing.T) {
	d, _ := newDoor(t, gate{})
	const lookUp = Target + ".LookupEvents"
	for _, c := range []struct{ target, body, want string }{
		{"", "{}", "UnknownOperationException"},
		{Target + ".", "{}", "UnknownOperationException"},
		{Target + ".CreateTrail", "{}", "UnsupportedOperationException"},
		{lookUp, "[", "SerializationException"},
		{lookUp, `{"MaxResults":"x"}`, "SerializationException"},
		{lookUp, strings.Repeat(" ", jsondoor.MaxBody+1), "SerializationException"},
		{lookUp, `{"MaxResults":0}`, "InvalidMaxResultsException"},
		{lookUp, `{"MaxResults":51}`, "InvalidMaxResultsException"},
		{lookUp, `{"NextToken":"x"}`, "InvalidNextTokenException"},
		{lookUp, `{"StartTime":20,"EndTime":10}`, "InvalidTimeRangeException"},
		{lookUp, `{"EventCategory":"other"}`, "InvalidEventCategoryException"},
		{lookUp, `{"LookupAttributes":[{"AttributeKey":"Color","AttributeValue":"x"}]}`, "InvalidLookupAttributesException"},
		{lookUp, `{"LookupAttributes":[{"AttributeKey":"EventName"}]}`, "InvalidLookupAttributesException"},
		{lookUp, `{"LookupAttributes":[{"AttributeKey":"EventName","AttributeValue":"x"},{"AttributeKey":"EventName","AttributeValue":"y"}]}`, "InvalidLookupAttributesException"},
	} {
		status := 400
		if c.want == "UnknownOperationException" {
			status = 404
		}
		if code, out := call(t, d, c.target, c.body); code != status || out["__type"] != c.want {
			t.Errorf("%s %.60s = %d %v, want %s", c.target, c.body, code, out, c.want)
		}
	}
	denied, _ := newDoor(t, gate{denied: true})
	if code, out := call(t, denied, lookUp, "{}"); code != 400 || out["__type"] != "AccessDeniedException" {
		t.Errorf("denied = %d %v", code, out)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader("{}"))
	r.Header.Set("X-Amz-Target", lookUp)
	d.ServeHTTP(w, r)
	if got := w.Header().Get("X-Amzn-ErrorType"); w.Code != 400 || got != "MissingAuthenticationTokenException" {
		t.Errorf("unsigned = %d %s", w.Code, got)
	}
}

func TestLookupEventsOfNothing(t *testing.T) {
	d, _ := newDoor(t, gate{})
	for _, body := range []string{`{"EventCategory":"insight"}`, `{"EndTime":1000}`, `{"StartTime":500,"EndTime":1000}`} {
		code, out := call(t, d, Target+".LookupEvents", body)
		if events, ok := out["Events"].([]any); code != 200 || !ok || len(events) != 0 || out["NextToken"] != nil {
			t.Errorf("%s = %d %v", body, code, out)
		}
	}
}

func TestLookupEventsRate(t *testing.T) {
	r, now := newRates(), time.Unix(1000, 0)
	for i := range burst + 1 {
		if got := r.take(account, now); got != (i < burst) {
			t.Errorf("look-up %d is let in: %v", i, got)
		}
	}
	if !r.take("444455556666", now) {
		t.Error("one account uses up what another has")
	}
	now = now.Add(time.Second)
	for i := range 3 {
		if got := r.take(account, now); got != (i < perSecond) {
			t.Errorf("look-up %d of the next second is let in: %v", i, got)
		}
	}
	if r.take(account, now.Add(-time.Hour)) {
		t.Error("a clock that is set back lets look-ups in")
	}

	d, _ := newDoor(t, gate{})
	d.rate.left[account] = &allowance{at: time.Now().Add(time.Hour)}
	if code, out := call(t, d, Target+".LookupEvents", "{}"); code != 400 || out["__type"] != "ThrottlingException" {
		t.Errorf("one too many = %d %v", code, out)
	}
}

func TestEventsNameWhoAndWhat(t *testing.T) {
	for _, c := range []struct {
		event     audit.Event
		who, what string
	}{
		{audit.Event{UserIdentity: audit.Identity{Type: "AssumedRole", PrincipalID: "AROAX:deploy"}, RequestParameters: json.RawMessage(`{"roleArn":"arn:r"}`)}, "deploy", "AWS::IAM::Role arn:r"},
		{audit.Event{UserIdentity: audit.Identity{Type: "FederatedUser", PrincipalID: account + ":bob"}, RequestParameters: json.RawMessage(`null`)}, "bob", ""},
		{
			audit.Event{
				UserIdentity: audit.Identity{Type: "IAMUser", UserName: "ann"}, RequestParameters: json.RawMessage(`{"bucketName":"b"}`),
				ResponseElements: json.RawMessage(`{"accessKey":{"accessKeyId":"AKIANEW","secretAccessKey":"HIDDEN_DUE_TO_SECURITY_REASONS"}}`),
			}, "ann", "AWS::Lightsail::Bucket b, AWS::IAM::AccessKey AKIANEW",
		},
		{audit.Event{UserIdentity: audit.Identity{Type: "Operator", UserName: "op"}, RequestParameters: json.RawMessage(`{"instanceName":"web"}`)}, "op", "AWS::Lightsail::Instance web"},
	} {
		var what []string
		for _, r := range resourcesOf(&c.event) {
			what = append(what, r.ResourceType+" "+r.ResourceName)
		}
		if got := strings.Join(what, ", "); username(&c.event) != c.who || got != c.what {
			t.Errorf("%+v is %q about %q, want %q about %q", c.event, username(&c.event), got, c.who, c.what)
		}
	}
}

func FuzzLookupEvents(f *testing.F) {
	f.Add(`{"LookupAttributes":[{"AttributeKey":"EventName","AttributeValue":"x"}],"StartTime":1e300,"NextToken":"AAAA"}`)
	f.Fuzz(func(t *testing.T, body string) {
		var in lookupEventsInput
		if json.Unmarshal([]byte(body), &in) != nil {
			return
		}
		q, err := in.query(account)
		if (q == nil) == (err == nil) || q != nil && (q.Max < 1 || q.Max > audit.MaxPage) {
			t.Errorf("query(%q) = %+v, %v", body, q, err)
		}
	})
}
