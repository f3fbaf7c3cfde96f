package azcred_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/azcred"
	"github.com/seed-230b9595/intune-go/intunetest"
)

const (
	scope  = "https://graph.microsoft.com/.default"
	claims = `{"access_token":{"nbf":{"essential":true,"value":"1"}}}`
	aToken = "the-access-token-that-must-not-show"
)

// fake is a credential of the Azure SDK.
type fake struct {
	token string
	get   func(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error)
}

func (f *fake) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return f.get(ctx, opts)
}

// failing signs in with a credential that fails with err.
func failing(t *testing.T, err error) error {
	t.Helper()
	cred := azcred.New(&fake{get: func(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
		return azcore.AccessToken{}, err
	}})
	_, err = cred.Token(t.Context(), intune.TokenRequest{Scope: scope})
	if strings.ContainsAny(err.Error(), "\r\n") {
		t.Errorf("more than one line: %q", err)
	}
	return err
}

// rejection is an error of azcore about a response.
func rejection(status int, body string, header http.Header) error {
	return runtime.NewResponseError(&http.Response{
		StatusCode: status, Status: http.StatusText(status), Header: header, Body: io.NopCloser(strings.NewReader(body)),
	})
}

func TestTokenIsAskedForAsTheClientNeedsIt(t *testing.T) {
	expiry := time.Now().Add(time.Hour)
	var asked policy.TokenRequestOptions
	cred := azcred.New(&fake{get: func(_ context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
		asked = opts
		return azcore.AccessToken{Token: aToken, ExpiresOn: expiry}, nil
	}})
	token, err := cred.Token(t.Context(), intune.TokenRequest{Scope: scope, Claims: claims})
	if err != nil {
		t.Fatal(err)
	}
	if token.AccessToken != aToken || token.Type() != "Bearer" || !token.Expiry.Equal(expiry) {
		t.Errorf("got %v", token)
	}
	if len(asked.Scopes) != 1 || asked.Scopes[0] != scope || asked.Claims != claims || !asked.EnableCAE || asked.TenantID != "" {
		t.Errorf("asked for %+v", asked)
	}
}

func TestNilCredentialIsReported(t *testing.T) {
	for name, cred := range map[string]azcore.TokenCredential{"nil": nil, "nil pointer": (*fake)(nil)} {
		t.Run(name, func(t *testing.T) {
			_, err := intune.NewClient(azcred.New(cred))
			if bad, ok := errors.AsType[*intune.InputError](err); !ok || bad.Name != "credential" {
				t.Errorf("got %v", err)
			}
			_, err = intune.NewClient(intune.ChainedCredential(intune.ClientSecretCredential("t", "c", "s"), azcred.New(cred)))
			if _, ok := errors.AsType[*intune.InputError](err); !ok {
				t.Errorf("in a chain: %v", err)
			}
		})
	}
}

func TestRejectionIsAnAuthError(t *testing.T) {
	err := failing(t, rejection(http.StatusUnauthorized, `{"error":"invalid_client",`+
		`"error_description":"AADSTS7000222: The secret has expired.\r\nTrace ID: 0dd0\r\nCorrelation ID: c0c0\r\nTimestamp: 2026-11-06 06:03:00Z",`+
		`"error_codes":[7000222],"trace_id":"0dd0","correlation_id":"c0c0"}`, nil))
	got, ok := errors.AsType[*intune.AuthError](err)
	want := intune.AuthError{
		Code: "invalid_client", Description: "AADSTS7000222: The secret has expired.", AADSTS: 7000222,
		StatusCode: http.StatusUnauthorized, TraceID: "0dd0", CorrelationID: "c0c0",
	}
	if !ok || *got != want || err.Error() != got.Error() {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if _, ok := errors.AsType[*azcore.ResponseError](err); !ok {
		t.Error("the original is lost")
	}
}

// TestRejectionThatPassesByItself is tried once more, as that of the library's own credentials.
func TestRejectionThatPassesByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, tries := time.Now(), 0
		cred := azcred.New(&fake{get: func(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
			if tries++; tries == 1 {
				return azcore.AccessToken{}, rejection(401, `{"error":"invalid_client","error_description":"AADSTS700213: No match."}`, nil)
			}
			return azcore.AccessToken{Token: aToken}, nil
		}})
		if _, err := cred.Token(t.Context(), intune.TokenRequest{}); err != nil || time.Since(began) != time.Second {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
	})
}

