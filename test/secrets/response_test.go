package secrets_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
)

// jwt looks like an access token.
var jwt = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9." + strings.Repeat("Qx7_dZk-29aLmP0vTg3", 12) + ".sIgNaTuRe-of_the-T0ken"

// alterations are how an echo of a secret may be written.
var alterations = map[string]func(string) string{
	"as it is":                    func(s string) string { return s },
	"in upper case":               strings.ToUpper,
	"without its first character": func(s string) string { return s[1:] },
	"without its last character":  func(s string) string { return s[:len(s)-1] },
	"in JSON escapes": func(s string) string {
		var out strings.Builder
		for _, r := range s {
			fmt.Fprintf(&out, `\u%04x`, r)
		}
		return out.String()
	},
	"in a form": func(s string) string { return url.QueryEscape(strings.ReplaceAll(s, "-", "%2D")) },
	"in HTML":   func(s string) string { return strings.NewReplacer("-", "&#45;", "_", "&lowbar;").Replace(s) },
}

// echoes are bodies that hold an echo in every member that the library reads.
func echoes(e string) map[string]string {
	record := func(id string) string {
		return fmt.Sprintf(`{"id":"%[2]s","subject":"CN=%[1]s","subjectName":"CN=%[1]s","issuer":"%[1]s","issuerName":"%[1]s","status":"%[1]s",`+
			`"expirationDateTime":"%[1]s","uploadDateTime":"%[1]s","content":"%[1]s","other":{"%[1]s":"%[1]s"}}`, e, id)
	}
	intuneMessage := strings.ReplaceAll(strings.ReplaceAll(fmt.Sprintf(`{"Message":"%[1]s - Operation ID (for customer support): %[1]s - Activity ID: %[1]s - Url: %[1]s - CustomApiErrorPhrase: %[1]s",`+
		`"ErrorCode":"%[1]s","CustomApiErrorPhrase":"%[1]s","RetryAfter":"%[1]s"}`, e), `\`, `\\`), `"`, `\"`)
	return map[string]string{
		"an object":       record(e),
		"a record":        strings.ReplaceAll(record("1"), `"expirationDateTime":"`+e+`","uploadDateTime":"`+e+`","content":"`+e+`",`, ""),
		"a listing":       `{"value":[` + record(e) + `],"@odata.nextLink":"https://` + e + `/x","@odata.count":"` + e + `"}`,
		"a good listing":  `{"value":[{"id":"` + e + `","subject":"CN=Contoso","status":"` + e + `"}],"@odata.nextLink":"` + e + `"}`,
		"Graph's error":   fmt.Sprintf(`{"error":{"code":"%[1]s","message":"%[1]s","target":"%[1]s","details":[{"code":"%[1]s","message":"%[1]s","target":"%[1]s"}],"innerError":{"code":"%[1]s","request-id":"%[1]s","date":"%[1]s"}}}`, e),
		"Intune's error":  `{"error":{"code":"Forbidden","message":"` + intuneMessage + `"}}`,
		"problem details": fmt.Sprintf(`{"title":"%[1]s","detail":"%[1]s","message":"%[1]s"}`, e),
		"OAuth's error":   fmt.Sprintf(`{"error":"%[1]s","error_description":"AADSTS700016: %[1]s Trace ID: %[1]s Correlation ID: %[1]s Timestamp: %[1]s","trace_id":"%[1]s","correlation_id":"%[1]s"}`, e),
		"text":            "the request was " + e,
		"nothing":         "",
	}
}

// TestNothingShowsAnEchoOfASecret: a gateway echoes the token in every part of a response that the library reads. None of
// the library's types shows it, by whatever means it is printed, and no log does.
func TestNothingShowsAnEchoOfASecret(t *testing.T) {
	t.Cleanup(func() {
		for _, name := range []string{
			"APIError", "ErrorDetail", "ResponseError", "OutcomeUnknownError", "DuplicateError", "AmbiguousMatchError",
			"Response", "EnterpriseCodeSigningCertificate", "CertificatePage", "Match", "Rotation",
		} {
			if _, found := walked.Load("intune." + name); !found {
				t.Errorf("no %s was looked at", name)
			}
		}
	})
	for name, alter := range alterations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			echo := alter(jwt)
			showsNoSecret(t, "copies", jwt, echo, copies(echo))
			for kind, body := range echoes(echo) {
				statuses := []int{200, 201, 204, 302, 400, 401, 403, 404, 407, 408, 429, 500, 503}
				if os.Getenv("INTUNE_ALL_CASES") == "" {
					statuses = []int{200, 403, 503}
				}
				if echo != jwt { // one of three, another one for each kind and alteration
					statuses = []int{[]int{200, 403, 503}[(len(kind)+len(name))%3]}
				}
				for _, status := range statuses {
					showsNoSecret(t, fmt.Sprintf("%d with %s", status, kind), jwt, echo, func(w http.ResponseWriter, _ *http.Request) {
						for _, header := range []string{"request-id", "client-request-id", "x-ms-ags-diagnostic", "Location", "WWW-Authenticate", "Retry-After", "Date", "X-Other"} {
							w.Header().Set(header, strings.ReplaceAll(echo, "\n", ""))
						}
						w.Header().Set("Content-Type", "application/json")
						if strings.HasPrefix(body, "the") {
							w.Header().Set("Content-Type", echo)
						}
						w.WriteHeader(status)
						_, _ = w.Write([]byte(body))
					})
				}
			}
		})
	}
}

