package intune_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/clientcert"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// Sign in with a client secret, to a national cloud. Log waits and recoveries, and at debug level every attempt. Wait longer
// for a create to show up after its response was lost.
func ExampleNewClient() {
	cred := intune.ClientSecretCredential("contoso.onmicrosoft.us", "00000000-1111-2222-3333-444444444444", "the secret's value")
	client, err := intune.NewClient(cred,
		intune.WithCloud(intune.CloudUSGovernmentL4),
		intune.WithUserAgent("contoso-rotation/1.2"),
		intune.WithLogger(slog.Default()),
		intune.WithRetry(intune.RetryPolicy{MaxAttempts: 6, ReconcileWindow: 2 * time.Minute}),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()
	// Output:
}

// Leave half of the quota to another program that uses the same application.
func ExampleWithQuota() {
	client, err := intune.NewClient(
		intune.ClientSecretCredential("contoso.onmicrosoft.com", "00000000-1111-2222-3333-444444444444", os.Getenv("AZURE_CLIENT_SECRET")),
		intune.WithQuota(
			intune.Quota{Requests: 50, Window: 20 * time.Second, Methods: []string{"POST", "PUT", "PATCH", "DELETE"}},
			intune.Quota{Requests: 500, Window: 20 * time.Second},
		),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()
}

// Trust a private certificate authority, such as that of a proxy that inspects TLS.
func ExampleWithHTTPClient() {
	pool, err := x509.SystemCertPool()
	if err != nil {
		log.Fatal(err)
	}
	authority, err := os.ReadFile("proxy-ca.pem")
	if err != nil {
		log.Fatal(err)
	}
	pool.AppendCertsFromPEM(authority)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	client, err := intune.NewClient(
		intune.ClientSecretCredential("contoso.onmicrosoft.com", "00000000-1111-2222-3333-444444444444", os.Getenv("AZURE_CLIENT_SECRET")),
		intune.WithHTTPClient(&http.Client{Transport: transport, Timeout: 30 * time.Second}), // of one attempt
	)
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()
}

// printer prints each attempt. It never sees the token.
type printer struct{ next http.RoundTripper }

func (p printer) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := p.next.RoundTrip(req)
	if err == nil {
		fmt.Println(req.Method, req.URL.Path, resp.Status)
	}
	return resp, err
}

// Observe each attempt. The first one is rejected with a 429, so there are two.
func ExampleWithMiddleware() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	server.Inject(intunetest.Fault{Method: http.MethodPost, Status: http.StatusTooManyRequests, RetryAfter: "0"})

	client := server.Client(intune.WithMiddleware(func(next http.RoundTripper) http.RoundTripper { return printer{next} }))
	cert := intune.FromX509(intunetest.NewCertificate("Contoso"))
	if _, err := client.EnterpriseCodeSigningCertificates().Create(context.Background(), cert); err != nil {
		log.Fatal(err)
	}
	// Output:
	// POST /beta/deviceAppManagement/enterpriseCodeSigningCertificates 429 Too Many Requests
	// POST /beta/deviceAppManagement/enterpriseCodeSigningCertificates 201 Created
}

// slots is a limiter of one's own: no more than some writes at a time pass in each period. Module redisquota has one that
// several machines share.
type slots struct{ free chan struct{} }

