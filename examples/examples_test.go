// Package examples_test builds every example in an empty module outside this repository, as somebody who copies it does,
// and runs it: against its own emulator, and against another one at the addresses of Microsoft's services.
package examples_test

import (
	"bytes"
	"crypto/x509"
	"fmt"
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

// oneScreen is how long an example may be.
const oneScreen = 75

var examples = []string{"create", "inspect", "list", "multitenant", "rotate"}

func TestEveryExampleIsTested(t *testing.T) {
	mains, err := filepath.Glob("*/main.go")
	if err != nil {
		t.Fatal(err)
	}
	if len(mains) != len(examples) {
		t.Errorf("there are %d examples: %s", len(mains), mains)
	}
	for _, name := range examples {
		files, err := os.ReadDir(name)
		if err != nil {
			t.Fatal(err)
		}
		source, err := os.ReadFile(filepath.Join(name, "main.go"))
		if err != nil {
			t.Fatal(err)
		}
		if lines := bytes.Count(source, []byte("\n")); len(files) != 1 || lines > oneScreen {
			t.Errorf("%s has %d files, and main.go %d lines", name, len(files), lines)
		}
	}
}

func TestExamples(t *testing.T) {
	if testing.Short() {
		t.Skip("builds every example")
	}
	programs := build(t)
	t.Run("against their own emulator", func(t *testing.T) { testEmulator(t, programs) })
	t.Run("against the real addresses", func(t *testing.T) { testRealAddresses(t, programs) })
}

func testEmulator(t *testing.T, programs map[string]string) {
	t.Helper()
	file := writeCertificate(t, "Fabrikam", 400)
	tests := []struct {
		name string
		args []string
		want []string // in this order
	}{
		{"create", nil, []string{"POST /beta/deviceAppManagement/enterpriseCodeSigningCertificates HTTP/1.1\n", "  \"subject\": \"CN=Contoso,", "HTTP/1.1 201 Created\n", "\n  \"id\": \"", "Created: "}},
		{"create", []string{file}, []string{"  \"subject\": \"CN=Fabrikam,", "HTTP/1.1 201 Created\n"}},
		{"list", nil, []string{"provisioned     CN=Contoso,", "deployed by Intune\n"}},
		{"rotate", nil, []string{"last year's: ", "this year's: ", "deleted:     ["}},
		{"inspect", nil, []string{"format:     DER\n", "subject:    CN=Contoso,", "in tenant:  no\n"}},
		{"inspect", []string{file}, []string{"subject:    CN=Fabrikam,"}},
		{"multitenant", nil, []string{"uploaded by this run: true\n", "uploaded by this run: true\n"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			out, err := run(t, programs[test.name], withoutAzure(os.Environ()), test.args...)
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			containsInOrder(t, out, test.want...)
		})
	}
}

func testRealAddresses(t *testing.T, programs map[string]string) {
	t.Helper()
	server, env := cloudproxy.Start(t)
	first, second := writeCertificate(t, "Contoso", 20), writeCertificate(t, "Contoso", 400)
	mustRun := func(name string, args ...string) string {
		t.Helper()
		out, err := run(t, programs[name], env, args...)
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		return out
	}
	mustFail := func(name, want string, args ...string) {
		t.Helper()
		out, err := run(t, programs[name], env, args...)
		if err == nil || !strings.Contains(out, want) {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}

	for _, name := range []string{"create", "rotate", "multitenant"} {
		mustFail(name, "usage: "+name)
	}
	if requests := server.Requests(); len(requests) > 0 {
		t.Fatalf("without a file, %s %s was sent", requests[0].Method, requests[0].URL)
	}
	containsInOrder(t, mustRun("create", first), "Host: graph.microsoft.com\n", "HTTP/2.0 201 Created\n", "Created: ")
	containsInOrder(t, mustRun("list"), "deployed by Intune\n")
	containsInOrder(t, mustRun("inspect", first), "finding:    warning: expires-soon", "in tenant:  ", "recognized by names\n")
	containsInOrder(t, mustRun("rotate", second), "deleted:     []\n", "pending:     [")
	containsInOrder(t, mustRun("multitenant", second, intunetest.TenantDomain), intunetest.TenantDomain+" has ", "uploaded by this run: false\n")
	if got := len(server.Certificates()); got != 2 {
		t.Errorf("the tenant has %d certificates", got)
	}
}

// build builds all examples in an empty module, and returns the paths of the programs.
func build(t *testing.T) map[string]string {
	t.Helper()
	repository, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile("../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	const library = "github.com/seed-230b9595/intune-go"
	folder := t.TempDir()
	mod := fmt.Sprintf("module example.com/copied\n\ngo 1.26.0\n\nrequire %s v0.0.0\n\nreplace %s => %q\n", library, library, repository)
	writeFile(t, filepath.Join(folder, "go.mod"), []byte(mod))
	writeFile(t, filepath.Join(folder, "go.sum"), sums)
	programs := make(map[string]string)
	for _, name := range examples {
		if err := os.CopyFS(filepath.Join(folder, name), os.DirFS(name)); err != nil {
			t.Fatal(err)
		}
		programs[name] = filepath.Join(folder, "bin", name)
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-mod=mod", "-ldflags=-w", "-o", filepath.Join(folder, "bin")+string(filepath.Separator), "./...")
	cmd.Dir = folder
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return programs
}

func run(t *testing.T, program string, env []string, args ...string) (output string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	return strings.ReplaceAll(string(out), "\r\n", "\n"), err
}

// withoutAzure drops the settings of the person who runs the tests.
func withoutAzure(env []string) (rest []string) {
	for _, variable := range env {
		if !strings.HasPrefix(variable, "AZURE_") {
			rest = append(rest, variable)
		}
	}
	return rest
}

// writeCertificate writes a certificate that expires in some days, and returns the path of the file.
func writeCertificate(t *testing.T, commonName string, days int) string {
	t.Helper()
	cert := intunetest.NewCertificate(commonName, func(c *x509.Certificate) { c.NotAfter = time.Now().AddDate(0, 0, days) })
	path := filepath.Join(t.TempDir(), "certificate.cer")
	writeFile(t, path, intune.FromX509(cert).Content)
	return path
}

func writeFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func containsInOrder(t *testing.T, text string, parts ...string) {
	t.Helper()
	rest := text
	for _, part := range parts {
		_, after, found := strings.Cut(rest, part)
		if !found {
			t.Errorf("the output lacks %q, or has it at another place:\n%s", part, text)
			return
		}
		rest = after
	}
}
