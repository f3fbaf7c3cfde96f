package intune_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// TestFileAssertionIsReadForEveryToken: Kubernetes replaces the file when the token in it ages.
func TestFileAssertionIsReadForEveryToken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	assertion := intune.FileAssertion(path)
	if _, err := assertion(t.Context(), intune.TokenRequest{}); !errors.Is(err, intune.ErrCredentialUnavailable) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	for _, content := range []string{"first", "second\n", "\uFEFFthird"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := assertion(t.Context(), intune.TokenRequest{}); err != nil || got != strings.Trim(content, "\uFEFF\n") {
			t.Errorf("got %q, %v", got, err)
		}
	}
}

func TestFileAssertionFollowsLinks(t *testing.T) {
	target := writeFile(t, "token", []byte("content"))
	link := filepath.Join(t.TempDir(), "link") // as Kubernetes mounts it
	if err := os.Symlink(target, link); err != nil {
		t.Skip(err)
	}
	if got, err := intune.FileAssertion(link)(t.Context(), intune.TokenRequest{}); err != nil || got != "content" {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestFilesThatCannotBeRead end the call at once, and nothing waits for somebody to write to a pipe.
func TestFilesThatCannotBeRead(t *testing.T) {
	large := writeFile(t, "large", nil)
	if err := os.Truncate(large, 400<<20); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"directory": t.TempDir(), "large": large, "empty name": ""}
	pipe := filepath.Join(t.TempDir(), "pipe")
	if mkfifo, err := exec.LookPath("mkfifo"); err == nil {
		if err := exec.CommandContext(t.Context(), mkfifo, pipe).Run(); err != nil {
			t.Fatal(err)
		}
		files["pipe"] = pipe
	}
	before := runtime.NumGoroutine()
	for name, path := range files {
		_, err := intune.FileAssertion(path)(t.Context(), intune.TokenRequest{})
		if errorAs[*intune.InputError](t, err); errors.Is(err, intune.ErrCredentialUnavailable) {
			t.Errorf("%s: got %v", name, err)
		}
		if path == "" {
			continue
		}
		environment(t, map[string]string{"AZURE_TENANT_ID": tenant, "AZURE_CLIENT_ID": app, "AZURE_CLIENT_CERTIFICATE_PATH": path})
		if _, err := intune.EnvironmentCredential(); !strings.Contains(errorAs[*intune.InputError](t, err).Error(), path) {
			t.Errorf("%s as a certificate: got %v", name, err)
		}
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines, %d before", after, before)
	}
}

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

func TestPlatformsThatReject(t *testing.T) {
	setPlatform(t, "https://issuer.example")
	for name, assertion := range issuers() {
		for _, test := range []struct {
			response httpmock.Responder
			want     string
		}{
			{reply(403, aSecret), "sign-in rejected: 403 Forbidden from issuer.example: ***"},
			{reply(403, `{"$id":"1","message":"No such service connection.","typeKey":"x"}`), "sign-in rejected: 403 Forbidden from issuer.example: No such service connection."},
			{reply(400, `{"error":"invalid_request","error_description":"No audience."}`), "sign-in rejected: invalid_request: No audience."},
			{reply(401, `{"title":"Unauthorized","detail":"The token has expired."}`), "sign-in rejected: 401 Unauthorized from issuer.example: Unauthorized: The token has expired."},
			{reply(404, "no such job\nsecond line"), "sign-in rejected: 404 Not Found from issuer.example: no such job"},
			{reply(302, "", "Location", "https://evil.example/"), "sign-in rejected: 302 Found from issuer.example"},
			{reply(200, "{}"), "the response has no "},
		} {
			w := newWire(t, test.response)
			err := get(t.Context(), newClient(t, intune.ClientAssertionCredential(tenant, app, assertion), intune.WithHTTPClient(&http.Client{Transport: w.mock})))
			if err == nil || !strings.Contains(err.Error(), "request an assertion from "+name+": "+test.want) || strings.Contains(err.Error(), aSecret) {
				t.Errorf("%s: got %v, want %q in it", name, err, test.want)
			}
		}
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

// TestSilentPlatformHonoursTheContext, also if it has begun a response that never ends.
func TestSilentPlatformHonoursTheContext(t *testing.T) {
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(`{"value":"`))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	t.Cleanup(issuer.Close)
	setPlatform(t, issuer.URL)
	for name, assertion := range issuers() {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if _, err := assertion(ctx, intune.TokenRequest{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: got %v", name, err)
		}
		cancel()
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
