package telemetry

import (
	"context"
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/keyhaven/keyhaven/internal/edge"
)

// Traces makes a span of each request; nil makes none.
type Traces struct {
	provider *trace.TracerProvider
	tracer   oteltrace.Tracer
	carrier  propagation.TextMapPropagator
}

// wanted reports whether the environment asks for traces (OpenTelemetry's
// "Environment Variable Specification").
func wanted(getenv func(string) (string, bool)) bool {
	if v, _ := getenv("OTEL_SDK_DISABLED"); strings.EqualFold(v, "true") {
		return false
	}
	if v, ok := getenv("OTEL_TRACES_EXPORTER"); ok && v != "" {
		return v == "otlp"
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"} {
		if v, ok := getenv(name); ok && v != "" {
			return true
		}
	}
	return false
}

// NewTraces returns the traces that the environment asks for, or nil. Endpoint,
// headers, sampler and limits are those of the standard variables; the protocol
// is http/protobuf.
func NewTraces(ctx context.Context, version string, getenv func(string) (string, bool)) (*Traces, error) {
	if !wanted(getenv) {
		return nil, nil
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, err
	}
	return newTraces(version, trace.WithBatcher(exporter))
}

func newTraces(version string, to trace.TracerProviderOption) (*Traces, error) {
	// What the environment says comes last and wins.
	res, err := resource.New(context.Background(), resource.WithAttributes(semconv.ServiceName("keyhaven"), semconv.ServiceVersion(version)),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, err
	}
	p := trace.NewTracerProvider(to, trace.WithResource(res))
	return &Traces{provider: p, tracer: p.Tracer("github.com/keyhaven/keyhaven"), carrier: propagation.TraceContext{}}, nil
}

// Close sends what is left.
func (t *Traces) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

type spanKey struct{}

// Handler begins a span for each request, as a child of the caller's. Observe
// ends it.
func (t *Traces) Handler(h http.Handler) http.Handler {
	if t == nil {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := t.carrier.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		ctx, span := t.tracer.Start(ctx, r.Method, oteltrace.WithSpanKind(oteltrace.SpanKindServer))
		defer span.End()
		h.ServeHTTP(w, r.WithContext(context.WithValue(ctx, spanKey{}, span)))
	})
}

// Observe says on the span of a request what became of it. The span names
// neither keys nor what a presigned address holds.
func (t *Traces) Observe(ctx context.Context, rec *edge.Record, o edge.Outcome) {
	span, ok := ctx.Value(spanKey{}).(oteltrace.Span)
	if t == nil || !ok || !span.IsRecording() {
		return
	}
	name := rec.Op
	if name == "" {
		name = "unknown"
	}
	span.SetName(rec.Door + " " + name)
	span.SetAttributes(
		attribute.String("rpc.system", "aws-api"), attribute.String("rpc.service", rec.Door), attribute.String("rpc.method", name),
		attribute.String("aws.request_id", rec.RequestID), attribute.String("aws.s3.bucket", rec.Bucket),
		attribute.Int("http.response.status_code", o.Status), attribute.Int64("http.request.body.size", o.BytesIn), attribute.Int64("http.response.body.size", o.BytesOut),
	)
	if o.Status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, rec.ErrorCode)
	}
}
