package edge_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/keyhaven/keyhaven/internal/edge"
)

// TestConsoleOrigin: pages of the console's origin may use every door, and no
// cookie with it; pages of others are the doors' affair (S10).
func TestConsoleOrigin(t *testing.T) {
	const console = "http://localhost:9001"
	e := edge.New(edge.Options{
		S3:            door("s3"),
		Services:      map[string]http.Handler{"lightsail": door("lightsail"), "iam": door("iam"), "sts": door("sts")},
		ConsoleOrigin: func(_ *http.Request, origin string) bool { return origin == console },
		Log:           new(logbook).logger(),
	})
	for _, service := range []string{"s3", "lightsail", "iam", "sts"} {
		signed := "Authorization: AWS4-HMAC-SHA256 Credential=AKIA/20000101/us-east-1/" + service + "/aws4_request, SignedHeaders=host, Signature=0"
		w := serve(e, request(t, "POST", "/", "", signed, "Origin: "+console))
		h := w.Header()
		if w.Body.String() != service || h.Get("Access-Control-Allow-Origin") != console || h.Get("Access-Control-Allow-Credentials") != "" ||
			!strings.Contains(h.Get("Vary"), "Origin") {
			t.Errorf("%s: %q, headers %v", service, w.Body, h)
		}
		for _, name := range []string{"*", "ETag", "x-amz-request-id", "x-amz-version-id"} {
			if !strings.Contains(h.Get("Access-Control-Expose-Headers"), name) {
				t.Errorf("%s does not expose %s", service, name)
			}
		}
	}
	w := serve(e, request(t, "OPTIONS", "/", "", "Origin: "+console, "Access-Control-Request-Method: POST",
		"Access-Control-Request-Headers: authorization,x-amz-target"))
	h := w.Header()
	if w.Code != 200 || w.Body.Len() != 0 || h.Get("Access-Control-Allow-Headers") != "authorization,x-amz-target" || !strings.Contains(h.Get("Access-Control-Allow-Methods"), "POST") {
		t.Errorf("preflight = %d %q %v", w.Code, w.Body, h)
	}
	for _, origin := range []string{"http://localhost:9002", "null", "http://localhost:9001.evil.example", ""} {
		w := serve(e, request(t, "OPTIONS", "/b", "", "Origin: "+origin, "Access-Control-Request-Method: GET"))
		if w.Body.String() != "s3" || w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("origin %q: %q %v", origin, w.Body, w.Header())
		}
	}
}

// TestConsoleOriginOfPanic: the console sees that the server failed.
func TestConsoleOriginOfPanic(t *testing.T) {
	e := edge.New(edge.Options{
		S3:            http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("x") }),
		ConsoleOrigin: func(*http.Request, string) bool { return true },
		Log:           new(logbook).logger(),
	})
	w := serve(e, request(t, "GET", "/", "", "Origin: http://a"))
	if w.Code != 500 || w.Header().Get("Access-Control-Allow-Origin") != "http://a" {
		t.Errorf("answer = %d %v", w.Code, w.Header())
	}
}
