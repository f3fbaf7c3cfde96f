// Package codesign reads code-signing certificates from the files that people have, and reports what is wrong with them.
//
//	cert, err := codesign.Load("contoso.pfx", codesign.WithPassword(password))
//	…
//	for _, finding := range cert.Check(time.Now()) {
//		log.Print(finding)
//	}
//	created, err := client.EnterpriseCodeSigningCertificates().Create(ctx, cert.Resource())
//
// [Load] and [Parse] recognize the format by its bytes, never by a name: see [Format]. They read what Windows and its tools
// accept, also certificates that crypto/x509 rejects, such as those with a negative serial number. One certificate that cannot
// be read does not matter beside the signer. Private keys are neither decrypted, parsed nor kept, and are not part of any
// error.
//
// Signatures are not verified: whether a package is genuine is for its installer to find out. Load only files that you trust.
// Hostile files cannot do harm, though: memory and work are limited.
package codesign

import (
	"crypto/x509"
	"fmt"
	"strings"
	"unicode"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/internal/format/pfx"
)

// Certificate is a code-signing certificate and what came with it.
type Certificate struct {
	// Leaf is the certificate to upload:
	//   - in a file with a signature, the certificate of the signer. If there are several signatures, the first one counts;
	//   - in a PKCS #12 container, the certificate that has a private key there;
	//   - otherwise the only certificate of the file, or the only one for code signing that is not a CA.
	//
	// WithThumbprint chooses another, also that of a second signature. If crypto/x509 cannot use the public key, for example
	// on a curve that it does not know, Leaf.PublicKey is nil. Leaf.Raw is always what the file holds.
	Leaf *x509.Certificate

	// Chain holds the other certificates that came with Leaf: first its issuer, that one's issuer and so on, then the rest.
	Chain []*x509.Certificate

	Format Format

	isWithKey bool // the file holds a private key as well
}

// Format is what kind of file a certificate came from.
type Format string

// The formats that Load and Parse read.
const (
	FormatDER        Format = "DER"
	FormatPEM        Format = "PEM"         // any text around it, any line ends, UTF-8 or UTF-16
	FormatBase64     Format = "base64"      // or hexadecimal, without PEM's lines around it; also with a label, in quotation marks or in JSON
	FormatPKCS7      Format = "PKCS #7"     // .p7b, .p7s, .spc, catalogs (.cat) and .p7x, in DER, BER, PEM or base64
	FormatPKCS12     Format = "PKCS #12"    // .pfx and .p12, in DER, BER, PEM or base64; see WithPassword
	FormatPE         Format = "PE"          // signed programs and libraries for Windows and UEFI: .exe, .dll, .sys, .efi
	FormatMSIX       Format = "MSIX"        // signed packages: .msix, .appx
	FormatMSIXBundle Format = "MSIX bundle" // signed bundles: .msixbundle, .appxbundle
	FormatMSI        Format = "MSI"         // signed installers: .msi, .msp, .msm
	FormatCabinet    Format = "cabinet"     // signed cabinets: .cab
	FormatScript     Format = "script"      // signed scripts: .ps1, .psm1, .psd1, .ps1xml, .vbs, .js, .wsf, .mof
)

// Resource returns the resource to create: the content, names and expiration of Leaf, and nothing of Chain.
func (c *Certificate) Resource() *intune.EnterpriseCodeSigningCertificate {
	return intune.FromX509(c.Leaf)
}

// Thumbprint returns the SHA-1 of Leaf's DER in upper-case hexadecimal, as Windows shows it.
func (c *Certificate) Thumbprint() string { return thumbprintOf(c.Leaf) }

func thumbprintOf(cert *x509.Certificate) string {
	return (&intune.EnterpriseCodeSigningCertificate{Content: cert.Raw}).Thumbprint()
}

// Option changes how a file is read.
type Option func(*options)

type options struct {
	password   string
	thumbprint *string // nil if none was given
}

// WithPassword sets the password of a PKCS #12 container. It may hold any characters. Other formats, and containers that need
// none, do not use it.
func WithPassword(password string) Option {
	return func(o *options) { o.password = password }
}

// WithThumbprint chooses the certificate with a SHA-1 thumbprint: 40 hexadecimal digits, as Windows shows them. Spaces, colons
// and invisible marks that are copied with them are ignored. If the file does not hold the certificate, the error wraps an
// *AmbiguousError with those that it could have been.
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

// ErrIncorrectPassword is wrapped by the error of Load and Parse if a PKCS #12 container needs another password, or one at all.
var ErrIncorrectPassword = pfx.ErrIncorrectPassword

// AmbiguousError says that a file holds several certificates that may be meant: more than one for code signing, several
// private keys, or nothing for code signing at all. WithThumbprint chooses one of Candidates.
type AmbiguousError struct{ Candidates []*x509.Certificate }

// Error lists the candidates by their thumbprints.
func (e *AmbiguousError) Error() string {
	var out strings.Builder
	out.WriteString("choose by thumbprint")
	separator := ": "
	for _, cert := range e.Candidates {
		fmt.Fprintf(&out, "%s%s %q, valid until %s", separator, thumbprintOf(cert), intune.FromX509(cert).Subject, cert.NotAfter.UTC().Format("2006-01-02"))
		separator = "; "
	}
	return out.String()
}
