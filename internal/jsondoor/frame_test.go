package jsondoor

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/sigv4"
)

type gate struct{ err error }

func (g gate) Authenticate(_ *http.Request, service, bodyHash string) (*access.Identity, error) {
	if service != "small" || len(bodyHash) != 64 {
		return nil, errors.New("the frame does not say what was signed")
	}
	return &access.Identity{Principal: keyhaven.Principal{Kind: keyhaven.Root}, Region: "us-east-1"}, g.err
}

func TestFrameAnswers(t *testing.T) {
	own := &keyhaven.Error{Kind: keyhaven.Conflict}
	answered := map[string]bool{}
	for _, c := range []struct {
		name, target, body string
		auth, err          error
		status             int
		typ, message       string
	}{
		{name: "an answer", status: 200},
		{name: "another service", target: "Big.Do", status: 404, typ: "UnknownOperationException"},
		{name: "no operation", target: "Small.", status: 404, typ: "UnknownOperationException"},
		{name: "a long body", body: strings.Repeat(" ", MaxBody+1), status: 400, typ: "SerializationException"},
		{name: "no JSON", body: "[", status: 400, typ: "SerializationException"},
		{name: "unsigned", auth: &sigv4.Error{Reason: sigv4.Missing}, status: 400, typ: "MissingAuthenticationTokenException"},
		{name: "signed wrongly", auth: &sigv4.Error{Reason: sigv4.SignatureMismatch}, status: 400, typ: "InvalidSignatureException"},
		{name: "no such key", auth: &keyhaven.Error{Kind: keyhaven.Unauthenticated, Noun: keyhaven.NounAccessKey, Msg: "why"}, status: 400, typ: "UnrecognizedClientException", message: "The security token included in the request is invalid."},
		{name: "an old session", auth: &keyhaven.Error{Kind: keyhaven.Unauthenticated, Noun: keyhaven.NounSession}, status: 400, typ: "ExpiredTokenException"},
		{name: "too often", auth: &keyhaven.Error{Kind: keyhaven.Throttled}, status: 400, typ: "ThrottlingException"},
		{name: "denied", err: &keyhaven.Error{Kind: keyhaven.Denied, Msg: "You may not."}, status: 400, typ: "AccessDeniedException", message: "You may not."},
		{name: "not now", err: &keyhaven.Error{Kind: keyhaven.Unavailable}, status: 503, typ: "ServiceUnavailable"},
		{name: "the door's own", err: own, status: 409, typ: "OwnException"},
		{name: "nobody's", err: errors.New("at /secret/path"), status: 500, typ: "InternalFailure", message: "The service failed. Please try again."},
		{name: "of another kind", err: &keyhaven.Error{Kind: keyhaven.NotEmpty}, status: 500, typ: "InternalFailure"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &Frame{Service: "small", Target: "Small", Access: gate{c.auth}, Answer: func(err error) *Fault {
				if errors.Is(err, own) {
					return &Fault{"OwnException", 409, "own"}
				}
				return nil
			}}
			if c.target == "" {
				c.target = "Small.Do"
			}
			w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(c.body))
			r.Header.Set("X-Amz-Target", c.target)
			var seen *Call
			f.Serve(w, r, func(call *Call) (any, error) {
				seen = call
				name, err := f.Route(r)
				if err != nil {
					return nil, err
				}
				if err := f.Admit(w, r, call, name); err != nil {
					return nil, err
				}
				f.Manage(call, false)
				if err := call.Decode(&struct{}{}); err != nil {
					return nil, err
				}
				return map[string]string{"done": call.Operation}, c.err
			})
			var out struct {
				Type          string `json:"__type"`
				Message, Done string
			}
			if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
				t.Fatalf("the answer %q: %v", w.Body, err)
			}
			answered[out.Type] = true
			if w.Code != c.status || out.Type != c.typ || w.Header().Get("X-Amzn-ErrorType") != c.typ || c.message != "" && out.Message != c.message {
				t.Errorf("answer = %d %+v, want %d %s %s", w.Code, out, c.status, c.typ, c.message)
			}
			if (seen.Record.Err != nil) != (c.status >= 500) || seen.Record.ErrorCode != c.typ {
				t.Errorf("the record has %v and %q", seen.Record.Err, seen.Record.ErrorCode)
			}
			if c.status == 200 && (out.Done != "Do" || string(seen.Record.Management.Response) != w.Body.String()) {
				t.Errorf("answer = %+v, recorded %s", out, seen.Record.Management.Response)
			}
		})
	}
	for _, not := range []string{"", "UnknownOperationException", "OwnException"} { // no operation's, or not common
		delete(answered, not)
	}
	if got := slices.Sorted(maps.Keys(answered)); !slices.Equal(got, Common()) {
		t.Errorf("answered are %v, told of %v", got, Common())
	}
}
