package intune

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
)

// What the service's refusals have in common, for errors.Is with an *APIError.
var (
	ErrBadRequest   = errors.New("bad request")         // 400
	ErrUnauthorized = errors.New("unauthorized")        // 401
	ErrForbidden    = errors.New("forbidden")           // 403, and the 401 that Intune gives for a missing permission
	ErrNotFound     = errors.New("not found")           // 404
	ErrConflict     = errors.New("conflict")            // 409 and 412
	ErrThrottled    = errors.New("throttled")           // 429 and 509
	ErrUnavailable  = errors.New("service unavailable") // 502, 503 and 504
)

// APIError is an answer that is not a success: what Microsoft Graph and Intune said, taken apart. Program against
// StatusCode, Code and InnerCodes; messages change.
// See https://learn.microsoft.com/graph/errors.
type APIError struct {
	Method, Path string // the path without its query
	StatusCode   int

	Code       string // of the outer error: "Forbidden", "UnknownError"; empty where the answer is not Graph's
	Message    string // the innermost message, unwrapped from Intune's JSON text
	Target     string // what the error is about, where the service says it
	Details    []ErrorDetail
	InnerCodes []string // of the inner errors, the most specific one last

	RequestID, ClientRequestID, Diagnostics string
	Date                                    time.Time // of the answer, in UTC

	ActivityID, OperationID, ServiceURL, CustomPhrase string // out of Intune's nested message

	RequiredPermissions []string      // any one of them suffices; empty where the service names none
	RetryAfter          time.Duration // how long the service asked to wait; 0 where it did not

	Body []byte // the first 4 KiB of the answer, what was secret in the request masked
}

// ErrorDetail is one of several reasons in an APIError.
type ErrorDetail struct{ Code, Message, Target string }

// Is reports whether target is the sentinel for the status.
func (e *APIError) Is(target error) bool {
	switch target {
	case ErrBadRequest:
		return e.StatusCode == http.StatusBadRequest
	case ErrUnauthorized:
		return e.StatusCode == http.StatusUnauthorized
	case ErrForbidden:
		return e.StatusCode == http.StatusForbidden || e.StatusCode == http.StatusUnauthorized && e.lacksPermission()
	case ErrNotFound:
		return e.StatusCode == http.StatusNotFound
	case ErrConflict:
		return e.StatusCode == http.StatusConflict || e.StatusCode == http.StatusPreconditionFailed
	case ErrThrottled:
		return e.StatusCode == http.StatusTooManyRequests || e.StatusCode == statusBandwidthLimitExceeded
	case ErrUnavailable:
		return e.StatusCode >= http.StatusBadGateway && e.StatusCode <= http.StatusGatewayTimeout
	}
	return false
}

func (e *APIError) lacksPermission() bool {
	return len(e.RequiredPermissions) > 0 || e.Code == "Forbidden" || slices.Contains(e.InnerCodes, "Forbidden")
}

// Error says on one line what the service refused and, where that is known, what to do.
func (e *APIError) Error() string {
	text := status(e.StatusCode) + ": " + e.reason()
	if e.CustomPhrase != "" {
		text += " [" + oneLine(e.CustomPhrase) + "]"
	}
	if e.RetryAfter > 0 {
		text += ", retry after " + e.RetryAfter.String()
	}
	return text + inParentheses(e.RequestID)
}

func (e *APIError) reason() string {
	message := strings.ToLower(e.Message)
	switch {
	case strings.Contains(message, "not applicable to target tenant"):
		return "the tenant has no active Intune license: assign one and try again"
	case strings.Contains(message, "personal microsoft account"), strings.Contains(message, "msa ") && strings.Contains(message, "not supported"):
		return "personal Microsoft accounts are not supported: sign in with a work or school account"
	case len(e.RequiredPermissions) == 1:
		return "application needs " + e.RequiredPermissions[0]
	case len(e.RequiredPermissions) > 1:
		return "application needs one of " + strings.Join(e.RequiredPermissions, ", ")
	case e.StatusCode >= 300 && e.StatusCode < 400:
		return "the service redirects, and redirects are not followed"
	case e.Code == "" && e.Message == "":
		return "the answer is not Microsoft Graph's; a gateway may have given it"
	case e.Message == "":
		return oneLine(e.Code)
	case e.Code == "" || strings.HasPrefix(e.Code, "Unknown"):
		return oneLine(e.Message)
	}
	return oneLine(e.Code) + ": " + oneLine(e.Message)
}

// LogValue implements slog.LogValuer.
func (e *APIError) LogValue() slog.Value {
	return slog.GroupValue(present(
		slog.String("method", e.Method),
		slog.String("path", e.Path),
		slog.Int("status", e.StatusCode),
		slog.String("code", e.Code),
		slog.String("innerCodes", strings.Join(e.InnerCodes, ",")),
		slog.String("message", oneLine(e.Message)),
		slog.String("requestId", e.RequestID),
		slog.String("clientRequestId", e.ClientRequestID),
		slog.String("diagnostics", e.Diagnostics),
		slog.String("activityId", e.ActivityID),
		slog.Duration("retryAfter", e.RetryAfter),
	)...)
}

