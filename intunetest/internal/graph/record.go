package graph

// This file holds a certificate as the service keeps it and shows it, and its properties.

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

// record is a certificate as the service keeps it.
type record struct {
	values map[string]any // texts and times by the names of properties, nil for null; content is in base64

	isCertificate bool      // the content that was sent could be read
	serial        int       // counts from 1 in order of creation
	contentUntil  time.Time // when the content ceases to show
	visible       time.Time // when it begins to show
	provisioned   time.Time // when it becomes provisioned; zero after SetStatus, which decides permanently
}

func newRecord(status intune.CertificateStatus) record {
	return record{values: map[string]any{
		"id": "", "status": string(status), "expirationDateTime": time.Time{}, "uploadDateTime": time.Time{},
	}}
}

// text returns the value of a property, "" for null.
func (r *record) text(name string) string {
	text, _ := r.values[name].(string)
	return text
}

func (r *record) time(name string) time.Time {
	t, _ := r.values[name].(time.Time)
	return t
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
}

// properties are those of https://learn.microsoft.com/graph/api/resources/intune-apps-enterprisecodesigningcertificate,
// nullable as the schema of v1.0 says.
var properties = map[string]property{
	"id":                 {textKind, false, true},
	"content":            {binaryKind, true, false},
	"status":             {statusKind, false, false},
	"subjectName":        {textKind, true, false},
	"subject":            {textKind, true, false},
	"issuerName":         {textKind, true, false},
	"issuer":             {textKind, true, false},
	"expirationDateTime": {timeKind, false, false},
	"uploadDateTime":     {timeKind, false, false},
}

// naming is how names of properties are compared: without regard to case, as Graph does, unless exact.
type naming struct{ exact bool }

// find returns the name of a property as the reference spells it.
func (n naming) find(name string) (spelled string, known bool) {
	for spelled := range properties {
		if spelled == name || !n.exact && strings.EqualFold(spelled, name) {
			return spelled, true
		}
	}
	return name, false
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
		members[name] = r.values[name]
	}
	return members
}

// value is a property's value for comparisons.
func (r *record) value(name string) value {
	return value{Null: r.values[name] == nil, Text: r.text(name), Time: r.time(name)}
}

func (r *record) shows(now time.Time) bool { return !r.visible.After(now) }

// at is the record as it shows at a time: once provisioned, it says so, and the content shows only for a while.
func (r record) at(now time.Time) record {
	r.values = maps.Clone(r.values)
	r.forget(now)
	if !r.provisioned.IsZero() && !r.provisioned.After(now) {
		r.values["status"] = string(intune.CertificateStatusProvisioned)
	}
	return r
}

// forget removes content that does not show any more.
func (r *record) forget(now time.Time) {
	if !r.contentUntil.After(now) {
		r.values["content"] = nil
	}
}

// certificate is the record as the library reads it.
func (r record) certificate() *intune.EnterpriseCodeSigningCertificate {
	object, _ := json.Marshal(r.members(nil, metadataNone)) // texts and times, which the service has read
	cert := new(intune.EnterpriseCodeSigningCertificate)
	_ = json.Unmarshal(object, cert)
	return cert
}
