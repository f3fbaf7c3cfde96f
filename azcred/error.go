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

// rejection is a response of a token endpoint, or of another service in its place: a proxy, or the identity service of a
// machine. The Azure SDK prints it as a page.
type rejection struct {
	response *entra.Error
	original error
}

func (r *rejection) Error() string { return r.response.Error() }

func (r *rejection) Unwrap() []error {
	return []error{(*intune.AuthError)(r.response), r.response, r.original}
}

// failure is any other error of the Azure SDK, on one line.
type failure struct{ original error }

func (f *failure) Error() string { return oneLine(f.original.Error()) }
func (f *failure) Unwrap() error { return f.original }

// signInError makes an error of the Azure SDK readable.
func signInError(err error) error {
	if resp := responseIn(err); resp != nil { //nolint:bodyclose // Payload reads it to its end, which closes it
		body, _ := runtime.Payload(resp) // the status is enough
		return &rejection{entra.Foreign(resp, body), err}
	}
	return &failure{err}
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
