package intune

// This file compares a record of the tenant with a certificate: whether it is the same one, and whether it is the record
// of a certain create.

import (
	"bytes"
	"crypto/x509"
	"slices"
	"time"

	"github.com/seed-230b9595/intune-go/internal/dn"
)

// identity is what makes two records the same certificate.
type identity struct {
	content           []byte
	parsed            *x509.Certificate // the content, nil if that is no certificate
	subjects, issuers []dn.Name         // each in every form that is known
	expirations       []time.Time
}

// newIdentity parses the content of a certificate.
func newIdentity(cert *EnterpriseCodeSigningCertificate) *identity {
	parsed, _ := cert.X509()
	i := &identity{content: cert.Content, parsed: parsed}
	forms := []*EnterpriseCodeSigningCertificate{cert}
	if parsed != nil {
		forms = append(forms, FromX509(parsed))
	}
	for _, form := range forms {
		i.subjects = appendNames(i.subjects, form.Subject, form.SubjectName)
		i.issuers = appendNames(i.issuers, form.Issuer, form.IssuerName)
		if isShown(form.ExpirationDateTime) {
			i.expirations = append(i.expirations, form.ExpirationDateTime)
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

func subjectName(record *EnterpriseCodeSigningCertificate) dn.Name {
	return shownName(record.Subject, record.SubjectName)
}

func issuerName(record *EnterpriseCodeSigningCertificate) dn.Name {
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

// expirationOf returns when a record expires: by its content, if it shows that.
func expirationOf(record *EnterpriseCodeSigningCertificate) time.Time {
	if content, err := record.X509(); err == nil {
		return content.NotAfter
	}
	return record.ExpirationDateTime
}

// isShown reports whether a date says anything. Services show a date that is not set as the year 1, among others.
func isShown(date time.Time) bool { return date.UTC().Year() >= 2000 }

// hasContentOf reports whether both sides have the same content.
func (i *identity) hasContentOf(record *EnterpriseCodeSigningCertificate) bool {
	return len(i.content) > 0 && bytes.Equal(i.content, record.Content)
}

// is reports whether a record is the same certificate: by content if both have it, otherwise by names and expiration.
func (i *identity) is(record *EnterpriseCodeSigningCertificate) bool {
	if len(i.content) > 0 && len(record.Content) > 0 {
		return i.hasContentOf(record)
	}
	issuer := issuerName(record)
	return agrees(i.subjects, subjectName(record)) &&
		(issuer.IsZero() || len(i.issuers) == 0 || agrees(i.issuers, issuer)) &&
		(!isShown(record.ExpirationDateTime) || len(i.expirations) == 0 || i.expires(record.ExpirationDateTime))
}

// isNot reports whether a record is certainly another certificate.
func (i *identity) isNot(record *EnterpriseCodeSigningCertificate) bool {
	if i.hasContentOf(record) {
		return false
	}
	if len(record.Content) > 0 {
		if other, err := record.X509(); err == nil && (len(i.content) > 0 || i.contradicts(FromX509(other))) {
			return true
		}
	}
	return i.contradicts(record)
}

// contradicts reports whether the names or the expiration of a record belong to another certificate.
func (i *identity) contradicts(record *EnterpriseCodeSigningCertificate) bool {
	return contradict(i.subjects, subjectName(record)) ||
		contradict(i.issuers, issuerName(record)) ||
		i.isFarFromExpiring(record.ExpirationDateTime)
}

// expires reports whether the certificate expires in the same second.
func (i *identity) expires(date time.Time) bool {
	return slices.ContainsFunc(i.expirations, func(t time.Time) bool { return t.Unix() == date.Unix() })
}

// isFarFromExpiring reports whether a date is more than two days from each expiration that is known.
func (i *identity) isFarFromExpiring(date time.Time) bool {
	const tolerance = 48 * time.Hour
	return isShown(date) && len(i.expirations) > 0 &&
		!slices.ContainsFunc(i.expirations, func(t time.Time) bool { return t.Sub(date).Abs() <= tolerance })
}

// isOutlivedBy reports whether a date is more than two days after each expiration that is known.
func (i *identity) isOutlivedBy(date time.Time) bool {
	return i.isFarFromExpiring(date) && !slices.ContainsFunc(i.expirations, date.Before)
}

// agrees reports whether a name agrees with one of the known forms.
func agrees(forms []dn.Name, name dn.Name) bool { return slices.ContainsFunc(forms, name.Agrees) }

// contradict reports whether a name contradicts all of the known forms.
func contradict(forms []dn.Name, name dn.Name) bool {
	return len(forms) > 0 && !slices.ContainsFunc(forms, func(form dn.Name) bool { return !name.Contradicts(form) })
}

// subject is how the subject of a record compares with the certificate's.
type subject int

const (
	otherSubject subject = iota
	sameSubject
	unclearSubject // the record shows no subject, or a common name that many subjects have
)

// compareSubject compares the subject of a record with the certificate's: equal sets of attributes are the same subject.
func (i *identity) compareSubject(record *EnterpriseCodeSigningCertificate) subject {
	shown := subjectName(record)
	if content, err := record.X509(); err == nil {
		shown = dn.Parse(FromX509(content).Subject)
	}
	own := i.ownSubject()
	switch {
	case shown.IsZero():
		return unclearSubject
	case own.Equal(shown):
		return sameSubject
	case own.SharesCommonName(shown) && (own.IsBare() || shown.IsBare()):
		return unclearSubject
	}
	return otherSubject
}

// ownSubject returns the subject of the content or, if there is none, the one that was given.
func (i *identity) ownSubject() dn.Name {
	switch {
	case i.parsed != nil:
		return dn.Parse(FromX509(i.parsed).Subject)
	case len(i.subjects) > 0:
		return i.subjects[0]
	}
	return dn.Name{}
}

// recognise says whether a record is this certificate, whenever and by whomever it was uploaded.
func (i *identity) recognise(record *EnterpriseCodeSigningCertificate) (verdict, MatchedBy) {
	const day = 24 * time.Hour
	subject, issuer := subjectName(record), issuerName(record)
	_, noCertificate := record.X509()
	expiration := record.ExpirationDateTime
	switch {
	case i.hasContentOf(record):
		return ours, MatchedByContent
	case len(i.content) > 0 && noCertificate == nil,
		i.parsed != nil && isShown(record.UploadDateTime) && i.parsed.NotBefore.Sub(record.UploadDateTime) > day:
		return notOurs, ""
	case i.is(record) && i.expires(expiration) && isShown(record.UploadDateTime):
		return ours, MatchedByNames
	case i.isFarFromExpiring(expiration), contradict(i.issuers, issuer):
		return notOurs, ""
	case slices.ContainsFunc(i.subjects, subject.SharesCommonName), subject.IsZero(): // perhaps not populated yet
		return cannotTell, ""
	}
	return notOurs, ""
}

// verdict says whether a record is the wanted one.
type verdict int

const (
	cannotTell verdict = iota
	ours
	notOurs
)

// sentCertificate is what a create has sent, and how it recognises its record.
type sentCertificate struct {
	*identity

	date       time.Time // the uploadDateTime
	isOwnDate  bool      // the library chose it, so nobody else has sent it
	began, end time.Time // when the first attempt was sent, and when the last one ended, by the local clock
}

// serviceClock is the clock of the service, by the Date of its responses.
type serviceClock struct {
	ahead   time.Duration // of the local clock
	isKnown bool
}

func (c serviceClock) at(local time.Time) time.Time { return local.Add(c.ahead) }

// rivals says which other creates of the client, those that have no record yet, a record may belong to as well.
type rivals struct {
	some     bool // there is one
	sameDate bool // one has sent the date of the record
}

// judge applies the rules of recognition, in their order. A record that rivals may claim is ours only by its exact date.
func (s *sentCertificate) judge(record *EnterpriseCodeSigningCertificate, clock serviceClock, rivals func() rivals) (verdict, MatchedBy) {
	date := record.UploadDateTime
	if !isShown(date) {
		date = time.Time{}
	}
	isSame := s.is(record)
	hasDate := isSame && s.hasDate(date)
	hasExactDate := s.date.Truncate(tick).Equal(date)
	if hasExactDate && s.isOwnDate {
		return ours, s.matchedBy(record, true)
	}
	if hasDate || isSame && s.isDuringAttempts(date, clock, time.Minute) || s.hasContentOf(record) && s.isDuringAttempts(date, clock, lateCommit) {
		if others := rivals(); !others.some || hasDate && hasExactDate && !others.sameDate {
			return ours, s.matchedBy(record, hasDate)
		}
	}
	if s.isNot(record) || s.isLongBefore(date, clock) {
		return notOurs, ""
	}
	return cannotTell, ""
}

// lateCommit is how much later than its attempts a record with the same content may be dated.
const lateCommit = 15 * time.Minute

func (s *sentCertificate) matchedBy(record *EnterpriseCodeSigningCertificate, byDate bool) MatchedBy {
	switch {
	case s.hasContentOf(record):
		return MatchedByContent
	case byDate:
		return MatchedByUploadDateTime
	}
	return MatchedByNames
}

// hasDate reports whether a date is the one that was sent, or that date cut to a coarser unit.
func (s *sentCertificate) hasDate(date time.Time) bool {
	for _, unit := range []time.Duration{tick, time.Microsecond, time.Millisecond, time.Second} {
		if s.date.Truncate(unit).Equal(date) {
			return true
		}
	}
	return false
}

// isDuringAttempts reports whether a date lies between one minute before the first attempt and the given time after the
// last one. A date with whole minutes stands for its minute.
func (s *sentCertificate) isDuringAttempts(date time.Time, clock serviceClock, after time.Duration) bool {
	if date.IsZero() || !clock.isKnown {
		return false
	}
	latest := date
	if date.Truncate(time.Minute).Equal(date) {
		latest = date.Add(time.Minute - tick)
	}
	return !latest.Before(clock.at(s.began).Add(-time.Minute)) && !date.After(clock.at(s.end).Add(after))
}

// isLongBefore reports whether a date is more than a day before the date that was sent and before the first attempt.
func (s *sentCertificate) isLongBefore(date time.Time, clock serviceClock) bool {
	const day = 24 * time.Hour
	return !date.IsZero() && s.date.Sub(date) > day && (!clock.isKnown || clock.at(s.began).Sub(date) > day)
}

// SameCertificate reports whether two records are the same certificate: by content if both have it, otherwise by names
// and expiration. Names are compared as sets of attributes. IDs, dates of upload and statuses do not count. It is false
// if there is too little to compare.
func (c *EnterpriseCodeSigningCertificate) SameCertificate(other *EnterpriseCodeSigningCertificate) bool {
	if c == nil || other == nil {
		return false
	}
	return newIdentity(c).is(other) || newIdentity(other).is(c)
}
