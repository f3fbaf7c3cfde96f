package graph

// This file reads the body of a request into a record. Errors are in the words of the OData library that Graph uses.

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/internal/format/lenientx509"
	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
)

// takeIn merges the body of a client's request into a record.
func (s *Server) takeIn(r record, body []byte) (record, error) {
	before := r.values
	given, err := s.merge(&r, body, false)
	if err != nil {
		return record{}, err
	}
	if given["status"] && !isStatus(r.text("status")) {
		return record{}, modelErrorf("Requested value '%s' was not found.", r.text("status"))
	}
	r.values["status"] = before["status"] // the service's own
	if s.config.OwnUploadDates {
		r.values["uploadDateTime"] = before["uploadDateTime"]
		given["uploadDateTime"] = false
	}
	return r, s.complete(&r, given)
}

// complete fills in what the body did not give, from the content or by the service's habits.
func (s *Server) complete(r *record, given map[string]bool) error {
	if given["content"] && r.values["content"] != nil {
		if err := r.takeContent(given); err != nil {
			return err
		}
		r.contentUntil = time.Now().Add(s.config.VisibleContent)
	}
	if !isDateTimeOffset(r.time("expirationDateTime")) {
		return modelErrorf("The certificate expires beyond the range of 'Edm.DateTimeOffset'.")
	}
	s.finish(r)
	return nil
}

// merge sets the properties that the body has in a copy of the values, and returns their names. Only the operator of the
// emulator sets those that are read-only.
func (s *Server) merge(r *record, body []byte, byOperator bool) (given map[string]bool, err error) {
	body = bytes.TrimSpace(body)
	if exchange.CheckJSON(body) != nil || string(body) == "null" {
		return nil, errPayload
	}
	if body[0] != '{' {
		return nil, unexpectedNode(body, "StartObject")
	}
	var members map[string]json.RawMessage
	_ = json.Unmarshal(body, &members) // a valid object
	r.values, given = maps.Clone(r.values), make(map[string]bool)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		spelled, err := s.mergeMember(r, name, members[name], byOperator)
		if err != nil {
			return nil, err
		}
		given[spelled] = true
	}
	return given, nil
}

// mergeMember sets a property and returns its name, "" for a member that is ignored.
func (s *Server) mergeMember(r *record, name string, value json.RawMessage, byOperator bool) (spelled string, err error) {
	spelled, known := naming{exact: s.config.Strict}.find(name)
	isReadOnly := properties[spelled].readOnly && !byOperator
	switch {
	case name == "@odata.type":
		return "", checkType(value)
	case strings.Contains(name, "@"): // an annotation, such as @odata.context of an object that was read before
		return "", nil
	case !known:
		return "", modelErrorf("The property '%s' does not exist on type '%s'. Make sure to only use property names that are defined by the type.", name, typeName)
	case isReadOnly && s.config.Strict:
		return "", modelErrorf("The property '%s' is read-only.", spelled)
	case isReadOnly: // OData tells services to ignore it
		return "", nil
	}
	return spelled, r.set(spelled, value)
}

// unexpectedNode says that JSON has another type than expected.
func unexpectedNode(raw []byte, want string) error {
	node := "PrimitiveValue"
	switch raw[0] {
	case '{':
		node = "StartObject"
	case '[':
		node = "StartArray"
	}
	return modelErrorf("An unexpected '%s' node was found when reading from the JSON reader. A '%s' node was expected.", node, want)
}

func checkType(raw json.RawMessage) error {
	var name string
	if json.Unmarshal(raw, &name) != nil || strings.TrimPrefix(name, "#") != typeName {
		return modelErrorf("A resource with type '%s' was found, but it is not assignable to the expected type '%s'.", strings.TrimPrefix(name, "#"), typeName)
	}
	return nil
}

