package match

// This file compares a record of the tenant with a certificate: whether it is the same one, or has the same subject.

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"slices"
	"time"

	"github.com/seed-230b9595/intune-go/internal/format/dn"
)

// Identity is what makes two records the same certificate.
type Identity struct {
	content           []byte
	digest            Digest
	parsed            *x509.Certificate // the content, nil if that is no certificate
	subjectText       string
	subjects, issuers []dn.Name // each in every form that is known
	expirations       []time.Time
}

// New parses the content of a certificate.
func New(cert *Record) *Identity {
	parsed, _ := cert.x509()
	i := &Identity{content: cert.Content, digest: DigestOf(cert.Content), parsed: parsed}
	forms := []*Record{cert}
	if parsed != nil {
		forms = append(forms, NamesOf(parsed))
	}
	for _, form := range forms {
		i.subjectText = cmp.Or(form.ShownSubject(), i.subjectText)
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

// compare compares the known forms of a name with the one that is shown. A form that is no distinguished name counts only
// if it is equal.
func compare(forms []dn.Name, shown dn.Name, evidence Evidence) dn.Comparison {
	isDifferent, isUnclear := false, false
	for _, form := range forms {
		switch comparison := form.Compare(shown, evidence.others); {
		case comparison == dn.Equal:
			return dn.Equal
		case comparison == dn.Different:
			isDifferent = true
		case form.IsDistinguished():
			isUnclear = true
		}
	}
	if isDifferent && !isUnclear {
		return dn.Different
	}
	return dn.Unclear
}

func (i *Identity) hasContentOf(record *Record) bool {
	return len(i.content) > 0 && bytes.Equal(i.content, record.Content)
}

// IsSame reports whether a record is the same certificate, by all attributes of its names.
func (i *Identity) IsSame(record *Record) bool { return i.Is(record, Evidence{dn.OthersShown}) }

// Is reports whether a record is the same certificate: by content if both have it, otherwise by names and expiration.
func (i *Identity) Is(record *Record, evidence Evidence) bool {
	if len(i.content) > 0 && len(record.Content) > 0 {
		return i.hasContentOf(record)
	}
	issuer := record.issuer()
	return compare(i.subjects, record.subject(), evidence) == dn.Equal &&
		(issuer.IsZero() || len(i.issuers) == 0 || compare(i.issuers, issuer, evidence) == dn.Equal) &&
		(!IsShown(record.Expires) || len(i.expirations) == 0 || i.expires(record.Expires))
}

// hasOtherContent reports whether a record has the content of another certificate.
func (i *Identity) hasOtherContent(record *Record) bool {
	if i.hasContentOf(record) {
		return false
	}
	other, err := record.x509()
	return err == nil && (len(i.content) > 0 || i.hasOtherNames(NamesOf(other), Evidence{dn.OthersShown}))
}

func (i *Identity) hasOtherNames(record *Record, evidence Evidence) bool {
	return compare(i.subjects, record.subject(), evidence) == dn.Different ||
		compare(i.issuers, record.issuer(), evidence) == dn.Different
}

// isOther reports whether a record has other content or, if it does not show that, names that differ.
func (i *Identity) isOther(record *Record, evidence Evidence) bool {
	return i.hasOtherContent(record) || !i.hasContentOf(record) && i.hasOtherNames(record, evidence)
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

// CompareSubject compares the subject of a record with the certificate's: by the content of the record, if it shows that.
func (i *Identity) CompareSubject(record *Record, in *Listing) dn.Comparison {
	content, err := record.x509()
	if err != nil {
		return compare(i.subjects, record.subject(), in.evidence)
	}
	if compare(i.subjects, NamesOf(content).subject(), Evidence{dn.OthersShown}) == dn.Equal {
		return dn.Equal
	}
	return dn.Different
}

// Recognize says whether a record is this certificate, whenever and by whomever it was uploaded. Content decides, if it is
// shown or this client has uploaded it; otherwise names and dates. A record without an id is nobody's.
func (i *Identity) Recognize(record *Record, in *Listing) (Verdict, By) {
	verdict, by := i.recognize(record, in)
	if verdict == Ours && record.ID == "" {
		return CannotTell, ""
	}
	return verdict, by
}

func (i *Identity) recognize(record *Record, in *Listing) (Verdict, By) {
	switch {
	case i.hasContentOf(record):
		return Ours, ByContent
	case i.hasOtherContent(record):
		return NotOurs, ""
	case len(i.content) > 0 && len(record.Content) > 0: // which is no certificate
		return CannotTell, ""
	}
	verdict, by := i.RecognizeShown(record, in)
	switch {
	case record.Remembered == Digest{}, i.digest == Digest{}:
		return verdict, by
	case record.Remembered != i.digest:
		return NotOurs, ""
	}
	return Ours, cmp.Or(by, ByContent)
}

// RecognizeShown says whether a record is this certificate by its names and dates alone, as a client does to which the
// service does not show the content.
func (i *Identity) RecognizeShown(record *Record, in *Listing) (Verdict, By) {
	const day, tolerance = 24 * time.Hour, 5 * time.Minute
	early := time.Duration(0) // how long before NotBefore the record was uploaded
	if i.parsed != nil && in.IsDated(record) {
		early = i.parsed.NotBefore.Sub(record.Uploaded)
	}
	bare := *record
	bare.Content = nil
	switch {
	case i.hasOtherNames(&bare, in.evidence), i.isFarFromExpiring(record.Expires),
		early > day && !in.Now.Before(i.parsed.NotBefore):
		return NotOurs, ""
	case i.Is(&bare, in.evidence) && IsShown(record.Expires) && in.IsDated(record) && early <= tolerance:
		return Ours, ByNames
	}
	return CannotTell, ""
}

// Subject returns the subject as text, that of the content if there is one.
func (i *Identity) Subject() string { return i.subjectText }

// SubjectKey returns a text that is the same for certificates of the same subject.
func (i *Identity) SubjectKey() string {
	if len(i.subjects) == 0 {
		return ""
	}
	return i.subjects[len(i.subjects)-1].Key() // that of the content comes last
}

// IsEnough reports whether there is enough to recognize the certificate by: a subject, an issuer and an expiration.
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
