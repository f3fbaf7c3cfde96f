package azcred

import (
	"errors"
	"net/http"
	"reflect"
	"strings"
	"unicode"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/internal/entra"
)

// sdkError is an error of the Azure SDK on one line. The SDK prints a response as a page.
type sdkError struct {
	text    string
	wrapped []error
}

func (e *sdkError) Error() string   { return e.text }
func (e *sdkError) Unwrap() []error { return e.wrapped }

// signInError makes an error of the Azure SDK readable. It may be about a response of a token endpoint, or of another
// service in its place: a proxy, or the identity service of a machine.
func signInError(err error) error {
	if resp := responseIn(err); resp != nil { //nolint:bodyclose // Payload reads it to its end, which closes it
		body, _ := runtime.Payload(resp) // the status is enough
		rejection := entra.Foreign(resp, body)
		return &sdkError{rejection.Error(), []error{(*intune.AuthError)(rejection), rejection, err}}
	}
	return &sdkError{oneLine(err.Error()), []error{err}}
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

// oneLine puts text on one line. It does not cut it: DefaultAzureCredential reports an error for each credential that it has
// tried.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "\uFFFD"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
}
