package rotation

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-230b9595/intune-go/internal/match"
)

const (
	day     = 24 * time.Hour
	subject = "CN=Contoso, O=Contoso Ltd, C=US"
	issuer  = "CN=CA"
)

// now is the time of all tests, by the clock of the service. The certificate has been valid for ten days, and expires in
// a year.
var (
	now       = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	notBefore = now.Add(-10 * day)
	notAfter  = now.Add(365 * day)
)

// certificate returns the DER of a certificate with the subject of all tests.
func certificate(t *testing.T, serial int64, from, until time.Time) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotBefore: from, NotAfter: until,
		Subject: pkix.Name{CommonName: "Contoso", Organization: []string{"Contoso Ltd"}, Country: []string{"US"}},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, &x509.Certificate{Subject: pkix.Name{CommonName: "CA"}}, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// change changes a record, which is at first one of the certificate, uploaded nine days ago.
type change func(r *match.Record)

func record(id string, changes ...change) *match.Record {
	r := &match.Record{
		ID: id, Subject: subject, SubjectName: subject, Issuer: issuer, IssuerName: issuer, Expires: notAfter,
		Uploaded: now.Add(-9*day + 7*match.Tick), IsProvisioned: true,
	}
	for _, change := range changes {
		change(r)
	}
	return r
}

func ago(d time.Duration) change {
	return func(r *match.Record) { r.Uploaded = now.Add(-d + 7*match.Tick) }
}

func at(date time.Time) change { return func(r *match.Record) { r.Uploaded = date } }

func undatedRecord(r *match.Record) { r.Uploaded = time.Time{} }

func expiring(date time.Time) change { return func(r *match.Record) { r.Expires = date } }

func named(subject string) change {
	return func(r *match.Record) { r.Subject, r.SubjectName = subject, subject }
}

func holding(der []byte) change { return func(r *match.Record) { r.Content = der } }

func unprovisioned(r *match.Record) { r.IsProvisioned = false }

// lastYears is the certificate before, uploaded a year ago.
func lastYears(r *match.Record) {
	r.Expires, r.Uploaded = now.Add(20*day), now.Add(-360*day+7*match.Tick)
}

// fabrikams is another publisher's.
var fabrikams = named("CN=Fabrikam, O=Fabrikam Ltd, C=US")

// state is a rotation that has listed the records.
func state(t *testing.T, options Options, records ...*match.Record) *State {
	t.Helper()
	content := certificate(t, 1, notBefore, notAfter)
	return &State{
		Options: options, Certificate: match.New(&match.Record{Content: content}), Listing: match.NewListing(records, now),
	}
}

// String describes a step, so that tests can say what they want on one line.
func (s Step) String() string {
	actions := []string{"done", "upload", "look", "wait", "confirm", "delete"}
	kinds := []string{"not yet valid", "ambiguous", "not latest", "other subject", "not provisioned"}
	out := []string{actions[s.Action]}
	add := func(name string, records ...*match.Record) {
		if records = slices.DeleteFunc(records, func(r *match.Record) bool { return r == nil }); len(records) > 0 {
			out = append(out, name+" "+ids(records))
		}
	}
	add("keep", s.Record)
	add("previous", s.Previous)
	add("old", s.Old...)
	add("delete", s.Delete...)
	add("pending", s.Pending...)
	if s.Problem != nil {
		out = append(out, kinds[s.Problem.Kind])
		add("about", s.Problem.Records...)
	}
	return strings.Join(out, ", ")
}

func ids(records []*match.Record) string {
	var ids []string
	for _, r := range records {
		ids = append(ids, r.ID)
	}
	return strings.Join(ids, " ")
}

// test is a row of a table.
type test struct {
	name    string
	options Options
	records []*match.Record
	change  func(s *State)
	want    string // of Step.String
}

func run(t *testing.T, tests []test) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := state(t, test.options, test.records...)
			if test.change != nil {
				test.change(s)
			}
			before := fmt.Sprintf("%+v", s)
			step := Next(s)
			if got := step.String(); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
				if step.Problem != nil {
					t.Log(step.Problem.Text)
				}
			}
			if after := fmt.Sprintf("%+v", s); after != before {
				t.Errorf("the state was changed: %s, was %s", after, before)
			}
		})
	}
}
