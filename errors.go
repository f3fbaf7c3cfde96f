package intune

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/seed-230b9595/intune-go/internal/grapherror"
	"github.com/seed-230b9595/intune-go/internal/redact"
	"github.com/seed-230b9595/intune-go/internal/rotation"
)

// Sentinels for [errors.Is]. An [*APIError] matches the one for its status. Two of them also match errors of the client that are
// not an [*APIError]: ErrNotFound, if [EnterpriseCodeSigningCertificatesService.Latest] finds no certificate in the tenant, and
// ErrThrottled, if a request would have to wait too long for the client's own quota or a pause, so that it was not sent.
var (
	ErrBadRequest   = errors.New("bad request")         // 400
	ErrUnauthorized = errors.New("unauthorized")        // 401
	ErrForbidden    = errors.New("forbidden")           // 403, and the 401 that Intune gives for a missing permission
	ErrNotFound     = errors.New("not found")           // 404 from Microsoft Graph itself, because a gateway's 404 says nothing about the object; also an empty tenant
	ErrConflict     = errors.New("conflict")            // 409 and 412
	ErrThrottled    = errors.New("throttled")           // 429 and 509; also the client's own quota. RetryAfter returns the wait
	ErrUnavailable  = errors.New("service unavailable") // 502, 503 and 504
)

// responseAttrs are what all errors about a response log.
func responseAttrs(method, path string, status int, requestID, clientRequestID, diagnostics string) []slog.Attr {
	return []slog.Attr{
		slog.String("method", method),
		slog.String("path", path),
		slog.Int("status", status),
		slog.String("requestId", requestID),
		slog.String("clientRequestId", clientRequestID),
		slog.String("diagnostics", diagnostics),
	}
}

// OutcomeUnknownError says that a request that must not be repeated may have succeeded: its response was lost, or was
// not the documented one. It unwraps to its cause, which may be an [*APIError] or a context error, so test for
// *OutcomeUnknownError first.
//
// The certificate may show up late. Run [EnterpriseCodeSigningCertificatesService.Rotate] a few minutes after Until: it
// uploads the certificate only if it is not in the tenant.
type OutcomeUnknownError struct {
	Attempts       int
	UploadDateTime time.Time // the date that was sent; zero for other resources
	Since, Until   time.Time // when the attempts of unknown outcome began and ended, by the local clock, in UTC
	Thumbprint     string    // of the certificate that was sent; "" if it had no content
	Err            error

	// Candidates are the records that may or may not be the certificate.
	Candidates []*EnterpriseCodeSigningCertificate
}

// Error says on one line that the outcome is unknown, and why.
func (e *OutcomeUnknownError) Error() string {
	text := "outcome unknown, the request may have succeeded, so check before sending it again"
	if !e.UploadDateTime.IsZero() {
		text = fmt.Sprintf("outcome unknown, the certificate with the uploadDateTime %s may be in the tenant%s, so run Rotate in a few minutes, which uploads it only if it is missing",
			formatTime(e.UploadDateTime), inParentheses("it may be record", ids(e.Candidates)))
	}
	return redact.Message(grapherror.Joined(text, textOf(e.Err)))
}

// Unwrap returns the cause.
func (e *OutcomeUnknownError) Unwrap() error { return e.Err }

// LogValue implements slog.LogValuer.
func (e *OutcomeUnknownError) LogValue() slog.Value {
	return slog.GroupValue(present(
		slog.Int("attempts", e.Attempts),
		slog.String("uploadDateTime", formatTime(e.UploadDateTime)),
		slog.String("since", formatTime(e.Since)),
		slog.String("until", formatTime(e.Until)),
		slog.String("thumbprint", e.Thumbprint),
		slog.String("candidates", ids(e.Candidates)),
		slog.Any("cause", e.Err),
	)...)
}

// DuplicateError says that the certificate is in the tenant more than once. Do not create it again. Every process
// that gets this error for the certificate is told to keep the same record: the latest upload or, if dates are equal, the one
// with the smallest id.
type DuplicateError struct {
	Certificate *EnterpriseCodeSigningCertificate // the record to keep
	OtherIDs    []string                          // the records to delete, in ascending order
}

// Error says on one line which record to keep.
func (e *DuplicateError) Error() string {
	var advice []string
	if keep := ids([]*EnterpriseCodeSigningCertificate{e.Certificate}); keep != "" {
		advice = append(advice, "keep record "+keep)
	}
	if len(e.OtherIDs) > 0 {
		advice = append(advice, "delete "+enumerate(e.OtherIDs))
	}
	return redact.Message(grapherror.Joined("the certificate is in the tenant more than once", strings.Join(advice, ", ")))
}

// LogValue implements slog.LogValuer.
func (e *DuplicateError) LogValue() slog.Value {
	keep := ids([]*EnterpriseCodeSigningCertificate{e.Certificate})
	return slog.GroupValue(present(slog.String("certificate", keep), slog.String("otherIds", enumerate(e.OtherIDs)))...)
}

