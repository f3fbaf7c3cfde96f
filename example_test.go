package intune_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// Upload a certificate file. In a program, NewClient takes the place of the emulator.
func ExampleEnterpriseCodeSigningCertificatesService_Create() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	client := server.Client()

	der, err := os.ReadFile("testdata/contoso.cer")
	if err != nil {
		log.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	created, err := client.EnterpriseCodeSigningCertificates().Create(ctx, intune.FromX509(cert))
	var unknown *intune.OutcomeUnknownError
	switch {
	case errors.As(err, &unknown):
		fmt.Println("look for this upload before creating it again:", unknown.UploadDateTime)
	case errors.Is(err, intune.ErrForbidden):
		fmt.Println("a permission is missing:", err)
	case err != nil:
		fmt.Println(err)
	default:
		fmt.Println(created.Subject, "until", created.ExpirationDateTime.Format(time.DateOnly))
	}
	// Output: CN=Contoso, O=Contoso Ltd, L=Redmond, S=Washington, C=US until 2028-02-04
}

// The answer to the create is lost after the certificate has been stored, and Create finds it.
func ExampleWithResponse() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	server.Inject(intunetest.Fault{Method: http.MethodPost, Drop: intunetest.AfterCommit})

	var meta intune.Response
	cert := &intune.EnterpriseCodeSigningCertificate{Subject: "CN=Contoso"}
	_, err = server.Client().EnterpriseCodeSigningCertificates().Create(context.Background(), cert, intune.WithResponse(&meta))
	fmt.Println(err, meta.Reconciled, meta.MatchedBy, len(server.Certificates()))
	// Output: <nil> true uploadDateTime 1
}

// Sign in with a client secret, to a national cloud.
func ExampleNewClient() {
	cred := intune.ClientSecret("contoso.onmicrosoft.us", "00000000-1111-2222-3333-444444444444", "the secret's value")
	client, err := intune.NewClient(cred, intune.WithCloud(intune.USGovernmentL4), intune.WithUserAgent("contoso-rollover/1.2"))
	fmt.Println(client != nil, err)
	// Output: true <nil>
}

// Call something of Microsoft Graph that has no method of its own.
func ExampleClient_Do() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	var page struct {
		Value []intune.EnterpriseCodeSigningCertificate `json:"value"`
	}
	err = server.Client().Do(context.Background(), http.MethodGet, "/deviceAppManagement/enterpriseCodeSigningCertificates", nil, &page)
	fmt.Println(len(page.Value), err)
	// Output: 0 <nil>
}
