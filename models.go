package intune

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // see Thumbprint
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
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

// MarshalJSON returns the body of a request: the @odata.type, the fields that are set, and AdditionalData, but not
// the ID.
func (c EnterpriseCodeSigningCertificate) MarshalJSON() ([]byte, error) {
	const aroundContent = 1 << 10
	out := make([]byte, 0, base64.StdEncoding.EncodedLen(len(c.Content))+aroundContent)
	out = append(out, '{')
	out = appendString(out, "@odata.type", odataType)
	if len(c.Content) > 0 {
		out = append(appendName(out, "content"), '"')
		out = append(base64.StdEncoding.AppendEncode(out, c.Content), '"')
	}
	out = appendString(out, "status", string(c.Status))
	out = appendString(out, "subjectName", c.SubjectName)
	out = appendString(out, "subject", c.Subject)
	out = appendString(out, "issuerName", c.IssuerName)
	out = appendString(out, "issuer", c.Issuer)
	out, err := appendTime(out, "expirationDateTime", c.ExpirationDateTime)
	if err != nil {
		return nil, err
	}
	if out, err = appendTime(out, "uploadDateTime", c.UploadDateTime); err != nil {
		return nil, err
	}
	if len(c.AdditionalData) == 0 {
		return append(out, '}'), nil
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
	return append(append(out, ','), additional[1:]...), nil
}

// appendTime appends a member with a time, unless that is zero.
func appendTime(out []byte, name string, t time.Time) ([]byte, error) {
	if t.IsZero() {
		return out, nil
	}
	t, err := wireTime(t)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	out = append(appendName(out, name), '"')
	return append(t.AppendFormat(out, time.RFC3339Nano), '"'), nil
}

// wireTime makes a time fit for the wire: with 100 ns, the resolution of Edm.DateTimeOffset on the service's side, and its
// offset. An offset with seconds, as old zones have, or of more than 14 hours cannot be written, so the time goes out in UTC.
func wireTime(t time.Time) (time.Time, error) {
	const furthest = 14 * 60 * 60 // of Edm.DateTimeOffset
	if _, offset := t.Zone(); offset%60 != 0 || offset > furthest || offset < -furthest {
		t = t.UTC()
	}
	if year := t.Year(); year < 0 || year > 9999 {
		return time.Time{}, fmt.Errorf("the year %d does not fit RFC 3339", year)
	}
	return t.Truncate(tick), nil
}

// UnmarshalJSON reads an object of the service. Names are matched exactly; null and missing leave a field zero.
func (c *EnterpriseCodeSigningCertificate) UnmarshalJSON(data []byte) error {
	r := jsonReader{data: data}
	if r.next() == 'n' {
		if err := r.pass(); err != nil {
			return err
		}
		return r.end() // null changes nothing, by the convention of json.Unmarshaler
	}
	var read EnterpriseCodeSigningCertificate
	if err := read.readFrom(&r); err != nil {
		return err
	}
	if err := r.end(); err != nil {
		return err
	}
	*c = read
	return nil
}

// readFrom reads an object into a certificate that is zero.
func (c *EnterpriseCodeSigningCertificate) readFrom(r *jsonReader) error {
	if r.next() != '{' {
		return errors.New("not a JSON object")
	}
	return r.object(func(name []byte) error {
		value, err := r.value()
		if err != nil {
			return err
		}
		return c.decode(name, value)
	})
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
		return decodeStatus(value, field)
	case *time.Time:
		return field.UnmarshalJSON(value)
	case *[]byte:
		return decodeBytes(value, field)
	}
	return nil
}

// decodeStatus shares the text of the statuses that are known.
func decodeStatus(value []byte, into *CertificateStatus) error {
	switch string(value) {
	case `"provisioned"`:
		*into = CertificateStatusProvisioned
	case `"notProvisioned"`:
		*into = CertificateStatusNotProvisioned
	default:
		return decodeString(value, into)
	}
	return nil
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
