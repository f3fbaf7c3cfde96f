package intune_test

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"
	"software.sslmate.com/src/go-pkcs12"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/clientcert"
	"github.com/seed-230b9595/intune-go/intunetest"
)

func signIn(w *wire) error {
	client := newClient(w.tb, intune.ClientSecretCredential(tenant, app, aSecret), intune.WithHTTPClient(&http.Client{Transport: w.mock}))
	return client.Do(context.Background(), "GET", "/x", nil, nil)
}

func TestClientSecretAsksForATokenAsEntraWantsIt(t *testing.T) {
	w := newWire(t, reply(200, `{"token_type":"Bearer","expires_in":3599,"access_token":"`+aToken+`"}`), reply(200, "{}"))
	if err := signIn(w); err != nil {
		t.Fatal(err)
	}
	req := w.requests[0]
	if got, want := req.Method+" "+req.URL.String(), "POST https://login.microsoftonline.com/"+tenant+"/oauth2/v2.0/token"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	want := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {app}, "client_secret": {aSecret}, "scope": {"https://graph.microsoft.com/.default"},
	}
	if !strings.HasPrefix(req.UserAgent(), "intune-go/") {
		t.Errorf("User-Agent %q", req.UserAgent())
	}
	if w.bodies[0] != want.Encode() || req.Header.Get("Authorization") != "" {
		t.Errorf("sent %s, %v", w.bodies[0], req.Header)
	}
	if got := w.requests[1].Header.Get("Authorization"); got != "Bearer "+aToken {
		t.Errorf("used %q", got)
	}
}

// TestClockSkew has a clock that differs from the service's.
func TestClockSkew(t *testing.T) {
	for ahead, want := range map[time.Duration]int{4 * time.Minute: 0, -4 * time.Minute: 0, 20 * time.Minute: 700024, -20 * time.Minute: 700024} {
		synctest.Test(t, func(t *testing.T) {
			how := methods(t)["ClientCertificateCredential"]
			server := memoryServer(t, append(how.options, intunetest.WithClockSkew(ahead))...)
			err := use(t.Context(), clientOf(t, server, how.cred(server)))
			if want == 0 {
				if err != nil {
					t.Errorf("%v ahead: %v", ahead, err)
				}
				return
			}
			if rejected := errorAs[*intune.AuthError](t, err); rejected.AADSTS != want || !strings.Contains(err.Error(), "clock") {
				t.Errorf("%v ahead: %v", ahead, err)
			}
		})
	}
}

func clearEnvironment(t *testing.T) {
	t.Helper()
	for _, name := range []string{
		"AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_CLIENT_CERTIFICATE_PASSWORD",
		"AZURE_FEDERATED_TOKEN_FILE", "AZURE_AUTHORITY_HOST",
	} {
		t.Setenv(name, "")
	}
}

func TestEnvironmentCredential(t *testing.T) {
	clearEnvironment(t)
	_, err := intune.EnvironmentCredential()
	errorAs[*intune.InputError](t, err)
	if got, want := err.Error(), "environment lacks AZURE_TENANT_ID, AZURE_CLIENT_ID, a credential (AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH or AZURE_FEDERATED_TOKEN_FILE): set them, or use another credential"; got != want || !errors.Is(err, intune.ErrCredentialUnavailable) {
		t.Errorf("got %q, want %q", got, want)
	}
	t.Setenv("AZURE_TENANT_ID", tenant)
	t.Setenv("AZURE_CLIENT_SECRET", aSecret)
	if _, err := intune.EnvironmentCredential(); err == nil || !strings.HasSuffix(err.Error(), "lacks AZURE_CLIENT_ID") {
		t.Errorf("got %v", err)
	}
	t.Setenv("AZURE_CLIENT_ID", app)
	for host, want := range map[string]string{"": "login.microsoftonline.com", "https://login.example/": "login.example"} {
		t.Setenv("AZURE_AUTHORITY_HOST", host)
		cred, err := intune.EnvironmentCredential()
		if err != nil {
			t.Fatal(err)
		}
		token := reply(200, `{"access_token":"t"}`)
		w := newWire(t, token, reply(200, "{}"), token, reply(200, "{}"))
		base := intune.WithHTTPClient(&http.Client{Transport: w.mock})
		if err := get(t.Context(), newClient(t, cred, base)); err != nil || w.requests[0].URL.Host != want {
			t.Errorf("%q: asked %s, %v", host, w.requests[0].URL, err)
		}
		if err := get(t.Context(), newClient(t, cred, base, intune.WithAuthorityURL("https://over.example"))); err != nil || w.requests[2].URL.Host != "over.example" {
			t.Errorf("WithAuthorityURL: asked %s, %v", w.requests[2].URL, err)
		}
	}
	t.Setenv("AZURE_AUTHORITY_HOST", "http://login.example")
	_, err = intune.EnvironmentCredential()
	errorAs[*intune.InputError](t, err)
	t.Setenv("AZURE_AUTHORITY_HOST", "")
	t.Setenv("AZURE_TENANT_ID", "consumers")
	if _, err = intune.EnvironmentCredential(); !errors.As(err, new(*intune.InputError)) {
		t.Errorf("consumers: got %v", err)
	}
}

