package s3_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven/internal/edge"
)

// wire is a connection to a real server.
type wire struct {
	net.Conn
	in  *bufio.Reader
	srv *httptest.Server
}

// dial starts a server as the command does, with another patience for clients
// that stand still, and connects to it.
func (s *server) dial(t *testing.T, stall time.Duration) *wire {
	t.Helper()
	srv := httptest.NewUnstartedServer(edge.New(edge.Options{S3: s.door, BodyStall: stall, Log: s.logger()}))
	srv.Config.MaxHeaderBytes = 64 << 10
	srv.Start()
	t.Cleanup(srv.Close)
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &wire{conn, bufio.NewReader(conn), srv}
}

// raw writes a request as it goes over the wire, in head and body.
func raw(t testing.TB, r *http.Request) (head, body []byte) {
	t.Helper()
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	head, body, _ = bytes.Cut(b.Bytes(), []byte("\r\n\r\n"))
	return append(head, "\r\n\r\n"...), body
}

// signed is a request of the root.
func (s *server) signed(t testing.TB, method, target, body string, headers ...string) *http.Request {
	t.Helper()
	r := s.request(t, method, target, body, headers...)
	root.signer().SignHeader(r, []byte(body))
	return r
}

func (w *wire) send(t testing.TB, pieces ...[]byte) {
	t.Helper()
	if _, err := w.Write(bytes.Join(pieces, nil)); err != nil {
		t.Fatal(err)
	}
}

// receive reads one answer.
func (w *wire) receive(t testing.TB, method string) *answer {
	t.Helper()
	res, err := http.ReadResponse(w.in, &http.Request{Method: method})
	if err != nil {
		t.Fatalf("reading an answer: %v", err)
	}
	if res.Close {
		res.Header.Set("Connection", "close") // ReadResponse takes it out
	}
	body, err := io.ReadAll(res.Body)
	return &answer{status: res.StatusCode, header: res.Header, body: string(body), broken: err != nil}
}

// wantClosed fails the test unless the server has closed the connection.
func (w *wire) wantClosed(t testing.TB) {
	t.Helper()
	if n, err := w.in.ReadByte(); err == nil {
		t.Errorf("the connection is open and says %q", n)
	}
}

func TestExpectContinue(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	w := s.dial(t, 0)
	head, body := raw(t, s.signed(t, "PUT", "/photos/a", "hello", "Expect: 100-continue"))
	w.send(t, head)
	if a := w.receive(t, "PUT"); a.status != 100 {
		t.Fatalf("answer = %d, want 100", a.status)
	}
	w.send(t, body)
	w.receive(t, "PUT").wantBody(t, 200, "")

	// Where the request is refused, the body is not asked for.
	for name, r := range map[string]*http.Request{
		"anonymous":         s.request(t, "PUT", "/photos/a", "hello", "Expect: 100-continue"),
		"no such bucket":    s.signed(t, "PUT", "/no-such-bucket/a", "hello", "Expect: 100-continue"),
		"bad digest header": s.signed(t, "PUT", "/photos/a", "hello", "Expect: 100-continue", "Content-Md5: x"),
		"not built":         s.signed(t, "PUT", "/photos/a?annotation", "hello", "Expect: 100-continue"),
	} {
		w := s.dial(t, 20*time.Millisecond)
		head, _ := raw(t, r)
		w.send(t, head)
		if a := w.receive(t, "PUT"); a.status < 400 {
			t.Errorf("%s = %d, want a refusal", name, a.status)
		}
		w.wantClosed(t)
	}
	s.do(t, root, "GET", "/photos/a", "").wantBody(t, 200, "hello")
}

