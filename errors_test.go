package intune_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
)

func TestSentinels(t *testing.T) {
	all := []error{
		intune.ErrBadRequest, intune.ErrUnauthorized, intune.ErrForbidden, intune.ErrNotFound, intune.ErrConflict,
		intune.ErrThrottled, intune.ErrUnavailable,
	}
	tests := []struct {
		err  *intune.APIError
		want []error
	}{
		{&intune.APIError{StatusCode: 400}, []error{intune.ErrBadRequest}},
		{&intune.APIError{StatusCode: 401}, []error{intune.ErrUnauthorized}},
		{&intune.APIError{StatusCode: 401, InnerCodes: []string{"Forbidden"}}, []error{intune.ErrUnauthorized, intune.ErrForbidden}},
		{&intune.APIError{StatusCode: 401, RequiredPermissions: []string{"X.All"}}, []error{intune.ErrUnauthorized, intune.ErrForbidden}},
		{&intune.APIError{StatusCode: 403}, []error{intune.ErrForbidden}},
		{&intune.APIError{StatusCode: 404}, nil},
		{&intune.APIError{StatusCode: 404, Code: "ResourceNotFound"}, []error{intune.ErrNotFound}},
		{&intune.APIError{StatusCode: 409}, []error{intune.ErrConflict}},
		{&intune.APIError{StatusCode: 412}, []error{intune.ErrConflict}},
		{&intune.APIError{StatusCode: 429}, []error{intune.ErrThrottled}},
		{&intune.APIError{StatusCode: 509}, []error{intune.ErrThrottled}},
		{&intune.APIError{StatusCode: 500}, nil},
		{&intune.APIError{StatusCode: 502}, []error{intune.ErrUnavailable}},
		{&intune.APIError{StatusCode: 503}, []error{intune.ErrUnavailable}},
		{&intune.APIError{StatusCode: 504}, []error{intune.ErrUnavailable}},
	}
	for _, test := range tests {
		wrapped := fmt.Errorf("outer: %w", &intune.OutcomeUnknownError{Err: fmt.Errorf("inner: %w", test.err)})
		var got []error
		for _, sentinel := range all {
			if errors.Is(wrapped, sentinel) {
				got = append(got, sentinel)
			}
		}
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%d: got %v, want %v", test.err.StatusCode, got, test.want)
		}
	}
}

// TestErrorsThatAreFilledInPartlyReadWell: tests of other programs make such errors.
func TestErrorsThatAreFilledInPartlyReadWell(t *testing.T) {
	record := &intune.EnterpriseCodeSigningCertificate{ID: "a"}
	const unknown = "outcome unknown, the request may have succeeded, so check before sending it again"
	for _, test := range []struct {
		err  error
		want string
	}{
		{new(intune.APIError), "an error response"},
		{&intune.APIError{StatusCode: 429}, "429 Too Many Requests"},
		{&intune.APIError{StatusCode: 503, RetryAfter: time.Second}, "503 Service Unavailable, retry after 1s"},
		{&intune.APIError{Code: "Forbidden"}, "Forbidden"},
		{&intune.APIError{StatusCode: 401, Code: "Forbidden", Message: "no"}, "401 Unauthorized: Forbidden: no"},
		{&intune.APIError{StatusCode: 509, Code: "BandwidthLimitExceeded"}, "509 Bandwidth Limit Exceeded"},
		{new(intune.AuthError), "sign-in rejected"},
		{&intune.AuthError{StatusCode: 503}, "sign-in unavailable: 503 Service Unavailable"},
		{&intune.AuthError{AADSTS: 7000215}, "sign-in rejected: a new secret can take a minute to work"},
		{&intune.AuthError{Code: "invalid_client", AADSTS: 53003}, "sign-in rejected: invalid_client; ask an administrator which conditional access policy blocks this sign-in"},
		{new(intune.OutcomeUnknownError), unknown},
		{&intune.OutcomeUnknownError{Err: io.ErrUnexpectedEOF}, unknown + ": unexpected EOF"},
		{new(intune.DuplicateError), "the certificate is in the tenant more than once"},
		{&intune.DuplicateError{Certificate: record}, "the certificate is in the tenant more than once: keep record a"},
		{&intune.DuplicateError{OtherIDs: []string{"b", "c"}}, "the certificate is in the tenant more than once: delete b, c"},
		{new(intune.AmbiguousMatchError), "it is not clear which record is the certificate"},
		{&intune.AmbiguousMatchError{Reason: "two"}, "two"},
		{
			&intune.AmbiguousMatchError{Candidates: []*intune.EnterpriseCodeSigningCertificate{record, {Subject: "CN=x"}}},
			`it is not clear which record is the certificate: record a; record without an id "CN=x"`,
		},
		{new(intune.ResponseError), "not the documented response"},
		{&intune.ResponseError{StatusCode: 200, Err: io.ErrUnexpectedEOF}, "200 OK: unexpected EOF"},
		{new(intune.InputError), "invalid input"},
		{&intune.InputError{Name: "id"}, "id"},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
		if logger, ok := test.err.(slog.LogValuer); ok && strings.Contains(logger.LogValue().String(), "nil") {
			t.Errorf("%T logs %s", test.err, logger.LogValue())
		}
	}
}

