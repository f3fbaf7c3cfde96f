package azcred_test

import (
	"context"
	"fmt"
	"log"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/azcred"
	"github.com/seed-230b9595/intune-go/intunetest"
)

func ExampleNew() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	// In earnest: identity, err := azidentity.NewDefaultAzureCredential(nil)
	var identity azcore.TokenCredential = &fake{get: func(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
		return tokenOf(ctx, server, opts)
	}}
	client, err := intune.NewClient(azcred.New(identity), intune.WithBaseURL(server.URL()))
	if err != nil {
		log.Fatal(err)
	}
	n, err := client.EnterpriseCodeSigningCertificates().Count(context.Background(), intune.Filter{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(n, "certificates")
	// Output: 0 certificates
}
