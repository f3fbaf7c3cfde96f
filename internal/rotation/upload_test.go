package rotation

import (
	"testing"
	"time"

	"github.com/seed-230b9595/intune-go/internal/match"
)

// TestRule1Validity: a certificate that becomes valid in more than an hour is not uploaded, by the clock of the service.
func TestRule1Validity(t *testing.T) {
	validIn := func(d time.Duration) func(s *State) {
		return func(s *State) {
			s.Certificate = match.New(&match.Record{Content: certificate(t, 1, now.Add(d), notAfter)})
		}
	}
	run(t, []test{
		{name: "within an hour", change: validIn(time.Hour), want: "upload"},
		{name: "in more than an hour", change: validIn(time.Hour + time.Second), want: "done, not yet valid"},
		{name: "though forced", options: Options{Force: true}, change: validIn(day), want: "done, not yet valid"},
	})
}

// TestRule2Deployed: what is deployed, and whether it is the certificate.
func TestRule2Deployed(t *testing.T) {
	own, other := certificate(t, 1, notBefore, notAfter), certificate(t, 2, notBefore, notAfter)
	withContent := func(s *State) { s.Certificate = match.New(&match.Record{Content: own}) }
	r := func(records ...*match.Record) []*match.Record { return records }
	sameTime := at(now.Add(-9 * day))
	run(t, []test{
		{name: "an empty tenant", want: "upload"},
		{name: "the certificate", records: r(record("a")), want: "done, keep a"},
		{name: "the certificate, before last year's", records: r(record("a"), record("b", lastYears)), want: "done, keep a, old b"},
		{name: "content that is equal", change: withContent, records: r(record("a", holding(own), fabrikams, expiring(time.Time{}), undatedRecord)), want: "done, keep a"},
		{name: "other content", change: withContent, records: r(record("a", holding(other))), want: "upload, previous a"},
		{name: "content that is no certificate", records: r(record("a", holding([]byte("junk")))), want: "done, ambiguous, about a"},
		{name: "what this client has uploaded", change: func(s *State) {
			withContent(s)
			s.Listing.Records[0].Remembered = match.DigestOf(own)
		}, records: r(record("a", named("Contoso"))), want: "done, keep a"},
		{name: "another certificate, which this client has uploaded", change: func(s *State) {
			withContent(s)
			s.Listing.Records[0].Remembered = match.DigestOf(other)
		}, records: r(record("a")), want: "upload, previous a"},

		{name: "it expires in the same second", records: r(record("a", expiring(notAfter.Add(900*time.Millisecond)))), want: "done, keep a"},
		{name: "it expires a day later", records: r(record("a", expiring(notAfter.Add(day)))), want: "done, ambiguous, about a"},
		{name: "it expires more than two days earlier", records: r(record("a", expiring(notAfter.Add(-49*time.Hour)))), want: "upload, previous a"},
		{name: "no expiration", records: r(record("a", expiring(time.Time{}))), want: "done, ambiguous, about a"},
		{name: "the common name alone", records: r(record("a", named("CN=Contoso"))), want: "done, ambiguous, about a"},
		{name: "the common name as text", records: r(record("a", named("Contoso"))), want: "done, ambiguous, about a"},
		{name: "no name", records: r(record("a", named(""))), want: "done, ambiguous, about a"},
		{name: "another issuer", records: r(record("a", func(r *match.Record) { r.Issuer, r.IssuerName = "CN=Another", "" })), want: "upload, previous a"},
		{name: "no issuer", records: r(record("a", func(r *match.Record) { r.Issuer, r.IssuerName = "", "" })), want: "done, keep a"},
		{name: "no id", records: r(record("")), want: "done, ambiguous, about "},

		{name: "five minutes before NotBefore", records: r(record("a", at(notBefore.Add(-5*time.Minute)))), want: "done, keep a"},
		{name: "more than that", records: r(record("a", at(notBefore.Add(-5*time.Minute-match.Tick)))), want: "done, ambiguous, about a"},
		{name: "a day before NotBefore", records: r(record("a", at(notBefore.Add(-day)))), want: "done, ambiguous, about a"},
		{name: "more than a day before", records: r(record("a", at(notBefore.Add(-day-match.Tick)))), want: "upload, previous a"},
		{name: "more than a day before, when NotBefore is ahead", change: func(s *State) {
			s.Listing.Now = notBefore.Add(-time.Minute)
		}, records: r(record("a", at(notBefore.Add(-2*day)))), want: "done, ambiguous, about a"},

		{name: "a single record without a date", records: r(record("a", lastYears, undatedRecord)), want: "upload, previous a"},
		{name: "one of two without a date", records: r(record("a"), record("b", lastYears, undatedRecord)), want: "done, ambiguous, about b"},
		{name: "one of two before the year 2000", records: r(record("a"), record("b", lastYears, at(time.Date(1999, 12, 31, 23, 59, 59, 0, time.UTC)))), want: "done, ambiguous, about b"},
		{name: "a date more than a day ahead", records: r(record("a"), record("b", lastYears, at(now.Add(day+1)))), want: "done, ambiguous, about b"},
		{name: "a date a day ahead", records: r(record("a", at(now.Add(day))), record("b", lastYears)), want: "done, keep a, old b"},

		{name: "copies of one upload", records: r(record("b"), record("a"), record("c")), want: "done, keep a, old c b"},
		{name: "copies of a date that was cut", records: r(record("b", sameTime), record("a", sameTime)), want: "done, keep a"},
		{name: "a tie of the certificate and another one", records: r(record("a", sameTime), record("b", lastYears, sameTime)), want: "done, ambiguous, about a b"},
		{name: "a tie of the certificate and what may be it", records: r(record("a", sameTime), record("b", named("CN=Contoso"), sameTime)), want: "done, ambiguous, about b"},
		{name: "a tie of two others", records: r(record("a", lastYears), record("b", lastYears, expiring(now.Add(10*day)))), want: "upload"},
	})
}

