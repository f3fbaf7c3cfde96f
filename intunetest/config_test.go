package intunetest_test

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

func TestOptionsChangeTheConfigBeforeThem(t *testing.T) {
	config := intunetest.DefaultConfig()
	config.PageSize, config.Permissions = 1, []string{"DeviceManagementApps.Read.All"}
	w := newWire(t, intunetest.WithConfig(config), intunetest.WithPermissions("DeviceManagementApps.ReadWrite.All"))
	w.create(minimal)
	w.create(minimal)
	if value, _ := w.list(certificates); len(value) != 1 {
		t.Errorf("a page holds %v", value)
	}
}

func TestHostsAreInTheCertificate(t *testing.T) {
	server := intunetest.NewServer(t, intunetest.WithTLS(), func(c *intunetest.Config) { c.Hosts = []string{"graph.test", "192.0.2.1"} })
	for _, host := range []string{"graph.test", "192.0.2.1", "127.0.0.1", "::1", "localhost"} {
		if err := server.TLSCertificate().VerifyHostname(host); err != nil {
			t.Error(err)
		}
	}
}

func TestOnlyTheLatestRequestsAreKept(t *testing.T) {
	w := newWire(t, func(c *intunetest.Config) { c.MaxRequests = 2 })
	for _, version := range []string{"a", "b", "c"} {
		w.get("/" + version)
	}
	if got := w.server.Requests(); len(got) != 2 || got[0].URL != "/b" || got[1].URL != "/c" || got[1].Status != 404 {
		t.Errorf("got %+v", got)
	}
}

// TestRequestsWithoutATokenCostLittleMemory: those with a known token are kept all the same.
func TestRequestsWithoutATokenCostLittleMemory(t *testing.T) {
	w := newWire(t, intunetest.WithoutQuota())
	w.wantStatus(w.create(minimal), http.StatusCreated)
	for range 20 {
		w.send(http.MethodPost, certificates, strings.Repeat("x", 1<<20), "Authorization: Bearer guessed")
		w.post("/"+intunetest.TenantID+"/oauth2/v2.0/token", strings.Repeat("x", 200<<10))
	}
	size, known := 0, 0
	for _, r := range w.server.Requests() {
		size += len(r.Body)
		if r.Who != "" {
			known++
		}
	}
	if size < 10<<20 || size > 16<<20 || known != 1 {
		t.Errorf("%d bytes are kept, and %d requests with a token", size, known)
	}
	w.server.Reset()
	if got := w.server.Requests(); len(got) != 0 {
		t.Errorf("%d requests are kept", len(got))
	}
}

