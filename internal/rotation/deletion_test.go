package rotation

import (
	"testing"
	"time"

	"github.com/seed-230b9595/intune-go/internal/match"
)

// TestRule6Old: what the certificate replaces, and what it may replace.
func TestRule6Old(t *testing.T) {
	deleteOld := Options{DeleteOld: true}
	r := func(records ...*match.Record) []*match.Record { return append(records, record("a", ago(day))) }
	sameTime := at(now.Add(-day))
	tests := []test{
		{name: "oldest first", records: r(record("b", lastYears), record("c", lastYears, ago(800*day)), record("d", lastYears, ago(500*day))), want: "confirm, keep a, old c d b, pending c d b"},
		{name: "an earlier copy", records: r(record("b")), want: "confirm, keep a, old b, pending b"},
		{name: "a copy of the upload", records: r(record("b", ago(day))), want: "confirm, keep a, old b, pending b"},
		{name: "it expires two days later", records: r(record("b", lastYears, expiring(notAfter.Add(48*time.Hour)))), want: "confirm, keep a, old b, pending b"},
		{name: "it expires more than that later", records: r(record("b", lastYears, expiring(notAfter.Add(49*time.Hour)))), want: "done, keep a"},
		{name: "another subject", records: r(record("b", lastYears, fabrikams)), want: "done, keep a"},
		{name: "another subject without an expiration", records: r(record("b", fabrikams, expiring(time.Time{}))), want: "done, keep a"},
		{name: "no expiration", records: r(record("b", lastYears, expiring(time.Time{}))), want: "done, keep a, ambiguous, about b"},
		{name: "a common name", records: r(record("b", lastYears, named("CN=Contoso"))), want: "done, keep a, ambiguous, about b"},
		{name: "no name", records: r(record("b", lastYears, named(""))), want: "done, keep a, ambiguous, about b"},
		{name: "no id", records: r(record("", lastYears)), want: "done, keep a, ambiguous, about "},
		{name: "what is certain comes first", records: r(record("b", lastYears, named("")), record("c", lastYears)), want: "confirm, keep a, old c, pending c"},
		{name: "the names are in the content", records: r(record("b", lastYears, named("Contoso"), holding(certificate(t, 3, notBefore.Add(-365*day), now.Add(20*day))))), want: "confirm, keep a, old b, pending b"},
	}
	for i := range tests {
		tests[i].options = deleteOld
	}
	run(t, append(tests, []test{
		{name: "a copy whose date was cut", options: deleteOld, records: []*match.Record{record("a", sameTime), record("b", sameTime)}, want: "done, keep a"},
		{name: "an undated record of a forced upload", options: Options{DeleteOld: true, Force: true}, change: uploaded(), records: []*match.Record{record("new", ago(0)), record("b", undatedRecord), record("c", lastYears)}, want: "confirm, keep new, old c, pending c"},
		{name: "an undated record of a forced upload, at last", options: Options{DeleteOld: true, Force: true}, change: uploaded(), records: []*match.Record{record("new", ago(0)), record("b", undatedRecord)}, want: "done, keep new, ambiguous, about b"},
		{name: "not asked for", records: r(record("b", lastYears), record("c", lastYears, named(""))), want: "done, keep a, old b"},
	}...))
}

// TestRule7WaitProvisioned: Rotate waits whether something is to be deleted or not, and once.
func TestRule7WaitProvisioned(t *testing.T) {
	wait := Options{WaitProvisioned: time.Hour}
	hasWaited := func(s *State) { s.Kept, s.HasWaited = "a", true }
	pending, ready := record("a", unprovisioned), record("a")
	run(t, []test{
		{name: "not asked for", records: []*match.Record{pending}, want: "done, keep a"},
		{name: "provisioned", options: wait, records: []*match.Record{ready}, want: "done, keep a"},
		{name: "not provisioned", options: wait, records: []*match.Record{pending}, want: "wait, keep a"},
		{name: "provisioned meanwhile", options: wait, change: hasWaited, records: []*match.Record{ready}, want: "done, keep a"},
		{name: "not provisioned in time", options: wait, change: hasWaited, records: []*match.Record{pending}, want: "done, keep a, not provisioned"},
		{
			name: "not provisioned in time, while Overlap runs", options: Options{WaitProvisioned: time.Hour, DeleteOld: true, Overlap: 30 * day}, change: hasWaited,
			records: []*match.Record{pending, record("b", lastYears)}, want: "done, keep a, old b, pending b, not provisioned",
		},
	})
}

