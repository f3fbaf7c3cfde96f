package rotation

import (
	"testing"
	"time"

	"github.com/seed-230b9595/intune-go/internal/match"
)

// uploaded is the state after the upload of the record "new".
func uploaded(more ...func(s *State)) func(s *State) {
	return func(s *State) {
		s.Created = &Created{ID: "new", At: now}
		for _, change := range more {
			change(s)
		}
	}
}

// found is the state in which an earlier listing of this call has shown the record "a".
func found(s *State) { s.Kept = "a" }

// TestRule5AfterAnUpload: the new record shows, later runs will recognize it, and nothing has happened meanwhile.
func TestRule5AfterAnUpload(t *testing.T) {
	force := Options{Force: true}
	own := certificate(t, 1, notBefore, notAfter)
	withOwn := func(s *State) { s.Certificate = match.New(&match.Record{Content: own}) }
	lastLook := func(s *State) { s.IsLastLook = true }
	remembered := func(s *State) {
		for _, r := range s.Listing.Records {
			r.Remembered = match.DigestOf(own)
		}
	}
	created := func(changes ...change) *match.Record { return record("new", append([]change{ago(0)}, changes...)...) }
	r := func(records ...*match.Record) []*match.Record { return records }
	nextYears := expiring(notAfter.Add(365 * day))
	run(t, []test{
		{name: "it shows", change: uploaded(), records: r(created(), record("a", lastYears)), want: "done, keep new, old a"},
		{name: "it does not show", change: uploaded(), records: r(record("a", lastYears)), want: "look"},
		{name: "it never shows", change: uploaded(lastLook), records: r(record("a", lastYears)), want: "done, ambiguous, about new"},
		{name: "a copy shows, but not the new one", change: uploaded(), records: r(record("a")), want: "look"},

		{name: "content alone", change: uploaded(withOwn), records: r(created(holding(own), named(""))), want: "done, keep new, ambiguous, about new"},
		{name: "content and names", change: uploaded(withOwn), records: r(created(holding(own))), want: "done, keep new"},
		{name: "memory alone", change: uploaded(withOwn, remembered), records: r(created(named("CN=Contoso"))), want: "done, keep new, ambiguous, about new"},
		{name: "no date", change: uploaded(), records: r(created(undatedRecord)), want: "done, keep new, ambiguous, about new"},
		{name: "no date, though forced", options: force, change: uploaded(), records: r(created(undatedRecord)), want: "done, keep new, ambiguous, about new"},
		{name: "a date a day before NotBefore", change: uploaded(), records: r(created(at(notBefore.Add(-23 * time.Hour)))), want: "done, keep new, ambiguous, about new"},
		{name: "an expiration that is cut to days", change: uploaded(), records: r(created(expiring(notAfter.Truncate(day)))), want: "done, keep new, ambiguous, about new"},
		{name: "other names", change: uploaded(), records: r(created(fabrikams)), want: "done, keep new, ambiguous, about new"},
		{name: "attributes in another order", change: uploaded(), records: r(created(named("C=US, O=CONTOSO LTD, CN=Contoso"))), want: "done, keep new"},

		{name: "somebody's later upload of another one", change: uploaded(), records: r(created(), record("a", lastYears, ago(-time.Second))), want: "done, keep new, not latest"},
		{name: "somebody's later upload of what may be it", change: uploaded(), records: r(created(), record("a", named("CN=Contoso"), ago(-time.Second))), want: "done, keep new, ambiguous, about a"},
		{name: "somebody's later upload of the same", change: uploaded(), records: r(created(), record("a", ago(-time.Second))), want: "done, keep a, old new"},
		{name: "somebody's earlier upload of the same", change: uploaded(), records: r(created(), record("a", ago(time.Second))), want: "done, keep new, old a"},
		{name: "a copy of the upload", change: uploaded(), records: r(created(), record("a", ago(0))), want: "done, keep a, old new"},
		{name: "a tie with another one", change: uploaded(), records: r(created(at(now)), record("a", lastYears, at(now))), want: "done, keep new, ambiguous, about a new"},
		{name: "an undated record", change: uploaded(), records: r(created(), record("a", undatedRecord)), want: "done, keep new, ambiguous, about a"},
		{name: "an undated record, forced", options: force, change: uploaded(), records: r(created(), record("a", undatedRecord)), want: "done, keep new"},

		{name: "it shows that the one before has another subject", change: func(s *State) {
			s.Certificate = match.New(&match.Record{Subject: subject + ", STREET=1 Main St", Issuer: issuer, Expires: notAfter})
			s.Created, s.Previous = &Created{ID: "new", At: now}, "a"
		}, records: r(created(named(subject+", STREET=1 Main St")), record("a", lastYears)), want: "done, keep new, other subject"},
		{name: "the one before has another subject, and that is meant", options: Options{NewSubject: true}, change: func(s *State) {
			s.Created, s.Previous = &Created{ID: "new", At: now}, "a"
		}, records: r(created(), record("a", lastYears, fabrikams)), want: "done, keep new"},
		{name: "next year's has shown up", change: uploaded(), records: r(created(), record("a", nextYears)), want: "done, keep new, not latest"},
		{name: "next year's, of a rollback", options: force, change: uploaded(), records: r(created(), record("a", nextYears)), want: "done, keep new"},
	})
}

// TestRule9ALaterListing: what a later listing of the same call shows of the record.
func TestRule9ALaterListing(t *testing.T) {
	r := func(records ...*match.Record) []*match.Record { return records }
	lastLook := func(s *State) { s.Kept, s.IsLastLook = "a", true }
	run(t, []test{
		{name: "it is there", change: found, records: r(record("a")), want: "done, keep a"},
		{name: "it is not", change: found, records: r(record("b", lastYears)), want: "look"},
		{name: "it is never again", change: lastLook, records: r(record("b", lastYears)), want: "done, ambiguous, about a"},
		{name: "a copy by another process is there", change: found, records: r(record("b")), want: "done, keep b"},
		{name: "a copy by another process is the latest", change: found, records: r(record("a"), record("b", ago(time.Hour))), want: "done, keep b, old a"},
		{name: "another one is the latest", change: found, records: r(record("a"), record("b", lastYears, ago(time.Hour))), want: "done, keep a, not latest"},
		{name: "next year's that is earlier is no matter", change: found, records: r(record("a"), record("b", expiring(notAfter.Add(day*365)), ago(day*10))), want: "done, keep a"},
	})
}
