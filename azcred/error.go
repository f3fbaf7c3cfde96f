package azcred

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	intune "github.com/seed-230b9595/intune-go"
)

// failure is an error of the Azure SDK, on one line.
type failure struct {
	text   string
	causes []error
}

func (f *failure) Error() string   { return f.text }
func (f *failure) Unwrap() []error { return f.causes }

// signInError puts on one line what the Azure SDK prints as a page with the whole response.
func signInError(err error) error {
	if resp := responseIn(err); resp != nil { //nolint:bodyclose // authError reads it to its end, which closes it
		rejected := authError(resp)
		return &failure{rejected.Error(), []error{rejected, err}}
	}
	return &failure{oneLine(err.Error()), []error{err}}
}

// responseIn returns the response that an error is about, or nil. azidentity.AuthenticationFailedError and
// azcore.ResponseError have it in a field of the same name; reflection finds it without a dependency on azidentity.
func responseIn(err error) *http.Response {
	for ; err != nil; err = errors.Unwrap(err) {
		v := reflect.Indirect(reflect.ValueOf(err))
		if v.Kind() != reflect.Struct {
			continue
		}
		field, ok := v.Type().FieldByName("RawResponse")
		if !ok || len(field.Index) > 1 {
			continue
		}
		if resp, ok := v.FieldByIndex(field.Index).Interface().(*http.Response); ok && resp != nil && resp.StatusCode >= http.StatusMultipleChoices {
			return resp
		}
	}
	return nil
}

// authError reads the response of a token endpoint, or of another service in its place: a proxy, or the identity service
// of a machine. See
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow#error-response.
func authError(resp *http.Response) *intune.AuthError {
	e := &intune.AuthError{StatusCode: resp.StatusCode, RetryAfter: retryAfter(resp.Header)}
	if resp.Request != nil {
		e.Host = resp.Request.URL.Host
	}
	var body struct {
		Code          string `json:"error"`
		Description   string `json:"error_description"`
		TraceID       string `json:"trace_id"`
		CorrelationID string `json:"correlation_id"`
	}
	if data, err := runtime.Payload(resp); err != nil || json.Unmarshal(data, &body) != nil {
		return e
	}
	description, _, _ := strings.Cut(body.Description, "Trace ID:")
	e.Code, e.Description = mask(body.Code), mask(strings.TrimSpace(description))
	e.TraceID, e.CorrelationID = mask(body.TraceID), mask(body.CorrelationID)
	if number := aadsts.FindStringSubmatch(description); number != nil {
		e.AADSTS, _ = strconv.Atoi(number[1]) // at most nine digits
	}
	return e
}

var aadsts = regexp.MustCompile(`^AADSTS(\d{1,9})\b`)

// mask hides anything that could be a secret echoed by a hostile endpoint. Only the credential knows which one was sent, so
// mask hides any run of the characters of secrets and tokens that is longer than a GUID.
func mask(text string) string { return secret.ReplaceAllString(text, "***") }

var secret = regexp.MustCompile(`[\w~.+=-]{37,}`)

// retryAfter reads the header of that name: seconds, or a date.
func retryAfter(header http.Header) time.Duration {
	value := header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(value); err == nil {
		return max(time.Until(date), 0)
	}
	return 0
}

// oneLine puts text on one line. It does not cut it: DefaultAzureCredential reports an error for each credential that it has
// tried.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "\uFFFD"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
}
