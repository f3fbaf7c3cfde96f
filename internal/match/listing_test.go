package match

import (
	"strings"
	"testing"
	"time"
)

const (
	plainName    = "CN=Contoso, O=Contoso Ltd, C=US"
	extendedName = plainName + ", SERIALNUMBER=42, STREET=1 Main St, OID.1.3.6.1.4.1.311.60.2.1.3=US"
)

// TestNamesThatDifferOutsideTheSix: a certificate of extended validation is another one than that of organization
// validation, wherever the listing shows an attribute outside the six. Where it shows none, they pass for one another.
func TestNamesThatDifferOutsideTheSix(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	expires := now.AddDate(1, 0, 0)
	shown := func(id, subject string) *Record {
		return &Record{ID: id, Subject: subject, Issuer: "CN=CA", Expires: expires, Uploaded: now.Add(-time.Hour)}
	}
	for _, test := range []struct {
		name           string
		cert           string
		shown, another string // names of the record and of another one
		want           Verdict
	}{
		{"extended, shown whole", extendedName, extendedName, "", Ours},
		{"extended, shown without, no evidence", extendedName, plainName, "", Ours},
		{"extended, shown without, beside another extended one", extendedName, plainName, "CN=Fabrikam, SERIALNUMBER=1", NotOurs},
		{"extended, shown without, beside its own", extendedName, plainName, extendedName, NotOurs},
		{"plain, shown extended", plainName, extendedName, "", NotOurs},
		{"plain, shown plain, beside the extended one", plainName, plainName, extendedName, Ours},
		{"extended, another number", extendedName, strings.Replace(extendedName, "42", "43", 1), "", NotOurs},
		{"extended, without the street", extendedName, strings.Replace(extendedName, ", STREET=1 Main St", "", 1), "", NotOurs},
		{"extended, without the jurisdiction", extendedName, plainName + ", STREET=1 Main St, SERIALNUMBER=42", "", NotOurs},
		{"with an e-mail address, shown without", plainName + ", E=it@contoso.com", plainName, "CN=Fabrikam, E=a@b.c", NotOurs},
		{"with a postal code, shown without", plainName + ", PostalCode=1", plainName, "CN=Fabrikam, E=a@b.c", NotOurs},
		{"with a locality, shown without", plainName + ", L=Redmond", plainName, extendedName, CannotTell},
	} {
		cert := New(&Record{Subject: test.cert, Issuer: "CN=CA", Expires: expires})
		records := []*Record{shown("a", test.shown)}
		if test.another != "" {
			records = append(records, shown("b", test.another))
		}
		if got, _ := cert.Recognize(records[0], NewListing(records, now)); got != test.want {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
		alone := test.cert == test.shown // without a listing all attributes count
		if got := cert.IsSame(records[0]); got != alone {
			t.Errorf("%s: the same certificate without a listing: %v", test.name, got)
		}
	}
}

// TestNamesAreReadFromTheFullerProperty: one of subject and subjectName may be a text, or a common name.
func TestNamesAreReadFromTheFullerProperty(t *testing.T) {
	for _, test := range [][2]string{
		{plainName, ""}, {"", plainName}, {"Contoso", plainName}, {plainName, "Contoso"}, {"CN=Contoso", plainName}, {plainName, "CN=Contoso"},
	} {
		record := &Record{Subject: test[0], SubjectName: test[1]}
		if got := record.ShownSubject(); got != plainName {
			t.Errorf("%q: got %q", test, got)
		}
	}
	if got := (&Record{Subject: "Contoso", SubjectName: "Code signing"}).ShownSubject(); got != "Contoso" {
		t.Errorf("two texts: got %q", got)
	}
}

// TestOrder: by date; copies of one upload by id; everything else has no order.
func TestOrder(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	exact, cut := now.Add(-time.Hour+Tick), now.Add(-time.Hour)
	at := func(id string, date time.Time, change ...func(*Record)) *Record {
		r := &Record{ID: id, Subject: plainName, Issuer: "CN=CA", Expires: now.AddDate(1, 0, 0), Uploaded: date}
		for _, change := range change {
			change(r)
		}
		return r
	}
	another := func(r *Record) { r.Expires = now }
	nameless := func(r *Record) { r.Subject = "" }
	reordered := func(r *Record) { r.Subject = "C=us, O=Contoso Ltd, CN=Contoso" }
	holding := func(content string) func(*Record) { return func(r *Record) { r.Content = []byte(content) } }
	for _, test := range []struct {
		name      string
		a, b      *Record
		isEarlier bool // a than b
		latest    string
	}{
		{"dates", at("a", exact), at("b", exact.Add(Tick)), true, "b"},
		{"dates the other way", at("a", exact.Add(Tick)), at("b", exact), false, "a"},
		{"copies", at("b", exact), at("a", exact), true, "a"},
		{"copies the other way", at("a", exact), at("b", exact), false, "a"},
		{"copies that are spelled in two ways", at("b", exact), at("a", exact, reordered), true, "a"},
		{"copies with content", at("b", exact, holding("x")), at("a", exact, holding("x")), true, "a"},
		{"other content", at("b", exact, holding("x")), at("a", exact, holding("y")), false, "a b"},
		{"a date that was cut", at("b", cut), at("a", cut), false, "a b"},
		{"two certificates of a date", at("b", exact), at("a", exact, another), false, "a b"},
		{"no names", at("b", exact, nameless), at("a", exact, nameless), false, "a b"},
		{"undated", at("b", time.Time{}), at("a", exact), false, "a b"},
		{"both undated", at("b", time.Time{}), at("a", time.Time{}), false, "a b"},
		{"more than a day ahead", at("b", now.Add(24*time.Hour+1)), at("a", exact), false, "a b"},
		{"a day ahead", at("b", exact), at("a", now.Add(24*time.Hour)), true, "a"},
	} {
		l := NewListing([]*Record{test.a, test.b}, now)
		if got := l.IsEarlier(test.a, test.b); got != test.isEarlier {
			t.Errorf("%s: %s is earlier: %v", test.name, test.a.ID, got)
		}
		var latest []string
		for _, r := range l.Latest() {
			latest = append(latest, r.ID)
		}
		if got := strings.Join(latest, " "); got != test.latest {
			t.Errorf("%s: the latest is %s, want %s", test.name, got, test.latest)
		}
	}
	if l := NewListing([]*Record{at("a", time.Time{})}, now); len(l.Latest()) != 1 || len(NewListing(nil, now).Latest()) != 0 {
		t.Error("a single record is the latest, whatever its date")
	}
}
