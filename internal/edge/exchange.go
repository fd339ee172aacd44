package edge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
)

// exchange is one request and its answer, in one allocation: the access record,
// the response writer that counts what is sent, and the body that counts what
// arrives. Both give up on a client that stands still for longer than stall.
type exchange struct {
	http.ResponseWriter
	rec    Record
	req    *http.Request
	body   requestBody
	stall  time.Duration
	due    time.Time // the write deadline
	first  time.Time // when the head was sent
	status int
	bytes  int64
}

// deadliner is what the response writers of net/http offer to
// http.ResponseController.
type deadliner interface {
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// newExchange returns the exchange and the request for the handler.
func newExchange(w http.ResponseWriter, r *http.Request, stall time.Duration) (*exchange, *http.Request) {
	x := &exchange{ResponseWriter: w, req: r, stall: stall}
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
	if owesContinue(r) {
		w.WriteHeader(http.StatusContinue)
	}
	return x, r
}

// owesContinue reports whether the client waits for a "100 Continue" that
// net/http never sends, because there is no body to wait for. aws-cli and boto3
// ask for one before an empty object too, and would take the answer for that of
// the next request on the connection.
func owesContinue(r *http.Request) bool {
	return r.ContentLength == 0 && r.ProtoAtLeast(1, 1) && r.ProtoMajor == 1 &&
		strings.EqualFold(r.Header.Get("Expect"), "100-continue")
}

var serverName = []string{"Keyhaven"}

// end turns a panic into a 500, records a management call while its answer is in
// the buffers of net/http, and writes the access record. It is deferred.
func (x *exchange) end(ctx context.Context, log *slog.Logger, audit func(*http.Request, *Record)) {
	p := recover()
	defer x.tell()
	if audit != nil && x.rec.Management != nil {
		if p != nil && x.rec.ErrorCode == "" {
			x.rec.ErrorCode = "InternalError"
		}
		audit(x.req, &x.rec)
	}
	x.body.limitDrain()
	x.extend() // what the handler wrote is perhaps sent only now
	if p == nil {
		if x.status == 0 {
			x.status = http.StatusOK // what net/http sends then
		}
		x.rec.log(ctx, log, x)
		return
	}
	if err, ok := p.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
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

// tell calls who waits for the end of the request.
func (x *exchange) tell() {
	if x.rec.ended == nil {
		return
	}
	now := time.Now()
	o := Outcome{Start: x.rec.start, Status: x.status, BytesIn: x.body.n, BytesOut: x.bytes, Total: now.Sub(x.rec.start)}
	if x.first.IsZero() {
		x.first = now
	}
	o.FirstByte = x.first.Sub(x.rec.start)
	o.Turnaround = o.FirstByte
	if x.body.n > 0 && x.body.at.Before(x.first) {
		o.Turnaround = x.first.Sub(x.body.at)
	}
	x.rec.ended(o)
}

// Unwrap lets http.ResponseController reach the connection.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

func (x *exchange) WriteHeader(status int) {
	if x.status == 0 && status >= http.StatusOK {
		x.status, x.first = status, time.Now()
	}
	x.extend()
	x.body.limitDrain()
	x.ResponseWriter.WriteHeader(status)
}

func (x *exchange) Write(p []byte) (int, error) {
	if x.status == 0 {
		x.status, x.first = http.StatusOK, time.Now()
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
		case "Server", "X-Amz-Request-Id", "X-Amz-Id-2", "X-Amzn-Requestid",
			"Access-Control-Allow-Origin", "Access-Control-Expose-Headers", "Vary":
		default:
			delete(h, name)
		}
	}
	h["Content-Length"] = []string{"0"}
	x.WriteHeader(http.StatusInternalServerError)
}

// extend moves the write deadline on: before every write and at the end, but not
// at the start, as on HTTP/2 a deadline ends its stream whether anything is being
// written or not. While some of the body is unread it leaves time to drain that
// first (limitDrain).
func (x *exchange) extend() {
	now, patience := time.Now(), x.stall
	if !x.body.done() {
		patience *= 2
	}
	if d, ok := x.ResponseWriter.(deadliner); ok && stale(x.due, now, patience) {
		x.due = now.Add(patience)
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
	at    time.Time // when it ended
	ended bool
}

// done reports whether nothing of the body is left to read.
func (b *requestBody) done() bool { return b.x == nil || b.ended }

// limitDrain gives the client a last stall for what the handler has not read of
// the body: net/http reads some of it before it sends the answer, and would wait
// for it for ever.
func (b *requestBody) limitDrain() {
	if b.done() {
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
	b.ended, b.at = true, time.Now()
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
