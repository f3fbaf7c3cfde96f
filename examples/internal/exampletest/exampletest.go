// Package exampletest is what the tests of the example programs share.
package exampletest

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seed-230b9595/intune-go/examples/internal/example"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// Run is the whole of a program.
type Run func(ctx context.Context, args []string, stdout, stderr io.Writer) error

// SomeID is the id of no tenant and of no application.
const SomeID = "b20d3703-3703-b20d-0337-0db203370db2"

// Complete is an environment that lacks nothing, with changes.
func Complete(changes ...string) []string {
	return append([]string{"AZURE_TENANT_ID=" + SomeID, "AZURE_CLIENT_ID=" + SomeID, "AZURE_CLIENT_SECRET=s3cret"}, changes...)
}

// Refusing is an environment that leads to the real service. The emulator stands in for Microsoft Entra ID and refuses
// the secret, so that nothing is sent to the real service.
func Refusing(t *testing.T) []string {
	t.Helper()
	return Complete("AZURE_TENANT_ID="+intunetest.TenantID, "AZURE_CLIENT_ID="+intunetest.ClientID,
		"AZURE_AUTHORITY_HOST="+intunetest.NewServer(t).URL())
}

// Call runs a program in an environment that has the AZURE_ variables of env, as "NAME=value", and no others. It fails
// the test where the program leaves a temporary file behind.
func Call(t *testing.T, run Run, args []string, env ...string) (stdout, stderr string, err error) {
	t.Helper()
	temporary := t.TempDir()
	for _, setting := range append([]string{
		"TMPDIR=" + temporary, "TMP=" + temporary, "TEMP=" + temporary,
		"AZURE_TENANT_ID=", "AZURE_CLIENT_ID=", "AZURE_CLIENT_SECRET=", "AZURE_AUTHORITY_HOST=",
	}, env...) {
		name, value, _ := strings.Cut(setting, "=")
		t.Setenv(name, value)
	}
	var out, errs bytes.Buffer
	err = run(t.Context(), args, &out, &errs)
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("%v is left behind, %v", left, err)
	}
	return out.String(), errs.String(), err
}

// WriteCertificate writes a certificate that expires in a day, in DER, to a file named contoso.cer.
func WriteCertificate(t *testing.T) (file string) {
	t.Helper()
	cert, err := example.MakeCertificate("Contoso", time.Now().Add(-time.Minute), time.Now().Add(24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return WriteFile(t, cert.Raw)
}

// WriteFile writes data to a file named contoso.cer, in a folder of its own.
func WriteFile(t *testing.T, data []byte) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "contoso.cer")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// WantPatterns fails the test for each pattern that text does not match.
func WantPatterns(t *testing.T, text string, patterns ...string) {
	t.Helper()
	for _, want := range patterns {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

// Exit is one way to call a program, and the code that it must exit with.
type Exit struct {
	Args []string
	Env  []string // besides the environment of the test
	Want int
}

// CheckExits builds the program in the current folder and calls it. Where it fails, stderr must be one line that begins
// with its name, and where it does not, empty.
func CheckExits(t *testing.T, name string, exits []Exit) {
	t.Helper()
	program := filepath.Join(t.TempDir(), name+".exe")                           // Windows wants the suffix, others do not mind
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".") //nolint:gosec // a folder of the test's own
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, exit := range exits {
		t.Run(strings.Join(exit.Args, " "), func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			command := exec.CommandContext(t.Context(), program, exit.Args...) //nolint:gosec // what has just been built
			command.Env = append(os.Environ(), exit.Env...)
			command.Stdout, command.Stderr = &stdout, &stderr
			if err := command.Run(); command.ProcessState == nil {
				t.Fatal(err)
			}
			if got := command.ProcessState.ExitCode(); got != exit.Want {
				t.Errorf("exit code %d, want %d; stderr: %s", got, exit.Want, &stderr)
			}
			if exit.Want == 0 && (stdout.Len() == 0 || stderr.Len() > 0) {
				t.Errorf("stdout is %q, stderr %q", &stdout, &stderr)
			}
			if exit.Want != 0 && !regexp.MustCompile(`\A`+name+`: [^\n]+\n\z`).Match(stderr.Bytes()) {
				t.Errorf("stderr is %q, want one line", &stderr)
			}
		})
	}
}
