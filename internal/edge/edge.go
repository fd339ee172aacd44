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

// Options are the settings of the frame.
type Options struct {
	S3       http.Handler            // every request that is not for another door
	Services map[string]http.Handler // by the service name of the credential scope
	Targets  map[string]http.Handler // by the prefix of X-Amz-Target, for unsigned requests
	// BucketHost reports whether the host of a request names a bucket. Then every
	// path is an object key, also those under "/-/". Nil means that none does.
	BucketHost func(host string) bool
	Ready      func(context.Context) error
	Log        *slog.Logger
	BodyStall  time.Duration // how long a client may send or take nothing; one minute when zero
}

// Edge is the handler of the API port.
type Edge struct{ opts Options }

// New returns the frame around the doors.
func New(opts Options) *Edge {
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	if opts.BodyStall == 0 {
		opts.BodyStall = time.Minute
	}
	return &Edge{opts: opts}
}

// ErrStalled is what reading a body returns when the client has sent nothing for
// too long.
var ErrStalled = errors.New("edge: the client stopped sending")

// ServeHTTP answers one request.
func (e *Edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if e.own(r) {
		e.serveOwn(w, r)
		return
	}
	rec := newRecord()
	rw := &responseWriter{ResponseWriter: w, ctl: http.NewResponseController(w), stall: e.opts.BodyStall}
	body := &requestBody{ReadCloser: r.Body, ctl: rw.ctl, stall: e.opts.BodyStall}
	r = r.WithContext(context.WithValue(r.Context(), recordKey{}, rec))
	r.Body = body
	rw.extend()
	w.Header().Set("Server", "Keyhaven")
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				rec.log(r.Context(), e.opts.Log, rw, body.n)
				panic(p)
			}
			rec.Err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			if rw.status != 0 {
				// The head is sent: the connection must break, so that the client
				// does not take what it has for the answer.
				rec.log(r.Context(), e.opts.Log, rw, body.n)
				panic(http.ErrAbortHandler)
			}
			rw.fail()
		}
		rec.log(r.Context(), e.opts.Log, rw, body.n)
	}()
	e.door(r).ServeHTTP(rw, r)
}

// door picks the handler by the service that the signature is for; what has no
// signature by its target; the rest is S3's.
func (e *Edge) door(r *http.Request) http.Handler {
	if service := scopeService(r); service != "" {
		if h := e.opts.Services[service]; h != nil {
			return h
		}
		return e.opts.S3
	}
	if target := r.Header.Get("X-Amz-Target"); target != "" && r.URL.Path == "/" {
		prefix, _, _ := strings.Cut(target, ".")
		if h := e.opts.Targets[prefix]; h != nil {
			return h
		}
	}
	return e.opts.S3
}

// scopeService returns the service of the credential scope in the Authorization
// header, or "". It only picks the door; the door verifies.
func scopeService(r *http.Request) string {
	_, cred, ok := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	if !ok {
		return ""
	}
	cred, _, ok = strings.Cut(cred, "/aws4_request")
	if !ok {
		return ""
	}
	return cred[strings.LastIndexByte(cred, '/')+1:]
}

// own reports whether the request is for a path that no bucket can have: "-" is
// no bucket name.
func (e *Edge) own(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/-/") && (e.opts.BucketHost == nil || !e.opts.BucketHost(r.Host))
}

// serveOwn answers the server's own paths.
func (e *Edge) serveOwn(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	switch r.URL.Path {
	case "/-/health/live":
		w.WriteHeader(http.StatusOK)
	case "/-/health/ready":
		if e.opts.Ready == nil || e.opts.Ready(r.Context()) == nil {
			w.WriteHeader(http.StatusOK)
			return
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	default:
		http.NotFound(w, r)
	}
}

// responseWriter counts what is sent, and gives up on a client that takes
// nothing for longer than stall.
type responseWriter struct {
	http.ResponseWriter
	ctl    *http.ResponseController
	stall  time.Duration
	status int
	bytes  int64
	due    time.Time
}

// Unwrap lets http.ResponseController reach the connection.
func (w *responseWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *responseWriter) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
	w.extend()
	w.ResponseWriter.WriteHeader(status)
}

// fail answers 500 in the place of a handler that panicked, without the headers
// that it had set for its own answer.
func (w *responseWriter) fail() {
	h := w.Header()
	for name := range h {
		switch name {
		case "Server", "X-Amz-Request-Id", "X-Amz-Id-2", "X-Amzn-Requestid":
		default:
			delete(h, name)
		}
	}
	h["Content-Length"] = []string{"0"}
	w.WriteHeader(http.StatusInternalServerError)
}

// extend is called before every write and at the start: a deadline outlives its
// request, and must not end the next one on the connection.
func (w *responseWriter) extend() { extend(&w.due, w.stall, w.ctl.SetWriteDeadline) }

func (w *responseWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	w.extend()
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// requestBody counts what arrives, and gives up on a client that sends nothing
// for longer than stall.
type requestBody struct {
	io.ReadCloser
	ctl   *http.ResponseController
	stall time.Duration
	n     int64
	due   time.Time
}

func (b *requestBody) Read(p []byte) (int, error) {
	extend(&b.due, b.stall, b.ctl.SetReadDeadline)
	n, err := b.ReadCloser.Read(p)
	b.n += int64(n)
	if t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err); ok && t.Timeout() {
		err = ErrStalled
	}
	if err != nil {
		// From here on net/http watches the connection for its end; a deadline
		// would look like one and cancel the request.
		_ = b.ctl.SetReadDeadline(time.Time{})
	}
	return n, err
}

// extend moves a deadline on, at most four times in a stall so that a busy
// connection does not pay for it at every read.
func extend(due *time.Time, stall time.Duration, set func(time.Time) error) {
	now := time.Now()
	if due.Sub(now) > stall*3/4 {
		return
	}
	*due = now.Add(stall)
	_ = set(*due) // a test's recorder has no connection
}