// echoed is the certificate that the calls are about.
var echoed = &intune.EnterpriseCodeSigningCertificate{Subject: "CN=Contoso", Issuer: "CN=CA", ExpirationDateTime: time.Now().AddDate(1, 0, 0)}

// copies is a tenant that loses the responses to creates, shows nothing after the first one, and two copies otherwise.
func copies(echo string) http.HandlerFunc {
	var creates atomic.Int32
	return func(w http.ResponseWriter, r *http.Request) {
		copied := func(n int) string {
			return fmt.Sprintf(`{"id":"%s%d","subject":"CN=Contoso","issuer":"CN=CA","expirationDateTime":"%s","uploadDateTime":"%s","status":"%[1]s","other":"%[1]s"}`,
				echo, n, echoed.ExpirationDateTime.UTC().Format(time.RFC3339Nano), time.Now().UTC().Format(time.RFC3339))
		}
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, path):
			creates.Add(1)
			w.WriteHeader(http.StatusServiceUnavailable)
		case creates.Load() == 1:
			_, _ = io.WriteString(w, `{"value":[]}`)
		default:
			_, _ = fmt.Fprintf(w, `{"value":[%s,%s],"@odata.count":2}`, copied(1), copied(2))
		}
	}
}

// TestErrorsAreSafeForATerminal: no control character of C1, and none that changes the direction of text, gets into an
// error, however a body writes it.
func TestErrorsAreSafeForATerminal(t *testing.T) {
	const unsafe = "\u009b31m\u202egpj"
	for _, echo := range []string{unsafe, `\u009b31m\u202egpj`, strings.Repeat("long", 20_000)} {
		for kind, body := range echoes(echo) {
			for _, status := range []int{200, 201, 302, 403, 429, 503} {
				cred := intune.TokenSourceCredential(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "token"}))
				client := newClient(t, cred, first(reply(status, body, "request-id", unsafe, "x-ms-ags-diagnostic", unsafe)),
					intune.WithRetry(intune.RetryPolicy{MaxAttempts: 1, MinDelay: 1, MaxDelay: 1, ReconcileWindow: 1}))
				_, err := client.EnterpriseCodeSigningCertificates().Create(t.Context(), &intune.EnterpriseCodeSigningCertificate{Subject: "CN=Contoso"})
				if err != nil && len(err.Error()) > 5000 {
					t.Errorf("%d with %s: a message of %d bytes", status, kind, len(err.Error()))
				}
				for _, value := range wrapped(err) {
					for how, text := range renderings(value) {
						if strings.ContainsAny(text, "\u009b\u202e") {
							t.Errorf("%d with %s: %s of %T: %.300q", status, kind, how, value, text)
						}
					}
				}
			}
		}
	}
}

