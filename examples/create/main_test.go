package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/examples/internal/example"
	"github.com/seed-230b9595/intune-go/examples/internal/exampletest"
	"github.com/seed-230b9595/intune-go/intunetest"
)

var (
	guid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

	// emulatedToken is an access token of the emulator: two texts of crypto/rand.
	emulatedToken = regexp.MustCompile(`\b[A-Z2-7]{52}\b`)
)

func call(t *testing.T, args []string, env ...string) (stdout string, err error) {
	t.Helper()
	stdout, _, err = exampletest.Call(t, run, args, env...)
	return stdout, err
}

// mustCall is call for what succeeds.
func mustCall(t *testing.T, args []string, env ...string) (stdout string) {
	t.Helper()
	stdout, err := call(t, args, env...)
	if err != nil {
		t.Fatal(err)
	}
	return stdout
}

func TestRunWithoutAnythingSetUpPrintsTheWire(t *testing.T) {
	temporary := t.TempDir()
	stdout := mustCall(t, nil, "TMPDIR="+temporary, "TMP="+temporary)
	for _, want := range []string{
		`(?m)^Using an emulator at http://127\.0\.0\.1:\d+; set AZURE_TENANT_ID`,
		`(?m)^Made a code-signing certificate, valid for a day, its key thrown away$`,
		`(?m)^Loaded .*\.cer\n  subject     CN=intune-go example \(safe to delete\), .*C=US\n  issuer      CN=intune-go example \(safe to delete\), `,
		`(?m)^  thumbprint  [0-9A-F]{40}$`,
		`(?m)^Sent to http://127\.0\.0\.1:\d+/beta/deviceAppManagement/enterpriseCodeSigningCertificates$`,
		`(?m)^  POST /beta/deviceAppManagement/enterpriseCodeSigningCertificates HTTP/1\.1$`,
		`(?m)^  Accept: application/json$`,
		`(?m)^  Authorization: Bearer \*\*\*$`,
		`(?m)^  User-Agent: intune-go-example/create intune-go/`,
		`(?m)^  \{"@odata\.type":.*"content":"MII[^"]{21}…[^"]{12}"`,
		`(?m)^Created\n  id        [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\n  status    notProvisioned\n`,
		`(?m)^  subject   CN=intune-go example \(safe to delete\), .*\n  issuer    CN=intune-go example \(safe to delete\), .*$`,
		`(?m)^  expires   \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\n  uploaded  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\n\z`,
	} {
		if !regexp.MustCompile(want).MatchString(stdout) {
			t.Errorf("no %s in\n%s", want, stdout)
		}
	}
	if strings.Contains(stdout, intunetest.ClientSecret) || emulatedToken.MatchString(stdout) {
		t.Errorf("a secret is printed:\n%s", stdout)
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("%v is left behind, %v", left, err)
	}
}

func TestAPIVersionAndCloudAreUsed(t *testing.T) {
	file := exampletest.WriteFile(t, makeDER(t))
	stdout := mustCall(t, []string{"-file", file, "-api-version", "v1.0"})
	if !strings.Contains(stdout, "\n  POST /v1.0/deviceAppManagement/enterpriseCodeSigningCertificates HTTP/1.1\n") {
		t.Errorf("the version is lost:\n%s", stdout)
	}
	for name, cloud := range map[string]intune.Cloud{
		"public": intune.Public, "usgov-l4": intune.USGovernmentL4, "usgov-l5": intune.USGovernmentL5, "china": intune.China,
	} {
		opts, err := parseOptions([]string{"-cloud", name}, io.Discard)
		if err != nil || opts.flags.Cloud != cloud {
			t.Errorf("-cloud %s: got %+v, %v", name, opts, err)
		}
	}
}

func TestJSONPrintsTheCreatedObjectAlone(t *testing.T) {
	stdout := mustCall(t, []string{"-json", "-file", exampletest.WriteFile(t, makeDER(t))})
	decoder := json.NewDecoder(strings.NewReader(stdout))
	var object map[string]any
	if err := decoder.Decode(&object); err != nil {
		t.Fatalf("%v in\n%s", err, stdout)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		t.Errorf("more follows the object:\n%s", stdout)
	}
	if id, _ := object["id"].(string); !guid.MatchString(id) || object["subject"] != "CN=Contoso" {
		t.Errorf("got %v, want an id and the subject of the certificate", object)
	}
}

func TestFileIsReadInEveryForm(t *testing.T) {
	der := makeDER(t)
	encoded := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for name, data := range map[string][]byte{
		"DER":                 der,
		"PEM":                 encoded,
		"PEM with CRLF":       bytes.ReplaceAll(encoded, []byte("\n"), []byte("\r\n")),
		"PEM after some text": append([]byte("subject=CN = Contoso\n"), encoded...),
	} {
		t.Run(name, func(t *testing.T) {
			file := exampletest.WriteFile(t, data)
			stdout := mustCall(t, []string{"-file", file})
			thumbprint := (&intune.EnterpriseCodeSigningCertificate{Content: der}).Thumbprint()
			want := "Loaded " + file + "\n  subject     CN=Contoso\n  issuer      CN=Contoso\n  thumbprint  " + thumbprint + "\n"
			if !strings.Contains(stdout, want) || strings.Contains(stdout, "Made a code-signing certificate") {
				t.Errorf("want %q in\n%s", want, stdout)
			}
		})
	}
}

