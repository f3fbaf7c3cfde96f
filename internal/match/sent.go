package match

// This file says whether a record is that of a certain create.

import (
	"time"
)

// Tick is the resolution of times in Microsoft Graph.
const Tick = 100 * time.Nanosecond

// Sent is what a create has sent, and how it recognizes its record.
type Sent struct {
	*Identity

	Date       time.Time // the uploadDateTime
	IsOwnDate  bool      // the library chose it, so nobody else has sent it
	Began, End time.Time // when the first attempt was sent, and when the last one ended, by the local clock
}

// Clock is the clock of the service, by the Date of its responses.
type Clock struct {
	Ahead   time.Duration // of the local clock
	IsKnown bool
}

// At returns the time of the service when it is local here.
func (c Clock) At(local time.Time) time.Time { return local.Add(c.Ahead) }

// Rivals says which other creates of the client, those that have no record yet, a record may belong to as well.
type Rivals struct {
	Some     bool // there is one
	SameDate bool // one has sent the date of the record
}

// Judge applies the rules of recognition, in their order. A record that rivals may claim is ours only by its exact date.
func (s *Sent) Judge(record *Record, clock Clock, evidence Evidence, rivals func() Rivals) (Verdict, By) {
	if s.isOther(record, evidence) {
		return NotOurs, ""
	}
	date := record.Uploaded
	if !IsShown(date) {
		date = time.Time{}
	}
	isSame := s.Is(record, evidence)
	hasDate := isSame && s.hasDate(date)
	if s.HasExactDate(record) && s.IsOwnDate {
		return Ours, s.By(record, true)
	}
	if hasDate || isSame && s.isDuringAttempts(date, clock, time.Minute) || s.hasContentOf(record) && s.isDuringAttempts(date, clock, lateCommit) {
		if others := rivals(); !others.Some || hasDate && s.HasExactDate(record) && !others.SameDate {
			return Ours, s.By(record, hasDate)
		}
	}
	if s.isLongBefore(date, clock) || !s.hasContentOf(record) && s.isFarFromExpiring(record.Expires) {
		return NotOurs, ""
	}
	return CannotTell, ""
}

// HasExactDate reports whether a record has the date that was sent.
func (s *Sent) HasExactDate(record *Record) bool {
	return s.Date.Truncate(Tick).Equal(record.Uploaded)
}

// lateCommit is how much later than its attempts a record with the same content may be dated.
const lateCommit = 15 * time.Minute

// By says how a record of ours was recognized.
func (s *Sent) By(record *Record, byDate bool) By {
	switch {
	case s.hasContentOf(record):
		return ByContent
	case byDate:
		return ByUploadDate
	}
	return ByNames
}

// hasDate reports whether a date is the one that was sent, or that date cut to a coarser unit.
func (s *Sent) hasDate(date time.Time) bool {
	for _, unit := range []time.Duration{Tick, time.Microsecond, time.Millisecond, time.Second} {
		if s.Date.Truncate(unit).Equal(date) {
			return true
		}
	}
	return false
}

// isDuringAttempts reports whether a date lies between one minute before the first attempt and the given time after the
// last one. A date with whole minutes stands for its minute.
func (s *Sent) isDuringAttempts(date time.Time, clock Clock, after time.Duration) bool {
	if date.IsZero() || !clock.IsKnown {
		return false
	}
	latest := date
	if date.Truncate(time.Minute).Equal(date) {
		latest = date.Add(time.Minute - Tick)
	}
	return !latest.Before(clock.At(s.Began).Add(-time.Minute)) && !date.After(clock.At(s.End).Add(after))
}

// isLongBefore reports whether a date is more than a day before the date that was sent and before the first attempt.
func (s *Sent) isLongBefore(date time.Time, clock Clock) bool {
	const day = 24 * time.Hour
	return !date.IsZero() && s.Date.Sub(date) > day && (!clock.IsKnown || clock.At(s.Began).Sub(date) > day)
}
