package codesign

import (
	"bytes"
	"cmp"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"slices"
	"time"
)

// Finding is a problem or a notable property of a certificate, from [Certificate.Check].
type Finding struct {
	Severity Severity    `json:"severity"`
	Code     FindingCode `json:"code"`
	Message  string      `json:"message"` // one sentence that says what to do
}

// String returns the finding on one line.
func (f Finding) String() string { return fmt.Sprintf("%s: %s: %s", f.Severity, f.Code, f.Message) }

// NeedsConfirmation reports whether an interactive user should confirm the certificate before it is uploaded, because
// it is rarely the intended one: a CA certificate, one that is not for code signing, or a short-lived one.
func (f Finding) NeedsConfirmation() bool {
	return f.Code == FindingCA || f.Code == FindingNoCodeSigning || f.Code == FindingShortLived
}

// Severity says how serious a [Finding] is.
type Severity string

// The severities, worst first.
const (
	SeverityFatal   Severity = "fatal"   // Create and Rotate reject the certificate, unless WithExpiredAllowed is given
	SeverityWarning Severity = "warning" // it can be uploaded, but devices may not accept what it signs
	SeverityInfo    Severity = "info"    // fine if intended
)

// FindingCode identifies the kind of a [Finding]. Compare codes, not messages: messages may change in any version.
type FindingCode string

// The codes of findings; see [FindingCode].
const (
	// With SeverityFatal:
	FindingExpired FindingCode = "expired"

	// With SeverityWarning:
	FindingNotYetValid   FindingCode = "not-yet-valid"
	FindingExpiresSoon   FindingCode = "expires-soon"    // within 30 days
	FindingShortLived    FindingCode = "short-lived"     // valid for less than 8 days in all, such as those of Azure Artifact Signing
	FindingNoCodeSigning FindingCode = "no-code-signing" // its extended key usage does not allow code signing, such as that for TLS
	FindingAnyUse        FindingCode = "any-use"         // it has no extended key usage, or one that allows everything, unless it is a CA
	FindingKeyUsage      FindingCode = "key-usage"       // its key usage does not allow signatures, unless it is a CA
	FindingCA            FindingCode = "ca"              // it is a CA certificate
	FindingWeakSignature FindingCode = "weak-signature"  // SHA-1, MD5, MD4 or MD2, unless it is self-signed
	FindingWeakKey       FindingCode = "weak-key"        // RSA under 3072 bits, or a key that is neither RSA nor on P-256, P-384 or P-521
	FindingLongValidity  FindingCode = "long-validity"   // more than 460 days, issued since 1 March 2026, unless it is a CA

	// With SeverityInfo:
	FindingSelfSigned     FindingCode = "self-signed"
	FindingNegativeSerial FindingCode = "negative-serial"
	FindingPrivateKey     FindingCode = "private-key" // the file holds a private key as well, which is not uploaded
)

const (
	day             = 24 * time.Hour
	soon            = 30 * day
	shortDays       = 8
	maxValidityDays = 460
	minRSABits      = 3072
)

// maxValiditySince is when the limit begins for newly issued certificates: CA/Browser Forum, Ballot CSC-31.
var maxValiditySince = time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)

// Check returns the problems and notable properties of Leaf at the given time, the worst first, or nil. The limits are
// those of the CA/Browser Forum's Baseline Requirements for Code-Signing Certificates. They bind public certificate
// authorities, but not your own.
func (c *Certificate) Check(now time.Time) []Finding {
	var found findings
	found.checkValidity(c.Leaf, now)
	found.checkPurpose(c.Leaf)
	found.checkCryptography(c.Leaf)
	if isSelfSigned(c.Leaf) {
		found.add(SeverityInfo, FindingSelfSigned, "is self-signed: devices trust it only through Intune, and nobody can revoke it, so keep its key safe")
	}
	if c.Leaf.SerialNumber.Sign() < 0 {
		found.add(SeverityInfo, FindingNegativeSerial, "has the serial number %s, which is negative: Windows accepts it, but some tools do not", c.SerialNumber())
	}
	if c.isWithKey {
		found.add(SeverityInfo, FindingPrivateKey, "is in one file with its private key, which is not uploaded: do not commit or share the file, and export the certificate as .cer")
	}
	slices.SortStableFunc(found, func(a, b Finding) int { return cmp.Compare(a.Severity.rank(), b.Severity.rank()) })
	return found
}

type findings []Finding

