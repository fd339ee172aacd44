package telemetry

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven/internal/edge"
)

func scrape(t *testing.T, h http.Handler, authorization string) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/-/metrics", nil)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// TestS6_MetricsAreGuarded: by a token, and there are none without one.
func TestS6_MetricsAreGuarded(t *testing.T) {
	m := NewMetrics("1.2.3")
	h := m.Handler("the-token-of-metrics")
	for auth, want := range map[string]int{
		"": 401, "Bearer ": 401, "Bearer the-token-of-metric": 401, "Basic dGhl": 401, "Bearer the-token-of-metrics": 200,
	} {
		if got, body := scrape(t, h, auth); got != want || want != 200 && strings.Contains(body, "keyhaven_requests") {
			t.Errorf("with %q: %d, want %d", auth, got, want)
		}
	}
	if got, _ := scrape(t, m.Handler(""), "Bearer "); got != 404 {
		t.Errorf("without a token: %d, want 404", got)
	}
}

func TestMetrics(t *testing.T) {
	m := NewMetrics("1.2.3", Gauge{"keyhaven_disk_free_bytes", "Free.", func() float64 { return 42 }})
	for range 3 {
		m.Observe(&edge.Record{Door: "s3", Op: "GetObject", Bucket: "secret-bucket"}, edge.Outcome{
			Status: 200, BytesIn: 1, BytesOut: 100, Total: 20 * time.Millisecond, FirstByte: time.Millisecond,
		})
	}
	m.Observe(&edge.Record{Door: "s3"}, edge.Outcome{Status: 400})
	_, body := scrape(t, m.Handler("t"), "Bearer t")
	for _, want := range []string{
		`keyhaven_requests_total{door="s3",op="GetObject",status="200"} 3`, `keyhaven_requests_total{door="s3",op="none",status="400"} 1`,
		`keyhaven_sent_bytes_total{door="s3",op="GetObject"} 300`, `keyhaven_request_duration_seconds_bucket{door="s3",op="GetObject",le="0.025"} 3`,
		`keyhaven_first_byte_seconds_bucket{door="s3",op="GetObject",le="0.001"} 3`, `keyhaven_disk_free_bytes 42`, `version="1.2.3"`, `keyhaven_requests_in_flight 0`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in\n%s", want, body)
		}
	}
	if strings.Contains(body, "secret-bucket") {
		t.Error("a bucket is named")
	}
}

func BenchmarkObserve(b *testing.B) {
	m := NewMetrics("x")
	rec := &edge.Record{Door: "s3", Op: "GetObject"}
	for b.Loop() {
		m.Observe(rec, edge.Outcome{Status: 200, BytesOut: 100, Total: time.Millisecond})
	}
}
