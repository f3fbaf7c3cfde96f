package graph

// This file holds the errors of Microsoft Graph (https://learn.microsoft.com/graph/errors) and of Intune behind it.

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
)

// textError is an error in the words of Graph, which unlike errors in Go are sentences.
type textError struct{ code, text, inner string }

func (e textError) Error() string { return e.text }

func textErrorf(format string, args ...any) error {
	return textError{"BadRequest", clipped(format, args), ""}
}

// modelErrorf says that a body does not fit the type. Graph gives it a code of its own, and repeats the text inside.
func modelErrorf(format string, args ...any) error {
	text := clipped(format, args)
	return textError{"ModelValidationFailure", text, text}
}

// clipped is a text that may quote a body, cut at a length that is enough to see what is meant.
func clipped(format string, args []any) string {
	const most = 4000
	text := fmt.Sprintf(format, args...)
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// errPayload is the error for a body that is no JSON object or is sent as something else.
var errPayload = textErrorf("Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.")

// fail is an error in Graph's shape.
func (c *call) fail(status int, code, message string) *exchange.Response {
	return graphError(status, code, message, "", c.ids)
}

// badRequest is the response for a request that cannot be understood, which a textError says.
func (c *call) badRequest(err error) *exchange.Response {
	problem, _ := errors.AsType[textError](err)
	return graphError(http.StatusBadRequest, problem.code, problem.text, problem.inner, c.ids)
}

func (c *call) methodNotAllowed(allowed ...string) *exchange.Response {
	rejection := c.fail(http.StatusMethodNotAllowed, "BadRequest", "Specified HTTP method is not allowed for the request target.")
	rejection.SetHeader("Allow", strings.Join(allowed, ", "))
	return rejection
}

func (c *call) notFound() *exchange.Response {
	return intuneError(http.StatusNotFound, "ResourceNotFound", fmt.Sprintf("Resource '%s' does not exist.", c.resource.id), c.ids)
}

// graphError is Graph's error. The inner message is left out if it is "".
func graphError(status int, code, message, inner string, ids exchange.IDs) *exchange.Response {
	type innerError struct {
		Message         string `json:"message,omitempty"`
		Date            string `json:"date"`
		RequestID       string `json:"request-id"`
		ClientRequestID string `json:"client-request-id"`
	}
	type graphError struct {
		Code       string     `json:"code"`
		Message    string     `json:"message"`
		InnerError innerError `json:"innerError"`
	}
	response := exchange.JSON(status, map[string]graphError{"error": {
		code, message, innerError{inner, time.Now().UTC().Format("2006-01-02T15:04:05"), ids.Request, ids.Client},
	}})
	response.ContentType = "application/json"
	return response
}

// intuneError is Graph's error with Intune's JSON text for a message.
func intuneError(status int, code, message string, ids exchange.IDs) *exchange.Response {
	type text struct {
		Version              int     `json:"_version"`
		Message              string  `json:"Message"`
		CustomAPIErrorPhrase string  `json:"CustomApiErrorPhrase"`
		RetryAfter           *string `json:"RetryAfter"`
		ErrorSourceService   string  `json:"ErrorSourceService"`
		HTTPHeaders          string  `json:"HttpHeaders"`
	}
	nested, _ := json.MarshalIndent(text{
		Version: 3,
		Message: fmt.Sprintf("%s - Operation ID (for customer support): 00000000-0000-0000-0000-000000000000 - Activity ID: %s"+
			" - Url: https://fef.emulator.manage.microsoft.com/AppLifecycle_2208/StatelessAppMetadataFEService"+
			"/deviceAppManagement/enterpriseCodeSigningCertificates?api-version=5022-08-01", message, ids.Request),
		HTTPHeaders: "{}",
	}, "", "  ") // texts and numbers cannot fail
	return graphError(status, code, strings.ReplaceAll(string(nested), "\n", "\r\n"), "", ids)
}

// Fault returns the response for a status that a test has asked for.
func Fault(status int, ids exchange.IDs) *exchange.Response {
	return intuneError(status, cmp.Or(faultCodes[status], "UnknownError"), "An error has occurred", ids)
}

// BodyUnreadable returns the response for a body that is too large or has been cut off.
func BodyUnreadable(ids exchange.IDs) *exchange.Response {
	return graphError(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The request body could not be read.", "", ids)
}

// faultCodes are the codes of some statuses.
var faultCodes = map[int]string{
	http.StatusBadRequest:         "BadRequest",
	http.StatusForbidden:          "Forbidden",
	http.StatusTooManyRequests:    "TooManyRequests",
	http.StatusServiceUnavailable: "ServiceUnavailable",
}
