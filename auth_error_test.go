package intune_test

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

const badSecret = `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided."}`

// transientResponses are those after which another attempt may succeed.
func transientResponses() map[string]httpmock.Responder {
	return map[string]httpmock.Responder{
		"lost": lost(),
		"cut":  cut(200, `{"access_token":"`),
		"too long": func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(endless(" "))}, nil
		},
		"101":                     reply(101, ""),
		"200 empty":               reply(200, ""),
		"200 blank":               reply(200, "\r\n"),
		"200 HTML":                reply(200, "<html><body>One moment</body></html>", "Content-Type", "text/html"),
		"200 half of JSON":        reply(200, `{"access_token":"the-`),
		"200 no object":           reply(200, "null"),
		"204":                     reply(204, ""),
		"408":                     reply(408, ""),
		"429":                     reply(429, badSecret, "Retry-After", "5"),
		"500":                     reply(500, badSecret),
		"503":                     reply(503, "<html>"),
		"temporarily unavailable": reply(400, `{"error":"temporarily_unavailable","error_description":"Please try again."}`),
		"AADSTS90033":             reply(400, `{"error":"invalid_request","error_description":"AADSTS90033: A transient error has occurred."}`),
		"AADSTS90024":             reply(400, `{"error":"invalid_request","error_description":"AADSTS90024: RequestBudgetExceeded."}`),
	}
}

func TestTransientFailuresOfTheTokenEndpointAreRetried(t *testing.T) {
	good := reply(200, `{"access_token":"`+aToken+`"}`, "Content-Type", "text/plain")
	for name, response := range transientResponses() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWire(t, response, good, reply(200, "{}"))
				if err := signIn(w); err != nil {
					t.Fatal(err)
				}
				if name == "429" && w.times[1].Sub(w.times[0]) != 5*time.Second {
					t.Errorf("waited %v", w.times[1].Sub(w.times[0]))
				}
			})
		})
	}
}

func TestLastingFailureNamesStatusAndHost(t *testing.T) {
	for name, test := range map[string]struct {
		response httpmock.Responder
		want     string
	}{
		"empty": {reply(200, ""), "sign-in unavailable: 200 OK from login.microsoftonline.com: the body is empty"},
		"HTML":  {reply(200, "<html>"), "sign-in unavailable: 200 OK from login.microsoftonline.com: the body is not a JSON object"},
		"408":   {reply(408, "upstream timeout"), "sign-in unavailable: 408 Request Timeout from login.microsoftonline.com: upstream timeout"},
		"code": {
			reply(400, `{"error":"temporarily_unavailable","error_description":"AADSTS90033: A transient error has occurred."}`),
			"sign-in unavailable: 400 Bad Request from login.microsoftonline.com: AADSTS90033: A transient error has occurred.",
		},
		"101": {reply(101, ""), "sign-in unavailable: 101 Switching Protocols from login.microsoftonline.com"},
	} {
		synctest.Test(t, func(t *testing.T) {
			for kind, cred := range map[string]intune.Credential{
				"token":  intune.ClientSecretCredential(tenant, app, aSecret),
				"device": intune.DeviceCodeCredential(tenant, app, func(context.Context, *oauth2.DeviceAuthResponse) error { return nil }),
			} {
				w := newWire(t, slices.Repeat([]httpmock.Responder{test.response}, 4)...)
				err := get(t.Context(), newClient(t, cred, intune.WithHTTPClient(&http.Client{Transport: w.mock})))
				if errorAs[*intune.AuthError](t, err); !strings.Contains(err.Error(), test.want) || len(w.requests) != 4 {
					t.Errorf("%s, %s: got %v after %d requests", name, kind, err, len(w.requests))
				}
			}
		})
	}
}

// TestSwitchingProtocolsDoesNotHang has a server that agrees to another protocol and then says nothing.
func TestSwitchingProtocolsDoesNotHang(t *testing.T) {
	entra := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		t.Cleanup(func() { _ = conn.Close() })
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: silence\r\n\r\n")
	}))
	t.Cleanup(entra.Close)
	client := newClient(t, intune.ClientSecretCredential(tenant, app, aSecret), intune.WithAuthorityURL(entra.URL), fast)
	if err := get(t.Context(), client); errorAs[*intune.AuthError](t, err).StatusCode != http.StatusSwitchingProtocols {
		t.Errorf("got %v", err)
	}
	cred := intune.ClientSecretCredential(tenant, app, aSecret) // on its own, without a client's transport
	if _, err := cred.Token(t.Context(), intune.TokenRequest{AuthorityURL: entra.URL}); err == nil {
		t.Error("got a token")
	}
}

