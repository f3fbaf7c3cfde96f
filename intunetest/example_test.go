package intunetest_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"log"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// Tests use NewServer, which takes the *testing.T and closes the server.
func ExampleStart() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	service := server.Client().EnterpriseCodeSigningCertificates()
	created, err := service.Create(context.Background(), intune.FromX509(intunetest.NewCertificate("Contoso")))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(created.Status, len(server.Certificates()))
	// Output: notProvisioned 1
}

func ExampleServer_Inject() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	// The certificate is stored, but the client never learns of it.
	server.Inject(intunetest.Fault{Method: "POST", Drop: intunetest.DropAfterCommit})
	service := server.Client().EnterpriseCodeSigningCertificates()
	var response intune.Response
	_, err = service.Create(context.Background(), intune.FromX509(intunetest.NewCertificate("Contoso")), intune.WithResponse(&response))
	fmt.Println(err, response.Reconciled, len(server.Certificates()))
	// Output: <nil> true 1
}

func ExampleNewCertificate() {
	expiring := intunetest.NewCertificate("Contoso", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(20 * 24 * time.Hour) })
	fmt.Println(expiring.Subject.CommonName, time.Until(expiring.NotAfter) < 21*24*time.Hour)
	// Output: Contoso true
}

// A program reads the settings of its emulator from a file.
func ExampleWithConfig() {
	config := intunetest.DefaultConfig()
	if err := json.Unmarshal([]byte(`{"pageSize": 5, "provisioningDelay": "2m"}`), &config); err != nil {
		log.Fatal(err)
	}
	server, err := intunetest.Start(intunetest.WithConfig(config))
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	fmt.Println(config.PageSize, config.ProvisioningDelay, config.TokenLifetime)
	// Output: 5 2m0s 1h0m0s
}
