package createmodel

// This file makes the plans of quiet tenants: one create at a time, no upload under the same names within a day, and
// faults that pass. There, for a service whose dates can be relied on, Create must find the truth.

import (
	"time"
)

// quiet fills in a plan.
func (p *plan) quiet(d *dice) {
	window := p.retry.ReconcileWindow
	p.retry.MaxAttempts = oneOf(d, 4, 3)
	p.habits = quietHabits(d, window)
	p.inTurn = true
	known := certificates()
	p.creates = []creation{p.quietCreation(d, known.contoso[0])}
	if d.chance(30) {
		p.creates = append(p.creates, p.quietCreation(d, known.fabrikam[0]))
	}
	for range d.below(5) {
		p.uploads = append(p.uploads, p.quietUpload(d))
	}
	p.listFates = passingListFates(d)
}

// quietHabits are those of services that keep the date, cut it down to seconds, or assign it with a clock within a
// minute of their Date header. Names can be recognized.
func quietHabits(d *dice, window time.Duration) habits {
	h := habits{
		dating:     oneOf(d, keepsDates, cutsDates, assignsDates),
		unit:       tick,
		offset:     oneOf(d, 0, 0, -8*time.Hour, 5*time.Hour+30*time.Minute),
		names:      oneOf(d, asSent, inWindows, inOpenSSL, inOIDs, inUpperCase),
		fields:     oneOf(d, "both", "subject", "subjectName"),
		noIssuer:   d.chance(20),
		expiration: oneOf(d, "kept", "cut", "null"),
		content:    d.chance(30),
		echo:       oneOf(d, "as listed", "as sent"),
	}
	h.lists(d, window)
	h.lag = min(h.lag, window-quietLate)
	h.front = clockError(d)
	h.backend = h.front
	switch h.dating {
	case cutsDates:
		h.unit = oneOf(d, time.Microsecond, time.Millisecond, time.Second)
	case assignsDates:
		h.unit = oneOf(d, tick, time.Millisecond, time.Second, time.Minute)
		h.backend += d.between(-50*time.Second, 50*time.Second) // and some seconds for the requests themselves
		return h
	case keepsDates, shiftsDates, dropsDates:
	}
	h.noClock = d.chance(15)
	return h
}

// quietLate is the longest time until a late commit. A date that is assigned then is still within the minute.
const quietLate = 4 * time.Second

func (p *plan) quietCreation(d *dice, cert *certificate) creation {
	c := creation{
		certificate: cert,
		form:        oneOf(d, wholeCertificate, contentOnly, namesOnly, subjectNameOnly, subjectOnly, otherContent),
		wait:        atLeast + d.between(0, 10*time.Second),
	}
	if d.chance(30) {
		c.date = oneOf(d, "now", "whole seconds", "hours ago")
	}
	for range oneOf(d, 1, 1, 1, 2, p.retry.MaxAttempts-1) {
		c.strikes = append(c.strikes, newStrike(d, oneOf(d, passingFates...), min(quietLate, p.retry.ReconcileWindow-p.habits.lag)))
	}
	return c
}

// quietUpload is one under other names, or one of the same names of days before.
func (p *plan) quietUpload(d *dice) upload {
	known := certificates()
	u := upload{
		certificate:  oneOf(d, known.tailspin[0], known.sibling[0], known.contoso[0], known.contoso[1], known.fabrikam[1]),
		form:         oneOf(d, allForms...),
		after:        d.between(-300*day, -5*day/2),
		wholeSeconds: d.chance(30),
	}
	if d.chance(30) {
		u.certificate, u.form = known.tailspin[0], wholeCertificate
		u.after = d.between(-time.Hour, time.Minute)
	}
	return u
}