func TestStartChecksTheConfig(t *testing.T) {
	for name, change := range map[string]intunetest.ServerOption{
		"maxRequests":   func(c *intunetest.Config) { c.MaxRequests = -1 },
		"people":        func(c *intunetest.Config) { c.People = nil },
		"tenantId":      func(c *intunetest.Config) { c.TenantID = "" },
		"pageSize":      intunetest.WithPageSize(0),
		"size is -1":    intunetest.WithPageSize(-1),
		"quotaWrites":   intunetest.WithQuota(0, 1, time.Second),
		"quotaRequests": intunetest.WithQuota(1, 0, time.Second),
		"quotaWindow":   intunetest.WithQuota(1, 1, 0),
	} {
		if server, err := intunetest.Start(change); err == nil {
			server.Close()
			t.Errorf("%s: it is accepted", name)
		} else if !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// loadConfig writes settings into a file and reads them. The files of a setting stand beside it.
func loadConfig(t *testing.T, settings string, files map[string][]byte) (intunetest.Config, error) {
	t.Helper()
	folder := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(folder, "settings.json")
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	return intunetest.LoadConfig(file)
}

func TestSettingsAreReadFromAFile(t *testing.T) {
	want := intunetest.DefaultConfig()
	want.TLS, want.Hosts, want.ClockSkew, want.QuotaWindow, want.StrictGraph = true, []string{"graph.test"}, -time.Minute, 3*time.Second, true
	want.VisibleContent, want.License, want.NamesWithout = intunetest.Forever, false, []string{"STREET"}
	want.TenantID, want.People = "T", []intunetest.Person{{Name: "Ann", UserName: "ann@contoso.example"}}
	got, err := loadConfig(t, `{"tls":true, "hosts":["graph.test"], "clockSkew":"-1m", "quotaWindow":"3s", "strictGraph":true,
		"visibleContent":"forever", "license":false, "namesWithout":["STREET"], "tenantId":"T",
		"people":[{"name":"Ann","userName":"ann@contoso.example"}]}`, nil)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
}

// TestMistakesInSettingsAreFound: each error names the file, the line and the setting.
func TestMistakesInSettingsAreFound(t *testing.T) {
	for settings, want := range map[string]string{
		"{\n\n\"pageSize\": \"many\"}":     `3: "pageSize": it cannot be a string`,
		"{\n\"pageSizes\": 1}":             `2: there is no setting "pageSizes"`,
		"{\"tls\": true,\n\"tls\": false}": `2: "tls": it is set twice`,
		"{\"clockSkew\": \"soon\"}":        `1: "clockSkew": "soon" is no duration`,
		"{\"clockSkew\": 60}":              `1: "clockSkew": want a duration in quotation marks`,
		"{\"people\": [{\"nam\": \"A\"}]}": `1: "people": unknown field "nam"`,
		"{\"people\": [{\"name\": 1}]}":    `1: "people": name cannot be a number`,
		"{\"hosts\": null}":                `1: "hosts": it is null`,
		"{\"tls\": tru}":                   `1: "tls": invalid character`,
		"{\n\"pageSize\":\n0}":             `2: "pageSize": the page size is 0, want 1 or more`,
		"{\n\"tls\": true":                 `2: the JSON ends too early`,
		"{}\n{}":                           `2: something follows`,
		"[]":                               `1: want a JSON object`,
		"":                                 `1: want a JSON object`,
		"{\n\"clientCertificates\": [\"none.cer\"]}":               `2: "clientCertificates": `,
		"{\"federatedCredentials\": [{\"keys\": [\"text.pem\"]}]}": `1: "federatedCredentials": text.pem: want public keys`,
		"{\"federatedCredentials\": [{\"key\": \"\"}]}":            `1: "federatedCredentials": unknown field "key"`,
	} {
		_, err := loadConfig(t, settings, map[string][]byte{"text.pem": []byte("text")})
		if err == nil || !strings.Contains(err.Error(), "settings.json:"+want) {
			t.Errorf("%s: got %v, want %s", settings, err, want)
		}
	}
	if _, err := intunetest.LoadConfig("missing.json"); err == nil || !strings.Contains(err.Error(), "missing.json") {
		t.Errorf("got %v", err)
	}
}

func TestSettingsRegisterCredentials(t *testing.T) {
	const tenant, client = "ea46cd1d-4a9c-4b47-a9ad-6b3a5d2a53b1", "b20d3703-3703-b20d-0337-0db203370db2"
	cert := clientCertificate(t)
	der, err := x509.MarshalPKIXPublicKey(otherKey().Public())
	if err != nil {
		t.Fatal(err)
	}
	config, err := loadConfig(t, `{
		"tenantId": "`+tenant+`", "clientId": "`+client+`", "clientSecret": "other", "clientCertificates": ["app.cer"],
		"federatedCredentials": [
			{"issuer": "`+issuer+`", "subject": "by PEM", "keys": ["issuer.pem"]},
			{"issuer": "`+issuer+`", "subject": "by JWKS", "audience": "api://other", "keys": ["jwks.json"]}
		]}`, map[string][]byte{
		"app.cer":    cert.Raw,
		"issuer.pem": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}),
		"jwks.json":  []byte(`{"keys":[{"kty":"EC"},{"kty":"RSA","n":"` + base64url(clientKey().N.Bytes()) + `","e":"AQAB"}]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	server := intunetest.NewServer(t, intunetest.WithConfig(config))
	assertion := func(key crypto.Signer, subject, audience string) intune.AssertionFunc {
		return func(context.Context, intune.TokenRequest) (string, error) {
			return sign(t, key, fields{"alg": "RS256"}, fields{
				"iss": issuer, "sub": subject, "aud": audience, "exp": time.Now().Add(time.Minute).Unix(),
			}), nil
		}
	}
	for name, credential := range map[string]intune.Credential{
		"secret":      server.Credential(),
		"certificate": intune.ClientCertificateCredential(tenant, client, []*x509.Certificate{cert}, clientKey()),
		"PEM":         intune.ClientAssertionCredential(tenant, client, assertion(otherKey(), "by PEM", "api://AzureADTokenExchange")),
		"JWKS":        intune.ClientAssertionCredential(tenant, client, assertion(clientKey(), "by JWKS", "api://other")),
	} {
		own, err := intune.NewClient(credential, intune.WithBaseURL(server.URL()), intune.WithAuthorityURL(server.URL()))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := own.EnterpriseCodeSigningCertificates().Count(t.Context(), intune.Filter{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
