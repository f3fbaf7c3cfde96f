package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/codesign"
	"github.com/seed-230b9595/intune-go/examples/internal/example"
	"github.com/seed-230b9595/intune-go/examples/internal/exampletest"
	"github.com/seed-230b9595/intune-go/intunetest"
)

const (
	testdata = "../../codesign/testdata/"
	password = "CERTIFICATE_PASSWORD=" + exampletest.Password
)

// summer is when most of testdata is valid.
var summer = time.Date(2026, time.July, 1, 0, 0, 0, 0, time.UTC)

func load(t *testing.T, file string) *codesign.Certificate {
	t.Helper()
	cert, err := codesign.Load(testdata+file, codesign.WithPassword(exampletest.Password))
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestRunWithoutAnythingSetUpDescribesACertificate(t *testing.T) {
	stdout := exampletest.MustCall(t, run, nil)
	exampletest.WantPatterns(t, stdout,
		`\AMade a code-signing certificate, its key thrown away; -file takes one of yours\n\nCertificate\n  format         DER\n`,
		`\n  subject        CN=intune-go example .*\n  issuer         CN=intune-go example CA, .*\n  serial number  [0-9A-F]+\n`,
		`\n\nFindings\n  warning: expires-soon: the certificate expires on [^\n]+\n\z`,
	)
}

func TestFileIsDescribed(t *testing.T) {
	var out bytes.Buffer
	describe("p256.pfx", load(t, "p256.pfx"), summer).print(&out)
	exampletest.WantPatterns(t, out.String(), `\ACertificate of p256\.pfx
  format         PKCS #12
  subject        CN=Contoso p256, O=Contoso Ltd, L=Redmond, S=Washington, C=US
  issuer         CN=Contoso Code Signing CA, O=Contoso Ltd, C=US
  serial number  1002
  valid from     2026-06-01 00:00:00 UTC
  valid until    2027-06-01 00:00:00 UTC
  key            ECDSA, P-256
  signed with    ECDSA-SHA256
  thumbprint     [0-9A-F]{40}
  SHA-256        [0-9A-F]{64}

Chain
  CN=Contoso Code Signing CA, O=Contoso Ltd, C=US
    thumbprint [0-9A-F]{40}, valid until [-\d]+ [:\d]+ UTC
  CN=Contoso Root CA, O=Contoso Ltd, C=US
    thumbprint [0-9A-F]{40}, valid until [-\d]+ [:\d]+ UTC

Findings
  none
\z`)
}

func TestThumbprintChooses(t *testing.T) {
	stdout := exampletest.MustCall(t, run, []string{"-file", testdata + "two-leaves.pem", "-thumbprint", load(t, "p256.der").Thumbprint()})
	exampletest.WantPatterns(t, stdout, `\n  subject        CN=Contoso p256, `, `\n\nChain\n  CN=Contoso rsa, `)
}

func TestEveryFormatAndKeyIsNamed(t *testing.T) {
	for file, want := range map[string][3]string{
		"rsa.der":           {"DER", "RSA, 3072 bits", ""},
		"rsa-utf16.pem":     {"PEM", "RSA, 3072 bits", ""},
		"rsa.b64":           {"base64", "RSA, 3072 bits", ""},
		"chain.p7b":         {"PKCS #7", "ECDSA, P-256", ""},
		"p384.pfx":          {"PKCS #12", "ECDSA, P-384", ""},
		"signed.exe":        {"PE", "RSA, 3072 bits", ""},
		"signed.appx":       {"MSIX", "RSA, 3072 bits", ""},
		"signed.msixbundle": {"MSIX bundle", "ECDSA, P-256", ""},
		"ed25519.der":       {"DER", "Ed25519", "warning: weak-key"},
		"selfsigned.der":    {"DER", "ECDSA, P-256", "info: self-signed"},
		"expired.der":       {"DER", "ECDSA, P-256", "fatal: expired"},
	} {
		r := describe(file, load(t, file), summer)
		finding := ""
		if len(r.Findings) > 0 {
			finding = string(r.Findings[0].Severity) + ": " + string(r.Findings[0].Code)
		}
		if got := [3]string{r.Format, r.Key, finding}; got != want {
			t.Errorf("%s: got %q, want %q", file, got, want)
		}
		if (r.refusal() != nil) != strings.HasPrefix(finding, "fatal") {
			t.Errorf("%s: got %v for %q", file, r.refusal(), finding)
		}
	}
}

func TestNamesStayOnTheirLine(t *testing.T) {
	var out bytes.Buffer
	describe("", load(t, "names/newline.der"), summer).print(&out)
	exampletest.WantPatterns(t, out.String(), `(?m)^  subject        CN="Contoso�Ltd", C=US$`)
}

func TestFatalFindingFailsAfterTheDescription(t *testing.T) {
	for _, args := range [][]string{{"-file", testdata + "expired.der"}, {"-file", testdata + "expired.der", "-json"}} {
		stdout, stderr, err := exampletest.Call(t, run, args)
		exampletest.WantFailure(t, err, "the certificate expired on 2025-01-01 00:00:00 UTC: upload its successor")
		if !strings.Contains(stdout, "CN=Contoso expired, ") || stderr != "" {
			t.Errorf("got\n%s\non stderr %q", stdout, stderr)
		}
	}
}

func TestFileThatHoldsNoSingleCertificateFails(t *testing.T) {
	for file, want := range map[string]string{
		testdata + "two-leaves.pem":                 "one of 2 certificates must be chosen by its thumbprint",
		testdata + "key-pkcs8.pem":                  "holds a private key (PEM PRIVATE KEY)",
		testdata + "unsigned.msix":                  "is a package that is not signed",
		testdata + "p256.pfx":                       "set CERTIFICATE_PASSWORD, or use -password-file",
		filepath.Join(t.TempDir(), "missing.cer"):   "missing.cer",
		exampletest.WriteFile(t, []byte("garbage")): "is none of the formats",
	} {
		stdout, stderr, err := exampletest.Call(t, run, []string{"-file", file})
		exampletest.WantFailure(t, err, want)
		if stdout+stderr != "" {
			t.Errorf("%s: got\n%s\non stderr %q", file, stdout, stderr)
		}
	}
}

func TestJSONPrintsAnObjectAlone(t *testing.T) {
	container, cert := exampletest.MakePKCS12(t)
	file := exampletest.WriteFile(t, container)
	for _, args := range [][]string{{"-json"}, {"-json", "-check"}} {
		stdout := exampletest.MustCall(t, run, append(args, "-file", file), password)
		var got report
		decoder := json.NewDecoder(strings.NewReader(stdout))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&got); err != nil {
			t.Fatalf("%v in\n%s", err, stdout)
		}
		if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
			t.Errorf("more follows the object:\n%s", stdout)
		}
		resource := intune.FromX509(cert)
		if got.File != file || got.Format != "PKCS #12" || got.Thumbprint != resource.Thumbprint() || got.Subject != resource.Subject || !got.NotAfter.Equal(cert.NotAfter) {
			t.Errorf("got\n%s", stdout)
		}
		if got.Chain == nil || got.Findings == nil || (got.Tenant != nil) != (len(args) > 1) {
			t.Errorf("got\n%s", stdout)
		}
	}
}

