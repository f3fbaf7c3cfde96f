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

// signInError says on one line what the Azure SDK prints as a page with the whole answer.
func signInError(err error) error {
	if resp := answerIn(err); resp != nil { //nolint:bodyclose // authError reads it to its end, which closes it
		refused := authError(resp)
		text := refused.Error()
		if refused.Code == "" && resp.Request != nil { // not Microsoft Entra ID: a proxy, say, or the identity service of a machine
			text += " from " + resp.Request.URL.Host + resp.Request.URL.Path
		}
		return &failure{text, []error{refused, err}}
	}
	return &failure{oneLine(err.Error()), []error{err}}
}

// answerIn finds the answer that an error is about, nil for none. azidentity.AuthenticationFailedError and
// azcore.ResponseError have it in a field of the same name; by reflection it is found without a dependency on azidentity.
func answerIn(err error) *http.Response {
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

// authError reads the answer of a token endpoint. See
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow#error-response.
func authError(resp *http.Response) *intune.AuthError {
	var answer struct {
		Code          string `json:"error"`
		Description   string `json:"error_description"`
		TraceID       string `json:"trace_id"`
		CorrelationID string `json:"correlation_id"`
	}
	if body, err := runtime.Payload(resp); err != nil || json.Unmarshal(body, &answer) != nil {
		return &intune.AuthError{StatusCode: resp.StatusCode, RetryAfter: retryAfter(resp.Header)}
	}
	description, _, _ := strings.Cut(answer.Description, "Trace ID:")
	e := &intune.AuthError{
		Code:          mask(answer.Code),
		Description:   mask(strings.TrimSpace(description)),
		TraceID:       mask(answer.TraceID),
		CorrelationID: mask(answer.CorrelationID),
		StatusCode:    resp.StatusCode,
		RetryAfter:    retryAfter(resp.Header),
	}
	if number := aadsts.FindStringSubmatch(description); number != nil {
		e.AADSTS, _ = strconv.Atoi(number[1]) // at most nine digits
	}
	return e
}

var aadsts = regexp.MustCompile(`^AADSTS(\d{1,9})\b`)

// mask hides what could be a secret that a hostile endpoint echoes. Which one was sent only the credential knows, so it is
// whatever is longer than a GUID and has the characters of secrets and tokens.
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

// oneLine makes text fit for one line of a log. It is not cut: DefaultAzureCredential says what is wrong with each of the
// credentials that it has tried.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "\uFFFD"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
}