// showsNoSecret makes each kind of call against the service, and looks at everything that comes back.
func showsNoSecret(t *testing.T, name, secret, echo string, service http.HandlerFunc) {
	t.Helper()
	var logged bytes.Buffer
	cred := intune.TokenSourceCredential(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: secret}))
	client := newClient(t, cred, handlerTransport{service},
		intune.WithRetry(intune.RetryPolicy{MaxAttempts: 2, MinDelay: 1, MaxDelay: 1, ReconcileWindow: 1}),
		intune.WithLogger(slog.New(slog.NewJSONHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	certs, cert := client.EnterpriseCodeSigningCertificates(), echoed
	var meta intune.Response
	with := intune.WithResponse(&meta)
	ctx := t.Context()
	for call, do := range map[string]func() (any, error){
		"Create":   func() (any, error) { return certs.Create(ctx, cert, with) },
		"Get":      func() (any, error) { return certs.Get(ctx, "1", with) },
		"List":     func() (any, error) { return certs.List(ctx, nil, with) },
		"Count":    func() (any, error) { return certs.Count(ctx, intune.Filter{}, with) },
		"Delete":   func() (any, error) { return nil, certs.Delete(ctx, "1", with) },
		"Find":     func() (any, error) { return certs.Find(ctx, cert, with) },
		"Latest":   func() (any, error) { return certs.Latest(ctx, with) },
		"Rotate":   func() (any, error) { return certs.Rotate(ctx, cert, &intune.RotateOptions{DryRun: true}, with) },
		"Expiring": func() (any, error) { return all(certs.Expiring(ctx, time.Hour, with)) },
		"Do":       func() (any, error) { return nil, client.Do(ctx, http.MethodPost, "/x", map[string]int{}, nil, with) },
	} {
		got, err := do()
		for _, value := range append([]any{got, &meta}, wrapped(err)...) {
			for how, text := range renderings(value) {
				if part := shown(text, secret, echo); part != "" {
					t.Fatalf("%s: %s: %s of %T shows %q in\n%s", name, call, how, value, part, text)
				}
			}
		}
	}
	if part := shown(logged.String(), secret, echo); part != "" {
		t.Fatalf("%s: the log shows %q in\n%s", name, part, logged.String())
	}
}

// all collects the values of an iterator until its error.
func all[V any](seq iter.Seq2[V, error]) (values []V, err error) {
	for value, err := range seq {
		if err != nil {
			return values, err
		}
		values = append(values, value)
	}
	return values, nil
}

// renderings are the ways in which programs print a value, and all texts that it holds.
func renderings(value any) map[string]string {
	var text, jsonText bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("x", "value", value)
	slog.New(slog.NewJSONHandler(&jsonText, nil)).Info("x", "value", value)
	marshaled, _ := json.Marshal(value)
	var held strings.Builder
	texts(reflect.ValueOf(value), &held)
	return map[string]string{
		"%v": fmt.Sprintf("%v", value), "%+v": fmt.Sprintf("%+v", value), "%#v": fmt.Sprintf("%#v", value),
		"slog as text": text.String(), "slog as JSON": jsonText.String(), "encoding/json": string(marshaled), "a field": held.String(),
	}
}

// walked holds the types of the values that were looked at.
var walked sync.Map

// texts collects the texts that a value holds in exported fields.
func texts(value reflect.Value, out *strings.Builder) {
	if value.IsValid() {
		walked.Store(value.Type().String(), true)
	}
	switch value.Kind() {
	case reflect.String:
		out.WriteString(value.String() + "\n")
	case reflect.Pointer, reflect.Interface:
		texts(value.Elem(), out)
	case reflect.Slice:
		if value.Type().Elem().Kind() == reflect.Uint8 {
			out.Write(append(value.Bytes(), '\n'))
			return
		}
		for i := range value.Len() {
			texts(value.Index(i), out)
		}
	case reflect.Map:
		for key, element := range value.Seq2() {
			texts(key, out)
			texts(element, out)
		}
	case reflect.Struct:
		for i := range value.NumField() {
			if value.Type().Field(i).IsExported() && value.Type() != reflect.TypeFor[time.Time]() {
				texts(value.Field(i), out)
			}
		}
	default:
	}
}

// wrapped returns an error and all that it wraps, each as it is and dereferenced.
func wrapped(err error) (errs []any) {
	if err == nil {
		return nil
	}
	errs = append(errs, err)
	if value := reflect.ValueOf(err); value.Kind() == reflect.Pointer && value.Elem().Kind() == reflect.Struct && strings.HasPrefix(value.Type().String(), "*intune.") {
		errs = append(errs, value.Elem().Interface())
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, inner := range many.Unwrap() {
			errs = append(errs, wrapped(inner)...)
		}
	}
	return append(errs, wrapped(errors.Unwrap(err))...)
}

// shown returns a part of the secret that a text shows, as it is, as it was echoed, or in JSON.
func shown(text, secret, echo string) string {
	const part = 24
	lower := strings.ToLower(text)
	for _, form := range []string{strings.ToLower(secret), strings.ToLower(echo), strings.ToLower(strings.ReplaceAll(echo, `\`, `\\`))} {
		size := part * len(form) / len(secret)
		for at := 40; at+size <= len(form); at += size / 4 { // from behind the header that all tokens share
			if strings.Contains(lower, form[at:at+size]) {
				return form[at : at+size]
			}
		}
	}
	return ""
}

// handlerTransport lets a handler respond without a network.
type handlerTransport struct{ handler http.Handler }

func (h handlerTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	h.handler.ServeHTTP(recorder, req)
	return recorder.Result(), nil
}
