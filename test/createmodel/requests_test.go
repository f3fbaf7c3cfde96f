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

func (v *verdict) listedBetween(earliest, latest time.Time) bool {
	for _, req := range v.run.service.requests {
		if req.isFirstPage && !req.began.Before(earliest) && !req.began.After(latest) {
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
