package createmodel

// This file says which records of other processes Create may take for its own, by the rules of DESIGN.md.

import (
	"bytes"
	"time"
)

// slack is how wrong a client can be about the service's clock: Date has whole seconds, and responses take time.
const slack = 3 * time.Second

// allowance says why a create may take the record of another process for its own, "" if it may not. The first reason
// is one of DESIGN.md; the others are known exceptions.
func (v *verdict) allowance(o *outcome, r *record) string {
	shown := v.run.plan.habits.shown(r)
	if r.certificate.kinshipTo(o.planned.certificate) == foreign || !o.agrees(&v.run.plan.habits, r, shown) || shown.date.IsZero() {
		return ""
	}
	what := "the same certificate"
	if r.certificate != o.planned.certificate {
		what = "a re-issue"
	}
	switch {
	case o.sentDate(shown.date):
		if o.planned.date != "" {
			return what + ", with the caller's date"
		}
	case v.run.plan.habits.noClock:
		return ""
	case !v.isWithin(o, o.posts, shown, slack):
		return ""
	}
	const minute = time.Minute
	if r.committed.Before(o.posts[0].began.Add(-minute)) || r.committed.After(o.lastOf(o.posts).Add(minute)) {
		return what + ", dated into the minute"
	}
	return what + ", uploaded within the minute"
}

// sentDate says whether a date is the one that was sent, whole or cut.
func (o *outcome) sentDate(date time.Time) bool {
	sent := o.posts[0].sent.sent.UploadDateTime
	for _, unit := range []time.Duration{tick, time.Microsecond, time.Millisecond, time.Second} {
		if sent.Truncate(unit).Equal(date) {
			return true
		}
	}
	return false
}

// isWithin says whether a date is in the minute before the first of some attempts, in that after the last, or between,
// by the service's clock as far as a client can tell it. Equal content counts for longer. The minutes are longer by
// slack.
func (v *verdict) isWithin(o *outcome, posts []*request, shown view, slack time.Duration) bool {
	front := v.run.plan.habits.front
	earliest := posts[0].began.Add(front - time.Minute - slack)
	latest := o.lastOf(posts).Add(front + time.Minute + slack)
	if content := o.planned.certificate.in(o.planned.form).Content; len(content) > 0 && bytes.Equal(content, shown.content) {
		latest = latest.Add(14 * time.Minute)
	}
	end := shown.date
	if end.Truncate(time.Minute).Equal(end) {
		end = end.Add(time.Minute)
	}
	return !end.Before(earliest) && !shown.date.After(latest)
}

// agrees says whether a record, as it is shown, can be the certificate of a create.
func (o *outcome) agrees(h *habits, r *record, shown view) bool {
	sent := o.planned.certificate.in(o.planned.form)
	if len(sent.Content) > 0 && len(shown.content) > 0 {
		return bytes.Equal(sent.Content, shown.content)
	}
	if h.garbles || shown.subject == "" || r.oddity == "foreign name" || (r.form == plainText) != (o.planned.form == plainText) {
		return false
	}
	isPartial := h.names == commonName || r.form == subjectOnly
	switch {
	case r.form == plainText:
	case h.names == bareName, isPartial != (o.planned.form == subjectOnly):
		return false
	case !isPartial && r.certificate.subject[1].value != o.planned.certificate.subject[1].value:
		return false
	}
	expires := sent.ExpirationDateTime
	if o.planned.form == contentOnly {
		expires = o.planned.certificate.resource.ExpirationDateTime
	}
	return expires.IsZero() || shown.expiration.IsZero() || expires.Unix() == shown.expiration.Unix()
}
