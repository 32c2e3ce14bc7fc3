package main

import (
	"context"
	"log/slog"
	"net/url"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"terang/models/store"
)

// tracer makes spans: one a request (its route, never its address), one a verb's transaction,
// one a statement (its text without the values). No address, name, reference or error
// text is in any of them.
type tracer struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	verbs    sync.Map // program counter -> the verb's name
}

func newTracer(ctx context.Context, u *url.URL, sample float64) (*tracer, error) {
	if strings.Trim(u.Path, "/") == "" {
		u = u.JoinPath("v1", "traces")
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(u.String()), otlptracehttp.WithTimeout(5*time.Second))
	if err != nil {
		return nil, err
	}
	return tracerOn(sdktrace.WithBatcher(exporter), sample), nil
}

func tracerOn(to sdktrace.TracerProviderOption, sample float64) *tracer {
	// Whoever asks from outside does not decide how much is traced: their ids are kept, our
	// part of them is ours.
	root := sdktrace.TraceIDRatioBased(sample)
	p := sdktrace.NewTracerProvider(to, sdktrace.WithoutPanicRecording(),
		sdktrace.WithSampler(sdktrace.ParentBased(root, sdktrace.WithRemoteParentSampled(root), sdktrace.WithRemoteParentNotSampled(root))),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "terang"), attribute.String("service.version", version))))
	return &tracer{provider: p, tracer: p.Tracer("terang")}
}

func (t *tracer) start(log *slog.Logger) {
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("traces are not going out", "error", err) }))
}

func (t *tracer) stop(log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		log.Warn("the last traces were lost", "error", err)
	}
}

func (t *tracer) request(ctx context.Context, traceparent, method string) (context.Context, func(string, int)) {
	if traceparent != "" {
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": traceparent})
	}
	ctx, span := t.tracer.Start(ctx, method, trace.WithSpanKind(trace.SpanKindServer))
	return ctx, func(route string, status int) {
		span.SetName(method + " " + route)
		span.SetAttributes(attribute.String("http.request.method", method), attribute.String("http.route", route), attribute.Int("http.response.status_code", status))
		if status >= 500 {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

func (t *tracer) transaction(ctx context.Context) (context.Context, func(error)) {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return ctx, func(error) {} // of no request: background work runs every second
	}
	ctx, span := t.tracer.Start(ctx, t.verb())
	return ctx, func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

const verbs = "terang/models/casework.(*Service)."

// verb names the exported verb whose transaction this is.
func (t *tracer) verb() string {
	var pcs [16]uintptr
	n := runtime.Callers(3, pcs[:])
	name := "transaction"
	for _, pc := range pcs[:n] {
		known, ok := t.verbs.Load(pc)
		if !ok {
			f, _ := runtime.CallersFrames([]uintptr{pc}).Next()
			found, _ := strings.CutPrefix(f.Function, verbs)
			if found == f.Function || strings.Contains(found, ".") || found == "" || found[0] < 'A' || found[0] > 'Z' {
				found = ""
			}
			known = found
			t.verbs.Store(pc, found)
		}
		if v := known.(string); v != "" {
			name = "casework." + v // the outermost counts
		}
	}
	return name
}

// what a statement is about, from its text without values.
var about = regexp.MustCompile("(?is)^\\s*(select|insert|update|delete|with)\\b(?:.*?\\b(?:from|into|update)\\s+[`\"]?([a-z_]+))?")

func (t *tracer) statement(s store.Statement) {
	parent := trace.SpanFromContext(s.Ctx)
	if s.Ctx == nil || !parent.IsRecording() {
		return
	}
	now := time.Now()
	text := s.SQL()
	name := "sql"
	if m := about.FindStringSubmatch(text); m != nil {
		name = strings.TrimSpace(strings.ToUpper(m[1]) + " " + m[2])
	}
	if len(text) > 2000 {
		text = text[:2000]
	}
	_, span := t.tracer.Start(s.Ctx, name, trace.WithTimestamp(now.Add(-s.Took)), trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("db.query.text", text)))
	if s.Err != nil {
		span.SetStatus(codes.Error, "")
	}
	span.End(trace.WithTimestamp(now))
}
