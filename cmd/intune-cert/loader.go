package main

// This file reads a certificate from a file or from standard input, and asks what has to be asked about it.

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/cmd/intune-cert/internal/console"
	"github.com/seed-230b9595/intune-go/codesign"
)

// passwordVariable is the environment variable with the password of .pfx files. There is no flag for it, because others on
// a machine can read the arguments of its processes.
const passwordVariable = "INTUNE_CERT_PASSWORD" //nolint:gosec // the name, not the password

const fileHelp = `FILE is a certificate file such as .cer, .pem or .pfx, or a program, package, installer or script that the certificate
has signed. "-" is standard input, up to 4 MiB. The password of a .pfx file comes from --password-file, from the environment
variable INTUNE_CERT_PASSWORD, or from a prompt.`

const confirmHelp = `A CA certificate, a short-lived certificate, and one that is not for code signing need confirmation: at a prompt, or, for a
single file, with --thumbprint.`

// loader loads certificates.
type loader struct {
	*console.Terminal

	passwordFile string
	thumbprint   string

	password string // once it is known
	source   string // of a password that was given, "" for one from the prompt
	stdin    []byte // nil until it has been read
}

// addFlags adds the flags that say how files are read.
func (l *loader) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&l.passwordFile, "password-file", "", "the `file` with the password of a .pfx file")
	cmd.Flags().StringVar(&l.thumbprint, "thumbprint", "", "the SHA-1 `thumbprint` of the certificate, if a file holds several")
}

// loadOne loads the certificate of the one file that a command takes.
func (l *loader) loadOne(ctx context.Context, path string) (file string, cert *codesign.Certificate, err error) {
	if file, err = oneFile(path); err == nil {
		cert, err = l.load(ctx, file)
	}
	return file, cert, err
}

// load loads a certificate. If it needs a password and none was given, a person is asked.
func (l *loader) load(ctx context.Context, file string) (*codesign.Certificate, error) {
	if err := l.findPassword(); err != nil {
		return nil, err
	}
	cert, err := l.read(ctx, file)
	if !errors.Is(err, codesign.ErrIncorrectPassword) {
		return cert, err
	}
	name := file
	if file == "-" {
		name = standardInput
	}
	switch {
	case l.source != "":
		return nil, &advisedError{err: err, text: fmt.Sprintf("the password from %s is not the one of %s", l.source, name), next: "Correct the password in " + l.source + "."}
	case !l.CanAsk():
		return nil, &advisedError{
			err: err, text: name + " needs a password, and none was given",
			next: "Put it into a file and name that with --password-file, or put it into the environment variable " + passwordVariable + ".",
		}
	}
	const tries = 3
	for range tries {
		if l.password, err = l.Password(ctx, "Password of "+name+": "); err != nil {
			return nil, err
		}
		if cert, err = l.read(ctx, file); !errors.Is(err, codesign.ErrIncorrectPassword) {
			break
		}
		l.Remark("This password is not correct.")
	}
	return cert, err
}

const standardInput = "standard input"

func (l *loader) read(ctx context.Context, file string) (*codesign.Certificate, error) {
	options := []codesign.Option{codesign.WithPassword(l.password)}
	if l.thumbprint != "" {
		options = append(options, codesign.WithThumbprint(l.thumbprint))
	}
	if file == "-" {
		if err := l.readStdin(ctx); err != nil {
			return nil, err
		}
		cert, err := codesign.Parse(l.stdin, options...)
		var input *intune.InputError
		if errors.As(err, &input) && input.Name == "certificate" {
			input.Name = standardInput
		}
		return cert, err
	}
	cert, err := codesign.Load(file, options...)
	switch info, problem := os.Stat(file); {
	case err == nil || problem != nil:
	case info.IsDir():
		err = &advisedError{err: err, next: "Name one of its files."}
	case info.Mode()&os.ModeNamedPipe != 0:
		err = &advisedError{err: err, next: `Pass the certificate on standard input, with "-" instead of a file name.`}
	}
	return cert, err
}

// readStdin reads standard input once.
func (l *loader) readStdin(ctx context.Context) (err error) {
	const most = 4 << 20 // as codesign.Load reads of a file that is read as a whole
	if l.stdin != nil {
		return nil
	}
	l.stdin, err = l.ReadAll(ctx, most+1)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", standardInput, err)
	case len(l.stdin) > most:
		return errors.New("standard input has more than 4 MiB: export only the certificate")
	}
	return nil
}

// loadForUpload makes a person confirm a certificate that hardly anybody means to upload, unless its thumbprint was given.
func (l *loader) loadForUpload(ctx context.Context, file string, allowsExpired bool) (*codesign.Certificate, error) {
	cert, err := l.load(ctx, file)
	if err != nil {
		return nil, err
	}
	if isExpired(cert) && !allowsExpired {
		return nil, &advisedError{
			err:  fmt.Errorf("%s expired on %s", file, formatTime(cert.Leaf.NotAfter)),
			next: "Upload its successor. To upload it nevertheless, because its apps have timestamps, add --allow-expired.",
		}
	}
	objections := objections(cert)
	if len(objections) == 0 || l.thumbprint != "" {
		return cert, nil
	}
	return cert, l.confirm(ctx, file, cert, objections)
}

// confirm asks a person about a certificate. Without a terminal it is an error.
func (l *loader) confirm(ctx context.Context, file string, cert *codesign.Certificate, objections []codesign.Finding) error {
	rejected := &advisedError{
		err:  fmt.Errorf("%s was not confirmed: %s", file, objections[0].Message),
		next: "If that is intended, confirm it with" + onItsLine("--thumbprint "+cert.Thumbprint()),
	}
	if !l.CanAsk() || file == "-" {
		return rejected
	}
	for _, finding := range objections {
		l.Remark("%s: %s", file, finding.Message)
	}
	isSure, err := l.Confirm(ctx, "Upload this certificate?")
	if err != nil {
		return err
	}
	if !isSure {
		return rejected
	}
	return nil
}

// objections are the findings for which a certificate is uploaded only if somebody confirms it.
func objections(cert *codesign.Certificate) (found []codesign.Finding) {
	for _, finding := range findingsOf(cert) {
		if finding.NeedsConfirmation() {
			found = append(found, finding)
		}
	}
	return found
}

// findPassword reads the password that was given, once.
func (l *loader) findPassword() error {
	switch {
	case l.source != "":
		return nil
	case l.passwordFile != "":
		password, err := readPassword(l.passwordFile)
		l.password, l.source = password, console.Clean(l.passwordFile)
		return err
	}
	if password := os.Getenv(passwordVariable); password != "" {
		l.password, l.source = password, passwordVariable
	}
	return nil
}

// readPassword reads a password from a file in UTF-8, or in UTF-16 as Windows PowerShell writes with ">". One line end after
// it does not belong to it.
func readPassword(file string) (string, error) {
	data, err := os.ReadFile(file) //nolint:gosec // the file that the user names
	if err != nil {
		return "", fmt.Errorf("--password-file: %w", err)
	}
	text, _, err := transform.Bytes(unicode.BOMOverride(encoding.UTF8Validator), data)
	if err != nil || slices.Contains(text, 0) {
		return "", &advisedError{err: fmt.Errorf("--password-file %s: the password is not in UTF-8", file), next: "Save the file as UTF-8."}
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r"), nil
}

// findingsOf is never nil.
func findingsOf(cert *codesign.Certificate) []codesign.Finding {
	return append([]codesign.Finding{}, cert.Check(time.Now())...)
}

func isExpired(cert *codesign.Certificate) bool { return time.Now().After(cert.Leaf.NotAfter) }