// TestRule8Overlap: what is old stays until Overlap is over.
func TestRule8Overlap(t *testing.T) {
	overlap := func(d time.Duration) Options { return Options{DeleteOld: true, Overlap: d} }
	r := func(changes ...change) []*match.Record {
		return []*match.Record{record("a", changes...), record("b", lastYears)}
	}
	midnight := now.Truncate(day)
	own := func(s *State) { s.Created = &Created{ID: "a", At: now} }
	run(t, []test{
		{name: "over", options: overlap(time.Hour), records: r(ago(2 * time.Hour)), want: "confirm, keep a, old b, pending b"},
		{name: "not over", options: overlap(3 * time.Hour), records: r(ago(2 * time.Hour)), want: "done, keep a, old b, pending b"},
		{name: "nothing to delete", options: overlap(3 * time.Hour), records: []*match.Record{record("a", ago(time.Hour))}, want: "done, keep a"},
		{name: "not asked for", options: Options{Overlap: 3 * time.Hour}, records: r(ago(2 * time.Hour)), want: "done, keep a, old b"},
		{name: "midnight stands for its day", options: overlap(time.Hour), records: r(at(midnight)), want: "done, keep a, old b, pending b"},
		{name: "midnight of the day before", options: overlap(12 * time.Hour), records: r(at(midnight.Add(-day))), want: "confirm, keep a, old b, pending b"},
		{name: "midnight in another time zone", options: overlap(time.Hour), records: r(at(midnight.Add(8 * time.Hour).In(time.FixedZone("", -8*60*60)))), want: "done, keep a, old b, pending b"},
		{name: "a call knows when it uploaded", options: overlap(7 * time.Hour), change: own, records: r(ago(8 * time.Hour)), want: "done, keep a, old b, pending b"},
		{name: "a date that is ahead", options: overlap(time.Hour), records: r(ago(-8 * time.Hour)), want: "done, keep a, old b, pending b"},
		{name: "a date that is ahead, without Overlap", options: overlap(0), records: r(ago(-8 * time.Hour)), want: "confirm, keep a, old b, pending b"},

		{name: "not provisioned, without Overlap", options: overlap(0), records: r(ago(0), unprovisioned), want: "done, keep a, old b, pending b, not provisioned"},
		{name: "not provisioned, within Overlap", options: overlap(day), records: r(ago(23*time.Hour), unprovisioned), want: "done, keep a, old b, pending b"},
		{name: "not provisioned at the end of Overlap", options: overlap(day), records: r(ago(25*time.Hour), unprovisioned), want: "done, keep a, old b, pending b, not provisioned"},
		{name: "not provisioned for 47 hours", options: overlap(30 * day), records: r(ago(47*time.Hour), unprovisioned), want: "done, keep a, old b, pending b"},
		{name: "not provisioned for 48 hours", options: overlap(30 * day), records: r(ago(48*time.Hour+time.Second), unprovisioned), want: "done, keep a, old b, pending b, not provisioned"},
		{name: "not provisioned for 48 hours, nothing to delete", options: overlap(30 * day), records: []*match.Record{record("a", ago(50*time.Hour), unprovisioned)}, want: "done, keep a"},
	})
	s := state(t, overlap(3*day), r(ago(day))...)
	if got, want := Next(s).PendingUntil, now.Add(2*day+7*match.Tick); !got.Equal(want) {
		t.Errorf("pending until %v, want %v", got, want)
	}
}

// TestRule9Deletion: only what is old in two listings.
func TestRule9Deletion(t *testing.T) {
	deleteOld := Options{DeleteOld: true}
	again := func(ids ...string) func(s *State) {
		return func(s *State) {
			s.Kept, s.Old = "a", make(map[string]bool)
			for _, id := range ids {
				s.Old[id] = true
			}
		}
	}
	r := func(records ...*match.Record) []*match.Record { return append(records, record("a", ago(day))) }
	run(t, []test{
		{name: "old in both", options: deleteOld, change: again("b", "c"), records: r(record("b", lastYears), record("c", lastYears)), want: "delete, keep a, old c b, delete c b"},
		{name: "old in the second", options: deleteOld, change: again("b"), records: r(record("b", lastYears), record("c", lastYears)), want: "delete, keep a, old c b, delete b, pending c"},
		{name: "old in the first", options: deleteOld, change: again("b"), records: r(record("b", lastYears, fabrikams)), want: "done, keep a"},
		{name: "and what may be old", options: deleteOld, change: again("b"), records: r(record("b", lastYears), record("c", lastYears, named(""))), want: "delete, keep a, old b, delete b, ambiguous, about c"},
		{name: "provisioning was withdrawn", options: deleteOld, change: again("b"), records: []*match.Record{record("a", unprovisioned), record("b", lastYears)}, want: "done, keep a, old b, pending b, not provisioned"},
	})
}

// TestDryRun: a new upload is provisioned at once, an earlier one within WaitProvisioned.
func TestDryRun(t *testing.T) {
	r := func(records ...*match.Record) []*match.Record { return append(records, record("b", lastYears)) }
	waiting := record("a", unprovisioned)
	run(t, []test{
		{name: "an upload", options: Options{DryRun: true}, records: r(), want: "done, keep , previous b, old b"},
		{name: "an upload, and a deletion", options: Options{DryRun: true, DeleteOld: true}, records: r(), want: "done, keep , previous b, old b, delete b"},
		{name: "an upload, and Overlap", options: Options{DryRun: true, DeleteOld: true, Overlap: day}, records: r(), want: "done, keep , previous b, old b, pending b"},
		{name: "an objection", options: Options{DryRun: true}, records: r(record("c", fabrikams)), want: "done, previous c, other subject"},
		{name: "what may be old", options: Options{DryRun: true, DeleteOld: true}, records: r(record("c", lastYears, ago(500*day), named("CN=Contoso"))), want: "done, keep , previous b, old b, delete b, ambiguous, about c"},
		{name: "nothing to do", options: Options{DryRun: true, DeleteOld: true}, records: []*match.Record{record("a")}, want: "done, keep a"},
		{name: "a deletion", options: Options{DryRun: true, DeleteOld: true}, records: r(record("a")), want: "done, keep a, old b, delete b"},
		{name: "not provisioned", options: Options{DryRun: true, DeleteOld: true}, records: r(waiting), want: "done, keep a, old b, pending b, not provisioned"},
		{name: "not provisioned, but waited for", options: Options{DryRun: true, DeleteOld: true, WaitProvisioned: time.Hour}, records: r(waiting), want: "done, keep a, old b, delete b"},
	})
}