func (r *record) set(name string, raw json.RawMessage) error {
	p := properties[name]
	if string(raw) == "null" {
		if p.nullable {
			r.values[name] = nil
			return nil
		}
		expected := string(p.kind) + "[Nullable=False]"
		return modelErrorf("A null value was found for the property named '%s', which has the expected type '%s'. "+
			"The expected type '%s' does not allow null values.", name, expected, expected)
	}
	if raw[0] == '{' || raw[0] == '[' {
		return unexpectedNode(raw, "PrimitiveValue")
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return modelErrorf("Cannot convert the literal '%s' to the expected type '%s'.", raw, p.kind)
	}
	if p.kind != timeKind {
		r.values[name] = text
		return nil
	}
	read, err := readTime(text)
	r.values[name] = read
	return err
}

func isStatus(text string) bool {
	return text == string(intune.CertificateStatusNotProvisioned) || text == string(intune.CertificateStatusProvisioned)
}

// dateTimeOffset is OData's form of a time: the seconds are optional, and so is what follows them. The zone is not.
var dateTimeOffset = regexp.MustCompile(`^(\d{4}-\d\d-\d\dT\d\d:\d\d)(:\d\d(?:\.(\d+))?)?(Z|[-+]\d\d:\d\d)?$`)

// readTime reads a time, which the service keeps to 100 ns.
func readTime(text string) (time.Time, error) {
	match := dateTimeOffset.FindStringSubmatch(text)
	if match != nil && match[4] == "" {
		return time.Time{}, modelErrorf("The time zone information is missing on the DateTimeOffset value '%s'. "+
			"A DateTimeOffset value must contain the time zone information.", text)
	}
	read, isValid := parseDateTimeOffset(match)
	if !isValid {
		return time.Time{}, modelErrorf("Cannot convert the literal '%s' to the expected type 'Edm.DateTimeOffset'.", text)
	}
	return read.Truncate(100 * time.Nanosecond), nil
}

// parseDateTimeOffset reads what the expression has matched, nil if it has not. A time has a zone.
func parseDateTimeOffset(match []string) (read time.Time, isValid bool) {
	if match == nil || match[4] == "" {
		return time.Time{}, false
	}
	read, err := time.Parse(time.RFC3339Nano, match[1]+cmp.Or(match[2], ":00")+match[4])
	return read, err == nil && isDateTimeOffset(read)
}

// isDateTimeOffset reports whether a time is in the range of .NET's type: the years 1 to 9999 in UTC, and an offset of 14
// hours at most.
func isDateTimeOffset(t time.Time) bool {
	const furthest = 14 * 60 * 60
	_, offset := t.Zone()
	year := t.UTC().Year()
	return 1 <= year && year <= 9999 && -furthest <= offset && offset <= furthest
}

// takeContent reads the properties that the request left out from the certificate, which is uploaded now. Content that is
// no certificate, as in the example of the reference, is accepted and says nothing.
func (r *record) takeContent(given map[string]bool) error {
	der, err := base64.StdEncoding.DecodeString(r.text("content"))
	if err != nil {
		return modelErrorf("The input is not a valid Base-64 string as it contains a non-base 64 character, more than two padding " +
			"characters, or an illegal character among the padding characters.")
	}
	if !given["uploadDateTime"] {
		r.values["uploadDateTime"] = time.Time{}
	}
	cert, err := lenientx509.Parse(der)
	if err != nil {
		return nil //nolint:nilerr // see above
	}
	r.isCertificate = true
	read := intune.FromX509(cert)
	for name, text := range map[string]string{
		"subjectName": read.SubjectName, "subject": read.Subject, "issuerName": read.IssuerName, "issuer": read.Issuer,
	} {
		if text != "" && (!given[name] || r.text(name) == "") {
			r.values[name] = text
		}
	}
	if !given["expirationDateTime"] || r.time("expirationDateTime").IsZero() {
		r.values["expirationDateTime"] = read.ExpirationDateTime
	}
	return nil
}

// wantSubject rejects a certificate that nobody could recognize.
func (r *record) wantSubject() error {
	if !r.isCertificate && cmp.Or(r.text("subject"), r.text("subjectName")) == "" {
		return textErrorf("The certificate has neither content that can be read nor a subject.")
	}
	return nil
}
