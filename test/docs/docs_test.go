// Package docs_test keeps the pages true: their code compiles, and runs if it can; their links lead somewhere; their
// figures are those that were measured. interop compiles the code that needs other modules.
package docs_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
	"github.com/seed-230b9595/intune-go/test/cloudproxy"
	"github.com/seed-230b9595/intune-go/test/snippets"
)

const thisModule = "github.com/seed-230b9595/intune-go"

// TestMain runs the tests at the root of the repository, from where paths of pages count.
func TestMain(m *testing.M) {
	if err := os.Chdir("../.."); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// elsewhere are the modules whose packages this module does not have.
var elsewhere = regexp.MustCompile(`^github\.com/(Azure|redis|microsoft\w*)/|^go\.opentelemetry\.io/|/(azcred|redisquota)$`)

// TestSnippetsOfThePages compiles the code of all pages and runs it: programs against an emulator at the addresses of
// Microsoft's services, everything else with one of its own.
func TestSnippetsOfThePages(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program for each credential")
	}
	pages := []string{
		"README.md", "docs/errors.md", "docs/exactly-once.md", "docs/operations.md", "docs/sign-in.md", "docs/migrating.md", "docs/servers.md",
	}
	var functions, credentials []snippets.Snippet
	programs := make(map[string]snippets.Snippet)
	tests := newModule(t)
	for _, page := range pages {
		found := snippets.Read(t, page)
		if page == "docs/migrating.md" {
			found = append(found, snippets.Cells(t, page, 1)...)
		}
		for _, snippet := range found {
			switch {
			case slices.ContainsFunc(snippet.Imports(t), elsewhere.MatchString):
				continue // see interop
			case snippet.IsFile() && page == "docs/sign-in.md":
				credentials = append(credentials, snippet)
			case snippet.IsFile():
				programs[page] = snippet
			case snippet.IsTest():
				write(t, filepath.Join(tests, fmt.Sprintf("snippet%d_test.go", snippet.Line)), snippet.File(t, ""))
			default:
				functions = append(functions, snippet)
			}
		}
	}
	t.Run("fragments", func(t *testing.T) { runFragments(t, functions) })
	t.Run("tests", func(t *testing.T) {
		write(t, filepath.Join(tests, "declarations_test.go"), snippets.Declarations)
		output(t, tests, nil, "go", "test", "-mod=mod", ".")
	})
	t.Run("README.md", func(t *testing.T) { runProgram(t, programs["README.md"]) })
	t.Run("docs/migrating.md", func(t *testing.T) { migrate(t, programs["docs/migrating.md"]) })
	t.Run("docs/servers.md", func(t *testing.T) { serve(t, programs["docs/servers.md"]) })
	for _, credential := range credentials {
		t.Run(fmt.Sprintf("%s:%d", credential.Page, credential.Line), func(t *testing.T) { signIn(t, programs["README.md"], credential) })
	}
}

// runFragments builds one program of all snippets, and runs it for each.
func runFragments(t *testing.T, fragments []snippets.Snippet) {
	t.Helper()
	folder := newModule(t)
	write(t, filepath.Join(folder, "declarations.go"), snippets.Declarations)
	main := "package main\n\nimport \"os\"\n\nfunc main() {\n\tconnect()\n\tmap[string]func(){\n"
	for i, fragment := range fragments {
		name := fmt.Sprintf("snippet%d", i)
		write(t, filepath.Join(folder, name+".go"), fragment.File(t, name))
		main += fmt.Sprintf("\t\t%q: %s,\n", name, name)
	}
	write(t, filepath.Join(folder, "main.go"), main+"\t}[os.Args[1]]()\n}\n")
	output(t, folder, nil, "go", "vet", "-mod=mod", ".")
	output(t, folder, nil, "go", "build", "-mod=mod", "-o", "fragments.exe", ".")
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: intunetest.NewCertificate("Proxy").Raw})
	write(t, filepath.Join(folder, "proxy-ca.pem"), string(authority))
	for _, name := range []string{"contoso.cer", "contoso.pfx"} {
		write(t, filepath.Join(folder, name), string(intunetest.NewCertificate("Contoso").Raw))
	}
	env := inTheCloud(t, intunetest.NewServer(t))
	for i, fragment := range fragments {
		t.Run(fmt.Sprintf("%s:%d", fragment.Page, fragment.Line), func(t *testing.T) {
			t.Parallel()
			output(t, folder, env, filepath.Join(folder, "fragments.exe"), fmt.Sprintf("snippet%d", i))
		})
	}
}

