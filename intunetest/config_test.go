package intunetest_test

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

func TestHostsAreInTheCertificate(t *testing.T) {
	server := intunetest.NewServer(t, intunetest.WithTLS(), intunetest.WithHosts("graph.test", "192.0.2.1"))
	for _, host := range []string{"graph.test", "192.0.2.1", "127.0.0.1", "::1", "localhost"} {
		if err := server.TLSCertificate().VerifyHostname(host); err != nil {
			t.Error(err)
		}
	}
}

// TestRequestsCostLittleMemory: those that anybody can send too.
func TestRequestsCostLittleMemory(t *testing.T) {
	w := newWire(t, intunetest.WithoutQuota())
	for range 20 {
		w.send(http.MethodPost, certificates, strings.Repeat("x", 4<<20), "Authorization: Bearer guessed")
		w.post("/"+intunetest.TenantID+"/oauth2/v2.0/token", strings.Repeat("x", 200<<10))
	}
	size := 0
	for _, r := range w.server.Requests() {
		size += len(r.Body)
	}
	if size < 58<<20 || size > 64<<20 {
		t.Errorf("%d bytes are kept", size)
	}
	w.server.ClearRequests()
	if got := w.server.Requests(); len(got) != 0 {
		t.Errorf("%d requests are kept", len(got))
	}
}

