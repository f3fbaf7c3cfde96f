package intune_test

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/jarcoal/httpmock"
	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/codesign"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// Upload a certificate file. A program calls NewClient instead of starting an emulator.
func ExampleEnterpriseCodeSigningCertificatesService_Create() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	client := server.Client()

	cert, err := codesign.Load("testdata/contoso.cer")
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	created, err := client.EnterpriseCodeSigningCertificates().Create(ctx, cert.Resource())
	var unknown *intune.OutcomeUnknownError
	switch {
	case errors.As(err, &unknown): // first, because it unwraps to its cause
		fmt.Println("it may be in the tenant: run Rotate in a few minutes:", err)
	case err != nil:
		fmt.Println("not created:", err)
	default:
		fmt.Println(created.Subject, "until", created.ExpirationDateTime.Format(time.DateOnly))
	}
	// Output: CN=Contoso, O=Contoso Ltd, L=Redmond, S=Washington, C=US until 2099-12-31
}

// The yearly job: load the CA's file, check it, rotate, wait for the new certificate to be provisioned, and delete the old
// one. It can be run again after a crash at any point.
func ExampleEnterpriseCodeSigningCertificatesService_Rotate() {
	// In a program, this is intune.NewClient, and the files come from the certificate authority.
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	service, ctx := server.Client().EnterpriseCodeSigningCertificates(), context.Background()
	old := intunetest.NewCertificate("Contoso", func(c *x509.Certificate) { c.NotAfter = time.Now().AddDate(0, 0, 20) })
	if _, err := service.Create(ctx, intune.FromX509(old)); err != nil {
		log.Fatal(err)
	}
	fromCA := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: intunetest.NewCertificate("Contoso").Raw})

	cert, err := codesign.Parse(fromCA) // or Load, of a .cer, .p7b, .pfx or signed file
	if err != nil {
		log.Fatal(err)
	}
	for _, finding := range cert.Check(time.Now()) {
		fmt.Println(finding)
	}
	rotation, err := service.Rotate(ctx, cert.Resource(), &intune.RotateOptions{
		WaitProvisioned: 30 * time.Minute,
		DeleteOld:       true,
		// Overlap: 30 * 24 * time.Hour would keep the old one until all apps have been signed again.
	})
	switch {
	case errors.Is(err, intune.ErrNotProvisioned):
		fmt.Println("the old certificate stays for now: run this again later")
	case errors.Is(err, intune.ErrNotLatest):
		fmt.Println("another certificate was uploaded later:", err)
	case err != nil:
		log.Fatal(err)
	default:
		fmt.Println("uploaded:", rotation.Created, "deleted:", len(rotation.Deleted))
	}
	// Output: uploaded: true deleted: 1
}

// Find the records of a certificate.
func ExampleEnterpriseCodeSigningCertificatesService_Find() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	service, ctx := server.Client().EnterpriseCodeSigningCertificates(), context.Background()
	cert := intune.FromX509(intunetest.NewCertificate("Contoso"))
	if _, err := service.Create(ctx, cert); err != nil {
		log.Fatal(err)
	}

	matches, err := service.Find(ctx, cert)
	if err != nil {
		log.Fatal(err)
	}
	for _, match := range matches {
		fmt.Println(match.Certificate.Subject, "recognized by", match.By)
	}
	// Output: CN=Contoso, O=Contoso Ltd, L=Redmond, S=Washington, C=US recognized by names
}

// Get the certificate that Intune deploys.
func ExampleEnterpriseCodeSigningCertificatesService_Latest() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	service, ctx := server.Client().EnterpriseCodeSigningCertificates(), context.Background()

	_, err = service.Latest(ctx)
	fmt.Println("empty tenant:", errors.Is(err, intune.ErrNotFound))
	for _, name := range []string{"Contoso", "Fabrikam"} {
		if _, err := service.Create(ctx, intune.FromX509(intunetest.NewCertificate(name))); err != nil {
			log.Fatal(err)
		}
	}
	latest, err := service.Latest(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(latest.Subject)
	// Output:
	// empty tenant: true
	// CN=Fabrikam, O=Contoso Ltd, L=Redmond, S=Washington, C=US
}

// Read a certificate by its id, and only some of its properties.
func ExampleEnterpriseCodeSigningCertificatesService_Get() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	service, ctx := server.Client().EnterpriseCodeSigningCertificates(), context.Background()
	created, err := service.Create(ctx, intune.FromX509(intunetest.NewCertificate("Contoso")))
	if err != nil {
		log.Fatal(err)
	}

	cert, err := service.Get(ctx, created.ID, intune.WithSelect(intune.PropertySubject, intune.PropertyStatus))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(cert.Subject, cert.Status)

	_, err = service.Get(ctx, "00000000-0000-0000-0000-000000000000")
	fmt.Println("not found:", errors.Is(err, intune.ErrNotFound))
	// Output:
	// CN=Contoso, O=Contoso Ltd, L=Redmond, S=Washington, C=US provisioned
	// not found: true
}

