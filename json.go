package intune

// This file is the JSON of the library's own types. encoding/json reads and writes every value. The objects around them
// are read member by member, which limits what a hostile response costs and keeps what is unknown or odd.

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seed-230b9595/intune-go/internal/match"
	"github.com/seed-230b9595/intune-go/internal/redact"
)

const (
	odataType     = "#microsoft.graph.enterpriseCodeSigningCertificate"
	odataTypeName = "@odata.type"
)

// decodeJSON decodes a response. The library's own types check themselves that it is JSON, which saves a pass.
func decodeJSON(data []byte, into any) error {
	switch own := into.(type) {
	case *received:
		return own.UnmarshalJSON(data)
	case *page:
		return own.UnmarshalJSON(data)
	}
	return json.Unmarshal(data, into)
}

// field is a property of a certificate, and its value: a pointer to a string, a CertificateStatus, bytes or a wireDate.
type field struct {
	name  string
	value any
}

// fields returns the properties in the order of the reference.
func (c *EnterpriseCodeSigningCertificate) fields() [9]field {
	return [...]field{
		{string(PropertyID), &c.ID},
		{string(PropertyContent), &c.Content},
		{string(PropertyStatus), &c.Status},
		{string(PropertySubjectName), &c.SubjectName},
		{string(PropertySubject), &c.Subject},
		{string(PropertyIssuerName), &c.IssuerName},
		{string(PropertyIssuer), &c.Issuer},
		{string(PropertyExpirationDateTime), (*wireDate)(&c.ExpirationDateTime)},
		{string(PropertyUploadDateTime), (*wireDate)(&c.UploadDateTime)},
	}
}

func (f field) isZero() bool {
	if date, isDate := f.value.(*wireDate); isDate {
		return time.Time(*date).IsZero()
	}
	return reflect.ValueOf(f.value).Elem().Len() == 0
}

// wireDate is a date as JSON has it.
type wireDate time.Time

// MarshalJSON writes the date in RFC 3339.
func (d wireDate) MarshalJSON() ([]byte, error) {
	date, err := wireTime(time.Time(d))
	if err != nil {
		return nil, err
	}
	return date.MarshalJSON()
}

// wireTime returns a time as JSON can hold it: with its offset, and cut to 100 ns, the resolution of Edm.DateTimeOffset on
// the service's side. Edm.DateTimeOffset has no offset with seconds, as old time zones have, or of more than 14 hours, so
// such a time becomes one in UTC.
func wireTime(t time.Time) (time.Time, error) {
	const furthest = 14 * 60 * 60
	if _, offset := t.Zone(); offset%60 != 0 || offset > furthest || offset < -furthest {
		t = t.UTC()
	}
	for _, year := range []int{t.Year(), t.UTC().Year()} {
		if year < 0 || year > 9999 {
			return time.Time{}, fmt.Errorf("the year %d does not fit RFC 3339", year)
		}
	}
	return t.Truncate(match.Tick), nil
}

// decode reads the value of a property, leniently where its meaning is clear. null is zero, and so is what gives an error.
func (f field) decode(raw []byte) error {
	if date, isDate := f.value.(*wireDate); isDate {
		return date.decode(raw)
	}
	text, err := decodeText(raw)
	switch value := f.value.(type) {
	case *string:
		*value = text
	case *CertificateStatus:
		*value = CertificateStatus(text)
	case *[]byte:
		content, odd := parseContent(text)
		*value, err = content, cmp.Or(err, odd)
	}
	return err
}

// decodeText reads a JSON string, or null. Most strings have no escapes: their text is what stands between the quotation
// marks.
func decodeText(raw []byte) (string, error) {
	if raw[0] == '"' && bytes.IndexByte(raw, '\\') < 0 && utf8.Valid(raw) {
		return string(raw[1 : len(raw)-1]), nil
	}
	var text string
	err := json.Unmarshal(raw, &text)
	return text, err
}

// parseContent reads base64 of either alphabet, with or without padding. An empty text is no content.
func parseContent(text string) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(text, "-_") {
		encoding = base64.RawURLEncoding
	}
	content, err := encoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return nil, err
	}
	return content, nil
}

// dateLayouts are the forms in which dates are read. The seconds of an Edm.DateTimeOffset are optional; a fraction needs
// no layout of its own. A time without an offset is UTC, and a day without a time is its beginning.
var dateLayouts = [...]string{
	time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07", "2006-01-02T15:04:05",
	"2006-01-02T15:04Z07:00", "2006-01-02T15:04Z0700", "2006-01-02T15:04Z07", "2006-01-02T15:04",
	time.DateOnly,
}

// decode reads a date. null and an empty text are none.
func (d *wireDate) decode(raw []byte) error {
	date, err := parseDate(raw)
	if err == nil {
		date, err = wireTime(date)
	}
	if date.IsZero() {
		date = time.Time{} // without an offset
	}
	*d = wireDate(date)
	return err
}

func parseDate(raw []byte) (date time.Time, err error) {
	const longest = 64
	switch {
	case len(raw) > longest:
		return time.Time{}, errors.New("too long for a date")
	case date.UnmarshalJSON(raw) == nil: // RFC 3339, and null
		return date, nil
	}
	text, err := decodeText(raw)
	if err != nil || text == "" {
		return time.Time{}, err
	}
	text = strings.Replace(strings.ToUpper(text), " ", "T", 1) // RFC 3339, section 5.6, allows t, z and a space
	for _, layout := range dateLayouts {
		if date, err := time.Parse(layout, text); err == nil {
			return date, nil
		}
	}
	return time.Time{}, errors.New("not a date")
}

