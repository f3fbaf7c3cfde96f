package interop_test

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// wantRejection checks that the provider has rejected the sign-in, and said why.
func wantRejection(t *testing.T, err error, code, because string) {
	t.Helper()
	rejected, ok := errors.AsType[*intune.AuthError](err)
	if !ok || rejected.Code != code || !strings.Contains(rejected.Description, because) {
		t.Errorf("got %v, want %s because of %q", err, code, because)
	}
}

func TestClientCertificateSignsInAtZitadel(t *testing.T) {
	root := issue(t, "Contoso Root", nil)
	registered, issued := issue(t, "app.contoso.example", nil), issue(t, "app.contoso.example", root)
	tests := map[string]struct {
		trusted certificates
		chain   []*x509.Certificate
		pair    *pair
	}{
		"thumbprint": {certificates{registered: []*x509.Certificate{root.cert, registered.cert}}, []*x509.Certificate{registered.cert}, registered},
		"chain":      {certificates{issuer: root.cert}, []*x509.Certificate{issued.cert, root.cert}, issued},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t, nil, test.trusted)
			client := p.client(t, intune.ClientCertificateCredential(tenant, withCertificate, test.chain, test.pair.key), "")
			who, err := whoIs(t, client)
			if err != nil || who.Subject != withCertificate || !slices.Equal(who.Scopes, []string{graphScope}) {
				t.Errorf("got %+v, %v", who, err)
			}
		})
	}
}

