package edge

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/keyhaven/keyhaven"
)

// Record is the access record of one request. The door fills in what it learns;
// the frame logs it when the answer has been sent.
type Record struct {
	RequestID string // 16 upper-case hex digits
	Door      string
	Op        string
	Principal *keyhaven.Principal
	Bucket    string
	Key       string
	VersionID string
	ErrorCode string
	// ErrorMessage is what the client was told, for the audit log.
	ErrorMessage string
	// Management is set by the door for a call that the audit log records.
	Management *Management
	// ObjectSize is that of the object which the request is about, in bytes.
	ObjectSize int64
	Err        error // logged in full, never sent; nil for the client's own mistakes

	start time.Time
	ended func(Outcome)
}

// Management describes a call that reads or changes the account, as opposed to
// the data in its buckets.
type Management struct {
	Source     string // "lightsail.amazonaws.com"
	Region     string
	ReadOnly   bool
	Parameters []byte   // JSON, secrets and all: who records it masks them
	Response   []byte   // JSON, likewise; nil for none
	Resources  []string // ARNs
	// Federated is who called without a principal of ours; nil for none.
	Federated *Federated
	// Unproven is the account that hears of a caller who proved nothing, within what
	// such callers may make of records; "" when they are not recorded.
	Unproven keyhaven.AccountID
	// Sparse names what is recorded once a minute, however often it is called; "" for
	// a call that is recorded each time.
	Sparse string
}

// Federated is a caller that proved itself by the token of an identity provider.
type Federated struct {
	Provider string // its ARN
	Audience string
	Subject  string
	Account  keyhaven.AccountID // of the role
}

// Outcome is what is known of a request when its answer has been sent.
type Outcome struct {
	Start      time.Time
	Status     int
	BytesIn    int64
	BytesOut   int64         // of the body
	Total      time.Duration // until the last byte was sent
	FirstByte  time.Duration // until the head was sent
	Turnaround time.Duration // between the last byte of the request and the head of the answer
}

// OnEnd registers fn to be called when the answer has been sent, in the request's
// goroutine: the client may be waiting for its end. Outside of the frame it is
// never called.
func (rec *Record) OnEnd(fn func(Outcome)) {
	if before := rec.ended; before != nil {
		rec.ended = func(o Outcome) { before(o); fn(o) }
		return
	}
	rec.ended = fn
}

// RecordOf returns the access record of the request that w answers. Outside of
// the frame, as in tests of one door, it returns a new one.
func RecordOf(w http.ResponseWriter) *Record {
	if x, ok := w.(*exchange); ok {
		return &x.rec
	}
	rec := &Record{}
	rec.begin()
	return rec
}

func (rec *Record) begin() {
	const digits = "0123456789ABCDEF"
	var id [16]byte
	n := rand.Uint64()
	for i := range id {
		id[i] = digits[n&15]
		n >>= 4
	}
	rec.RequestID, rec.start = string(id[:]), time.Now()
}

// log writes the one line of the request. A request that failed by our fault is
// an error, one that the client got wrong is not.
func (rec *Record) log(ctx context.Context, log *slog.Logger, x *exchange) {
	level := slog.LevelInfo
	if rec.Err != nil {
		level = slog.LevelError
	}
	if !log.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 14)
	attrs = append(attrs, slog.String("request_id", rec.RequestID), slog.String("op", rec.Op))
	if p := rec.Principal; p != nil && p.Kind != keyhaven.Anonymous {
		attrs = append(attrs, slog.String("principal", p.ARN()), slog.String("access_key_id", p.AccessKeyID))
	}
	for _, a := range [...]struct{ name, value string }{
		{"bucket", rec.Bucket}, {"key", rec.Key}, {"version_id", rec.VersionID}, {"code", rec.ErrorCode},
	} {
		if a.value != "" {
			attrs = append(attrs, slog.String(a.name, a.value))
		}
	}
	attrs = append(attrs, slog.Int("status", x.status), slog.Int64("bytes_in", x.body.n), slog.Int64("bytes", x.bytes),
		slog.Duration("duration", time.Since(rec.start)))
	if rec.Err != nil {
		attrs = append(attrs, slog.String("err", rec.Err.Error()))
	}
	log.LogAttrs(ctx, level, "request", attrs...)
}
