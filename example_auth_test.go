package intune_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/clientcert"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// Sign an application in with a client secret. Use the secret's value, not its id.
func ExampleClientSecret() {
	cred := intune.ClientSecret("contoso.onmicrosoft.com", "11111111-2222-3333-4444-555555555555", os.Getenv("AZURE_CLIENT_SECRET"))
	client, err := intune.NewClient(cred)
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()
}

// Sign an application in with a certificate that is registered with it.
func ExampleClientCertificate() {
	chain, key, err := clientcert.Load("app.pfx", os.Getenv("APP_PFX_PASSWORD"))
	if err != nil {
		log.Fatal(err)
	}
	client, err := intune.NewClient(intune.ClientCertificate("contoso.onmicrosoft.com", "11111111-2222-3333-4444-555555555555", chain, key))
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()
}

// Sign an application in with the token of another issuer that it trusts. Here the emulator is that issuer as well.
func ExampleClientAssertion() {
	server, err := intunetest.Start(intunetest.WithFederatedCredential("https://issuer.example", "rotation", nil))
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	assertion := func(context.Context, intune.TokenRequest) (string, error) {
		// A program asks its issuer for a token for api://AzureADTokenExchange, with the HTTPClient of the TokenRequest.
		return server.FederatedAssertion(nil), nil
	}
	client, err := intune.NewClient(intune.ClientAssertion(intunetest.TenantID, intunetest.ClientID, assertion),
		intune.WithBaseURL(server.URL()), intune.WithAuthorityURL(server.URL()))
	if err != nil {
		log.Fatal(err)
	}
	n, err := client.EnterpriseCodeSigningCertificates().Count(context.Background(), intune.Filter{})
	fmt.Println(n, err)
	// Output: 0 <nil>
}

// Sign in from a job of GitHub Actions, without a secret. The job needs the permission id-token: write.
func ExampleGitHubActionsAssertion() {
	cred := intune.ClientAssertion("contoso.onmicrosoft.com", "11111111-2222-3333-4444-555555555555", intune.GitHubActionsAssertion(""))
	client, err := intune.NewClient(cred)
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()
}

// Sign in from a job of Azure Pipelines, without a secret. The task must be given $(System.AccessToken) as SYSTEM_ACCESSTOKEN.
func ExampleAzurePipelinesAssertion() {
	assertion := intune.AzurePipelinesAssertion("99999999-8888-7777-6666-555555555555", os.Getenv("SYSTEM_ACCESSTOKEN"))
	client, err := intune.NewClient(intune.ClientAssertion("contoso.onmicrosoft.com", "11111111-2222-3333-4444-555555555555", assertion))
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()
}

// Sign in from Kubernetes with workload identity, without a secret.
func ExampleFileAssertion() {
	assertion := intune.FileAssertion(os.Getenv("AZURE_FEDERATED_TOKEN_FILE"))
	client, err := intune.NewClient(intune.ClientAssertion(os.Getenv("AZURE_TENANT_ID"), os.Getenv("AZURE_CLIENT_ID"), assertion))
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()
}

// Sign a person in who has a browser on another device. Here the emulator's user approves at once.
func ExampleDeviceCode() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	prompt := func(_ context.Context, device *oauth2.DeviceAuthResponse) error {
		fmt.Println("Go to the address and enter the code:", device.VerificationURI != "", device.UserCode != "")
		return server.ApproveDevice(device.UserCode)
	}
	client, err := intune.NewClient(intune.DeviceCode(intunetest.TenantID, intunetest.ClientID, prompt),
		intune.WithBaseURL(server.URL()), intune.WithAuthorityURL(server.URL()))
	if err != nil {
		log.Fatal(err)
	}
	n, err := client.EnterpriseCodeSigningCertificates().Count(context.Background(), intune.Filter{})
	fmt.Println(n, err)
	// Output:
	// Go to the address and enter the code: true true
	// 0 <nil>
}

// Sign a person in who has a browser on this machine. Here an HTTP client is the browser.
func ExampleAuthorizationCode() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	open := func(_ context.Context, address string) error { // a program starts a browser, with xdg-open for example
		go func() {
			resp, err := http.Get(address)
			if err != nil {
				log.Fatal(err)
			}
			_ = resp.Body.Close()
		}()
		return nil
	}
	client, err := intune.NewClient(intune.AuthorizationCode(intunetest.TenantID, intunetest.ClientID, open),
		intune.WithBaseURL(server.URL()), intune.WithAuthorityURL(server.URL()))
	if err != nil {
		log.Fatal(err)
	}
	n, err := client.EnterpriseCodeSigningCertificates().Count(context.Background(), intune.Filter{})
	fmt.Println(n, err)
	// Output: 0 <nil>
}

// Use any source of tokens for Microsoft Graph.
func ExampleTokenSource() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	config := clientcredentials.Config{
		ClientID:     intunetest.ClientID,
		ClientSecret: intunetest.ClientSecret,
		TokenURL:     server.URL() + "/" + intunetest.TenantID + "/oauth2/v2.0/token",
		Scopes:       []string{"https://graph.microsoft.com/.default"},
	}
	client, err := intune.NewClient(intune.TokenSource(config.TokenSource(context.Background())), intune.WithBaseURL(server.URL()))
	if err != nil {
		log.Fatal(err)
	}
	n, err := client.EnterpriseCodeSigningCertificates().Count(context.Background(), intune.Filter{})
	fmt.Println(n, err)
	// Output: 0 <nil>
}

// Sign in from GitHub Actions, and with a secret elsewhere.
func ExampleChainedCredential() {
	const tenantID, clientID = "contoso.onmicrosoft.com", "11111111-2222-3333-4444-555555555555"
	cred := intune.ChainedCredential(
		intune.ClientAssertion(tenantID, clientID, intune.GitHubActionsAssertion("")),
		intune.ClientSecret(tenantID, clientID, os.Getenv("AZURE_CLIENT_SECRET")),
	)
	client, err := intune.NewClient(cred)
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()
}

// Sign in with AZURE_TENANT_ID, AZURE_CLIENT_ID, and a secret, a certificate in PEM or a token file.
func ExampleEnvironmentCredential() {
	cred, err := intune.EnvironmentCredential()
	if err != nil {
		log.Fatal(err) // names the variables that are missing
	}
	client, err := intune.NewClient(cred)
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()
}

// Sign in with what the environment holds, which may be a PKCS #12 file.
func ExampleEnvironmentCredentialWith() {
	cred, err := intune.EnvironmentCredentialWith(clientcert.Load)
	if err != nil {
		log.Fatal(err)
	}
	client, err := intune.NewClient(cred)
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()
}
