package lightsail_test

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven"
)

var update = flag.Bool("update", false, "rewrite the answers in testdata/wire")

// TestWire plays the transcripts of testdata/wire, each against a server of its
// own, and compares the answers. An exchange is
//
//	=== what it shows
//	!sleep 744h
//	POST / HTTP/1.1
//	X-Amz-Target: Lightsail_20161128.GetBuckets
//	Authorization: {ROOT us-east-2}
//
//	{}
//	---
//	HTTP/1.1 200 OK
//	…
//
// Lines before the first === are comment. !lock BUCKET turns object lock on, !block BlockPublicPolicy blocks public policies in the account. !machine NAME registers one, or enrols a pending one.
// What differs from run to run is
// written {UUID1}, {KEY1}, {SECRET1} in order of appearance, and may be used so
// in later requests. Authorization: {who region how} stands for a signature;
// see signFor.
func TestWire(t *testing.T) {
	files, err := filepath.Glob("testdata/wire/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var got string
			synctest.Test(t, func(t *testing.T) { got = play(t, string(want)) })
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); d != "" {
				t.Errorf("%s (-want +got):\n%s", file, d)
			}
		})
	}
}

// TestEveryOperationHasATranscript with a success in it.
func TestEveryOperationHasATranscript(t *testing.T) {
	for _, name := range newServer(t).door.Operations() {
		text, err := os.ReadFile(filepath.Join("testdata/wire", name+".txt"))
		if err != nil {
			t.Errorf("%s has no transcript", name)
			continue
		}
		success := false
		for exchange := range strings.SplitSeq(string(text), "\n=== ") {
			success = success || strings.Contains(exchange, "20161128."+name+"\n") && strings.Contains(exchange, "HTTP/1.1 200 OK")
		}
		if !success {
			t.Errorf("the transcript of %s shows no success", name)
		}
	}
}

// play sends the requests of a transcript and returns it with the answers.
func play(t *testing.T, text string) string {
	s := newServer(t)
	n := names{values: map[string]string{"ROOT": root.id, "OTHER": otherRoot.id, "ACCOUNT": string(ownAccount)}}
	comment, rest, _ := strings.Cut(text, "=== ")
	out := comment
	for exchange := range strings.SplitSeq(rest, "\n=== ") {
		title, request, ok := strings.Cut(exchange, "\n")
		if !ok {
			t.Fatalf("%q has no request", title)
		}
		request, _, _ = strings.Cut(request, "\n---\n")
		request = strings.TrimRight(request, "\n")
		w := httptest.NewRecorder()
		s.door.ServeHTTP(w, readRequest(t, s, &n, request))
		out += "=== " + title + "\n" + request + "\n---\n" + n.hide(dump(w.Result(), w.Body.String())) + "\n\n"
	}
	return strings.TrimRight(out, "\n") + "\n"
}

// readRequest builds the request that the text of an exchange describes.
func readRequest(t *testing.T, s *server, n *names, text string) *http.Request {
	head, body, _ := strings.Cut(n.show(text), "\n\n")
	lines := strings.Split(head, "\n")
	if name, ok := strings.CutPrefix(lines[0], "!lock "); ok {
		lockBucket(t, s, name)
		lines = lines[1:]
	}
	if setting, ok := strings.CutPrefix(lines[0], "!block "); ok {
		if setting != "BlockPublicPolicy" {
			t.Fatalf("!block %s", setting)
		}
		if err := s.access.SetAccountPublicAccessBlock(t.Context(), ownAccount, keyhaven.BlockPublicPolicy); err != nil {
			t.Fatal(err)
		}
		lines = lines[1:]
	}
	if name, ok := strings.CutPrefix(lines[0], "!machine "); ok {
		_, _, err := s.machines.RegisterInstance(t.Context(), ownAccount, "us-east-2", name)
		if err != nil {
			t.Fatal(err)
		}
		lines = lines[1:]
	}
	for len(lines) > 0 && strings.HasPrefix(lines[0], "!sleep ") {
		pause, err := time.ParseDuration(strings.TrimPrefix(lines[0], "!sleep "))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(pause)
		lines = lines[1:]
	}
	var method, path string
	if _, err := fmt.Sscanf(lines[0], "%s %s HTTP/1.1", &method, &path); err != nil {
		t.Fatalf("bad request line %q: %v", lines[0], err)
	}
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Host = "localhost:9000"
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ": ")
		if !ok {
			t.Fatalf("bad header %q", line)
		}
		r.Header.Add(name, value)
	}
	if as := signAs.FindStringSubmatch(r.Header.Get("Authorization")); as != nil {
		r.Header.Del("Authorization")
		signFor(r, body, n.key(as[1]), as[2], as[3])
	}
	return r
}

