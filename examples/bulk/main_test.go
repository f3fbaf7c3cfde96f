package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/examples/internal/example"
	"github.com/seed-230b9595/intune-go/examples/internal/exampletest"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// folder is one with files of these names, that hold a certificate each, but for those that begin with "bad".
func folder(t *testing.T, names ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, name := range names {
		data := []byte("no certificate")
		if !strings.HasPrefix(name, "bad") {
			data = exampletest.MakeCertificate(t).Raw
		}
		add(t, dir, name, data)
	}
	return dir
}

// add writes a file to a folder.
func add(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// summary is the table of the summary.
func summary(created, recognised, failed, notTried, requests int) string {
	return summaryWithSkipped(created, recognised, 0, failed, notTried, requests)
}

func summaryWithSkipped(created, recognised, skipped, failed, notTried, requests int) string {
	return fmt.Sprintf("\n\ncreated                          %d\nrecognised after a lost answer   %d\nskipped, in an earlier file too  %d\n"+
		"failed                           %d\nnot tried                        %d\nrequests                         %d\n",
		created, recognised, skipped, failed, notTried, requests)
}

func TestRunWithoutAnythingSetUpUploadsTwelveCertificates(t *testing.T) {
	stdout := exampletest.MustCall(t, run, nil)
	exampletest.WantPatterns(t, stdout,
		`\AUsing an emulator at http://127\.0\.0\.1:\d+; set AZURE_TENANT_ID`,
		`(?m)^Made a folder with twelve code-signing certificates$`,
		`(?m)(^(created     contoso-(0[13579]|11)\.cer|created     contoso-(0[2468]|1[02])\.pem)  [0-9a-f-]{36}\n){12}`,
	)
	if !strings.Contains(stdout, summary(12, 0, 0, 0, 12)) {
		t.Errorf("got\n%s", stdout)
	}
}

func TestCertificateFilesOfTheFolderAreUploaded(t *testing.T) {
	dir := folder(t, "a.cer", "b.CRT", "c.der", "d.pem", "bad.txt", "bad.exe", "e.cer.bak", "cer")
	if err := os.Mkdir(filepath.Join(dir, "f.cer"), 0o700); err != nil {
		t.Fatal(err)
	}
	stdout := exampletest.MustCall(t, run, []string{"-dir", dir, "-concurrency", "1"})
	exampletest.WantPatterns(t, stdout, `\n\ncreated     a\.cer  \S+\ncreated     b\.CRT  \S+\ncreated     c\.der  \S+\ncreated     d\.pem  \S+\n\n`)
	if !strings.HasSuffix(stdout, summary(4, 0, 0, 0, 4)) || strings.Contains(stdout, "Made a folder") {
		t.Errorf("got\n%s", stdout)
	}
}

func TestContainersOfTheFolderAreOpenedWithThePassword(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.pfx", "b.P12"} {
		container, _ := exampletest.MakePKCS12(t)
		add(t, dir, name, container)
	}
	password := exampletest.WriteFile(t, []byte(exampletest.Password+"\r\n"))
	stdout := exampletest.MustCall(t, run, []string{"-dir", dir, "-password-file", password}, "CERTIFICATE_PASSWORD=another")
	if !strings.HasSuffix(stdout, summary(2, 0, 0, 0, 2)) {
		t.Errorf("got\n%s", stdout)
	}
	stdout, _, err := exampletest.Call(t, run, []string{"-dir", dir})
	exampletest.WantFailure(t, err, "of 2 files, 2 failed and 0 were not tried")
	exampletest.WantPatterns(t, stdout, `(?m)^  \S+a\.pfx is a PKCS #12 container that .* set CERTIFICATE_PASSWORD, or use -password-file$`)
}

func TestCertificateThatSeveralFilesHoldIsUploadedOnce(t *testing.T) {
	dir := folder(t, "other.cer")
	container, cert := exampletest.MakePKCS12(t)
	add(t, dir, "a.cer", cert.Raw)
	add(t, dir, "b.pem", exampletest.PEM(cert))
	add(t, dir, "c.pfx", container)
	stdout := exampletest.MustCall(t, run, []string{"-dir", dir, "-concurrency", "1"}, "CERTIFICATE_PASSWORD="+exampletest.Password)
	exampletest.WantPatterns(t, stdout, `(?m)^skipped     b\.pem  the same certificate as a\.cer$`, `(?m)^skipped     c\.pfx  the same certificate as a\.cer$`,
		`(?m)^created     a\.cer  `, `(?m)^created     other\.cer  `)
	if !strings.HasSuffix(stdout, summaryWithSkipped(2, 0, 2, 0, 0, 2)) {
		t.Errorf("got\n%s", stdout)
	}
}