// Read one page, and the number of all certificates that match.
func ExampleEnterpriseCodeSigningCertificatesService_List() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	service, ctx := server.Client().EnterpriseCodeSigningCertificates(), context.Background()
	for range 3 {
		if _, err := service.Create(ctx, intune.FromX509(intunetest.NewCertificate(""))); err != nil {
			log.Fatal(err)
		}
	}

	page, err := service.List(ctx, &intune.ListOptions{Top: 2, Count: true})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(page.Value), "of", *page.Count)
	page, err = service.List(ctx, &intune.ListOptions{NextLink: page.NextLink})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(page.Value), "more")
	// Output:
	// 2 of 3
	// 1 more
}

// Filter, sort and select.
func ExampleEnterpriseCodeSigningCertificatesService_All() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	service, ctx := server.Client().EnterpriseCodeSigningCertificates(), context.Background()
	for _, name := range []string{"Contoso Test", "Fabrikam", "Contoso"} {
		if _, err := service.Create(ctx, intune.FromX509(intunetest.NewCertificate(name))); err != nil {
			log.Fatal(err)
		}
	}

	options := &intune.ListOptions{
		Filter: intune.And(
			intune.PropertyStatus.Eq(intune.CertificateStatusProvisioned),
			intune.PropertySubject.StartsWith("CN=Contoso"),
		),
		OrderBy: []intune.Order{intune.PropertySubject.Ascending()},
		Select:  []intune.Property{intune.PropertyID, intune.PropertySubject},
	}
	for cert, err := range service.All(ctx, options) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(cert.Subject)
	}
	// Output:
	// CN=Contoso Test, O=Contoso Ltd, L=Redmond, S=Washington, C=US
	// CN=Contoso, O=Contoso Ltd, L=Redmond, S=Washington, C=US
}

// Count the certificates that have expired.
func ExampleEnterpriseCodeSigningCertificatesService_Count() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	service, ctx := server.Client().EnterpriseCodeSigningCertificates(), context.Background()

	n, err := service.Count(ctx, intune.PropertyExpirationDateTime.Lt(time.Now()))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(n)
	// Output: 0
}

// Go through the certificates that expire within 60 days, soonest first.
func ExampleEnterpriseCodeSigningCertificatesService_Expiring() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	service, ctx := server.Client().EnterpriseCodeSigningCertificates(), context.Background()
	for _, days := range []int{400, 30} {
		cert := intunetest.NewCertificate(fmt.Sprintf("In %d days", days), func(c *x509.Certificate) { c.NotAfter = time.Now().AddDate(0, 0, days) })
		if _, err := service.Create(ctx, intune.FromX509(cert)); err != nil {
			log.Fatal(err)
		}
	}

	for cert, err := range service.Expiring(ctx, 60*24*time.Hour) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(cert.Subject)
	}
	// Output: CN=In 30 days, O=Contoso Ltd, L=Redmond, S=Washington, C=US
}

// Read, change, send back.
func ExampleEnterpriseCodeSigningCertificatesService_Update() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	service, ctx := server.Client().EnterpriseCodeSigningCertificates(), context.Background()
	cert, err := service.Create(ctx, intune.FromX509(intunetest.NewCertificate("Contoso")))
	if err != nil {
		log.Fatal(err)
	}

	update := &intune.EnterpriseCodeSigningCertificateUpdate{SubjectName: new("Contoso's certificate of 2026")}
	updated, err := service.Update(ctx, cert.ID, update)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(updated.SubjectName)
	// Output: Contoso's certificate of 2026
}

// Delete a certificate. Devices may then no longer trust the apps that only it has signed.
func ExampleEnterpriseCodeSigningCertificatesService_Delete() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	service, ctx := server.Client().EnterpriseCodeSigningCertificates(), context.Background()
	cert, err := service.Create(ctx, intune.FromX509(intunetest.NewCertificate("Contoso")))
	if err != nil {
		log.Fatal(err)
	}

	if err := service.Delete(ctx, cert.ID); err != nil && !errors.Is(err, intune.ErrNotFound) {
		log.Fatal(err)
	}
	fmt.Println(len(server.Certificates()))
	// Output: 0
}

// Call Microsoft Graph where this package has no method, with a header.
func ExampleClient_Do() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	var page struct {
		Value []intune.EnterpriseCodeSigningCertificate `json:"value"`
	}
	err = server.Client().Do(context.Background(), http.MethodGet, "/deviceAppManagement/enterpriseCodeSigningCertificates?$top=5", nil, &page,
		intune.WithHeader("Prefer", "include-unknown-enum-members"))
	fmt.Println(len(page.Value), err)
	// Output: 0 <nil>
}

