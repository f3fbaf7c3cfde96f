package example_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-230b9595/intune-go/codesign"
	"github.com/seed-230b9595/intune-go/examples/internal/example"
	"github.com/seed-230b9595/intune-go/examples/internal/exampletest"
)

// container is a PKCS #12 container with exampletest.Password.
const container = "../../../codesign/testdata/p256.pfx"

// load loads container with a password that comes from the environment and, where password is not "none", from a file.
func load(t *testing.T, environment, password string) error {
	t.Helper()
	t.Setenv(example.PasswordVariable, environment)
	flags := example.NewFlags("test")
	flags.AddPasswordFile()
	var args []string
	if password != "none" {
		args = []string{"-password-file", exampletest.WriteFile(t, []byte(password))}
	}
	if err := flags.Parse(args, io.Discard); err != nil {
		t.Fatal(err)
	}
	loader, err := flags.Loader()
	if err != nil {
		return err
	}
	_, err = loader.Load(container)
	return err
}

func TestPasswordComesFromTheEnvironmentOrAFile(t *testing.T) {
	for _, test := range []struct{ name, environment, file string }{
		{"environment", exampletest.Password, "none"},
		{"file", "", exampletest.Password},
		{"file with a line end", "", exampletest.Password + "\n"},
		{"file with a line end of Windows", "", exampletest.Password + "\r\n"},
		{"file with a byte-order mark", "", "\uFEFF" + exampletest.Password},
		{"file before environment", "another", exampletest.Password},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := load(t, test.environment, test.file); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWrongPasswordSaysWhereItComesFrom(t *testing.T) {
	for _, test := range []struct{ name, environment, file, want string }{
		{"none", "", "none", "none was given; set CERTIFICATE_PASSWORD, or use -password-file"},
		{"environment", "s3cret", "none", "it comes from CERTIFICATE_PASSWORD"},
		{"file", "", "s3cret", "contoso.cer"},
		{"file before environment", exampletest.Password, "s3cret", "contoso.cer"},
		{"only one line end is left out", "", exampletest.Password + "\n\n", "contoso.cer"},
		{"empty file", "", "\n", "contoso.cer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := load(t, test.environment, test.file)
			exampletest.WantFailure(t, err, test.want)
			if !errors.Is(err, codesign.ErrIncorrectPassword) || !strings.Contains(err.Error(), container) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("got %v, want the name of the file and no password", err)
			}
		})
	}
}

func TestPasswordFileThatCannotBeReadFails(t *testing.T) {
	err := load(t, "", "h\x00u\x00\xff\xfe")
	exampletest.WantFailure(t, err, "the password is not in UTF-8")

	flags := example.NewFlags("test")
	flags.AddPasswordFile()
	if err := flags.Parse([]string{"-password-file", filepath.Join(t.TempDir(), "missing")}, io.Discard); err != nil {
		t.Fatal(err)
	}
	if _, err := flags.Loader(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want a missing file", err)
	}
}

func TestPrintableStaysOnItsLine(t *testing.T) {
	const text = "CN=Contoso \u202e\x1b[2J\r\n日本 Müller\u00a0🔏"
	if got, want := example.Printable(text), "CN=Contoso \ufffd\ufffd[2J\ufffd\ufffd日本 Müller\u00a0🔏"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCertificateOfAnAuthorityTakesItsThumbprint(t *testing.T) {
	const file = "../../../codesign/testdata/intermediate.der"
	load := func(args ...string) (*codesign.Certificate, error) {
		flags := example.NewFlags("test")
		flags.AddThumbprint()
		if err := flags.Parse(args, io.Discard); err != nil {
			t.Fatal(err)
		}
		loader, err := flags.Loader()
		if err != nil {
			t.Fatal(err)
		}
		return loader.LoadForUpload(file)
	}
	_, err := load()
	if err == nil || !strings.Contains(err.Error(), "the certificate of an authority") {
		t.Fatalf("got %v", err)
	}
	thumbprint := err.Error()[strings.LastIndex(err.Error(), " ")+1:]
	if cert, err := load("-thumbprint", thumbprint); err != nil || cert.Thumbprint() != thumbprint {
		t.Errorf("got %v, %v", cert, err)
	}
}
