package intune

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzAPIError feeds responses to the reader of errors: no bytes panic, the message is one line of bounded length, and
// the plain text is never lost.
func FuzzAPIError(f *testing.F) {
	for _, seed := range []string{
		`{"error":{"code":"Forbidden","message":"{\"_version\":3,\"Message\":\"no. one of the following scopes: A.Read.All - Operation ID (for customer support): 0 - Activity ID: 5 - Url: https://x - CustomApiErrorPhrase: F\",\"RetryAfter\":\"3\"}"}}`,
		`{"error":{"code":"U","message":"{\"ErrorCode\":\"F\",\"Message\":\"{\\\"Message\\\":\\\"deep\\\"}\"}","innererror":{"code":"a","innerError":{"code":"b"}}}}`,
		`{"error":{"message":"{"}}`, `{"error":{"message":5,"details":[{}],"innerError":[]}}`, `{"error":null}`, `<html>`, ``,
	} {
		f.Add([]byte(seed), "3", 403)
	}
	f.Add([]byte(`{}`), "Sat, 01 Jan 2000 00:00:00 GMT", 503)
	f.Fuzz(func(t *testing.T, body []byte, after string, status int) {
		e := newAPIError(status, http.Header{"Retry-After": {after}, "Date": {after}}, body)
		message := e.Error()
		if strings.ContainsAny(message, "\r\n\x00\x1b") || !utf8.ValidString(message) || len(message) > 3000 {
			t.Errorf("message %q", message)
		}
		if e.RetryAfter < 0 || len(e.Body) > maxErrorBody || e.StatusCode != status {
			t.Errorf("got %+v", e)
		}
		e.LogValue()
	})
}

// FuzzIntuneMessage feeds texts to the reader of Intune's message: what it does not understand stays as it was.
func FuzzIntuneMessage(f *testing.F) {
	for _, seed := range []string{
		`{"Message":"a - Activity ID: b"}`, `{"Message":"{\"Message\":\"c\"}","ErrorCode":"d"}`, `{"Message":`, `{}`, ` {"Message":""}`, `plain - Url: `, ` - Activity ID: `,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e := &APIError{Message: text}
		e.unwrapIntune()
		if e.Message == "" && strings.TrimSpace(text) != "" {
			t.Errorf("%q was lost", text)
		}
		if !json.Valid([]byte(text)) && !label.MatchString(text) && e.Message != strings.TrimSpace(text) {
			t.Errorf("%q became %q", text, e.Message)
		}
	})
}
