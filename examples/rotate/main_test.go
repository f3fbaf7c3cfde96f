package main

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/examples/internal/example"
	"github.com/seed-230b9595/intune-go/examples/internal/exampletest"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// tenant is an emulated one with an old certificate, and the new certificate for it.
type tenant struct {
	*testing.T
	server  *intunetest.Server
	service *intune.EnterpriseCodeSigningCertificatesService
	oldID   string
	renewed *intune.EnterpriseCodeSigningCertificate
}

func newTenant(t *testing.T) *tenant {
	t.Helper()
	server := intunetest.NewServer(t)
	service := server.Client().EnterpriseCodeSigningCertificates()
	renewed, err := makePair(t.Context(), service)
	if err != nil {
		t.Fatal(err)
	}
	return &tenant{t, server, service, server.Certificates()[0].ID, renewed}
}

// rotate runs the program from where it is connected, and checks that the tenant holds so many certificates afterwards.
func (t *tenant) rotate(held int, args ...string) (stdout string, err error) {
	t.Helper()
	opts, err := parseOptions(args, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err = rotate(t.Context(), t.service, t.renewed, opts, &out)
	if got := len(t.server.Certificates()); got != held {
		t.Errorf("the tenant holds %d certificates, want %d", got, held)
	}
	return out.String(), err
}

func TestRunWithoutAnythingSetUpReplacesWhatExpiresFirst(t *testing.T) {
	stdout := exampletest.MustCall(t, run, nil)
	exampletest.WantPatterns(t, stdout,
		`\AUsing an emulator at http://127\.0\.0\.1:\d+; set AZURE_TENANT_ID`,
		`(?m)^Old certificate: -old is not given, so it is the one that expires first within 60d\n  id          [0-9a-f-]{36}\n  status      provisioned\n  subject     CN=intune-go example`,
		`(?m)^New certificate\n  status      provisioned\n  subject     CN=intune-go example .*\n  thumbprint  [0-9A-F]{40}\n  expires     [-\d]+ [:\d]+ UTC\n`,
		`(?m)^Uploaded\n  id          [0-9a-f-]{36}\n`,
		`\nThe old certificate stays; -delete-old deletes it once the new one is provisioned\n\z`,
	)
}

func TestRunDeletesTheOldOneOnDemand(t *testing.T) {
	stdout := exampletest.MustCall(t, run, []string{"-delete-old", "-api-version", "v1.0"})
	if !strings.HasSuffix(stdout, "\nDeleted the old certificate\n") {
		t.Errorf("got\n%s", stdout)
	}
}

func TestRunTakesAFile(t *testing.T) {
	container, _ := exampletest.MakePKCS12(t)
	for _, data := range [][]byte{exampletest.MakeCertificate(t).Raw, container} {
		stdout := exampletest.MustCall(t, run, []string{"-file", exampletest.WriteFile(t, data)}, "CERTIFICATE_PASSWORD="+exampletest.Password)
		exampletest.WantPatterns(t, stdout, `(?m)^New certificate\n  subject     CN=Contoso, `, `(?m)^Uploaded\n  id +\S+\n  status      notProvisioned\n  subject     CN=Contoso, `)
	}
}

func TestRemarksOnTheFileAreOnStderr(t *testing.T) {
	cert, err := example.MakeCertificate("Contoso", time.Now().Add(-time.Minute), time.Now().AddDate(0, 0, 20))
	if err != nil {
		t.Fatal(err)
	}
	_, stderr, err := exampletest.Call(t, run, []string{"-file", exampletest.WriteFile(t, cert.Raw)})
	if err != nil {
		t.Error(err)
	}
	exampletest.WantPatterns(t, stderr, `\Awarning: expires-soon: the certificate expires on [^\n]+\n\z`)
}

func TestNothingToReplaceIsNoFailure(t *testing.T) {
	stdout := exampletest.MustCall(t, run, []string{"-within", "19d"})
	if !strings.HasSuffix(stdout, "\nNothing to replace: no certificate expires within 19d\n") {
		t.Errorf("got\n%s", stdout)
	}
}

func TestOldOneThatIsNamedIsReplaced(t *testing.T) {
	tenant := newTenant(t)
	stdout, err := tenant.rotate(2, "-old", tenant.oldID)
	if err != nil {
		t.Error(err)
	}
	exampletest.WantPatterns(t, stdout, `\AOld certificate\n  id          `+tenant.oldID+`\n`, `(?m)^Uploaded$`, `\nThe old certificate stays; `)
}

func TestSecondRunUploadsNothing(t *testing.T) {
	tenant := newTenant(t)
	for _, want := range []string{`(?m)^Uploaded$`, `(?m)^Uploaded before, and recognised by its names$`} {
		stdout, err := tenant.rotate(2, "-old", tenant.oldID)
		if err != nil {
			t.Error(err)
		}
		exampletest.WantPatterns(t, stdout, want)
	}
}

func TestOldOneIsDeleted(t *testing.T) {
	tenant := newTenant(t)
	stdout, err := tenant.rotate(1, "-old", tenant.oldID, "-delete-old")
	if err != nil || !strings.HasSuffix(stdout, "\nDeleted the old certificate\n") {
		t.Errorf("got %v, on stdout\n%s", err, stdout)
	}
	if left := tenant.server.Certificates()[0].ID; left == tenant.oldID {
		t.Error("the new one is deleted")
	}
}

func TestOldOneStaysUntilTheNewOneIsProvisioned(t *testing.T) {
	tenant := newTenant(t)
	tenant.renewed.Status = intune.CertificateStatusNotProvisioned
	stdout, err := tenant.rotate(2, "-old", tenant.oldID, "-delete-old")
	if !errors.Is(err, intune.ErrNotProvisioned) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want ErrNotProvisioned on one line", err)
	}
	exampletest.WantPatterns(t, stdout, `(?m)^Uploaded$`, `(?s)\nThe old certificate stays for now: .* Run this again later, with -old `+tenant.oldID+`\.\n\z`)
	if strings.Contains(stdout, "Deleted") {
		t.Errorf("got\n%s", stdout)
	}
}

