package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/codesign"
	"github.com/seed-230b9595/intune-go/examples/internal/example"
	"github.com/seed-230b9595/intune-go/examples/internal/exampletest"
	"github.com/seed-230b9595/intune-go/intunetest"
)

var (
	guid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

	// emulatedToken is an access token of the emulator: two texts of crypto/rand.
	emulatedToken = regexp.MustCompile(`\b[A-Z2-7]{52}\b`)
)

func TestRunWithoutAnythingSetUpPrintsTheWire(t *testing.T) {
	stdout := exampletest.MustCall(t, run, nil)
	exampletest.WantPatterns(t, stdout,
		`(?m)^Using an emulator at http://127\.0\.0\.1:\d+; set AZURE_TENANT_ID`,
		`(?m)^Made a code-signing certificate, valid for 90 days, its key thrown away$`,
		`(?m)^Loaded .*\.cer\n  format      DER\n  subject     CN=intune-go example \(safe to delete\), .*C=US\n  issuer      CN=intune-go example CA, `,
		`(?m)^  thumbprint  [0-9A-F]{40}$`,
		`(?m)^Sent to http://127\.0\.0\.1:\d+/beta/deviceAppManagement/enterpriseCodeSigningCertificates$`,
		`(?m)^  POST /beta/deviceAppManagement/enterpriseCodeSigningCertificates HTTP/1\.1$`,
		`(?m)^  Accept: application/json$`,
		`(?m)^  Authorization: Bearer \*\*\*$`,
		`(?m)^  User-Agent: intune-go-example/create intune-go/`,
		`(?m)^  \{"@odata\.type":.*"content":"MII[^"]{21}…[^"]{12}"`,
		`(?m)^Created\n  id        [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\n  status    notProvisioned\n`,
		`(?m)^  subject   CN=intune-go example \(safe to delete\), .*\n  issuer    CN=intune-go example CA, .*$`,
		`(?m)^  expires   \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\n  uploaded  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\n\z`,
	)
	if strings.Contains(stdout, intunetest.ClientSecret) || emulatedToken.MatchString(stdout) {
		t.Errorf("a secret is printed:\n%s", stdout)
	}
}

func TestAPIVersionAndCloudAreUsed(t *testing.T) {
	file := exampletest.WriteCertificate(t)
	stdout := exampletest.MustCall(t, run, []string{"-file", file, "-api-version", "v1.0"})
	if !strings.Contains(stdout, "\n  POST /v1.0/deviceAppManagement/enterpriseCodeSigningCertificates HTTP/1.1\n") {
		t.Errorf("the version is lost:\n%s", stdout)
	}
	for name, cloud := range map[string]intune.Cloud{
		"public": intune.CloudPublic, "usgov-l4": intune.CloudUSGovernmentL4, "usgov-l5": intune.CloudUSGovernmentL5, "china": intune.CloudChina,
	} {
		opts, err := parseOptions([]string{"-cloud", name}, io.Discard)
		if err != nil || opts.flags.Cloud != cloud {
			t.Errorf("-cloud %s: got %+v, %v", name, opts, err)
		}
	}
}

func TestJSONPrintsTheCreatedObjectAlone(t *testing.T) {
	stdout := exampletest.MustCall(t, run, []string{"-json", "-file", exampletest.WriteCertificate(t)})
	decoder := json.NewDecoder(strings.NewReader(stdout))
	var object map[string]any
	if err := decoder.Decode(&object); err != nil {
		t.Fatalf("%v in\n%s", err, stdout)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		t.Errorf("more follows the object:\n%s", stdout)
	}
	if id, _ := object["id"].(string); !guid.MatchString(id) || !strings.HasPrefix(fmt.Sprint(object["subject"]), "CN=Contoso, ") {
		t.Errorf("got %v, want an id and the subject of the certificate", object)
	}
}

func TestFileIsReadInEveryForm(t *testing.T) {
	container, cert := exampletest.MakePKCS12(t)
	upload := intune.FromX509(cert)
	for name, test := range map[string]struct {
		data   []byte
		format codesign.Format
	}{
		"DER":                 {cert.Raw, codesign.FormatDER},
		"PEM":                 {exampletest.PEM(cert), codesign.FormatPEM},
		"PEM after some text": {append([]byte("subject=CN = Contoso\n"), exampletest.PEM(cert)...), codesign.FormatPEM},
		"PKCS #12":            {container, codesign.FormatPKCS12},
	} {
		t.Run(name, func(t *testing.T) {
			file := exampletest.WriteFile(t, test.data)
			stdout := exampletest.MustCall(t, run, []string{"-file", file}, "CERTIFICATE_PASSWORD="+exampletest.Password)
			want := "Loaded " + file + "\n  format      " + string(test.format) + "\n  subject     " + upload.Subject +
				"\n  issuer      " + upload.Issuer + "\n  thumbprint  " + upload.Thumbprint() + "\n\nSent to "
			if !strings.Contains(stdout, want) || strings.Contains(stdout, "Made a code-signing certificate") {
				t.Errorf("want %q in\n%s", want, stdout)
			}
		})
	}
}

