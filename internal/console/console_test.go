package console_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/console"
	"github.com/keyhaven/keyhaven/internal/identity"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/seal"
)

// rig is a door over the real service, with a key of the root.
type rig struct {
	t      *testing.T
	door   *console.Door
	keys   *access.Service
	people *identity.Service
	root   *keyhaven.AccessKey
	first  string // code of the link of the first start
	jar    []*http.Cookie
}

const account = keyhaven.AccountID("111122223333")

var app = fstest.MapFS{
	"index.html":          {Data: []byte("<!doctype html>" + strings.Repeat("index ", 100))},
	"assets/index-abc.js": {Data: []byte(strings.Repeat("let a = 1;", 1000))},
	"favicon.svg":         {Data: []byte("<svg/>")},
}

func newRig(t *testing.T, change func(*console.Options)) *rig {
	t.Helper()
	ring, err := seal.LoadOrCreate(filepath.Join(t.TempDir(), "ring"))
	check(t, err)
	m := meta.New(memkv.New())
	check(t, m.Update(context.Background(), func(tx *meta.Txn) error {
		return errors.Join(tx.PutAccount(keyhaven.Account{ID: account, CanonicalID: "canonical"}), tx.PutInstallation(meta.Installation{ID: "x", Account: account}))
	}))
	r := &rig{t: t, keys: access.New(m, ring, access.Options{Log: slog.New(slog.DiscardHandler)})}
	r.people = identity.New(m, ring, identity.Options{})
	t.Cleanup(r.close)
	r.root, err = r.keys.CreateRootKey(context.Background(), account)
	check(t, err)
	code, err := r.people.InviteFirst(context.Background())
	check(t, err)
	r.first = code.Reveal()
	o := console.Options{
		Access: r.keys, People: r.people, Account: account,
		Endpoint: "http://127.0.0.1:9000", Region: "us-east-1", Version: "v", Operations: []string{"s3:PutObject"},
		App: app, NoApp: "at {{.}}", Log: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&o)
	}
	r.door = console.New(o)
	return r
}

// close ends the service, once.
func (r *rig) close() {
	if r.keys != nil {
		check(r.t, r.keys.Close())
		r.keys = nil
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (r *rig) send(method, target, body string, header ...string) *http.Response {
	r.t.Helper()
	req := httptest.NewRequest(method, "http://127.0.0.1:9001"+target, strings.NewReader(body))
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			req.Host = value
			continue
		}
		req.Header.Set(name, value)
	}
	for _, c := range r.jar {
		req.AddCookie(c)
	}
	w := httptest.NewRecorder()
	r.door.ServeHTTP(w, req)
	return w.Result()
}

func (r *rig) signIn(secret string) *http.Response {
	r.t.Helper()
	body, err := json.Marshal(map[string]string{"kind": "key", "accessKeyId": r.root.ID, "secretAccessKey": secret})
	check(r.t, err)
	return r.send("POST", "/console/sign-in", string(body))
}

func text(t *testing.T, res *http.Response) string {
	t.Helper()
	raw, err := io.ReadAll(res.Body)
	check(t, err)
	return string(raw)
}

func wantStatus(t *testing.T, what string, res *http.Response, status int, parts ...string) string {
	t.Helper()
	body := text(t, res)
	if res.StatusCode != status {
		t.Errorf("%s: status %d, want %d: %s", what, res.StatusCode, status, body)
	}
	for _, p := range parts {
		if !strings.Contains(body, p) {
			t.Errorf("%s: %q, want in it %q", what, body, p)
		}
	}
	return body
}

// TestSessionOfThePage: sign in, renew, sign out.
func TestSessionOfThePage(t *testing.T) {
	r := newRig(t, nil)
	wantStatus(t, "credentials of nobody", r.send("POST", "/console/credentials", "{}"), 401, "SignedOut")
	wantStatus(t, "a wrong secret", r.signIn("wrong"), 403, "SignInFailed")
	res := r.signIn(r.root.Secret.Reveal())
	body := wantStatus(t, "sign-in", res, 200, "ASIA", `"name":"root"`, string(account))
	if strings.Contains(body, r.root.Secret.Reveal()) || res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the answer holds the long-term secret or may be kept: %v", res.Header)
	}
	if len(res.Cookies()) != 1 {
		t.Fatalf("cookies %v, want one", res.Cookies())
	}
	c := res.Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/console/" || strings.Contains(body, c.Value) {
		t.Errorf("C1: the cookie is %v", c)
	}
	r.jar = res.Cookies()
	wantStatus(t, "renewal", r.send("POST", "/console/credentials", "{}"), 200, "ASIA")
	wantStatus(t, "sign-out", r.send("POST", "/console/sign-out", "{}"), 200)
	wantStatus(t, "renewal after signing out", r.send("POST", "/console/credentials", "{}"), 401, "SignedOut")
}

