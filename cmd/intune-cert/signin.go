package main

// This file signs in, as --auth says, and connects to the tenant.

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/azcred"
	"github.com/seed-230b9595/intune-go/clientcert"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// connect returns the service of the tenant. Waits and recoveries are shown by p.
func (a *app) connect(p *progress) (*intune.EnterpriseCodeSigningCertificatesService, error) {
	client, err := a.newClient(p)
	if err != nil {
		return nil, err
	}
	return client.EnterpriseCodeSigningCertificates(), nil
}

func (a *app) newClient(p *progress) (*intune.Client, error) {
	httpClient, err := a.httpClient()
	if err != nil {
		return nil, err
	}
	cred, err := a.credential(p, httpClient)
	if err != nil {
		return nil, err
	}
	options := []intune.Option{
		intune.WithCloud(a.graphCloud()), intune.WithUserAgent("intune-cert/" + version()),
		intune.WithLogger(slog.New(newLogHandler(p, a.flags.verbose))),
	}
	if a.flags.emulator != "" {
		root := strings.TrimSuffix(a.flags.emulator, "/")
		options = append(options, intune.WithBaseURL(root), intune.WithAuthorityURL(root))
	}
	if httpClient != nil {
		options = append(options, intune.WithHTTPClient(httpClient))
	}
	client, err := intune.NewClient(cred, options...)
	var input *intune.InputError
	if errors.As(err, &input) && input.Name == "WithBaseURL" {
		return nil, usagef("--emulator %s", input.Problem)
	}
	return client, err
}

// httpClient returns a client that trusts the authorities of --ca as well as the system's, nil without the flag.
func (a *app) httpClient() (*http.Client, error) {
	if a.flags.caFile == "" {
		return nil, nil //nolint:nilnil // nil is the library's own client
	}
	pem, err := os.ReadFile(a.flags.caFile)
	if err != nil {
		return nil, fmt.Errorf("--ca: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("--ca %s: the file has no certificate in PEM", a.flags.caFile)
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		HTTP2:           &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 5 * time.Second},
		IdleConnTimeout: 90 * time.Second,
	}
	return &http.Client{Transport: transport, Timeout: time.Minute}, nil
}

// credential returns what --auth says.
func (a *app) credential(p *progress, httpClient *http.Client) (intune.Credential, error) {
	tenant, client := os.Getenv("AZURE_TENANT_ID"), os.Getenv("AZURE_CLIENT_ID")
	switch a.flags.auth.value {
	case "env":
		if a.flags.emulator != "" && client == "" {
			return intune.ClientSecretCredential(intunetest.TenantID, intunetest.ClientID, intunetest.ClientSecret), nil
		}
		return intune.EnvironmentCredentialWith(clientcert.Load)
	case "github":
		if err := a.require("AZURE_TENANT_ID", "AZURE_CLIENT_ID"); err != nil {
			return nil, err
		}
		return intune.ClientAssertionCredential(tenant, client, intune.GitHubActionsAssertion("")), nil
	case "azure-pipelines":
		return a.azurePipelines(tenant, client)
	case "device":
		return a.person(func(tenant, client string, store intune.UserOption) intune.Credential {
			return intune.DeviceCodeCredential(tenant, client, promptForDevice(p), store)
		}, p)
	case "browser":
		return a.person(func(tenant, client string, store intune.UserOption) intune.Credential {
			return intune.AuthorizationCodeCredential(tenant, client, openBrowser(p), store)
		}, p)
	}
	cred, err := a.azureIdentity(client, httpClient)
	if err != nil {
		return nil, err
	}
	return azcred.New(cred), nil
}