func TestWhatIsWorthKnowingComesLast(t *testing.T) {
	dir := folder(t, "good.cer")
	for name, days := range map[string]int{"expired.cer": -1, "soon.cer": 20} {
		cert, err := example.MakeCertificate("Contoso", time.Now().AddDate(-1, 0, 0), time.Now().AddDate(0, 0, days))
		if err != nil {
			t.Fatal(err)
		}
		add(t, dir, name, cert.Raw)
	}
	stdout, _, err := exampletest.Call(t, run, []string{"-dir", dir})
	exampletest.WantFailure(t, err, "of 3 files, 1 failed and 0 were not tried")
	exampletest.WantPatterns(t, stdout, `\n\nFailed:\n  expired\.cer: [^\n]* expired on [^\n]+\n\nWorth knowing:\n  soon\.cer: warning: expires-soon: [^\n]+\n\z`)
}

func TestFolderWithoutCertificateFilesFails(t *testing.T) {
	for want, dir := range map[string]string{
		"holds no file that ends in .cer, .crt, ": folder(t, "bad.txt"),
		"missing": filepath.Join(t.TempDir(), "missing"),
		"a.cer":   filepath.Join(folder(t, "a.cer"), "a.cer"),
	} {
		_, _, err := exampletest.Call(t, run, []string{"-dir", dir})
		exampletest.WantFailure(t, err, want)
	}
}

