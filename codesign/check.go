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

	"github.com/seed-230b9595/intune-go/internal/expiry"
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
	SeverityFatal   Severity = "fatal"   // Create refuses the certificate
	SeverityWarning Severity = "warning" // it can be uploaded, but devices may not accept what it signs
	SeverityInfo    Severity = "info"    // it is as it should be where that is meant
)

// FindingCode tells findings apart. Codes stay the same from version to version.
type FindingCode string

// The codes of findings.
const (
	FindingExpired       FindingCode = "expired"
	FindingNotYetValid   FindingCode = "not-yet-valid"
	FindingExpiresSoon   FindingCode = "expires-soon"    // within 30 days
	FindingNoCodeSigning FindingCode = "no-code-signing" // its extended key usage does not name code signing
	FindingCA            FindingCode = "ca"
	FindingWeakSignature FindingCode = "weak-signature" // SHA-1, MD5 or MD2
	FindingWeakKey       FindingCode = "weak-key"       // RSA under 3072 bits, or a key that is neither RSA nor on P-256, P-384 or P-521
	FindingLongValidity  FindingCode = "long-validity"  // more than 460 days, issued since 1 March 2026
	FindingSelfSigned    FindingCode = "self-signed"
)

const (
	day         = 24 * time.Hour
	soon        = 30 * day
	maxValidity = 460 * day
	minRSABits  = 3072
)

// maxValidity holds for what is issued from here on: CA/Browser Forum, Ballot CSC-31.
var maxValiditySince = time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)

// Check says what is wrong or remarkable about Leaf at a time, the worst first; nothing where all is well. The limits
// are those of the CA/Browser Forum's Baseline Requirements for Code-Signing Certificates, which bind public
// certificate authorities; one of your own may issue what it likes.
func (c *Certificate) Check(now time.Time) (findings []Finding) {
	cert := c.Leaf
	add := func(severity Severity, code FindingCode, message string) {
		findings = append(findings, Finding{severity, code, "the certificate " + message})
	}
	if problem := expiry.Problem(cert, now); problem != "" {
		add(SeverityFatal, FindingExpired, problem+": upload its successor")
	} else if left := cert.NotAfter.Sub(now); left < soon {
		add(SeverityWarning, FindingExpiresSoon, fmt.Sprintf("expires on %s: ask for its successor now", printed(cert.NotAfter)))
	}
	if now.Before(cert.NotBefore) {
		add(SeverityWarning, FindingNotYetValid, fmt.Sprintf("is valid only from %s: do not sign with it before", printed(cert.NotBefore)))
	}
	if !slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageCodeSigning) {
		add(SeverityWarning, FindingNoCodeSigning, "is not for code signing: ask for one with the extended key usage 1.3.6.1.5.5.7.3.3")
	}
	if cert.IsCA {
		add(SeverityWarning, FindingCA, "is of a certificate authority: upload the one that it has issued for signing, or devices trust all of them")
	}
	if isWeakSignature(cert.SignatureAlgorithm) {
		add(SeverityWarning, FindingWeakSignature, fmt.Sprintf("is signed with %v, which can be forged: ask for one signed with SHA-256 or better", cert.SignatureAlgorithm))
	}
	if key := weakKey(cert.PublicKey); key != "" {
		add(SeverityWarning, FindingWeakKey, "has "+key+": make a new key, RSA of at least 3072 bits or ECDSA on P-256, P-384 or P-521")
	}
	if validity := cert.NotAfter.Sub(cert.NotBefore); validity > maxValidity && !cert.NotBefore.Before(maxValiditySince) {
		add(SeverityWarning, FindingLongValidity, fmt.Sprintf("is valid for %d days: a public certificate authority may issue no more than 460, so make sure that it is from your own", validity/day))
	}
	if bytes.Equal(cert.RawSubject, cert.RawIssuer) {
		add(SeverityInfo, FindingSelfSigned, "is self-signed: devices trust it through Intune alone, and nobody can revoke it, so keep its key well")
	}
	slices.SortStableFunc(findings, func(a, b Finding) int { return cmp.Compare(a.Severity.rank(), b.Severity.rank()) })
	return findings
}

func (s Severity) rank() int {
	return slices.Index([]Severity{SeverityFatal, SeverityWarning, SeverityInfo}, s)
}

func printed(t time.Time) string { return t.UTC().Format(expiry.Layout) }

func isWeakSignature(algorithm x509.SignatureAlgorithm) bool {
	switch algorithm {
	case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
		return true
	}
	return false
}

// weakKey says what kind of key it is that should not sign code, "" for a good one.
func weakKey(public any) string {
	switch key := public.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < minRSABits {
			return fmt.Sprintf("an RSA key of %d bits", bits)
		}
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256(), elliptic.P384(), elliptic.P521():
		default:
			return "a key on the curve " + key.Params().Name
		}
	case ed25519.PublicKey:
		return "an Ed25519 key, which Windows does not verify signatures of"
	default:
		return "a key of a kind that is not for signing code"
	}
	return ""
}
