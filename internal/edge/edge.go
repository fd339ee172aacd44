package edge

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// Options are the settings of the frame.
type Options struct {
	S3       http.Handler            // every request that is not for another door
	Services map[string]http.Handler // by the service name of the credential scope
	Targets  map[string]http.Handler // by the prefix of X-Amz-Target, for unsigned requests
	// Credentials answers /-/credentials: machines fetch theirs there.
	Credentials http.Handler
	Forms       http.Handler // unsigned requests of the Query protocol; S3 when nil
	// BucketHost reports whether the host of a request names a bucket. Then every
	// path is an object key, also those under "/-/". Nil means that none does.
	BucketHost func(host string) bool
	// Hosts are handlers that have hosts of their own, such as websites; all of
	// their paths are theirs.
	Hosts []HostHandler
	// ConsoleOrigin reports whether pages of this origin are the console's, which
	// may use every door from a browser. Nil means that none is.
	ConsoleOrigin func(r *http.Request, origin string) bool
	Ready         func(context.Context) error
	// Audit is called with every management call before its answer is complete.
	// Nil for none.
	Audit func(*http.Request, *Record)
	// Observe is told of every request that has ended; nil for nobody.
	Observe func(context.Context, *Record, Outcome)
	// Own are handlers of more paths below "/-/", which guard themselves.
	Own map[string]http.Handler
	// Proxies are those whose word about the client of a request counts.
	Proxies   Proxies
	Log       *slog.Logger
	BodyStall time.Duration // how long a client may send or take nothing; one minute when zero
	// RequestMemory bounds the memory of requests that run at the same time, in
	// bytes; DefaultRequestMemory when zero. What is beyond waits, or is told to
	// slow down.
	RequestMemory int64
}

// HostHandler answers the requests for some hosts.
type HostHandler struct {
	Host    func(host string) bool
	Handler http.Handler
}

// Edge is the handler of the API port.
type Edge struct {
	opts Options
	room *admission
}

// New returns the frame around the doors.
func New(opts Options) *Edge {
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	if opts.BodyStall == 0 {
		opts.BodyStall = time.Minute
	}
	if opts.RequestMemory == 0 {
		opts.RequestMemory = DefaultRequestMemory
	}
	return &Edge{opts: opts, room: newAdmission(opts.RequestMemory)}
}

// ErrStalled is what reading a body returns when the client has sent nothing for
// too long.
var ErrStalled = errors.New("edge: the client stopped sending")

// ServeHTTP answers one request.
func (e *Edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r = e.opts.Proxies.client(r)
	for _, h := range e.opts.Hosts {
		if h.Host(r.Host) {
			e.exchange(w, r, func(*http.Request) http.Handler { return h.Handler })
			return
		}
	}
	if e.own(r) {
		e.serveOwn(w, r)
		return
	}
	e.exchange(w, r, e.door)
}

// exchange answers a request in its frame, by the handler that pick picks.
func (e *Edge) exchange(w http.ResponseWriter, r *http.Request, pick func(*http.Request) http.Handler) {
	ctx := r.Context()
	x, r := newExchange(w, r, e.opts.BodyStall)
	if e.opts.Observe != nil {
		x.rec.OnEnd(func(o Outcome) { e.opts.Observe(ctx, &x.rec, o) })
	}
	defer x.end(ctx, e.opts.Log, e.opts.Audit)
	release := e.room.admit(ctx, clientName(r), cost(r))
	if release == nil {
		x.refuse(r)
		return
	}
	defer release()
	if e.console(x, r) {
		x.rec.Door, x.rec.Op = "edge", "PreflightRequest"
		return
	}
	pick(r).ServeHTTP(x, r)
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
	if queryProtocol(r) {
		if h := e.opts.Services[presignedService(r)]; h != nil {
			return h
		}
		if e.opts.Forms != nil {
			return e.opts.Forms
		}
	}
	return e.opts.S3
}

// queryProtocol reports whether a request that is not signed in a header looks
// like one of the Query protocol, which S3 has nothing alike of.
func queryProtocol(r *http.Request) bool {
	if r.URL.Path != "/" {
		return false
	}
	if r.Method == http.MethodPost {
		typ, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
		return strings.EqualFold(strings.TrimSpace(typ), "application/x-www-form-urlencoded")
	}
	return r.Method == http.MethodGet && strings.Contains("&"+r.URL.RawQuery, "&Action=")
}

// presignedService returns the service of the credential scope in the query, or
// "".
func presignedService(r *http.Request) string {
	cred, ok := strings.CutSuffix(r.URL.Query().Get("X-Amz-Credential"), "/aws4_request")
	if !ok {
		return ""
	}
	return cred[strings.LastIndexByte(cred, '/')+1:]
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
	case "/-/credentials":
		if e.opts.Credentials != nil {
			e.exchange(w, r, func(*http.Request) http.Handler { return e.opts.Credentials })
			return
		}
		http.NotFound(w, r)
	default:
		if h := e.opts.Own[r.URL.Path]; h != nil {
			h.ServeHTTP(w, r)
			return
		}
		http.NotFound(w, r)
	}
}
