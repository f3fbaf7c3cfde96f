package createmodel

// This file holds a certificate as the simulated service keeps it, and as it shows it.

import (
	"encoding/json"
	"fmt"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

// form is how a certificate is given to Create.
type form string

const (
	wholeCertificate form = "whole"
	contentOnly      form = "content only"
	namesOnly        form = "names only"
	subjectNameOnly  form = "subjectName only"
	subjectOnly      form = "common name only"
	otherContent     form = "names and content that is no certificate"
	plainText        form = "text that is no name"
)

var allForms = []form{wholeCertificate, wholeCertificate, contentOnly, namesOnly, subjectNameOnly, subjectOnly, otherContent, plainText}

// fraction makes an expiration one that a service may cut.
const fraction = 123456700 * time.Nanosecond

// in returns the certificate in a form.
func (c *certificate) in(f form) *intune.EnterpriseCodeSigningCertificate {
	whole := *c.resource
	switch f {
	case wholeCertificate:
	case contentOnly:
		whole = intune.EnterpriseCodeSigningCertificate{Content: whole.Content}
	case namesOnly:
		whole.Content, whole.ExpirationDateTime = nil, whole.ExpirationDateTime.Add(fraction)
	case subjectNameOnly:
		whole = intune.EnterpriseCodeSigningCertificate{SubjectName: whole.SubjectName, ExpirationDateTime: whole.ExpirationDateTime}
	case subjectOnly:
		whole = intune.EnterpriseCodeSigningCertificate{Subject: "CN=" + c.subject[0].value}
	case otherContent:
		whole.Content = []byte("content of " + c.String())
	case plainText:
		whole = intune.EnterpriseCodeSigningCertificate{Subject: c.subject[0].value + " signing"}
	}
	return &whole
}

func (c *certificate) String() string {
	return c.subject[1].value + " until " + c.resource.ExpirationDateTime.Format(time.DateOnly)
}

func (f form) hasContent() bool { return f == wholeCertificate || f == contentOnly }

// another stands for another process as the owner of a record.
const another = -1

// record is a certificate that the service holds.
type record struct {
	id          string
	owner       int // the create that uploaded it, or another
	certificate *certificate
	form        form
	sent        intune.EnterpriseCodeSigningCertificate
	oddity      string
	committed   time.Time
	shows       time.Time // in listings
}

// view is a record as it is shown. Zero fields are not.
type view struct {
	subject, issuer  string
	expiration, date time.Time
	content          []byte
}

// shown returns the record as listings show it.
func (h *habits) shown(r *record) view {
	v := view{
		subject: h.name(r, r.certificate.subject, cmpOr(r.sent.Subject, r.sent.SubjectName)),
		date:    h.date(r),
	}
	if !h.noIssuer && (r.form.hasContent() || r.sent.Issuer != "") {
		v.issuer = h.name(r, r.certificate.issuer, r.sent.Issuer)
	}
	if h.content {
		v.content = r.sent.Content
	}
	v.expiration = h.expires(r)
	switch r.oddity {
	case "no date":
		v.date = time.Time{}
	case "null expiration":
		v.expiration = time.Time{}
	case "foreign name":
		v.subject, v.issuer = "Zertifikat Nr. 7", ""
	case "other content":
		v.content = []byte("not a certificate")
	}
	return v
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (h *habits) name(r *record, full distinguishedName, sent string) string {
	switch {
	case h.garbles:
		return "Certificate of " + full[0].value
	case h.names == namesDropped:
		return ""
	case r.form == plainText, h.names == asSent && sent != "":
		return sent
	case h.names == asSent:
		return full.write(inWindows, "")
	case r.form == subjectOnly:
		return full[:1].write(h.names, sent)
	}
	return full.write(h.names, sent)
}

func (h *habits) expires(r *record) time.Time {
	expiration := r.sent.ExpirationDateTime
	if expiration.IsZero() && r.form.hasContent() {
		expiration = r.certificate.resource.ExpirationDateTime
	}
	switch {
	case h.garbles:
		return time.Date(2099, 12, 31, 0, 0, 0, 0, time.UTC)
	case expiration.IsZero(), h.expiration == "null":
		return time.Time{}
	case h.expiration == "cut":
		return expiration.Truncate(time.Second)
	case h.expiration == "a day off":
		return expiration.Add(day)
	}
	return expiration
}

func (h *habits) date(r *record) time.Time {
	sent := r.sent.UploadDateTime
	switch h.dating {
	case keepsDates:
	case cutsDates:
		return sent.Truncate(h.unit)
	case assignsDates:
		return r.committed.Add(h.backend).Truncate(h.unit)
	case shiftsDates:
		return sent.Add(h.shift)
	case dropsDates:
		return time.Time{}
	}
	return sent
}

// echo returns the JSON object of a 201.
func (h *habits) object(r *record) []byte {
	switch h.echo {
	case "bare":
		return object(map[string]any{"id": r.id})
	case "as sent":
		asIs := habits{dating: keepsDates, names: asSent, fields: "both", offset: h.offset}
		return asIs.listed(r)
	}
	return h.listed(r)
}

// listed returns the JSON object in a listing.
func (h *habits) listed(r *record) []byte {
	v := h.shown(r)
	members := map[string]any{
		"id": r.id, "@odata.type": "#microsoft.graph.enterpriseCodeSigningCertificate", "status": "provisioned",
		"issuer": orNull(v.issuer), "content": nil, "expirationDateTime": h.time(v.expiration), "uploadDateTime": h.time(v.date),
	}
	switch {
	case !v.date.IsZero():
	case h.noDate == "missing":
		delete(members, "uploadDateTime")
	case h.noDate == "year 1601":
		members["uploadDateTime"] = "1601-01-01T00:00:00Z"
	}
	if h.fields != "subjectName" {
		members["subject"] = orNull(v.subject)
	}
	if h.fields != "subject" {
		members["subjectName"], members["issuerName"] = orNull(v.subject), orNull(v.issuer)
	}
	if len(v.content) > 0 {
		members["content"] = v.content
	}
	return object(members)
}

// time returns a time in the zone of the service.
func (h *habits) time(t time.Time) any {
	switch {
	case !t.IsZero():
		return t.In(time.FixedZone("", int(h.offset.Seconds()))).Format(time.RFC3339Nano)
	case h.noDate == "year 1":
		return "0001-01-01T00:00:00Z"
	}
	return nil
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func object(members map[string]any) []byte {
	data, err := json.Marshal(members)
	if err != nil {
		panic(err)
	}
	return data
}

// String identifies the record in a trace.
func (r *record) String() string {
	owner := "another process"
	if r.owner != another {
		owner = fmt.Sprintf("create %d", r.owner)
	}
	return fmt.Sprintf("%s of %s (%s, %s) %s", r.id, owner, r.certificate, r.form, r.oddity)
}
