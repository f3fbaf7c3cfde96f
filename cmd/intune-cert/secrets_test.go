package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

// TestSecretsNeverShow: by no command, in no form, with -v, although everything that is sent is echoed.
func TestSecretsNeverShow(t *testing.T) {
	const secret = "REAL~secret+value/with=all_kinds"
	for name, signsIn := range map[string]bool{"the sign-in echoes": false, "Graph echoes": true} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			server := echo(t, signsIn)
			f.write("ca.pem", pemOf(server.Certificate()))
			f.application()
			f.writeCertificate("new.cer", contoso())
			f.azureCLI("REAL-token-of-the-azure-cli")
			f.env = append(f.env, "INTUNE_CERT_EMULATOR=", "HTTPS_PROXY="+proxyTo(t, server.Listener.Addr().String()), "AZURE_CLIENT_SECRET="+secret,
				"INTUNE_CERT_PASSWORD="+secret, "SYSTEM_ACCESSTOKEN="+secret, "ACTIONS_ID_TOKEN_REQUEST_TOKEN="+secret,
				"ACTIONS_ID_TOKEN_REQUEST_URL=https://graph.microsoft.com/token", "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID=connection",
				"SYSTEM_OIDCREQUESTURI=https://graph.microsoft.com/oidc")
			_, root := newApp(newTestApp(t).Terminal)
			for _, args := range commandLines(root) {
				for _, more := range [][]string{nil, {"-o", "json"}, {"--auth", "github"}, {"--auth", "azure-pipelines"}, {"--auth", "cli"}} {
					t.Run(strings.Join(slices.Concat(args, more), " "), func(t *testing.T) {
						t.Parallel() // each waits between two attempts
						done := f.run(slices.Concat(args, more, []string{"-v"})...)
						if text := done.stdout + done.stderr; strings.Contains(text, "REAL") || text == "" {
							t.Errorf("%v: %s", done.args, text)
						}
					})
				}
			}
		})
	}
}

// commandLines has one for each command that uses a secret.
func commandLines(root *cobra.Command) (lines [][]string) {
	for _, command := range root.Commands() {
		if command.Name() == "emulator" || !command.IsAvailableCommand() { // whose secret is public
			continue
		}
		line := []string{command.Name()}
		switch {
		case strings.Contains(command.Use, "FILE"):
			line = append(line, "new.cer")
		case command.Name() == "delete":
			line = append(line, "b20d3703-3703-b20d-0337-0db203370db2", "--yes")
		case strings.Contains(command.Use, "ID"):
			line = append(line, "b20d3703-3703-b20d-0337-0db203370db2")
		}
		lines = append(lines, line)
	}
	return lines
}

// echo is Microsoft Entra ID and Graph in one, and responds with what was sent to it.
func echo(t *testing.T, signsIn bool) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sent := r.Header.Get("Authorization") + " " + string(body)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("request-id", sent)
		switch isGraph := strings.Contains(r.URL.Path, "deviceAppManagement"); {
		case isGraph:
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprintf(w, `{"error":{"code":"BadRequest","message":%q}}`, sent)
		case signsIn:
			_, _ = fmt.Fprint(w, `{"token_type":"Bearer","expires_in":3599,"access_token":"REAL.access.token-of-graph","value":"REAL.assertion.x","oidcToken":"REAL.assertion.x"}`)
		default:
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprintf(w, `{"error":"invalid_client","error_description":%q}`, "AADSTS7000222: "+sent)
		}
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificateFor(t, "graph.microsoft.com", "login.microsoftonline.com")}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func certificateFor(t *testing.T, hosts ...string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: hosts, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