// AmbiguousMatchError says that it is unclear whether records in the tenant are the certificate, or whether they are
// earlier or later than it. None of them was deleted. Compare the candidates with the certificate, delete those that
// you do not want, and try again.
type AmbiguousMatchError struct {
	Reason     string // what is not clear, and what to do
	Candidates []*EnterpriseCodeSigningCertificate
}

// Error says on one line what is not clear, and names the records.
func (e *AmbiguousMatchError) Error() string {
	const most = 5
	texts := make([]string, 0, most)
	for _, candidate := range e.Candidates[:min(len(e.Candidates), most)] {
		texts = append(texts, rotation.Describe(candidate.shown()))
	}
	if more := len(e.Candidates) - most; more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	reason := cmp.Or(e.Reason, "it is not clear which record is the certificate")
	return redact.Message(grapherror.Joined(reason, strings.Join(texts, "; ")))
}

// LogValue implements slog.LogValuer.
func (e *AmbiguousMatchError) LogValue() slog.Value {
	return slog.GroupValue(present(slog.String("reason", e.Reason), slog.String("candidates", ids(e.Candidates)))...)
}

func ids(records []*EnterpriseCodeSigningCertificate) string {
	var texts []string
	for _, record := range records {
		if record != nil {
			texts = append(texts, cmp.Or(record.ID, rotation.NoID))
		}
	}
	return enumerate(texts)
}

// enumerate joins texts on one line: the first of them if there are many.
func enumerate(texts []string) string {
	const most = 20
	shown := redact.Line(strings.Join(texts[:min(len(texts), most)], ", "))
	if len(texts) > most {
		shown += fmt.Sprintf(" and %d more", len(texts)-most)
	}
	return shown
}

// named puts the name of the operation in front of an error.
func named(operation string, err error) error {
	if err == nil {
		return nil
	}
	return &operationError{operation, err}
}

// nameError is named for the result of a function that returns.
func nameError(err *error, operation string) { *err = named(operation, *err) }

type operationError struct {
	operation string
	err       error
}

func (e *operationError) Error() string { return redact.Message(e.operation + ": " + e.err.Error()) }
func (e *operationError) Unwrap() error { return e.err }

// LogValue implements slog.LogValuer: the message, and the attributes of the error.
func (e *operationError) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("message", e.Error())}
	var inner slog.LogValuer
	if errors.As(e.err, &inner) {
		attrs = append(attrs, slog.Any("details", inner))
	}
	return slog.GroupValue(attrs...)
}

// ResponseError is a response that is not the documented one: it has another 2xx status than the operation's, a content
// type other than JSON, or a body that is truncated, larger than 8 MiB or not the requested object.
type ResponseError struct {
	Method, Path                            string
	StatusCode                              int
	RequestID, ClientRequestID, Diagnostics string
	Date                                    time.Time // of the response, in UTC

	Problem string // what is wrong with it
	Err     error  // from reading or decoding it; may be nil
}

// Error says on one line what is wrong with the response.
func (e *ResponseError) Error() string {
	text := grapherror.Joined(grapherror.Status(e.StatusCode), redact.Line(e.Problem), redact.Line(textOf(e.Err)))
	return redact.Message(cmp.Or(text, "not the documented response") + inParentheses("request-id", e.RequestID))
}

// Unwrap returns Err.
func (e *ResponseError) Unwrap() error { return e.Err }

// LogValue implements slog.LogValuer.
func (e *ResponseError) LogValue() slog.Value {
	return slog.GroupValue(present(append(
		responseAttrs(e.Method, e.Path, e.StatusCode, e.RequestID, e.ClientRequestID, e.Diagnostics),
		slog.String("problem", e.Problem),
	)...)...)
}

// InputError says what is wrong with an argument, an option, an environment variable, a file or a certificate. Nothing was
// changed in the tenant.
type InputError struct {
	Name    string // what is wrong: a parameter or option, an environment variable, the path of a file, "certificate", or a JSON property
	Problem string
	Err     error // from checking it; may be nil
}

// Error says on one line what is wrong with which input.
func (e *InputError) Error() string {
	text := grapherror.Joined(strings.TrimSpace(e.Name+" "+e.Problem), redact.Line(textOf(e.Err)))
	return redact.Message(cmp.Or(text, "invalid input"))
}

// Unwrap returns Err.
func (e *InputError) Unwrap() error { return e.Err }

func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func inParentheses(what, value string) string {
	if value == "" {
		return ""
	}
	return " (" + what + " " + redact.Line(value) + ")"
}

// formatTime is the one format for times in errors and logs: UTC, with the 100 ns by which an upload is recognized.
func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// present leaves out empty attributes, and makes texts safe for a terminal.
func present(attrs ...slog.Attr) []slog.Attr {
	for i, attr := range attrs {
		if attr.Value.Kind() == slog.KindString {
			attrs[i].Value = slog.StringValue(redact.Message(attr.Value.String()))
		}
	}
	return slices.DeleteFunc(attrs, func(a slog.Attr) bool {
		return a.Value.Equal(slog.StringValue("")) || a.Value.Any() == nil || a.Value.Equal(slog.IntValue(0)) || a.Value.Equal(slog.DurationValue(0))
	})
}
