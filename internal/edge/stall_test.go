package edge_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keyhaven/keyhaven/internal/edge"
)

// stall is the patience of the servers of these tests, in the time of their
// bubble.
const stall = time.Minute

// pipeListener accepts the one connection of a test, which needs no sockets and
// so works in a bubble.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error   { close(l.done); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

// start starts a server with a door and connects to it.
func start(t *testing.T, l *logbook, door http.HandlerFunc) (net.Conn, *bufio.Reader) {
	t.Helper()
	return startEdge(t, edge.New(edge.Options{S3: door, BodyStall: stall, Log: l.logger()}))
}

func startEdge(t *testing.T, e *edge.Edge) (net.Conn, *bufio.Reader) {
	t.Helper()
	client, server := net.Pipe()
	listener := &pipeListener{conns: make(chan net.Conn, 1), done: make(chan struct{})}
	listener.conns <- server
	srv := &http.Server{
		Handler:  e,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	go srv.Serve(listener)
	t.Cleanup(func() {
		client.Close()
		srv.Close()
		synctest.Wait() // a handler that is held fails the test as a deadlock
	})
	return client, bufio.NewReader(client)
}

func send(t testing.TB, conn net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
}

func receive(t testing.TB, in *bufio.Reader) (int, string) {
	t.Helper()
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatalf("reading the answer: %v", err)
	}
	body, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(body)
}

// wantEnd fails the test unless the server closes the connection.
func wantEnd(t testing.TB, in *bufio.Reader) {
	t.Helper()
	if b, err := in.ReadByte(); err != io.EOF {
		t.Errorf("the connection goes on: %q %v", b, err)
	}
}

// readAll reads the body and answers with what came of it.
func readAll(w http.ResponseWriter, r *http.Request) {
	n, err := io.Copy(io.Discard, r.Body)
	if errors.Is(err, edge.ErrStalled) {
		w.WriteHeader(http.StatusRequestTimeout)
	}
	fmt.Fprintf(w, "%d %v", n, err)
}

func TestStalledSender(t *testing.T) {
	for _, sent := range []string{"", "he"} {
		synctest.Test(t, func(t *testing.T) {
			conn, in := start(t, new(logbook), readAll)
			begun := time.Now()
			send(t, conn, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"+sent)
			if status, body := receive(t, in); status != http.StatusRequestTimeout || body != fmt.Sprintf("%d %v", len(sent), edge.ErrStalled) {
				t.Errorf("after %q = %d %q", sent, status, body)
			}
			if d := time.Since(begun); d < stall*3/4 || d > stall {
				t.Errorf("after %q the server waited %v", sent, d)
			}
			wantEnd(t, in)
		})
	}
}

// TestSlowButSteady: who sends something within three quarters of a stall is
// served, however long it takes in all.
func TestSlowButSteady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, in := start(t, new(logbook), readAll)
		send(t, conn, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n")
		for range 20 {
			time.Sleep(stall*3/4 - time.Second)
			send(t, conn, "x")
		}
		if status, body := receive(t, in); status != 200 || body != "20 <nil>" {
			t.Errorf("answer = %d %q", status, body)
		}
	})
}

// TestUnreadBody: a door that refuses without reading the body is not held by a
// client that never sends it, and the client gets its answer.
func TestUnreadBody(t *testing.T) {
	for _, head := range []string{
		"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n", "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
		"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
	} {
		for _, size := range []int{0, 100, 10000} {
			synctest.Test(t, func(t *testing.T) {
				conn, in := start(t, new(logbook), func(w http.ResponseWriter, _ *http.Request) {
					w.WriteHeader(http.StatusForbidden)
					io.WriteString(w, strings.Repeat("x", size))
				})
				send(t, conn, head)
				if status, body := receive(t, in); status != http.StatusForbidden || len(body) != size {
					t.Errorf("%q = %d with %d bytes, want 403 with %d", head, status, len(body), size)
				}
				wantEnd(t, in)
			})
		}
	}
}

