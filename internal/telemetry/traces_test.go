package telemetry

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/keyhaven/keyhaven/internal/edge"
)

func TestWanted(t *testing.T) {
	for name, c := range map[string]struct {
		env  map[string]string
		want bool
	}{
		"nothing":  {nil, false},
		"endpoint": {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}, true},
		"exporter": {map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, true},
		"none":     {map[string]string{"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}, false},
		"disabled": {map[string]string{"OTEL_SDK_DISABLED": "true", "OTEL_TRACES_EXPORTER": "otlp"}, false},
	} {
		if got := wanted(func(k string) (string, bool) { v, ok := c.env[k]; return v, ok }); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestTraces: the span is the caller's child and says what became of the
// request.
func TestTraces(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	traces, err := newTraces("1.2.3", trace.WithSyncer(spans))
	if err != nil {
		t.Fatal(err)
	}
	h := traces.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		traces.Observe(r.Context(), &edge.Record{Door: "s3", Op: "PutObject", Bucket: "photos", ErrorCode: "InternalError"}, edge.Outcome{Status: 500, BytesIn: 7})
	}))
	r := httptest.NewRequestWithContext(t.Context(), "PUT", "/photos/private-name?X-Amz-Signature=secret", nil)
	r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	h.ServeHTTP(httptest.NewRecorder(), r)
	got := spans.GetSpans()
	if len(got) != 1 || got[0].Name != "s3 PutObject" || got[0].SpanContext.TraceID().String() != "0af7651916cd43dd8448eb211c80319c" ||
		got[0].Parent.SpanID().String() != "b7ad6b7169203331" || got[0].Status.Description != "InternalError" {
		t.Fatalf("spans = %+v", got)
	}
	for _, a := range got[0].Attributes {
		if v := a.Value.String(); v == "private-name" || v == "secret" {
			t.Errorf("%s = %s", a.Key, v)
		}
	}
	var none *Traces
	none.Handler(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), r)
	if err := none.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