func TestFileThatIsNoCertificateFails(t *testing.T) {
	const testdata = "../../codesign/testdata/"
	for name, test := range map[string]struct{ file, want string }{
		"missing":          {filepath.Join(t.TempDir(), "missing.cer"), "missing.cer"},
		"a directory":      {t.TempDir(), "directory"},
		"private key":      {testdata + "key-pkcs8.pem", "holds a private key (PEM PRIVATE KEY)"},
		"garbage":          {exampletest.WriteFile(t, []byte("garbage")), "is none of the formats that hold a certificate"},
		"empty":            {exampletest.WriteFile(t, nil), "is empty"},
		"several leaves":   {testdata + "two-leaves.pem", "one of 2 certificates must be chosen by its thumbprint"},
		"without password": {testdata + "p256.pfx", "set CERTIFICATE_PASSWORD, or use -password-file"},
		"unsigned package": {testdata + "unsigned.msix", "is a package that is not signed"},
	} {
		t.Run(name, func(t *testing.T) {
			stdout, _, err := exampletest.Call(t, run, []string{"-file", test.file})
			exampletest.WantFailure(t, err, test.want)
			if strings.Contains(stdout, "Sent to") {
				t.Errorf("something was sent:\n%s", stdout)
			}
		})
	}
}

func TestRemarksAreNoPartOfTheJSON(t *testing.T) {
	cert, err := example.MakeCertificate("Contoso", time.Now().Add(-time.Minute), time.Now().AddDate(0, 0, 20))
	if err != nil {
		t.Fatal(err)
	}
	file := exampletest.WriteFile(t, cert.Raw)
	const remark = `(?m)^warning: expires-soon: the certificate expires on [^\n]+$`
	exampletest.WantPatterns(t, exampletest.MustCall(t, run, []string{"-file", file}), remark)
	stdout, stderr, err := exampletest.Call(t, run, []string{"-file", file, "-json"})
	if err != nil || !json.Valid([]byte(stdout)) {
		t.Errorf("got %v and\n%s", err, stdout)
	}
	exampletest.WantPatterns(t, stderr, remark)
}

func TestExpiredCertificateIsRefusedWithOneReason(t *testing.T) {
	stdout, stderr, err := exampletest.Call(t, run, []string{"-file", "../../codesign/testdata/expired.der"})
	exampletest.WantFailure(t, err, "expired on 2025-01-01 00:00:00 UTC: upload its successor")
	if strings.Contains(stdout, "Sent to") || strings.Contains(stdout+stderr, "expired on") {
		t.Errorf("got\n%s\non stderr %q", stdout, stderr)
	}
}

func TestWrongUsage(t *testing.T) {
	exampletest.CheckMisuse(t, run, []exampletest.Misuse{
		{Args: []string{"-file"}, Want: "-file"},
		{Args: []string{"-json=maybe"}, Want: "maybe"},
		{Args: []string{"contoso.cer"}, Want: `unexpected argument "contoso.cer"; a file goes after -file`},
		{Args: []string{"-file", ""}, Want: "-file is empty"},
		{Args: []string{"-password-file", ""}, Want: "-password-file is empty"},
		{Env: exampletest.Complete(), Want: "the real service needs -file"},
		{Env: []string{"AZURE_TENANT_ID=" + exampletest.SomeID}, Want: "lacks AZURE_CLIENT_ID, one of AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH and AZURE_FEDERATED_TOKEN_FILE; -emulator does without"},
		{Env: []string{"AZURE_CLIENT_SECRET=s3cret"}, Want: "lacks AZURE_TENANT_ID, AZURE_CLIENT_ID; "},
		{Env: exampletest.Complete("AZURE_TENANT_ID=no id"), Want: "AZURE_TENANT_ID is malformed"},
		{Env: exampletest.Complete("AZURE_AUTHORITY_HOST=http://contoso.com"), Want: "AZURE_AUTHORITY_HOST"},
	})
}

func TestHelpDescribesTheFlags(t *testing.T) {
	exampletest.CheckHelp(t, run, "-file", "-password-file", "-json")
}

func TestEmulatorStandsOverTheEnvironment(t *testing.T) {
	file := exampletest.WriteCertificate(t)
	for _, env := range [][]string{{"AZURE_TENANT_ID=" + exampletest.SomeID}, exampletest.Complete("AZURE_AUTHORITY_HOST=http://127.0.0.1:1")} {
		stdout := exampletest.MustCall(t, run, []string{"-emulator", "-file", file}, env...)
		if !strings.HasPrefix(stdout, "Using an emulator at http://127.0.0.1:") || strings.Contains(stdout, exampletest.SomeID) {
			t.Errorf("%v: got\n%s", env, stdout)
		}
	}
}

func TestEnvironmentLeadsToTheRealService(t *testing.T) {
	stdout, _, err := exampletest.Call(t, run, []string{"-file", exampletest.WriteCertificate(t)}, exampletest.Refusing(t)...)
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
	exampletest.CheckInterrupt(t, run, "-emulator", "-file", exampletest.WriteCertificate(t))
}

func TestExitCodes(t *testing.T) {
	file := exampletest.WriteCertificate(t)
	exampletest.CheckExits(t, "create", []exampletest.Exit{
		{Args: []string{"-emulator", "-json", "-file", file}, Want: 0},
		{Args: []string{"-help"}, Want: 0},
		{Args: []string{"-emulator", "-file", file + ".missing"}, Want: 1},
		{Args: []string{"-nonsense"}, Want: 2},
		{Args: []string{file}, Want: 2},
	})
}
