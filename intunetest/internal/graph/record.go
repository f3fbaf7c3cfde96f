package graph

// This file holds a certificate as the service keeps it and shows it, and its properties.

import (
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

// record is a certificate as the service keeps it. What the schema calls nullable is a pointer.
type record struct {
	ID                                       string
	Content                                  *string // in base64; see contentUntil
	Status                                   intune.CertificateStatus
	SubjectName, Subject, IssuerName, Issuer *string
	ExpirationDateTime, UploadDateTime       time.Time

	isCertificate bool      // the content that was sent could be read
	serial        int       // counts from 1 in order of creation
	contentUntil  time.Time // when Content ceases to show
	visible       time.Time // when it begins to show
	provisioned   time.Time // when Status becomes provisioned; zero after SetStatus, which decides permanently
}

const typeName = "microsoft.graph.enterpriseCodeSigningCertificate"

// kind is the schema's name for the type of a property's values, which decides with which literals it can be compared.
type kind string

const (
	textKind   kind = "Edm.String"
	binaryKind kind = "Edm.Binary"
	statusKind kind = "microsoft.graph.certificateStatus"
	timeKind   kind = "Edm.DateTimeOffset"
)

// property describes one property of the type.
type property struct {
	kind               kind
	nullable, readOnly bool
	field              func(*record) any // a pointer to what the record keeps
}

// properties are those of https://learn.microsoft.com/graph/api/resources/intune-apps-enterprisecodesigningcertificate,
// nullable as the schema of v1.0 says.
var properties = map[string]property{
	"id":                 {textKind, false, true, func(r *record) any { return &r.ID }},
	"content":            {binaryKind, true, false, func(r *record) any { return &r.Content }},
	"status":             {statusKind, false, false, func(r *record) any { return &r.Status }},
	"subjectName":        {textKind, true, false, func(r *record) any { return &r.SubjectName }},
	"subject":            {textKind, true, false, func(r *record) any { return &r.Subject }},
	"issuerName":         {textKind, true, false, func(r *record) any { return &r.IssuerName }},
	"issuer":             {textKind, true, false, func(r *record) any { return &r.Issuer }},
	"expirationDateTime": {timeKind, false, false, func(r *record) any { return &r.ExpirationDateTime }},
	"uploadDateTime":     {timeKind, false, false, func(r *record) any { return &r.UploadDateTime }},
}

// canonical returns the name of a property as the reference spells it. Graph ignores case in names of properties.
func canonical(name string) (spelled string, known bool) {
	for spelled := range properties {
		if strings.EqualFold(spelled, name) {
			return spelled, true
		}
	}
	return name, false
}

// naming is how names of properties are compared: without regard to case, unless exact.
type naming struct{ exact bool }

// find returns the name as the reference spells it.
func (n naming) find(name string) (spelled string, known bool) {
	spelled, known = canonical(name)
	if n.exact && spelled != name {
		return name, false
	}
	return spelled, known
}

// sortable returns the name and the kind of a property that can be filtered and sorted by, which all except content can.
func (n naming) sortable(name string) (spelled string, of kind, err error) {
	spelled, known := n.find(name)
	switch {
	case !known:
		return "", "", textErrorf("%s", noProperty(name))
	case properties[spelled].kind == binaryKind:
		return "", "", textErrorf("The property '%s' cannot be used in the $filter or $orderby query option.", spelled)
	}
	return spelled, properties[spelled].kind, nil
}

func noProperty(name string) string {
	return "Could not find a property named '" + name + "' on type '" + typeName + "'."
}

// members are those of the record's JSON object, all of them if selected is nil.
func (r *record) members(selected []string, level metadata) map[string]any {
	if selected == nil {
		selected = slices.Collect(maps.Keys(properties))
	}
	members := make(map[string]any)
	if level == metadataFull {
		members["@odata.type"] = "#" + typeName
	}
	for _, name := range selected {
		members[name] = properties[name].field(r)
	}
	return members
}

// value is a property's value for comparisons.
func (r *record) value(name string) value {
	switch field := properties[name].field(r).(type) {
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

// at is the record as it shows at a time: once provisioned, it says so, and the content shows only for a while.
func (r record) at(now time.Time) record {
	r.forget(now)
	if !r.provisioned.IsZero() && !r.provisioned.After(now) {
		r.Status = intune.CertificateStatusProvisioned
	}
	return r
}

// forget removes content that does not show any more.
func (r *record) forget(now time.Time) {
	if !r.contentUntil.After(now) {
		r.Content = nil
	}
}

func (r *record) certificate() *intune.EnterpriseCodeSigningCertificate {
	return &intune.EnterpriseCodeSigningCertificate{
		ID: r.ID, Content: r.content(), Status: r.Status,
		SubjectName: deref(r.SubjectName), Subject: deref(r.Subject), IssuerName: deref(r.IssuerName), Issuer: deref(r.Issuer),
		ExpirationDateTime: r.ExpirationDateTime, UploadDateTime: r.UploadDateTime,
	}
}

func (r *record) content() []byte {
	if r.Content == nil {
		return nil
	}
	der, _ := base64.StdEncoding.DecodeString(*r.Content) // takeContent has decoded it
	return der
}

func deref(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
