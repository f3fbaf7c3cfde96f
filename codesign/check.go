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

// Finding is something about a certificate that its owner should know.
type Finding struct {
	Severity Severity    `json:"severity"`
	Code     FindingCode `json:"code"`
	Message  string      `json:"message"` // one sentence that says what to do
}

// String is the finding in one line.
func (f Finding) String() string { return fmt.Sprintf("%s: %s: %s", f.Severity, f.Code, f.Message) }

// Severity says how bad a finding is.
type Severity string

// The severities, worst first.
const (
	SeverityFatal   Severity = "fatal"   // Create rejects the certificate
	SeverityWarning Severity = "warning" // it can be uploaded, but devices may not accept what it signs
	SeverityInfo    Severity = "info"    // fine if intended
)

// FindingCode tells findings apart. Codes stay the same from version to version.
type FindingCode string

// The codes of findings.
const (
	FindingExpired        FindingCode = "expired"
	FindingNotYetValid    FindingCode = "not-yet-valid"
	FindingExpiresSoon    FindingCode = "expires-soon"    // within 30 days
	FindingNoCodeSigning  FindingCode = "no-code-signing" // its extended key usage does not name code signing, or it has none
	FindingCA             FindingCode = "ca"
	FindingWeakSignature  FindingCode = "weak-signature" // SHA-1, MD5, MD4 or MD2, unless it is self-signed
	FindingWeakKey        FindingCode = "weak-key"       // RSA under 3072 bits, or a key that is neither RSA nor on P-256, P-384 or P-521
	FindingLongValidity   FindingCode = "long-validity"  // more than 460 days, issued since 1 March 2026, unless it is a CA
	FindingSelfSigned     FindingCode = "self-signed"
	FindingNegativeSerial FindingCode = "negative-serial"
)

const (
	day             = 24 * time.Hour
	soon            = 30 * day
	maxValidityDays = 460
	minRSABits      = 3072
)

// maxValiditySince is when the limit begins for newly issued certificates: CA/Browser Forum, Ballot CSC-31.
var maxValiditySince = time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)

// Check returns what is wrong or remarkable about Leaf at a time, the worst first, or nothing. The limits are those of the
// CA/Browser Forum's Baseline Requirements for Code-Signing Certificates. They bind public certificate authorities; one of
// your own may issue what it likes.
func (c *Certificate) Check(now time.Time) []Finding {
	findings := slices.Concat(checkValidity(c.Leaf, now), checkPurpose(c.Leaf), checkCryptography(c.Leaf), c.checkIdentity())
	slices.SortStableFunc(findings, func(a, b Finding) int { return cmp.Compare(a.Severity.rank(), b.Severity.rank()) })
	return findings
}

func finding(severity Severity, code FindingCode, message string) Finding {
	return Finding{severity, code, "the certificate " + message}
}

func checkValidity(cert *x509.Certificate, now time.Time) (findings []Finding) {
	if now.After(cert.NotAfter) {
		findings = append(findings, finding(SeverityFatal, FindingExpired, "expired on "+printed(cert.NotAfter)+": upload its successor"))
	} else if cert.NotAfter.Before(now.Add(soon)) {
		findings = append(findings, finding(SeverityWarning, FindingExpiresSoon, fmt.Sprintf("expires on %s: ask for its successor now", printed(cert.NotAfter))))
	}
	if now.Before(cert.NotBefore) {
		findings = append(findings, finding(SeverityWarning, FindingNotYetValid, fmt.Sprintf("is valid only from %s: do not sign with it before", printed(cert.NotBefore))))
	}
	if isLong(cert) && !cert.IsCA && !cert.NotBefore.Before(maxValiditySince) {
		findings = append(findings, finding(SeverityWarning, FindingLongValidity,
			fmt.Sprintf("is valid for %d days: a public certificate authority may issue no more than %d, so make sure that it is from your own", validityDays(cert), maxValidityDays)))
	}
	return findings
}

func validitySeconds(cert *x509.Certificate) int64 {
	return cert.NotAfter.Unix() - cert.NotBefore.Unix()
}

// validityDays counts in seconds, because a time.Duration ends at 292 years.
func validityDays(cert *x509.Certificate) int64 {
	return validitySeconds(cert) / int64(day/time.Second)
}

func isLong(cert *x509.Certificate) bool {
	return validitySeconds(cert) > maxValidityDays*int64(day/time.Second)
}

func checkPurpose(cert *x509.Certificate) (findings []Finding) {
	switch {
	case isForCodeSigning(cert):
	case isForAnyUse(cert):
		findings = append(findings, finding(SeverityWarning, FindingNoCodeSigning, "is for any use: ask for one with the extended key usage code signing alone, 1.3.6.1.5.5.7.3.3"))
	default:
		findings = append(findings, finding(SeverityWarning, FindingNoCodeSigning, "is not for code signing: ask for one with the extended key usage 1.3.6.1.5.5.7.3.3"))
	}
	switch {
	case !cert.IsCA:
	case isSelfSigned(cert) && isForCodeSigning(cert):
		findings = append(findings, finding(SeverityWarning, FindingCA, "is self-signed and says CA:TRUE, as openssl does by default: devices trust whatever its key issues, so make one with CA:FALSE"))
	default:
		findings = append(findings, finding(SeverityWarning, FindingCA, "is of a certificate authority: upload the one that it has issued for signing, or devices trust all of them"))
	}
	return findings
}

func checkCryptography(cert *x509.Certificate) (findings []Finding) {
	if weak := weakSignature(cert); weak != "" && !isSelfSigned(cert) {
		findings = append(findings, finding(SeverityWarning, FindingWeakSignature, fmt.Sprintf("is signed with %s, which can be forged: ask for one signed with SHA-256 or better", weak)))
	}
	if key := weakKey(cert); key != "" {
		findings = append(findings, finding(SeverityWarning, FindingWeakKey, "has "+key+": make a new key, RSA of at least 3072 bits or ECDSA on P-256, P-384 or P-521"))
	}
	return findings
}

func (c *Certificate) checkIdentity() (findings []Finding) {
	if isSelfSigned(c.Leaf) {
		findings = append(findings, finding(SeverityInfo, FindingSelfSigned, "is self-signed: devices trust it through Intune alone, and nobody can revoke it, so keep its key safe"))
	}
	if c.Leaf.SerialNumber.Sign() < 0 {
		findings = append(findings, finding(SeverityInfo, FindingNegativeSerial, fmt.Sprintf("has the serial number %s, which is negative: Windows accepts it, but some tools do not", c.SerialNumber())))
	}
	return findings
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
		return "an Ed25519 key, which Windows does not verify signatures of"
	}
	if cert.PublicKeyAlgorithm == x509.ECDSA {
		return "a key on a curve that is not for signing code"
	}
	return "a key of a kind that is not for signing code"
}