func (f *findings) add(severity Severity, code FindingCode, format string, args ...any) {
	*f = append(*f, Finding{severity, code, "the certificate " + fmt.Sprintf(format, args...)})
}

func (f *findings) checkValidity(cert *x509.Certificate, now time.Time) {
	seconds := cert.NotAfter.Unix() - cert.NotBefore.Unix() // a time.Duration ends at 292 years
	const perDay = int64(day / time.Second)
	isShort, isLong := seconds < shortDays*perDay, seconds > maxValidityDays*perDay
	if now.After(cert.NotAfter) {
		f.add(SeverityFatal, FindingExpired, "expired on %s: upload its successor", printed(cert.NotAfter))
	} else if cert.NotAfter.Before(now.Add(soon)) && !isShort {
		f.add(SeverityWarning, FindingExpiresSoon, "expires on %s: order its successor now", printed(cert.NotAfter))
	}
	if now.Before(cert.NotBefore) {
		f.add(SeverityWarning, FindingNotYetValid, "is valid only from %s: do not sign with it before", printed(cert.NotBefore))
	}
	if isShort {
		f.add(SeverityWarning, FindingShortLived, "is valid for less than %d days in all, like those that Azure Artifact Signing replaces every day: "+
			"with Public Trust, upload nothing, because devices trust its authority already; with Private Trust, upload the certificate of the authority", shortDays)
	}
	if isLong && !cert.IsCA && !cert.NotBefore.Before(maxValiditySince) {
		f.add(SeverityWarning, FindingLongValidity, "is valid for %d days: a public certificate authority may issue no more than %d, so make sure that it is from your own",
			seconds/perDay, maxValidityDays)
	}
}

func (f *findings) checkPurpose(cert *x509.Certificate) {
	switch {
	case isForCodeSigning(cert), cert.IsCA && isForAnyUse(cert):
	case isForAnyUse(cert):
		f.add(SeverityWarning, FindingAnyUse, "is for any use: order one whose only extended key usage is code signing, 1.3.6.1.5.5.7.3.3")
	default:
		f.add(SeverityWarning, FindingNoCodeSigning, "is not for code signing: order one with the extended key usage 1.3.6.1.5.5.7.3.3")
	}
	switch {
	case !cert.IsCA && hasExtension(cert, 2, 5, 29, 15) && cert.KeyUsage&x509.KeyUsageDigitalSignature == 0:
		f.add(SeverityWarning, FindingKeyUsage, "has a key usage without digital signature, so Windows may reject what it signs: order one with digitalSignature")
	case !cert.IsCA:
	case isSelfSigned(cert) && isForCodeSigning(cert):
		f.add(SeverityWarning, FindingCA, "is self-signed with CA:TRUE, the default of openssl, so devices trust every certificate that its key issues: make one with CA:FALSE")
	default:
		f.add(SeverityWarning, FindingCA, "is a CA certificate: devices trust every certificate that it issues, so upload only the one for code signing")
	}
}

func (f *findings) checkCryptography(cert *x509.Certificate) {
	if weak := weakSignature(cert); weak != "" && !isSelfSigned(cert) {
		f.add(SeverityWarning, FindingWeakSignature, "is signed with %s, which can be forged: order one signed with SHA-256 or better", weak)
	}
	if key := weakKey(cert); key != "" {
		f.add(SeverityWarning, FindingWeakKey, "has %s: make a new key, RSA of at least 3072 bits or ECDSA on P-256, P-384 or P-521", key)
	}
}

func isSelfSigned(cert *x509.Certificate) bool { return bytes.Equal(cert.RawSubject, cert.RawIssuer) }

func (s Severity) rank() int {
	return slices.Index([]Severity{SeverityFatal, SeverityWarning, SeverityInfo}, s)
}

func printed(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 MST") }

// weakKey says what kind of key it is that should not sign code, "" for a good one.
func weakKey(cert *x509.Certificate) string {
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < minRSABits {
			return fmt.Sprintf("an RSA key of %d bits", bits)
		}
		return ""
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256(), elliptic.P384(), elliptic.P521():
			return ""
		}
		return "a key on the curve " + key.Params().Name
	case ed25519.PublicKey:
		return "an Ed25519 key, whose signatures Windows does not verify"
	}
	if cert.PublicKeyAlgorithm == x509.ECDSA {
		return "a key on a curve that is not for code signing"
	}
	return "a key of a type that is not for code signing"
}