func TestDuplicateErrorSaysWhichToKeep(t *testing.T) {
	err := &intune.DuplicateError{Certificate: &intune.EnterpriseCodeSigningCertificate{ID: "a"}, OtherIDs: []string{"b", "c"}}
	if got, want := err.Error(), "the certificate is in the tenant more than once: keep record a, delete b, c"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestUnknownOutcomeStillMatchesItsCause(t *testing.T) {
	_, err := create(newWire(t, reply(http.StatusGatewayTimeout, gatewayPage, "request-id", "r-1")).client(), intune.WithoutReconcile())
	if !errors.Is(err, intune.ErrUnavailable) || errorAs[*intune.APIError](t, err).RequestID != "r-1" {
		t.Errorf("got %v", err)
	}
	unknown := errorAs[*intune.OutcomeUnknownError](t, err)
	want := "create enterpriseCodeSigningCertificate: outcome unknown, the certificate with the uploadDateTime " +
		unknown.UploadDateTime.Format(time.RFC3339Nano) + " may be in the tenant, so run Rotate in a few minutes, which uploads it only if it is missing: " +
		"504 Gateway Timeout: the response is not from Microsoft Graph; it may be from a gateway (request-id r-1)"
	if err.Error() != want {
		t.Errorf("got  %q\nwant %q", err, want)
	}
}

// TestNothingThatIsPrintedHoldsASecret makes failures of each kind, at services that echo whatever they were sent, and
// prints every error in their chains in every way, beside the log at debug level, the client and the credentials.
func TestNothingThatIsPrintedHoldsASecret(t *testing.T) {
	cert := intune.FromX509(newCertificate(t))
	secrets := map[string]string{
		"token": aToken, "secret": aSecret, "content": base64.StdEncoding.EncodeToString(cert.Content),
		"content in decimal": decimal(cert.Content), "content in hexadecimal": fmt.Sprintf("%x", cert.Content[:40]),
	}
	var printed []string
	log := new(bytes.Buffer)
	logger := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	jsonLogger := slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	show := func(what string, v any) {
		for _, verb := range []string{"%v", "%+v", "%#v"} {
			printed = append(printed, what+" "+verb+" "+fmt.Sprintf(verb, v))
		}
		logger.Error("x", "v", v)
		jsonLogger.Error("x", "v", v)
	}

	kinds := make(map[string]bool)
	for name, fail := range failures(t, cert) {
		cred, base := fail()
		client := newClient(t, cred, intune.WithHTTPClient(&http.Client{Transport: base}), intune.WithLogger(logger), intune.WithBaseURL("http://127.0.0.1:1"),
			intune.WithRetry(intune.RetryPolicy{MaxAttempts: 2, MinDelay: 1, MaxDelay: 1}))
		_, err := client.EnterpriseCodeSigningCertificates().Create(context.Background(), cert, intune.WithoutReconcile())
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		show(name+" client", client)
		show(name+" credential", cred)
		for _, e := range chain(err) {
			kinds[reflect.TypeOf(e).String()] = true
			show(name, e)
			if v := reflect.ValueOf(e); v.Kind() == reflect.Pointer && v.Elem().Kind() == reflect.Struct {
				show(name+" dereferenced", v.Elem().Interface())
			}
		}
	}
	_, err := newWire(t).client().EnterpriseCodeSigningCertificates().Create(t.Context(), &intune.EnterpriseCodeSigningCertificate{
		Content: append([]byte("-----BEGIN PRIVATE KEY-----\n"), cert.Content...),
	})
	show("input", errorAs[*intune.InputError](t, err))
	show("duplicate", &intune.DuplicateError{Certificate: cert})
	printed = append(printed, fmt.Sprintf("%v %+[1]v %#[1]v", intune.DuplicateError{Certificate: cert}))
	for _, kind := range []string{"APIError", "AuthError", "OutcomeUnknownError", "ResponseError"} {
		if !kinds["*intune."+kind] {
			t.Errorf("no failure made a *%s", kind)
		}
	}
	if !strings.Contains(log.String(), "intune: attempt") {
		t.Error("nothing was logged")
	}
	for _, text := range append(printed, log.String()) {
		for what, secret := range secrets {
			if strings.Contains(text, secret) {
				at := strings.Index(text, secret)
				t.Errorf("the %s shows in %s", what, text[max(0, at-200):at+min(len(secret), 40)])
			}
		}
	}
}

// failures are ways to fail, each a credential and a base transport.
func failures(t *testing.T, cert *intune.EnterpriseCodeSigningCertificate) map[string]func() (intune.Credential, http.RoundTripper) {
	t.Helper()
	good := `{"access_token":"` + aToken + `"}`
	echo := func(status int) httpmock.Responder {
		return func(req *http.Request) (*http.Response, error) {
			dump, err := httputil.DumpRequest(req, true)
			if err != nil {
				return nil, err
			}
			quoted, err := json.Marshal(string(dump))
			if err != nil {
				return nil, err
			}
			text := string(quoted)
			body := `{"error":{"code":"BadRequest","message":` + text + `,"details":[{"message":` + text + `}]}}`
			if strings.HasSuffix(req.URL.Path, "/token") {
				body = `{"error":` + text + `,"error_description":` + text + `}`
			}
			return httpmock.NewStringResponse(status, body), nil
		}
	}
	with := func(responses ...httpmock.Responder) func() (intune.Credential, http.RoundTripper) {
		return func() (intune.Credential, http.RoundTripper) {
			return intune.ClientSecretCredential(tenant, app, aSecret), newWire(t, responses...).mock
		}
	}
	token := reply(200, good)
	return map[string]func() (intune.Credential, http.RoundTripper){
		"refused":              with(token, echo(400)),
		"refused twice":        with(token, echo(401), token, echo(401)),
		"throttled":            with(token, echo(429), echo(429)),
		"unknown":              with(token, echo(504)),
		"response broken":      with(token, reply(200, string(cert.Content)+aToken)),
		"response not the one": with(token, echo(201)),
		"connection lost":      with(token, lost()),
		"sign-in refused":      with(echo(400)),
		"sign-in unavailable":  with(echo(503), echo(503)),
		"sign-in lost":         with(lost(), lost()),
		"sign-in no token":     with(reply(200, "<html>"), reply(200, "<html>")),
		"network": func() (intune.Credential, http.RoundTripper) {
			return staticToken(), http.DefaultTransport
		},
		"token that cannot be sent": func() (intune.Credential, http.RoundTripper) {
			return intune.TokenSourceCredential(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: aToken + "\n"})), newWire(t).mock
		},
	}
}

