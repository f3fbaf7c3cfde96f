package entra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/seed-230b9595/intune-go/internal/format/regularfile"
	"github.com/seed-230b9595/intune-go/internal/wire"
)

// This file has the issuers of assertions.

// FileAssertion reads an assertion from a file.
func FileAssertion(path string) (string, error) {
	if path == "" {
		return "", &InputError{Name: "FileAssertion", Problem: "has an empty file name"}
	}
	data, err := readFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("%w: %w", ErrUnavailable, err)
	case err != nil:
		return "", err
	}
	return strings.TrimSpace(strings.TrimPrefix(string(data), "\uFEFF")), nil
}

// readFile reads a file of at most 1 MiB. It never waits, whatever the path names.
func readFile(path string) ([]byte, error) {
	const limit = 1 << 20
	data, err := regularfile.ReadAll(path, limit)
	if regularfile.IsUnusable(err) {
		return nil, &InputError{Name: "file " + path, Problem: err.Error()}
	}
	return data, err
}

// GitHubActionsAssertion requests the assertion of the job that runs. An empty audience is that of the cloud.
func GitHubActionsAssertion(ctx context.Context, req Request, audience string) (string, error) {
	address, token := os.Getenv("ACTIONS_ID_TOKEN_REQUEST_URL"), os.Getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
	if address == "" || token == "" {
		return "", fmt.Errorf("%w: ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN are not set: this is not GitHub Actions, or the job lacks the permission id-token: write", ErrUnavailable)
	}
	if audience == "" {
		audience = exchangeAudience(req.Scope)
	}
	return issuer{"GitHub Actions", http.MethodGet, address, "value"}.request(ctx, req, url.Values{"audience": {audience}}, token)
}

// exchangeAudience returns the audience that Microsoft Entra ID proposes for federated credentials in the cloud of the scope.
// See https://learn.microsoft.com/entra/workload-id/workload-identity-federation-create-trust#important-considerations-and-restrictions.
func exchangeAudience(scope string) string {
	const audience = "api://AzureADTokenExchange"
	graph, _, _ := strings.Cut(strings.TrimPrefix(scope, "https://"), "/")
	switch graph {
	case "graph.microsoft.us", "dod-graph.microsoft.us":
		return audience + "USGov"
	case "microsoftgraph.chinacloudapi.cn":
		return audience + "China"
	}
	return audience
}

// AzurePipelinesAssertion requests the assertion of a service connection with the job's token.
func AzurePipelinesAssertion(ctx context.Context, req Request, serviceConnectionID, systemAccessToken string) (string, error) {
	address := os.Getenv("SYSTEM_OIDCREQUESTURI")
	switch {
	case address == "":
		return "", fmt.Errorf("%w: SYSTEM_OIDCREQUESTURI is not set: this is not Azure Pipelines", ErrUnavailable)
	case serviceConnectionID == "", systemAccessToken == "", strings.HasPrefix(systemAccessToken, "$("):
		return "", &InputError{Name: "AzurePipelinesAssertion", Problem: "needs the id of a service connection and the value of $(System.AccessToken)"}
	}
	query := url.Values{"api-version": {"7.1"}, "serviceConnectionId": {serviceConnectionID}}
	return issuer{"Azure Pipelines", http.MethodPost, address, "oidcToken"}.request(ctx, req, query, systemAccessToken)
}

// issuer is a service that issues assertions to its jobs.
type issuer struct {
	name, method, address string
	member                string // of the response that is the assertion
}

// request requests an assertion with the job's token.
func (s issuer) request(ctx context.Context, req Request, query url.Values, token string) (string, error) {
	root, given, _ := strings.Cut(s.address, "?")
	if _, problem := wire.RootURL(root); problem != "" {
		return "", &InputError{Name: "address of " + s.name, Problem: problem}
	}
	address := root + "?" + strings.Trim(given+"&"+query.Encode(), "&")
	r, err := http.NewRequestWithContext(ctx, s.method, address, http.NoBody)
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Tfs-Fedauthredirect", "Suppress") // otherwise Azure DevOps redirects to a page for people
	body, err := req.do(r, []string{token})
	if err != nil {
		return "", err
	}
	var members map[string]any
	_ = json.Unmarshal(body, &members) // do has checked that it is an object
	assertion, _ := members[s.member].(string)
	if assertion == "" {
		return "", missing(s.member, body, []string{token})
	}
	return assertion, nil
}