func TestFileThatIsNoCertificateFails(t *testing.T) {
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("secret")})
	for name, test := range map[string]struct{ file, want string }{
		"missing":     {filepath.Join(t.TempDir(), "missing.cer"), "missing.cer"},
		"a directory": {t.TempDir(), "directory"},
		"private key": {exampletest.WriteFile(t, key), "holds a PEM PRIVATE KEY, not a CERTIFICATE"},
		"garbage":     {exampletest.WriteFile(t, []byte("garbage")), "not a certificate in DER or PEM"},
		"broken PEM":  {exampletest.WriteFile(t, bytes.ReplaceAll(key, []byte("PRIVATE KEY"), []byte("CERTIFICATE"))), "not a certificate"},
		"empty":       {exampletest.WriteFile(t, nil), "not a certificate in DER or PEM"},
	} {
		t.Run(name, func(t *testing.T) {
			stdout, err := call(t, []string{"-file", test.file})
			if err == nil || errors.As(err, new(example.UsageError)) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want a failure that says %q", err, test.want)
			}
			if strings.Contains(stdout, "Sent to") {
				t.Errorf("something was sent:\n%s", stdout)
			}
		})
	}
}

func TestWrongUsage(t *testing.T) {
	for _, test := range []struct {
		args []string
		env  []string
		want string
	}{
		{args: []string{"-files", "contoso.cer"}, want: "-files"},
		{args: []string{"-file"}, want: "-file"},
		{args: []string{"-json=maybe"}, want: "maybe"},
		{args: []string{"contoso.cer"}, want: `unexpected argument "contoso.cer"; a file goes after -file`},
		{args: []string{"-cloud", "germany"}, want: `-cloud "germany" is none of`},
		{args: []string{"-cloud", ""}, want: `-cloud "" is none of`},
		{args: []string{"-api-version", "v2.0"}, want: `-api-version "v2.0" is neither`},
		{args: []string{"-file", ""}, want: "-file is empty"},
		{env: exampletest.Complete(), want: "the real service needs -file"},
		{env: []string{"AZURE_TENANT_ID=" + exampletest.SomeID}, want: "lacks AZURE_CLIENT_ID, AZURE_CLIENT_SECRET; -emulator does without"},
		{env: []string{"AZURE_CLIENT_SECRET=s3cret"}, want: "lacks AZURE_TENANT_ID, AZURE_CLIENT_ID; "},
		{env: exampletest.Complete("AZURE_TENANT_ID=no id"), want: "tenant id is malformed"},
		{env: exampletest.Complete("AZURE_AUTHORITY_HOST=http://contoso.com"), want: "AZURE_AUTHORITY_HOST"},
	} {
		t.Run(strings.Join(append(test.args, test.env...), " "), func(t *testing.T) {
			stdout, err := call(t, test.args, test.env...)
			if !errors.As(err, new(example.UsageError)) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want a UsageError that says %q", err, test.want)
			}
			if stdout != "" || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("got %v, and on stdout %q", err, stdout)
			}
		})
	}
}

func TestHelpDescribesTheFlags(t *testing.T) {
	stdout, err := call(t, []string{"-help"})
	if !errors.Is(err, flag.ErrHelp) {
		t.Errorf("got %v, want flag.ErrHelp", err)
	}
	for _, name := range []string{"-file", "-cloud", "-api-version", "-emulator", "-json"} {
		if !strings.Contains(stdout, "  "+name) {
			t.Errorf("no %s in\n%s", name, stdout)
		}
	}
}

func TestEmulatorStandsOverTheEnvironment(t *testing.T) {
	file := exampletest.WriteFile(t, makeDER(t))
	for _, env := range [][]string{{"AZURE_TENANT_ID=" + exampletest.SomeID}, exampletest.Complete("AZURE_AUTHORITY_HOST=http://127.0.0.1:1")} {
		stdout := mustCall(t, []string{"-emulator", "-file", file}, env...)
		if !strings.HasPrefix(stdout, "Using an emulator at http://127.0.0.1:") || strings.Contains(stdout, exampletest.SomeID) {
			t.Errorf("%v: got\n%s", env, stdout)
		}
	}
}

// The emulator stands in for Microsoft Entra ID and refuses the secret, so that nothing is sent to the real service.
func TestEnvironmentLeadsToTheRealService(t *testing.T) {
	entra := intunetest.NewServer(t)
	env := exampletest.Complete("AZURE_TENANT_ID="+intunetest.TenantID, "AZURE_CLIENT_ID="+intunetest.ClientID,
		"AZURE_AUTHORITY_HOST="+entra.URL())
	stdout, err := call(t, []string{"-file", exampletest.WriteFile(t, makeDER(t))}, env...)
	var refused *intune.AuthError
	if !errors.As(err, &refused) || refused.AADSTS != 7000215 || errors.As(err, new(example.UsageError)) {
		t.Errorf("got %v, want a refused sign-in", err)
	}
	want := "Using the REAL service, cloud Public: the certificate goes to the tenant " + intunetest.TenantID
	if !strings.HasPrefix(stdout, want) {
		t.Errorf("want %q at the beginning of\n%s", want, stdout)
	}
	if strings.Contains(stdout, "s3cret") || strings.Contains(stdout, "Sent to") {
		t.Errorf("the secret is printed, or something was sent:\n%s", stdout)
	}
}

func TestInterruptEndsTheCall(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := run(ctx, []string{"-emulator", "-file", exampletest.WriteFile(t, makeDER(t))}, io.Discard, io.Discard)
	if !errors.Is(err, context.Canceled) || errors.As(err, new(example.UsageError)) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestExitCodes(t *testing.T) {
	file := exampletest.WriteFile(t, makeDER(t))
	exampletest.CheckExits(t, "create", []exampletest.Exit{
		{Args: []string{"-emulator", "-json", "-file", file}, Want: 0},
		{Args: []string{"-help"}, Want: 0},
		{Args: []string{"-emulator", "-file", file + ".missing"}, Want: 1},
		{Args: []string{"-nonsense"}, Want: 2},
		{Args: []string{file}, Want: 2},
	})
}

func makeDER(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Contoso"},
		NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
