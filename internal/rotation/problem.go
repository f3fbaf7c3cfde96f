package rotation

// This file says what is wrong, and what to do.

import (
	"cmp"
	"fmt"
	"time"

	"github.com/seed-230b9595/intune-go/internal/match"
)

// Problem ends a rotation.
type Problem struct {
	Kind    Kind
	Text    string          // for the administrator
	Advice  string          // which option allows it, "" if none does
	Records []*match.Record // those that an Ambiguous problem is about
}

// Kind says which error a problem is.
type Kind int

// The kinds of problems.
const (
	NotYetValid Kind = iota
	Ambiguous
	NotLatest
	OtherSubject
	NotProvisioned
)

func ambiguous(text string, records ...*match.Record) *Problem {
	return &Problem{Kind: Ambiguous, Text: text, Records: records}
}

func undated(records []*match.Record) *Problem {
	return ambiguous("a record without a usable upload date may be the latest upload: delete it if you don't need it, then run this again", records...)
}

func tied(records []*match.Record) *Problem {
	return &Problem{
		Kind: Ambiguous, Text: "several records have the latest upload date, so it is not clear which one Intune deploys",
		Advice: "delete those that you don't need, or upload the certificate again with Force", Records: records,
	}
}

func unclearMatch(records []*match.Record) *Problem {
	return &Problem{
		Kind: Ambiguous, Text: "the deployed record may be this certificate or another one with the same names",
		Advice: "compare them; if they differ, upload this certificate once with Force", Records: records,
	}
}

func outlived(record *match.Record, isSame bool) *Problem {
	subject := "may have the same subject"
	if isSame {
		subject = "has the same subject"
	}
	return &Problem{
		Kind: NotLatest, Text: fmt.Sprintf("%s %s and expires later, so this certificate may be out of date", Describe(record), subject),
		Advice: "to deploy it anyway, use Force once",
	}
}

func (s *State) otherSubject(deployed *match.Record) *Problem {
	return &Problem{
		Kind:   OtherSubject,
		Text:   fmt.Sprintf("%s, but this certificate is for %q: apps signed with the deployed certificate may no longer be trusted", Describe(deployed), s.Certificate.Subject()),
		Advice: "if that is intended, use NewSubject",
	}
}

func (s *State) hadOtherSubject(previous *match.Record) *Problem {
	return &Problem{
		Kind:   OtherSubject,
		Text:   fmt.Sprintf("uploaded for %q, but %s was deployed before, and its subject was not visible until now: apps signed with that certificate may no longer be trusted", s.Certificate.Subject(), Describe(previous)),
		Advice: "to restore it, rotate its file with Force",
	}
}

func replaced(record, deployed *match.Record) *Problem {
	return &Problem{
		Kind: NotLatest, Text: fmt.Sprintf("it is in the tenant as %s, but %s was uploaded later", Describe(record), Describe(deployed)),
		Advice: "to go back to this certificate, use Force once",
	}
}

func overtaken(record, deployed *match.Record) *Problem {
	return &Problem{Kind: NotLatest, Text: fmt.Sprintf("it is in the tenant as %s, but another job or user uploaded %s later", Describe(record), Describe(deployed))}
}

func neverShown(id string) *Problem {
	return ambiguous("uploaded, but the new record does not show up in listings: run this again in a few minutes", &match.Record{ID: id})
}

func vanished(id string) *Problem {
	return ambiguous("the record of the certificate no longer shows up in listings: run this again in a few minutes", &match.Record{ID: id})
}

func unrecognizable(record *match.Record) *Problem {
	return ambiguous("uploaded, but the service shows the new record without its upload date, or with names or an expiration that differ, so a later run would not recognize it and would upload it again", record)
}

// kept is the problem of records that may be old. It is nil if there are none.
func kept(unclear []*match.Record) *Problem {
	if len(unclear) == 0 {
		return nil
	}
	return ambiguous("records were kept, because it is not clear whether they are earlier uploads with the same subject: delete those that you don't need", unclear...)
}

func notProvisioned(record *match.Record) *Problem {
	return &Problem{Kind: NotProvisioned, Text: Describe(record)}
}

// NoID stands for the id of a record that has none.
const NoID = "without an id"

// Describe names a record, its subject and its dates.
func Describe(record *match.Record) string {
	text := "record " + cmp.Or(record.ID, NoID)
	if subject := record.ShownSubject(); subject != "" {
		text += fmt.Sprintf(" %q", subject)
	}
	if match.IsShown(record.Uploaded) {
		text += ", uploaded " + format(record.Uploaded)
	}
	if expires := record.Expiration(); match.IsShown(expires) {
		text += ", expires " + format(expires)
	}
	return text
}

func format(t time.Time) string { return t.UTC().Format(time.RFC3339) }
