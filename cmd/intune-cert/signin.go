package main

// This file connects to the tenant, signed in as --auth says.

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/pkg/browser"
	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/azcred"
	"github.com/seed-230b9595/intune-go/clientcert"
	"github.com/seed-230b9595/intune-go/internal/wire"
)

// connect begins to show what a command does, and returns the service of the tenant.
func (a *app) connect(ctx context.Context, label string) (*intune.EnterpriseCodeSigningCertificatesService, error) {
	client, err := a.newClient(ctx, label)
	if err != nil {
		return nil, err
	}
	return client.EnterpriseCodeSigningCertificates(), nil
}

func (a *app) newClient(ctx context.Context, label string) (*intune.Client, error) {
	httpClient, err := a.httpClient()
	if err != nil {
		return nil, err
	}
	options := []intune.Option{
		intune.WithCloud(a.cloud().graph), intune.WithHTTPClient(httpClient), intune.WithUserAgent("intune-cert/" + build().Version),
		intune.WithLogger(slog.New(newLogHandler(a.Progress, a.Err, a.flags.verbose))),
	}
	var cred intune.Credential
	if a.flags.emulator == "" {
		if err := a.checkAuthorityHost(); err != nil {
			return nil, err
		}
		cred, err = a.credential(httpClient)
	} else {
		root, problem := wire.RootURL(a.flags.emulator)
		if _, missing := wire.RootURL("http://" + a.flags.emulator); problem != "" && missing == "" {
			return nil, usagef("%s lacks its scheme: write http:// in front: http://%s", a.nameOf("emulator"), a.flags.emulator)
		}
		if problem != "" {
			return nil, usagef("%s %s", a.nameOf("emulator"), problem)
		}
		options = append(options, intune.WithBaseURL(root), intune.WithAuthorityURL(root))
		cred, err = a.emulatorCredential(ctx, root, httpClient)
	}
	if err != nil {
		return nil, err
	}
	a.Progress.Start(label)
	return intune.NewClient(cred, options...)
}

// httpClient returns a client that trusts the authorities of --ca as well as the system's.
func (a *app) httpClient() (*http.Client, error) {
	transport := intune.NewTransport()
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if a.flags.caFile == "" {
		return client, nil
	}
	pem, err := os.ReadFile(a.flags.caFile)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a.nameOf("ca"), err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: %s has no certificate in PEM", a.nameOf("ca"), a.flags.caFile)
	}
	transport.TLSClientConfig.RootCAs = roots
	return client, nil
}

// checkAuthorityHost rejects the address of an emulator: a token from there is not for Microsoft Graph.
func (a *app) checkAuthorityHost() error {
	host := os.Getenv("AZURE_AUTHORITY_HOST")
	_, rest, _ := strings.Cut(host, "://")
	_, problem := wire.RootURL("http://" + rest) // http is for loopback alone
	if auth := a.flags.auth.value; problem != "" || auth != "env" && auth != "default" {
		return nil
	}
	return &advisedError{
		err:  errors.New("AZURE_AUTHORITY_HOST names an emulator, and INTUNE_CERT_EMULATOR is missing"),
		next: "Set INTUNE_CERT_EMULATOR to " + host + ", or remove AZURE_AUTHORITY_HOST to use Microsoft's cloud.",
	}
}

// credential returns what --auth says.
func (a *app) credential(httpClient *http.Client) (intune.Credential, error) {
	tenant, client := os.Getenv("AZURE_TENANT_ID"), os.Getenv("AZURE_CLIENT_ID")
	a.identity = identity{TenantID: tenant, ApplicationID: client}
	switch a.flags.auth.value {
	case "env":
		return intune.EnvironmentCredentialWith(clientcert.Load)
	case "github":
		if err := a.require("AZURE_TENANT_ID", "AZURE_CLIENT_ID"); err != nil {
			return nil, err
		}
		return intune.ClientAssertionCredential(tenant, client, intune.GitHubActionsAssertion("")), nil
	case "azure-pipelines":
		return a.azurePipelines(tenant, client)
	case "device", "browser":
		if err := a.require("AZURE_CLIENT_ID"); err != nil {
			return nil, err
		}
		return a.user(tenant, client, a.userOptions(tenant)...)
	}
	cred, err := a.azureIdentity(client, httpClient)
	if err != nil {
		return nil, err
	}
	return &observed{azcred.New(cred), &a.identity}, nil
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
	return fmt.Errorf("%s %s: %w: the environment variables %s are not set",
		a.nameOf("auth"), a.flags.auth, intune.ErrCredentialUnavailable, strings.Join(missing, " and "))
}