func TestLostAnswerIsTold(t *testing.T) {
	tenant := newTenant(t)
	tenant.server.Inject(intunetest.Fault{Method: "POST", Status: 504, Gateway: true, Committed: true})
	stdout, err := tenant.rotate(2, "-old", tenant.oldID)
	if err != nil {
		t.Error(err)
	}
	exampletest.WantPatterns(t, stdout, `(?m)^Uploaded; the answer was lost, and the certificate recognised by its \w+$`)
}

func TestRefusalFails(t *testing.T) {
	tenant := newTenant(t)
	tenant.server.Inject(intunetest.Fault{Method: "POST", Status: 400})
	stdout, err := tenant.rotate(1, "-old", tenant.oldID, "-delete-old")
	if !errors.Is(err, intune.ErrBadRequest) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want ErrBadRequest on one line", err)
	}
	if strings.Contains(stdout, "Uploaded") || strings.Contains(stdout, "The old") {
		t.Errorf("got\n%s", stdout)
	}
}

func TestMissingOldOneFails(t *testing.T) {
	tenant := newTenant(t)
	stdout, err := tenant.rotate(1, "-old", exampletest.SomeID)
	if !errors.Is(err, intune.ErrNotFound) || stdout != "" {
		t.Errorf("got %v, want ErrNotFound, on stdout %q", err, stdout)
	}
}

func TestFileThatIsNoCertificateFails(t *testing.T) {
	for want, file := range map[string]string{
		"missing.cer": filepath.Join(t.TempDir(), "missing.cer"),
		"is none of the formats that hold a certificate": exampletest.WriteFile(t, []byte("garbage")),
		"holds a private key (PEM PRIVATE KEY)":          exampletest.WriteFile(t, []byte("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n")),
	} {
		_, _, err := exampletest.Call(t, run, []string{"-file", file})
		exampletest.WantFailure(t, err, want)
	}
}

func TestWrongUsage(t *testing.T) {
	exampletest.CheckMisuse(t, run, []exampletest.Misuse{
		{Args: []string{"contoso.cer"}, Want: `unexpected argument "contoso.cer"; an id goes after -old, and a file after -file`},
		{Args: []string{"-old", ""}, Want: "-old is empty"},
		{Args: []string{"-file", ""}, Want: "-file is empty"},
		{Args: []string{"-within", "soon"}, Want: "neither days, such as 60d, nor a duration"},
		{Args: []string{"-old", exampletest.SomeID, "-within", "60d"}, Want: "give one of them"},
		{Env: exampletest.Complete(), Want: "the real service needs -file"},
		{Env: []string{"AZURE_CLIENT_SECRET=s3cret"}, Want: "lacks AZURE_TENANT_ID, AZURE_CLIENT_ID; -emulator does without"},
	})
}

func TestHelpDescribesTheFlags(t *testing.T) {
	exampletest.CheckHelp(t, run, "-old", "-file", "-password-file", "-delete-old", "-within")
	if opts, err := parseOptions(nil, io.Discard); err != nil || opts.within.String() != "60d" {
		t.Errorf("the default of -within is %v, or %v", opts.within, err)
	}
}

func TestEnvironmentLeadsToTheRealService(t *testing.T) {
	args := []string{"-old", exampletest.SomeID, "-file", exampletest.WriteCertificate(t)}
	stdout, stderr, err := exampletest.Call(t, run, args, exampletest.Refusing(t)...)
	if !errors.As(err, new(*intune.AuthError)) || errors.As(err, new(example.UsageError)) {
		t.Errorf("got %v, want a refused sign-in", err)
	}
	exampletest.WantPatterns(t, stderr, `\AUsing the REAL service, cloud Public: a certificate is replaced in the tenant [-0-9a-f]{36}\.\n\z`)
	if stdout != "" {
		t.Errorf("stdout is %q", stdout)
	}
}

func TestInterruptEndsTheCall(t *testing.T) {
	exampletest.CheckInterrupt(t, run, "-emulator")
}

func TestExitCodes(t *testing.T) {
	exampletest.CheckExits(t, "rotate", []exampletest.Exit{
		{Args: []string{"-emulator"}, Want: 0},
		{Args: []string{"-help"}, Want: 0},
		{Args: []string{"-emulator", "-old", exampletest.SomeID}, Want: 1},
		{Args: []string{"-emulator", "-file", "missing.cer"}, Want: 1},
		{Args: []string{"-nonsense"}, Want: 2},
		{Args: []string{"contoso.cer"}, Want: 2},
	})
}
