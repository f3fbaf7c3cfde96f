package intune_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
)

const badSecret = `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value. Trace ID: 0dd0 Correlation ID: c0c0 Timestamp: 2026-11-06 06:03:00Z","error_codes":[7000215],"timestamp":"2026-11-06 06:03:00Z","trace_id":"0dd0","correlation_id":"c0c0","error_uri":"https://login.microsoftonline.com/error?code=7000215"}`

func signIn(w *wire) error {
	client := newClient(w.tb, intune.ClientSecret(tenant, app, aSecret), intune.WithHTTPClient(&http.Client{Transport: w.mock}))
	return client.Do(context.Background(), "GET", "/x", nil, nil)
}

func TestClientSecretAsksForATokenAsEntraWantsIt(t *testing.T) {
	w := newWire(t, reply(200, `{"token_type":"Bearer","expires_in":3599,"access_token":"`+aToken+`"}`), reply(200, "{}"))
	if err := signIn(w); err != nil {
		t.Fatal(err)
	}
	req := w.requests[0]
	if got, want := req.Method+" "+req.URL.String(), "POST https://login.microsoftonline.com/"+tenant+"/oauth2/v2.0/token"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	want := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {app}, "client_secret": {aSecret}, "scope": {"https://graph.microsoft.com/.default"},
	}
	if !strings.HasPrefix(req.UserAgent(), "intune-go/") {
		t.Errorf("User-Agent %q", req.UserAgent())
	}
	if w.bodies[0] != want.Encode() || req.Header.Get("Authorization") != "" {
		t.Errorf("sent %s, %v", w.bodies[0], req.Header)
	}
	if got := w.requests[1].Header.Get("Authorization"); got != "Bearer "+aToken {
		t.Errorf("used %q", got)
	}
}

func TestClientSecretSendsClaims(t *testing.T) {
	w := newWire(t, reply(200, `{"access_token":"t"}`))
	token, err := intune.ClientSecret(tenant, app, aSecret).Token(t.Context(), intune.TokenRequest{
		AuthorityURL: "https://login.example", Scope: "s", Claims: `{"access_token":{}}`, HTTPClient: &http.Client{Transport: w.mock},
	})
	if err != nil || token.AccessToken != "t" || !strings.Contains(w.bodies[0], "claims="+url.QueryEscape(`{"access_token":{}}`)) {
		t.Errorf("got %v, %v after %s", token, err, w.bodies[0])
	}
}

func TestRefusedSignIn(t *testing.T) {
	got := errorAs[*intune.AuthError](t, signIn(newWire(t, reply(401, badSecret))))
	want := intune.AuthError{
		Code: "invalid_client", AADSTS: 7000215, StatusCode: 401, TraceID: "0dd0", CorrelationID: "c0c0",
		Description: "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value.",
	}
	if *got != want {
		t.Errorf("got %+v, want %+v", *got, want)
	}
}

func TestRefusedSignInSaysWhatToDo(t *testing.T) {
	refusal := func(aadsts int) httpmock.Responder {
		return reply(400, fmt.Sprintf(`{"error":"invalid_request","error_description":"AADSTS%d: Sorry.\r\nTrace ID: 0dd0"}`, aadsts))
	}
	tests := map[string]struct {
		answer httpmock.Responder
		want   string
	}{
		"bad secret":     {refusal(7000215), "AADSTS7000215: use the secret's value, not its id, or make a new secret (trace id 0dd0)"},
		"expired secret": {refusal(7000222), "AADSTS7000222: the secret has expired: make a new one"},
		"no application": {refusal(700016), "AADSTS700016: the tenant has no application with this client id: check both ids"},
		"no tenant":      {refusal(90002), "AADSTS90002: there is no such tenant: check the tenant id"},
		"expired certificate": {
			reply(401, `{"error":"invalid_client","error_description":"AADSTS700027: Client assertion failed signature validation. [Reason - The key used is expired.]"}`),
			"check the clock of this machine (The key used is expired.)",
		},
		"certificate":    {refusal(700027), "AADSTS700027: the application does not know the certificate"},
		"scope":          {refusal(70011), "AADSTS70011: the scope does not fit the cloud"},
		"no secret":      {refusal(7000218), "AADSTS7000218: no secret or assertion was sent"},
		"personal":       {refusal(500200), "AADSTS500200: personal Microsoft accounts are not supported: sign in with a work or school account"},
		"another number": {refusal(53000), "sign-in refused: AADSTS53000: Sorry. (trace id 0dd0)"},
		"no number":      {reply(400, `{"error":"invalid_request","error_description":"Sorry."}`), "sign-in refused: invalid_request: Sorry."},
		"HTML":           {reply(403, "<html>", "Content-Type", "text/html"), "sign-in refused: 403 Forbidden"},
		"redirect":       {reply(307, "", "Location", "https://evil.example/"), "sign-in refused: 307 Temporary Redirect"},
		"200":            {reply(200, `{"error":"invalid_request"}`), "sign-in refused: invalid_request"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := signIn(newWire(t, test.answer))
			errorAs[*intune.AuthError](t, err)
			if !strings.HasPrefix(err.Error(), "GET /x: ") || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %q, want %q in it", err, test.want)
			}
		})
	}
}