// TestBodyThatNeverEndsHonorsTheContext, and the limit of an attempt.
func TestBodyThatNeverEndsHonorsTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t, slices.Repeat([]httpmock.Responder{unfinished(`{"access_token":"`)}, 2)...)
		client := newClient(t, intune.ClientSecretCredential(tenant, app, aSecret),
			intune.WithHTTPClient(&http.Client{Transport: w.mock}), intune.WithRetry(intune.RetryPolicy{MaxAttempts: 1}))
		if err := get(t.Context(), client); err == nil || !strings.Contains(err.Error(), "within 1m0s") {
			t.Errorf("the attempt: got %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if err := get(ctx, client); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("the context: got %v after %v", err, time.Since(began))
		}
	})
}

// TestUnknownAuthorityIsFinal, and the error says how to make it known.
func TestUnknownAuthorityIsFinal(t *testing.T) {
	entra := httptest.NewUnstartedServer(http.NotFoundHandler())
	entra.Config.ErrorLog = log.New(io.Discard, "", 0)
	entra.StartTLS()
	t.Cleanup(entra.Close)
	t.Setenv("ACTIONS_ID_TOKEN_REQUEST_URL", entra.URL)
	t.Setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", aSecret)
	open := func(context.Context, string) error { return nil }
	for name, cred := range map[string]intune.Credential{
		"token endpoint":  intune.ClientSecretCredential(tenant, app, aSecret),
		"device endpoint": intune.DeviceCodeCredential(tenant, app, func(context.Context, *oauth2.DeviceAuthResponse) error { return nil }),
		"refresh token":   intune.AuthorizationCodeCredential(tenant, app, open, intune.WithTokenStore(oldToken{})),
		"issuer":          intune.ClientAssertionCredential(tenant, app, intune.GitHubActionsAssertion("")),
	} {
		transport := &counting{next: new(http.Transport)}
		client := newClient(t, cred, intune.WithAuthorityURL(entra.URL), intune.WithHTTPClient(&http.Client{Transport: transport}))
		err := get(t.Context(), client)
		errorAs[x509.UnknownAuthorityError](t, err)
		if !strings.Contains(err.Error(), "use WithHTTPClient with a transport whose TLSClientConfig.RootCAs contains it") || transport.requests != 1 {
			t.Errorf("%s: got %v after %d requests", name, err, transport.requests)
		}
	}
}

// oldToken is a token store that has a refresh token.
type oldToken struct{}

func (oldToken) LoadToken(context.Context, string) (string, error) {
	return "an-old-refresh-token", nil
}
func (oldToken) SaveToken(context.Context, string, string) {}

// counting counts requests.
type counting struct {
	next     http.RoundTripper
	requests int
}

func (c *counting) RoundTrip(req *http.Request) (*http.Response, error) {
	c.requests++
	return c.next.RoundTrip(req)
}