func TestStopOnErrorLeavesTheRest(t *testing.T) {
	dir := folder(t, "a.cer", "bad.cer", "c.cer", "d.cer")
	stdout, _, err := exampletest.Call(t, run, []string{"-dir", dir, "-concurrency", "1", "-stop-on-error"})
	if err == nil || err.Error() != "of 4 files, 1 failed and 2 were not tried" {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(stdout, summary(1, 0, 1, 2, 1)) {
		t.Errorf("got\n%s", stdout)
	}
	if stdout, _, _ = exampletest.Call(t, run, []string{"-dir", dir}); !strings.Contains(stdout, summary(3, 0, 1, 0, 3)) {
		t.Errorf("without the flag: got\n%s", stdout)
	}
}

// uploadTo uploads a folder to server, one file at a time, and returns what is printed.
func uploadTo(t *testing.T, server *intunetest.Server, dir string) (stdout string) {
	t.Helper()
	files, err := certificateFiles(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	report, requests := newReport(&out, len(files)), new(atomic.Int64)
	client := server.Client(intune.WithMiddleware(counting(requests)))
	upload(t.Context(), client.EnterpriseCodeSigningCertificates(), new(example.Loader), files, &intune.CreateAllOptions{Concurrency: 1}, report)
	if err := report.finish(requests.Load(), nil); (err != nil) != (len(report.failures) > 0) {
		t.Errorf("got %v with failures %q", err, report.failures)
	}
	return out.String()
}

func TestLostAnswerIsReportedAsRecognised(t *testing.T) {
	server := intunetest.NewServer(t)
	server.Inject(intunetest.Fault{Method: "POST", Status: 504, Gateway: true, Committed: true})
	got := uploadTo(t, server, folder(t, "a.cer", "b.cer"))
	exampletest.WantPatterns(t, got, `\Arecognised  a\.cer  [0-9a-f-]{36}\ncreated     b\.cer  [0-9a-f-]{36}\n`)
	if !strings.HasSuffix(got, summary(1, 1, 0, 0, 3)) || len(server.Certificates()) != 2 {
		t.Errorf("got\n%s", got)
	}
}

func TestRefusalIsReportedWithTheNameOfTheFile(t *testing.T) {
	server := intunetest.NewServer(t)
	server.Inject(intunetest.Fault{Method: "POST", Status: 400})
	got := uploadTo(t, server, folder(t, "a.cer", "b.cer"))
	exampletest.WantPatterns(t, got, `\Afailed      a\.cer\ncreated     b\.cer  `, `\nFailed:\n  a\.cer: create enterpriseCodeSigningCertificate: 400 [^\n]+\n\z`)
	if !strings.Contains(got, summary(1, 0, 1, 0, 2)) {
		t.Errorf("got\n%s", got)
	}
}

func TestTerminalGetsABar(t *testing.T) {
	var out bytes.Buffer
	r := &report{out: &out, terminal: true, total: 4}
	r.bar()
	r.add("a.cer", intune.CreateAllResult{Certificate: new(intune.EnterpriseCodeSigningCertificate)}, nil)
	r.add("b.cer", intune.CreateAllResult{Err: errors.New("refused")}, nil)
	r.add("c.cer", intune.CreateAllResult{Err: fmt.Errorf("%w: %w", intune.ErrNotTried, context.Canceled)}, nil)
	if err := r.finish(3, context.Canceled); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	dots := strings.Repeat(".", 20)
	want := "\r[" + dots + dots + "] 0 of 4, 0 failed" +
		"\r[##########" + dots + dots[:10] + "] 1 of 4, 0 failed" +
		"\r[####################" + dots + "] 2 of 4, 1 failed" +
		summary(1, 0, 1, 2, 3) + "\nFailed:\n  b.cer: refused\n"
	if got := out.String(); got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func TestFileIsNoTerminal(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if newReport(file, 1).terminal {
		t.Error("a file is taken for a terminal")
	}
}

func TestWrongUsage(t *testing.T) {
	exampletest.CheckMisuse(t, run, []exampletest.Misuse{
		{Args: []string{"certs"}, Want: `unexpected argument "certs"; a folder goes after -dir`},
		{Args: []string{"-dir", ""}, Want: "-dir is empty"},
		{Args: []string{"-concurrency", "0"}, Want: "-concurrency 0 is less than one"},
		{Args: []string{"-concurrency", "many"}, Want: "many"},
		{Env: exampletest.Complete(), Want: "the real service needs -dir"},
		{Env: []string{"AZURE_CLIENT_SECRET=s3cret"}, Want: "lacks AZURE_TENANT_ID, AZURE_CLIENT_ID; -emulator does without"},
	})
}

func TestHelpDescribesTheFlags(t *testing.T) {
	exampletest.CheckHelp(t, run, "-dir", "-password-file", "-concurrency", "-stop-on-error")
}

func TestHelpNamesTheSuffixes(t *testing.T) {
	for _, suffix := range suffixes {
		if !strings.Contains(usage, suffix) {
			t.Errorf("no %s in\n%s", suffix, usage)
		}
	}
}

func TestEmulatorStandsOverTheEnvironment(t *testing.T) {
	stdout := exampletest.MustCall(t, run, []string{"-emulator", "-dir", folder(t, "a.cer")}, exampletest.Complete()...)
	if !strings.HasPrefix(stdout, "Using an emulator at http://127.0.0.1:") {
		t.Errorf("got\n%s", stdout)
	}
}

func TestEnvironmentLeadsToTheRealService(t *testing.T) {
	stdout, stderr, err := exampletest.Call(t, run, []string{"-dir", folder(t, "a.cer")}, exampletest.Refusing(t)...)
	if err == nil || errors.As(err, new(example.UsageError)) || !strings.Contains(stdout, "AADSTS7000215") {
		t.Errorf("got %v, want a refused sign-in in\n%s", err, stdout)
	}
	exampletest.WantPatterns(t, stderr, `\AUsing the REAL service, cloud Public: the certificates go to the tenant [-0-9a-f]{36}\.\n\z`)
	if strings.Contains(stdout, "s3cret") {
		t.Errorf("the secret is printed:\n%s", stdout)
	}
}

func TestInterruptIsReported(t *testing.T) {
	stdout := exampletest.CheckInterrupt(t, run, "-emulator", "-dir", folder(t, "a.cer", "b.cer"))
	if !strings.HasSuffix(stdout, summary(0, 0, 0, 2, 0)) {
		t.Errorf("got\n%s", stdout)
	}
}

func TestExitCodes(t *testing.T) {
	exampletest.CheckExits(t, "bulk", []exampletest.Exit{
		{Args: []string{"-emulator", "-dir", folder(t, "a.cer")}, Want: 0},
		{Args: []string{"-help"}, Want: 0},
		{Args: []string{"-emulator", "-dir", folder(t, "a.cer", "bad.cer")}, Want: 1},
		{Args: []string{"-emulator", "-dir", folder(t)}, Want: 1},
		{Args: []string{"-nonsense"}, Want: 2},
		{Args: []string{"certs"}, Want: 2},
	})
}
