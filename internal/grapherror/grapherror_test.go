package grapherror

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzRead feeds responses to the reader: no bytes panic, and the texts are bounded and safe for a terminal.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`{"error":{"code":"Forbidden","message":"{\"_version\":3,\"Message\":\"no. one of the following scopes: A.Read.All - Operation ID (for customer support): 0 - Activity ID: 5 - Url: https://x - CustomApiErrorPhrase: F\",\"RetryAfter\":\"3\"}"}}`,
		`{"error":{"code":"U","message":"{\"ErrorCode\":\"F\",\"Message\":\"{\\\"Message\\\":\\\"deep\\\"}\"}","innererror":{"code":"a","innerError":{"code":"b"}}}}`,
		`{"error":{"message":"{"}}`, `{"error":{"message":5,"details":[{}],"innerError":[]}}`, `{"error":null}`, `<html>`, ``,
	} {
		f.Add([]byte(seed), "3")
	}
	f.Add([]byte(`{}`), "Sat, 01 Jan 2000 00:00:00 GMT")
	f.Fuzz(func(t *testing.T, body []byte, after string) {
		e := Read(http.Header{"Retry-After": {after}, "Date": {after}}, body)
		for _, text := range append(e.InnerCodes, e.Code, e.Message, e.Target, e.ActivityID, e.CustomPhrase, string(e.Body)) {
			if strings.ContainsAny(text, "\x00\x1b\u009b\u202e") || !utf8.ValidString(text) && text != string(e.Body) {
				t.Errorf("text %q", text)
			}
		}
		if e.RetryAfter < 0 || len(e.Body) > keptBody {
			t.Errorf("got %+v", e)
		}
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
		e := &Error{Message: text}
		e.unwrapIntune()
		if e.Message == "" && strings.TrimSpace(text) != "" {
			t.Errorf("%q was lost", text)
		}
		if !json.Valid([]byte(text)) && !label.MatchString(text) && e.Message != strings.TrimSpace(text) {
			t.Errorf("%q became %q", text, e.Message)
		}
	})
}