func TestSignInsThatEntraRejects(t *testing.T) {
	key, cert := applicationCertificate(t)
	federated := func(claims map[string]any) func(*intunetest.Server) intune.Credential {
		return func(server *intunetest.Server) intune.Credential {
			return intune.ClientAssertionCredential(intunetest.TenantID, intunetest.ClientID, func(context.Context, intune.TokenRequest) (string, error) {
				return server.FederatedAssertion(claims), nil
			})
		}
	}
	trust := []intunetest.ServerOption{intunetest.WithFederatedCredential(federatedIssuer, federatedSubject, nil)}
	certificate := func(*intunetest.Server) intune.Credential {
		return intune.ClientCertificateCredential(intunetest.TenantID, intunetest.ClientID, []*x509.Certificate{cert}, key)
	}
	tests := map[string]struct {
		options []intunetest.ServerOption
		cred    func(*intunetest.Server) intune.Credential
		aadsts  int
		says    string
	}{
		"secret": {cred: func(*intunetest.Server) intune.Credential {
			return intune.ClientSecretCredential(intunetest.TenantID, intunetest.ClientID, aSecret)
		}, aadsts: 7000215, says: "client secret ID; a new secret can take a minute"},
		"tenant": {cred: func(*intunetest.Server) intune.Credential {
			return intune.ClientSecretCredential("fabrikam.com", intunetest.ClientID, aSecret)
		}, aadsts: 90002, says: "correct cloud; for a national cloud, use WithCloud"},
		"application": {cred: func(*intunetest.Server) intune.Credential {
			return intune.ClientSecretCredential(intunetest.TenantID, app, intunetest.ClientSecret)
		}, aadsts: 700016, says: "AADSTS700016"},
		"certificate that is not registered": {cred: certificate, aadsts: 700027, says: "register the certificate"},
		"chain that is not trusted": {cred: func(*intunetest.Server) intune.Credential {
			return intune.ClientCertificateCredential(intunetest.TenantID, intunetest.ClientID, []*x509.Certificate{cert, cert}, key)
		}, aadsts: 700027, says: "register the certificate"},
		"key of a liar": {
			options: []intunetest.ServerOption{intunetest.WithClientCertificate(cert)},
			cred: func(*intunetest.Server) intune.Credential {
				return intune.ClientCertificateCredential(intunetest.TenantID, intunetest.ClientID, []*x509.Certificate{cert}, liar{key.Public()})
			}, aadsts: 700027, says: "AADSTS700027",
		},
		"subject of another repository": {trust, federated(map[string]any{"sub": "repo:fabrikam/apps:ref:refs/heads/main"}), 700213, "subject"},
		"another issuer":                {trust, federated(map[string]any{"iss": "https://issuer.example"}), 700211, "issuer"},
		"another audience":              {trust, federated(map[string]any{"aud": "https://audience.example"}), 700212, "audience"},
		"old assertion":                 {trust, federated(map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}), 700024, "clock"},
		"nonsense":                      {trust, func(*intunetest.Server) intune.Credential { return assertion("nonsense") }, 50027, "AADSTS50027"},
		"declined at the device": {cred: func(server *intunetest.Server) intune.Credential {
			return intune.DeviceCodeCredential(intunetest.TenantID, intunetest.ClientID, func(_ context.Context, device *oauth2.DeviceAuthResponse) error {
				return server.DeclineDevice(device.UserCode)
			})
		}, aadsts: 65004, says: "declined"},
		"nobody came to the device": {cred: func(*intunetest.Server) intune.Credential {
			return intune.DeviceCodeCredential(intunetest.TenantID, intunetest.ClientID, func(context.Context, *oauth2.DeviceAuthResponse) error { return nil })
		}, says: ""},
		"declined in the browser": {
			options: []intunetest.ServerOption{intunetest.WithoutConsent()},
			cred: func(server *intunetest.Server) intune.Credential {
				return intune.AuthorizationCodeCredential(intunetest.TenantID, intunetest.ClientID, func(_ context.Context, address string) error {
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
				rejected := errorAs[*intune.AuthError](t, err)
				if rejected.TraceID == "" || rejected.CorrelationID == "" {
					t.Errorf("got %+v", rejected)
				}
				if rejected.AADSTS != test.aadsts || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "\n") {
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
	return intune.ClientAssertionCredential(intunetest.TenantID, intunetest.ClientID, func(context.Context, intune.TokenRequest) (string, error) { return text, nil })
}

// TestErrorsOfFilesAreFinal, although they are net.Errors as well.
func TestErrorsOfFilesAreFinal(t *testing.T) {
	_, missing := os.Open("missing")
	var asked int
	for name, cred := range map[string]intune.Credential{
		"assertion": intune.ClientAssertionCredential(tenant, app, func(context.Context, intune.TokenRequest) (string, error) { asked++; return "", missing }),
		"prompt":    intune.AuthorizationCodeCredential(tenant, app, func(context.Context, string) error { asked++; return missing }),
	} {
		asked = 0
		if err := get(t.Context(), newClient(t, cred)); !errors.Is(err, os.ErrNotExist) || asked != 1 {
			t.Errorf("%s: asked %d times, %v", name, asked, err)
		}
	}
}
