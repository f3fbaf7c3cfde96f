package interop_test

import (
	"context"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/azcred"
	"github.com/seed-230b9595/intune-go/intunetest"
)

const (
	issuer  = "https://issuer.example"
	subject = "repo:contoso/signing:environment:production"
)

// at has azidentity sign in at the emulator, and leave retries to the client.
func at(server *intunetest.Server) azcore.ClientOptions {
	return azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: server.URL()},
		Transport: server.HTTPClient(),
		Retry:     policy.RetryOptions{MaxRetries: -1},
	}
}

// clientOf is a client that signs in with a credential of azidentity.
func clientOf(t *testing.T, server *intunetest.Server, cred azcore.TokenCredential) *intune.Client {
	t.Helper()
	client, err := intune.NewClient(azcred.New(cred), intune.WithBaseURL(server.URL()), intune.WithHTTPClient(server.HTTPClient()))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// create creates a certificate, and checks that the emulator has it.
func create(t *testing.T, server *intunetest.Server, client *intune.Client) {
	t.Helper()
	before := len(server.Certificates())
	created, err := client.EnterpriseCodeSigningCertificates().Create(t.Context(), intune.FromX509(issue(t, "Contoso Code Signing", nil).cert))
	if err != nil {
		t.Fatal(err)
	}
	if have := server.Certificates(); len(have) != before+1 || have[before].ID != created.ID {
		t.Errorf("created %s, and the service has %d more", created.ID, len(have)-before)
	}
}

// tokenRequests are the forms that azidentity has sent to the token endpoint.
func tokenRequests(t *testing.T, server *intunetest.Server) (forms []string) {
	t.Helper()
	for _, req := range server.Requests() {
		if !strings.HasSuffix(req.URL, "/oauth2/v2.0/token") {
			continue
		}
		if agent := req.Header.Get("User-Agent"); !strings.HasPrefix(agent, "azsdk-go-azidentity/") {
			t.Errorf("not azidentity's: %s", agent)
		}
		forms = append(forms, req.Body)
	}
	return forms
}

func TestAzidentitySignsIn(t *testing.T) {
	root := issue(t, "Contoso Root", nil)
	registered, issued := issue(t, "app.contoso.example", nil), issue(t, "app.contoso.example", root)
	file := filepath.Join(t.TempDir(), "token")
	tests := map[string]struct {
		opts []intunetest.ServerOption
		cred func(*intunetest.Server) (azcore.TokenCredential, error)
	}{
		"client secret": {nil, func(server *intunetest.Server) (azcore.TokenCredential, error) {
			return azidentity.NewClientSecretCredential(intunetest.TenantID, intunetest.ClientID, intunetest.ClientSecret,
				&azidentity.ClientSecretCredentialOptions{ClientOptions: at(server), DisableInstanceDiscovery: true})
		}},
		"client certificate": {
			[]intunetest.ServerOption{intunetest.WithClientCertificate(registered.cert)},
			func(server *intunetest.Server) (azcore.TokenCredential, error) {
				return azidentity.NewClientCertificateCredential(intunetest.TenantID, intunetest.ClientID, []*x509.Certificate{registered.cert}, registered.key,
					&azidentity.ClientCertificateCredentialOptions{ClientOptions: at(server), DisableInstanceDiscovery: true})
			},
		},
		"client certificate with its chain": {
			[]intunetest.ServerOption{intunetest.WithClientCertificateSubject("app.contoso.example", root.cert)},
			func(server *intunetest.Server) (azcore.TokenCredential, error) {
				return azidentity.NewClientCertificateCredential(intunetest.TenantID, intunetest.ClientID, []*x509.Certificate{issued.cert, root.cert}, issued.key,
					&azidentity.ClientCertificateCredentialOptions{ClientOptions: at(server), DisableInstanceDiscovery: true, SendCertificateChain: true})
			},
		},
		"client assertion": {
			[]intunetest.ServerOption{intunetest.WithFederatedCredential(issuer, subject, nil)},
			func(server *intunetest.Server) (azcore.TokenCredential, error) {
				return azidentity.NewClientAssertionCredential(intunetest.TenantID, intunetest.ClientID,
					func(context.Context) (string, error) { return server.FederatedAssertion(nil), nil },
					&azidentity.ClientAssertionCredentialOptions{ClientOptions: at(server), DisableInstanceDiscovery: true})
			},
		},
		"workload identity": {
			[]intunetest.ServerOption{intunetest.WithFederatedCredential(issuer, subject, nil)},
			func(server *intunetest.Server) (azcore.TokenCredential, error) {
				if err := os.WriteFile(file, []byte(server.FederatedAssertion(nil)), 0o600); err != nil {
					return nil, err
				}
				return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
					ClientOptions: at(server), DisableInstanceDiscovery: true,
					TenantID: intunetest.TenantID, ClientID: intunetest.ClientID, TokenFilePath: file,
				})
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := intunetest.NewServer(t, append(test.opts, intunetest.WithTLS())...)
			cred, err := test.cred(server)
			if err != nil {
				t.Fatal(err)
			}
			create(t, server, clientOf(t, server, cred))
			forms := tokenRequests(t, server)
			if len(forms) != 1 || !strings.Contains(forms[0], "CP1") {
				t.Errorf("asked for tokens with %q, want once, and one that can be revoked", forms)
			}
		})
	}
}

func TestAzidentitySignsInAtADevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := intunetest.NewServer(t, intunetest.WithTLS(), intunetest.WithListener(intunetest.ListenMemory()))
		cred, err := azidentity.NewDeviceCodeCredential(&azidentity.DeviceCodeCredentialOptions{
			ClientOptions: at(server), DisableInstanceDiscovery: true, TenantID: intunetest.TenantID, ClientID: intunetest.ClientID,
			UserPrompt: func(_ context.Context, message azidentity.DeviceCodeMessage) error {
				time.AfterFunc(time.Minute, func() {
					if err := server.ApproveDevice(message.UserCode); err != nil {
						t.Error(err)
					}
				})
				return nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		client := clientOf(t, server, cred)
		create(t, server, client)
		prompted := len(tokenRequests(t, server))
		if prompted < 10 {
			t.Errorf("polled %d times in a minute", prompted)
		}
		time.Sleep(2 * time.Hour) // until the token has expired
		create(t, server, client)
		if forms := tokenRequests(t, server)[prompted:]; len(forms) != 1 || !strings.Contains(forms[0], "grant_type=refresh_token") {
			t.Errorf("then asked for %q", forms)
		}
		client.CloseIdleConnections()
		server.HTTPClient().CloseIdleConnections()
	})
}

// secretCredential signs in with a client secret.
func secretCredential(t *testing.T, server *intunetest.Server, secret string) azcore.TokenCredential {
	t.Helper()
	cred, err := azidentity.NewClientSecretCredential(intunetest.TenantID, intunetest.ClientID, secret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: at(server), DisableInstanceDiscovery: true})
	if err != nil {
		t.Fatal(err)
	}
	return cred
}

func TestAzidentityTakesAClaimsChallenge(t *testing.T) {
	const claims = `{"access_token":{"nbf":{"essential":true,"value":"1762408980"}}}`
	server := intunetest.NewServer(t, intunetest.WithTLS())
	client := clientOf(t, server, secretCredential(t, server, intunetest.ClientSecret))
	create(t, server, client)
	server.ChallengeClaims(claims)
	create(t, server, client)
	forms := tokenRequests(t, server)
	if len(forms) != 2 || !strings.Contains(forms[1], "1762408980") || !strings.Contains(forms[1], "CP1") {
		t.Errorf("asked for tokens with %q", forms)
	}
}

func TestErrorsOfAzidentity(t *testing.T) {
	server := intunetest.NewServer(t, intunetest.WithTLS())
	count := func(ctx context.Context, cred azcore.TokenCredential) error {
		_, err := clientOf(t, server, cred).EnterpriseCodeSigningCertificates().Count(ctx, intune.Filter{})
		return err
	}
	wantOneLine := func(t *testing.T, err error, part string) {
		t.Helper()
		if text := err.Error(); strings.ContainsAny(text, "\r\n") || !strings.Contains(text, part) {
			t.Errorf("got %q, want %q on one line", text, part)
		}
		if _, ok := errors.AsType[*azidentity.AuthenticationFailedError](err); !ok {
			t.Errorf("azidentity's own is lost: %v", err)
		}
	}
	const wrong = "the~wrong~secret"
	t.Run("rejection", func(t *testing.T) {
		err := count(t.Context(), secretCredential(t, server, wrong))
		wantOneLine(t, err, "; a new secret can take a minute")
		rejected, ok := errors.AsType[*intune.AuthError](err)
		if !ok || rejected.AADSTS != 7000215 || rejected.Code != "invalid_client" || rejected.StatusCode != 401 || rejected.TraceID == "" || rejected.CorrelationID == "" {
			t.Errorf("got %+v", rejected)
		}
	})
	t.Run("in a chain of azidentity's", func(t *testing.T) {
		chain, err := azidentity.NewChainedTokenCredential([]azcore.TokenCredential{unavailable{}, secretCredential(t, server, wrong)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		wantOneLine(t, count(t.Context(), chain), "AADSTS7000215")
	})
	t.Run("passing failure", func(t *testing.T) {
		server.Inject(intunetest.Fault{Token: true, Method: "POST", Status: 503})
		if err := count(t.Context(), secretCredential(t, server, intunetest.ClientSecret)); err != nil {
			t.Errorf("it was not tried again: %v", err)
		}
	})
	t.Run("no response", func(t *testing.T) {
		server.Inject(intunetest.Fault{Token: true, Method: "POST", Drop: intunetest.DropAfterReading})
		wantOneLine(t, count(t.Context(), secretCredential(t, server, intunetest.ClientSecret)), "obtain a token: ClientSecretCredential")
	})
	t.Run("end of the context", func(t *testing.T) {
		server.Inject(intunetest.Fault{Token: true, Method: "POST", Delay: time.Minute})
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := azcred.New(secretCredential(t, server, intunetest.ClientSecret)).Token(ctx, intune.TokenRequest{Scope: "https://graph.microsoft.com/.default"})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

// unavailable is a credential of azidentity's kind that is not available here.
type unavailable struct{}

func (unavailable) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{}, azidentity.NewCredentialUnavailableError("not here")
}
