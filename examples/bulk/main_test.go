package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/examples/internal/example"
	"github.com/seed-230b9595/intune-go/examples/internal/exampletest"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// folder is one with files of these names, that hold a certificate each, but for those that begin with "bad".
func folder(t *testing.T, names ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	cert, err := os.ReadFile(exampletest.WriteCertificate(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data := cert
		if strings.HasPrefix(name, "bad") {
			data = []byte("no certificate")
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// summary is the table of the summary.
func summary(created, recognised, failed, notTried, requests int) string {
	return fmt.Sprintf("\n\ncreated                          %d\nrecognised after a lost answer   %d\nfailed                           %d\n"+
		"not tried                        %d\nrequests                         %d\n", created, recognised, failed, notTried, requests)
}

func TestRunWithoutAnythingSetUpUploadsTwelveCertificates(t *testing.T) {
	stdout, stderr, err := exampletest.Call(t, run, nil)
	if err != nil {
		t.Errorf("got %v", err)
	}
	exampletest.WantPatterns(t, stdout,
		`\AUsing an emulator at http://127\.0\.0\.1:\d+; set AZURE_TENANT_ID`,
		`(?m)^Made a folder with twelve code-signing certificates$`,
		`(?m)(^(created     contoso-(0[13579]|11)\.cer|created     contoso-(0[2468]|1[02])\.pem)  [0-9a-f-]{36}\n){12}`,
	)
	if !strings.Contains(stdout, summary(12, 0, 0, 0, 12)) || stderr != "" {
		t.Errorf("got\n%s\non stderr %q", stdout, stderr)
	}
}

func TestCertificateFilesOfTheFolderAreUploaded(t *testing.T) {
	dir := folder(t, "a.cer", "b.CRT", "c.der", "d.pem", "bad.txt", "e.cer.bak", "cer")
	if err := os.Mkdir(filepath.Join(dir, "f.cer"), 0o700); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, err := exampletest.Call(t, run, []string{"-dir", dir, "-concurrency", "1"})
	if err != nil || stderr != "" {
		t.Errorf("got %v, on stderr %q", err, stderr)
	}
	exampletest.WantPatterns(t, stdout, `\n\ncreated     a\.cer  \S+\ncreated     b\.CRT  \S+\ncreated     c\.der  \S+\ncreated     d\.pem  \S+\n\n`)
	if !strings.HasSuffix(stdout, summary(4, 0, 0, 0, 4)) || strings.Contains(stdout, "Made a folder") {
		t.Errorf("got\n%s", stdout)
	}
}

func TestFolderWithoutCertificateFilesFails(t *testing.T) {
	for want, dir := range map[string]string{
		"holds no .cer, .crt, .der or .pem file": folder(t, "bad.txt"),
		"missing":                                filepath.Join(t.TempDir(), "missing"),
		"a.cer":                                  filepath.Join(folder(t, "a.cer"), "a.cer"),
	} {
		_, _, err := exampletest.Call(t, run, []string{"-dir", dir})
		if err == nil || errors.As(err, new(example.UsageError)) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want a failure of one line that says %q", err, want)
		}
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
	upload(t.Context(), client.EnterpriseCodeSigningCertificates(), files, &intune.BulkOptions{Concurrency: 1}, report)
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
	r.add("a.cer", intune.BulkResult{Certificate: new(intune.EnterpriseCodeSigningCertificate)}, nil)
	r.add("b.cer", intune.BulkResult{Err: errors.New("refused")}, nil)
	r.add("c.cer", intune.BulkResult{Err: fmt.Errorf("%w: %w", intune.ErrNotTried, context.Canceled)}, nil)
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
	for _, test := range []struct {
		args []string
		env  []string
		want string
	}{
		{args: []string{"-folder", "certs"}, want: "-folder"},
		{args: []string{"certs"}, want: `unexpected argument "certs"; a folder goes after -dir`},
		{args: []string{"-dir", ""}, want: "-dir is empty"},
		{args: []string{"-concurrency", "0"}, want: "-concurrency 0 is less than one"},
		{args: []string{"-concurrency", "many"}, want: "many"},
		{args: []string{"-cloud", "germany"}, want: `-cloud "germany" is none of`},
		{args: []string{"-api-version", "v2.0"}, want: `-api-version "v2.0" is neither`},
		{env: exampletest.Complete(), want: "the real service needs -dir"},
		{env: []string{"AZURE_CLIENT_SECRET=s3cret"}, want: "lacks AZURE_TENANT_ID, AZURE_CLIENT_ID; -emulator does without"},
	} {
		t.Run(strings.Join(append(test.args, test.env...), " "), func(t *testing.T) {
			stdout, stderr, err := exampletest.Call(t, run, test.args, test.env...)
			if !errors.As(err, new(example.UsageError)) || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want a UsageError of one line that says %q", err, test.want)
			}
			if stdout+stderr != "" {
				t.Errorf("stdout is %q, stderr %q", stdout, stderr)
			}
		})
	}
}

func TestHelpDescribesTheFlags(t *testing.T) {
	stdout, _, err := exampletest.Call(t, run, []string{"-help"})
	if !errors.Is(err, flag.ErrHelp) {
		t.Errorf("got %v, want flag.ErrHelp", err)
	}
	for _, name := range []string{"-dir", "-concurrency", "-stop-on-error", "-cloud", "-api-version", "-emulator"} {
		if !strings.Contains(stdout, "  "+name) {
			t.Errorf("no %s in\n%s", name, stdout)
		}
	}
}

func TestEmulatorStandsOverTheEnvironment(t *testing.T) {
	stdout, stderr, err := exampletest.Call(t, run, []string{"-emulator", "-dir", folder(t, "a.cer")}, exampletest.Complete()...)
	if err != nil || stderr != "" || !strings.HasPrefix(stdout, "Using an emulator at http://127.0.0.1:") {
		t.Errorf("got %v, on stderr %q, on stdout\n%s", err, stderr, stdout)
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
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	err := run(ctx, []string{"-emulator", "-dir", folder(t, "a.cer", "b.cer")}, &out, io.Discard)
	if !errors.Is(err, context.Canceled) || errors.As(err, new(example.UsageError)) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if !strings.HasSuffix(out.String(), summary(0, 0, 0, 2, 0)) {
		t.Errorf("got\n%s", &out)
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