// OutcomeUnknownError says that a request that must not be repeated may have been carried out: the answer was lost,
// or it was not the one that the service promises. It unwraps to the cause, which may be an *APIError or a context's
// error, so test for it first.
//
// The certificate may become visible late. So list the certificates with a new context and for some minutes after
// Until, look for UploadDateTime, and create again only if it has not turned up.
type OutcomeUnknownError struct {
	Attempts       int
	UploadDateTime time.Time // that was sent, by which to recognise the certificate; zero for other resources
	Since, Until   time.Time // when the attempts of unknown outcome began and ended, by the local clock, in UTC
	Thumbprint     string    // of the certificate that was sent, to tell people which; "" where it had no content
	Err            error

	// Candidates are the records that may be the certificate, but that cannot be told from others.
	Candidates []*EnterpriseCodeSigningCertificate
}

// Error says on one line that the outcome is unknown, and why.
func (e *OutcomeUnknownError) Error() string {
	if e.UploadDateTime.IsZero() {
		return fmt.Sprintf("outcome unknown, the request may have been carried out: look before sending it again: %v", e.Err)
	}
	return fmt.Sprintf("outcome unknown, the certificate with the uploadDateTime %s may exist: look before creating it again: %v",
		e.UploadDateTime.Format(time.RFC3339Nano), e.Err)
}

// Unwrap returns the cause.
func (e *OutcomeUnknownError) Unwrap() error { return e.Err }

// LogValue implements slog.LogValuer.
func (e *OutcomeUnknownError) LogValue() slog.Value {
	return slog.GroupValue(present(
		slog.Int("attempts", e.Attempts),
		slog.String("uploadDateTime", precise(e.UploadDateTime)),
		slog.Time("since", e.Since),
		slog.Time("until", e.Until),
		slog.String("thumbprint", e.Thumbprint),
		slog.Any("cause", e.Err),
	)...)
}

// DuplicateError says that the certificate exists, and more than once. Do not create it again.
type DuplicateError struct {
	Certificate *EnterpriseCodeSigningCertificate // the one to keep
	OtherIDs    []string
}

// Error says on one line which records are the same certificate.
func (e *DuplicateError) Error() string {
	id := ""
	if e.Certificate != nil {
		id = e.Certificate.ID
	}
	return fmt.Sprintf("the certificate exists more than once: keep %s, delete %s", id, strings.Join(e.OtherIDs, ", "))
}

// LogValue implements slog.LogValuer.
func (e *DuplicateError) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("otherIds", strings.Join(e.OtherIDs, ","))}
	if e.Certificate != nil {
		attrs = append(attrs, slog.Any("certificate", *e.Certificate))
	}
	return slog.GroupValue(attrs...)
}

// ResponseError is an answer that breaks the service's contract: not the status that the operation promises, another
// content type than JSON, a body that is cut short, above 8 MiB or not the object that was asked for.
type ResponseError struct {
	Method, Path                            string
	StatusCode                              int
	RequestID, ClientRequestID, Diagnostics string
	Date                                    time.Time // of the answer, in UTC

	Problem string // what is wrong with it
	Err     error  // what reading or decoding it said; may be nil
}

// Error says on one line what is wrong with the answer.
func (e *ResponseError) Error() string {
	text := status(e.StatusCode) + ": " + e.Problem
	if e.Err != nil {
		text += ": " + oneLine(e.Err.Error())
	}
	return text + inParentheses(e.RequestID)
}

// Unwrap returns what reading or decoding the answer said.
func (e *ResponseError) Unwrap() error { return e.Err }

// LogValue implements slog.LogValuer.
func (e *ResponseError) LogValue() slog.Value {
	return slog.GroupValue(present(
		slog.String("method", e.Method),
		slog.String("path", e.Path),
		slog.Int("status", e.StatusCode),
		slog.String("problem", e.Problem),
		slog.String("requestId", e.RequestID),
		slog.String("clientRequestId", e.ClientRequestID),
		slog.String("diagnostics", e.Diagnostics),
	)...)
}

// InputError says what is wrong with something that the caller gave. Nothing was sent.
type InputError struct {
	Name    string // of the option, parameter or environment variable
	Problem string
	Err     error // what checking it said; may be nil
}

// Error names the input and what is wrong with it.
func (e *InputError) Error() string {
	text := e.Name + " " + e.Problem
	if e.Err != nil {
		text += ": " + oneLine(e.Err.Error())
	}
	return text
}

// Unwrap returns what checking the input said.
func (e *InputError) Unwrap() error { return e.Err }