func TestRejectionsOfManyForms(t *testing.T) {
	const secret = "abc8Q~0123456789abcdefghijklmnopqrst.-_x"
	after := http.Header{"Retry-After": {"7"}}
	tests := map[string]struct {
		err        error
		text       string
		retryAfter time.Duration
	}{
		"of a managed identity": {rejection(400, `{"error":"invalid_request","error_description":"Identity not found"}`, nil), "sign-in rejected: invalid_request: Identity not found", 0},
		"HTML":                  {rejection(403, "<html>\r\n", nil), "sign-in rejected: 403 Forbidden", 0},
		"empty":                 {rejection(404, "", nil), "sign-in rejected: 404 Not Found", 0},
		"throttled":             {rejection(429, `{"error":"temporarily_unavailable"}`, after), "sign-in unavailable: 429 Too Many Requests: temporarily_unavailable", 7 * time.Second},
		"down":                  {rejection(503, "", after), "sign-in unavailable: 503 Service Unavailable", 7 * time.Second},
		"a date that has passed": {
			rejection(503, "", http.Header{"Retry-After": {"Fri, 06 Nov 2020 06:03:00 GMT"}}), "sign-in unavailable: 503 Service Unavailable", 0,
		},
		"no time at all": {rejection(503, "", http.Header{"Retry-After": {"soon"}}), "sign-in unavailable: 503 Service Unavailable", 0},
		"echo": {
			rejection(400, `{"error":"invalid_client","error_description":"AADSTS1: `+secret+` is wrong for 5a7d3c1e-8f42-4b6d-a1c9-2e0f6b8d4a37"}`, nil),
			"sign-in rejected: AADSTS1: *** is wrong for 5a7d3c1e-8f42-4b6d-a1c9-2e0f6b8d4a37", 0,
		},
		"wrapped": {fmt.Errorf("a chain: %w", rejection(401, "", nil)), "sign-in rejected: 401 Unauthorized", 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := failing(t, test.err)
			got, ok := errors.AsType[*intune.AuthError](err)
			if !ok || err.Error() != test.text || got.RetryAfter != test.retryAfter {
				t.Errorf("got %q, %#v, want %q", err, got, test.text)
			}
			if !errors.Is(err, test.err) {
				t.Error("the original is lost")
			}
		})
	}
}

func TestOtherErrorsAreTheCredentialsOwn(t *testing.T) {
	for name, original := range map[string]error{
		"plain":       errors.New("DefaultAzureCredential: failed.\nAttempted credentials:\n\tEnvironmentCredential: incomplete"),
		"no response": &azcore.ResponseError{ErrorCode: "none"},
		"a success":   rejection(200, "", nil),
	} {
		t.Run(name, func(t *testing.T) {
			err := failing(t, original)
			if _, isAuth := errors.AsType[*intune.AuthError](err); isAuth || !errors.Is(err, original) {
				t.Errorf("got %v", err)
			}
		})
	}
	if err := failing(t, errors.New("one\n\ttwo")); err.Error() != "one two" {
		t.Errorf("got %q", err)
	}
}

func TestContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cred := azcred.New(&fake{get: func(ctx context.Context, _ policy.TokenRequestOptions) (azcore.AccessToken, error) {
		cancel()
		<-ctx.Done()
		return azcore.AccessToken{}, errors.New("ManagedIdentityCredential: context canceled")
	}})
	if _, err := cred.Token(ctx, intune.TokenRequest{Scope: scope}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestNothingPrintsTheCredential(t *testing.T) {
	cred := azcred.New(&fake{token: aToken})
	for _, format := range []string{"%v", "%+v", "%#v"} {
		if text := fmt.Sprintf(format, cred); strings.Contains(text, aToken) {
			t.Errorf("%s: %s", format, text)
		}
	}
}

func TestClientTriesAgainWhileEntraIsDown(t *testing.T) {
	server := intunetest.NewServer(t)
	tries := 0
	cred := azcred.New(&fake{get: func(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
		if tries++; tries == 1 {
			return azcore.AccessToken{}, rejection(503, "", nil)
		}
		return tokenOf(ctx, server, opts)
	}})
	client, err := intune.NewClient(cred, intune.WithBaseURL(server.URL()), intune.WithRetry(intune.RetryPolicy{MinDelay: time.Millisecond}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.EnterpriseCodeSigningCertificates().Count(t.Context(), intune.Filter{}); err != nil || tries != 2 {
		t.Errorf("after %d tries: %v", tries, err)
	}
}

// tokenOf is a token of the emulator, as the Azure SDK would get it.
func tokenOf(ctx context.Context, server *intunetest.Server, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := server.Credential().Token(ctx, intune.TokenRequest{
		AuthorityURL: server.URL(), Scope: opts.Scopes[0], Claims: opts.Claims, HTTPClient: server.HTTPClient(),
	})
	if err != nil {
		return azcore.AccessToken{}, err
	}
	return azcore.AccessToken{Token: token.AccessToken, ExpiresOn: token.Expiry}, nil
}

func TestResponseOfAnotherServiceNamesItsHost(t *testing.T) {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://169.254.169.254/metadata/identity/oauth2/token?secret=x", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp := &http.Response{StatusCode: http.StatusForbidden, Status: "403 Forbidden", Body: http.NoBody, Request: req}
	got := failing(t, runtime.NewResponseError(resp))
	if want := "sign-in rejected: 403 Forbidden from 169.254.169.254"; got.Error() != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
