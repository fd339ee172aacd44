package telemetry

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/keyhaven/keyhaven/internal/edge"
)

// Metrics counts requests and reads gauges when it is asked.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	in, out  *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	first    *prometheus.HistogramVec
	inFlight prometheus.Gauge
	series   sync.Map // seriesKey → *series, so that a request looks up once
}

type seriesKey struct {
	door, op string
	status   int
}

type series struct {
	requests, in, out prometheus.Counter
	seconds, first    prometheus.Observer
}

// Gauge is a number that is read when the metrics are.
type Gauge struct {
	Name, Help string
	Value      func() float64
}

// NewMetrics returns metrics of the process, the requests and the gauges.
func NewMetrics(version string, gauges ...Gauge) *Metrics {
	buckets := []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "keyhaven_requests_total", Help: "Requests that were answered."}, []string{"door", "op", "status"}),
		in:       prometheus.NewCounterVec(prometheus.CounterOpts{Name: "keyhaven_received_bytes_total", Help: "Bytes of request bodies."}, []string{"door", "op"}),
		out:      prometheus.NewCounterVec(prometheus.CounterOpts{Name: "keyhaven_sent_bytes_total", Help: "Bytes of answer bodies."}, []string{"door", "op"}),
		seconds:  prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "keyhaven_request_duration_seconds", Help: "Time until the last byte was sent.", Buckets: buckets}, []string{"door", "op"}),
		first:    prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "keyhaven_first_byte_seconds", Help: "Time until the head of the answer was sent.", Buckets: buckets}, []string{"door", "op"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "keyhaven_requests_in_flight", Help: "Requests that are being answered."}),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "keyhaven_build_info", Help: "The release, always 1.", ConstLabels: prometheus.Labels{"version": version, "go": runtime.Version()},
	})
	info.Set(1)
	m.registry.MustRegister(m.requests, m.in, m.out, m.seconds, m.first, m.inFlight, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, g := range gauges {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: g.Name, Help: g.Help}, g.Value))
	}
	return m
}

// Observe counts a request that was answered.
func (m *Metrics) Observe(rec *edge.Record, o edge.Outcome) {
	s := m.of(seriesKey{rec.Door, rec.Op, o.Status})
	s.requests.Inc()
	s.in.Add(float64(o.BytesIn))
	s.out.Add(float64(o.BytesOut))
	s.seconds.Observe(o.Total.Seconds())
	s.first.Observe(o.FirstByte.Seconds())
}

func (m *Metrics) of(k seriesKey) *series {
	if s, ok := m.series.Load(k); ok {
		return s.(*series)
	}
	op := k.op
	if op == "" {
		op = "none"
	}
	s := &series{
		requests: m.requests.WithLabelValues(k.door, op, strconv.Itoa(k.status)),
		in:       m.in.WithLabelValues(k.door, op), out: m.out.WithLabelValues(k.door, op),
		seconds: m.seconds.WithLabelValues(k.door, op), first: m.first.WithLabelValues(k.door, op),
	}
	m.series.Store(k, s)
	return s
}

// InFlight counts the requests that h is answering.
func (m *Metrics) InFlight(h http.Handler) http.Handler {
	return promhttp.InstrumentHandlerInFlight(m.inFlight, h)
}

// Handler sends the metrics to who shows the token; without a token nobody gets
// anything (S6).
func (m *Metrics) Handler(token string) http.Handler {
	if token == "" {
		return http.NotFoundHandler()
	}
	metrics := promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
	want := sha256.Sum256([]byte(token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if have := sha256.Sum256([]byte(given)); subtle.ConstantTimeCompare(have[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", `Bearer realm="keyhaven"`)
			http.Error(w, "The metrics need the token of KEYHAVEN_METRICS_TOKEN.", http.StatusUnauthorized)
			return
		}
		metrics.ServeHTTP(w, r)
	})
}
