package docs_test

import (
	"bufio"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest"
	"github.com/seed-230b9595/intune-go/test/cloudproxy"
	"github.com/seed-230b9595/intune-go/test/snippets"
)

// signIn runs the program of the README with another credential.
func signIn(t *testing.T, b *bundle, credential snippets.Snippet) {
	t.Helper()
	folder := t.TempDir()
	write(t, filepath.Join(folder, "contoso.cer"), string(contoso(40, 400).Content))
	cert, key := applicationCertificate(t)
	server, env := cloudproxy.Start(t, intunetest.WithClientCertificate(cert), intunetest.WithFederatedCredential("https://issuer.example", "job", nil))
	assertion := server.FederatedAssertion(nil)
	write(t, filepath.Join(folder, "app.pfx"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))+key)
	write(t, filepath.Join(folder, "token"), assertion)
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"value":%q,"oidcToken":%q}`, assertion, assertion)
	}))
	t.Cleanup(issuer.Close)
	env = append(env, "AZURE_FEDERATED_TOKEN_FILE="+filepath.Join(folder, "token"))
	for name, variables := range map[string][]string{
		"GitHubActionsAssertion(\"\")), nil\n": {"ACTIONS_ID_TOKEN_REQUEST_URL=" + issuer.URL + "/token?v=1", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=x"},
		"AzurePipelinesAssertion":              {"SYSTEM_OIDCREQUESTURI=" + issuer.URL + "/token", "SYSTEM_ACCESSTOKEN=x", "SERVICE_CONNECTION_ID=1"},
	} {
		if strings.Contains(credential.Code, name) {
			env = append(env, variables...)
		}
	}

	cmd := exec.CommandContext(t.Context(), b.binary, credential.Origin())
	cmd.Dir, cmd.Env = folder, env
	errors := new(strings.Builder)
	cmd.Stderr = errors
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	last := ""
	for lines.Scan() {
		last = lines.Text()
		if address, found := strings.CutPrefix(last, "Sign in at https://login.microsoftonline.com"); found {
			visit(t, server.HTTPClient(), server.URL()+address)
		}
		if words := strings.Fields(last); strings.HasPrefix(last, "Go to ") {
			if err := server.ApproveDevice(words[len(words)-1]); err != nil {
				t.Error(err)
			}
		}
	}
	if err := cmd.Wait(); err != nil || !strings.HasPrefix(last, "in use: ") {
		t.Errorf("%v\n%s\n%s", err, last, errors)
	}
}

// visit opens an address as a browser does.
func visit(t *testing.T, client *http.Client, address string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
}

var applicationKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// applicationCertificate returns what an application signs in with; the key is in PEM.
func applicationCertificate(t *testing.T) (cert *x509.Certificate, key string) {
	t.Helper()
	private, err := applicationKey()
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	if cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	pkcs1 := x509.MarshalPKCS1PrivateKey(private)
	return cert, string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: pkcs1}))
}