func TestCheckOnAnEmulatorFindsWhatWasMade(t *testing.T) {
	stdout := exampletest.MustCall(t, run, []string{"-check"})
	exampletest.WantPatterns(t, stdout,
		`\AUsing an emulator at http://127\.0\.0\.1:\d+; set AZURE_TENANT_ID`,
		`\n\nUploaded it to the emulator, so that there is something to find\n\nIn the tenant\n  id             [-0-9a-f]{36}\n  status         notProvisioned\n`+
			`  uploaded       [^\n]+ UTC\n  recognised by  subject, issuer and expiration, because [^\n]+\n\z`,
	)
	stdout = exampletest.MustCall(t, run, []string{"-check", "-file", exampletest.WriteCertificate(t)})
	if !strings.HasSuffix(stdout, "\n\nNot in the tenant, which holds 0 certificates\n") {
		t.Errorf("got\n%s", stdout)
	}
}

func TestCertificateIsRecognisedAsByEnsure(t *testing.T) {
	server := intunetest.NewServer(t, intunetest.WithRespelling(), intunetest.WithPageSize(1))
	service := server.Client().EnterpriseCodeSigningCertificates()
	cert := intune.FromX509(exampletest.MakeCertificate(t))
	for _, uploaded := range []*intune.EnterpriseCodeSigningCertificate{cert, {Subject: "CN=Fabrikam"}, cert} {
		if _, err := service.Create(t.Context(), uploaded); err != nil {
			t.Fatal(err)
		}
	}
	got, err := lookUp(t.Context(), service, cert)
	if err != nil {
		t.Fatal(err)
	}
	if got.Certificates != 3 || len(got.Matches) != 2 || got.Matches[0].MatchedBy != byNames {
		t.Errorf("got %+v, want two of three, by names", got)
	}
}

