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

	"github.com/seed-230b9595/intune-go/internal/dn"
)

// EnterpriseCodeSigningCertificate is a certificate that managed Windows devices trust for sideloaded apps.
// See https://learn.microsoft.com/graph/api/resources/intune-apps-enterprisecodesigningcertificate.
//
// A zero field is left out of a request. Times are kept to 100 ns, which is the service's resolution, with their offset.
type EnterpriseCodeSigningCertificate struct {
	ID      string // assigned by the service; never sent, so MarshalJSON leaves it out
	Content []byte // the certificate in DER; nil once the service has taken it
	Status  CertificateStatus

	// Distinguished names as text. The service fills them in from Content.
	SubjectName string
	Subject     string
	IssuerName  string
	Issuer      string

	ExpirationDateTime time.Time
	UploadDateTime     time.Time // Create sets it to now, in UTC, where it is zero

	// AdditionalData holds the properties that this version of the library does not know, by their JSON names, and
	// sends them back as they came. OData annotations (any name with an @) are not properties and never land here.
	AdditionalData map[string]json.RawMessage
}

// CertificateStatus says whether a certificate has been handed to the devices. Values that are not listed here are
// kept as they are.
type CertificateStatus string

// The values of CertificateStatus.
const (
	CertificateStatusNotProvisioned CertificateStatus = "notProvisioned"
	CertificateStatusProvisioned    CertificateStatus = "provisioned"
)

// FromX509 returns the resource for a certificate: its content, its names as Windows writes them, and its expiration.
// It leaves Status to the caller. It returns nil for nil.
func FromX509(cert *x509.Certificate) *EnterpriseCodeSigningCertificate {
	if cert == nil {
		return nil
	}
	subject, issuer := windowsName(cert.RawSubject), windowsName(cert.RawIssuer)
	return &EnterpriseCodeSigningCertificate{
		Content:            bytes.Clone(cert.Raw),
		SubjectName:        subject,
		Subject:            subject,
		IssuerName:         issuer,
		Issuer:             issuer,
		ExpirationDateTime: cert.NotAfter,
	}
}

// windowsName is empty where the name cannot be read; the service then reads it from the content itself.
func windowsName(der []byte) string {
	name, err := dn.Windows(der)
	if err != nil {
		return ""
	}
	return name
}

// X509 parses Content. The service returns no content once it has taken it, and then X509 is an error.
func (c *EnterpriseCodeSigningCertificate) X509() (*x509.Certificate, error) {
	if len(c.Content) == 0 {
		return nil, &InputError{Name: "certificate", Problem: "has no content to parse"}
	}
	cert, err := x509.ParseCertificate(c.Content)
	if err != nil {
		return nil, &InputError{Name: "certificate content", Problem: "is not an X.509 certificate in DER", Err: err}
	}
	return cert, nil
}

