package rotation

// This file decides what is old, and when it is deleted.

import (
	"cmp"
	"slices"
	"time"

	"github.com/seed-230b9595/intune-go/internal/format/dn"
	"github.com/seed-230b9595/intune-go/internal/match"
)

// longestUnprovisioned is how long after its upload a certificate may stay unprovisioned without an error, while Overlap
// runs.
const longestUnprovisioned = 48 * time.Hour

// finish decides what remains to be done when the certificate is deployed.
func (s *State) finish(step *Step) {
	var unclear []*match.Record
	step.Old, unclear = s.classify(step.Record)
	if s.DeleteOld && len(step.Old) > 0 {
		step.Pending, step.PendingUntil = step.Old, s.uploadedAt(step.Record).Add(s.Overlap)
	}
	isProvisioned := step.Record.IsProvisioned || s.DryRun && s.WaitProvisioned > 0
	if !isProvisioned && s.WaitProvisioned > 0 && !s.HasWaited {
		step.Action = Wait
		return
	}
	switch {
	case !isProvisioned && s.WaitProvisioned > 0:
		step.Problem = notProvisioned(step.Record)
	case !s.DeleteOld:
	case len(step.Pending) == 0:
		step.Problem = kept(unclear)
	case !isProvisioned && s.isOver(min(s.Overlap, longestUnprovisioned), step.Record):
		step.Problem = notProvisioned(step.Record)
	case isProvisioned && s.isOver(s.Overlap, step.Record):
		s.delete(step, unclear)
	}
}

// classify returns what the certificate replaces, oldest first, and what it may replace. Copies that a service dates alike
// are neither.
func (s *State) classify(kept *match.Record) (old, unclear []*match.Record) {
	for _, record := range s.Listing.Records {
		if record == kept || s.Listing.IsEarlier(kept, record) {
			continue
		}
		subject, expires := s.compareSubject(record), record.Expiration()
		isEarlier := s.Listing.IsEarlier(record, kept)
		switch {
		case subject == dn.Different, s.Certificate.IsOutlivedBy(expires), !isEarlier && s.isCutCopy(record, kept):
		case subject == dn.Equal && isEarlier && match.IsShown(expires) && record.ID != "":
			old = append(old, record)
		default:
			unclear = append(unclear, record)
		}
	}
	slices.SortFunc(old, func(a, b *match.Record) int {
		return cmp.Or(a.Uploaded.Compare(b.Uploaded), cmp.Compare(b.ID, a.ID))
	})
	return old, unclear
}

// isCutCopy reports whether a record is a copy with the same date, which a service has cut: nobody knows which is the
// latest.
func (s *State) isCutCopy(record, kept *match.Record) bool {
	verdict, _ := s.Certificate.Recognize(record, s.Listing)
	return verdict == match.Ours && s.isDated(record) && record.Uploaded.Equal(kept.Uploaded)
}

// uploadedAt returns when the certificate was uploaded: as it is dated, or as this call knows, whichever is later. A date at
// midnight stands for its day.
func (s *State) uploadedAt(record *match.Record) time.Time {
	at := record.Uploaded
	if hour, minute, second := at.Clock(); hour == 0 && minute == 0 && second == 0 && at.Nanosecond() == 0 {
		at = at.AddDate(0, 0, 1)
	}
	if s.Created != nil && s.Created.ID == record.ID && s.Created.At.After(at) {
		at = s.Created.At
	}
	return at
}

// isOver reports whether the certificate has been in the tenant for so long.
func (s *State) isOver(duration time.Duration, record *match.Record) bool {
	return duration == 0 || !s.Listing.Now.Before(s.uploadedAt(record).Add(duration))
}

// delete deletes what is old in two listings.
func (s *State) delete(step *Step, unclear []*match.Record) {
	if s.DryRun {
		step.Delete, step.Pending = step.Old, nil
		step.Problem = kept(unclear)
		return
	}
	if s.Old == nil {
		step.Action = Confirm
		return
	}
	step.Action, step.Pending = Delete, nil
	for _, record := range step.Old {
		if s.Old[record.ID] {
			step.Delete = append(step.Delete, record)
		} else {
			step.Pending = append(step.Pending, record)
		}
	}
	if len(step.Pending) == 0 {
		step.Problem = kept(unclear)
	}
}
