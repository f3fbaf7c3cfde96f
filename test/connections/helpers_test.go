package connections_test

import (
	"context"
	"testing"

	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
)

// created is a response to Create that keeps the contract.
const created = `{"id":"b20d3703-3703-b20d-0337-0db203370db2","subject":"CN=Contoso","status":"provisioned"}`

// signedIn is a credential whose token is at hand.
func signedIn() intune.Credential {
	return intune.TokenSourceCredential(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "token"}))
}

func newClient(t *testing.T, cred intune.Credential, opts ...intune.Option) *intune.Client {
	t.Helper()
	client, err := intune.NewClient(cred, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func create(ctx context.Context, client *intune.Client, opts ...intune.RequestOption) error {
	_, err := client.EnterpriseCodeSigningCertificates().Create(ctx, &intune.EnterpriseCodeSigningCertificate{Subject: "CN=Contoso"}, opts...)
	return err
}