// require reports which environment variables of a sign-in are missing.
func (a *app) require(variables ...string) error {
	var missing []string
	for _, name := range variables {
		if os.Getenv(name) == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("--auth %s: %w: the environment variables %s are not set",
		a.flags.auth, intune.ErrCredentialUnavailable, strings.Join(missing, " and "))
}

// azurePipelines takes the service connection of the task AzureCLI@2, which sets these variables.
func (a *app) azurePipelines(tenant, client string) (intune.Credential, error) {
	if tenant == "" {
		tenant = os.Getenv("AZURESUBSCRIPTION_TENANT_ID")
	}
	if client == "" {
		client = os.Getenv("AZURESUBSCRIPTION_CLIENT_ID")
	}
	if tenant == "" || client == "" {
		return nil, a.require("AZURESUBSCRIPTION_TENANT_ID", "AZURESUBSCRIPTION_CLIENT_ID")
	}
	if err := a.require("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", "SYSTEM_ACCESSTOKEN"); err != nil {
		return nil, err
	}
	connection, token := os.Getenv("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID"), os.Getenv("SYSTEM_ACCESSTOKEN")
	return intune.ClientAssertionCredential(tenant, client, intune.AzurePipelinesAssertion(connection, token)), nil
}

// person signs a person in, with the refresh token of an earlier run if the keyring has one.
func (a *app) person(newCredential func(tenant, client string, store intune.UserOption) intune.Credential, p *progress) (intune.Credential, error) {
	if err := a.require("AZURE_CLIENT_ID"); err != nil {
		return nil, err
	}
	tenant := os.Getenv("AZURE_TENANT_ID")
	if tenant == "" {
		tenant = "organizations"
	}
	return newCredential(tenant, os.Getenv("AZURE_CLIENT_ID"), intune.WithTokenStore(&keyringStore{remark: p.remark})), nil
}

func promptForDevice(p *progress) func(context.Context, *oauth2.DeviceAuthResponse) error {
	return func(_ context.Context, device *oauth2.DeviceAuthResponse) error {
		p.remark("To sign in, open %s in a browser and enter the code %s", plain(device.VerificationURI), plain(device.UserCode))
		return nil
	}
}

func openBrowser(p *progress) func(context.Context, string) error {
	return func(ctx context.Context, address string) error {
		p.remark("Sign in with the browser. If none opens, open this address on this machine:\n%s", plain(address))
		if err := startBrowser(ctx, address); err != nil {
			p.remark("No browser could be started: %v", err)
		}
		return nil
	}
}

// azureIdentity returns a credential of Microsoft's Azure SDK.
func (a *app) azureIdentity(clientID string, httpClient *http.Client) (azcore.TokenCredential, error) {
	options := azcore.ClientOptions{Cloud: a.azureCloud()}
	if httpClient != nil {
		options.Transport = httpClient
	}
	isEmulated := a.flags.emulator != ""
	switch a.flags.auth.value {
	case "cli":
		return azidentity.NewAzureCLICredential(nil)
	case "managed-identity":
		identity := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: options}
		if clientID != "" {
			identity.ID = azidentity.ClientID(clientID)
		}
		return azidentity.NewManagedIdentityCredential(identity)
	case "default":
		return azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{
			ClientOptions: options, DisableInstanceDiscovery: isEmulated,
		})
	}
	return nil, errors.New("unknown sign-in")
}

func (a *app) graphCloud() intune.Cloud {
	return map[string]intune.Cloud{
		"public": intune.CloudPublic, "usgov-l4": intune.CloudUSGovernmentL4,
		"usgov-l5": intune.CloudUSGovernmentL5, "china": intune.CloudChina,
	}[a.flags.cloud.value]
}

func (a *app) azureCloud() cloud.Configuration {
	if a.flags.emulator != "" {
		return cloud.Configuration{ActiveDirectoryAuthorityHost: strings.TrimSuffix(a.flags.emulator, "/")}
	}
	switch a.flags.cloud.value {
	case "usgov-l4", "usgov-l5":
		return cloud.AzureGovernment
	case "china":
		return cloud.AzureChina
	}
	return cloud.AzurePublic
}

// advise says what to do about an error of a sign-in with the Azure CLI.
func (a *app) advise(err error) error {
	if err == nil || a.flags.auth.value != "cli" {
		return err
	}
	switch {
	case errors.Is(err, intune.ErrForbidden): // nobody can add a permission there
		return &advisedError{
			err: fmt.Errorf("the token of the Azure CLI lacks the permission: %w", err),
			next: "The Azure CLI asks for a fixed set of permissions, without DeviceManagementApps.ReadWrite.All. Sign in with an " +
				`application of your own: --auth device or browser with AZURE_CLIENT_ID, or --auth env. If "az login" signed in a ` +
				"service principal, grant the permission to it.",
		}
	case strings.Contains(err.Error(), "AzureCLICredential"): // azidentity has no type for it
		return &advisedError{err: err, next: `Install the Azure CLI and run "az login".`}
	}
	return err
}
