package createmodel

// This file judges the requests of a create.

import (
	"errors"
	"slices"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

// requests checks what a create has sent, and when.
func (v *verdict) requests(o *outcome) {
	all := v.run.service.requests
	if len(all) > 0 && all[0].create < 0 {
		v.violate("no request comes before the first POST", "the first one is a listing")
	}
	if limit := v.run.plan.retry.MaxAttempts; len(o.posts) > limit {
		v.violate("MaxAttempts bounds the attempts", "create %d: %d of %d", o.index, len(o.posts), limit)
	}
	v.inTime(o)
	if len(o.posts) == 0 {
		return
	}
	for _, post := range o.posts {
		if !post.sent.sent.UploadDateTime.Equal(o.posts[0].sent.sent.UploadDateTime) {
			v.violate("each POST has the same date", "create %d", o.index)
		}
	}
	if !o.inDoubt && len(v.run.plan.creates) == 1 && len(all) != len(o.posts) {
		v.violate("nothing is listed unless an outcome is unknown", "%d requests", len(all))
	}
	if o.planned.isBlind {
		v.blindly(o)
		return
	}
	v.absence(o)
	v.oneListing(o)
	v.sureMatch(o)
	v.confirmation(o)
	v.rivals(o)
}

// blindly checks a create without reconciliation.
func (v *verdict) blindly(o *outcome) {
	if len(v.run.plan.creates) == 1 && len(v.run.service.requests) != len(o.posts) {
		v.violate("WithoutReconcile lists nothing", "%d requests", len(v.run.service.requests))
	}
	if o.inDoubt && !errors.As(o.result.err, new(*intune.OutcomeUnknownError)) {
		v.violate("WithoutReconcile leaves an outcome unknown", "create %d: %v", o.index, o.result.err)
	}
}

// inTime checks that a create ends with its context.
func (v *verdict) inTime(o *outcome) {
	for _, limit := range []time.Duration{o.planned.deadline, o.planned.cancel} {
		if took := o.result.ended.Sub(o.result.began); limit > 0 && took > limit+time.Millisecond {
			v.violate("a create ends with its context", "create %d: after %v, want %v", o.index, took, limit)
		}
	}
}

// absence checks that a POST follows one of unknown outcome only after a listing that began when the window had passed.
func (v *verdict) absence(o *outcome) {
	var believable time.Time // zero as long as there is no doubt
	for _, post := range o.posts {
		if !believable.IsZero() && !v.listedBetween(believable, post.began) {
			v.violate("absence is believed after ReconcileWindow", "create %d", o.index)
		}
		if post.err != nil || post.fate.isUnknown {
			believable = post.ended.Add(v.run.plan.retry.ReconcileWindow)
		}
	}
}

// listedBetween says whether a listing began and was complete between two times.
func (v *verdict) listedBetween(earliest, latest time.Time) bool {
	begun := make(map[int]bool)
	for _, req := range v.run.service.requests {
		if req.fate != listed || req.err != nil || req.ended.After(latest) {
			continue
		}
		begun[req.listing] = begun[req.listing] || req.isFirstPage && !req.began.Before(earliest)
		if begun[req.listing] && req.isLastPage {
			return true
		}
	}
	return false
}

func isPlanned(f *fate) bool { return f != nil }

// oneListing checks that a record that shows, with the exact date, is found by one listing, at once.
func (v *verdict) oneListing(o *outcome) {
	p, post := v.run.plan, o.posts[0]
	isPlain := len(p.creates) == 1 && !slices.ContainsFunc(p.listFates, isPlanned) && o.planned.deadline == 0 && o.planned.cancel == 0
	isSure := p.habits.dating == keepsDates && p.habits.lag == 0 && o.planned.date == ""
	if !isPlain || !isSure || !post.fate.isUnknown || post.record == nil || post.record.committed.After(post.ended) {
		return
	}
	v.counts["found at once"]++
	var listings []*request
	for _, req := range v.run.service.requests {
		if req.isFirstPage {
			listings = append(listings, req)
		}
	}
	last := v.run.service.requests[len(v.run.service.requests)-1]
	began := listings != nil && (listings[0].began.Equal(post.ended) || post.fate.ending == staysSilent || post.fate.ending == switches)
	if o.result.err != nil || len(o.posts) != 1 || len(listings) != 1 || !began || !last.ended.Equal(o.result.ended) {
		v.violate("a record that shows is found by one listing, at once", "%d POSTs, %d listings", len(o.posts), len(listings))
	}
}

// sureMatch checks that a record that a page has shown, with the date that was sent, ends the search after one POST,
// whatever becomes of the other pages.
func (v *verdict) sureMatch(o *outcome) {
	p := v.run.plan
	if len(p.creates) > 1 || len(o.posts) > 1 || len(o.held) != 1 || p.habits.dating != keepsDates || o.planned.date != "" {
		return
	}
	if v.lastShown(o.held[0], o.posts[0].ended) != nil && o.result.err != nil {
		v.violate("a record that shows with the date that was sent is found", "create %d: %v", o.index, o.result.err)
	}
}

// lastShown returns the last page that has shown a record, that began after a time.
func (v *verdict) lastShown(held *record, after time.Time) (last *request) {
	for _, req := range v.run.service.requests {
		if req.fate == listed && req.err == nil && !req.began.Before(after) && slices.Contains(req.shown, held) {
			last = req
		}
	}
	return last
}

// confirmation checks what follows a 201 after an attempt of unknown outcome: the new id shows in a listing.
func (v *verdict) confirmation(o *outcome) {
	last := o.posts[len(o.posts)-1]
	if !o.inDoubt || last.fate != success || last.err != nil || o.result.err != nil {
		return
	}
	if v.run.plan.habits.echo == "bare" {
		v.violate("a 201 after an unknown outcome shows an object of ours", "create %d", o.index)
	}
	if v.lastShown(last.record, last.ended) == nil {
		v.violate("a 201 after an unknown outcome is confirmed by a listing", "create %d", o.index)
	}
}

// effective returns the POSTs that may have been carried out. The others were rejected.
func (o *outcome) effective() (posts []*request) {
	for _, post := range o.posts {
		if post.err != nil || post.fate.mayCommit {
			posts = append(posts, post)
		}
	}
	return posts
}

// rivals checks that a create that may have made several records does not keep silent about a second one of ours.
func (v *verdict) rivals(o *outcome) {
	if len(v.run.plan.creates) > 1 || len(o.effective()) < 2 || o.result.err != nil || o.result.got == nil {
		return
	}
	last := -1
	for _, req := range v.run.service.requests {
		if req.fate == listed && req.err == nil {
			last = req.listing
		}
	}
	for _, req := range v.run.service.requests {
		if req.fate != listed || req.listing != last {
			continue
		}
		for _, r := range req.shown {
			if r.owner == another && r.id != o.result.got.ID && v.mustBeTaken(o, r) {
				v.violate("another record of ours is a DuplicateError", "create %d: %s", o.index, r)
			}
		}
	}
}

// mustBeTaken says whether the rules call the record of another process ours without any doubt.
func (v *verdict) mustBeTaken(o *outcome, r *record) bool {
	shown := v.run.plan.habits.shown(r)
	return r.certificate == o.planned.certificate && !v.run.plan.habits.noClock && !shown.date.IsZero() &&
		o.agrees(&v.run.plan.habits, r, shown) && v.isWithin(o, o.effective(), shown, -slack)
}
