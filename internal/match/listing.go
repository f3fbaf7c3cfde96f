package match

// This file orders the records of a listing by their upload dates.

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/seed-230b9595/intune-go/internal/format/dn"
)

// Evidence is what a listing shows of the way in which the service writes names. The zero value is a listing that has not
// been read.
type Evidence struct{ others dn.Others }

// EvidenceOf returns what the records of a complete listing show.
func EvidenceOf(records ...*Record) (e Evidence) {
	for _, record := range records {
		e.Add(record)
	}
	e.Complete()
	return e
}

// Add adds a record.
func (e *Evidence) Add(record *Record) {
	if e.others == dn.OthersShown {
		return
	}
	for _, text := range []string{record.Subject, record.SubjectName, record.Issuer, record.IssuerName} {
		if dn.Parse(text).HasOthers() {
			e.others = dn.OthersShown
		}
	}
}

// Complete notes that there are no further records: what none has shown, the service drops.
func (e *Evidence) Complete() {
	if e.others == dn.OthersUnknown {
		e.others = dn.OthersDropped
	}
}

// Listing is what one complete listing of the tenant shows.
type Listing struct {
	Records []*Record
	Now     time.Time // by the clock of the service, if it is known

	evidence Evidence
}

// NewListing returns a complete listing.
func NewListing(records []*Record, now time.Time) *Listing {
	return &Listing{Records: records, Now: now, evidence: EvidenceOf(records...)}
}

// IsDated reports whether the date of a record says when it was uploaded. One that is more than a day ahead does not.
func (l *Listing) IsDated(record *Record) bool {
	const day = 24 * time.Hour
	return IsShown(record.Uploaded) && record.Uploaded.Sub(l.Now) <= day
}

// IsEarlier reports whether a record is certainly an earlier upload than another one. Equal dates have no order, except
// those of copies.
func (l *Listing) IsEarlier(record, other *Record) bool {
	if !l.IsDated(record) || !l.IsDated(other) {
		return false
	}
	if record.Uploaded.Equal(other.Uploaded) {
		key, isCopy := copyKeyOf(record)
		otherKey, isOtherCopy := copyKeyOf(other)
		return isCopy && isOtherCopy && key == otherKey && record.ID > other.ID
	}
	return record.Uploaded.Before(other.Uploaded)
}

// Latest returns the records that may be the latest upload, by id: one, if it is later than all others.
func (l *Listing) Latest() (latest []*Record) {
	var date time.Time
	for _, record := range l.Records {
		if l.IsDated(record) && record.Uploaded.After(date) {
			date = record.Uploaded
		}
	}
	for _, record := range l.Records {
		if !l.IsDated(record) || record.Uploaded.Equal(date) {
			latest = append(latest, record)
		}
	}
	slices.SortFunc(latest, func(a, b *Record) int { return cmp.Compare(a.ID, b.ID) })
	copies := make(map[string]bool)
	return slices.DeleteFunc(latest, func(record *Record) bool {
		key, isCopy := copyKeyOf(record)
		if !isCopy || !l.IsDated(record) {
			return false
		}
		isEarlier := copies[key]
		copies[key] = true
		return isEarlier
	})
}

// copyKeyOf returns what is the same for copies: records of the same certificate that one upload has made, because a proxy
// has repeated it. Those of equal dates are ordered by id, the smallest one being the latest. isCopy is false if its date is
// one that a service has cut, so that the uploads of several may have it, or if nothing shows which certificate it is.
func copyKeyOf(r *Record) (key string, isCopy bool) {
	if r.Uploaded.Truncate(time.Microsecond).Equal(r.Uploaded) {
		return "", false
	}
	if len(r.Content) > 0 {
		return string(r.Content), true
	}
	subject := r.subject()
	return fmt.Sprintf("%q %q %d", subject.Key(), r.issuer().Key(), r.Expires.Unix()), !subject.IsZero()
}
