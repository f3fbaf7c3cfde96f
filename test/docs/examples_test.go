package docs_test

import (
	"crypto/x509"
	"os"
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
	t.Chdir(root)
	mains, err := filepath.Glob("examples/*/main.go")
	if err != nil {
		t.Fatal(err)
	}
	if len(mains) != len(examples) {
		t.Errorf("there are %d examples: %s", len(mains), mains)
	}
	for _, name := range examples {
		files, err := os.ReadDir(filepath.Join("examples", name))
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(read(t, "examples/"+name+"/main.go"), "\n"); len(files) != 1 || lines > oneScreen {
			t.Errorf("%s has %d files, and main.go %d lines", name, len(files), lines)
		}
	}
}

// runExamples runs each example as it is started without a tenant.
func runExamples(t *testing.T, b *bundle) {
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
			out, err := runExample(t, b, test.name, withoutAzure(), test.args...)
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			containsInOrder(t, out, test.want...)
		})
	}
}

// runExamplesInTheCloud runs the examples in a tenant, at the addresses of Microsoft's services.
func runExamplesInTheCloud(t *testing.T, b *bundle) {
	t.Helper()
	server, env := cloudproxy.Start(t)
	first, second := writeCertificate(t, "Contoso", 20), writeCertificate(t, "Contoso", 400)
	mustRun := func(name string, args ...string) string {
		t.Helper()
		out, err := runExample(t, b, name, env, args...)
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		return out
	}
	mustFail := func(name, want string, args ...string) {
		t.Helper()
		out, err := runExample(t, b, name, env, args...)
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

// runExample runs an example, and returns what it prints, with the line breaks of HTTP as line feeds.
func runExample(t *testing.T, b *bundle, name string, env []string, args ...string) (out string, err error) {
	t.Helper()
	out, err = run(t, b.folder, env, b.binary, append([]string{"examples/" + name}, args...)...)
	return strings.ReplaceAll(out, "\r\n", "\n"), err
}

// withoutAzure is the environment without the settings of the person who runs the tests.
func withoutAzure() (env []string) {
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "AZURE_") {
			env = append(env, variable)
		}
	}
	return env
}

// writeCertificate writes a certificate that expires in some days, and returns the path of the file.
func writeCertificate(t *testing.T, commonName string, days int) string {
	t.Helper()
	cert := intunetest.NewCertificate(commonName, func(c *x509.Certificate) { c.NotAfter = time.Now().AddDate(0, 0, days) })
	path := filepath.Join(t.TempDir(), "certificate.cer")
	write(t, path, string(intune.FromX509(cert).Content))
	return path
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