// TestR17_RefusedSenderIsSentAway: a client for which there is no room is told so
// within seconds, though it has not sent the rest of its body, and its connection
// ends.
func TestR17_RefusedSenderIsSentAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		e := edge.New(edge.Options{BodyStall: stall, RequestMemory: 2, Log: new(logbook).logger(), S3: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			<-release
		})})
		holder, _ := startEdge(t, e)
		send(t, holder, "GET /b/k HTTP/1.1\r\nHost: x\r\n\r\n")
		synctest.Wait() // it has all the room
		conn, in := startEdge(t, e)
		begun := time.Now()
		send(t, conn, "PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\nhalf")
		if status, body := receive(t, in); status != http.StatusServiceUnavailable || !strings.Contains(body, "<Code>SlowDown</Code>") {
			t.Errorf("the answer is %d %s", status, body)
		}
		wantEnd(t, in)
		if waited := time.Since(begun); waited > stall/2 {
			t.Errorf("it took %v", waited)
		}
	})
}

// TestSlowHandler: the patience is with the client. A door that works for longer
// after it has read the body is not cut off.
func TestSlowHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, in := start(t, new(logbook), func(_ http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			time.Sleep(3 * stall)
			if err := r.Context().Err(); err != nil {
				t.Errorf("the request ended: %v", err)
			}
		})
		for range 2 { // on one connection
			send(t, conn, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
			if status, _ := receive(t, in); status != 200 {
				t.Errorf("answer = %d", status)
			}
		}
	})
}

// TestSlowHandlerAfterWriting: what it wrote first is sent when it ends.
func TestSlowHandlerAfterWriting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, in := start(t, new(logbook), func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "hello")
			time.Sleep(3 * stall)
		})
		send(t, conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		if status, body := receive(t, in); status != 200 || body != "hello" {
			t.Errorf("answer = %d %q", status, body)
		}
	})
}

// TestStalledReaderOfALittle: an answer that is sent only when the handler has
// ended does not hold the connection either.
func TestStalledReaderOfALittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, in := start(t, new(logbook), func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })
		send(t, conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		time.Sleep(2 * stall)
		wantEnd(t, in)
	})
}

// TestIdleConnection: the deadlines of one request do not end the next, however
// late it comes.
func TestIdleConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, in := start(t, new(logbook), readAll)
		for range 3 {
			send(t, conn, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
			if status, body := receive(t, in); status != 200 || body != "5 <nil>" {
				t.Errorf("answer = %d %q", status, body)
			}
			time.Sleep(5 * stall)
		}
	})
}

// TestStalledReader: who takes nothing does not hold a handler, on the first
// request of a connection or a later one.
func TestStalledReader(t *testing.T) {
	for _, before := range []int{0, 1, 3} {
		synctest.Test(t, func(t *testing.T) {
			var l logbook
			ended := make(chan time.Duration, 1)
			conn, in := start(t, &l, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/large" {
					return
				}
				begun := time.Now()
				for {
					if _, err := io.WriteString(w, strings.Repeat("x", 10000)); err != nil {
						ended <- time.Since(begun)
						return
					}
				}
			})
			for range before {
				send(t, conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
				receive(t, in)
			}
			send(t, conn, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
			if d := <-ended; d < stall*3/4 || d > stall {
				t.Errorf("after %d requests the server waited %v", before, d)
			}
		})
	}
}

// TestStallHTTP2: streams have deadlines of their own.
func TestStallHTTP2(t *testing.T) {
	const stall = 50 * time.Millisecond
	srv := httptest.NewUnstartedServer(edge.New(edge.Options{S3: http.HandlerFunc(readAll), BodyStall: stall, Log: new(logbook).logger()}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	body, feed := io.Pipe()
	defer feed.Close()
	go func() { _, _ = io.WriteString(feed, "he") }()
	r, err := http.NewRequestWithContext(t.Context(), "PUT", srv.URL, body)
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = 5
	res, err := srv.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.ProtoMajor != 2 || res.StatusCode != http.StatusRequestTimeout {
		t.Errorf("answer = %s %d", res.Proto, res.StatusCode)
	}
}