// Thumbprint returns the SHA-1 of the DER in upper-case hexadecimal, as Windows shows it, or "" without content.
func (c *EnterpriseCodeSigningCertificate) Thumbprint() string {
	if len(c.Content) == 0 {
		return ""
	}
	sum := sha1.Sum(c.Content) //nolint:gosec // an identifier that Windows defines this way, not a safeguard
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

const odataType = "#microsoft.graph.enterpriseCodeSigningCertificate"

// wireCertificate is the JSON form of a request.
type wireCertificate struct {
	ODataType          string            `json:"@odata.type"`
	Content            []byte            `json:"content,omitempty"`
	Status             CertificateStatus `json:"status,omitempty"`
	SubjectName        string            `json:"subjectName,omitempty"`
	Subject            string            `json:"subject,omitempty"`
	IssuerName         string            `json:"issuerName,omitempty"`
	Issuer             string            `json:"issuer,omitempty"`
	ExpirationDateTime string            `json:"expirationDateTime,omitempty"`
	UploadDateTime     string            `json:"uploadDateTime,omitempty"`
}

// MarshalJSON returns the body of a request: the @odata.type, the fields that are set, and AdditionalData, but not
// the ID.
func (c EnterpriseCodeSigningCertificate) MarshalJSON() ([]byte, error) {
	expiration, err := wireTime(c.ExpirationDateTime)
	if err != nil {
		return nil, fmt.Errorf("expirationDateTime: %w", err)
	}
	upload, err := wireTime(c.UploadDateTime)
	if err != nil {
		return nil, fmt.Errorf("uploadDateTime: %w", err)
	}
	known, err := json.Marshal(wireCertificate{
		ODataType: odataType, Content: c.Content, Status: c.Status,
		SubjectName: c.SubjectName, Subject: c.Subject, IssuerName: c.IssuerName, Issuer: c.Issuer,
		ExpirationDateTime: expiration, UploadDateTime: upload,
	})
	if err != nil || len(c.AdditionalData) == 0 {
		return known, err
	}
	for name := range c.AdditionalData {
		if c.isKnown(name) || isAnnotation(name) {
			return nil, fmt.Errorf("additionalData: %q is a field or an annotation", name)
		}
	}
	additional, err := json.Marshal(c.AdditionalData)
	if err != nil {
		return nil, fmt.Errorf("additionalData: %w", err)
	}
	known[len(known)-1] = ','
	return append(known, additional[1:]...), nil
}

// wireTime writes a time with 100 ns, the resolution of Edm.DateTimeOffset on the service's side, and its offset. An
// offset with seconds, as old zones have, or of more than 14 hours cannot be written, so the time goes out in UTC.
func wireTime(t time.Time) (string, error) {
	if t.IsZero() {
		return "", nil
	}
	const furthest = 14 * 60 * 60 // of Edm.DateTimeOffset
	if _, offset := t.Zone(); offset%60 != 0 || offset > furthest || offset < -furthest {
		t = t.UTC()
	}
	if year := t.Year(); year < 0 || year > 9999 {
		return "", fmt.Errorf("the year %d does not fit RFC 3339", year)
	}
	return t.Truncate(100 * time.Nanosecond).Format(time.RFC3339Nano), nil
}

// UnmarshalJSON reads an object of the service. Names are matched exactly; null and missing leave a field zero.
func (c *EnterpriseCodeSigningCertificate) UnmarshalJSON(data []byte) error {
	if !json.Valid(data) {
		return errNotJSON
	}
	return c.decodeValid(data)
}

// decodeValid reads an object in JSON that is known to be valid.
func (c *EnterpriseCodeSigningCertificate) decodeValid(data []byte) error {
	if string(bytes.TrimSpace(data)) == "null" {
		return nil // changes nothing, by the convention of json.Unmarshaler
	}
	var read EnterpriseCodeSigningCertificate
	if err := eachMember(data, read.decode); err != nil {
		return err
	}
	if len(read.Content) == 0 {
		read.Content = nil
	}
	*c = read
	return nil
}

// maxAdditionalData bounds what a hostile answer of a million properties would cost.
const maxAdditionalData = 1000

func (c *EnterpriseCodeSigningCertificate) decode(name, value []byte) error {
	switch field := c.field(string(name)).(type) {
	case nil:
		return c.keep(string(name), value)
	case *string:
		return decodeString(value, field)
	case *CertificateStatus:
		return decodeString(value, field)
	case *time.Time:
		return field.UnmarshalJSON(value)
	default:
		return json.Unmarshal(value, field)
	}
}

// keep puts a property that this version does not know into AdditionalData.
func (c *EnterpriseCodeSigningCertificate) keep(name string, value []byte) error {
	if isAnnotation(name) {
		return nil
	}
	if len(c.AdditionalData) == maxAdditionalData {
		return fmt.Errorf("more than %d unknown properties", maxAdditionalData)
	}
	if c.AdditionalData == nil {
		c.AdditionalData = make(map[string]json.RawMessage)
	}
	c.AdditionalData[name] = bytes.Clone(value)
	return nil
}

// field returns where the property of that name is kept, nil where there is none.
func (c *EnterpriseCodeSigningCertificate) field(name string) any {
	switch name {
	case "id":
		return &c.ID
	case "content":
		return &c.Content
	case "status":
		return &c.Status
	case "subjectName":
		return &c.SubjectName
	case "subject":
		return &c.Subject
	case "issuerName":
		return &c.IssuerName
	case "issuer":
		return &c.Issuer
	case "expirationDateTime":
		return &c.ExpirationDateTime
	case "uploadDateTime":
		return &c.UploadDateTime
	}
	return nil
}

func (c *EnterpriseCodeSigningCertificate) isKnown(name string) bool { return c.field(name) != nil }

// isAnnotation tells an annotation from a property: OData's JSON format puts an @ in the name of every annotation.
func isAnnotation(name string) bool { return strings.Contains(name, "@") }

// String identifies the certificate in one line, without its content.
func (c EnterpriseCodeSigningCertificate) String() string {
	var out strings.Builder
	out.WriteString("enterpriseCodeSigningCertificate")
	for _, attr := range c.attrs() {
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
		slog.Time("expirationDateTime", c.ExpirationDateTime),
		slog.String("uploadDateTime", precise(c.UploadDateTime)),
		slog.String("thumbprint", c.Thumbprint()),
	)
}
