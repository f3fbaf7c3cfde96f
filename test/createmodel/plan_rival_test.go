package createmodel

// This file adds what happens rarely by itself: other processes upload the same certificate while a create sends its
// second POST, and no listing succeeds any more.

import "time"

// rival lets other processes upload the certificate of the first create while that sends its second POST.
func (p *plan) rival(d *dice) {
	first := &p.creates[0]
	first.strikes = []strike{{fate: lostFates[0], commit: never, latency: d.between(time.Millisecond, time.Second)}}
	if d.chance(50) {
		first.strikes = append(first.strikes, newStrike(d, oneOf(d, lostFates...), p.retry.ReconcileWindow-p.habits.lag))
	}
	if d.chance(40) {
		p.habits.dating, p.habits.unit, p.habits.garbles = cutsDates, time.Minute, false // many have the same date then
	}
	if d.chance(30) {
		p.listFates = outage(d)
	}
	for range 1 + d.below(2) {
		p.uploads = append(p.uploads, upload{
			certificate: first.certificate, form: first.form, wholeSeconds: d.chance(50),
			after: p.retry.ReconcileWindow + d.between(0, 4*time.Second),
		})
	}
}

// outage lets some requests of listings pass, and none of those after them.
func outage(d *dice) []*fate {
	fates := make([]*fate, d.below(16), 120)
	for len(fates) < cap(fates) {
		fates = append(fates, oneOf(d, passingListing...))
	}
	return fates
}