// environment sets variables, and clears the others that EnvironmentCredential reads.
func environment(t *testing.T, variables map[string]string) {
	t.Helper()
	clearEnvironment(t)
	for name, value := range variables {
		t.Setenv(name, value)
	}
}

func writeFile(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// applicationFiles writes the application's certificate and key in PEM and as PKCS #12 with the password "pässword".
func applicationFiles(t *testing.T) (cert *x509.Certificate, pemFile, pfxFile string) {
	t.Helper()
	key, cert := applicationCertificate(t)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})...)
	container, err := pkcs12.Modern.Encode(key, cert, []*x509.Certificate{newCertificate(t)}, "pässword")
	if err != nil {
		t.Fatal(err)
	}
	return cert, writeFile(t, "app.pem", text), writeFile(t, "app.pfx", container)
}

// TestEnvironmentCredentialSignsInByWhatIsSet goes by Microsoft's precedence: secret, certificate, federation.
func TestEnvironmentCredentialSignsInByWhatIsSet(t *testing.T) {
	cert, pemFile, pfxFile := applicationFiles(t)
	server := intunetest.NewServer(t, intunetest.WithClientCertificate(cert),
		intunetest.WithFederatedCredential(federatedIssuer, federatedSubject, nil))
	tokenFile := writeFile(t, "token", []byte(server.FederatedAssertion(nil)+"\n"))
	tests := map[string]struct {
		set  map[string]string
		sent string // the parameter that shows which it was
	}{
		"secret":      {map[string]string{"AZURE_CLIENT_SECRET": intunetest.ClientSecret}, "client_secret"},
		"all":         {map[string]string{"AZURE_CLIENT_SECRET": intunetest.ClientSecret, "AZURE_CLIENT_CERTIFICATE_PATH": "missing", "AZURE_FEDERATED_TOKEN_FILE": "missing"}, "client_secret"},
		"certificate": {map[string]string{"AZURE_CLIENT_CERTIFICATE_PATH": pemFile, "AZURE_FEDERATED_TOKEN_FILE": "missing"}, "client_assertion"},
		"container":   {map[string]string{"AZURE_CLIENT_CERTIFICATE_PATH": pfxFile, "AZURE_CLIENT_CERTIFICATE_PASSWORD": "pässword"}, "client_assertion"},
		"federation":  {map[string]string{"AZURE_FEDERATED_TOKEN_FILE": tokenFile}, "client_assertion"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			environment(t, test.set)
			t.Setenv("AZURE_TENANT_ID", intunetest.TenantID)
			t.Setenv("AZURE_CLIENT_ID", intunetest.ClientID)
			cred, err := intune.EnvironmentCredentialWith(clientcert.Load)
			if err != nil {
				t.Fatal(err)
			}
			before := len(server.Requests())
			if err := use(t.Context(), clientOf(t, server, cred)); err != nil {
				t.Fatal(err)
			}
			if body := server.Requests()[before].Body; !strings.Contains(body, test.sent+"=") {
				t.Errorf("sent %s", body)
			}
		})
	}
}

