package match

// This file compares a record of the tenant with a certificate: whether it is the same one.

import (
	"bytes"
	"crypto/x509"
	"slices"
	"time"

	"github.com/seed-230b9595/intune-go/internal/format/dn"
)

// Identity is what makes two records the same certificate.
type Identity struct {
	content           []byte
	parsed            *x509.Certificate // the content, nil if that is no certificate
	subjects, issuers []dn.Name         // each in every form that is known
	expirations       []time.Time
}

// New parses the content of a certificate.
func New(cert *Record) *Identity {
	parsed, _ := cert.x509()
	i := &Identity{content: cert.Content, parsed: parsed}
	forms := []*Record{cert}
	if parsed != nil {
		forms = append(forms, namesOf(parsed))
	}
	for _, form := range forms {
		i.subjects = appendNames(i.subjects, form.Subject, form.SubjectName)
		i.issuers = appendNames(i.issuers, form.Issuer, form.IssuerName)
		if IsShown(form.Expires) {
			i.expirations = append(i.expirations, form.Expires)
		}
	}
	return i
}

func appendNames(names []dn.Name, texts ...string) []dn.Name {
	for _, text := range texts {
		if name := dn.Parse(text); !name.IsZero() {
			names = append(names, name)
		}
	}
	return names
}

func subjectName(record *Record) dn.Name {
	return shownName(record.Subject, record.SubjectName)
}

func issuerName(record *Record) dn.Name {
	return shownName(record.Issuer, record.IssuerName)
}

// shownName returns the text that is a distinguished name or, if neither is, the first that is not empty.
func shownName(text, other string) dn.Name {
	name := dn.Parse(text)
	if name.IsDistinguished() {
		return name
	}
	if second := dn.Parse(other); name.IsZero() || second.IsDistinguished() {
		return second
	}
	return name
}

// hasContentOf reports whether both sides have the same content.
func (i *Identity) hasContentOf(record *Record) bool {
	return len(i.content) > 0 && bytes.Equal(i.content, record.Content)
}

// Is reports whether a record is the same certificate: by content if both have it, otherwise by names and expiration.
func (i *Identity) Is(record *Record) bool {
	if len(i.content) > 0 && len(record.Content) > 0 {
		return i.hasContentOf(record)
	}
	issuer := issuerName(record)
	return agrees(i.subjects, subjectName(record)) &&
		(issuer.IsZero() || len(i.issuers) == 0 || agrees(i.issuers, issuer)) &&
		(!IsShown(record.Expires) || len(i.expirations) == 0 || i.expires(record.Expires))
}

// isNot reports whether a record is certainly another certificate.
func (i *Identity) isNot(record *Record) bool {
	if i.hasContentOf(record) {
		return false
	}
	if len(record.Content) > 0 {
		if other, err := record.x509(); err == nil && (len(i.content) > 0 || i.contradicts(namesOf(other))) {
			return true
		}
	}
	return i.contradicts(record)
}

// contradicts reports whether the names or the expiration of a record belong to another certificate.
func (i *Identity) contradicts(record *Record) bool {
	return contradict(i.subjects, subjectName(record)) ||
		contradict(i.issuers, issuerName(record)) ||
		i.isFarFromExpiring(record.Expires)
}

// expires reports whether the certificate expires in the same second.
func (i *Identity) expires(date time.Time) bool {
	return slices.ContainsFunc(i.expirations, func(t time.Time) bool { return t.Unix() == date.Unix() })
}

// isFarFromExpiring reports whether a date is more than two days from each expiration that is known.
func (i *Identity) isFarFromExpiring(date time.Time) bool {
	const tolerance = 48 * time.Hour
	return IsShown(date) && len(i.expirations) > 0 &&
		!slices.ContainsFunc(i.expirations, func(t time.Time) bool { return t.Sub(date).Abs() <= tolerance })
}

// IsOutlivedBy reports whether a date is more than two days after each expiration that is known.
func (i *Identity) IsOutlivedBy(date time.Time) bool {
	return i.isFarFromExpiring(date) && !slices.ContainsFunc(i.expirations, date.Before)
}

// agrees reports whether a name agrees with one of the known forms.
func agrees(forms []dn.Name, name dn.Name) bool { return slices.ContainsFunc(forms, name.Agrees) }

// contradict reports whether a name contradicts all of the known forms.
func contradict(forms []dn.Name, name dn.Name) bool {
	return len(forms) > 0 && !slices.ContainsFunc(forms, func(form dn.Name) bool { return !name.Contradicts(form) })
}

// Subject is how the subject of a record compares with the certificate's.
type Subject int

// The results of CompareSubject.
const (
	OtherSubject Subject = iota
	SameSubject
	UnclearSubject // the record shows no subject, or a common name that many subjects have
)

// CompareSubject compares the subject of a record with the certificate's: equal sets of attributes are the same subject.
func (i *Identity) CompareSubject(record *Record) Subject {
	shown := subjectName(record)
	if content, err := record.x509(); err == nil {
		shown = dn.Parse(namesOf(content).Subject)
	}
	own := i.ownSubject()
	switch {
	case shown.IsZero():
		return UnclearSubject
	case own.Equal(shown):
		return SameSubject
	case own.SharesCommonName(shown) && (own.IsBare() || shown.IsBare()):
		return UnclearSubject
	}
	return OtherSubject
}

// ownSubject returns the subject of the content or, if there is none, the one that was given.
func (i *Identity) ownSubject() dn.Name {
	switch {
	case i.parsed != nil:
		return dn.Parse(namesOf(i.parsed).Subject)
	case len(i.subjects) > 0:
		return i.subjects[0]
	}
	return dn.Name{}
}

// Recognise says whether a record is this certificate, whenever and by whomever it was uploaded.
func (i *Identity) Recognise(record *Record) (Verdict, By) {
	const day = 24 * time.Hour
	subject, issuer := subjectName(record), issuerName(record)
	_, noCertificate := record.x509()
	expiration := record.Expires
	switch {
	case i.hasContentOf(record):
		return Ours, ByContent
	case len(i.content) > 0 && noCertificate == nil,
		i.parsed != nil && IsShown(record.Uploaded) && i.parsed.NotBefore.Sub(record.Uploaded) > day:
		return NotOurs, ""
	case i.Is(record) && i.expires(expiration) && IsShown(record.Uploaded):
		return Ours, ByNames
	case i.isFarFromExpiring(expiration), contradict(i.issuers, issuer):
		return NotOurs, ""
	case slices.ContainsFunc(i.subjects, subject.SharesCommonName), subject.IsZero(): // perhaps not populated yet
		return CannotTell, ""
	}
	return NotOurs, ""
}

// SubjectKey returns a text that is the same for certificates of the same subject.
func (i *Identity) SubjectKey() string { return i.ownSubject().Key() }

// IsEnough reports whether there is enough to recognise the certificate by: a subject, an issuer and an expiration.
func (i *Identity) IsEnough() bool {
	return len(i.subjects) > 0 && len(i.issuers) > 0 && len(i.expirations) > 0
}

// NotBefore returns when the certificate becomes valid, zero if that is not known.
func (i *Identity) NotBefore() time.Time {
	if i.parsed == nil {
		return time.Time{}
	}
	return i.parsed.NotBefore
}