// Wait returns when the request may be sent.
func (s slots) Wait(ctx context.Context, method string) error {
	if method == http.MethodGet {
		return nil
	}
	select {
	case <-s.free:
		time.AfterFunc(20*time.Second, func() { s.free <- struct{}{} })
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Replace the client's own quota.
func ExampleWithLimiter() {
	limiter := slots{make(chan struct{}, 50)}
	for range cap(limiter.free) {
		limiter.free <- struct{}{}
	}
	client, err := intune.NewClient(
		intune.ClientSecretCredential("contoso.onmicrosoft.com", "11111111-2222-3333-4444-555555555555", "the secret's value"),
		intune.WithLimiter(limiter))
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()
	fmt.Println(limiter.Wait(context.Background(), http.MethodPost))
	// Output: <nil>
}

// Sign an application in with a client secret. Use the secret's value, not its id.
func ExampleClientSecretCredential() {
	cred := intune.ClientSecretCredential("contoso.onmicrosoft.com", "11111111-2222-3333-4444-555555555555", os.Getenv("AZURE_CLIENT_SECRET"))
	client, err := intune.NewClient(cred)
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()
}

// Sign an application in with a certificate that is registered with it.
func ExampleClientCertificateCredential() {
	chain, key, err := clientcert.Load("app.pfx", os.Getenv("AZURE_CLIENT_CERTIFICATE_PASSWORD"))
	if err != nil {
		log.Fatal(err)
	}
	client, err := intune.NewClient(intune.ClientCertificateCredential("contoso.onmicrosoft.com", "11111111-2222-3333-4444-555555555555", chain, key))
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()
}

// Sign an application in with the token of another issuer that it trusts. Here, the emulator is also that issuer.
func ExampleClientAssertionCredential() {
	server, err := intunetest.Start(intunetest.WithFederatedCredential("https://issuer.example", "rotation", nil))
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	assertion := func(context.Context, intune.TokenRequest) (string, error) {
		// A program asks its issuer for a token for api://AzureADTokenExchange, with the HTTPClient of the TokenRequest.
		return server.FederatedAssertion(nil), nil
	}
	client, err := intune.NewClient(intune.ClientAssertionCredential(intunetest.TenantID, intunetest.ClientID, assertion),
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
	cred := intune.ClientAssertionCredential("contoso.onmicrosoft.com", "11111111-2222-3333-4444-555555555555", intune.GitHubActionsAssertion(""))
	client, err := intune.NewClient(cred)
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()
}

// Sign in from a job of Azure Pipelines, without a secret. Map $(System.AccessToken) to SYSTEM_ACCESSTOKEN in the task.
func ExampleAzurePipelinesAssertion() {
	assertion := intune.AzurePipelinesAssertion("99999999-8888-7777-6666-555555555555", os.Getenv("SYSTEM_ACCESSTOKEN"))
	client, err := intune.NewClient(intune.ClientAssertionCredential("contoso.onmicrosoft.com", "11111111-2222-3333-4444-555555555555", assertion))
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()
}

// Sign in from Kubernetes with workload identity, without a secret.
func ExampleFileAssertion() {
	assertion := intune.FileAssertion(os.Getenv("AZURE_FEDERATED_TOKEN_FILE"))
	client, err := intune.NewClient(intune.ClientAssertionCredential(os.Getenv("AZURE_TENANT_ID"), os.Getenv("AZURE_CLIENT_ID"), assertion))
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()
}

// Sign in a user who has a browser on another device. Here the emulator's user approves at once.
func ExampleDeviceCodeCredential() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	prompt := func(_ context.Context, device *oauth2.DeviceAuthResponse) error {
		fmt.Println("Go to the address and enter the code:", device.VerificationURI != "", device.UserCode != "")
		return server.ApproveDevice(device.UserCode)
	}
	client, err := intune.NewClient(intune.DeviceCodeCredential(intunetest.TenantID, intunetest.ClientID, prompt),
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

// Sign in a user who has a browser on this machine. Here an HTTP client is the browser.
func ExampleAuthorizationCodeCredential() {
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
	client, err := intune.NewClient(intune.AuthorizationCodeCredential(intunetest.TenantID, intunetest.ClientID, open),
		intune.WithBaseURL(server.URL()), intune.WithAuthorityURL(server.URL()))
	if err != nil {
		log.Fatal(err)
	}
	n, err := client.EnterpriseCodeSigningCertificates().Count(context.Background(), intune.Filter{})
	fmt.Println(n, err)
	// Output: 0 <nil>
}

// Use any source of tokens for Microsoft Graph.
func ExampleTokenSourceCredential() {
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
	client, err := intune.NewClient(intune.TokenSourceCredential(config.TokenSource(context.Background())), intune.WithBaseURL(server.URL()))
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
		intune.ClientAssertionCredential(tenantID, clientID, intune.GitHubActionsAssertion("")),
		intune.ClientSecretCredential(tenantID, clientID, os.Getenv("AZURE_CLIENT_SECRET")),
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

// Sign in with the settings in environment variables, which may name a PKCS #12 file.
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

// broker is a credential of one's own: a service inside the company that hands out tokens.
type broker struct{ address string }

// Token is called only when the client needs a new token. req says for what: the scope, and perhaps a claims challenge.
func (b broker) Token(ctx context.Context, req intune.TokenRequest) (*oauth2.Token, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return &oauth2.Token{AccessToken: "a token for " + req.Scope, Expiry: time.Now().Add(time.Hour)}, nil
}

// Write your own credential.
func ExampleCredential() {
	client, err := intune.NewClient(broker{"https://tokens.contoso.com"})
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()

	token, err := broker{}.Token(context.Background(), intune.TokenRequest{Scope: "https://graph.microsoft.com/.default"})
	fmt.Println(token.AccessToken, err)
	// Output: a token for https://graph.microsoft.com/.default <nil>
}

// tokenStore keeps refresh tokens. A refresh token is a secret, so a program uses the key ring of the operating system.
type tokenStore struct{ tokens sync.Map }

func (s *tokenStore) LoadToken(_ context.Context, key string) (string, error) {
	token, found := s.tokens.Load(key)
	if !found {
		return "", nil
	}
	return token.(string), nil
}

func (s *tokenStore) SaveToken(_ context.Context, key, refreshToken string) {
	s.tokens.Store(key, refreshToken)
}

// Sign a user in once, for all runs of a program.
func ExampleWithTokenStore() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	store := new(tokenStore)
	open := func(_ context.Context, address string) error {
		fmt.Println("prompted")
		go func() {
			resp, err := http.Get(address)
			if err != nil {
				log.Fatal(err)
			}
			_ = resp.Body.Close()
		}()
		return nil
	}
	for run := range 2 {
		cred := intune.AuthorizationCodeCredential(intunetest.TenantID, intunetest.ClientID, open, intune.WithTokenStore(store))
		client, err := intune.NewClient(cred, intune.WithBaseURL(server.URL()), intune.WithAuthorityURL(server.URL()))
		if err != nil {
			log.Fatal(err)
		}
		n, err := client.EnterpriseCodeSigningCertificates().Count(context.Background(), intune.Filter{})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("run", run+1, "sees", n)
	}
	// Output:
	// prompted
	// run 1 sees 0
	// run 2 sees 0
}
