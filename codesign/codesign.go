// Package codesign reads a code-signing certificate from any common kind of file, and reports problems with it.
//
//	cert, err := codesign.Load("contoso.pfx", codesign.WithPassword(password))
//	…
//	for _, finding := range cert.Check(time.Now()) {
//		log.Print(finding)
//	}
//	created, err := client.EnterpriseCodeSigningCertificates().Create(ctx, cert.Resource())
//
// Load also accepts a CA certificate, one for TLS, and a file with a private key, of which it takes only the certificate.
// [Certificate.Check] reports them. Create and Rotate don't call it.
//
// [Load] and [Parse] recognize the format by its content, never by a file name: see [Format]. They accept what Windows and its
// tools accept, including certificates that crypto/x509 rejects, such as those with a negative serial number. An unreadable
// certificate beside the signer's is skipped. Private keys are never decrypted, parsed or kept, and never appear in errors.
//
// Signatures are not verified, so load only files that you trust. The use of memory and time is limited, even for hostile files.
package codesign

import (
	"crypto/x509"
	"fmt"
	"strings"
	"unicode"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/internal/format/pfx"
)

// Certificate is a code-signing certificate and what came with it, from [Load] or [Parse].
type Certificate struct {
	// Leaf is the certificate to upload:
	//   - in a file with a signature, the certificate of the signer. If there are several signatures, the first one counts;
	//   - in a PKCS #12 container, the certificate that has a private key there;
	//   - otherwise the only certificate of the file, or the only one for code signing that is not a CA.
	//
	// WithThumbprint chooses another, including that of a second signature. If crypto/x509 can't use the public key, for
	// example because the curve is unknown, Leaf.PublicKey is nil. Leaf.Raw is always what the file contains.
	Leaf *x509.Certificate

	// Chain holds the other certificates that came with Leaf: first its issuer, then the issuer of that certificate and so on, then the rest.
	Chain []*x509.Certificate

	Format Format

	isWithKey bool // the file holds a private key as well
}

// Format is the kind of file that a certificate came from.
type Format string

// The formats that [Load] and [Parse] read.
const (
	FormatDER        Format = "DER"
	FormatPEM        Format = "PEM"         // any text around it, any line ends, UTF-8 or UTF-16
	FormatBase64     Format = "base64"      // without PEM's BEGIN and END lines, or the bytes in hexadecimal or as a list of numbers; also with a label, in quotation marks or in JSON
	FormatPKCS7      Format = "PKCS #7"     // .p7b, .p7s, .spc, catalogs (.cat) and .p7x, in DER, BER, PEM or base64
	FormatPKCS12     Format = "PKCS #12"    // .pfx and .p12, in DER, BER, PEM or base64; see WithPassword
	FormatPE         Format = "PE"          // signed programs and libraries for Windows and UEFI: .exe, .dll, .sys, .efi
	FormatMSIX       Format = "MSIX"        // signed packages: .msix, .appx
	FormatMSIXBundle Format = "MSIX bundle" // signed bundles: .msixbundle, .appxbundle
	FormatMSI        Format = "MSI"         // signed installers: .msi, .msp, .msm
	FormatCabinet    Format = "cabinet"     // signed cabinets: .cab
	FormatScript     Format = "script"      // signed scripts: .ps1, .psm1, .psd1, .ps1xml, .vbs, .js, .wsf, .mof
)

// Resource returns the resource to upload with [intune.EnterpriseCodeSigningCertificatesService.Create]: the content,
// names and expiration of Leaf, and nothing from Chain.
func (c *Certificate) Resource() *intune.EnterpriseCodeSigningCertificate {
	return intune.FromX509(c.Leaf)
}

// Thumbprint returns the SHA-1 of Leaf's DER in upper-case hexadecimal, as Windows shows it.
func (c *Certificate) Thumbprint() string { return thumbprintOf(c.Leaf) }

func thumbprintOf(cert *x509.Certificate) string {
	return (&intune.EnterpriseCodeSigningCertificate{Content: cert.Raw}).Thumbprint()
}

// Option configures [Load] and [Parse].
type Option func(*options)

type options struct {
	password   string
	thumbprint *string // nil if none was given
}

// WithPassword sets the password of a PKCS #12 container. It may contain any characters. Other formats, and containers
// without a password, ignore it.
func WithPassword(password string) Option {
	return func(o *options) { o.password = password }
}

// WithThumbprint chooses the certificate with a SHA-1 thumbprint: 40 hexadecimal digits, as Windows shows them. Spaces,
// colons and invisible characters copied with them are ignored. If the file does not contain the certificate, the error
// wraps an [*AmbiguousError] with the candidates.
func WithThumbprint(thumbprint string) Option {
	return func(o *options) {
		digits := strings.ToUpper(strings.Map(func(r rune) rune {
			if unicode.In(r, unicode.Cf, unicode.Zs, unicode.Pd) || r == ':' {
				return -1
			}
			return r
		}, thumbprint))
		o.thumbprint = &digits
	}
}

// ErrIncorrectPassword is wrapped by the error of [Load] and [Parse] if the password of a PKCS #12 container is wrong
// or missing. See [WithPassword].
var ErrIncorrectPassword = pfx.ErrIncorrectPassword

// AmbiguousError says that a file contains several possible certificates: more than one for code signing, several
// private keys, or none for code signing. [WithThumbprint] chooses one of Candidates.
type AmbiguousError struct{ Candidates []*x509.Certificate }

// Error lists the candidates by their thumbprints.
func (e *AmbiguousError) Error() string {
	var candidates []string
	for _, cert := range e.Candidates {
		candidates = append(candidates, fmt.Sprintf("%s %q, valid until %s", thumbprintOf(cert), intune.FromX509(cert).Subject, cert.NotAfter.UTC().Format("2006-01-02")))
	}
	return "choose by thumbprint: " + strings.Join(candidates, "; ")
}
