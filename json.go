package intune

// This file is the JSON of the library's own types.

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seed-230b9595/intune-go/internal/jsonscan"
	"github.com/seed-230b9595/intune-go/internal/match"
	"github.com/seed-230b9595/intune-go/internal/redact"
)

// scanner is a type that is decoded in one pass, without encoding/json.
type scanner interface {
	scan(r *jsonscan.Reader) error
}

// decodeJSON decodes a response. null leaves a scanner as it is, as it does any json.Unmarshaler.
func decodeJSON(data []byte, into any) error {
	target, ok := into.(scanner)
	if !ok {
		return json.Unmarshal(data, into)
	}
	r := jsonscan.New(data)
	var err error
	if r.Next() == 'n' {
		err = r.Skip()
	} else {
		err = target.scan(r)
	}
	if err != nil {
		return err
	}
	return r.End()
}

const odataType = "#microsoft.graph.enterpriseCodeSigningCertificate"

// MarshalJSON returns every field that is set, the ID included, the @odata.type and AdditionalData, so that an object
// survives a file or an API of the program's own. Create and Update leave the ID out of what they send.
func (c EnterpriseCodeSigningCertificate) MarshalJSON() ([]byte, error) { return c.appendJSON(c.ID) }

// createBody returns the body of a create.
func (c *EnterpriseCodeSigningCertificate) createBody() ([]byte, error) { return c.appendJSON("") }

func (c *EnterpriseCodeSigningCertificate) appendJSON(id string) ([]byte, error) {
	const aroundTexts = 384 // names of members, id, status and dates
	texts := len(c.SubjectName) + len(c.Subject) + len(c.IssuerName) + len(c.Issuer)
	out := make([]byte, 0, base64.StdEncoding.EncodedLen(len(c.Content))+texts+aroundTexts)
	out = append(out, '{')
	out = jsonscan.AppendString(out, "@odata.type", odataType)
	out = jsonscan.AppendString(out, "id", id)
	if len(c.Content) > 0 {
		out = append(jsonscan.AppendName(out, "content"), '"')
		out = append(base64.StdEncoding.AppendEncode(out, c.Content), '"')
	}
	out = jsonscan.AppendString(out, "status", string(c.Status))
	out = jsonscan.AppendString(out, "subjectName", c.SubjectName)
	out = jsonscan.AppendString(out, "subject", c.Subject)
	out = jsonscan.AppendString(out, "issuerName", c.IssuerName)
	out = jsonscan.AppendString(out, "issuer", c.Issuer)
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
		if c.field(name) != nil || isAnnotation(name) {
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
	out = append(jsonscan.AppendName(out, name), '"')
	return append(t.AppendFormat(out, time.RFC3339Nano), '"'), nil
}

// wireTime prepares a time for JSON: it keeps the offset and cuts the rest to 100 ns, the resolution of
// Edm.DateTimeOffset on the service's side. Edm.DateTimeOffset has no offset with seconds, as old time zones have, or of
// more than 14 hours, so such a time is sent in UTC.
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

// UnmarshalJSON reads an object of the service. Names are matched exactly. null and a missing member leave a field zero.
func (c *EnterpriseCodeSigningCertificate) UnmarshalJSON(data []byte) error {
	var read EnterpriseCodeSigningCertificate
	r := jsonscan.New(data)
	if r.Next() == 'n' {
		return r.Skip() // null changes nothing, by the convention of json.Unmarshaler
	}
	if err := read.scan(r); err != nil {
		return err
	}
	if err := r.End(); err != nil {
		return err
	}
	*c = read
	return nil
}

// scan reads an object into a certificate that is zero.
func (c *EnterpriseCodeSigningCertificate) scan(r *jsonscan.Reader) error {
	if r.Next() != '{' {
		return errors.New("not a JSON object")
	}
	return r.Object(func(name []byte) error {
		value, err := r.Value()
		if err != nil {
			return err
		}
		return c.decode(name, value)
	})
}

func (c *EnterpriseCodeSigningCertificate) decode(name, value []byte) error {
	switch field := c.field(string(name)).(type) {
	case nil:
		return c.keep(string(name), value)
	case *string:
		return jsonscan.DecodeString(value, field)
	case *CertificateStatus:
		return decodeStatus(value, field)
	case *time.Time:
		return field.UnmarshalJSON(value)
	case *[]byte:
		return jsonscan.DecodeBytes(value, field)
	}
	return nil
}

// decodeStatus shares the text of the known statuses.
func decodeStatus(value []byte, into *CertificateStatus) error {
	switch string(value) {
	case `"provisioned"`:
		*into = CertificateStatusProvisioned
	case `"notProvisioned"`:
		*into = CertificateStatusNotProvisioned
	default:
		return jsonscan.DecodeString(value, into)
	}
	return nil
}

// maxAdditionalData bounds what a hostile response with a million properties would cost.
const maxAdditionalData = 1000

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

// isAnnotation tells an annotation from a property: OData's JSON format puts an @ in the name of every annotation.
func isAnnotation(name string) bool { return strings.Contains(name, "@") }

// field returns where the property with that name is kept, nil if it is unknown.
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

// received is one certificate in a response.
type received struct {
	certificate *EnterpriseCodeSigningCertificate // nil until check has accepted it

	read     EnterpriseCodeSigningCertificate
	typeName string // the @odata.type, "" if the object has none

	// mayBeWrapped accepts {"value":{…}} in place of the bare object, as in the reference's example of a get.
	mayBeWrapped bool
}

func (o *received) scan(r *jsonscan.Reader) error {
	if err := o.scanObject(r); err != nil {
		return err
	}
	if value, isWrapped := o.read.AdditionalData["value"]; isWrapped && o.read.ID == "" && o.mayBeWrapped {
		return o.scanObject(jsonscan.New(value))
	}
	return nil
}

func (o *received) scanObject(r *jsonscan.Reader) error {
	o.read, o.typeName = EnterpriseCodeSigningCertificate{}, ""
	if r.Next() != '{' {
		return errors.New("not a JSON object")
	}
	return r.Object(func(name []byte) error {
		value, err := r.Value()
		switch {
		case err != nil:
			return err
		case string(name) == "@odata.type":
			return jsonscan.DecodeString(value, &o.typeName)
		}
		return o.read.decode(name, value)
	})
}

// check accepts the object if it is a certificate with an id.
func (o *received) check() error {
	switch {
	case o.typeName != "" && !strings.EqualFold(strings.TrimPrefix(o.typeName, "#"), odataType[1:]):
		return fmt.Errorf("the object is a %s", redact.Line(o.typeName))
	case o.read.ID == "":
		return errors.New("the object has no id")
	}
	o.certificate = &o.read
	return nil
}
