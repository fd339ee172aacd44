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
	body   requestBody
	stall  time.Duration
	due    time.Time // the write deadline
	status int
	bytes  int64
}

// deadliner is what the response writers of net/http offer to
// http.ResponseController.
type deadliner interface {
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// ConnContext is for http.Server. It changes nothing: the requests of a
// connection cannot share a write deadline, as net/http takes it off after each.
func ConnContext(ctx context.Context, _ net.Conn) context.Context { return ctx }

// newExchange returns the exchange and the request for the handler.
func newExchange(w http.ResponseWriter, r *http.Request, stall time.Duration) (*exchange, *http.Request) {
	x := &exchange{ResponseWriter: w, stall: stall}
	x.rec.begin()
	if r.Body != nil && r.Body != http.NoBody {
		// A copy: net/http looks at the body of its own request to see whether it
		// owes the client a "100 Continue".
		own := *r
		x.body = requestBody{ReadCloser: r.Body, x: x}
		own.Body = &x.body
		r = &own
	}
	w.Header()["Server"] = serverName
	x.extend()
	return x, r
}

var serverName = []string{"Keyhaven"}

// end turns a panic into a 500 and writes the access record. It is deferred.
func (x *exchange) end(ctx context.Context, log *slog.Logger) {
	p := recover()
	x.body.limitDrain()
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
	x.body.limitDrain()
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
// start: what a handler writes may be sent after it has returned.
func (x *exchange) extend() {
	now := time.Now()
	if d, ok := x.ResponseWriter.(deadliner); ok && stale(x.due, now, x.stall) {
		x.due = now.Add(x.stall)
		_ = d.SetWriteDeadline(x.due) // fails on a closed connection alone
	}
}

// stale reports whether a deadline must be set anew: at most four times in a
// stall, so that a busy connection does not pay for it at every call.
func stale(due, now time.Time, stall time.Duration) bool { return due.Sub(now) <= stall*3/4 }

// requestBody is the body of a request.
type requestBody struct {
	io.ReadCloser
	x     *exchange
	n     int64
	due   time.Time
	ended bool
}

// limitDrain gives the client a last stall for what the handler has not read of
// the body: net/http reads some of it before it sends the answer, and would wait
// for it for ever.
func (b *requestBody) limitDrain() {
	if b.x == nil || b.ended {
		return
	}
	if d, ok := b.x.ResponseWriter.(deadliner); ok {
		b.due = time.Now().Add(b.x.stall)
		_ = d.SetReadDeadline(b.due) // fails on a closed connection alone
	}
}

func (b *requestBody) Read(p []byte) (int, error) {
	d, hasDeadline := b.x.ResponseWriter.(deadliner)
	if now := time.Now(); hasDeadline && stale(b.due, now, b.x.stall) {
		b.due = now.Add(b.x.stall)
		_ = d.SetReadDeadline(b.due) // fails on a closed connection alone
	}
	n, err := b.ReadCloser.Read(p)
	b.n += int64(n)
	if err == nil {
		return n, nil
	}
	b.ended = true
	if t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err); ok && t.Timeout() {
		// The deadline stays, so that net/http does not wait for the rest either.
		return n, ErrStalled
	}
	if hasDeadline {
		// From here on net/http watches the connection for its end; a deadline
		// would look like one and cancel the request.
		_ = d.SetReadDeadline(time.Time{})
	}
	return n, err
}
