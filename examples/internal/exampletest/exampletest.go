// Package exampletest is what the tests of the example programs share.
package exampletest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

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

// Call runs a program in an environment that has the variables of env, as "NAME=value", and else none that it knows. It
// fails the test where the program leaves a temporary file behind.
func Call(t *testing.T, run Run, args []string, env ...string) (stdout, stderr string, err error) {
	t.Helper()
	temporary := t.TempDir()
	for _, setting := range append([]string{
		"TMPDIR=" + temporary, "TMP=" + temporary, "TEMP=" + temporary,
		"AZURE_TENANT_ID=", "AZURE_CLIENT_ID=", "AZURE_CLIENT_SECRET=", "AZURE_AUTHORITY_HOST=",
		example.PasswordVariable + "=",
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

// MustCall is Call for what succeeds, and says nothing on stderr.
func MustCall(t *testing.T, run Run, args []string, env ...string) (stdout string) {
	t.Helper()
	stdout, stderr, err := Call(t, run, args, env...)
	if err != nil || stderr != "" {
		t.Fatalf("got %v, on stderr %q, on stdout\n%s", err, stderr, stdout)
	}
	return stdout
}

// Password is that of PKCS12, and of the test data of package codesign.
const Password = "hunter2-Pässwörd" //nolint:gosec // of keys that are worthless

// MakeCertificate makes a certificate that there is nothing to say about.
func MakeCertificate(t *testing.T) *x509.Certificate {
	t.Helper()
	cert, err := example.MakeCertificate("Contoso", time.Now().Add(-time.Minute), time.Now().AddDate(0, 0, 90))
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// MakePKCS12 makes such a certificate with its key, in a PKCS #12 container.
func MakePKCS12(t *testing.T) (data []byte, cert *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert, err = example.IssueCertificate(&key.PublicKey, "Contoso", time.Now().Add(-time.Minute), time.Now().AddDate(0, 0, 90))
	if err != nil {
		t.Fatal(err)
	}
	data, err = pkcs12.Modern.Encode(key, cert, nil, Password)
	if err != nil {
		t.Fatal(err)
	}
	return data, cert
}

// PEM is a certificate in PEM.
func PEM(cert *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
}

// WriteCertificate writes a certificate of MakeCertificate, in DER, to a file named contoso.cer.
func WriteCertificate(t *testing.T) (file string) {
	t.Helper()
	return WriteFile(t, MakeCertificate(t).Raw)
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

// WantFailure fails the test where err is not a failure of one line that says want.
func WantFailure(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || errors.As(err, new(example.UsageError)) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want a failure of one line that says %q", err, want)
	}
}

// Misuse is a wrong way to call a program, and what it must say.
type Misuse struct {
	Args []string
	Env  []string
	Want string
}

// CheckMisuse calls the program in wrong ways: those, and those that are common to all programs.
func CheckMisuse(t *testing.T, run Run, misuses []Misuse) {
	t.Helper()
	for _, misuse := range append(misuses,
		Misuse{Args: []string{"-nonsense"}, Want: "-nonsense"},
		Misuse{Args: []string{"-cloud", "germany"}, Want: `-cloud "germany" is none of`},
		Misuse{Args: []string{"-cloud", ""}, Want: `-cloud "" is none of`},
		Misuse{Args: []string{"-api-version", "v2.0"}, Want: `-api-version "v2.0" is neither`},
	) {
		t.Run(strings.Join(append(misuse.Args, misuse.Env...), " "), func(t *testing.T) {
			stdout, stderr, err := Call(t, run, misuse.Args, misuse.Env...)
			if !errors.As(err, new(example.UsageError)) || !strings.Contains(err.Error(), misuse.Want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want a UsageError of one line that says %q", err, misuse.Want)
			}
			if stdout+stderr != "" || err != nil && strings.Contains(err.Error(), "s3cret") {
				t.Errorf("stdout is %q, stderr %q, the error %v", stdout, stderr, err)
			}
		})
	}
}

// CheckHelp checks that the help describes flags: those, and those that all programs have.
func CheckHelp(t *testing.T, run Run, names ...string) {
	t.Helper()
	stdout, _, err := Call(t, run, []string{"-help"})
	if !errors.Is(err, flag.ErrHelp) {
		t.Errorf("got %v, want flag.ErrHelp", err)
	}
	for _, name := range append(names, "-cloud", "-api-version", "-emulator") {
		if !strings.Contains(stdout, "  "+name) {
			t.Errorf("no %s in\n%s", name, stdout)
		}
	}
}

// CheckInterrupt checks that the program ends with the context.
func CheckInterrupt(t *testing.T, run Run, args ...string) (stdout string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	if err := run(ctx, args, &out, io.Discard); !errors.Is(err, context.Canceled) || errors.As(err, new(example.UsageError)) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	return out.String()
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
