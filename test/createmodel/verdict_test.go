package createmodel

// This file judges a run by what the service holds.

import (
	"errors"
	"fmt"
	"slices"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

// verdict is what a run has violated, and what is counted over all runs.
type verdict struct {
	run        *run
	violations []violation
	counts     map[string]int
	quiet      []quietCreate
}

// violation is a rule of Create that a run has broken.
type violation struct{ rule, detail string }

// quietCreate is a create in a quiet tenant, at least one attempt of which left the client in doubt.
type quietCreate struct {
	dating    dating
	isUnknown bool // to the end
}

// outcome is what a create has come to, beside what it has returned.
type outcome struct {
	index     int
	planned   *creation
	result    *result
	posts     []*request
	held      []*record // that it has created
	inDoubt   bool      // an attempt left the client in doubt
	confirmed bool      // an attempt got the 201
}

// judge returns the verdict on a run.
func judge(r *run) *verdict {
	v := &verdict{run: r, counts: make(map[string]int)}
	for _, problem := range r.service.problems {
		v.violate("requests are well-formed", "%s", problem)
	}
	v.counts["requests"] += len(r.service.requests)
	for i := range r.plan.creates {
		o := newOutcome(r, i)
		v.result(o)
		v.requests(o)
		if r.plan.isQuiet {
			v.quietly(o)
		}
	}
	v.noneShared()
	return v
}

func newOutcome(r *run, index int) *outcome {
	o := &outcome{index: index, planned: &r.plan.creates[index], result: &r.results[index]}
	for _, req := range r.service.requests {
		if req.create != index {
			continue
		}
		o.posts = append(o.posts, req)
		o.inDoubt = o.inDoubt || req.err != nil || req.fate.isUnknown
		o.confirmed = o.confirmed || req.err == nil && req.fate == success
	}
	for _, held := range r.service.records {
		if held.owner == index {
			o.held = append(o.held, held)
		}
	}
	return o
}

func (v *verdict) violate(rule, format string, args ...any) {
	v.violations = append(v.violations, violation{rule, fmt.Sprintf(format, args...)})
}

// result checks what a create has returned.
func (v *verdict) result(o *outcome) {
	v.counts["creates"]++
	var unknown *intune.OutcomeUnknownError
	var duplicate *intune.DuplicateError
	switch err := o.result.err; {
	case err == nil:
		v.success(o)
	case errors.As(err, &unknown):
		v.unknown(o, unknown)
	case errors.As(err, &duplicate):
		v.duplicate(o, duplicate)
	default:
		v.counts["plain errors"]++
		if errors.As(err, new(*intune.InputError)) {
			v.violate("the input is accepted", "create %d: %v", o.index, err)
		}
		if len(o.held) > 0 {
			v.violate("a plain error means that nothing was created", "create %d: %v", o.index, err)
		}
		if o.inDoubt {
			v.violate("an unknown outcome is sticky", "create %d: %v", o.index, err)
		}
	}
	if o.result.changed {
		v.violate("the argument is not modified", "create %d", o.index)
	}
	if o.result.err != nil && o.result.got != nil && duplicate == nil {
		v.violate("an error comes without a certificate", "create %d", o.index)
	}
}

// success checks that there is one record, and its id.
func (v *verdict) success(o *outcome) {
	v.counts["successes"]++
	got := o.result.got
	if got == nil {
		v.violate("success returns the certificate", "create %d", o.index)
		return
	}
	if o.result.response.Reconciled {
		v.counts["reconciled"]++
	}
	if o.result.response.Reconciled != (o.result.response.MatchedBy != "") {
		v.violate("Reconciled and MatchedBy agree", "create %d", o.index)
	}
	if len(o.held) > 1 {
		v.violate("success means exactly one record", "create %d: %d records", o.index, len(o.held))
		return
	}
	v.mine(o, got.ID)
}

// mine checks that a record is one of this create, or one that the rules let it take for its own.
func (v *verdict) mine(o *outcome, id string) {
	i := slices.IndexFunc(v.run.service.records, func(r *record) bool { return r.id == id })
	if i < 0 {
		v.violate("a record that is returned exists", "create %d: %s", o.index, id)
		return
	}
	r := v.run.service.records[i]
	switch {
	case r.owner == o.index:
		return
	case r.owner != another && !v.isLeftBehind(r):
		v.violate("another create's record is not taken", "create %d: %s", o.index, r)
		return
	}
	allowance := v.allowance(o, r)
	if allowance == "" {
		v.violate("another process's record is not taken", "create %d: %s", o.index, r)
		return
	}
	if r.owner != another {
		allowance += ", left behind by a create that had taken another record"
	}
	if len(o.held) > 0 {
		allowance += ", beside its own record"
	}
	v.counts["exception: "+allowance]++
}

// isLeftBehind says whether the create that has made a record was told of another process's in its place.
func (v *verdict) isLeftBehind(r *record) bool {
	owner := v.run.results[r.owner]
	return owner.err == nil && owner.got != nil && owner.got.ID != r.id
}

// duplicate checks that there is more than one record, and that everybody is told to keep the same one.
func (v *verdict) duplicate(o *outcome, e *intune.DuplicateError) {
	v.counts["duplicates"]++
	if len(o.held) > 1 {
		v.counts["duplicates of one create's own"]++
	}
	if e.Certificate == nil || o.result.got == nil || o.result.got.ID != e.Certificate.ID || len(e.OtherIDs) == 0 {
		v.violate("a DuplicateError comes with the record to keep and the others", "create %d: %v", o.index, e)
		return
	}
	ids := append([]string{e.Certificate.ID}, e.OtherIDs...)
	for i, id := range ids {
		if slices.Contains(ids[:i], id) {
			v.violate("a DuplicateError names each record once", "create %d: %v", o.index, e)
		}
		v.mine(o, id)
	}
	if keep := v.toKeep(ids); keep != e.Certificate.ID && (!o.confirmed || v.run.plan.habits.echo == "as listed") {
		v.violate("the record to keep is the latest upload, then the smallest id", "create %d: %v, want %s", o.index, e, keep)
	}
}

// toKeep returns the latest upload, then the smallest id.
func (v *verdict) toKeep(ids []string) string {
	var records []*record
	for _, r := range v.run.service.records {
		if slices.Contains(ids, r.id) {
			records = append(records, r)
		}
	}
	if len(records) == 0 {
		return ""
	}
	return slices.MinFunc(records, func(a, b *record) int {
		h := &v.run.plan.habits
		if c := h.shown(b).date.Compare(h.shown(a).date); c != 0 {
			return c
		}
		if a.id < b.id {
			return -1
		}
		return 1
	}).id
}

// unknown checks that an outcome was in doubt.
func (v *verdict) unknown(o *outcome, e *intune.OutcomeUnknownError) {
	v.counts["outcomes unknown"]++
	if !o.inDoubt {
		v.violate("an outcome is unknown only after an attempt of unknown outcome", "create %d: %v", o.index, e)
		return
	}
	if sent := o.posts[0].sent.sent.UploadDateTime; !e.UploadDateTime.Truncate(tick).Equal(sent) {
		v.violate("an OutcomeUnknownError has the date that was sent", "create %d: %v, sent %v", o.index, e.UploadDateTime, sent)
	}
	for _, candidate := range e.Candidates {
		if !slices.ContainsFunc(v.run.service.records, func(r *record) bool { return r.id == candidate.ID }) {
			v.violate("candidates exist", "create %d: %s", o.index, candidate.ID)
		}
	}
}

// quietly counts how often a create in a quiet tenant does not find the truth. Anything worse is a violation.
func (v *verdict) quietly(o *outcome) {
	isUnknown := errors.As(o.result.err, new(*intune.OutcomeUnknownError))
	if o.inDoubt {
		v.quiet = append(v.quiet, quietCreate{v.run.plan.habits.dating, isUnknown})
	}
	if o.result.err != nil && !isUnknown {
		v.violate("a create in a quiet tenant succeeds", "create %d: %v", o.index, o.result.err)
	}
	if len(o.held) > 1 {
		v.violate("a create in a quiet tenant makes one record", "create %d: %d records", o.index, len(o.held))
	}
}

// noneShared checks that no two creates have returned the same record.
func (v *verdict) noneShared() {
	returned := make(map[string]int)
	for i, res := range v.run.results {
		if res.err != nil || res.got == nil {
			continue
		}
		if earlier, taken := returned[res.got.ID]; taken {
			v.violate("a record belongs to one create", "creates %d and %d: %s", earlier, i, res.got.ID)
		}
		returned[res.got.ID] = i
	}
}

// lastOf returns when the last of some attempts had ended, at the latest.
func (o *outcome) lastOf(posts []*request) time.Time {
	last := posts[len(posts)-1]
	if last.fate.ending == staysSilent || last.fate.ending == switches {
		return o.result.ended
	}
	return last.ended
}
