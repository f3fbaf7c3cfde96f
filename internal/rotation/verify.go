package rotation

// This file checks what a later listing shows of the certificate that was uploaded or found.

import (
	"github.com/seed-230b9595/intune-go/internal/format/dn"
	"github.com/seed-230b9595/intune-go/internal/match"
)

// verify makes sure that the certificate still is, or has become, the deployed one, and that later runs will recognize it.
func (s *State) verify() (step Step) {
	isNew := s.Kept == ""
	id := s.Kept
	if isNew {
		id = s.Created.ID
	}
	shown := s.find(id)
	if isNew {
		if shown == nil {
			return s.look(id, neverShown)
		}
		step.Record = shown
		// A later run, of another process, must recognize it and its order: it would upload the certificate again every day.
		if verdict, _ := s.Certificate.RecognizeShown(shown, s.Listing); verdict != match.Ours || s.isUndated(shown) {
			step.Problem = unrecognizable(shown)
			return step
		}
	}
	judged := s.judge(s.deployed())
	switch {
	case judged.isCertificate:
		step.Record, step.By = judged.record, judged.by
	case shown == nil:
		return s.look(id, vanished)
	default:
		step.Record, step.Problem = shown, judged.problem
		if step.Problem == nil {
			step.Problem = overtaken(shown, judged.record)
		}
	}
	if step.Problem == nil && s.Created != nil && !s.Force {
		step.Problem = s.checkSubjects()
	}
	return step
}

// checkSubjects repeats what decide has checked, because the new record may show how the service writes names: whether it
// drops attributes outside the six, so that the record that was deployed before may have them too.
func (s *State) checkSubjects() *Problem {
	if problem := s.checkOutlived(); problem != nil {
		return problem
	}
	if s.NewSubject || s.Previous == "" {
		return nil
	}
	if previous := s.find(s.Previous); previous != nil && s.compareSubject(previous) == dn.Different {
		return s.hadOtherSubject(previous)
	}
	return nil
}

// look asks for another listing, or ends with a problem if there is no more time.
func (s *State) look(id string, problem func(id string) *Problem) Step {
	if s.IsLastLook {
		return Step{Problem: problem(id)}
	}
	return Step{Action: Look}
}