func TestStartChecksTheSettings(t *testing.T) {
	for name, change := range map[string]intunetest.ServerOption{
		"pageSize":      intunetest.WithPageSize(0),
		"size is -1":    intunetest.WithPageSize(-1),
		"quotaWrites":   intunetest.WithQuota(0, 1, time.Second),
		"quotaRequests": intunetest.WithQuota(1, 0, time.Second),
		"quotaWindow":   intunetest.WithQuota(1, 1, -1),
	} {
		if server, err := intunetest.Start(change); err == nil {
			server.Close()
			t.Errorf("%s: it is accepted", name)
		} else if !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// loadSettings writes settings into a file and reads them.
func loadSettings(t *testing.T, settings string) (intunetest.ServerOption, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "settings.json")
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	return intunetest.LoadSettings(file)
}

// withSettings is the option for settings without mistakes.
func withSettings(t *testing.T, settings string) intunetest.ServerOption {
	t.Helper()
	option, err := loadSettings(t, settings)
	if err != nil {
		t.Fatal(err)
	}
	return option
}

func TestSettingsAreReadFromAFile(t *testing.T) {
	w := newWire(t, intunetest.WithRespelling(), withSettings(t, `{"tls":false, "hosts":["graph.test"], "tokenLifetime":"2m", "pageSize":2,
		"visibleContent":"forever", "permissions":[], "namesWithout":["STREET"]}`), intunetest.WithPermissions("DeviceManagementApps.ReadWrite.All"))
	if got := w.object(w.signIn()); got["expires_in"] != 120.0 {
		t.Errorf("got %v", got)
	}
	w.wantStatus(w.send(http.MethodGet, "/_emulator/health", "", "Host: graph.test"), http.StatusOK)
	content := base64.StdEncoding.EncodeToString(intunetest.NewCertificate("Contoso").Raw)
	for range 3 {
		created := w.object(w.create(`{"content":"` + content + `","subject":"CN=A, STREET=B, C=US"}`))
		if created["subject"] != "CN=A, C=US" || created["content"] != content { // not respelled: settings replace what is before them
			t.Errorf("got %v", created)
		}
	}
	if value, _ := w.list(certificates); len(value) != 2 {
		t.Errorf("a page holds %v", value)
	}
}

// TestMistakesInSettingsAreFound: each error names the file, the line and the setting.
func TestMistakesInSettingsAreFound(t *testing.T) {
	for settings, want := range map[string]string{
		"{\n\n\"pageSize\": \"many\"}":        `3: "pageSize": it cannot be a string`,
		"{\n\"pageSizes\": 1}":                `2: there is no setting "pageSizes"`,
		"{\"clockSkew\": \"soon\"}":           `1: "clockSkew": "soon" is no duration`,
		"{\"clockSkew\": 60}":                 `1: "clockSkew": want a duration in quotation marks`,
		"{\"people\": [{\"nam\": \"A\"}]}":    `1: "people": unknown field "nam"`,
		"{\"people\": [{\"name\": 1}]}":       `1: "people": name cannot be a number`,
		"{\n\"tls\": tru}":                    `2: invalid character`,
		"{\n\"tls\": \"\xff\"}":               `2: the JSON is not in UTF-8`,
		"{\n\"tenantId\": \"a,\n\"b\"":        `2: invalid character '\n' in string literal`,
		"{\"hosts\": [\"tls\"],\n\"tls\": 1}": `2: "tls": it cannot be a number`,
		"{\n\"pageSize\":\n0}":                `2: "pageSize": the page size is 0, want 1 or more`,
		"{\n\"tls\": true":                    `2: unexpected end of JSON input`,
		"{}\n{}":                              `2: invalid character '{' after top-level value`,
		"[]":                                  `1: want a JSON object`,
		"":                                    `1: unexpected end of JSON input`,
		"{\n\"clientCertificates\": [\"none.cer\"]}":                   `2: "clientCertificates": `,
		"{\"federatedCredentials\": [{\"keys\": [{\"kty\":\"EC\"}]}]}": `1: "federatedCredentials": want RSA keys`,
		"{\"federatedCredentials\": [{\"key\": \"\"}]}":                `1: "federatedCredentials": unknown field "key"`,
	} {
		_, err := loadSettings(t, settings)
		if err == nil || !strings.Contains(err.Error(), "settings.json:"+want) {
			t.Errorf("%s: got %v, want %s", settings, err, want)
		}
	}
	if _, err := intunetest.LoadSettings("missing.json"); err == nil || !strings.Contains(err.Error(), "missing.json") {
		t.Errorf("got %v", err)
	}
}

func TestSettingsRegisterCredentials(t *testing.T) {
	const tenant, client = "ea46cd1d-4a9c-4b47-a9ad-6b3a5d2a53b1", "b20d3703-3703-b20d-0337-0db203370db2"
	cert := clientCertificate(t)
	file := filepath.Join(t.TempDir(), "app.cer")
	if err := os.WriteFile(file, cert.Raw, 0o600); err != nil {
		t.Fatal(err)
	}
	key := `{"kty":"RSA","use":"sig","n":"` + base64url(otherKey().N.Bytes()) + `","e":"AQAB"}`
	server := intunetest.NewServer(t, withSettings(t, `{
		"tenantId": "`+tenant+`", "clientId": "`+client+`", "clientSecret": "other", "clientCertificates": [`+quoted(filepath.ToSlash(file))+`],
		"federatedCredentials": [
			{"issuer": "`+issuer+`", "subject": "job", "keys": [`+key+`]},
			{"issuer": "`+issuer+`", "subject": "job", "audience": "api://other", "keys": [`+key+`]}
		]}`))
	assertion := func(audience string) intune.AssertionFunc {
		return func(context.Context, intune.TokenRequest) (string, error) {
			return sign(t, otherKey(), fields{"alg": "RS256"}, fields{
				"iss": issuer, "sub": "job", "aud": audience, "exp": time.Now().Add(time.Minute).Unix(),
			}), nil
		}
	}
	for name, credential := range map[string]intune.Credential{
		"secret":           server.Credential(),
		"certificate":      intune.ClientCertificateCredential(tenant, client, []*x509.Certificate{cert}, clientKey()),
		"default audience": intune.ClientAssertionCredential(tenant, client, assertion("api://AzureADTokenExchange")),
		"own audience":     intune.ClientAssertionCredential(tenant, client, assertion("api://other")),
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
