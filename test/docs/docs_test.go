// Package docs_test keeps the pages and the examples true: their code compiles, and runs if it can; links lead somewhere;
// figures are those that were measured. interop compiles the code that needs other modules.
package docs_test

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
	"github.com/seed-230b9595/intune-go/test/cloudproxy"
)

const thisModule = "github.com/seed-230b9595/intune-go"

// root is the folder of the repository, from where paths of pages count. Each test changes to it by itself: if TestMain did, the
// go command would not notice changes of the pages, and would show a cached result.
const root = "../.."

// TestCodeToCopy compiles the code of all pages and all examples, and runs it: programs against an emulator at the addresses
// of Microsoft's services, everything else with one of its own. Examples meet both.
func TestCodeToCopy(t *testing.T) {
	t.Chdir(root)
	if testing.Short() {
		t.Skip("builds the code of all pages")
	}
	c := codeOfThePages(t)
	b := c.bundle(t)
	for _, fragment := range c.fragments {
		t.Run(fragment.Origin(), func(t *testing.T) {
			t.Parallel()
			runFragment(t, b, fragment.Origin())
		})
	}
	for name, run := range map[string]func(*testing.T, *bundle){
		"README.md": runProgram, "docs/migrating.md": migrate,
		"examples against their own emulator": runExamples, "examples against the real addresses": runExamplesInTheCloud,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, b)
		})
	}
	for _, credential := range c.credentials {
		t.Run(credential.Origin(), func(t *testing.T) {
			t.Parallel()
			signIn(t, b, credential)
		})
	}
	t.Run("tests, and the handler of docs/servers.md", func(t *testing.T) {
		t.Parallel()
		if out := output(t, b.folder, nil, b.binary, "-test.v"); !strings.Contains(out, "--- PASS: TestServers/") {
			t.Errorf("not all tests were run:\n%s", out)
		}
	})
}

func runFragment(t *testing.T, b *bundle, origin string) {
	t.Helper()
	folder := t.TempDir()
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: intunetest.NewCertificate("Proxy").Raw})
	write(t, filepath.Join(folder, "proxy-ca.pem"), string(authority))
	for _, name := range []string{"contoso.cer", "contoso.pfx"} {
		write(t, filepath.Join(folder, name), string(intunetest.NewCertificate("Contoso").Raw))
	}
	_, env := cloudproxy.Start(t)
	output(t, folder, env, b.binary, origin)
}

// runProgram runs the program of the README in the tenant of somebody who has last year's certificate: on the first day,
// the next day, and a month later.
func runProgram(t *testing.T, b *bundle) {
	t.Helper()
	folder := t.TempDir()
	write(t, filepath.Join(folder, "contoso.cer"), string(contoso(40, 400).Content))
	server, env := cloudproxy.Start(t)
	old, err := server.Client().EnterpriseCodeSigningCertificates().Create(t.Context(), contoso(420, 20))
	if err != nil {
		t.Fatal(err)
	}
	for day := range 2 {
		out := output(t, folder, env, b.binary, "README.md")
		if got := server.Certificates(); len(got) != 2 || !strings.Contains(out, "to be deleted: ["+old.ID+"]") {
			t.Errorf("after day %d: %d certificates\n%s", day+1, len(got), out)
		}
	}
	for _, record := range server.Certificates() {
		before := record.UploadDateTime.AddDate(0, 0, -31)
		update := &intune.EnterpriseCodeSigningCertificateUpdate{UploadDateTime: &before}
		if _, err := server.Client().EnterpriseCodeSigningCertificates().Update(t.Context(), record.ID, update); err != nil {
			t.Fatal(err)
		}
	}
	out := output(t, folder, env, b.binary, "README.md")
	if got := server.Certificates(); len(got) != 1 || !strings.Contains(out, "deleted: ["+old.ID+"]") {
		t.Errorf("after a month: %d certificates\n%s", len(got), out)
	}
}

// migrate runs the program that docs/migrating.md compares with one that uses Microsoft's SDK.
func migrate(t *testing.T, b *bundle) {
	t.Helper()
	folder := t.TempDir()
	block := &pem.Block{Type: "CERTIFICATE", Bytes: contoso(40, 400).Content}
	write(t, filepath.Join(folder, "contoso.pem"), string(pem.EncodeToMemory(block)))
	server, env := cloudproxy.Start(t)
	out := output(t, folder, env, b.binary, "docs/migrating.md")
	if got := server.Certificates(); len(got) != 1 || strings.TrimSpace(out) != got[0].ID {
		t.Errorf("the tenant has %v\n%s", got, out)
	}
}

// contoso returns a certificate of Contoso that was issued some days ago and expires in some days.
func contoso(ago, in int) *intune.EnterpriseCodeSigningCertificate {
	return intune.FromX509(intunetest.NewCertificate("Contoso", func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().AddDate(0, 0, -ago), time.Now().AddDate(0, 0, in)
	}))
}

// write writes a file, and makes its folder.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// output runs a command that must succeed.
func output(t *testing.T, folder string, env []string, name string, args ...string) string {
	t.Helper()
	out, err := run(t, folder, env, name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
	return out
}

// run runs a command.
func run(t *testing.T, folder string, env []string, name string, args ...string) (output string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = folder, env
	out, err := cmd.CombinedOutput()
	return string(out), err
}