// runProgram runs the program of the README in the tenant of somebody who has last year's certificate: on the first day,
// the next day, and a month later.
func runProgram(t *testing.T, program snippets.Snippet) {
	t.Helper()
	folder := newModule(t)
	write(t, filepath.Join(folder, "main.go"), program.Code)
	write(t, filepath.Join(folder, "contoso.cer"), string(contoso(40, 400).Content))
	output(t, folder, nil, "go", "build", "-mod=mod", "-o", "program.exe", ".")
	server := intunetest.NewServer(t)
	old, err := server.Client().EnterpriseCodeSigningCertificates().Create(t.Context(), contoso(420, 20))
	if err != nil {
		t.Fatal(err)
	}
	env := inTheCloud(t, server)
	for day := range 2 {
		out := output(t, folder, env, filepath.Join(folder, "program.exe"))
		if got := server.Certificates(); len(got) != 2 || !strings.Contains(out, "pending: ["+old.ID+"]") {
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
	out := output(t, folder, env, filepath.Join(folder, "program.exe"))
	if got := server.Certificates(); len(got) != 1 || !strings.Contains(out, "deleted: ["+old.ID+"]") {
		t.Errorf("after a month: %d certificates\n%s", len(got), out)
	}
}

// migrate runs the program that docs/migrating.md compares with one that uses Microsoft's SDK.
func migrate(t *testing.T, program snippets.Snippet) {
	t.Helper()
	folder := newModule(t)
	write(t, filepath.Join(folder, "main.go"), program.Code)
	block := &pem.Block{Type: "CERTIFICATE", Bytes: contoso(40, 400).Content}
	write(t, filepath.Join(folder, "contoso.pem"), string(pem.EncodeToMemory(block)))
	output(t, folder, nil, "go", "build", "-mod=mod", "-o", "program.exe", ".")
	server := intunetest.NewServer(t)
	out := output(t, folder, inTheCloud(t, server), filepath.Join(folder, "program.exe"))
	if got := server.Certificates(); len(got) != 1 || strings.TrimSpace(out) != got[0].ID {
		t.Errorf("the tenant has %v\n%s", got, out)
	}
}

// serve tests the handler of docs/servers.md as somebody who copies it would.
func serve(t *testing.T, program snippets.Snippet) {
	t.Helper()
	folder := newModule(t)
	write(t, filepath.Join(folder, "main.go"), program.Code)
	write(t, filepath.Join(folder, "main_test.go"), `package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/seed-230b9595/intune-go/intunetest"
)

func TestUpload(t *testing.T) {
	tenant := intunetest.NewServer(t)
	handler := upload(tenant.Client().EnterpriseCodeSigningCertificates())
	contoso := intunetest.NewCertificate("Contoso").Raw
	disconnected, disconnect := context.WithCancel(t.Context())
	disconnect()
	for _, test := range []struct {
		name   string
		ctx    context.Context
		fault  *intunetest.Fault
		body   []byte
		status int
		stored int
	}{
		{"no certificate", t.Context(), nil, []byte("text"), 422, 0},
		{"the caller disconnects", disconnected, nil, contoso, 200, 1},
		{"again", t.Context(), nil, contoso, 200, 1},
		{"another subject", t.Context(), nil, intunetest.NewCertificate("Fabrikam").Raw, 409, 1},
		{"throttled", t.Context(), &intunetest.Fault{Status: 429, RetryAfter: "7200"}, contoso, 503, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.fault != nil {
				tenant.Inject(*test.fault)
			}
			recorder := httptest.NewRecorder()
			handler(recorder, httptest.NewRequestWithContext(test.ctx, http.MethodPut, "/certificate", bytes.NewReader(test.body)))
			if recorder.Code != test.status || len(tenant.Certificates()) != test.stored {
				t.Errorf("%d, %d stored: %s", recorder.Code, len(tenant.Certificates()), recorder.Body)
			}
			if isThrottled := test.fault != nil; isThrottled != (recorder.Header().Get("Retry-After") == "7200") {
				t.Errorf("Retry-After: %s", recorder.Header().Get("Retry-After"))
			}
		})
	}
}
`)
	output(t, folder, nil, "go", "test", "-mod=mod", ".")
}

// signIn runs the program of the README with another credential.
func signIn(t *testing.T, program, credential snippets.Snippet) {
	t.Helper()
	t.Parallel()
	folder := newModule(t)
	const before, after = "intune.EnvironmentCredential()", "newCredential()"
	if strings.Count(program.Code, before) != 1 {
		t.Fatalf("the program of the README has no %s to replace", before)
	}
	write(t, filepath.Join(folder, "main.go"), strings.Replace(program.Code, before, after, 1))
	write(t, filepath.Join(folder, "credential.go"), credential.File(t, ""))
	write(t, filepath.Join(folder, "contoso.cer"), string(contoso(40, 400).Content))
	output(t, folder, nil, "go", "build", "-mod=mod", "-o", "program.exe", ".")

	cert, key := applicationCertificate(t)
	server := intunetest.NewServer(t, intunetest.WithClientCertificate(cert), intunetest.WithFederatedCredential("https://issuer.example", "job", nil))
	assertion := server.FederatedAssertion(nil)
	write(t, filepath.Join(folder, "app.pfx"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))+key)
	write(t, filepath.Join(folder, "token"), assertion)
	issuer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host == "issuer.example" {
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprintf(w, `{"value":%q,"oidcToken":%q}`, assertion, assertion)
			return
		}
		server.ServeHTTP(w, r)
	})
	env := append(inTheCloud(t, issuer), "AZURE_FEDERATED_TOKEN_FILE="+filepath.Join(folder, "token"))
	for name, variables := range map[string][]string{
		"GitHubActionsAssertion(\"\")), nil\n": {"ACTIONS_ID_TOKEN_REQUEST_URL=https://issuer.example/token?v=1", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=x"},
		"AzurePipelinesAssertion":              {"SYSTEM_OIDCREQUESTURI=https://issuer.example/token", "SYSTEM_ACCESSTOKEN=x", "SERVICE_CONNECTION_ID=1"},
	} {
		if strings.Contains(credential.Code, name) {
			env = append(env, variables...)
		}
	}

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(folder, "program.exe"))
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
			visit(t, server.URL()+address)
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
func visit(t *testing.T, address string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
}

