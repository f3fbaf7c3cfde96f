package intunetest

// This file holds a certificate as the service keeps it, its properties, and how a request's body is taken in.

import (
	"cmp"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

// record is a certificate as the service keeps and shows it. What the schema calls nullable is a pointer.
type record struct {
	ODataType, ID                            string
	Content                                  *string // nil once the service has taken it
	Status                                   intune.CertificateStatus
	SubjectName, Subject, IssuerName, Issuer *string
	ExpirationDateTime, UploadDateTime       time.Time

	serial      int       // counts from 1 in order of creation
	visible     time.Time // when it begins to show
	provisioned time.Time // when Status becomes provisioned; zero after SetStatus, which decides for good
}

// kind is what a property's values are, which decides on the literals that it can be compared with.
type kind int

const (
	textKind kind = iota
	binaryKind
	statusKind
	timeKind
)

type property struct {
	kind               kind
	nullable, readOnly bool
}

// properties are those of https://learn.microsoft.com/graph/api/resources/intune-apps-enterprisecodesigningcertificate,
// nullable as the schema of v1.0 says.
var properties = map[string]property{
	"id":                 {kind: textKind, readOnly: true},
	"content":            {kind: binaryKind, nullable: true},
	"status":             {kind: statusKind},
	"subjectName":        {kind: textKind, nullable: true},
	"subject":            {kind: textKind, nullable: true},
	"issuerName":         {kind: textKind, nullable: true},
	"issuer":             {kind: textKind, nullable: true},
	"expirationDateTime": {kind: timeKind},
	"uploadDateTime":     {kind: timeKind},
}

// field returns a pointer to what the record keeps under a JSON name, nil where it keeps nothing.
func (r *record) field(name string) any {
	switch name {
	case "@odata.type":
		return &r.ODataType
	case "id":
		return &r.ID
	case "content":
		return &r.Content
	case "status":
		return &r.Status
	case "subjectName":
		return &r.SubjectName
	case "subject":
		return &r.Subject
	case "issuerName":
		return &r.IssuerName
	case "issuer":
		return &r.Issuer
	case "expirationDateTime":
		return &r.ExpirationDateTime
	case "uploadDateTime":
		return &r.UploadDateTime
	}
	return nil
}

// members are those of the record's JSON object, all of them where selected is nil.
func (r *record) members(selected []string) map[string]any {
	if selected == nil {
		selected = slices.Collect(maps.Keys(properties))
	}
	members := map[string]any{"@odata.type": r.ODataType}
	for _, name := range selected {
		members[name] = r.field(name)
	}
	return members
}

// value is a property's value for comparisons.
func (r *record) value(name string) value {
	switch field := r.field(name).(type) {
	case *string:
		return value{Text: *field}
	case **string:
		return value{Null: *field == nil, Text: deref(*field)}
	case *intune.CertificateStatus:
		return value{Text: string(*field)}
	case *time.Time:
		return value{Time: *field}
	}
	return value{Null: true}
}

func (r *record) shows(now time.Time) bool { return !r.visible.After(now) }

// at is the record as it shows at a time: the devices' progress changes its status.
func (r record) at(now time.Time) record {
	if !r.provisioned.IsZero() && !r.provisioned.After(now) {
		r.Status = intune.CertificateStatusProvisioned
	}
	return r
}

func (r *record) certificate() intune.EnterpriseCodeSigningCertificate {
	return intune.EnterpriseCodeSigningCertificate{
		ID: r.ID, Status: r.Status,
		SubjectName: deref(r.SubjectName), Subject: deref(r.Subject), IssuerName: deref(r.IssuerName), Issuer: deref(r.Issuer),
		ExpirationDateTime: r.ExpirationDateTime, UploadDateTime: r.UploadDateTime,
	}
}

func deref(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// takeIn merges the body of a request into a record, or says why the service would not.
func (s *Server) takeIn(r record, body []byte) (record, error) {
	before := r
	given, err := r.merge(body)
	if err != nil {
		return record{}, err
	}
	r.Status = before.Status // the service's own
	if s.datesUploads {
		r.UploadDateTime = before.UploadDateTime
		delete(given, "uploadDateTime")
	}
	if r.Content != nil {
		if err := r.takeContent(given); err != nil {
			return record{}, err
		}
	}
	s.finish(&r)
	return r, nil
}

// merge sets the properties that the body has, and returns them.
func (r *record) merge(body []byte) (given map[string]json.RawMessage, err error) {
	if err := json.Unmarshal(body, &given); err != nil {
		return nil, fmt.Errorf("the request body is not an enterpriseCodeSigningCertificate: %w", err)
	}
	if given == nil {
		return nil, errors.New("the request body is null")
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if err := r.set(name, given[name]); err != nil {
			return nil, err
		}
	}
	switch {
	case r.ODataType != odataType:
		return nil, fmt.Errorf("the type '%s' does not fit the collection", r.ODataType)
	case !isStatus(string(r.Status)):
		return nil, fmt.Errorf("'%s' is not a certificateStatus", r.Status)
	}
	return given, nil
}

func (r *record) set(name string, raw json.RawMessage) error {
	p, known := properties[name]
	switch {
	case !known && name != "@odata.type":
		return fmt.Errorf("the property '%s' does not exist on the type", name)
	case p.readOnly:
		return fmt.Errorf("the property '%s' is read-only", name)
	case !p.nullable && string(raw) == "null":
		return fmt.Errorf("the property '%s' is not nullable", name)
	}
	field := r.field(name)
	if text, ok := field.(**string); ok {
		*text = nil // or the text would be replaced in every copy of the record
	}
	if err := json.Unmarshal(raw, field); err != nil {
		return fmt.Errorf("the property '%s' cannot be read: %w", name, err)
	}
	return nil
}

func isStatus(text string) bool {
	return text == string(intune.CertificateStatusNotProvisioned) || text == string(intune.CertificateStatusProvisioned)
}

// takeContent reads the properties that the request left out from the certificate, and makes the record one that is
// uploaded now. Content that is no certificate, as in the example of the reference, is taken as it is.
func (r *record) takeContent(given map[string]json.RawMessage) error {
	der, err := base64.StdEncoding.DecodeString(*r.Content)
	if err != nil {
		return fmt.Errorf("the property 'content' is not base64: %w", err)
	}
	r.Content = nil
	if given["uploadDateTime"] == nil {
		r.UploadDateTime = time.Time{}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil //nolint:nilerr // see above
	}
	read := intune.FromX509(cert)
	r.SubjectName = filledIn(r.SubjectName, given["subjectName"], read.SubjectName)
	r.Subject = filledIn(r.Subject, given["subject"], read.Subject)
	r.IssuerName = filledIn(r.IssuerName, given["issuerName"], read.IssuerName)
	r.Issuer = filledIn(r.Issuer, given["issuer"], read.Issuer)
	if given["expirationDateTime"] == nil || r.ExpirationDateTime.IsZero() {
		r.ExpirationDateTime = read.ExpirationDateTime
	}
	return nil
}

// filledIn is what the request gives or, where that is nothing, what was read.
func filledIn(kept *string, given json.RawMessage, read string) *string {
	if given != nil && deref(kept) != "" || read == "" {
		return kept
	}
	return &read
}

// wantSubject refuses a certificate that nobody could recognise.
func (r *record) wantSubject() error {
	if cmp.Or(deref(r.Subject), deref(r.SubjectName)) == "" {
		return errors.New("the certificate has neither content that can be read nor a subject")
	}
	return nil
}

// finish does to a record what the service does of its own accord.
func (s *Server) finish(r *record) {
	if r.UploadDateTime.IsZero() {
		r.UploadDateTime = s.now().Truncate(100 * time.Nanosecond)
	}
	if !s.respells {
		return
	}
	for _, name := range []**string{&r.SubjectName, &r.Subject, &r.IssuerName, &r.Issuer} {
		if *name != nil {
			*name = new(respell(**name))
		}
	}
	r.ExpirationDateTime = r.ExpirationDateTime.UTC().Truncate(time.Second)
	r.UploadDateTime = r.UploadDateTime.UTC().Truncate(time.Second)
}

// respell turns a name of Windows' into one of OpenSSL's, as far as it is without quotation marks. It leaves alone what
// it has respelled.
func respell(name string) string {
	parts := strings.Split(name, ", ")
	if len(parts) < 2 || strings.ContainsAny(name, `"+`) {
		return name
	}
	slices.Reverse(parts)
	for i, part := range parts {
		if state, ok := strings.CutPrefix(part, "S="); ok {
			parts[i] = "ST=" + state
		}
	}
	return strings.Join(parts, ",")
}
