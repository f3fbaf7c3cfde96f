package intune

// This file has the ready sources of assertions for ClientAssertion.

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"golang.org/x/oauth2"
)

// FileAssertion reads the assertion from a file, anew each time, because Kubernetes and others replace it when it ages. A file
// that is not there is ErrCredentialUnavailable.
func FileAssertion(path string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) {
		if path == "" {
			return "", &InputError{Name: "FileAssertion", Problem: "is given no file name"}
		}
		data, err := os.ReadFile(path) //nolint:gosec // the file that the caller names
		switch {
		case os.IsNotExist(err):
			return "", fmt.Errorf("%w: %w", ErrCredentialUnavailable, err)
		case err != nil:
			return "", err
		}
		return strings.TrimSpace(strings.TrimPrefix(string(data), "\uFEFF")), nil
	}
}

// GitHubActionsAssertion asks GitHub Actions for the assertion of the job, which needs the permission id-token: write.
// audience is what the federated credential expects; "" is api://AzureADTokenExchange, which Microsoft Entra ID proposes.
// Outside of GitHub Actions, and without the permission, it is ErrCredentialUnavailable.
// See https://docs.github.com/actions/security-for-github-actions/security-hardening-your-deployments/about-security-hardening-with-openid-connect.
func GitHubActionsAssertion(audience string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		address, token := os.Getenv("ACTIONS_ID_TOKEN_REQUEST_URL"), os.Getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
		if address == "" || token == "" {
			return "", fmt.Errorf("%w: this is not GitHub Actions, or the job lacks the permission id-token: write, for ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN are not set", ErrCredentialUnavailable)
		}
		query := url.Values{"audience": {cmp.Or(audience, "api://AzureADTokenExchange")}}
		var answer struct{ Value string }
		err := askForAssertion(ctx, "GitHub Actions", http.MethodGet, address, query, token, &answer)
		return answer.Value, err
	}
}

// AzurePipelinesAssertion asks Azure DevOps for the assertion of a service connection, named by its id.
// systemAccessToken is the job's $(System.AccessToken), which a task must be given as an environment variable. Outside of Azure
// Pipelines it is ErrCredentialUnavailable.
// See https://learn.microsoft.com/rest/api/azure/devops/distributedtask/oidctoken/create.
func AzurePipelinesAssertion(serviceConnectionID, systemAccessToken string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		address := os.Getenv("SYSTEM_OIDCREQUESTURI")
		switch {
		case address == "":
			return "", fmt.Errorf("%w: this is not Azure Pipelines, for SYSTEM_OIDCREQUESTURI is not set", ErrCredentialUnavailable)
		case serviceConnectionID == "", systemAccessToken == "", strings.HasPrefix(systemAccessToken, "$("):
			return "", &InputError{Name: "AzurePipelinesAssertion", Problem: "wants the id of a service connection and $(System.AccessToken)"}
		}
		query := url.Values{"api-version": {"7.1"}, "serviceConnectionId": {serviceConnectionID}}
		var answer struct {
			OIDCToken string `json:"oidcToken"`
		}
		err := askForAssertion(ctx, "Azure Pipelines", http.MethodPost, address, query, systemAccessToken, &answer)
		return answer.OIDCToken, err
	}
}

// askForAssertion asks one of the services that issue assertions to their jobs.
func askForAssertion(ctx context.Context, service, method, address string, query url.Values, token string, answer any) error {
	root, given, _ := strings.Cut(address, "?")
	if _, err := rootURL(service+"'s address", root); err != nil {
		return err
	}
	address = root + "?" + strings.Trim(given+"&"+query.Encode(), "&")
	req, err := http.NewRequestWithContext(ctx, method, address, http.NoBody) //nolint:gosec // the address that the platform gives
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Tfs-Fedauthredirect", "Suppress") // or Azure DevOps redirects to a page where people sign in
	client, _ := ctx.Value(oauth2.HTTPClient).(*http.Client)
	resp, err := cmp.Or(client, http.DefaultClient).Do(req) //nolint:gosec // see above
	if err != nil {
		return fmt.Errorf("ask %s for an assertion: %w", service, err)
	}
	defer func() { _ = resp.Body.Close() }()
	const maxAssertion = 1 << 20
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAssertion))
	switch {
	case err != nil:
		return fmt.Errorf("ask %s for an assertion: %w", service, err)
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("ask %s for an assertion: %w", service, &AuthError{StatusCode: resp.StatusCode})
	case json.Unmarshal(data, answer) != nil:
		return fmt.Errorf("ask %s for an assertion: its answer is not the JSON that it should be", service)
	}
	return nil
}
