package intune

import (
	"cmp"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seed-230b9595/intune-go/internal/grapherror"
	"github.com/seed-230b9595/intune-go/internal/redact"
)

// APIError is a response that is not 2xx, with what Microsoft Graph and Intune said in it. Test for a status with
// [errors.Is] and a sentinel such as [ErrForbidden]. Rely on StatusCode, Code and InnerCodes only; messages change.
// See https://learn.microsoft.com/graph/errors.
type APIError struct {
	Method, Path string // the path without its query
	StatusCode   int

	Code       string // of the outer error, such as "Forbidden"; "" if the response is not from Microsoft Graph
	Message    string // the innermost message, taken out of Intune's JSON text, or what a gateway said
	Target     string // what the error is about, if the service says it
	Details    []ErrorDetail
	InnerCodes []string // of the inner errors, the most specific one last

	RequestID, ClientRequestID, Diagnostics string
	Date                                    time.Time // of the response, in UTC

	ActivityID, OperationID, ServiceURL, CustomPhrase string // from Intune's nested message

	RequiredPermissions []string      // any one of them suffices; empty if the service names none
	RetryAfter          time.Duration // how long the service asked to wait; 0 if it did not

	Body []byte // the first 4 KiB of the response, without the secrets of the request

	gateway string // what the sender calls itself, if that is not Microsoft Graph
	silent  bool   // the response says no more than its status
}

// ErrorDetail is one of several reasons in an [APIError].
type ErrorDetail struct{ Code, Message, Target string }

// apiError returns the error of a response that is not 2xx.
func (c *call) apiError() *APIError {
	e := newAPIError(c.last.response)
	e.Method, e.Path, e.ClientRequestID = c.method, withoutQuery(c.path), c.clientRequestID
	return e
}

func newAPIError(resp *response) *APIError {
	read := grapherror.Read(resp.header, resp.body)
	e := &APIError{
		StatusCode: resp.status,
		Code:       read.Code, Message: read.Message, Target: read.Target, InnerCodes: read.InnerCodes,
		RequestID: read.RequestID, Diagnostics: read.Diagnostics, Date: read.Date,
		ActivityID: read.ActivityID, OperationID: read.OperationID, ServiceURL: read.ServiceURL, CustomPhrase: read.CustomPhrase,
		RequiredPermissions: read.RequiredPermissions, RetryAfter: read.RetryAfter, Body: read.Body, gateway: read.Gateway,
		silent: read.Code == "" && grapherror.Words(resp.status, "", read.Message) == "",
	}
	for _, detail := range read.Details {
		e.Details = append(e.Details, ErrorDetail(detail))
	}
	return e
}

// Is reports whether target is the sentinel for the status, such as [ErrNotFound].
func (e *APIError) Is(target error) bool {
	switch e.StatusCode {
	case http.StatusBadRequest:
		return target == ErrBadRequest
	case http.StatusUnauthorized:
		return target == ErrUnauthorized || target == ErrForbidden && e.lacksPermission()
	case http.StatusForbidden:
		return target == ErrForbidden
	case http.StatusNotFound:
		return target == ErrNotFound && e.isFromGraph()
	case http.StatusConflict, http.StatusPreconditionFailed:
		return target == ErrConflict
	case http.StatusTooManyRequests, grapherror.StatusBandwidthLimitExceeded:
		return target == ErrThrottled
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return target == ErrUnavailable
	}
	return false
}

// isFromGraph reports whether the error is in Microsoft Graph's own words. Any other response proves nothing about what the
// service has done.
func (e *APIError) isFromGraph() bool { return e.Code != "" }

func (e *APIError) isThrottling() bool {
	return e.StatusCode == http.StatusTooManyRequests || e.StatusCode == grapherror.StatusBandwidthLimitExceeded
}

func (e *APIError) lacksPermission() bool {
	return len(e.RequiredPermissions) > 0 || e.Code == "Forbidden" || slices.Contains(e.InnerCodes, "Forbidden")
}

// Error says on one line what the service rejected and, if known, what to do.
func (e *APIError) Error() string {
	text := cmp.Or(grapherror.Joined(grapherror.Status(e.StatusCode), e.reason()), "an error response")
	if e.CustomPhrase != "" {
		text += " [" + redact.Line(e.CustomPhrase) + "]"
	}
	if e.RetryAfter > 0 {
		text += ", retry after " + e.RetryAfter.String()
	}
	return redact.Message(text + inParentheses("from", e.gateway) + inParentheses("request-id", e.RequestID))
}

// reason returns what the response says, and what to do about it.
func (e *APIError) reason() string {
	words, advice := e.words(), e.advice()
	if words == "" || advice == "" {
		return words + advice
	}
	return strings.TrimSuffix(words, ".") + ": " + advice
}

// words returns what the response says beside its status, "" if nothing that can be read.
func (e *APIError) words() string {
	code, message := redact.Line(e.Code), redact.Line(e.Message)
	if message != "" && strings.HasPrefix(code, "Unknown") {
		code = ""
	}
	return grapherror.Words(e.StatusCode, code, message)
}

func isReadOnly(permission string) bool { return strings.Contains(permission, ".Read.") }

// advice returns what to do, "" if that is not known.
func (e *APIError) advice() string {
	message := strings.ToLower(e.Message)
	switch {
	case strings.Contains(message, "not applicable to target tenant"):
		return "assign an active Intune license to the tenant and try again"
	case strings.Contains(message, "personal microsoft account"), strings.Contains(message, "msa ") && strings.Contains(message, "not supported"):
		return "sign in with a work or school account"
	case len(e.RequiredPermissions) == 1:
		return "grant the application " + e.RequiredPermissions[0]
	case slices.ContainsFunc(e.RequiredPermissions, isReadOnly): // a rotation reads first
		return "grant the application one of these permissions; to upload, it needs one with ReadWrite"
	case len(e.RequiredPermissions) > 1:
		return "grant the application one of these permissions"
	case e.StatusCode == http.StatusProxyAuthRequired:
		return "the proxy requires a user name and a password: set them in HTTPS_PROXY or in the transport's Proxy"
	case e.StatusCode/100 == 3:
		return "the response redirects, and redirects are not followed"
	case e.silent:
		return "the response is not from Microsoft Graph; it may be from a gateway"
	}
	return ""
}

// LogValue implements slog.LogValuer.
func (e *APIError) LogValue() slog.Value {
	return slog.GroupValue(present(append(
		responseAttrs(e.Method, e.Path, e.StatusCode, e.RequestID, e.ClientRequestID, e.Diagnostics),
		slog.String("code", e.Code),
		slog.String("innerCodes", enumerate(e.InnerCodes)),
		slog.String("message", e.Message),
		slog.String("activityId", e.ActivityID),
		slog.Duration("retryAfter", e.RetryAfter),
	)...)...)
}
