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

	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/clientcert"
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
	// Output: CN=Contoso, O=Contoso Ltd, L=Redmond, S=Washington, C=US until 2099-12-31
}

// The answer to the create is lost after the certificate has been stored, and Create finds it.
func ExampleWithResponse() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	server.Inject(intunetest.Fault{Method: http.MethodPost, Drop: intunetest.DropAfterCommit})

	var meta intune.Response
	cert := &intune.EnterpriseCodeSigningCertificate{Subject: "CN=Contoso"}
	_, err = server.Client().EnterpriseCodeSigningCertificates().Create(context.Background(), cert, intune.WithResponse(&meta))
	fmt.Println(err, meta.Reconciled, meta.MatchedBy, len(server.Certificates()))
	// Output: <nil> true uploadDateTime 1
}

// Sign in with a client secret, to a national cloud.
func ExampleNewClient() {
	cred := intune.ClientSecret("contoso.onmicrosoft.us", "00000000-1111-2222-3333-444444444444", "the secret's value")
	client, err := intune.NewClient(cred, intune.WithCloud(intune.CloudUSGovernmentL4), intune.WithUserAgent("contoso-rollover/1.2"))
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

// Go through the certificates that expire within 60 days.
func ExampleEnterpriseCodeSigningCertificatesService_Expiring() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	service, ctx := server.Client().EnterpriseCodeSigningCertificates(), context.Background()
	for _, days := range []int{400, 30} {
		expires := time.Now().AddDate(0, 0, days)
		cert := &intune.EnterpriseCodeSigningCertificate{Subject: fmt.Sprintf("CN=in %d days", days), ExpirationDateTime: expires}
		if _, err := service.Create(ctx, cert); err != nil {
			log.Fatal(err)
		}
	}

	for cert, err := range service.Expiring(ctx, 60*24*time.Hour) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(cert.Subject)
	}
	// Output: CN=in 30 days
}

// Filter, sort and select.
func ExampleEnterpriseCodeSigningCertificatesService_All() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	options := &intune.ListOptions{
		Filter: intune.And(
			intune.PropertyStatus.Eq(intune.CertificateStatusProvisioned),
			intune.PropertySubject.StartsWith("CN=Contoso"),
		),
		OrderBy: []intune.Order{intune.PropertyExpirationDateTime.Descending()},
		Select:  []intune.Property{intune.PropertyID, intune.PropertySubject},
	}
	for cert, err := range server.Client().EnterpriseCodeSigningCertificates().All(context.Background(), options) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(cert.ID, cert.Subject)
	}
	fmt.Println(options.Filter)
	// Output: status eq 'provisioned' and startswith(subject,'CN=Contoso')
}

// store is a key-value store that several processes share: its Take counts a request against the window that is open,
// and says how long to wait where the window is full. With Redis it is an INCR and a PEXPIRE in one script.
type store interface {
	Take(ctx context.Context, key string, requests int, window time.Duration) (wait time.Duration, err error)
}

// sharedQuota lets all processes of an application keep one quota for writes.
type sharedQuota struct{ store store }

func (q sharedQuota) Wait(ctx context.Context, method string) error {
	if method == http.MethodGet {
		return nil
	}
	for {
		wait, err := q.store.Take(ctx, "intune:writes", 50, 20*time.Second) // half of 100: any 20 s touch two windows
		if err != nil || wait == 0 {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Share the quota of an application among several processes.
func ExampleWithLimiter() {
	var redis store // that talks to the real thing
	client, err := intune.NewClient(intune.ClientSecret("contoso.com", "00000000-1111-2222-3333-444444444444", "the secret's value"),
		intune.WithLimiter(sharedQuota{redis}))
	fmt.Println(client != nil, err)
	// Output: true <nil>
}

// Sign in with a certificate that is registered with the application.
func ExampleClientCertificate() {
	chain, key, err := clientcert.Load("app.pfx", os.Getenv("CERTIFICATE_PASSWORD"))
	if err != nil {
		log.Fatal(err)
	}
	client, err := intune.NewClient(intune.ClientCertificate("contoso.com", "11111111-2222-3333-4444-555555555555", chain, key))
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()
}

// Sign in from GitHub Actions, and from the environment elsewhere.
func ExampleChainedCredential() {
	github := intune.ClientAssertion("contoso.com", "11111111-2222-3333-4444-555555555555", intune.GitHubActionsAssertion(""))
	cred := github
	if environment, err := intune.EnvironmentCredential(); err == nil {
		cred = intune.ChainedCredential(github, environment)
	}
	client, err := intune.NewClient(cred)
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()
}

// Sign a person in who has a browser on another device.
func ExampleDeviceCode() {
	cred := intune.DeviceCode("contoso.com", "11111111-2222-3333-4444-555555555555", func(_ context.Context, device *oauth2.DeviceAuthResponse) error {
		_, err := fmt.Printf("Go to %s and enter %s\n", device.VerificationURI, device.UserCode)
		return err
	})
	client, err := intune.NewClient(cred)
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()
}
