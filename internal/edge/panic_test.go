package edge_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/keyhaven/keyhaven/internal/edge"
)

// TestPanic is a 500 that says nothing, with everything in the log.
func TestPanic(t *testing.T) {
	var l logbook
	e := edge.New(edge.Options{Log: l.logger(), S3: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("X-Amz-Request-Id", "ID")
		h.Set("Content-Length", "12345")
		h.Set("Content-Encoding", "gzip")
		h.Set("Etag", `"secret"`)
		h.Set("X-Amz-Meta-Secret", "secret")
		panic("secret")
	})})
	w := serve(e, request(t, "GET", "/", ""))
	if w.Code != 500 || w.Body.Len() != 0 {
		t.Errorf("answer = %d %q", w.Code, w.Body)
	}
	for name, values := range w.Header() {
		if name != "X-Amz-Request-Id" && name != "Server" && name != "Content-Length" || strings.Contains(strings.Join(values, ""), "secret") {
			t.Errorf("header %s: %q is left", name, values)
		}
	}
	if got := w.Header().Get("Content-Length"); got != "0" {
		t.Errorf("Content-Length = %s", got)
	}
	for _, want := range []string{"level=ERROR", "panic: secret", "panic_test.go", "status=500"} {
		if !strings.Contains(l.text(), want) {
			t.Errorf("the log lacks %s: %s", want, l.text())
		}
	}
}

// TestPanicAfterTheHead breaks the connection: half an answer must not look
// whole.
func TestPanicAfterTheHead(t *testing.T) {
	for name, p := range map[string]any{"panic": "secret", "abort": http.ErrAbortHandler} {
		t.Run(name, func(t *testing.T) {
			l := logbook{more: make(chan struct{}, 1)}
			srv := httptest.NewServer(edge.New(edge.Options{Log: l.logger(), S3: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				io.WriteString(w, "half of ")
				w.(interface{ Unwrap() http.ResponseWriter }).Unwrap().(http.Flusher).Flush()
				panic(p)
			})}))
			defer srv.Close()
			res, err := srv.Client().Get(srv.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if body, err := io.ReadAll(res.Body); err == nil {
				t.Errorf("the answer %q looks whole", body)
			}
			<-l.more
			if got := strings.Contains(l.text(), "panic: secret"); got != (name == "panic") || !strings.Contains(l.text(), "status=200") {
				t.Errorf("log = %s", l.text())
			}
		})
	}
}

// TestPanicKeepsTheServer: the next request on the connection is answered.
func TestPanicKeepsTheServer(t *testing.T) {
	srv := httptest.NewServer(edge.New(edge.Options{Log: new(logbook).logger(), S3: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/panic" {
			panic("once")
		}
		io.WriteString(w, "fine")
	})}))
	defer srv.Close()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	for path, want := range map[string]int{"/panic": 500, "/": 200} {
		if _, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, res.Body)
		if res.StatusCode != want {
			t.Errorf("%s = %d, want %d", path, res.StatusCode, want)
		}
	}
}
