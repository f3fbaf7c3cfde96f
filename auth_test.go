package intune_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

func TestUnusableCredentialsAreReportedByNewClient(t *testing.T) {
	key, cert := applicationCertificate(t)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	expired := *cert
	expired.NotAfter = time.Now().Add(-time.Second)
	chain := []*x509.Certificate{cert}
	text := func(context.Context, intune.TokenRequest) (string, error) { return "x", nil }
	open := func(context.Context, string) error { return nil }
	tests := map[string]struct {
		cred intune.Credential
		want string
	}{
		"no certificate":           {intune.ClientCertificateCredential(tenant, app, nil, key), "client certificate is missing"},
		"nil certificate":          {intune.ClientCertificateCredential(tenant, app, []*x509.Certificate{nil}, key), "client certificate is missing"},
		"no key":                   {intune.ClientCertificateCredential(tenant, app, chain, nil), "is nil"},
		"nil key":                  {intune.ClientCertificateCredential(tenant, app, chain, (*rsa.PrivateKey)(nil)), "is nil"},
		"another key":              {intune.ClientCertificateCredential(tenant, app, chain, other), "does not belong to the first certificate of the chain"},
		"ECDSA":                    {intune.ClientCertificateCredential(tenant, app, []*x509.Certificate{newCertificate(t)}, ec), "is ECDSA: Microsoft Entra ID accepts only client assertions signed with RSA"},
		"expired":                  {intune.ClientCertificateCredential(tenant, app, []*x509.Certificate{&expired}, key), "client certificate expired on"},
		"no tenant":                {intune.ClientCertificateCredential("", app, chain, key), "tenant id is empty"},
		"no assertion":             {intune.ClientAssertionCredential(tenant, app, nil), "client assertion is nil"},
		"assertion, no tenant":     {intune.ClientAssertionCredential("", app, text), "tenant id is empty"},
		"assertion, bad client id": {intune.ClientAssertionCredential(tenant, "a/b", text), "client id is malformed"},
		"no prompt":                {intune.DeviceCodeCredential(tenant, app, nil), "prompt is nil"},
		"no browser":               {intune.AuthorizationCodeCredential(tenant, app, nil), "open is nil"},
		"personal accounts":        {intune.AuthorizationCodeCredential("consumers", app, open), "personal Microsoft accounts are not supported"},
		"nil store":                {intune.AuthorizationCodeCredential(tenant, app, open, intune.WithTokenStore(nil)), "token store is nil"},
		"empty chain":              {intune.ChainedCredential(), "chained credential is empty"},
		"nil in a chain":           {intune.ChainedCredential(staticToken(), nil), "credential is nil"},
		"bad one in a chain":       {intune.ChainedCredential(staticToken(), intune.ClientSecretCredential(tenant, "", "s")), "client id is empty"},
	}
	for name, test := range tests {
		client, err := intune.NewClient(test.cred)
		if client != nil || !errors.As(err, new(*intune.InputError)) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v", name, err)
		}
		if strings.Contains(err.Error(), "successor") != (name == "expired") {
			t.Errorf("%s: %v is beside the point", name, err)
		}
	}
}

// method is one of the ways to sign in at the emulator.
type method struct {
	options []intunetest.ServerOption
	cred    func(*intunetest.Server) intune.Credential
	prompts *int // counts the prompts; nil if there are none
	isReal  bool // it waits on a real socket, so virtual time does not advance
}

const (
	federatedIssuer  = "https://token.actions.githubusercontent.com"
	federatedSubject = "repo:contoso/apps:environment:production"
)

// methods returns one of each kind. Call it inside the bubble, because they depend on its clock.
func methods(t *testing.T) map[string]method {
	t.Helper()
	key, cert := applicationCertificate(t)
	var devices, browsers int
	return map[string]method{
		"ClientSecretCredential": {cred: func(*intunetest.Server) intune.Credential {
			return intune.ClientSecretCredential(intunetest.TenantID, intunetest.ClientID, intunetest.ClientSecret)
		}},
		"ClientCertificateCredential": {
			options: []intunetest.ServerOption{intunetest.WithClientCertificate(cert)},
			cred: func(*intunetest.Server) intune.Credential {
				return intune.ClientCertificateCredential(intunetest.TenantID, intunetest.ClientID, []*x509.Certificate{cert}, key)
			},
		},
		"ClientAssertionCredential": {
			options: []intunetest.ServerOption{intunetest.WithFederatedCredential(federatedIssuer, federatedSubject, nil)},
			cred: func(server *intunetest.Server) intune.Credential {
				return intune.ClientAssertionCredential(intunetest.TenantID, intunetest.ClientID, func(context.Context, intune.TokenRequest) (string, error) {
					return server.FederatedAssertion(nil), nil
				})
			},
		},
		"DeviceCodeCredential": {
			prompts: &devices,
			cred: func(server *intunetest.Server) intune.Credential {
				return intune.DeviceCodeCredential(intunetest.TenantID, intunetest.ClientID, func(_ context.Context, device *oauth2.DeviceAuthResponse) error {
					devices++
					return server.ApproveDevice(device.UserCode)
				})
			},
		},
		"AuthorizationCodeCredential": {
			prompts: &browsers, isReal: true,
			cred: func(server *intunetest.Server) intune.Credential {
				return intune.AuthorizationCodeCredential(intunetest.TenantID, intunetest.ClientID, func(_ context.Context, address string) error {
					browsers++
					_, err := browse(server, address)
					return err
				})
			},
		},
	}
}

