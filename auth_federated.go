package intune

// This file has the issuers of assertions for ClientAssertion.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/seed-230b9595/intune-go/internal/format/regularfile"
)

// AssertionFunc returns an assertion about the application, a signed JWT of an issuer that the application trusts. req is
// the request for the token that the assertion is for; its HTTPClient reaches issuers through the client's own transport.
// An error that wraps ErrCredentialUnavailable makes a ChainedCredential go on to the next credential.
type AssertionFunc func(ctx context.Context, req TokenRequest) (string, error)

// FileAssertion reads the assertion from a file, again for every token, because Kubernetes and others replace it before
// it expires. Only a regular file of at most 1 MiB is read. If there is no such file, the error is
// ErrCredentialUnavailable.
func FileAssertion(path string) AssertionFunc {
	return func(context.Context, TokenRequest) (string, error) {
		if path == "" {
			return "", &InputError{Name: "FileAssertion", Problem: "has an empty file name"}
		}
		data, err := readRegularFile(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return "", fmt.Errorf("%w: %w", ErrCredentialUnavailable, err)
		case err != nil:
			return "", err
		}
		return strings.TrimSpace(strings.TrimPrefix(string(data), "\uFEFF")), nil
	}
}

// readRegularFile reads a file of at most 1 MiB. It never waits, whatever the path names.
func readRegularFile(path string) ([]byte, error) {
	const limit = 1 << 20
	data, err := regularfile.ReadAll(path, limit)
	if regularfile.IsUnusable(err) {
		return nil, &InputError{Name: "file " + path, Problem: err.Error()}
	}
	return data, err
}

// GitHubActionsAssertion requests the assertion of the job from GitHub Actions. The job needs the permission
// id-token: write. audience is what the federated credential expects; "" is what Microsoft Entra ID proposes in the
// client's cloud: api://AzureADTokenExchange, api://AzureADTokenExchangeUSGov or api://AzureADTokenExchangeChina. Outside
// of GitHub Actions, and without the permission, the error is ErrCredentialUnavailable.
// See https://docs.github.com/actions/security-for-github-actions/security-hardening-your-deployments/about-security-hardening-with-openid-connect.
func GitHubActionsAssertion(audience string) AssertionFunc {
	return func(ctx context.Context, req TokenRequest) (string, error) {
		address, token := os.Getenv("ACTIONS_ID_TOKEN_REQUEST_URL"), os.Getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
		if address == "" || token == "" {
			return "", fmt.Errorf("%w: ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN are not set: this is not GitHub Actions, or the job lacks the permission id-token: write", ErrCredentialUnavailable)
		}
		query := url.Values{"audience": {audience}}
		if audience == "" {
			query.Set("audience", exchangeAudience(req.Scope))
		}
		return assertionIssuer{"GitHub Actions", http.MethodGet, address, "value"}.request(ctx, req, query, token)
	}
}

// exchangeAudience returns the audience that Microsoft Entra ID proposes for federated credentials in the cloud of the scope.
// See https://learn.microsoft.com/entra/workload-id/workload-identity-federation-create-trust#important-considerations-and-restrictions.
func exchangeAudience(scope string) string {
	const audience = "api://AzureADTokenExchange"
	isIn := func(cloud Cloud) bool { return strings.HasPrefix(scope, cloud.graphURL+"/") }
	switch {
	case isIn(CloudUSGovernmentL4), isIn(CloudUSGovernmentL5):
		return audience + "USGov"
	case isIn(CloudChina):
		return audience + "China"
	}
	return audience
}

// AzurePipelinesAssertion requests the assertion of a service connection, given by its id, from Azure DevOps.
// systemAccessToken is the job's $(System.AccessToken), which must be passed to a task as an environment variable. Outside
// of Azure Pipelines the error is ErrCredentialUnavailable.
// See https://learn.microsoft.com/rest/api/azure/devops/distributedtask/oidctoken/create.
func AzurePipelinesAssertion(serviceConnectionID, systemAccessToken string) AssertionFunc {
	return func(ctx context.Context, req TokenRequest) (string, error) {
		address := os.Getenv("SYSTEM_OIDCREQUESTURI")
		switch {
		case address == "":
			return "", fmt.Errorf("%w: SYSTEM_OIDCREQUESTURI is not set: this is not Azure Pipelines", ErrCredentialUnavailable)
		case serviceConnectionID == "", systemAccessToken == "", strings.HasPrefix(systemAccessToken, "$("):
			return "", &InputError{Name: "AzurePipelinesAssertion", Problem: "needs the id of a service connection and the value of $(System.AccessToken)"}
		}
		query := url.Values{"api-version": {"7.1"}, "serviceConnectionId": {serviceConnectionID}}
		return assertionIssuer{"Azure Pipelines", http.MethodPost, address, "oidcToken"}.request(ctx, req, query, systemAccessToken)
	}
}

// assertionIssuer is a service that issues assertions to its jobs.
type assertionIssuer struct {
	name, method, address string
	member                string // of the response that is the assertion
}

// request requests an assertion with the job's token.
func (s assertionIssuer) request(ctx context.Context, req TokenRequest, query url.Values, token string) (string, error) {
	failed := func(err error) (string, error) {
		return "", fmt.Errorf("request an assertion from %s: %w", s.name, authError(err, token))
	}
	root, given, _ := strings.Cut(s.address, "?")
	if _, err := rootURL("address of "+s.name, root); err != nil {
		return "", err
	}
	address := root + "?" + strings.Trim(given+"&"+query.Encode(), "&")
	r, err := http.NewRequestWithContext(ctx, s.method, address, http.NoBody)
	if err != nil {
		return failed(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Tfs-Fedauthredirect", "Suppress") // otherwise Azure DevOps redirects to a page for people
	resp, err := req.httpClient(ctx).Do(r)
	if err != nil {
		return failed(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return failed(err)
	}
	if resp.StatusCode != http.StatusOK {
		return failed(newAuthError(resp, body, token))
	}
	var members map[string]any
	_ = json.Unmarshal(body, &members) // httpClient has checked that it is an object
	assertion, _ := members[s.member].(string)
	if assertion == "" {
		return failed(errors.New("the response has no " + s.member))
	}
	return assertion, nil
}
