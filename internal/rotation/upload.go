package rotation

// This file decides whether the certificate has to be uploaded.

import (
	"time"

	"github.com/seed-230b9595/intune-go/internal/format/dn"
	"github.com/seed-230b9595/intune-go/internal/match"
)

// decide keeps the deployed record if it is the certificate. Otherwise the certificate is uploaded, if nothing objects.
func (s *State) decide() Step {
	deployed := s.Listing.Latest()
	step := Step{Previous: s.previous(deployed)}
	if !s.Force {
		judged := s.judge(deployed)
		if judged.problem != nil || judged.isCertificate {
			step.Record, step.By, step.Problem = judged.record, judged.by, judged.problem
			return step
		}
		step.Record, step.By = s.latestCopy()
		if step.Problem = s.objection(deployed, step.Record); step.Problem != nil {
			return step
		}
	}
	step.Action, step.Date, step.Record, step.By = Upload, s.uploadDate(), nil, ""
	if s.DryRun {
		step.Action, step.Record = Done, s.virtual(step.Date)
	}
	return step
}

// previous returns the deployed record if it is another certificate. Whoever forces an upload says that it is another one
// unless its content is equal.
func (s *State) previous(deployed []*match.Record) *match.Record {
	if len(deployed) != 1 {
		return nil
	}
	verdict, by := s.Certificate.Recognize(deployed[0], s.Listing)
	if verdict == match.NotOurs || s.Force && by != match.ByContent {
		return deployed[0]
	}
	return nil
}

// objection says why the certificate must not be uploaded, nil if nothing is against it. earlier is a record of it.
func (s *State) objection(deployed []*match.Record, earlier *match.Record) *Problem {
	if problem := s.checkOutlived(); problem != nil {
		return problem
	}
	if !s.NewSubject {
		for _, record := range deployed {
			if s.compareSubject(record) != dn.Equal {
				return s.otherSubject(record)
			}
		}
	}
	if earlier != nil {
		return replaced(earlier, deployed[0])
	}
	return nil
}

// latestCopy returns the latest record of the certificate, nil if there is none.
func (s *State) latestCopy() (latest *match.Record, how match.By) {
	for _, record := range s.Listing.Records {
		verdict, by := s.Certificate.Recognize(record, s.Listing)
		if verdict == match.Ours && (latest == nil || s.Listing.IsEarlier(latest, record)) {
			latest, how = record, by
		}
	}
	return latest, how
}

// checkOutlived reports a record that expires later and may have the same subject: a stale job is running.
func (s *State) checkOutlived() *Problem {
	for _, record := range s.Listing.Records {
		if s.Certificate.IsOutlivedBy(record.Expiration()) {
			if subject := s.compareSubject(record); subject != dn.Different {
				return outlived(record, subject == dn.Equal)
			}
		}
	}
	return nil
}

func (s *State) compareSubject(record *match.Record) dn.Comparison {
	if verdict, _ := s.Certificate.Recognize(record, s.Listing); verdict == match.Ours {
		return dn.Equal
	}
	return s.Certificate.CompareSubject(record, s.Listing)
}

// uploadDate is the least date that makes an upload the latest.
func (s *State) uploadDate() time.Time {
	date := s.Certificate.NotBefore()
	for _, record := range s.Listing.Records {
		if after := record.Uploaded.Add(time.Second); s.isDated(record) && after.After(date) {
			date = after
		}
	}
	return date
}

// virtual is the record that a dry run would upload. It is provisioned at once.
func (s *State) virtual(date time.Time) *match.Record {
	if s.Listing.Now.After(date) {
		date = s.Listing.Now
	}
	return &match.Record{Uploaded: date, IsProvisioned: true}
}