// Without these, the test above would pass at a provider that verifies nothing.
func TestZitadelRejectsAssertionsThatAreNotRight(t *testing.T) {
	registered, other := issue(t, "app.contoso.example", nil), issue(t, "app.contoso.example", nil)
	cred := func(id string, p *pair) intune.Credential {
		return intune.ClientCertificateCredential(tenant, id, []*x509.Certificate{p.cert}, p.key)
	}
	p := newProvider(t, nil, certificates{registered: []*x509.Certificate{registered.cert}})
	_, err := whoIs(t, p.client(t, cred(withCertificate, other), ""))
	wantRejection(t, err, "invalid_client", "no certificate with this thumbprint")
	_, err = whoIs(t, p.client(t, cred(withCertificate, registered), strings.Replace(p.url, "127.0.0.1", "localhost", 1)))
	wantRejection(t, err, "invalid_client", oidc.ErrAudience.Error())
	_, err = whoIs(t, p.client(t, cred(withSecret, registered), ""))
	wantRejection(t, err, "invalid_client", "")

	signature := strings.LastIndex(p.assertions[0], ".")
	forged := p.assertions[0][:signature] + p.assertions[2][strings.LastIndex(p.assertions[2], "."):]
	for name, assertion := range map[string]string{"another's signature": forged, "none": p.assertions[0][:signature+1]} {
		if _, err := op.VerifyJWTAssertion(t.Context(), assertion, p.authority.JWTProfileVerifier(t.Context())); err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
}

func TestAssertionAgesAsZitadelSees(t *testing.T) {
	registered := issue(t, "app.contoso.example", nil)
	synctest.Test(t, func(t *testing.T) {
		now := registered.cert.NotBefore.Add(time.Hour)
		time.Sleep(time.Until(now)) // the clock of the bubble starts in the year 2000
		p := newProvider(t, intunetest.ListenMemory(), certificates{registered: []*x509.Certificate{registered.cert}})
		client := p.client(t, intune.ClientCertificateCredential(tenant, withCertificate, []*x509.Certificate{registered.cert}, registered.key), "")
		if _, err := whoIs(t, client); err != nil {
			t.Fatal(err)
		}
		verify := func() error {
			request, err := op.VerifyJWTAssertion(t.Context(), p.assertions[0], p.authority.JWTProfileVerifier(t.Context()))
			if err == nil && (request.Issuer != withCertificate || request.Subject != withCertificate || request.GetCustomClaim("jti") == "") {
				t.Errorf("zitadel read %+v", request)
			}
			return err
		}
		time.Sleep(5*time.Minute - time.Second) // the least that Microsoft Entra ID wants an assertion to live
		if err := verify(); err != nil {
			t.Errorf("after five minutes: %v", err)
		}
		time.Sleep(5*time.Minute + time.Second)
		if err := verify(); !errors.Is(err, oidc.ErrExpired) {
			t.Errorf("after ten minutes: %v", err)
		}
		time.Sleep(time.Hour)
		if _, err := whoIs(t, client); err != nil || len(p.assertions) != 2 || p.assertions[0] == p.assertions[1] {
			t.Errorf("the next token: %v, with %d assertions", err, len(p.assertions))
		}
	})
}

func TestClientSecretSignsInAtZitadel(t *testing.T) {
	p := newProvider(t, nil, certificates{})
	who, err := whoIs(t, p.client(t, intune.ClientSecretCredential(tenant, withSecret, aSecret), ""))
	if err != nil || who.Subject != withSecret {
		t.Errorf("got %+v, %v", who, err)
	}
	_, err = whoIs(t, p.client(t, intune.ClientSecretCredential(tenant, withSecret, "another~secret"), ""))
	wantRejection(t, err, "invalid_client", "not what was agreed")
}

func TestDeviceCodeSignsInAtZitadel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(t, intunetest.ListenMemory(), certificates{})
		prompts := 0
		client := p.client(t, intune.DeviceCodeCredential(tenant, desktop, func(_ context.Context, device *oauth2.DeviceAuthResponse) error {
			if prompts++; device.VerificationURI != p.url+"/device" {
				t.Errorf("sent to %s", device.VerificationURI)
			}
			time.AfterFunc(12*time.Second, p.storage.slowDownOnce)
			time.AfterFunc(time.Minute, func() { p.storage.decide(device.UserCode, true) })
			return nil
		}), "")
		start := time.Now()
		who, err := whoIs(t, client)
		if err != nil || who.Subject != aUser || who.ClientID != desktop {
			t.Fatalf("got %+v, %v", who, err)
		}
		var after []int
		for _, poll := range p.polls {
			after = append(after, int(poll.Sub(start).Round(time.Second).Seconds()))
		}
		if want := []int{5, 10, 15, 25, 35, 45, 55, 65}; !slices.Equal(after, want) {
			t.Errorf("polled after %v, want %v", after, want)
		}
		for range 3 { // the provider takes a refresh token once
			time.Sleep(2 * tokenLifetime)
			if who, err = whoIs(t, client); err != nil || who.Subject != aUser || prompts != 1 {
				t.Errorf("got %+v, %v after %d prompts", who, err, prompts)
			}
		}
	})
}

func TestDeviceCodeIsDeclinedAtZitadel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(t, intunetest.ListenMemory(), certificates{})
		_, err := whoIs(t, p.client(t, intune.DeviceCodeCredential(tenant, desktop, func(_ context.Context, device *oauth2.DeviceAuthResponse) error {
			time.AfterFunc(time.Minute, func() { p.storage.decide(device.UserCode, false) })
			return nil
		}), ""))
		wantRejection(t, err, "access_denied", "")
	})
}

func TestAuthorizationCodeSignsInAtZitadel(t *testing.T) {
	p := newProvider(t, nil, certificates{})
	var page string
	client := p.client(t, intune.AuthorizationCodeCredential(tenant, desktop, func(ctx context.Context, address string) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
		if err != nil {
			return err
		}
		resp, err := p.http.Do(req) // through the login, and back to the program
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		text, err := io.ReadAll(resp.Body)
		page = string(text)
		return err
	}), "")
	who, err := whoIs(t, client)
	if err != nil || who.Subject != aUser || who.ClientID != desktop || !strings.Contains(page, "You are signed in") {
		t.Errorf("got %+v, %v, and the browser shows %q", who, err, page)
	}
}
