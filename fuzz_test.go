package intune

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzDecode feeds answers to the decoder of Create: no bytes panic, and what it accepts survives an encode and a
// decode.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"id":"1","content":null,"status":"provisioned","expirationDateTime":"2016-12-31T23:57:57.2481234-08:00","x":{"y":[1]}}`,
		`{"@odata.context":"x","id":"1","content":"Y29udGVudA==","uploadDateTime":"0001-01-01T00:00:00Z","subject@odata.type":"#s"}`,
		`{"id":"1","a":1,"a":2,"Status":"x"}`, `{"uploadDateTime":"0000-01-01T00:00:00Z"}`, `null`, `[]`, `{"id":`, `{"id":"\ud800"}`, `{"content":""}`, "\xef\xbb\xbf{}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var read EnterpriseCodeSigningCertificate
		if err := json.Unmarshal(data, &read); err != nil {
			return
		}
		encoded, err := json.Marshal(read)
		if err != nil {
			t.Fatalf("%q was decoded and cannot be encoded: %v", data, err)
		}
		var again EnterpriseCodeSigningCertificate
		if err := json.Unmarshal(encoded, &again); err != nil {
			t.Fatalf("%q was encoded to %q, which cannot be decoded: %v", data, encoded, err)
		}
		if again.Subject != read.Subject || again.Status != read.Status || !bytes.Equal(again.Content, read.Content) ||
			len(again.AdditionalData) != len(read.AdditionalData) {
			t.Fatalf("%q came back as %v, was %v", data, again, read)
		}
	})
}

// FuzzAPIError feeds answers to the reader of errors: no bytes panic, the message is one line of bounded length, and
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
		answer := &http.Response{StatusCode: status, Header: http.Header{"Retry-After": {after}, "Date": {after}}}
		e := newAPIError(answer, body)
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

// FuzzNextLink feeds links to what follows a listing: whatever they hold, the next request stays within the API version
// of the service.
func FuzzNextLink(f *testing.F) {
	for _, seed := range []string{
		"https://graph.microsoft.com/beta/deviceAppManagement/x?$skiptoken=a", "https://graph.microsoft.com/beta/../v1.0/x",
		"https://graph.microsoft.com/beta@evil.example/x", "https://graph.microsoft.com/beta/%2e%2e/x", "//evil.example/beta/", "",
		"https://graph.microsoft.com/beta/\\evil", "https://graph.microsoft.com/beta//evil.example", "https://graph.microsoft.com/beta/x#y",
	} {
		f.Add(seed)
	}
	client, err := NewClient(ClientSecret("t", "c", "s"))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, link string) {
		path, err := client.nextPath(link)
		if err != nil {
			return
		}
		target, err := url.Parse(client.pipeline.root + path)
		if err != nil {
			t.Fatalf("%q: %v", link, err)
		}
		if target.Scheme != "https" || target.Host != "graph.microsoft.com" || target.User != nil ||
			!strings.HasPrefix(target.JoinPath().Path, "/beta/") {
			t.Errorf("%q leads to %s", link, target)
		}
	})
}