// Compare a record of the tenant with a certificate.
func ExampleEnterpriseCodeSigningCertificate_SameCertificate() {
	cert := intune.FromX509(intunetest.NewCertificate("Contoso"))
	record := &intune.EnterpriseCodeSigningCertificate{ // without content, with names in another order
		ID:                 "b20d3703-3703-b20d-0337-0db203370db2",
		Subject:            "C=US, ST=Washington, L=Redmond, O=Contoso Ltd, CN=Contoso",
		Issuer:             cert.Issuer,
		ExpirationDateTime: cert.ExpirationDateTime,
	}
	fmt.Println(cert.SameCertificate(record))
	// Output: true
}

// Find out how a call went. Here the response to the create is lost after the certificate was stored, and Create finds it.
func ExampleWithResponse() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	server.Inject(intunetest.Fault{Method: http.MethodPost, Drop: intunetest.DropAfterCommit})

	var response intune.Response
	cert := intune.FromX509(intunetest.NewCertificate("Contoso"))
	_, err = server.Client().EnterpriseCodeSigningCertificates().Create(context.Background(), cert, intune.WithResponse(&response))
	fmt.Println(err, response.Reconciled, response.MatchedBy, len(server.Certificates()))
	// Output: <nil> true uploadDateTime 1
}

// Test with one canned response. The client sends one request: TokenSourceCredential needs no request for a token, RetryPolicy
// turns off retries, and WithoutReconcile turns off the search after a lost response.
func ExampleWithoutReconcile() {
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder(http.MethodPost, "https://graph.microsoft.com/beta/deviceAppManagement/enterpriseCodeSigningCertificates",
		httpmock.NewStringResponder(http.StatusGatewayTimeout, "<h1>Gateway Timeout</h1>"))
	client, err := intune.NewClient(
		intune.TokenSourceCredential(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "any"})),
		intune.WithHTTPClient(&http.Client{Transport: mock}),
		intune.WithRetry(intune.RetryPolicy{MaxAttempts: 1}),
	)
	if err != nil {
		log.Fatal(err)
	}

	cert := intune.FromX509(intunetest.NewCertificate("Contoso"))
	_, err = client.EnterpriseCodeSigningCertificates().Create(context.Background(), cert, intune.WithoutReconcile())
	fmt.Println("unknown:", errors.As(err, new(*intune.OutcomeUnknownError)))
	fmt.Println("requests:", mock.GetTotalCallCount())
	// Output:
	// unknown: true
	// requests: 1
}

// Upload an expired certificate, whose apps were timestamped while it was valid.
func ExampleWithExpiredAllowed() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	service, ctx := server.Client().EnterpriseCodeSigningCertificates(), context.Background()
	expired := intune.FromX509(intunetest.NewCertificate("Contoso", func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().AddDate(-2, 0, 0), time.Now().AddDate(-1, 0, 0)
	}))

	_, err = service.Create(ctx, expired)
	fmt.Println("rejected:", errors.As(err, new(*intune.InputError)))
	_, err = service.Create(ctx, expired, intune.WithExpiredAllowed())
	fmt.Println(err)
	// Output:
	// rejected: true
	// <nil>
}

// Use an expression that the typed properties do not support.
func ExampleRawFilter() {
	filter := intune.Or(
		intune.PropertyExpirationDateTime.Lt(time.Date(2027, time.June, 1, 0, 0, 0, 0, time.UTC)),
		intune.RawFilter("contains(issuer,'Contoso')"),
	)
	fmt.Println(filter)
	// Output: expirationDateTime lt 2027-06-01T00:00:00Z or (contains(issuer,'Contoso'))
}

// Handle a create of unknown outcome: later, Rotate uploads the certificate only if it is not in the tenant.
func ExampleOutcomeUnknownError() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	server.Inject(intunetest.Fault{Method: http.MethodPost, Drop: intunetest.DropAfterCommit})
	service, ctx := server.Client().EnterpriseCodeSigningCertificates(), context.Background()

	cert := intune.FromX509(intunetest.NewCertificate("Contoso"))
	_, err = service.Create(ctx, cert, intune.WithoutReconcile())
	if unknown, ok := errors.AsType[*intune.OutcomeUnknownError](err); ok {
		fmt.Println("attempts:", unknown.Attempts)
		rotation, err := service.Rotate(ctx, cert, nil) // in a program, a few minutes later
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("uploaded again:", rotation.Created)
	}
	// Output:
	// attempts: 1
	// uploaded again: false
}
