package intunetest_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// Start an emulator outside tests. NewServer is for tests.
func ExampleStart() {
	server, err := intunetest.Start(intunetest.WithPageSize(10))
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	cert := intune.FromX509(intunetest.NewCertificate("Contoso"))
	if _, err := server.Client().EnterpriseCodeSigningCertificates().Create(context.Background(), cert); err != nil {
		log.Fatal(err)
	}
	for _, cert := range server.Certificates() {
		fmt.Println(cert.Subject)
	}
	// Output: CN=Contoso, O=Contoso Ltd, L=Redmond, S=Washington, C=US
}

// Test how a program handles a rejected request.
func ExampleNewServer() {
	var t *testing.T // that of the test function

	server := intunetest.NewServer(t, intunetest.WithPermissions("DeviceManagementApps.Read.All"))
	cert := intune.FromX509(intunetest.NewCertificate("Contoso"))
	_, err := server.Client().EnterpriseCodeSigningCertificates().Create(t.Context(), cert)
	if !errors.Is(err, intune.ErrForbidden) {
		t.Errorf("got %v", err)
	}
}

// Test waits in virtual time, in a bubble of synctest. The emulator then needs connections in memory.
func ExampleListenMemory() {
	var t *testing.T // that of the test function

	synctest.Test(t, func(t *testing.T) {
		server := intunetest.NewServer(t,
			intunetest.WithListener(intunetest.ListenMemory()), intunetest.WithProvisioningDelay(10*time.Minute))
		cert := intune.FromX509(intunetest.NewCertificate("Contoso"))
		options := &intune.RotateOptions{WaitProvisioned: time.Hour}
		rotation, err := server.Client().EnterpriseCodeSigningCertificates().Rotate(t.Context(), cert, options)
		if err != nil || rotation.Certificate.Status != intune.CertificateStatusProvisioned {
			t.Error(rotation, err)
		}
	})
}

// Lose the response to a create after the certificate was stored.
func ExampleServer_Inject() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	server.Inject(intunetest.Fault{Method: http.MethodPost, Status: http.StatusGatewayTimeout, Gateway: true, Committed: true})

	cert := intune.FromX509(intunetest.NewCertificate("Contoso"))
	_, err = server.Client().EnterpriseCodeSigningCertificates().Create(context.Background(), cert)
	fmt.Println(err, len(server.Certificates()))
	// Output: <nil> 1
}

// List the requests that a program has sent.
func ExampleServer_Requests() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	if _, err := server.Client().EnterpriseCodeSigningCertificates().List(context.Background(), nil); err != nil {
		log.Fatal(err)
	}
	for _, req := range server.Requests() {
		fmt.Println(req.Method, req.URL, req.Status)
	}
	// Output:
	// POST /0c2c9c5e-5f3b-4a68-9d1a-6d5a0c4e7b10/oauth2/v2.0/token 200
	// GET /beta/deviceAppManagement/enterpriseCodeSigningCertificates 200
}

// Set the status of a certificate. Without it, an upload becomes provisioned after WithProvisioningDelay.
func ExampleServer_SetStatus() {
	server, err := intunetest.Start(intunetest.WithProvisioningDelay(time.Hour))
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	service, ctx := server.Client().EnterpriseCodeSigningCertificates(), context.Background()
	created, err := service.Create(ctx, intune.FromX509(intunetest.NewCertificate("Contoso")))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(created.Status)

	if err := server.SetStatus(created.ID, intune.CertificateStatusProvisioned); err != nil {
		log.Fatal(err)
	}
	cert, err := service.Get(ctx, created.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(cert.Status)
	// Output:
	// notProvisioned
	// provisioned
}

// Make a certificate that expires soon.
func ExampleNewCertificate() {
	cert := intunetest.NewCertificate("Contoso", func(c *x509.Certificate) { c.NotAfter = time.Now().AddDate(0, 0, 20) })
	fmt.Println(cert.Subject.CommonName, time.Until(cert.NotAfter) < 21*24*time.Hour)
	// Output: Contoso true
}
