package intune

import (
	"encoding/json"
	"fmt"
	"time"
)

// EnterpriseCodeSigningCertificateUpdate is what Update changes: the fields that are not nil, and those in Clear.
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

// fields returns the properties that the update sets, by name.
func (u *EnterpriseCodeSigningCertificateUpdate) fields() (map[string]any, error) {
	fields := make(map[string]any)
	if len(u.Content) > 0 {
		fields["content"] = u.Content
	}
	if u.Status != nil {
		fields["status"] = string(*u.Status)
	}
	for name, value := range map[string]*string{
		"subjectName": u.SubjectName, "subject": u.Subject, "issuerName": u.IssuerName, "issuer": u.Issuer,
	} {
		if value != nil {
			fields[name] = *value
		}
	}
	for name, value := range map[string]*time.Time{"expirationDateTime": u.ExpirationDateTime, "uploadDateTime": u.UploadDateTime} {
		if value == nil {
			continue
		}
		sent, err := wireTime(*value)
		if err != nil || value.IsZero() {
			return nil, &InputError{Name: name, Problem: "cannot be sent", Err: err}
		}
		fields[name] = sent.Format(time.RFC3339Nano)
	}
	return fields, nil
}

func (u *EnterpriseCodeSigningCertificateUpdate) validate() error {
	bad := func(problem string) error { return &InputError{Name: "update", Problem: problem} }
	if u == nil {
		return bad("is nil")
	}
	fields, err := u.fields()
	if err != nil {
		return err
	}
	if u.Content != nil && len(u.Content) == 0 {
		return bad("has empty content: name it in Clear")
	}
	if _, err := validateContent("update", u.Content); err != nil {
		return err
	}
	for _, value := range fields {
		if text, isText := value.(string); isText {
			if err := validateTexts("update", text); err != nil {
				return err
			}
		}
	}
	if len(fields) == 0 && len(u.Clear) == 0 {
		return bad("changes nothing")
	}
	for _, p := range u.Clear {
		switch p {
		case PropertyContent, PropertySubjectName, PropertySubject, PropertyIssuerName, PropertyIssuer:
		default:
			return bad(fmt.Sprintf("clears %v, which cannot be null", p))
		}
		if _, set := fields[p.propertyName()]; set {
			return bad("both sets and clears " + p.propertyName())
		}
	}
	return nil
}

// MarshalJSON returns the body of a request: the @odata.type, the fields that are set, and null for those in Clear.
func (u *EnterpriseCodeSigningCertificateUpdate) MarshalJSON() ([]byte, error) {
	fields, err := u.fields()
	if err != nil {
		return nil, err
	}
	fields["@odata.type"] = odataType
	for _, p := range u.Clear {
		fields[p.propertyName()] = nil
	}
	return json.Marshal(fields)
}