// lockBucket turns object lock on, as only the S3 API can.
func lockBucket(t *testing.T, s *server, name string) {
	t.Helper()
	b, err := s.buckets.Get(t.Context(), name)
	if err == nil {
		err = s.buckets.SetObjectLock(t.Context(), b, keyhaven.LockConfig{})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// signAs is {key region how}: ROOT and OTHER are the root keys of two accounts,
// KEY1 a key that was made, UNKNOWN one that was not.
var signAs = regexp.MustCompile(`^\{(\w+) ([\w-]+) ?([\w-]*)\}$`)

func signFor(r *http.Request, body string, k keyPair, region, how string) {
	service := "lightsail"
	switch how {
	case "for-s3":
		service = "s3"
	case "wrong-secret":
		k.secret = "not the secret"
	}
	sign(r, body, k, region, service)
	switch how {
	case "other-body":
		r.Body = io.NopCloser(strings.NewReader(" " + body))
		r.ContentLength++
	case "then-sleep":
		time.Sleep(16 * time.Minute)
	case "no-date":
		r.Header.Del("X-Amz-Date")
	}
}

func (n *names) key(name string) keyPair {
	for _, k := range []keyPair{root, otherRoot} {
		if k.id == n.values[name] {
			return k
		}
	}
	if name == "UNKNOWN" {
		return keyPair{"AKIAUNKNOWNUNKNOWNUN", "secret"}
	}
	return keyPair{n.values[name], n.values[strings.Replace(name, "KEY", "SECRET", 1)]}
}

// dump writes an answer as the wire has it, headers sorted.
func dump(res *http.Response, body string) string {
	var lines []string
	for name, values := range res.Header {
		for _, v := range values {
			if name == "X-Amzn-Requestid" && uuids.MatchString(v) {
				v = "{REQUESTID}"
			}
			if name == "Content-Length" && v == fmt.Sprint(len(body)) {
				v = "{LENGTH}" // of the body before its names are hidden
			}
			lines = append(lines, name+": "+v)
		}
	}
	slices.Sort(lines)
	return fmt.Sprintf("HTTP/1.1 %s\n%s\n\n%s", res.Status, strings.Join(lines, "\n"), body)
}

var (
	uuids      = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	machineIDs = regexp.MustCompile(`i-[0-9a-f]{16}`)
	keyIDs     = regexp.MustCompile(`AKIA[A-Z0-9]{16}`)
	secrets    = regexp.MustCompile(`"secretAccessKey":"([^"]+)"`)
	hashes     = regexp.MustCompile(`[0-9a-f]{64}`)
)

// names are the values that differ from run to run, by the name that stands
// for them.
type names struct{ values map[string]string }

func (n *names) nameOf(value string) string {
	for name, v := range n.values {
		if v == value {
			return name
		}
	}
	return ""
}

func (n *names) hide(text string) string {
	for _, m := range secrets.FindAllStringSubmatch(text, -1) {
		text = strings.ReplaceAll(text, m[1], n.name("SECRET", m[1]))
	}
	text = keyIDs.ReplaceAllStringFunc(text, func(v string) string { return n.name("KEY", v) })
	text = uuids.ReplaceAllStringFunc(text, func(v string) string { return n.name("UUID", v) })
	text = machineIDs.ReplaceAllStringFunc(text, func(v string) string { return n.name("MACHINE", v) })
	text = hashes.ReplaceAllString(text, "{HASH}")
	return strings.ReplaceAll(text, n.values["ACCOUNT"], "{ACCOUNT}")
}

func (n *names) name(kind, value string) string {
	name := n.nameOf(value)
	for i := 1; name == ""; i++ {
		if free := fmt.Sprint(kind, i); n.values[free] == "" {
			n.values[free] = value
			name = free
		}
	}
	return "{" + name + "}"
}

func (n *names) show(text string) string {
	for name, value := range n.values {
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	return text
}