// azurePipelines takes the service connection of the task AzureCLI@2, which sets these variables.
func (a *app) azurePipelines(tenant, client string) (intune.Credential, error) {
	tenant = cmp.Or(tenant, os.Getenv("AZURESUBSCRIPTION_TENANT_ID"))
	client = cmp.Or(client, os.Getenv("AZURESUBSCRIPTION_CLIENT_ID"))
	required := []string{"AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", "SYSTEM_ACCESSTOKEN"}
	if tenant == "" || client == "" {
		required = []string{"AZURESUBSCRIPTION_TENANT_ID", "AZURESUBSCRIPTION_CLIENT_ID"}
	}
	if err := a.require(required...); err != nil {
		return nil, err
	}
	a.identity = identity{TenantID: tenant, ApplicationID: client}
	connection, token := os.Getenv("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID"), os.Getenv("SYSTEM_ACCESSTOKEN")
	return intune.ClientAssertionCredential(tenant, client, intune.AzurePipelinesAssertion(connection, token)), nil
}

// user signs a person in, by --auth device or browser.
func (a *app) user(tenant, client string, options ...intune.UserOption) (intune.Credential, error) {
	if tenant == "" {
		tenant = "organizations"
	}
	cred := intune.AuthorizationCodeCredential(tenant, client, a.openBrowser, options...)
	if a.flags.auth.value == "device" {
		cred = intune.DeviceCodeCredential(tenant, client, a.promptForDevice, options...)
	}
	if _, err := intune.NewClient(cred); err != nil { // which checks the ids; it cannot see them below
		return nil, err
	}
	return &observed{cred, &a.identity}, nil
}

var errPrompt = errors.New("a user must sign in")

func (a *app) promptForDevice(_ context.Context, device *oauth2.DeviceAuthResponse) error {
	if a.isCompleting {
		return errPrompt
	}
	a.remark("To sign in, open %s in a browser and enter the code %s", device.VerificationURI, device.UserCode)
	return nil
}

func (a *app) openBrowser(_ context.Context, address string) error {
	if a.isCompleting {
		return errPrompt
	}
	a.remark("Sign in with the browser. If none opens, open this address on this machine:\n%s", address)
	browser.Stdout, browser.Stderr = io.Discard, io.Discard
	go func() { // some browsers end only when their window is closed
		if err := browser.OpenURL(address); err != nil {
			a.remark("No browser could be started: %v", err)
		}
	}()
	return nil
}

// azureIdentity returns a credential of Microsoft's Azure SDK.
func (a *app) azureIdentity(clientID string, httpClient *http.Client) (azcore.TokenCredential, error) {
	options := azcore.ClientOptions{Cloud: a.cloud().azure, Transport: httpClient}
	switch a.flags.auth.value {
	case "cli":
		return azidentity.NewAzureCLICredential(nil)
	case "managed-identity":
		identity := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: options}
		if clientID != "" {
			identity.ID = azidentity.ClientID(clientID)
		}
		return azidentity.NewManagedIdentityCredential(identity)
	}
	return azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{ClientOptions: options})
}

type tenantCloud struct {
	graph intune.Cloud
	azure cloud.Configuration
}

func (a *app) cloud() tenantCloud {
	return map[string]tenantCloud{
		"public":   {intune.CloudPublic, cloud.AzurePublic},
		"usgov-l4": {intune.CloudUSGovernmentL4, cloud.AzureGovernment},
		"usgov-l5": {intune.CloudUSGovernmentL5, cloud.AzureGovernment},
		"china":    {intune.CloudChina, cloud.AzureChina},
	}[a.flags.cloud.value]
}
