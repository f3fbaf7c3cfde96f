package interop_test

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// traced is a middleware that makes each attempt a span.
func traced(tracers trace.TracerProvider) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		inSpan := roundTripper(func(req *http.Request) (*http.Response, error) {
			trace.SpanFromContext(req.Context()).SetAttributes(
				attribute.String("url.template", template(req.URL.Path)),
				attribute.String("client-request-id", req.Header.Get("client-request-id")),
			)
			return next.RoundTrip(req)
		})
		return otelhttp.NewTransport(inSpan, otelhttp.WithTracerProvider(tracers),
			otelhttp.WithSpanNameFormatter(func(_ string, req *http.Request) string {
				return req.Method + " " + template(req.URL.Path)
			}))
	}
}

// template returns a path with a placeholder for the id of a certificate.
func template(path string) string {
	collection, id, found := strings.Cut(path, "/enterpriseCodeSigningCertificates/")
	if !found || id == "$count" {
		return path
	}
	return collection + "/enterpriseCodeSigningCertificates/{id}"
}

// tokens is a credential that notes its tokens.
type tokens struct {
	intune.Credential

	mu     sync.Mutex
	issued []string
}

func (c *tokens) Token(ctx context.Context, req intune.TokenRequest) (*oauth2.Token, error) {
	token, err := c.Credential.Token(ctx, req)
	if err == nil {
		c.mu.Lock()
		c.issued = append(c.issued, token.AccessToken)
		c.mu.Unlock()
	}
	return token, err
}

// observed returns a client that retries quickly, with more options, and its credential.
func observed(t *testing.T, server *intunetest.Server, opts ...intune.Option) (*intune.Client, *tokens) {
	t.Helper()
	cred := &tokens{Credential: intune.ClientSecretCredential(intunetest.TenantID, intunetest.ClientID, intunetest.ClientSecret)}
	client, err := intune.NewClient(cred, append(opts,
		intune.WithBaseURL(server.URL()), intune.WithAuthorityURL(server.URL()),
		intune.WithRetry(intune.RetryPolicy{MinDelay: time.Millisecond, ReconcileWindow: time.Millisecond}))...)
	if err != nil {
		t.Fatal(err)
	}
	return client, cred
}

func TestEachAttemptIsASpanUnderTheCallers(t *testing.T) {
	server := intunetest.NewServer(t)
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	client, cred := observed(t, server, intune.WithMiddleware(traced(provider)))
	created, err := client.EnterpriseCodeSigningCertificates().Create(t.Context(),
		&intune.EnterpriseCodeSigningCertificate{Subject: "CN=Contoso"})
	if err != nil {
		t.Fatal(err)
	}
	recorder.Reset()

	server.Inject(intunetest.Fault{Status: http.StatusServiceUnavailable}, intunetest.Fault{Drop: intunetest.DropAfterReading})
	ctx, caller := provider.Tracer("caller").Start(t.Context(), "caller")
	var response intune.Response
	if _, err := client.EnterpriseCodeSigningCertificates().Get(ctx, created.ID, intune.WithResponse(&response)); err != nil {
		t.Fatal(err)
	}
	caller.End()

	spans := recorder.Ended()
	if len(spans) != 4 || response.Attempts != 3 {
		t.Fatalf("%d spans of %d attempts, want the caller's and three", len(spans), response.Attempts)
	}
	const path = "/beta/deviceAppManagement/enterpriseCodeSigningCertificates/{id}"
	for i, wantStatus := range []int64{http.StatusServiceUnavailable, 0, http.StatusOK} {
		span := spans[i]
		attrs := attribute.NewSet(span.Attributes()...)
		urlTemplate, _ := attrs.Value("url.template")
		clientRequestID, _ := attrs.Value("client-request-id")
		status, _ := attrs.Value("http.response.status_code")
		if span.Parent().SpanID() != caller.SpanContext().SpanID() || span.SpanKind() != trace.SpanKindClient ||
			span.Name() != "GET "+path || urlTemplate.AsString() != path ||
			clientRequestID.AsString() != response.ClientRequestID || status.AsInt64() != wantStatus {
			t.Errorf("attempt %d is the span %s with %v", i+1, span.Name(), span.Attributes())
		}
	}
	for _, span := range spans {
		text := span.Name() + span.Status().Description
		for _, attr := range slices.Concat(span.Attributes(), span.Resource().Attributes()) {
			text += attr.Value.String()
		}
		for _, event := range span.Events() {
			text += event.Name
			for _, attr := range event.Attributes {
				text += attr.Value.String()
			}
		}
		checkHoldsNoToken(t, text, cred)
	}
}