// browse does what a browser does with an address: the emulator sends it back to the program.
func browse(server *intunetest.Server, address string) (page string, err error) {
	entra := server.HTTPClient()
	entra.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := entra.Get(address) //nolint:noctx // as a browser
	if err != nil {
		return "", err
	}
	_ = resp.Body.Close()
	local := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	address = strings.Replace(resp.Header.Get("Location"), "localhost", "127.0.0.1", 1) // the resolver is outside of virtual time
	resp, err = local.Get(address)                                                      //nolint:noctx // as a browser
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

var applicationKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// applicationCertificate is what an application signs in with, valid from now on.
func applicationCertificate(tb testing.TB) (*rsa.PrivateKey, *x509.Certificate) {
	tb.Helper()
	key, err := applicationKey()
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "intune-go tests"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		tb.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return key, cert
}

// clientOf is a client of the emulator with the given credential.
func clientOf(tb testing.TB, server *intunetest.Server, cred intune.Credential, opts ...intune.Option) *intune.Client {
	tb.Helper()
	return newClient(tb, cred, append([]intune.Option{
		intune.WithBaseURL(server.URL()), intune.WithAuthorityURL(server.URL()), intune.WithHTTPClient(server.HTTPClient()),
	}, opts...)...)
}

func use(ctx context.Context, client *intune.Client) error {
	_, err := client.EnterpriseCodeSigningCertificates().List(ctx, nil)
	return err
}

// eachSignIn runs a test for each way to sign in, in virtual time.
func eachSignIn(t *testing.T, opts []intunetest.ServerOption, test func(t *testing.T, how method, server *intunetest.Server)) {
	t.Helper()
	for name := range methods(t) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				how := methods(t)[name]
				test(t, how, memoryServer(t, append(how.options, opts...)...))
			})
		})
	}
}

// tokens counts the tokens that were granted.
func tokens(server *intunetest.Server) (granted int) {
	for _, request := range server.Requests() {
		if strings.HasSuffix(request.URL, "/token") && request.Status == http.StatusOK {
			granted++
		}
	}
	return granted
}

func TestEverySignInCreatesACertificateWithOneToken(t *testing.T) {
	eachSignIn(t, nil, func(t *testing.T, how method, server *intunetest.Server) {
		t.Helper()
		client := clientOf(t, server, how.cred(server))
		var calls sync.WaitGroup
		for range 50 {
			calls.Go(func() {
				if _, err := createContext(t.Context(), client); err != nil {
					t.Error(err)
				}
			})
		}
		calls.Wait()
		if got := tokens(server); got != 1 || len(server.Certificates()) != 50 {
			t.Errorf("%d tokens for %d certificates", got, len(server.Certificates()))
		}
	})
}

// TestEverySignInOutlivesItsTokens lets tokens expire. A person is asked once, also by a second client.
func TestEverySignInOutlivesItsTokens(t *testing.T) {
	eachSignIn(t, []intunetest.ServerOption{intunetest.WithTokenLifetime(time.Hour)}, func(t *testing.T, how method, server *intunetest.Server) {
		t.Helper()
		cred := how.cred(server)
		for range 2 {
			client := clientOf(t, server, cred)
			for range 10 {
				if err := use(t.Context(), client); err != nil {
					t.Fatal(err)
				}
				time.Sleep(61 * time.Minute)
			}
		}
		if got := tokens(server); got != 20 {
			t.Errorf("%d tokens for 20 calls", got)
		}
		if how.prompts != nil && *how.prompts != 1 {
			t.Errorf("somebody was asked %d times", *how.prompts)
		}
	})
}

// outage is a transport by which the token endpoint cannot be reached while it lasts.
type outage struct {
	next http.RoundTripper
	on   atomic.Bool
}

