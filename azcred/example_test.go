package azcred_test

import (
	"context"
	"fmt"
	"log"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"golang.org/x/oauth2/clientcredentials"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/azcred"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// emulated stands for a credential of azidentity, such as the one that NewManagedIdentityCredential returns.
type emulated struct{ address string }

func (e emulated) GetToken(ctx context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	config := clientcredentials.Config{
		ClientID: intunetest.ClientID, ClientSecret: intunetest.ClientSecret,
		TokenURL: e.address + "/" + intunetest.TenantID + "/oauth2/v2.0/token", Scopes: options.Scopes,
	}
	token, err := config.Token(ctx)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	return azcore.AccessToken{Token: token.AccessToken, ExpiresOn: token.Expiry}, nil
}

// Sign in with a managed identity, the login of the Azure CLI, or another credential of azidentity.
func ExampleNew() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	identity := emulated{server.URL()} // in a program: identity, err := azidentity.NewDefaultAzureCredential(nil)
	client, err := intune.NewClient(azcred.New(identity), intune.WithBaseURL(server.URL()))
	if err != nil {
		log.Fatal(err)
	}
	n, err := client.EnterpriseCodeSigningCertificates().Count(context.Background(), intune.Filter{})
	fmt.Println(n, err)
	// Output: 0 <nil>
}
