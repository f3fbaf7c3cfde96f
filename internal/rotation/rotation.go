// Package rotation decides what a rotation does next. It looks at what the service shows, and knows nothing of requests.
// docs/rotation.md explains the rules to people.
package rotation

import (
	"slices"
	"time"

	"github.com/seed-230b9595/intune-go/internal/match"
)

// Options is what the caller asks for.
type Options struct {
	DeleteOld       bool
	Overlap         time.Duration
	WaitProvisioned time.Duration
	NewSubject      bool
	Force           bool
	DryRun          bool
}

// State is what a rotation knows. Next depends on nothing else.
type State struct {
	Options

	Certificate *match.Identity
	Listing     *match.Listing // the last one

	Created    *Created        // what this call has uploaded; nil for nothing
	Previous   string          // the id of the record that was deployed before, if that is another certificate
	Kept       string          // the id of the record that an earlier listing of this call has shown as the certificate's
	Old        map[string]bool // the ids of what an earlier listing of this call has shown as old; nil if there was none
	HasWaited  bool            // for the certificate to be provisioned
	IsLastLook bool            // there is no more time for the record to show
}

// Created is an upload of this call.
type Created struct {
	ID string
	At time.Time // by the clock of the service
}

// Action is what a rotation does next.
type Action int

// The actions.
const (
	Done    Action = iota // or Step.Problem ends the rotation
	Upload                // the certificate, dated Step.Date or later; then list
	Look                  // list again, because the record does not show
	Wait                  // for the record to be provisioned; then list
	Confirm               // list again, before something is deleted
	Delete                // Step.Delete, soon after the listing; then the rotation ends with Step.Problem
)

// Step is what a rotation does next, and what it knows by then.
type Step struct {
	Action  Action
	Date    time.Time
	Delete  []*match.Record
	Problem *Problem // nil for none

	Record       *match.Record // of the certificate, or what a dry run would upload; nil if it is not there
	By           match.By      // how the record was recognized
	Previous     *match.Record // deployed before, if that is another certificate
	Old          []*match.Record
	Pending      []*match.Record // what a later run deletes
	PendingUntil time.Time
}

// Next returns what to do next. The rules apply in the order of docs/rotation.md.
func Next(s *State) Step {
	if notBefore := s.Certificate.NotBefore(); notBefore.Sub(s.Listing.Now) > time.Hour {
		return Step{Problem: &Problem{Kind: NotYetValid, Text: "is not valid before " + format(notBefore) + ": rotate then"}}
	}
	var step Step
	if s.Created == nil && s.Kept == "" {
		step = s.decide()
	} else {
		step = s.verify()
	}
	if step.Action == Done && step.Problem == nil {
		s.finish(&step)
	}
	return step
}

// judgement says whether one of several records is the certificate.
type judgement struct {
	isCertificate bool
	record        *match.Record // the first of them; nil if there are none
	by            match.By
	problem       *Problem // it is not clear
}

// judge judges the records that may be deployed. Several are all right if they are all the certificate, or all certainly
// another one.
func (s *State) judge(deployed []*match.Record) judgement {
	if len(deployed) == 0 {
		return judgement{}
	}
	if len(deployed) > 1 && slices.ContainsFunc(deployed, s.isUndated) {
		return judgement{problem: undated(slices.DeleteFunc(slices.Clone(deployed), s.isDated))}
	}
	first, by := s.Certificate.Recognize(deployed[0], s.Listing)
	if first == match.CannotTell {
		return judgement{problem: unclearMatch(deployed[:1])}
	}
	for _, record := range deployed[1:] {
		switch verdict, _ := s.Certificate.Recognize(record, s.Listing); verdict {
		case match.CannotTell:
			return judgement{problem: unclearMatch([]*match.Record{record})}
		case first:
		default:
			return judgement{problem: tied(deployed)}
		}
	}
	return judgement{isCertificate: first == match.Ours, record: deployed[0], by: by}
}

func (s *State) isDated(record *match.Record) bool   { return s.Listing.IsDated(record) }
func (s *State) isUndated(record *match.Record) bool { return !s.Listing.IsDated(record) }

// deployed returns the records that may be deployed. With Force, undated records count as earlier.
func (s *State) deployed() []*match.Record {
	latest := s.Listing.Latest()
	if s.Force {
		return slices.DeleteFunc(latest, s.isUndated)
	}
	return latest
}

// find returns the record with an id, nil if it does not show.
func (s *State) find(id string) *match.Record {
	for _, record := range s.Listing.Records {
		if record.ID == id {
			return record
		}
	}
	return nil
}
