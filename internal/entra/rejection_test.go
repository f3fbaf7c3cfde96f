package entra_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"

	"github.com/seed-230b9595/intune-go/internal/entra"
)

const badSecret = `{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret keys are expired. Trace ID: 0dd0 Correlation ID: c0c0 Timestamp: 2026-11-06 06:03:00Z","error_codes":[7000222],"timestamp":"2026-11-06 06:03:00Z","trace_id":"0dd0","correlation_id":"c0c0"}`

func TestRejectionIsTakenApart(t *testing.T) {
	got := errorAs[*entra.Error](t, newEndpoint(t, reply(401, badSecret)).signIn())
	want := entra.Error{
		Code: "invalid_client", AADSTS: 7000222, StatusCode: 401, Host: "login.example", TraceID: "0dd0", CorrelationID: "c0c0",
		Description: "AADSTS7000222: The provided client secret keys are expired.",
	}
	if *got != want {
		t.Errorf("got %+v, want %+v", *got, want)
	}
	if got, want := got.Error(), "sign-in rejected: AADSTS7000222: The provided client secret keys are expired. (trace id 0dd0)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// advised are the rejections with advice, and a word of it.
var advised = map[int]string{
	50011: "http://localhost", 50076: "multifactor", 53003: "administrator", 65001: "permissions", 65004: "accept", 70011: "WithCloud",
	70021: "federated credentials", 90002: "WithCloud", 500011: "WithCloud", 700016: "client id",
	700024: "clock", 700027: "register the certificate", 700211: "issuer", 700212: "audience", 700213: "subject", 7000112: "enable",
	7000215: "a minute", 7000218: `"Allow public client flows"`,
}

// TestWordsOfTheServiceStay: they hold the only clue to what was presented. Advice follows.
func TestWordsOfTheServiceStay(t *testing.T) {
	numbers := slices.Sorted(maps.Keys(advised))
	for _, number := range append(numbers, 53000, 500200, 7000222, 1) {
		words := fmt.Sprintf("AADSTS%d: No match for 'repo:contoso@42/apps@4711:ref:refs/heads/main' (https://login.example/callback, fabrikam.com).", number)
		response := reply(400, `{"error":"invalid_request","error_description":"`+words+`\r\nTrace ID: 0dd0"}`)
		var err error
		synctest.Test(t, func(t *testing.T) { err = newEndpoint(t, response, response).signIn() })
		errorAs[*entra.Error](t, err)
		_, advice, _ := strings.Cut(err.Error(), "; ")
		if !strings.HasPrefix(err.Error(), "sign-in rejected: "+strings.TrimSuffix(words, ".")) || !strings.HasSuffix(err.Error(), " (trace id 0dd0)") ||
			!strings.Contains(advice, advised[number]) || (advice == "") != (advised[number] == "") {
			t.Errorf("%d: got %q", number, err)
		}
	}
}

func TestWhatARejectionSays(t *testing.T) {
	for name, test := range map[string]struct {
		response httpmock.Responder
		want     string
	}{
		"number without words": {reply(400, `{"error":"invalid_request","error_description":"AADSTS1"}`), "sign-in rejected: AADSTS1"},
		"no number":            {reply(400, `{"error":"invalid_request","error_description":"Sorry."}`), "sign-in rejected: invalid_request: Sorry."},
		"no description":       {reply(400, `{"error":"invalid_request"}`), "sign-in rejected: invalid_request"},
		"redirect":             {reply(307, "", "Location", "https://evil.example/"), "sign-in rejected: 307 Temporary Redirect from login.example"},
		"200":                  {reply(200, `{"error":"invalid_request"}`), "sign-in rejected: invalid_request"},
		"200, empty":           {reply(200, ""), "sign-in unavailable: 200 OK from login.example: the body is empty"},
		"200, HTML":            {reply(200, "<html>"), "sign-in unavailable: 200 OK from login.example: the body is not a JSON object"},
		"408":                  {reply(408, "upstream timeout"), "sign-in unavailable: 408 Request Timeout from login.example: upstream timeout"},
		"101":                  {reply(101, ""), "sign-in unavailable: 101 Switching Protocols from login.example"},
		"transient number": {
			reply(400, `{"error":"temporarily_unavailable","error_description":"AADSTS90033: A transient error has occurred."}`),
			"sign-in unavailable: 400 Bad Request from login.example: AADSTS90033: A transient error has occurred.",
		},
	} {
		err := newEndpoint(t, test.response).signIn()
		if errorAs[*entra.Error](t, err); !strings.HasPrefix(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %q, want %q", name, err, test.want)
		}
	}
}

// TestWordsOfOtherLayersAreShown: a gateway or a proxy responds instead of the token endpoint.
func TestWordsOfOtherLayersAreShown(t *testing.T) {
	for body, want := range map[string]string{
		`{"message":"Blocked by policy."}`:                                                  "Blocked by policy.",
		`{"Message":"Blocked by policy."}`:                                                  "Blocked by policy.",
		`{"error":{"code":"x","message":"Blocked by policy."}}`:                             "Blocked by policy.",
		`{"type":"about:blank","title":"Blocked","detail":"The proxy says no.","status":1}`: "Blocked: The proxy says no.",
		`{"title":"Blocked"}`:                                                               "Blocked",
		`{"detail":"The proxy says no."}`:                                                   "The proxy says no.",
		"\uFEFF" + `{"message":"Blocked by policy."}`:                                       "Blocked by policy.",
		"\n Blocked by policy.\r\nsecond line":                                              "Blocked by policy.",
		"<!DOCTYPE html><html>":                                                             "",
		"":                                                                                  "",
	} {
		err := newEndpoint(t, reply(403, body, "Content-Type", "text/plain")).signIn()
		full := strings.TrimSuffix("sign-in rejected: 403 Forbidden from login.example: "+want, ": ")
		if errorAs[*entra.Error](t, err).Description != want || err.Error() != full {
			t.Errorf("%s: got %q, want %q", body, err, full)
		}
	}
}

// TestRejectionThatPassesByItself is tried once more: right credentials are sometimes rejected, and so are new ones.
func TestRejectionThatPassesByItself(t *testing.T) {
	rejection := func(number int) httpmock.Responder {
		return reply(400, fmt.Sprintf(`{"error":"invalid_client","error_description":"AADSTS%d: Sorry."}`, number))
	}
	for number, passes := range map[int]bool{700213: true, 70021: true, 700016: true, 7000215: true, 500011: true, 7000222: false, 90002: false, 700211: false} {
		synctest.Test(t, func(t *testing.T) {
			e := newEndpoint(t, rejection(number), reply(200, aToken))
			err := e.signIn()
			if (err == nil) != passes {
				t.Errorf("%d: got %v", number, err)
			}
			if passes && (e.times[1].Sub(e.times[0]) != time.Second || e.forms[0].Encode() != e.forms[1].Encode()) {
				t.Errorf("%d: waited %v", number, e.times[1].Sub(e.times[0]))
			}
			e = newEndpoint(t, rejection(number), rejection(number))
			if err := e.signIn(); errorAs[*entra.Error](t, err).AADSTS != number || len(e.requests) == 2 != passes {
				t.Errorf("%d for ever: got %v after %d requests", number, err, len(e.requests))
			}
		})
	}
}

// TestResponseWithoutToken says why there is none, if the endpoint does.
func TestResponseWithoutToken(t *testing.T) {
	for body, want := range map[string]string{
		"{}":                              "the response has no access_token",
		`{"access_token":""}`:             "the response has no access_token",
		`{"message":"Closed on Sundays"}`: "the response has no access_token: Closed on Sundays",
		`{"title":"Closed","detail":"` + aSecret + `"}`:              "the response has no access_token: Closed: ***",
		`{"message":"eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.e30.xyz"}`: "the response has no access_token: ***",
	} {
		err := newEndpoint(t, reply(200, body)).signIn()
		if err == nil || err.Error() != want || entra.IsTransient(err) {
			t.Errorf("%s: got %v, want %s", body, err, want)
		}
	}
}

// TestShortSecretsLeaveErrorsReadable: masking "t" would not.
func TestShortSecretsLeaveErrorsReadable(t *testing.T) {
	_, err := entra.ClientSecret(tenant, app, "t").Token(t.Context(), newEndpoint(t, reply(400, badSecret)).request())
	if got := errorAs[*entra.Error](t, err); got.Code != "invalid_client" || got.AADSTS != 7000222 {
		t.Errorf("got %v", err)
	}
}