// inTheCloud serves the handler at Microsoft's addresses, and returns the environment of a program that signs in there.
func inTheCloud(t *testing.T, handler http.Handler) (env []string) {
	t.Helper()
	for _, variable := range cloudproxy.Start(t, handler, "graph.microsoft.com", "login.microsoftonline.com", "issuer.example") {
		if !strings.HasPrefix(variable, "AZURE_") && !strings.HasPrefix(variable, "ACTIONS_") && !strings.HasPrefix(variable, "SYSTEM_") {
			env = append(env, variable)
		}
	}
	return append(env, "AZURE_TENANT_ID="+intunetest.TenantID, "AZURE_CLIENT_ID="+intunetest.ClientID, "AZURE_CLIENT_SECRET="+intunetest.ClientSecret)
}

// contoso returns a certificate of Contoso that was issued some days ago and expires in some days.
func contoso(ago, in int) *intune.EnterpriseCodeSigningCertificate {
	return intune.FromX509(intunetest.NewCertificate("Contoso", func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().AddDate(0, 0, -ago), time.Now().AddDate(0, 0, in)
	}))
}

// applicationCertificate returns what an application signs in with; the key is in PEM.
func applicationCertificate(t *testing.T) (cert *x509.Certificate, key string) {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
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

// newModule makes an empty module that uses this one, outside this repository.
func newModule(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	repository, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile("go.sum")
	if err != nil {
		t.Fatal(err)
	}
	mod := "module example.com/snippets\n\ngo 1.26.0\n\nrequire %[1]s v0.0.0\n\nreplace %[1]s => %[2]q\n"
	write(t, filepath.Join(folder, "go.mod"), fmt.Sprintf(mod, thisModule, repository))
	write(t, filepath.Join(folder, "go.sum"), string(sums))
	return folder
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// output runs a command that must succeed.
func output(t *testing.T, folder string, env []string, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = folder, env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
	return string(out)
}