func TestEnvironmentThatCannotBeUsed(t *testing.T) {
	_, pemFile, pfxFile := applicationFiles(t)
	ids := func(more ...string) map[string]string {
		set := map[string]string{"AZURE_TENANT_ID": tenant, "AZURE_CLIENT_ID": app}
		for i := 0; i < len(more); i += 2 {
			set[more[i]] = more[i+1]
		}
		return set
	}
	garbage := writeFile(t, "garbage.pem", []byte("garbage"))
	tests := map[string]struct {
		set  map[string]string
		want string
	}{
		"no way to sign in":       {ids(), "lacks a credential (AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH or AZURE_FEDERATED_TOKEN_FILE)"},
		"password without a file": {ids("AZURE_CLIENT_SECRET", "s", "AZURE_CLIENT_CERTIFICATE_PASSWORD", "p"), "has AZURE_CLIENT_CERTIFICATE_PASSWORD, but not AZURE_CLIENT_CERTIFICATE_PATH"},
		"missing file":            {ids("AZURE_CLIENT_CERTIFICATE_PATH", "missing.pem"), "AZURE_CLIENT_CERTIFICATE_PATH names a file that cannot be used: "},
		"container":               {ids("AZURE_CLIENT_CERTIFICATE_PATH", pfxFile), "EnvironmentCredentialWith(clientcert.Load)"},
		"garbage":                 {ids("AZURE_CLIENT_CERTIFICATE_PATH", garbage), "neither PEM nor PKCS #12"},
		"host":                    {ids("AZURE_CLIENT_CERTIFICATE_PATH", pemFile, "AZURE_AUTHORITY_HOST", "http://login.example"), "AZURE_AUTHORITY_HOST"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			environment(t, test.set)
			cred, err := intune.EnvironmentCredential()
			if cred != nil || !errors.As(err, new(*intune.InputError)) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// tokenOf is a credential with a token or an error.
func tokenOf(token string, err error, asked *int) intune.Credential {
	return credential(func(context.Context, intune.TokenRequest) (*oauth2.Token, error) {
		*asked++
		if err != nil {
			return nil, err
		}
		return &oauth2.Token{AccessToken: token}, nil
	})
}

func TestChainedCredentialTakesTheFirstThatIsAvailable(t *testing.T) {
	unavailable := fmt.Errorf("%w: no GitHub here", intune.ErrCredentialUnavailable)
	rejected := &intune.AuthError{Code: "invalid_client", StatusCode: 401}
	var first, second, third int
	tests := map[string]struct {
		chain []intune.Credential
		want  string
		asked [3]int
		err   error
	}{
		"the first":          {[]intune.Credential{tokenOf("1", nil, &first), tokenOf("2", nil, &second)}, "1", [3]int{1, 0, 0}, nil},
		"the second":         {[]intune.Credential{tokenOf("", unavailable, &first), tokenOf("2", nil, &second), tokenOf("3", nil, &third)}, "2", [3]int{1, 1, 0}, nil},
		"none":               {[]intune.Credential{tokenOf("", unavailable, &first), tokenOf("", unavailable, &second)}, "", [3]int{1, 1, 0}, unavailable},
		"a rejection counts": {[]intune.Credential{tokenOf("", rejected, &first), tokenOf("2", nil, &second)}, "", [3]int{1, 0, 0}, rejected},
	}
	for name, test := range tests {
		first, second, third = 0, 0, 0
		token, err := intune.ChainedCredential(test.chain...).Token(t.Context(), intune.TokenRequest{})
		if !errors.Is(err, test.err) || err == nil && token.AccessToken != test.want || [3]int{first, second, third} != test.asked {
			t.Errorf("%s: got %v, %v, asked %v", name, token, err, []int{first, second, third})
		}
	}
}

func TestChainedCredentialKnowsTheHostOfTheEnvironment(t *testing.T) {
	server := intunetest.NewServer(t)
	environment(t, map[string]string{
		"AZURE_TENANT_ID": intunetest.TenantID, "AZURE_CLIENT_ID": intunetest.ClientID, "AZURE_CLIENT_SECRET": intunetest.ClientSecret,
		"AZURE_AUTHORITY_HOST": server.URL(),
	})
	cred, err := intune.EnvironmentCredential()
	if err != nil {
		t.Fatal(err)
	}
	github := intune.ClientAssertionCredential(intunetest.TenantID, intunetest.ClientID, intune.GitHubActionsAssertion(""))
	t.Setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "")
	if err := use(t.Context(), newClient(t, intune.ChainedCredential(github, cred), intune.WithBaseURL(server.URL()))); err != nil {
		t.Error(err)
	}
}

func TestEnvironmentSecretWithALineBreakIsReportedAtOnce(t *testing.T) {
	t.Setenv("AZURE_TENANT_ID", tenant)
	t.Setenv("AZURE_CLIENT_ID", app)
	t.Setenv("AZURE_CLIENT_SECRET", aSecret+"\n")
	_, err := intune.EnvironmentCredential()
	errorAs[*intune.InputError](t, err)
}