// chain is err and all that it wraps.
func chain(err error) []error {
	if err == nil {
		return nil
	}
	all := []error{err}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, inner := range many.Unwrap() {
			all = append(all, chain(inner)...)
		}
	}
	return append(all, chain(errors.Unwrap(err))...)
}

func decimal(content []byte) string { return strings.Trim(fmt.Sprintf("%d", content[:40]), "[]") }

func TestOutcomeUnknownErrorHoldsWhatAnotherProcessNeeds(t *testing.T) {
	cert := exampleCertificate()
	_, err := newWire(t, lost()).client().EnterpriseCodeSigningCertificates().Create(t.Context(), cert, intune.WithoutReconcile())
	unknown := errorAs[*intune.OutcomeUnknownError](t, err)
	if !unknown.UploadDateTime.Equal(cert.UploadDateTime) || unknown.Thumbprint != cert.Thumbprint() || unknown.Attempts != 1 {
		t.Errorf("got %+v", unknown)
	}
	if unknown.Since.IsZero() || unknown.Until.Before(unknown.Since) || time.Since(unknown.Until) > time.Minute {
		t.Errorf("since %v until %v", unknown.Since, unknown.Until)
	}
	if !errors.Is(err, unknown.Err) {
		t.Error("it does not unwrap to its cause")
	}
}

// TestReturnedErrorsLogTheirAttributes: the errors of operations, not only the typed ones inside them.
func TestReturnedErrorsLogTheirAttributes(t *testing.T) {
	_, err := create(newWire(t, reply(http.StatusForbidden, graphRefusal("Forbidden"), "request-id", "r-1")).client())
	log := new(bytes.Buffer)
	slog.New(slog.NewJSONHandler(log, nil)).Error("upload", "err", err)
	var record struct {
		Err struct {
			Message string
			Details struct {
				Status    int
				RequestID string
			}
		}
	}
	if decodeErr := json.Unmarshal(log.Bytes(), &record); decodeErr != nil {
		t.Fatal(decodeErr)
	}
	if got := record.Err; got.Message != err.Error() || got.Details.Status != http.StatusForbidden || got.Details.RequestID != "r-1" {
		t.Errorf("logged %s", log)
	}
}

func TestRetryAfter(t *testing.T) {
	throttled := &intune.APIError{StatusCode: 429, RetryAfter: time.Minute}
	for want, errs := range map[time.Duration][]error{
		0:           {nil, errors.New("x"), context.Canceled, &intune.APIError{StatusCode: 500}, &intune.AuthError{StatusCode: 400}},
		time.Minute: {throttled, &intune.OutcomeUnknownError{Err: throttled}, fmt.Errorf("x: %w", throttled)},
		time.Hour:   {&intune.AuthError{StatusCode: 429, RetryAfter: time.Hour}},
	} {
		for _, err := range errs {
			if got := intune.RetryAfter(err); got != want {
				t.Errorf("%v: got %v, want %v", err, got, want)
			}
		}
	}
}
