package intune

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // see Thumbprint
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/seed-230b9595/intune-go/internal/format/lenientx509"
	"github.com/seed-230b9595/intune-go/internal/match"
)

// EnterpriseCodeSigningCertificate is a certificate that managed Windows devices trust for sideloaded apps.
// See https://learn.microsoft.com/graph/api/resources/intune-apps-enterprisecodesigningcertificate.
//
// A zero field is left out of a request. Times keep 100 ns, which is the service's resolution, and their offset.
type EnterpriseCodeSigningCertificate struct {
	ID      string // assigned by the service; Create and Update do not send it
	Content []byte // the certificate in DER; the service may return none after the upload
	Status  CertificateStatus

	// Distinguished names as text, such as "CN=Contoso, O=Contoso Ltd, C=US".
	SubjectName string
	Subject     string
	IssuerName  string
	Issuer      string

	ExpirationDateTime time.Time
	UploadDateTime     time.Time // Create sends the current time, in UTC, if it is zero

	// AdditionalData holds the properties that this version of the library does not know, by their JSON names, and sends
	// them back unchanged. It also holds the raw text of a property that could not be read, whose field is zero then; Create
	// does not send that. OData annotations (any name with an @) are not properties and are dropped.
	AdditionalData map[string]json.RawMessage
}

// CertificateStatus says whether the service has provisioned a certificate, that is, made it available to devices.
// Values other than these are kept unchanged.
type CertificateStatus string

// The values of [CertificateStatus].
const (
	CertificateStatusNotProvisioned CertificateStatus = "notProvisioned"
	CertificateStatusProvisioned    CertificateStatus = "provisioned"
)

// FromX509 returns the resource for a certificate: its content, its names as Windows writes them, and its expiration.
// Status and UploadDateTime stay zero. FromX509 returns nil for nil.
func FromX509(cert *x509.Certificate) *EnterpriseCodeSigningCertificate {
	if cert == nil {
		return nil
	}
	names := match.NamesOf(cert)
	return &EnterpriseCodeSigningCertificate{
		Content:            bytes.Clone(cert.Raw),
		SubjectName:        names.Subject,
		Subject:            names.Subject,
		IssuerName:         names.Issuer,
		Issuer:             names.Issuer,
		ExpirationDateTime: cert.NotAfter,
	}
}

// X509 parses Content. If Content is empty or not a certificate, the error is an [*InputError].
func (c *EnterpriseCodeSigningCertificate) X509() (*x509.Certificate, error) {
	if len(c.Content) == 0 {
		return nil, &InputError{Name: "certificate", Problem: "has no content to parse"}
	}
	cert, err := lenientx509.Parse(c.Content)
	if err != nil {
		return nil, &InputError{Name: "certificate content", Problem: "is not an X.509 certificate in DER", Err: err}
	}
	return cert, nil
}

// Thumbprint returns the SHA-1 of Content in upper-case hexadecimal, as Windows shows it, or "" without content. Listed
// records usually have no content, because the service removes it after the upload.
func (c *EnterpriseCodeSigningCertificate) Thumbprint() string { return thumbprint(c.Content) }

func thumbprint(content []byte) string {
	if len(content) == 0 {
		return ""
	}
	sum := sha1.Sum(content) //nolint:gosec // an identifier that Windows defines this way, not a safeguard
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// MatchedBy says how a certificate was recognized in the tenant.
type MatchedBy string

// The values of [MatchedBy].
const (
	MatchedByContent        MatchedBy = "content"        // the record has the same content
	MatchedByUploadDateTime MatchedBy = "uploadDateTime" // the record has the date that was sent
	MatchedByNames          MatchedBy = "names"          // the record has the same names and expiration
)

// SameCertificate reports whether two records are the same certificate: by content if both have it, otherwise by names
// and expiration. Names are compared as sets of attributes, all of which count. Ids, upload dates and statuses are
// ignored. The result is false if there is too little to compare.
func (c *EnterpriseCodeSigningCertificate) SameCertificate(other *EnterpriseCodeSigningCertificate) bool {
	if c == nil || other == nil {
		return false
	}
	return c.identity().IsSame(other.shown()) || other.identity().IsSame(c.shown())
}

// shown returns what certificates are compared by.
func (c *EnterpriseCodeSigningCertificate) shown() *match.Record {
	return &match.Record{
		ID: c.ID, Content: c.Content, Subject: c.Subject, SubjectName: c.SubjectName, Issuer: c.Issuer, IssuerName: c.IssuerName,
		Expires: c.ExpirationDateTime, Uploaded: c.UploadDateTime,
		IsProvisioned: c.Status == CertificateStatusProvisioned,
	}
}

func (c *EnterpriseCodeSigningCertificate) identity() *match.Identity { return match.New(c.shown()) }

// String identifies the certificate in one line, without its content.
func (c EnterpriseCodeSigningCertificate) String() string {
	return describe("enterpriseCodeSigningCertificate", c.attrs())
}

func describe(name string, attrs []slog.Attr) string {
	var out strings.Builder
	out.WriteString(name)
	for _, attr := range attrs {
		fmt.Fprintf(&out, " %s=%q", attr.Key, attr.Value)
	}
	return out.String()
}

// GoString is String, so that %#v does not print the content either.
func (c EnterpriseCodeSigningCertificate) GoString() string { return c.String() }

// LogValue implements slog.LogValuer, without the content.
func (c EnterpriseCodeSigningCertificate) LogValue() slog.Value { return slog.GroupValue(c.attrs()...) }

func (c *EnterpriseCodeSigningCertificate) attrs() []slog.Attr {
	return present(
		slog.String("id", c.ID),
		slog.String("subject", c.Subject),
		slog.String("status", string(c.Status)),
		slog.String("expirationDateTime", formatTime(c.ExpirationDateTime)),
		slog.String("uploadDateTime", formatTime(c.UploadDateTime)),
		slog.String("thumbprint", c.Thumbprint()),
	)
}