func TestAnswersOfTheTokenEndpointThatAreNoTokens(t *testing.T) {
	for _, body := range []string{"", "[]", "{}", "<html>", `{"access_token":""}`} {
		if err := signIn(newWire(t, reply(200, body))); err == nil || !strings.Contains(err.Error(), "obtain a token") {
			t.Errorf("%q: got %v", body, err)
		}
	}
}

func TestPassingFailuresOfTheTokenEndpoint(t *testing.T) {
	good := reply(200, `{"access_token":"`+aToken+`"}`)
	for name, answer := range map[string]httpmock.Responder{
		"lost": lost(),
		"cut":  cut(200, `{"access_token":"`),
		"too long": func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(endless(" "))}, nil
		},
		"503": reply(503, "<html>"),
		"429": reply(429, badSecret, "Retry-After", "5"),
		"500": reply(500, badSecret),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWire(t, answer, good, reply(200, "{}"))
				if err := signIn(w); err != nil {
					t.Fatal(err)
				}
				if name == "429" && w.times[1].Sub(w.times[0]) != 5*time.Second {
					t.Errorf("waited %v", w.times[1].Sub(w.times[0]))
				}
			})
		})
	}
}

func TestTokenSourceErrorsAreRefusals(t *testing.T) {
	refused := &oauth2.RetrieveError{Response: &http.Response{StatusCode: 400}, ErrorCode: "invalid_grant", ErrorDescription: "AADSTS70043: expired"}
	cred := credential(func(context.Context, intune.TokenRequest) (*oauth2.Token, error) {
		return nil, fmt.Errorf("outer: %w", refused)
	})
	err := get(t.Context(), newClient(t, cred))
	if got := errorAs[*intune.AuthError](t, err); got.AADSTS != 70043 || got.StatusCode != 400 {
		t.Errorf("got %+v", got)
	}
}

func clearEnvironment(t *testing.T) {
	t.Helper()
	for _, name := range []string{
		"AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_CLIENT_CERTIFICATE_PASSWORD",
		"AZURE_FEDERATED_TOKEN_FILE", "AZURE_AUTHORITY_HOST",
	} {
		t.Setenv(name, "")
	}
}

func TestEnvironmentCredential(t *testing.T) {
	clearEnvironment(t)
	_, err := intune.EnvironmentCredential()
	errorAs[*intune.InputError](t, err)
	if got, want := err.Error(), "environment lacks AZURE_TENANT_ID, AZURE_CLIENT_ID, one of AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH and AZURE_FEDERATED_TOKEN_FILE: the credential is not available here"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	t.Setenv("AZURE_TENANT_ID", tenant)
	t.Setenv("AZURE_CLIENT_SECRET", aSecret)
	if _, err := intune.EnvironmentCredential(); err == nil || !strings.HasSuffix(err.Error(), "lacks AZURE_CLIENT_ID") {
		t.Errorf("got %v", err)
	}
	t.Setenv("AZURE_CLIENT_ID", app)
	for host, want := range map[string]string{"": "login.microsoftonline.com", "https://login.example/": "login.example"} {
		t.Setenv("AZURE_AUTHORITY_HOST", host)
		cred, err := intune.EnvironmentCredential()
		if err != nil {
			t.Fatal(err)
		}
		token := reply(200, `{"access_token":"t"}`)
		w := newWire(t, token, reply(200, "{}"), token, reply(200, "{}"))
		base := intune.WithHTTPClient(&http.Client{Transport: w.mock})
		if err := get(t.Context(), newClient(t, cred, base)); err != nil || w.requests[0].URL.Host != want {
			t.Errorf("%q: asked %s, %v", host, w.requests[0].URL, err)
		}
		if err := get(t.Context(), newClient(t, cred, base, intune.WithAuthorityURL("https://over.example"))); err != nil || w.requests[2].URL.Host != "over.example" {
			t.Errorf("WithAuthorityURL: asked %s, %v", w.requests[2].URL, err)
		}
	}
	t.Setenv("AZURE_AUTHORITY_HOST", "http://login.example")
	_, err = intune.EnvironmentCredential()
	errorAs[*intune.InputError](t, err)
	t.Setenv("AZURE_AUTHORITY_HOST", "")
	t.Setenv("AZURE_TENANT_ID", "consumers")
	if _, err = intune.EnvironmentCredential(); !errors.As(err, new(*intune.InputError)) {
		t.Errorf("consumers: got %v", err)
	}
}
