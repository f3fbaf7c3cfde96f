// Package interop contains only tests. They check this project against clients and servers that it did not write:
//
//   - Microsoft's azidentity signs in at the emulator, package intunetest, and creates a certificate with the token.
//   - The libraries under Microsoft's Graph SDK for Go, msgraph-sdk-go-core and kiota-http-go, manage certificates in the
//     emulator with their default middleware.
//   - Microsoft's libraries for JavaScript and Python do the same: see the folders npm and python.
//   - The credentials of package intune sign in at an OpenID provider, github.com/zitadel/oidc, which verifies their
//     assertions, codes and challenges with its own code and that of go-jose.
//   - Package intune works behind nginx, haproxy and squid: a certificate is stored once, and errors say who responded.
//
// It is a separate module because of their size.
package interop_test

// Microsoft's libraries for JavaScript and Python drive the emulator over https, in programs of their own.

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/seed-230b9595/intune-go/intunetest"
)

// startForClients starts an emulator, and returns the environment in which a program finds it.
func startForClients(t *testing.T) (env []string) {
	t.Helper()
	client := issue(t, "app.contoso.example", nil)
	folder := t.TempDir()
	authority := filepath.Join(folder, "ca.pem")
	server := intunetest.NewServer(t, intunetest.WithTLS(), intunetest.WithCAFile(authority), intunetest.WithPageSize(3),
		intunetest.WithClientCertificate(client.cert), intunetest.WithFederatedCredential(issuer, subject, nil))
	writePEM(t, authority, "CERTIFICATE", server.TLSCertificate().Raw)
	key, err := x509.MarshalPKCS8PrivateKey(client.key)
	if err != nil {
		t.Fatal(err)
	}
	identity := writePEM(t, filepath.Join(folder, "client.pem"), "PRIVATE KEY", key, "CERTIFICATE", client.cert.Raw)
	thumbprint, old := sha256.Sum256(client.cert.Raw), sha1.Sum(client.cert.Raw)
	env = os.Environ()
	for _, variable := range server.Environment() {
		env = append(env, variable.Name+"="+variable.Value)
	}
	return append(env,
		"NODE_EXTRA_CA_CERTS="+authority, "REQUESTS_CA_BUNDLE="+authority,
		"CLIENT_CERTIFICATE="+identity, "CLIENT_CERTIFICATE_SHA256="+hex.EncodeToString(thumbprint[:]),
		"CLIENT_CERTIFICATE_SHA1="+hex.EncodeToString(old[:]),
		"CLIENT_ASSERTION="+server.FederatedAssertion(nil),
		"CERTIFICATE_CONTENT="+base64.StdEncoding.EncodeToString(intunetest.NewCertificate("Contoso").Raw))
}

// writePEM writes blocks, each a type and its bytes, and returns the path.
func writePEM(t *testing.T, path string, blocks ...any) string {
	t.Helper()
	var text []byte
	for i := 0; i < len(blocks); i += 2 {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: blocks[i].(string), Bytes: blocks[i+1].([]byte)})...)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func run(t *testing.T, folder, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = folder, startForClients(t)
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

func TestJavaScriptClients(t *testing.T) {
	wantNodeModules(t)
	run(t, "npm", "npm", "test", "--silent")
}

func TestPythonClients(t *testing.T) {
	python := findPython(t, []string{"import msal", "msal"})
	run(t, "python", python, "-m", "unittest", "-v")
}

// findPython finds an interpreter that has the modules of these matches, such as Debian's with python3-msal.
func findPython(t *testing.T, imports ...[]string) string {
	t.Helper()
	script := ""
	for _, match := range imports {
		script += "import " + match[1] + "\n"
	}
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if err := exec.CommandContext(t.Context(), python, "-c", script).Run(); err == nil {
			return python
		}
	}
	t.Skip("no python3 has the modules; on Debian they are in python3-msal, python3-authlib and so on")
	return ""
}