func TestContentStandsOverNames(t *testing.T) {
	cert := intune.FromX509(exampletest.MakeCertificate(t))
	renewed, noContent, later := *cert, *cert, *cert
	renewed.Content = exampletest.MakeCertificate(t).Raw
	noContent.Content = nil
	later.Content, later.ExpirationDateTime = nil, cert.ExpirationDateTime.Add(time.Second)
	for _, test := range []struct {
		name string
		held intune.EnterpriseCodeSigningCertificate
		want string
	}{
		{"the same", *cert, byContent},
		{"for another key", renewed, ""},
		{"without content", noContent, byNames},
		{"without content, expires later", later, ""},
	} {
		if got := match(cert, &test.held); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestWrongUsage(t *testing.T) {
	exampletest.CheckMisuse(t, run, []exampletest.Misuse{
		{Args: []string{"contoso.cer"}, Want: `unexpected argument "contoso.cer"; a file goes after -file`},
		{Args: []string{"-file", ""}, Want: "-file is empty"},
		{Args: []string{"-check"}, Env: exampletest.Complete(), Want: "the real service needs -file"},
		{Args: []string{"-check"}, Env: []string{"AZURE_CLIENT_SECRET=s3cret"}, Want: "lacks AZURE_TENANT_ID, AZURE_CLIENT_ID; -emulator does without"},
	})
}

func TestHelpDescribesTheFlags(t *testing.T) {
	exampletest.CheckHelp(t, run, "-file", "-password-file", "-check", "-json")
}

func TestEnvironmentIsOfNoConcernWithoutCheck(t *testing.T) {
	stdout := exampletest.MustCall(t, run, nil, exampletest.Complete("AZURE_TENANT_ID=")...)
	if strings.Contains(stdout, "Using") {
		t.Errorf("got\n%s", stdout)
	}
}

func TestEnvironmentLeadsToTheRealService(t *testing.T) {
	args := []string{"-check", "-file", exampletest.WriteCertificate(t)}
	stdout, stderr, err := exampletest.Call(t, run, args, exampletest.Refusing(t)...)
	if !errors.As(err, new(*intune.AuthError)) || errors.As(err, new(example.UsageError)) {
		t.Errorf("got %v, want a refused sign-in", err)
	}
	exampletest.WantPatterns(t, stderr, `\AUsing the REAL service, cloud Public: the certificate is looked for in the tenant [-0-9a-f]{36}\.\n\z`)
	if !strings.HasSuffix(stdout, "\nFindings\n  none\n") {
		t.Errorf("got\n%s", stdout)
	}
}

func TestInterruptEndsTheCall(t *testing.T) {
	exampletest.CheckInterrupt(t, run, "-emulator", "-check")
}

func TestExitCodes(t *testing.T) {
	exampletest.CheckExits(t, "inspect", []exampletest.Exit{
		{Args: nil, Want: 0},
		{Args: []string{"-emulator", "-check", "-json"}, Want: 0},
		{Args: []string{"-help"}, Want: 0},
		{Args: []string{"-file", testdata + "p256.pfx"}, Want: 1},
		{Args: []string{"-file", testdata + "expired.der"}, Want: 1},
		{Args: []string{"-nonsense"}, Want: 2},
		{Args: []string{"contoso.cer"}, Want: 2},
	})
}