// MarshalJSON returns the @odata.type, every field that is set, including the ID, and AdditionalData. A program can store the
// result and read it back. A property that could not be read is written as its raw text in AdditionalData, unless its field
// has been set since.
func (c EnterpriseCodeSigningCertificate) MarshalJSON() ([]byte, error) { return c.marshal(false) }

// marshal leaves out of a create the ID, and the raw text of a property that could not be read.
func (c *EnterpriseCodeSigningCertificate) marshal(isCreate bool) ([]byte, error) {
	additional := maps.Clone(c.AdditionalData)
	for name := range additional {
		if isAnnotation(name) {
			return nil, fmt.Errorf("additionalData: %q is an annotation", name)
		}
	}
	fields := c.fields()
	members := append(make([]field, 0, 1+len(fields)), field{odataTypeName, odataType})
	for _, f := range fields {
		isSent := !f.isZero() && (!isCreate || f.name != string(PropertyID))
		if isSent {
			members = append(members, f)
		}
		if isSent || isCreate {
			delete(additional, f.name)
		}
	}
	return marshalObject(members, additional)
}

// marshalObject writes an object with its members in the given order, and then the additional ones. The names of the
// members need no escape.
func marshalObject(members []field, additional map[string]json.RawMessage) ([]byte, error) {
	var out bytes.Buffer
	out.Grow(3 << 10) // most certificates need less
	encoder := json.NewEncoder(&out)
	separator := byte('{')
	for _, m := range members {
		out.WriteByte(separator)
		out.WriteString(`"` + m.name + `":`)
		if err := encoder.Encode(m.value); err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		out.Truncate(out.Len() - 1) // the line feed of Encode
		separator = ','
	}
	if len(additional) == 0 {
		out.WriteByte('}')
		return out.Bytes(), nil
	}
	rest, err := json.Marshal(additional)
	if err != nil {
		return nil, fmt.Errorf("additionalData: %w", err)
	}
	out.WriteByte(separator)
	out.Write(rest[1:]) // with the brace at the end
	return out.Bytes(), nil
}

// UnmarshalJSON reads an object of the service. Names are matched exactly. null and a missing member leave a field zero.
// So does a value that cannot be read, whose raw text goes to AdditionalData. JSON that is not an object is an *InputError.
func (c *EnterpriseCodeSigningCertificate) UnmarshalJSON(data []byte) error {
	members, err := membersOf(data)
	if err != nil {
		return &InputError{Name: "certificate", Problem: "cannot be read from JSON", Err: err}
	}
	*c = EnterpriseCodeSigningCertificate{}
	c.set(members)
	return nil
}

func membersOf(data []byte) (members map[string]json.RawMessage, err error) {
	const most = 10_000 // a map of more would cost many times what they take in the text
	if err := limitJSON(data, most, most); err != nil {
		return nil, err
	}
	const usual = 16 // a certificate has eleven, annotations included
	members = make(map[string]json.RawMessage, usual)
	err = json.Unmarshal(data, &members)
	if isNull := members == nil; isNull || err != nil && errors.As(err, new(*json.UnmarshalTypeError)) {
		err = errors.New("it is not an object")
	}
	return members, err
}

// limitJSON rejects JSON in which too many members or objects may be: a colon follows each name.
func limitJSON(data []byte, mostMembers, mostObjects int) error {
	if bytes.Count(data, []byte(":")) > mostMembers || bytes.Count(data, []byte("{")) > mostObjects {
		return fmt.Errorf("the JSON may have more than %d members or %d objects", mostMembers, mostObjects)
	}
	return nil
}

// set fills in a certificate that is zero. It takes the members over.
func (c *EnterpriseCodeSigningCertificate) set(members map[string]json.RawMessage) {
	for _, f := range c.fields() {
		if raw, isMember := members[f.name]; isMember && f.decode(raw) == nil {
			delete(members, f.name)
		}
	}
	maps.DeleteFunc(members, func(name string, _ json.RawMessage) bool { return isAnnotation(name) })
	if len(members) > 0 {
		c.AdditionalData = members
	}
}

// isAnnotation tells an annotation from a property: OData's JSON format puts an @ in the name of every annotation.
func isAnnotation(name string) bool { return strings.Contains(name, "@") }

// received is the certificate of a response to a create, a get or an update. It needs an id, and no other type.
type received struct {
	certificate *EnterpriseCodeSigningCertificate // nil until one has been accepted

	// mayBeWrapped accepts {"value":{…}} instead of the bare object, as in the reference's example of a get.
	mayBeWrapped bool
}

// UnmarshalJSON reads the object that a response has to be.
func (o *received) UnmarshalJSON(data []byte) error {
	members, err := membersOf(data)
	if err != nil {
		return err
	}
	if wrapped, isWrapped := members["value"]; isWrapped && o.mayBeWrapped {
		if members, err = membersOf(wrapped); err != nil {
			return err
		}
	}
	if typeName, isTyped := members[odataTypeName]; isTyped && !isCertificateType(typeName) {
		return fmt.Errorf("the object is a %s", redact.Line(string(typeName)))
	}
	read := new(EnterpriseCodeSigningCertificate)
	read.set(members)
	if read.ID == "" {
		return errors.New("the object has no id")
	}
	o.certificate = read
	return nil
}

func isCertificateType(raw json.RawMessage) bool {
	if string(raw) == `"`+odataType+`"` {
		return true
	}
	name, err := decodeText(raw)
	return err == nil && strings.EqualFold(strings.TrimPrefix(name, "#"), odataType[1:])
}
