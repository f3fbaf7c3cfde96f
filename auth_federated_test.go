package intune_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// platform is the service of GitHub Actions or Azure Pipelines that issues assertions to their jobs.
type platform struct {
	server   *intunetest.Server
	status   int
	response string // with %s for the assertion
	requests []*http.Request
}

func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.requests = append(p.requests, r)
	w.WriteHeader(p.status)
	_, _ = fmt.Fprintf(w, p.response, p.server.FederatedAssertion(nil))
}

// setPlatform makes the environment that of a job whose platform issues assertions at an address.
func setPlatform(t *testing.T, address string) {
	t.Helper()
	t.Setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", aSecret)
	t.Setenv("ACTIONS_ID_TOKEN_REQUEST_URL", address+"/job/?api-version=2.0")
	t.Setenv("SYSTEM_OIDCREQUESTURI", address+"/job/?api-version=2.0")
}

func TestPlatformsIssueAssertions(t *testing.T) {
	server := intunetest.NewServer(t, intunetest.WithFederatedCredential(federatedIssuer, federatedSubject, nil))
	tests := map[string]struct {
		assertion         intune.AssertionFunc
		response, request string
	}{
		"GitHub": {intune.GitHubActionsAssertion(""), `{"count":1,"value":"%s"}`, "GET /job/?api-version=2.0&audience=api%3A%2F%2FAzureADTokenExchange"},
		"GitHub for another audience": {
			intune.GitHubActionsAssertion("api://other"), `{"value":"%s"}`, "GET /job/?api-version=2.0&audience=api%3A%2F%2Fother",
		},
		"Azure": {
			intune.AzurePipelinesAssertion("c0ffee", aSecret), `{"oidcToken":"%s"}`, "POST /job/?api-version=2.0&api-version=7.1&serviceConnectionId=c0ffee",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			service := &platform{server: server, status: http.StatusOK, response: test.response}
			issuer := httptest.NewServer(service)
			defer issuer.Close()
			setPlatform(t, issuer.URL)
			cred := intune.ClientAssertionCredential(intunetest.TenantID, intunetest.ClientID, test.assertion)
			if err := use(t.Context(), clientOf(t, server, cred)); err != nil {
				t.Fatal(err)
			}
			got := service.requests[0]
			if got.Method+" "+got.URL.String() != test.request || got.Header.Get("Authorization") != "Bearer "+aSecret || !strings.Contains(got.UserAgent(), "intune-go") {
				t.Errorf("requested %s %s, %v", got.Method, got.URL, got.Header)
			}
		})
	}
}

// TestGitHubAudienceIsThatOfTheCloud, even with an authority of the caller's own.
func TestGitHubAudienceIsThatOfTheCloud(t *testing.T) {
	setPlatform(t, "https://issuer.example")
	for _, test := range []struct {
		cloud intune.Cloud
		want  string
	}{
		{intune.CloudPublic, "api://AzureADTokenExchange"},
		{intune.CloudUSGovernmentL4, "api://AzureADTokenExchangeUSGov"},
		{intune.CloudUSGovernmentL5, "api://AzureADTokenExchangeUSGov"},
		{intune.CloudChina, "api://AzureADTokenExchangeChina"},
	} {
		for _, opts := range [][]intune.Option{nil, {intune.WithAuthorityURL("https://login.example")}} {
			w := newWire(t, reply(200, `{"value":"the-assertion"}`), reply(200, `{"access_token":"t"}`), reply(200, "{}"))
			opts = append(opts, intune.WithCloud(test.cloud), intune.WithHTTPClient(&http.Client{Transport: w.mock}))
			client := newClient(t, intune.ClientAssertionCredential(tenant, app, intune.GitHubActionsAssertion("")), opts...)
			if err := get(t.Context(), client); err != nil {
				t.Fatal(err)
			}
			if got := w.requests[0].URL.Query().Get("audience"); got != test.want {
				t.Errorf("%v: got %s, want %s", test.cloud, got, test.want)
			}
		}
	}
}

// issuers are the ways to request an assertion, with the names that errors give them.
func issuers() map[string]intune.AssertionFunc {
	return map[string]intune.AssertionFunc{
		"GitHub Actions": intune.GitHubActionsAssertion(""), "Azure Pipelines": intune.AzurePipelinesAssertion("c0ffee", aSecret),
	}
}

func TestTransientFailuresOfPlatformsAreRetried(t *testing.T) {
	setPlatform(t, "https://issuer.example")
	good := reply(200, `{"value":"the-assertion","oidcToken":"the-assertion"}`)
	for issuer, assertion := range issuers() {
		for name, response := range transientResponses() {
			t.Run(issuer+" "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWire(t, response, good, reply(200, `{"access_token":"t"}`), reply(200, "{}"))
					if err := get(t.Context(), newClient(t, intune.ClientAssertionCredential(tenant, app, assertion), intune.WithHTTPClient(&http.Client{Transport: w.mock}))); err != nil {
						t.Error(err)
					}
				})
			})
		}
	}
}

func TestLastingFailureOfAPlatformNamesStatusAndHost(t *testing.T) {
	setPlatform(t, "https://issuer.example")
	synctest.Test(t, func(t *testing.T) {
		for name, assertion := range issuers() {
			w := newWire(t, slices.Repeat([]httpmock.Responder{reply(200, "<html>")}, 4)...)
			err := get(t.Context(), newClient(t, intune.ClientAssertionCredential(tenant, app, assertion), intune.WithHTTPClient(&http.Client{Transport: w.mock})))
			want := "request an assertion from " + name + ": sign-in unavailable: 200 OK from issuer.example: the body is not a JSON object"
			if errorAs[*intune.AuthError](t, err); !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q in it", err, want)
			}
		}
	})
}

// TestSilentPlatformHonorsTheContext, also if it has begun a response that never ends.
func TestSilentPlatformHonorsTheContext(t *testing.T) {
	setPlatform(t, "https://issuer.example")
	synctest.Test(t, func(t *testing.T) {
		for name, assertion := range issuers() {
			client := &http.Client{Transport: newWire(t, unfinished(`{"value":"`)).mock}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			began := time.Now()
			if _, err := assertion(ctx, intune.TokenRequest{HTTPClient: client}); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
				t.Errorf("%s: got %v after %v", name, err, time.Since(began))
			}
			cancel()
		}
	})
}