func checkHoldsNoToken(t *testing.T, text string, cred *tokens) {
	t.Helper()
	for _, secret := range append(cred.issued, "Bearer", intunetest.ClientSecret) {
		if strings.Contains(text, secret) {
			t.Errorf("%q holds a secret", text)
		}
	}
	if len(cred.issued) == 0 {
		t.Error("no token was issued")
	}
}

// metrics turns the records of intune.WithLogger into metrics.
type metrics struct {
	slog.Handler

	attempts        metric.Int64Counter
	duration        metric.Float64Histogram
	reconciliations metric.Int64Counter
}

func newMetrics(t *testing.T, meters metric.MeterProvider) *metrics {
	t.Helper()
	meter := meters.Meter("intune")
	attempts, err1 := meter.Int64Counter("intune.attempts")
	duration, err2 := meter.Float64Histogram("intune.attempt.duration", metric.WithUnit("s"))
	reconciliations, err3 := meter.Int64Counter("intune.reconciliations")
	for _, err := range []error{err1, err2, err3} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return &metrics{Handler: slog.DiscardHandler, attempts: attempts, duration: duration, reconciliations: reconciliations}
}

func (m *metrics) Enabled(context.Context, slog.Level) bool { return true }

func (m *metrics) Handle(ctx context.Context, record slog.Record) error {
	values := make(map[string]slog.Value)
	record.Attrs(func(attr slog.Attr) bool {
		values[attr.Key] = attr.Value
		return true
	})
	switch record.Message {
	case "intune: attempt":
		attrs := []attribute.KeyValue{
			attribute.String("method", values["method"].String()), attribute.String("outcome", values["outcome"].String()),
		}
		if status, ok := values["status"]; ok {
			attrs = append(attrs, attribute.Int64("status", status.Int64()))
		}
		m.attempts.Add(ctx, 1, metric.WithAttributes(attrs...))
		m.duration.Record(ctx, values["duration"].Duration().Seconds(), metric.WithAttributes(attrs...))
	case "intune: reconciled":
		m.reconciliations.Add(ctx, 1, metric.WithAttributes(attribute.String("result", values["result"].String())))
	}
	return nil
}

func TestRecordsOfTheLoggerBecomeMetrics(t *testing.T) {
	server := intunetest.NewServer(t)
	reader := sdkmetric.NewManualReader()
	logger := slog.New(newMetrics(t, sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))))
	client, cred := observed(t, server, intune.WithLogger(logger))
	server.Inject(
		intunetest.Fault{Method: http.MethodPost, Drop: intunetest.DropAfterCommit},
		intunetest.Fault{Method: http.MethodDelete, Status: http.StatusServiceUnavailable},
	)
	certificates := client.EnterpriseCodeSigningCertificates()
	cert := intune.FromX509(issue(t, "Contoso Code Signing", nil).cert)
	created, err := certificates.Create(t.Context(), cert)
	if err != nil {
		t.Fatal(err)
	}
	if err := certificates.Delete(t.Context(), created.ID); err != nil {
		t.Fatal(err)
	}

	var collected metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &collected); err != nil {
		t.Fatal(err)
	}
	got := make(map[string]int64)
	for _, m := range collected.ScopeMetrics[0].Metrics {
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			for _, point := range data.DataPoints {
				got[m.Name+" "+point.Attributes.Encoded(attribute.DefaultEncoder())] = point.Value
			}
		case metricdata.Histogram[float64]:
			for _, point := range data.DataPoints {
				if point.Sum <= 0 {
					t.Errorf("%s: no time for %v", m.Name, point.Attributes.ToSlice())
				}
			}
		}
	}
	want := []string{
		"intune.attempts method=POST,outcome=unknown",
		"intune.attempts method=GET,outcome=succeeded,status=200",
		"intune.attempts method=DELETE,outcome=unknown,status=503",
		"intune.attempts method=DELETE,outcome=succeeded,status=204",
		"intune.reconciliations result=found",
	}
	for _, name := range want {
		if got[name] != 1 {
			t.Errorf("%s is %d, want 1: %v", name, got[name], got)
		}
	}
	if len(got) != len(want) {
		t.Errorf("the metrics are %v", got)
	}
	for name := range got {
		checkHoldsNoToken(t, name, cred)
	}
}
