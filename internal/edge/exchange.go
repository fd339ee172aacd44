package edge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"
)

// exchange is one request and its answer, in one allocation: the access record,
// the response writer that counts what is sent, and the body that counts what
// arrives. Both give up on a client that stands still for longer than stall.
type exchange struct {
	http.ResponseWriter
	rec    Record
	conn   *connection // nil where ConnContext is not used, as in tests
	body   requestBody
	stall  time.Duration
	status int
	bytes  int64
}

// deadliner is what the response writers of net/http offer to
// http.ResponseController.
type deadliner interface {
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// connection is what is remembered between the requests of one connection. Its
// requests come one after another; on HTTP/2, where they do not, deadlines
// belong to streams and it is not used.
type connection struct{ writeDue time.Time }

type connectionKey struct{}

// ConnContext is for http.Server: it lets the requests of a connection share its
// write deadline, so that not each of them sets one.
func ConnContext(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, &connection{})
}

func newExchange(w http.ResponseWriter, r *http.Request, stall time.Duration) *exchange {
	x := &exchange{ResponseWriter: w, stall: stall}
	x.rec.begin()
	if r.ProtoMajor == 1 {
		x.conn, _ = r.Context().Value(connectionKey{}).(*connection)
	}
	if x.conn == nil {
		x.conn = &connection{}
	}
	if r.Body != nil && r.Body != http.NoBody {
		x.body = requestBody{ReadCloser: r.Body, x: x}
		r.Body = &x.body
	}
	w.Header()["Server"] = serverName
	x.extend()
	return x
}

var serverName = []string{"Keyhaven"}

// end turns a panic into a 500 and writes the access record. It is deferred.
func (x *exchange) end(ctx context.Context, log *slog.Logger) {
	p := recover()
	if p == nil {
		x.rec.log(ctx, log, x)
		return
	}
	if p != http.ErrAbortHandler {
		x.rec.Err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		if x.status == 0 {
			x.fail()
			x.rec.log(ctx, log, x)
			return
		}
	}
	// The head is sent: the connection must break, so that the client does not
	// take what it has for the answer.
	x.rec.log(ctx, log, x)
	panic(http.ErrAbortHandler)
}

// Unwrap lets http.ResponseController reach the connection.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

func (x *exchange) WriteHeader(status int) {
	if x.status == 0 && status >= http.StatusOK {
		x.status = status
	}
	x.extend()
	x.ResponseWriter.WriteHeader(status)
}

func (x *exchange) Write(p []byte) (int, error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	x.extend()
	n, err := x.ResponseWriter.Write(p)
	x.bytes += int64(n)
	return n, err
}

// fail answers 500 in the place of a handler that panicked, without the headers
// that it had set for its own answer.
func (x *exchange) fail() {
	h := x.Header()
	for name := range h {
		switch name {
		case "Server", "X-Amz-Request-Id", "X-Amz-Id-2", "X-Amzn-Requestid":
		default:
			delete(h, name)
		}
	}
	h["Content-Length"] = []string{"0"}
	x.WriteHeader(http.StatusInternalServerError)
}

// extend moves the write deadline on. It is called before every write and at the
// start, as a deadline outlives its request.
func (x *exchange) extend() {
	now := time.Now()
	if d, ok := x.ResponseWriter.(deadliner); ok && stale(x.conn.writeDue, now, x.stall) {
		x.conn.writeDue = now.Add(x.stall)
		_ = d.SetWriteDeadline(x.conn.writeDue) // fails on a closed connection alone
	}
}

// stale reports whether a deadline must be set anew: at most four times in a
// stall, so that a busy connection does not pay for it at every call.
func stale(due, now time.Time, stall time.Duration) bool { return due.Sub(now) <= stall*3/4 }

// requestBody is the body of a request.
type requestBody struct {
	io.ReadCloser
	x   *exchange
	n   int64
	due time.Time
}

func (b *requestBody) Read(p []byte) (int, error) {
	d, hasDeadline := b.x.ResponseWriter.(deadliner)
	if now := time.Now(); hasDeadline && stale(b.due, now, b.x.stall) {
		b.due = now.Add(b.x.stall)
		_ = d.SetReadDeadline(b.due) // fails on a closed connection alone
	}
	n, err := b.ReadCloser.Read(p)
	b.n += int64(n)
	if t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err); ok && t.Timeout() {
		err = ErrStalled
	}
	if err != nil && hasDeadline {
		// From here on net/http watches the connection for its end; a deadline
		// would look like one and cancel the request.
		_ = d.SetReadDeadline(time.Time{})
	}
	return n, err
}
