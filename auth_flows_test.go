package intune_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// method is one of the ways to sign in at the emulator.
type method struct {
	options []intunetest.ServerOption
	cred    func(*intunetest.Server) intune.Credential
	prompts *int // how often a person was asked; nil where nobody is
	isReal  bool // it waits on a real socket, and virtual time stands still meanwhile
}

const (
	federatedIssuer  = "https://token.actions.githubusercontent.com"
	federatedSubject = "repo:contoso/apps:environment:production"
)

// methods makes one of each kind. Call it where the clock is the one that they are to see.
func methods(t *testing.T) map[string]method {
	t.Helper()
	key, cert := applicationCertificate(t)
	var devices, browsers int
	return map[string]method{
		"ClientSecret": {cred: func(*intunetest.Server) intune.Credential {
			return intune.ClientSecret(intunetest.TenantID, intunetest.ClientID, intunetest.ClientSecret)
		}},
		"ClientCertificate": {
			options: []intunetest.ServerOption{intunetest.WithClientCertificate(cert)},
			cred: func(*intunetest.Server) intune.Credential {
				return intune.ClientCertificate(intunetest.TenantID, intunetest.ClientID, []*x509.Certificate{cert}, key)
			},
		},
		"ClientAssertion": {
			options: []intunetest.ServerOption{intunetest.WithFederatedCredential(federatedIssuer, federatedSubject, nil)},
			cred: func(server *intunetest.Server) intune.Credential {
				return intune.ClientAssertion(intunetest.TenantID, intunetest.ClientID, func(context.Context) (string, error) {
					return server.FederatedAssertion(nil), nil
				})
			},
		},
		"DeviceCode": {
			prompts: &devices,
			cred: func(server *intunetest.Server) intune.Credential {
				return intune.DeviceCode(intunetest.TenantID, intunetest.ClientID, func(_ context.Context, device *oauth2.DeviceAuthResponse) error {
					devices++
					return server.ApproveDevice(device.UserCode)
				})
			},
		},
		"AuthorizationCode": {
			prompts: &browsers, isReal: true,
			cred: func(server *intunetest.Server) intune.Credential {
				return intune.AuthorizationCode(intunetest.TenantID, intunetest.ClientID, func(_ context.Context, address string) error {
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

// clientOf is a client of the emulator with a credential of ours.
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

// tokens counts the requests that ask for a token and are not answered with "not yet".
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

// TestEverySignInAnswersAClaimsChallenge: conditional access wants another token, and gets it, once.
func TestEverySignInAnswersAClaimsChallenge(t *testing.T) {
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
			form, _ := url.ParseQuery(string(request.Body))
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

// TestClockSkew has a clock that differs from the service's.
func TestClockSkew(t *testing.T) {
	for ahead, want := range map[time.Duration]int{4 * time.Minute: 0, -4 * time.Minute: 0, 20 * time.Minute: 700024, -20 * time.Minute: 700024} {
		synctest.Test(t, func(t *testing.T) {
			how := methods(t)["ClientCertificate"]
			server := memoryServer(t, append(how.options, intunetest.WithClockSkew(ahead))...)
			err := use(t.Context(), clientOf(t, server, how.cred(server)))
			if want == 0 {
				if err != nil {
					t.Errorf("%v ahead: %v", ahead, err)
				}
				return
			}
			if refused := errorAs[*intune.AuthError](t, err); refused.AADSTS != want || !strings.Contains(err.Error(), "clock") {
				t.Errorf("%v ahead: %v", ahead, err)
			}
		})
	}
}

func TestRefusedSignIns(t *testing.T) {
	key, cert := applicationCertificate(t)
	federated := func(claims map[string]any) func(*intunetest.Server) intune.Credential {
		return func(server *intunetest.Server) intune.Credential {
			return intune.ClientAssertion(intunetest.TenantID, intunetest.ClientID, func(context.Context) (string, error) {
				return server.FederatedAssertion(claims), nil
			})
		}
	}
	trust := []intunetest.ServerOption{intunetest.WithFederatedCredential(federatedIssuer, federatedSubject, nil)}
	certificate := func(*intunetest.Server) intune.Credential {
		return intune.ClientCertificate(intunetest.TenantID, intunetest.ClientID, []*x509.Certificate{cert}, key)
	}
	tests := map[string]struct {
		options []intunetest.ServerOption
		cred    func(*intunetest.Server) intune.Credential
		aadsts  int
		says    string
	}{
		"secret": {cred: func(*intunetest.Server) intune.Credential {
			return intune.ClientSecret(intunetest.TenantID, intunetest.ClientID, aSecret)
		}, aadsts: 7000215, says: "use the secret's value"},
		"tenant": {cred: func(*intunetest.Server) intune.Credential {
			return intune.ClientSecret("fabrikam.com", intunetest.ClientID, aSecret)
		}, aadsts: 90002, says: "no such tenant"},
		"certificate that is not registered": {cred: certificate, aadsts: 700027, says: "register it there"},
		"chain that is not trusted": {cred: func(*intunetest.Server) intune.Credential {
			return intune.ClientCertificate(intunetest.TenantID, intunetest.ClientID, []*x509.Certificate{cert, cert}, key)
		}, aadsts: 700027, says: "register it there"},
		"key of a liar": {
			options: []intunetest.ServerOption{intunetest.WithClientCertificate(cert)},
			cred: func(*intunetest.Server) intune.Credential {
				return intune.ClientCertificate(intunetest.TenantID, intunetest.ClientID, []*x509.Certificate{cert}, liar{key.Public()})
			}, aadsts: 700027, says: "AADSTS700027",
		},
		"subject of another repository": {trust, federated(map[string]any{"sub": "repo:fabrikam/apps:ref:refs/heads/main"}), 700213, "subject"},
		"another issuer":                {trust, federated(map[string]any{"iss": "https://issuer.example"}), 700211, "issuer"},
		"another audience":              {trust, federated(map[string]any{"aud": "https://audience.example"}), 700212, "audience"},
		"old assertion":                 {trust, federated(map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}), 700024, "clock"},
		"nonsense":                      {trust, func(*intunetest.Server) intune.Credential { return assertion("nonsense") }, 50027, "AADSTS50027"},
		"declined at the device": {cred: func(server *intunetest.Server) intune.Credential {
			return intune.DeviceCode(intunetest.TenantID, intunetest.ClientID, func(_ context.Context, device *oauth2.DeviceAuthResponse) error {
				return server.DeclineDevice(device.UserCode)
			})
		}, aadsts: 65004, says: "declined"},
		"nobody came to the device": {cred: func(*intunetest.Server) intune.Credential {
			return intune.DeviceCode(intunetest.TenantID, intunetest.ClientID, func(context.Context, *oauth2.DeviceAuthResponse) error { return nil })
		}, says: ""},
		"declined in the browser": {
			options: []intunetest.ServerOption{intunetest.WithoutConsent()},
			cred: func(server *intunetest.Server) intune.Credential {
				return intune.AuthorizationCode(intunetest.TenantID, intunetest.ClientID, func(_ context.Context, address string) error {
					page, err := browse(server, address)
					if !strings.Contains(page, "not signed in") {
						t.Errorf("the browser shows %q", page)
					}
					return err
				})
			}, aadsts: 65004, says: "declined",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				offset := time.Until(cert.NotBefore.Add(2 * time.Hour)) // the certificates are of today
				time.Sleep(offset)
				server := memoryServer(t, test.options...)
				err := use(t.Context(), clientOf(t, server, test.cred(server)))
				if name == "nobody came to the device" {
					if err == nil || !strings.Contains(err.Error(), "expired") {
						t.Errorf("got %v", err)
					}
					return
				}
				refused := errorAs[*intune.AuthError](t, err)
				if refused.AADSTS != test.aadsts || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "\n") {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// liar is a key that is not the one of its public half.
type liar struct{ crypto.PublicKey }

func (l liar) Public() crypto.PublicKey { return l.PublicKey }

func (liar) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	return append(digest, make([]byte, 256-len(digest))...), nil
}

func assertion(text string) intune.Credential {
	return intune.ClientAssertion(intunetest.TenantID, intunetest.ClientID, func(context.Context) (string, error) { return text, nil })
}

func TestBrowserThatNeverComes(t *testing.T) {
	server := intunetest.NewServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	var landing string
	cred := intune.AuthorizationCode(intunetest.TenantID, intunetest.ClientID, func(_ context.Context, address string) error {
		parsed, err := url.Parse(address)
		landing = parsed.Query().Get("redirect_uri")
		cancel()
		return err
	})
	if err := use(ctx, clientOf(t, server, cred)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	for range 100 {
		resp, err := http.Get(landing) //nolint:noctx // the address that was open
		if err != nil {
			return
		}
		_ = resp.Body.Close()
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%s is still open", landing)
}

// TestClaimsChallengeIsAnsweredOnce, with either status, and also where a fresh token has been tried before.
func TestClaimsChallengeIsAnsweredOnce(t *testing.T) {
	const claims = `{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`
	challenge := func(status int) httpmock.Responder {
		return reply(status, graphRefusal("InvalidAuthenticationToken"), "WWW-Authenticate", `Bearer error="insufficient_claims", claims="`+b64([]byte(claims))+`"`)
	}
	plain, good := reply(401, graphRefusal("InvalidAuthenticationToken")), reply(200, "{}")
	for name, test := range map[string]struct {
		answers []httpmock.Responder
		claims  []string // of the token requests
		fails   bool
	}{
		"401":                     {[]httpmock.Responder{challenge(401), good}, []string{"", claims}, false},
		"403":                     {[]httpmock.Responder{challenge(403), good}, []string{"", claims}, false},
		"after a plain 401":       {[]httpmock.Responder{plain, challenge(401), good}, []string{"", "", claims}, false},
		"403 twice":               {[]httpmock.Responder{challenge(403), challenge(403)}, []string{"", claims}, true},
		"403 without a challenge": {[]httpmock.Responder{reply(403, graphRefusal("Forbidden"))}, []string{""}, true},
	} {
		var asked []string
		cred := credential(func(_ context.Context, req intune.TokenRequest) (*oauth2.Token, error) {
			asked = append(asked, req.Claims)
			return &oauth2.Token{AccessToken: aToken + strings.Repeat("x", len(asked))}, nil
		})
		w := newWire(t, test.answers...)
		err := get(t.Context(), newClient(t, cred, intune.WithHTTPClient(&http.Client{Transport: w.mock}), fast))
		if (err != nil) != test.fails || !slices.Equal(asked, test.claims) || len(w.requests) != len(test.answers) {
			t.Errorf("%s: %v after %d requests, asked for %q", name, err, len(w.requests), asked)
		}
	}
}
