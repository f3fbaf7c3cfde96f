package example

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seed-230b9595/intune-go/codesign"
)

// PasswordVariable is the environment variable with the password of PKCS #12 containers. There is no flag for it, because
// everybody on a machine can read the arguments of its processes.
const PasswordVariable = "CERTIFICATE_PASSWORD"

// FileFormats is what a certificate can be read from, for the descriptions of flags.
const FileFormats = "DER, PEM, base64, PKCS #7, PKCS #12, or what it has signed: .exe, .dll, .msix, .appx"

// PasswordUsage is the part of Flags.Usage that says where passwords come from.
const PasswordUsage = `The password of a PKCS #12 file (.pfx, .p12) is read from the environment variable CERTIFICATE_PASSWORD, or from the file
after -password-file. There is no flag for the password itself, because others on the machine could read it.

`

// Loader loads certificates from files of every format.
type Loader struct {
	password   string
	source     string // of the password; empty where none was given
	thumbprint string // of the certificate to choose; empty where it is left to codesign
}

// AddPasswordFile adds the flag -password-file.
func (f *Flags) AddPasswordFile() {
	f.StringVar(&f.passwordFile, "password-file", "",
		"the `file` with the password of a PKCS #12 file, in UTF-8, a line end after it left out; goes before "+PasswordVariable)
}

// AddThumbprint adds the flag -thumbprint.
func (f *Flags) AddThumbprint() {
	f.StringVar(&f.thumbprint, "thumbprint", "", "the SHA-1 `thumbprint` of the certificate to take, where the file holds several")
}

// Loader returns a Loader with the password and thumbprint that were given, if any.
func (f *Flags) Loader() (*Loader, error) {
	if f.passwordFile == "" {
		if password := os.Getenv(PasswordVariable); password != "" {
			return &Loader{password, PasswordVariable, f.thumbprint}, nil
		}
		return &Loader{thumbprint: f.thumbprint}, nil
	}
	data, err := os.ReadFile(f.passwordFile)
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("%s: the password is not in UTF-8", f.passwordFile)
	}
	password := strings.TrimPrefix(string(data), "\uFEFF")
	return &Loader{strings.TrimSuffix(strings.TrimSuffix(password, "\n"), "\r"), f.passwordFile, f.thumbprint}, nil
}

// Load loads a certificate. Its errors name the file, and say where a password that does not fit comes from.
func (l *Loader) Load(file string) (*codesign.Certificate, error) {
	opts := []codesign.Option{codesign.WithPassword(l.password)}
	if l.thumbprint != "" {
		opts = append(opts, codesign.WithThumbprint(l.thumbprint))
	}
	cert, err := codesign.Load(file, opts...)
	switch {
	case !errors.Is(err, codesign.ErrIncorrectPassword):
		return cert, err
	case l.source == "":
		return nil, fmt.Errorf("%w: none was given; set %s, or use -password-file", err, PasswordVariable)
	}
	return nil, fmt.Errorf("%w: it comes from %s", err, l.source)
}

// LoadForUpload is Load, but that it takes the certificate of an authority only where its thumbprint was given: devices trust
// an uploaded one in all that it issues.
func (l *Loader) LoadForUpload(file string) (*codesign.Certificate, error) {
	cert, err := l.Load(file)
	if err == nil && cert.Leaf.IsCA && l.thumbprint == "" {
		return nil, fmt.Errorf("%s holds the certificate of an authority, which devices would trust in all that it issues; if that is meant, create and rotate take it with -thumbprint %s",
			file, cert.Thumbprint())
	}
	return cert, err
}

// Remarks returns what is worth knowing about a certificate that can be uploaded, one finding a line. For one that cannot,
// it leaves out why, which Create says.
func Remarks(cert *codesign.Certificate) (remarks []string) {
	for _, finding := range cert.Check(time.Now()) {
		if finding.Severity != codesign.SeverityFatal {
			remarks = append(remarks, finding.String())
		}
	}
	return remarks
}

// PrintRemarks prints the remarks on a certificate.
func PrintRemarks(out io.Writer, cert *codesign.Certificate) {
	for _, remark := range Remarks(cert) {
		fmt.Fprintln(out, remark)
	}
}