// TestS10CrossOrigin: no other site can make the console's browser do anything.
func TestS10CrossOrigin(t *testing.T) {
	r := newRig(t, nil)
	r.jar = r.signIn(r.root.Secret.Reveal()).Cookies()
	for _, h := range []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site"} {
		wantStatus(t, h, r.send("POST", "/console/sign-out", "{}", h, "Origin: http://127.0.0.1:9000"), 403, "CrossOrigin")
	}
	wantStatus(t, "a form", r.send("POST", "/console/credentials", "{}", "Content-Type: text/plain"), 415)
	wantStatus(t, "still signed in", r.send("POST", "/console/credentials", "{}"), 200)
	for _, target := range []string{"/", "/storage/photos", "/console/settings", "/assets/index-abc.js", "/nothing"} {
		h := r.send("GET", target, "").Header
		csp := h.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'", "form-action 'none'", "connect-src 'self' http://127.0.0.1:9000;"} {
			if !strings.Contains(csp, part) {
				t.Errorf("%s: policy %q lacks %q", target, csp, part)
			}
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: headers %v", target, h)
		}
	}
}

// TestS12Throttle: guessing is slow, whoever guesses well or badly.
func TestS12Throttle(t *testing.T) {
	r := newRig(t, nil)
	for range console.Attempts {
		wantStatus(t, "a wrong secret", r.signIn("wrong"), 403)
	}
	res := r.signIn(r.root.Secret.Reveal())
	wantStatus(t, "the right secret after too many wrong ones", res, 429, "TooManyAttempts")
	if res.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func TestBadRequests(t *testing.T) {
	r := newRig(t, nil)
	for _, body := range []string{"{", `{"kind":"key","evil":1}`, `{"kind":"nothing"}`, "[]", `{"kind":"key","accessKeyId":7}`} {
		wantStatus(t, body, r.send("POST", "/console/sign-in", body), 400, "InvalidRequest")
	}
	wantStatus(t, "a huge body", r.send("POST", "/console/sign-in", `{"kind":"`+strings.Repeat("x", 1<<20)+`"}`), 413)
	wantStatus(t, "no such request", r.send("GET", "/console/credentials", ""), 404)
	r.jar = []*http.Cookie{{Name: "keyhaven_session", Value: strings.Repeat("x", 5000)}}
	wantStatus(t, "a huge cookie", r.send("POST", "/console/credentials", "{}"), 401)
	wantStatus(t, "signing out without a session", r.send("POST", "/console/sign-out", "{}"), 200)
}

func TestFiles(t *testing.T) {
	r := newRig(t, nil)
	for _, target := range []string{"/", "/storage", "/storage/photos/permissions", "/start", "/account"} {
		wantStatus(t, target, r.send("GET", target, ""), 200, "<!doctype html>")
	}
	for _, target := range []string{"/nothing", "/-/health/ready", "/assets/missing.js", "/assets/../../etc/passwd", "/index.html"} {
		wantStatus(t, target, r.send("GET", target, ""), 404)
	}
	res := r.send("GET", "/assets/index-abc.js", "", "Accept-Encoding: gzip")
	if h := res.Header; h.Get("Content-Encoding") != "gzip" || !strings.Contains(h.Get("Cache-Control"), "immutable") || !strings.Contains(h.Get("Content-Type"), "javascript") {
		t.Errorf("a script: %v", h)
	}
	if got := text(t, r.send("GET", "/assets/index-abc.js", "")); len(got) != 10_000 {
		t.Errorf("the script uncompressed has %d bytes", len(got))
	}
	wantStatus(t, "POST to a page", r.send("POST", "/storage", "{}"), 405)
	bare := newRig(t, func(o *console.Options) { o.App = nil })
	wantStatus(t, "no pages built", bare.send("GET", "/", ""), 200, "at http://127.0.0.1:9000")
}

// TestEndpointOfThePage: a server on every address is reached under the host of
// the page; a header that is no host never gets into the policy.
func TestEndpointOfThePage(t *testing.T) {
	r := newRig(t, func(o *console.Options) { o.Endpoint = "http://[::]:9000" })
	for host, want := range map[string]string{
		"files.example:9001":      "http://files.example:9000",
		"[2001:db8::1]:9001":      "http://[2001:db8::1]:9000",
		"192.0.2.1:9001":          "http://192.0.2.1:9000",
		"evil; script-src *:9001": "http://[::]:9000",
		"":                        "http://[::]:9000",
	} {
		res := r.send("GET", "/console/settings", "", "Host: "+host)
		if csp := res.Header.Get("Content-Security-Policy"); !strings.Contains(csp, " "+want+";") {
			t.Errorf("host %q: policy %q, want %s in it", host, csp, want)
		}
		wantStatus(t, host, res, 200, `"endpoint":"`+want+`"`)
	}
}

func FuzzSignIn(f *testing.F) {
	f.Add(`{"kind":"key","accessKeyId":"AKIA","secretAccessKey":"x"}`)
	f.Add(`{`)
	f.Fuzz(func(t *testing.T, body string) {
		r := newRig(t, nil)
		if res := r.send("POST", "/console/sign-in", body); res.StatusCode < 400 || res.StatusCode >= 500 {
			t.Errorf("sign-in with %q: status %d", body, res.StatusCode)
		}
	})
}

// TestSettingsAreCompressed for who takes it so.
func TestSettingsAreCompressed(t *testing.T) {
	r := newRig(t, nil)
	res := r.send("GET", "/console/settings", "", "Accept-Encoding: gzip, deflate")
	if got := res.Header.Get("Content-Encoding"); got != "gzip" {
		t.Fatalf("Content-Encoding = %q", got)
	}
	z, err := gzip.NewReader(res.Body)
	check(t, err)
	var out struct{ Operations []string }
	check(t, json.NewDecoder(z).Decode(&out))
	if len(out.Operations) == 0 {
		t.Error("the settings have no operations")
	}
}