// TestRule3Objections: what speaks against an upload, in this order.
func TestRule3Objections(t *testing.T) {
	r := func(records ...*match.Record) []*match.Record { return records }
	nextYears := expiring(notAfter.Add(365 * day))
	newSubject := Options{NewSubject: true}
	run(t, []test{
		{name: "last year's", records: r(record("a", lastYears)), want: "upload, previous a"},
		{name: "next year's is deployed", records: r(record("a", nextYears)), want: "done, previous a, not latest"},
		{name: "next year's is there", records: r(record("a", lastYears), record("b", nextYears, ago(400*day))), want: "done, previous a, not latest"},
		{name: "it expires two days later", records: r(record("a", lastYears), record("b", expiring(notAfter.Add(48*time.Hour)), ago(400*day))), want: "upload, previous a"},
		{name: "next year's shows a common name", records: r(record("a", lastYears), record("b", nextYears, ago(400*day), named("CN=Contoso"))), want: "done, previous a, not latest"},
		{name: "next year's of another subject", records: r(record("a", lastYears), record("b", nextYears, ago(400*day), fabrikams)), want: "upload, previous a"},
		{name: "NewSubject does not help", options: newSubject, records: r(record("a", nextYears)), want: "done, previous a, not latest"},

		{name: "another subject is deployed", records: r(record("a", fabrikams)), want: "done, previous a, other subject"},
		{name: "another subject was deployed before", records: r(record("a", fabrikams, ago(400*day)), record("b", lastYears)), want: "upload, previous b"},
		{name: "an organization that has another name", records: r(record("a", lastYears, named("CN=Contoso, O=Contoso Inc, C=US"))), want: "done, previous a, other subject"},
		{name: "a street more", records: r(record("a", lastYears, named(subject+", STREET=1 Main St"))), want: "done, previous a, other subject"},
		{name: "a country less", records: r(record("a", lastYears, named("CN=Contoso, O=Contoso Ltd"))), want: "done, previous a, other subject"},
		{name: "no name", records: r(record("a", lastYears, named(""))), want: "done, previous a, other subject"},
		{name: "one of two that tie", records: r(record("a", lastYears), record("b", lastYears, fabrikams)), want: "done, other subject"},
		{name: "NewSubject", options: newSubject, records: r(record("a", fabrikams)), want: "upload, previous a"},

		{name: "an earlier record is the certificate", records: r(record("a"), record("b", lastYears, ago(day))), want: "done, keep a, previous b, not latest"},
		{name: "another subject comes before that", records: r(record("a"), record("b", fabrikams, ago(day))), want: "done, keep a, previous b, other subject"},
		{name: "NewSubject does not help there", options: newSubject, records: r(record("a"), record("b", fabrikams, ago(day))), want: "done, keep a, previous b, not latest"},
	})
}

// TestRule3Date: an upload is dated so that it is the latest, and valid.
func TestRule3Date(t *testing.T) {
	latest := now.Add(time.Hour)
	for name, test := range map[string]struct {
		records   []*match.Record
		notBefore time.Time
		want      time.Time
	}{
		"an empty tenant":           {nil, notBefore, notBefore},
		"a second after the latest": {[]*match.Record{record("a", lastYears, at(latest)), record("b", lastYears)}, notBefore, latest.Add(time.Second)},
		"NotBefore is ahead":        {[]*match.Record{record("b", lastYears)}, now.Add(time.Hour), now.Add(time.Hour)},
		"a date years ahead":        {[]*match.Record{record("a", lastYears, at(time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)))}, notBefore, notBefore},
	} {
		s := state(t, Options{}, test.records...)
		s.Certificate = match.New(&match.Record{Content: certificate(t, 1, test.notBefore, notAfter)})
		if step := Next(s); step.Action != Upload || !step.Date.Equal(test.want) {
			t.Errorf("%s: got %v on %v, want %v", name, step, step.Date, test.want)
		}
	}
}

// TestRule4Force: it always uploads, and undated records count as earlier.
func TestRule4Force(t *testing.T) {
	force := Options{Force: true}
	own := certificate(t, 1, notBefore, notAfter)
	r := func(records ...*match.Record) []*match.Record { return records }
	run(t, []test{
		{name: "a re-issue with equal names", options: force, records: r(record("a")), want: "upload, previous a"},
		{name: "a rollback", options: force, records: r(record("a"), record("b", expiring(notAfter.Add(365*day)), ago(day))), want: "upload, previous b"},
		{name: "another subject", options: force, records: r(record("a", fabrikams)), want: "upload, previous a"},
		{name: "what may be the certificate", options: force, records: r(record("a", named("Contoso"))), want: "upload, previous a"},
		{name: "an undated record", options: force, records: r(record("a"), record("b", undatedRecord)), want: "upload"},
		{name: "a tie", options: force, records: r(record("a", at(now)), record("b", lastYears, at(now))), want: "upload"},
		{name: "once more", options: force, change: func(s *State) {
			s.Certificate = match.New(&match.Record{Content: own})
		}, records: r(record("a", holding(own))), want: "upload"},
	})
}