// TestUnreadBodies: after a refusal the next request on the connection is
// understood, or the connection is closed; the rest of the body is never taken
// for a request.
func TestUnreadBodies(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	next, _ := raw(t, s.signed(t, "GET", "/photos", ""))
	smuggled, _ := raw(t, s.signed(t, "PUT", "/photos/smuggled", ""))
	small := s.request(t, "PUT", "/photos/a", string(smuggled)+strings.Repeat("x", 50<<10))
	w := s.dial(t, 0)
	head, body := raw(t, small)
	w.send(t, head, body, next)
	w.receive(t, "PUT").want(t, 403, "AccessDenied")
	if a := w.receive(t, "GET"); a.status != 200 {
		t.Errorf("the next request = %d", a.status)
	}

	large := s.request(t, "PUT", "/photos/a", strings.Repeat(string(smuggled), 1+(1<<20)/len(smuggled)))
	w = s.dial(t, 0)
	head, body = raw(t, large)
	go func() { _, _ = w.Write(append(head, body...)) }() // the server stops reading it
	a := w.receive(t, "PUT").want(t, 403, "AccessDenied")
	if !strings.EqualFold(a.header.Get("Connection"), "close") {
		t.Errorf("Connection = %q, want close", a.header.Get("Connection"))
	}
	w.wantClosed(t)

	// Chunked by HTTP and with a length: the length does not count.
	w = s.dial(t, 0)
	w.send(t, []byte("PUT /photos/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), smuggled)
	if a := w.receive(t, "PUT"); a.status/100 != 4 {
		t.Errorf("two lengths = %d", a.status)
	}
	w.srv.Close()
	s.do(t, root, "GET", "/photos/smuggled", "").want(t, 404, "NoSuchKey")
}

func TestPipelining(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	w := s.dial(t, 0)
	var all []byte
	for _, r := range []*http.Request{
		s.signed(t, "PUT", "/photos/a", "hello"), s.signed(t, "HEAD", "/photos/missing", ""), s.signed(t, "GET", "/photos/a", ""),
		s.signed(t, "HEAD", "/photos/a", "", "Range: bytes=9-"), s.signed(t, "DELETE", "/photos/a", ""), s.signed(t, "GET", "/photos/a", ""),
	} {
		head, body := raw(t, r)
		all = append(append(all, head...), body...)
	}
	w.send(t, all)
	w.receive(t, "PUT").wantBody(t, 200, "")
	w.receive(t, "HEAD").wantBody(t, 404, "")
	w.receive(t, "GET").wantBody(t, 200, "hello")
	w.receive(t, "HEAD").wantBody(t, 416, "").wantHeader(t, "Content-Range", "bytes */5")
	w.receive(t, "DELETE").wantBody(t, 204, "")
	w.receive(t, "GET").want(t, 404, "NoSuchKey")
}

// TestSlowSender: who stops sending gets RequestTimeout, and nothing is stored.
func TestSlowSender(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	for _, size := range []int{10, 300 << 10} {
		for _, sent := range []int{0, 5, size - 1} {
			w := s.dial(t, 20*time.Millisecond)
			head, body := raw(t, s.signed(t, "PUT", "/photos/a", content(size)))
			w.send(t, head, body[:sent])
			w.receive(t, "PUT").want(t, 400, "RequestTimeout")
			w.wantClosed(t)
		}
	}
	s.do(t, root, "GET", "/photos/a", "").want(t, 404, "NoSuchKey")
	if n := blobs(t, s); n != 0 {
		t.Errorf("%d blobs are left", n)
	}
}

// TestSlowReader: who stops reading does not hold the server for ever.
func TestSlowReader(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	body := strings.Repeat("0123456789abcdef", 2<<20) // more than sockets hold
	s.must(t, root, "PUT", "/photos/a", body)
	w := s.dial(t, 20*time.Millisecond)
	head, _ := raw(t, s.signed(t, "GET", "/photos/a", ""))
	w.send(t, head)
	w.srv.Config.SetKeepAlivesEnabled(false)
	s.log.await(t, "GetObject")
	rest, _ := io.ReadAll(w.in)
	if len(rest) >= len(body) {
		t.Error("a client that did not read got everything")
	}
}

// TestHalfClosed: who closes its side in the middle of the body gets an answer,
// and nothing is stored.
func TestHalfClosed(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	for _, size := range []int{10, 300 << 10} {
		w := s.dial(t, 0)
		head, body := raw(t, s.signed(t, "PUT", "/photos/a", content(size)))
		w.send(t, head, body[:size/2])
		if err := w.Conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		w.receive(t, "PUT").want(t, 400, "IncompleteBody")
		w.wantClosed(t)

		w = s.dial(t, 0)
		w.send(t, head, body[:size/2])
		w.Close()     // both sides
		w.srv.Close() // waits for the handler
	}
	s.do(t, root, "GET", "/photos/a", "").want(t, 404, "NoSuchKey")
	if n := blobs(t, s); n != 0 {
		t.Errorf("%d blobs are left", n)
	}
}

// TestHugeHeaders are refused before they are stored anywhere.
func TestHugeHeaders(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	for name, head := range map[string]string{
		"a long header": "GET /photos HTTP/1.1\r\nHost: localhost\r\nX-Long: " + strings.Repeat("x", 80<<10) + "\r\n\r\n",
		"many headers":  "GET /photos HTTP/1.1\r\nHost: localhost\r\n" + strings.Repeat("X-Many: x\r\n", 10000) + "\r\n",
		"a long path":   "GET /photos/" + strings.Repeat("x", 80<<10) + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
	} {
		w := s.dial(t, 0)
		go func() { _, _ = w.Write([]byte(head)) }()
		if a := w.receive(t, "GET"); a.status != http.StatusRequestHeaderFieldsTooLarge && a.status != http.StatusRequestURITooLong {
			t.Errorf("%s = %d", name, a.status)
		}
	}
	// Many that are short enough are a request like any other.
	var headers []string
	for range 500 {
		headers = append(headers, "X-Many: x")
	}
	s.do(t, root, "GET", "/photos", "", headers...).wantHeader(t, "Content-Type", "application/xml")
}
