package lightsail_test

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// wellFormed checks what holds for every answer: never our fault, JSON, and on
// an error the type in header and body.
func wellFormed(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	var body map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("the answer is no JSON object: %v: %s", err, w.Body)
	}
	typ, _ := body["__type"].(string)
	if w.Code >= 500 || (w.Code == 200) != (typ == "") || typ != w.Header().Get("X-Amzn-ErrorType") {
		t.Fatalf("answer = %d %q: %s", w.Code, w.Header().Get("X-Amzn-ErrorType"), w.Body)
	}
}

func FuzzTarget(f *testing.F) {
	for _, s := range []string{"", "Lightsail_20161128.GetBuckets", "Lightsail_20161128.", "Lightsail_20161128.getBuckets", "x\x00", "Lightsail_20161128.Nope"} {
		f.Add(s)
	}
	s := newServer(f)
	f.Fuzz(func(t *testing.T, target string) {
		s.log.Reset()
		wellFormed(t, s.unsigned(t, target, "{}"))
		wellFormed(t, s.post(t, root, target, "{}"))
	})
}

var exchangeBodies = regexp.MustCompile(`(?s)Lightsail_20161128\.(\w+)\n[^{]*\{ROOT us-east-2\}\n\n(.*?)\n---`)

// FuzzBody sends bodies to every operation as root. Its seeds are the requests
// of the transcripts.
func FuzzBody(f *testing.F) {
	files, err := filepath.Glob("testdata/wire/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, m := range exchangeBodies.FindAllStringSubmatch(string(text), -1) {
			f.Add(m[1], []byte(m[2]))
		}
	}
	s := newServer(f)
	f.Fuzz(func(t *testing.T, op string, body []byte) {
		s.log.Reset()
		wellFormed(t, s.post(t, root, "Lightsail_20161128."+op, string(body)))
		if strings.Contains(s.log.String(), root.secret) {
			t.Fatal("the log has a secret")
		}
	})
}
