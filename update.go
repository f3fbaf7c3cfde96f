package intune

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"time"
)

// EnterpriseCodeSigningCertificateUpdate is what Update changes: the fields that are not nil, and those in Clear.
// UpdateBetween makes one from two versions of an object.
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

// UpdateBetween returns the update that turns one version of an object into another, so that a program can read an object,
// change a copy of it and send back the difference:
//
//	changed := *cert
//	changed.Status = intune.CertificateStatusProvisioned
//	update, err := intune.UpdateBetween(cert, &changed)
//
// A text or content that has become empty is cleared. The status and dates cannot be cleared, the ID cannot be changed,
// and AdditionalData is not updated: such a difference is an *InputError.
func UpdateBetween(before, after *EnterpriseCodeSigningCertificate) (*EnterpriseCodeSigningCertificateUpdate, error) {
	bad := func(problem string) error { return &InputError{Name: "update", Problem: problem} }
	switch {
	case before == nil || after == nil:
		return nil, bad("is between a certificate and nil")
	case before.ID != after.ID:
		return nil, bad("would change the ID")
	case len(before.AdditionalData)+len(after.AdditionalData) > 0 && !reflect.DeepEqual(before.AdditionalData, after.AdditionalData):
		return nil, bad("would change AdditionalData")
	case after.Status == "" && before.Status != "":
		return nil, bad("would clear the status, which cannot be null")
	}
	u := new(EnterpriseCodeSigningCertificateUpdate)
	switch {
	case bytes.Equal(before.Content, after.Content):
	case len(after.Content) == 0:
		u.Clear = append(u.Clear, PropertyContent)
	default:
		u.Content = bytes.Clone(after.Content)
	}
	if before.Status != after.Status {
		u.Status = new(after.Status)
	}
	u.setTexts(before, after)
	return u, u.setDates(before, after)
}

// setTexts sets or clears the texts that differ.
func (u *EnterpriseCodeSigningCertificateUpdate) setTexts(before, after *EnterpriseCodeSigningCertificate) {
	for _, text := range []struct {
		property      StringProperty
		before, after string
		field         **string
	}{
		{PropertySubjectName, before.SubjectName, after.SubjectName, &u.SubjectName},
		{PropertySubject, before.Subject, after.Subject, &u.Subject},
		{PropertyIssuerName, before.IssuerName, after.IssuerName, &u.IssuerName},
		{PropertyIssuer, before.Issuer, after.Issuer, &u.Issuer},
	} {
		switch {
		case text.before == text.after:
		case text.after == "":
			u.Clear = append(u.Clear, text.property)
		default:
			*text.field = &text.after
		}
	}
}

// setDates sets the dates that differ.
func (u *EnterpriseCodeSigningCertificateUpdate) setDates(before, after *EnterpriseCodeSigningCertificate) error {
	for _, date := range []struct {
		property      TimeProperty
		before, after time.Time
		field         **time.Time
	}{
		{PropertyExpirationDateTime, before.ExpirationDateTime, after.ExpirationDateTime, &u.ExpirationDateTime},
		{PropertyUploadDateTime, before.UploadDateTime, after.UploadDateTime, &u.UploadDateTime},
	} {
		switch {
		case date.before.Equal(date.after):
		case date.after.IsZero():
			return &InputError{Name: "update", Problem: fmt.Sprintf("would clear %v, which cannot be null", date.property)}
		default:
			*date.field = &date.after
		}
	}
	return nil
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