func (o *outage) RoundTrip(req *http.Request) (*http.Response, error) {
	if o.on.Load() && strings.Contains(req.URL.Path, "/oauth2/") {
		return nil, errors.New("connection refused")
	}
	return o.next.RoundTrip(req)
}

func TestNoSignInIsMissedWhileTheTokenIsValid(t *testing.T) {
	eachSignIn(t, []intunetest.ServerOption{intunetest.WithTokenLifetime(90 * time.Minute)}, func(t *testing.T, how method, server *intunetest.Server) {
		t.Helper()
		entra := &outage{next: server.HTTPClient().Transport}
		client := clientOf(t, server, how.cred(server), intune.WithHTTPClient(&http.Client{Transport: entra}))
		if err := use(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		time.Sleep(29 * time.Minute)
		entra.on.Store(true)
		for range 60 {
			time.Sleep(time.Minute)
			if err := use(t.Context(), client); err != nil {
				t.Fatal(err)
			}
		}
		entra.on.Store(false)
		time.Sleep(time.Hour)
		if err := use(t.Context(), client); err != nil {
			t.Error(err)
		}
	})
}

// TestEverySignInMeetsAClaimsChallenge with one more token.
func TestEverySignInMeetsAClaimsChallenge(t *testing.T) {
	const claims = `{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`
	eachSignIn(t, nil, func(t *testing.T, how method, server *intunetest.Server) {
		t.Helper()
		client := clientOf(t, server, how.cred(server))
		if err := use(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		server.ChallengeClaims(claims)
		for range 3 {
			if _, err := createContext(t.Context(), client); err != nil {
				t.Fatal(err)
			}
		}
		if got := tokens(server); got != 2 {
			t.Errorf("%d tokens", got)
		}
		var asked bool
		for _, request := range server.Requests() {
			form, _ := url.ParseQuery(request.Body)
			asked = asked || form.Get("claims") == claims
		}
		if !asked {
			t.Error("the claims were not asked for")
		}
	})
}

func TestSignInsEndWithTheirContext(t *testing.T) {
	eachSignIn(t, nil, func(t *testing.T, how method, server *intunetest.Server) {
		t.Helper()
		if how.isReal {
			return // see TestBrowserThatNeverComes
		}
		server.Inject(intunetest.Fault{Token: true, Delay: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		began := time.Now()
		if err := use(ctx, clientOf(t, server, how.cred(server))); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 30*time.Second {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
	})
}

func TestTenantsThatNoApplicationSignsInTo(t *testing.T) {
	for _, id := range []string{"common", "Organizations"} {
		if _, err := intune.NewClient(intune.ClientSecretCredential(id, app, aSecret)); !errors.As(err, new(*intune.InputError)) {
			t.Errorf("%s: got %v", id, err)
		}
		open := func(context.Context, string) error { return nil }
		if _, err := intune.NewClient(intune.AuthorizationCodeCredential(id, app, open)); err != nil {
			t.Errorf("%s for a person: %v", id, err)
		}
	}
	if _, err := intune.NewClient(intune.ClientSecretCredential("9188040D-6c67-4c5b-b112-36a304b66dad", app, aSecret)); err == nil {
		t.Error("the tenant of personal accounts is accepted")
	}
}

// sourceFunc is a token source.
type sourceFunc func() (*oauth2.Token, error)

func (f sourceFunc) Token() (*oauth2.Token, error) { return f() }

// TestTokenSourceThatHangsIsCalledOnce, although callers leave when their contexts end.
func TestTokenSourceThatHangsIsCalledOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		cred := intune.TokenSourceCredential(sourceFunc(func() (*oauth2.Token, error) {
			calls.Add(1)
			time.Sleep(time.Hour)
			return &oauth2.Token{AccessToken: aToken}, nil
		}))
		client := new(service).client(t, cred)
		for range 20 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			began := time.Now()
			if err := get(ctx, client); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
				t.Errorf("got %v after %v", err, time.Since(began))
			}
			cancel()
		}
		if err := get(t.Context(), client); err != nil || calls.Load() != 1 {
			t.Errorf("%v after %d calls", err, calls.Load())
		}
	})
}

// TestTokenSourceThatDoesNotReturn ends the call, and the next one works.
func TestTokenSourceThatDoesNotReturn(t *testing.T) {
	for want, bad := range map[string]func(){
		"the token source panicked: mine":      func() { panic("mine") },
		"the token source ended its goroutine": runtime.Goexit,
	} {
		isGood := false
		client := new(service).client(t, intune.TokenSourceCredential(sourceFunc(func() (*oauth2.Token, error) {
			if !isGood {
				bad()
			}
			return &oauth2.Token{AccessToken: aToken}, nil
		})))
		if err := get(t.Context(), client); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
		isGood = true
		if err := get(t.Context(), client); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	}
}
