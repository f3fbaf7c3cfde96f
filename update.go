package intune

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/seed-230b9595/intune-go/internal/redact"
)

// EnterpriseCodeSigningCertificateUpdate says what [EnterpriseCodeSigningCertificatesService.Update] changes: the fields
// that are not nil, and those in Clear.
type EnterpriseCodeSigningCertificateUpdate struct {
	Content            []byte // the certificate in DER
	Status             *CertificateStatus
	SubjectName        *string
	Subject            *string
	IssuerName         *string
	Issuer             *string
	ExpirationDateTime *time.Time
	UploadDateTime     *time.Time

	// Clear names the properties that become null. The service's schema lets content and the names be null.
	Clear []Property
}

func (u *EnterpriseCodeSigningCertificateUpdate) fields() (set []field) {
	add := func(property Property, value any, isSet bool) {
		if isSet {
			set = append(set, field{property.propertyName(), value})
		}
	}
	add(PropertyContent, &u.Content, len(u.Content) > 0)
	add(PropertyStatus, u.Status, u.Status != nil)
	add(PropertySubjectName, u.SubjectName, u.SubjectName != nil)
	add(PropertySubject, u.Subject, u.Subject != nil)
	add(PropertyIssuerName, u.IssuerName, u.IssuerName != nil)
	add(PropertyIssuer, u.Issuer, u.Issuer != nil)
	add(PropertyExpirationDateTime, (*wireDate)(u.ExpirationDateTime), u.ExpirationDateTime != nil)
	add(PropertyUploadDateTime, (*wireDate)(u.UploadDateTime), u.UploadDateTime != nil)
	return set
}

func (u *EnterpriseCodeSigningCertificateUpdate) validate() error {
	bad := func(problem string) error { return &InputError{Name: "update", Problem: problem} }
	switch {
	case u == nil:
		return bad("is nil")
	case u.Content != nil && len(u.Content) == 0:
		return bad("has empty content: name it in Clear")
	case len(u.fields()) == 0 && len(u.Clear) == 0:
		return bad("changes nothing")
	}
	for _, f := range u.fields() {
		if err := f.validate("update"); err != nil {
			return err
		}
	}
	for _, p := range u.Clear {
		switch p {
		case PropertyContent, PropertySubjectName, PropertySubject, PropertyIssuerName, PropertyIssuer:
		default:
			return bad(fmt.Sprintf("clears %v, which cannot be null", p))
		}
		if slices.ContainsFunc(u.fields(), func(f field) bool { return f.name == p.propertyName() }) {
			return bad("both sets and clears " + p.propertyName())
		}
	}
	return nil
}

// MarshalJSON returns the body of a request: the @odata.type, the fields that are set, and null for those in Clear.
func (u EnterpriseCodeSigningCertificateUpdate) MarshalJSON() ([]byte, error) {
	members := append([]field{{odataTypeName, odataType}}, u.fields()...)
	for _, p := range u.Clear {
		members = append(members, field{p.propertyName(), nil})
	}
	return marshalObject(members, nil)
}

// String says in one line what the update changes, without its content.
func (u EnterpriseCodeSigningCertificateUpdate) String() string {
	return describe("enterpriseCodeSigningCertificateUpdate", u.attrs())
}

// GoString is String, so that %#v does not print the content either.
func (u EnterpriseCodeSigningCertificateUpdate) GoString() string { return u.String() }

// LogValue implements slog.LogValuer, without the content.
func (u EnterpriseCodeSigningCertificateUpdate) LogValue() slog.Value {
	return slog.GroupValue(u.attrs()...)
}

func (u *EnterpriseCodeSigningCertificateUpdate) attrs() (attrs []slog.Attr) {
	for _, f := range u.fields() {
		switch value := f.value.(type) {
		case *[]byte:
			attrs = append(attrs, slog.String("thumbprint", thumbprint(*value)))
		case *string:
			attrs = append(attrs, slog.String(f.name, redact.Message(*value)))
		case *CertificateStatus:
			attrs = append(attrs, slog.String(f.name, redact.Message(string(*value))))
		case *wireDate:
			attrs = append(attrs, slog.String(f.name, formatTime(time.Time(*value))))
		}
	}
	cleared := make([]string, len(u.Clear))
	for i, p := range u.Clear {
		cleared[i] = fmt.Sprint(p)
	}
	return append(attrs, present(slog.String("clear", strings.Join(cleared, ",")))...)
}
