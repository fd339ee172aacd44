package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/keyhaven/keyhaven/internal/edge"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/telemetry"
)

// minToken is the length of a metrics token at least: it is a password.
const minToken = 16

// instruments are what an operator watches the server with.
type instruments struct {
	metrics *telemetry.Metrics
	traces  *telemetry.Traces
	token   string
	started time.Time
}

// newInstruments reads what the environment asks for.
func newInstruments(sys *system, d *dataDir) (*instruments, error) {
	token, _ := sys.getenv("KEYHAVEN_METRICS_TOKEN")
	if token != "" && len(token) < minToken {
		return nil, errors.New("KEYHAVEN_METRICS_TOKEN must have 16 characters or more")
	}
	traces, err := telemetry.NewTraces(sys.ctx, version, sys.getenv)
	if err != nil {
		return nil, err
	}
	space := func(pick func(free, total uint64) uint64) func() float64 {
		return func() float64 {
			free, total, err := diskSpace(d.path)
			if err != nil {
				return -1 // not known, and not zero, which would raise an alarm
			}
			return float64(pick(free, total))
		}
	}
	return &instruments{
		traces: traces, token: token, started: time.Now().UTC(),
		metrics: telemetry.NewMetrics(version,
			telemetry.Gauge{Name: "keyhaven_disk_free_bytes", Help: "Free bytes of the file system with the data.", Value: space(func(free, _ uint64) uint64 { return free })},
			telemetry.Gauge{Name: "keyhaven_disk_total_bytes", Help: "Bytes of the file system with the data.", Value: space(func(_, total uint64) uint64 { return total })},
			telemetry.Gauge{Name: "keyhaven_stored_bytes", Help: "Bytes of all versions and parts.", Value: total(d, func(u meta.Usage) int64 { return u.Bytes + u.PartBytes })},
			telemetry.Gauge{Name: "keyhaven_objects", Help: "Current objects of all buckets.", Value: total(d, func(u meta.Usage) int64 { return u.Objects })},
			telemetry.Gauge{Name: "keyhaven_buckets", Help: "Buckets.", Value: total(d, func(meta.Usage) int64 { return 1 })},
		),
	}, nil
}

// total sums up the buckets' counters.
func total(d *dataDir, of func(meta.Usage) int64) func() float64 {
	return func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		var sum int64
		err := d.meta.View(ctx, func(r *meta.Reader) error {
			sum = 0
			return r.AllUsage(func(u meta.Usage) { sum += of(u) })
		})
		if err != nil {
			return -1
		}
		return float64(sum)
	}
}

// observe is told of every request that was answered.
func (i *instruments) observe(ctx context.Context, rec *edge.Record, o edge.Outcome) {
	i.metrics.Observe(rec, o)
	i.traces.Observe(ctx, rec, o)
}

// own are the handlers below "/-/".
func (i *instruments) own() map[string]http.Handler {
	return map[string]http.Handler{"/-/metrics": i.metrics.Handler(i.token)}
}

// wrap counts and traces what h answers.
func (i *instruments) wrap(h http.Handler) http.Handler {
	return i.metrics.InFlight(i.traces.Handler(h))
}

// close sends the traces that are left.
func (i *instruments) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return i.traces.Close(ctx)
}
