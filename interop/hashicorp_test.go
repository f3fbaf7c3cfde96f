package interop_test

// HashiCorp's SDK for Azure, which the Terraform providers use, drives the emulator.

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/hashicorp/go-azure-sdk/sdk/auth"
	"github.com/hashicorp/go-azure-sdk/sdk/client"
	"github.com/hashicorp/go-azure-sdk/sdk/client/msgraph"
	"github.com/hashicorp/go-azure-sdk/sdk/environments"

	"github.com/seed-230b9595/intune-go/intunetest"
)

func TestHashiCorpClient(t *testing.T) {
	server := intunetest.NewServer(t, intunetest.WithPageSize(2), intunetest.WithFederatedCredential(issuer, subject, nil))
	cloud := environments.AzurePublic()
	cloud.Authorization.LoginEndpoint = server.URL()
	for name, credentials := range map[string]auth.Credentials{
		"secret":    {EnableAuthenticatingUsingClientSecret: true, ClientSecret: intunetest.ClientSecret},
		"assertion": {EnableAuthenticationUsingOIDC: true, OIDCAssertionToken: server.FederatedAssertion(nil)},
	} {
		t.Run(name, func(t *testing.T) {
			server.Reset()
			credentials.Environment, credentials.TenantID, credentials.ClientID = *cloud, intunetest.TenantID, intunetest.ClientID
			authorizer, err := auth.NewAuthorizerFromCredentials(t.Context(), credentials, cloud.MicrosoftGraph)
			if err != nil {
				t.Fatal(err)
			}
			graph, err := msgraph.NewClient(environments.MicrosoftGraphAPI(server.URL()), "CodeSigning", msgraph.VersionBeta)
			if err != nil {
				t.Fatal(err)
			}
			graph.SetAuthorizer(authorizer)
			testHashiCorpClient(t, graph)
		})
	}
}

func testHashiCorpClient(t *testing.T, graph *msgraph.Client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour) // the client wants a deadline
	defer cancel()
	const path = "/deviceAppManagement/enterpriseCodeSigningCertificates"
	for range 3 {
		request, err := graph.NewRequest(ctx, client.RequestOptions{
			ContentType: "application/json", HttpMethod: http.MethodPost, Path: path, ExpectedStatusCodes: []int{http.StatusCreated},
		})
		if err == nil {
			err = request.Marshal(map[string]any{"content": intunetest.NewCertificate("Contoso").Raw})
		}
		if err != nil {
			t.Fatal(err)
		}
		response, err := request.Execute(ctx)
		if err != nil {
			t.Fatal(err)
		}
		var created struct{ ID, Subject string }
		if err := response.Unmarshal(&created); err != nil || created.ID == "" || created.Subject == "" {
			t.Errorf("got %+v, %v", created, err)
		}
	}
	request, err := graph.NewRequest(ctx, client.RequestOptions{
		ContentType: "application/json", HttpMethod: http.MethodGet, Path: path, ExpectedStatusCodes: []int{http.StatusOK},
	})
	if err != nil {
		t.Fatal(err)
	}
	response, err := request.ExecutePaged(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var listed struct{ Value []any }
	if err := response.Unmarshal(&listed); err != nil || len(listed.Value) != 3 {
		t.Errorf("got %+v, %v", listed, err)
	}
}
