package entra_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/jarcoal/httpmock"

	"github.com/seed-230b9595/intune-go/internal/entra"
)

// TestFileAssertionIsReadAgain: Kubernetes replaces the file when the token in it ages.
func TestFileAssertionIsReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	if _, err := entra.FileAssertion(path); !errors.Is(err, entra.ErrUnavailable) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	for _, content := range []string{"first", "second\n", "\uFEFFthird"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := entra.FileAssertion(path); err != nil || got != strings.Trim(content, "\uFEFF\n") {
			t.Errorf("got %q, %v", got, err)
		}
	}
}

func TestFileAssertionFollowsLinks(t *testing.T) {
	target := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(target, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link") // as Kubernetes mounts it
	if err := os.Symlink(target, link); err != nil {
		t.Skip(err)
	}
	if got, err := entra.FileAssertion(link); err != nil || got != "content" {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestFilesThatCannotBeRead: nothing waits for somebody to write to a pipe.
func TestFilesThatCannotBeRead(t *testing.T) {
	large, pipe := filepath.Join(t.TempDir(), "large"), filepath.Join(t.TempDir(), "pipe")
	if err := os.WriteFile(large, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, 400<<20); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"directory": t.TempDir(), "large": large, "empty name": ""}
	if mkfifo, err := exec.LookPath("mkfifo"); err == nil {
		if err := exec.CommandContext(t.Context(), mkfifo, pipe).Run(); err != nil {
			t.Fatal(err)
		}
		files["pipe"] = pipe
	}
	before := runtime.NumGoroutine()
	for name, path := range files {
		if _, err := entra.FileAssertion(path); errorAs[*entra.InputError](t, err) == nil || errors.Is(err, entra.ErrUnavailable) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v", name, err)
		}
		if _, _, err := entra.LoadPEM(path, ""); path != "" && !strings.Contains(errorAs[*entra.InputError](t, err).Error(), path) {
			t.Errorf("%s as a certificate: got %v", name, err)
		}
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines, %d before", after, before)
	}
}

// setPlatform makes the environment that of a job whose platform issues assertions at an address.
func setPlatform(t *testing.T, address string) {
	t.Helper()
	t.Setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", aSecret)
	t.Setenv("ACTIONS_ID_TOKEN_REQUEST_URL", address)
	t.Setenv("SYSTEM_OIDCREQUESTURI", address)
}

// issuers are the ways to request an assertion, with the names that errors give them.
func issuers() map[string]func(context.Context, entra.Request) (string, error) {
	return map[string]func(context.Context, entra.Request) (string, error){
		"GitHub Actions": func(ctx context.Context, req entra.Request) (string, error) {
			return entra.GitHubActionsAssertion(ctx, req, "")
		},
		"Azure Pipelines": func(ctx context.Context, req entra.Request) (string, error) {
			return entra.AzurePipelinesAssertion(ctx, req, "c0ffee", aSecret)
		},
	}
}

func TestIssuersThatReject(t *testing.T) {
	setPlatform(t, "https://issuer.example")
	for name, assertion := range issuers() {
		for _, test := range []struct {
			response httpmock.Responder
			want     string
		}{
			{reply(403, aSecret), "sign-in rejected: 403 Forbidden from issuer.example: ***"},
			{reply(403, `{"$id":"1","message":"No such service connection.","typeKey":"x"}`), "sign-in rejected: 403 Forbidden from issuer.example: No such service connection."},
			{reply(400, `{"error":"invalid_request","error_description":"No audience."}`), "sign-in rejected: invalid_request: No audience."},
			{reply(401, `{"title":"Unauthorized","detail":"The token has expired."}`), "sign-in rejected: 401 Unauthorized from issuer.example: The token has expired."},
			{reply(404, "no such job\nsecond line"), "sign-in rejected: 404 Not Found from issuer.example: no such job"},
			{reply(302, "", "Location", "https://evil.example/"), "sign-in rejected: 302 Found from issuer.example"},
			{reply(200, "<html>"), "sign-in unavailable: 200 OK from issuer.example: the body is not a JSON object"},
			{reply(200, "{}"), "the response has no "},
		} {
			_, err := assertion(t.Context(), newEndpoint(t, test.response).request())
			if err == nil || !strings.HasPrefix(err.Error(), test.want) || strings.Contains(err.Error(), aSecret) {
				t.Errorf("%s: got %v, want %q", name, err, test.want)
			}
		}
	}
}

// TestIssuerThatSaysWhyThereIsNoAssertion in a 200, as Azure DevOps does.
func TestIssuerThatSaysWhyThereIsNoAssertion(t *testing.T) {
	setPlatform(t, "https://issuer.example")
	for name, assertion := range issuers() {
		for body, want := range map[string]string{
			`{"$id":"1","innerException":null,"message":"TF400813: The user is not authorized to access this resource.","typeKey":"UnauthorizedRequestException","errorCode":0}`: ": TF400813: The user is not authorized to access this resource.",
			`{"oidcToken":null,"value":null,"title":"Closed","detail":"Try tomorrow."}`:                                                                                          ": Closed: Try tomorrow.",
			`{"oidcToken":"","value":"","message":"you sent ` + aSecret + `"}`:                                                                                                   ": you sent ***",
			`{"oidcToken":1,"value":{}}`: "",
		} {
			_, err := assertion(t.Context(), newEndpoint(t, reply(200, body)).request())
			member := map[string]string{"GitHub Actions": "value", "Azure Pipelines": "oidcToken"}[name]
			if err == nil || err.Error() != "the response has no "+member+want || entra.IsTransient(err) {
				t.Errorf("%s: got %v, want %q after the member", name, err, want)
			}
		}
	}
}

func TestIssuersThatAreNotThere(t *testing.T) {
	setPlatform(t, "")
	for name, assertion := range issuers() {
		if _, err := assertion(t.Context(), entra.Request{}); !errors.Is(err, entra.ErrUnavailable) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	setPlatform(t, "http://issuer.example/")
	for name, assertion := range issuers() {
		if _, err := assertion(t.Context(), entra.Request{}); errorAs[*entra.InputError](t, err).Name != "address of "+name {
			t.Errorf("%s without TLS: got %v", name, err)
		}
	}
	for name, arguments := range map[string][2]string{"no connection": {"", "token"}, "no token": {"id", ""}, "a token that was not passed": {"id", "$(System.AccessToken)"}} {
		if _, err := entra.AzurePipelinesAssertion(t.Context(), entra.Request{}, arguments[0], arguments[1]); !errors.As(err, new(*entra.InputError)) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
