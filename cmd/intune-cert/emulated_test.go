package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/seed-230b9595/intune-go/intunetest"
)

// TestNothingOfMicrosoftsCloudReachesTheEmulator: whoever listened there got AZURE_CLIENT_SECRET, or the token of the Azure
// CLI.
func TestNothingOfMicrosoftsCloudReachesTheEmulator(t *testing.T) {
	for _, auth := range []string{"env", "cli", "managed-identity", "github", "azure-pipelines", "default"} {
		t.Run(auth, func(t *testing.T) {
			f := newFixture(t)
			f.azureCLI("REAL-token-of-the-azure-cli")
			f.env = append(f.env, "AZURE_TENANT_ID=REAL-tenant", "AZURE_CLIENT_ID=REAL-client", "AZURE_CLIENT_SECRET=REAL-secret-value",
				"SYSTEM_ACCESSTOKEN=REAL-token", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=REAL-token")
			f.run("check", "-v", "--auth", auth).exits(0)
			for _, request := range f.Requests() {
				if sent := fmt.Sprintf("%s %v %s", request.URL, request.Header, request.Body); strings.Contains(sent, "REAL") {
					t.Errorf("sent %s", sent)
				}
			}
		})
	}
}

// TestWhoIsNotTheEmulatorGetsNothing: neither a secret nor a certificate.
func TestWhoIsNotTheEmulatorGetsNothing(t *testing.T) {
	responses := map[string]http.HandlerFunc{
		"another page": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"other JSON":   func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"emulator":"other"}`)) },
		"no secret":    func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"emulator":"intune-cert"}`)) },
		"not found":    http.NotFound,
		"a redirect":   func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
	}
	for name, respond := range responses {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			var mu sync.Mutex
			var requests []string
			listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				requests = append(requests, r.Method+" "+r.URL.Path)
				mu.Unlock()
				respond(w, r)
			}))
			t.Cleanup(listener.Close)
			f.env = append(f.env, "AZURE_TENANT_ID="+intunetest.TenantID, "AZURE_CLIENT_ID="+intunetest.ClientID, "AZURE_CLIENT_SECRET=real")
			f.run("list", "--emulator", listener.URL).exits(1).says("emulator")
			mu.Lock()
			defer mu.Unlock()
			for _, request := range slices.Compact(requests) {
				if request != "GET /_emulator/settings" {
					t.Errorf("sent %s", request)
				}
			}
		})
	}
}

func TestWrongSchemeOfTheEmulatorIsNamed(t *testing.T) {
	f := newFixture(t)
	plain := intunetest.NewServer(t)
	_, address, _ := strings.Cut(f.URL(), "://")
	f.env = append(f.env, "INTUNE_CERT_EMULATOR=http://"+address)
	f.run("list").exits(1).says("the emulator at "+address+" uses https\nNext: Set INTUNE_CERT_EMULATOR to https://"+address+".", "set --ca to the file")
	_, address, _ = strings.Cut(plain.URL(), "://")
	f.run("list", "--emulator", "https://"+address).exits(1).says("the emulator at " + address + " uses http\nNext: Set --emulator to http://" + address + ".\n")
	f.env = append(f.env, "INTUNE_CERT_AUTH=github", "INTUNE_CERT_EMULATOR=")
	f.run("list").exits(1).says("INTUNE_CERT_AUTH github: the credential is not available")
	f.env = append(f.env, "INTUNE_CERT_EMULATOR=contoso.example")
	f.run("list").exits(2).says("intune-cert: INTUNE_CERT_EMULATOR is not an absolute URL")
	f.run("list", "--cloud", "china").exits(2).says("--cloud and INTUNE_CERT_EMULATOR cannot be combined")
}

func TestUsersSignInToTheEmulator(t *testing.T) {
	f := newFixture(t)
	f.signInByDevice("list", "--auth", "device").exits(0)
	f.browser()
	f.run("list", "--auth", "browser").exits(0)
}

// TestTheMissingAddressOfTheEmulatorIsNamed: its token was sent to graph.microsoft.com.
func TestTheMissingAddressOfTheEmulatorIsNamed(t *testing.T) {
	f := newFixture(t)
	f.application()
	f.env = append(f.env, "AZURE_CLIENT_SECRET="+intunetest.ClientSecret, "AZURE_AUTHORITY_HOST="+f.URL(), "INTUNE_CERT_EMULATOR=")
	f.run("list").exits(1).says("INTUNE_CERT_EMULATOR is missing\nNext: Set INTUNE_CERT_EMULATOR to " + f.URL() + ", or")
	if requests := f.Requests(); len(requests) != 0 {
		t.Errorf("sent %d requests", len(requests))
	}
}
