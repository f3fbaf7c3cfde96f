package intune_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// TestFileAssertionIsReadAnew: Kubernetes replaces the file when the token in it ages.
func TestFileAssertionIsReadAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	assertion := intune.FileAssertion(path)
	if _, err := assertion(t.Context(), intune.TokenRequest{}); !errors.Is(err, intune.ErrCredentialUnavailable) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	for _, content := range []string{"first", "second\n"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := assertion(t.Context(), intune.TokenRequest{}); err != nil || got != strings.TrimSpace(content) {
			t.Errorf("got %q, %v", got, err)
		}
	}
}

// platform is the service of GitHub Actions or Azure Pipelines that issues assertions to their jobs.
type platform struct {
	server   *intunetest.Server
	status   int
	answer   string // with %s for the assertion
	requests []*http.Request
}

func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.requests = append(p.requests, r)
	w.WriteHeader(p.status)
	_, _ = fmt.Fprintf(w, p.answer, p.server.FederatedAssertion(nil))
}

// platforms are a way to ask each of them at an address.
func platforms(t *testing.T) map[string]struct {
	assertion intune.AssertionFunc
	answer    string
	request   string
} {

	t.Helper()
	t.Setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", aSecret)
	return map[string]struct {
		assertion intune.AssertionFunc
		answer    string
		request   string
	}{
		"GitHub": {intune.GitHubActionsAssertion(""), `{"count":1,"value":"%s"}`, "GET /job/?api-version=2.0&audience=api%3A%2F%2FAzureADTokenExchange"},
		"GitHub for another audience": {
			intune.GitHubActionsAssertion("api://other"), `{"value":"%s"}`, "GET /job/?api-version=2.0&audience=api%3A%2F%2Fother",
		},
		"Azure": {
			intune.AzurePipelinesAssertion("c0ffee", aSecret), `{"oidcToken":"%s"}`, "POST /job/?api-version=2.0&api-version=7.1&serviceConnectionId=c0ffee",
		},
	}
}

func TestPlatformsIssueAssertions(t *testing.T) {
	server := intunetest.NewServer(t, intunetest.WithFederatedCredential(federatedIssuer, federatedSubject, nil))
	for name, test := range platforms(t) {
		t.Run(name, func(t *testing.T) {
			service := &platform{server: server, status: http.StatusOK, answer: test.answer}
			issuer := httptest.NewServer(service)
			defer issuer.Close()
			t.Setenv("ACTIONS_ID_TOKEN_REQUEST_URL", issuer.URL+"/job/?api-version=2.0")
			t.Setenv("SYSTEM_OIDCREQUESTURI", issuer.URL+"/job/?api-version=2.0")
			cred := intune.ClientAssertion(intunetest.TenantID, intunetest.ClientID, test.assertion)
			if err := use(t.Context(), clientOf(t, server, cred)); err != nil {
				t.Fatal(err)
			}
			got := service.requests[0]
			if got.Method+" "+got.URL.String() != test.request || got.Header.Get("Authorization") != "Bearer "+aSecret || !strings.Contains(got.UserAgent(), "intune-go") {
				t.Errorf("asked for %s %s, %v", got.Method, got.URL, got.Header)
			}
		})
	}
}

func TestPlatformsThatRefuse(t *testing.T) {
	server := intunetest.NewServer(t, intunetest.WithFederatedCredential(federatedIssuer, federatedSubject, nil))
	for name, test := range platforms(t) {
		for _, answer := range []struct {
			status int
			body   string
			want   string
		}{
			{http.StatusForbidden, aSecret + "%.0s", "403 Forbidden"},
			{http.StatusFound, "%.0s", "302 Found"},
			{http.StatusOK, "<html>%.0s", "is not the JSON that it should be"},
			{http.StatusOK, "{}%.0s", "empty"},
		} {
			service := &platform{server: server, status: answer.status, answer: answer.body}
			issuer := httptest.NewServer(service)
			t.Setenv("ACTIONS_ID_TOKEN_REQUEST_URL", issuer.URL+"/job/?api-version=2.0")
			t.Setenv("SYSTEM_OIDCREQUESTURI", issuer.URL+"/job/?api-version=2.0")
			cred := intune.ClientAssertion(intunetest.TenantID, intunetest.ClientID, test.assertion)
			err := use(t.Context(), clientOf(t, server, cred))
			if err == nil || !strings.Contains(err.Error(), answer.want) || strings.Contains(err.Error(), aSecret) || len(service.requests) != 1 {
				t.Errorf("%s: got %v after %d requests", name, err, len(service.requests))
			}
			issuer.Close()
		}
	}
}

func TestPlatformsThatAreNotThere(t *testing.T) {
	t.Setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "")
	t.Setenv("SYSTEM_OIDCREQUESTURI", "")
	for name, assertion := range map[string]intune.AssertionFunc{
		"GitHub": intune.GitHubActionsAssertion(""), "Azure": intune.AzurePipelinesAssertion("id", "token"),
	} {
		if _, err := assertion(t.Context(), intune.TokenRequest{}); !errors.Is(err, intune.ErrCredentialUnavailable) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	t.Setenv("SYSTEM_OIDCREQUESTURI", "http://issuer.example/")
	for name, assertion := range map[string]intune.AssertionFunc{
		"no connection": intune.AzurePipelinesAssertion("", "token"), "no token": intune.AzurePipelinesAssertion("id", ""), "no TLS": intune.AzurePipelinesAssertion("id", "token"),
	} {
		if _, err := assertion(t.Context(), intune.TokenRequest{}); !errors.As(err, new(*intune.InputError)) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
