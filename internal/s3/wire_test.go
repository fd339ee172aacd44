package s3_test

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the answers in testdata/wire")

// TestWire plays the transcripts of testdata/wire, each against a server of its
// own whose clock begins at 2000-01-01, and compares the answers. An exchange is
//
//	=== what it shows
//	! bucket photos
//	PUT /photos/a.txt HTTP/1.1
//	Authorization: {ROOT}
//
//	hello
//	---
//	HTTP/1.1 200 OK
//	…
//
// Lines that begin with # are comment. Lines that begin with ! prepare the
// server; see prepare. Authorization: {who how} stands for a signature; see
// signFor. What differs from run to run is written {VERSION1}, {UPLOAD1}, {KEY1}
// in order of appearance, and may be used so in later requests. {5242880 x}
// is so many bytes. XML answers are broken into lines between
// elements; on the wire they have one line break, after the declaration.
func TestWire(t *testing.T) {
	for name, want := range transcripts(t) {
		t.Run(name, func(t *testing.T) {
			var got string
			synctest.Test(t, func(t *testing.T) { got, _ = play(t, want) })
			if *update {
				if err := os.WriteFile("testdata/wire/"+name+".txt", []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if d := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); d != "" {
				t.Errorf("%s (-want +got):\n%s", name, d)
			}
		})
	}
}

func transcripts(t testing.TB) map[string]string {
	t.Helper()
	files, err := filepath.Glob("testdata/wire/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	texts := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts[strings.TrimSuffix(filepath.Base(file), ".txt")] = string(text)
	}
	return texts
}

// shown is what one exchange of a transcript shows.
type shown struct {
	op     string
	status int
	code   string
}

// play sends the requests of a transcript and returns it with the answers, and
// what they show.
func play(t *testing.T, text string) (string, []shown) {
	s := newServer(t)
	n := names{values: map[string]string{}, secrets: map[string]string{}}
	comment, rest, _ := strings.Cut(text, "=== ")
	var out strings.Builder
	out.WriteString(strings.TrimRight(comment, "\n"))
	var seen []shown
	for exchange := range strings.SplitSeq(rest, "\n=== ") {
		title, request, ok := strings.Cut(exchange, "\n")
		if !ok {
			t.Fatalf("%q has no request", title)
		}
		request, _, _ = strings.Cut(request, "\n---\n")
		request = strings.TrimRight(request, "\n")
		a := s.serve(readRequest(t, s, &n, request))
		seen = append(seen, shown{s.log.last("op"), a.status, a.code()})
		fmt.Fprintf(&out, "\n\n=== %s\n%s\n---\n%s", title, request, unfill(n.hide(dump(t, a))))
	}
	return strings.TrimSpace(out.String()) + "\n", seen
}

// readRequest prepares the server and builds the request that the text of an
// exchange describes.
func readRequest(t *testing.T, s *server, n *names, text string) *http.Request {
	t.Helper()
	head, body, _ := strings.Cut(n.show(text), "\n\n")
	lines := slices.DeleteFunc(strings.Split(head, "\n"), func(l string) bool { return strings.HasPrefix(l, "#") })
	for len(lines) > 0 && strings.HasPrefix(lines[0], "! ") {
		prepare(t, s, n, strings.Fields(lines[0])[1:])
		lines = lines[1:]
	}
	if len(lines) == 0 {
		t.Fatalf("no request in %q", text)
	}
	method, target, _ := strings.Cut(strings.TrimSuffix(lines[0], " HTTP/1.1"), " ")
	body = fill(body)
	for i := range lines {
		lines[i] = fill(lines[i])
	}
	r := s.request(t, method, fill(target), body, lines[1:]...)
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
		r.Header.Del("Host")
	}
	if as := signAs.FindStringSubmatch(r.Header.Get("Authorization")); as != nil {
		r.Header.Del("Authorization")
		r = signFor(t, r, body, n.key(as[1]), as[2])
	}
	return r
}

var repeats = regexp.MustCompile(`\{(\d+) (\w)\}`)

// fill expands {5242880 x} to so many bytes.
func fill(text string) string {
	return repeats.ReplaceAllStringFunc(text, func(s string) string {
		m := repeats.FindStringSubmatch(s)
		n, _ := strconv.Atoi(m[1])
		return strings.Repeat(m[2], n)
	})
}

// emptyElements are what play has broken and need not have: an element's end
// that follows its start. Nothing else starts and ends on two lines.
var emptyElements = regexp.MustCompile(`<(\w+)>\n</(\w+)>`)

var runs = regexp.MustCompile(`[a-zA-Z]{200,}`)

// unfill writes long runs of one letter as fill reads them.
func unfill(text string) string {
	return runs.ReplaceAllStringFunc(text, func(run string) string {
		if run != strings.Repeat(run[:1], len(run)) {
			return run
		}
		return fmt.Sprintf("{%d %c}", len(run), run[0])
	})
}

// dump writes an answer as the wire has it, headers sorted.
func dump(t testing.TB, a *answer) string {
	t.Helper()
	var lines []string
	for name, values := range a.header {
		for _, v := range values {
			if name == "X-Amz-Request-Id" || name == "X-Amz-Id-2" {
				if len(v) != 16 {
					t.Errorf("%s: %s", name, v)
				}
				v = "{REQUEST}"
			}
			lines = append(lines, name+": "+v)
		}
	}
	slices.Sort(lines)
	body := a.body
	if a.header.Get("Content-Type") == "application/xml" {
		body = requestIDs.ReplaceAllString(body, "<$1>{REQUEST}</$1>")
		if body != "" && strings.Index(body, "\n") != strings.LastIndex(body, "\n") {
			t.Errorf("an XML answer has more than one line break: %q", body)
		}
		body = emptyElements.ReplaceAllString(strings.ReplaceAll(body, "><", ">\n<"), "<$1></$2>")
	}
	head := fmt.Sprintf("HTTP/1.1 %d %s\n%s", a.status, http.StatusText(a.status), strings.Join(lines, "\n"))
	if body == "" {
		return head
	}
	return head + "\n\n" + body
}
