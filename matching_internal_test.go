package intune

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"
)

// codeSigning makes a certificate for "CN=Contoso, O=Contoso Ltd, C=US" that expires on a certain date.
func codeSigning(t *testing.T, serial int64, expires time.Time) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotBefore: expires.AddDate(-1, 0, 0), NotAfter: expires,
		Subject: pkix.Name{CommonName: "Contoso", Organization: []string{"Contoso Ltd"}, Country: []string{"US"}},
	}
	authority := &x509.Certificate{Subject: pkix.Name{CommonName: "CA"}}
	der, err := x509.CreateCertificate(rand.Reader, template, authority, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// TestVerdicts is the table of the rules by which a create recognises its record, in their order.
func TestVerdicts(t *testing.T) {
	expires := time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC)
	own, other, next := codeSigning(t, 1, expires), codeSigning(t, 2, expires), codeSigning(t, 3, expires.AddDate(1, 0, 0))
	sent := time.Date(2026, 11, 23, 12, 0, 7, 123456700, time.UTC) // the date, by a clock that is right
	began, end := sent.Add(time.Second), sent.Add(61*time.Second)
	caller := time.Date(2026, 3, 1, 9, 0, 0, 123456700, time.UTC)
	type record = EnterpriseCodeSigningCertificate
	at := func(date time.Time) func(*record) { return func(r *record) { r.UploadDateTime = date } }
	both := func(changes ...func(*record)) func(*record) {
		return func(r *record) {
			for _, change := range changes {
				change(r)
			}
		}
	}
	subject := func(text string) func(*record) { return func(r *record) { r.Subject, r.SubjectName = text, "" } }
	issuer := func(text string) func(*record) { return func(r *record) { r.Issuer, r.IssuerName = text, "" } }
	expiring := func(date time.Time) func(*record) { return func(r *record) { r.ExpirationDateTime = date } }
	holding := func(der []byte) func(*record) { return func(r *record) { r.Content = der } }
	tests := []struct {
		name    string
		change  func(*record) // of a record with the names and the expiration, dated as sent, without content
		want    verdict
		by      MatchedBy
		dated   bool          // by the caller
		noClock bool          // the listings have no Date
		ahead   time.Duration // the clock of the service
	}{
		// Ours by the date that was sent.
		{name: "the date", change: both(), want: ours, by: MatchedByUploadDateTime},
		{name: "the date, without a clock", change: both(), want: ours, by: MatchedByUploadDateTime, noClock: true},
		{name: "the date, in another time zone", change: at(sent.In(time.FixedZone("", 3600))), want: ours, by: MatchedByUploadDateTime},
		{name: "the date alone", change: func(r *record) { *r = record{UploadDateTime: sent} }, want: ours, by: MatchedByUploadDateTime},
		{name: "the date, names rewritten", change: subject("X.1=Contoso"), want: ours, by: MatchedByUploadDateTime},
		{name: "the date, other names", change: both(subject("CN=Fabrikam"), issuer("CN=x")), want: ours, by: MatchedByUploadDateTime},
		{name: "the date, an expiration a day off", change: expiring(expires.Add(24 * time.Hour)), want: ours, by: MatchedByUploadDateTime},
		{name: "the date, no expiration", change: expiring(time.Time{}), want: ours, by: MatchedByUploadDateTime},
		{name: "the date, no issuer", change: issuer(""), want: ours, by: MatchedByUploadDateTime},
		{name: "the date and the content", change: holding(own.Raw), want: ours, by: MatchedByContent},
		{name: "the date, cut to microseconds", change: at(sent.Truncate(time.Microsecond)), want: ours, by: MatchedByUploadDateTime, noClock: true},
		{name: "the date, cut to milliseconds", change: at(sent.Truncate(time.Millisecond)), want: ours, by: MatchedByUploadDateTime, noClock: true},
		{name: "the date, cut to seconds", change: at(sent.Truncate(time.Second)), want: ours, by: MatchedByUploadDateTime, noClock: true},
		{name: "the date, cut to minutes, without a clock", change: at(sent.Truncate(time.Minute)), want: cannotTell, noClock: true},
		{name: "the date, cut to seconds, on other names", change: both(at(sent.Truncate(time.Second)), subject("CN=Fabrikam, O=Fabrikam, C=US")), want: notOurs},

		// The caller's date counts only on the same certificate.
		{name: "the caller's date", change: at(caller), want: ours, by: MatchedByUploadDateTime, dated: true},
		{name: "the caller's date, cut to seconds", change: at(caller.Truncate(time.Second)), want: ours, by: MatchedByUploadDateTime, dated: true},
		{name: "the caller's date, other names", change: both(at(caller), subject("CN=Fabrikam, O=Fabrikam, C=US")), want: notOurs, dated: true},
		{name: "the caller's date, an expiration a day off", change: both(at(caller), expiring(expires.Add(24*time.Hour))), want: cannotTell, dated: true},
		{name: "the caller's date, other content", change: both(at(caller), holding(other.Raw)), want: notOurs, dated: true},

		// Ours by names and the time of the attempts.
		{name: "during the attempts", change: at(began.Add(30 * time.Second)), want: ours, by: MatchedByNames},
		{name: "a minute before the first", change: at(began.Add(-time.Minute)), want: ours, by: MatchedByNames},
		{name: "more than a minute before", change: at(began.Add(-time.Minute - tick)), want: cannotTell},
		{name: "a minute after the last", change: at(end.Add(time.Minute)), want: ours, by: MatchedByNames},
		{name: "more than a minute after", change: at(end.Add(time.Minute + tick)), want: cannotTell},
		{name: "a whole minute stands for its minute", change: at(began.Truncate(time.Minute).Add(-time.Minute)), want: ours, by: MatchedByNames},
		{name: "two whole minutes before", change: at(began.Truncate(time.Minute).Add(-2 * time.Minute)), want: cannotTell},
		{name: "without a clock", change: at(began), want: cannotTell, noClock: true},
		{name: "a clock ten minutes ahead", change: at(began.Add(10 * time.Minute)), want: ours, by: MatchedByNames, ahead: 10 * time.Minute},
		{name: "a clock ten minutes behind", change: at(began.Add(-10 * time.Minute)), want: ours, by: MatchedByNames, ahead: -10 * time.Minute},
		{name: "shifted by a time zone", change: at(sent.Add(-8 * time.Hour)), want: cannotTell},
		{name: "the names in another order", change: both(at(began), subject("c=us, o=CONTOSO LTD, cn=contoso")), want: ours, by: MatchedByNames},
		{name: "the common name as text", change: both(at(began), subject("Contoso")), want: ours, by: MatchedByNames},
		{name: "the common name alone", change: both(at(began), subject("CN=Contoso")), want: ours, by: MatchedByNames},
		{name: "no subject", change: both(at(began), subject("")), want: cannotTell},
		{name: "no issuer", change: both(at(began), issuer("")), want: ours, by: MatchedByNames},
		{name: "an expiration in the same second", change: both(at(began), expiring(expires.Add(900*time.Millisecond))), want: ours, by: MatchedByNames},
		{name: "no expiration", change: both(at(began), expiring(time.Time{})), want: ours, by: MatchedByNames},
		{name: "an expiration a minute off", change: both(at(began), expiring(expires.Add(time.Minute))), want: cannotTell},

		// Ours by content.
		{name: "content during the attempts", change: both(at(began), holding(own.Raw), subject("CN=x")), want: ours, by: MatchedByContent},
		{name: "content 15 minutes after the last", change: both(at(end.Add(15*time.Minute)), holding(own.Raw)), want: ours, by: MatchedByContent},
		{name: "content later than that", change: both(at(end.Add(15*time.Minute+tick)), holding(own.Raw)), want: cannotTell},
		{name: "content, two minutes before", change: both(at(began.Add(-2*time.Minute)), holding(own.Raw)), want: cannotTell},
		{name: "content without a date", change: both(at(time.Time{}), holding(own.Raw)), want: cannotTell},

		// Certainly another one.
		{name: "other content", change: both(at(began), holding(other.Raw)), want: notOurs},
		{name: "content that is no certificate", change: both(at(began), holding([]byte("junk"))), want: cannotTell},
		{name: "dated more than a day before", change: at(sent.Add(-25 * time.Hour)), want: notOurs},
		{name: "dated more than a day before, without a clock", change: at(sent.Add(-25 * time.Hour)), want: notOurs, noClock: true},
		{name: "dated more than a day before what the caller sent, but today", change: at(began.Add(-time.Hour)), want: cannotTell, dated: true},
		{name: "dated a day before the first attempt, but after the caller's date", change: at(began.Add(-48 * time.Hour)), want: cannotTell, dated: true},
		{name: "an expiration three days off", change: both(at(time.Time{}), expiring(expires.Add(72*time.Hour))), want: notOurs},
		{name: "an expiration a day off", change: both(at(time.Time{}), expiring(expires.Add(24*time.Hour))), want: cannotTell},
		{name: "another subject", change: both(at(began), subject("CN=Fabrikam")), want: notOurs},
		{name: "another organization", change: both(at(began), subject("CN=Contoso, O=Fabrikam")), want: notOurs},
		{name: "another issuer", change: both(at(began), issuer("CN=Another CA")), want: notOurs},
		{name: "the certificate of the next year", change: both(at(began), holding(next.Raw)), want: notOurs},

		// A date that is not shown proves nothing.
		{name: "no date", change: at(time.Time{}), want: cannotTell},
		{name: "the year 1", change: at(time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC)), want: cannotTell},
		{name: "the year 1999", change: at(time.Date(1999, 12, 31, 23, 59, 59, 0, time.UTC)), want: cannotTell},
		{name: "nothing at all", change: func(r *record) { *r = record{} }, want: cannotTell},
	}
	for _, test := range tests {
		cert := FromX509(own)
		s := &sentCertificate{identity: newIdentity(cert), date: sent, isOwnDate: !test.dated, began: began, end: end}
		if test.dated {
			s.date = caller
		}
		shown := *FromX509(own)
		shown.ID, shown.Content, shown.UploadDateTime = "x", nil, sent
		test.change(&shown)
		got, by := s.judge(&shown, serviceClock{ahead: test.ahead, isKnown: !test.noClock}, func() rivals { return rivals{} })
		if got != test.want || by != test.by {
			t.Errorf("%s: got %v by %q, want %v by %q", test.name, got, by, test.want, test.by)
		}
	}
}

// TestVerdictsBesideRivals: while another create has no record, a record that may be its own is ours only by the exact date.
func TestVerdictsBesideRivals(t *testing.T) {
	sent := time.Date(2026, 11, 23, 12, 0, 0, 123456700, time.UTC)
	cert := &EnterpriseCodeSigningCertificate{Subject: "CN=Contoso"}
	for _, test := range []struct {
		name      string
		date      time.Time
		isOwnDate bool
		rivals    rivals
		want      verdict
	}{
		{"the exact date", sent, true, rivals{some: true}, ours},
		{"the exact date of the caller", sent, false, rivals{some: true}, ours},
		{"the exact date of the caller, which the rival has sent too", sent, false, rivals{some: true, sameDate: true}, cannotTell},
		{"the date, cut to seconds", sent.Truncate(time.Second), true, rivals{some: true}, cannotTell},
		{"during the attempts", sent.Add(5 * time.Second), true, rivals{some: true}, cannotTell},
		{"during the attempts, without a rival", sent.Add(5 * time.Second), true, rivals{}, ours},
	} {
		s := &sentCertificate{identity: newIdentity(cert), date: sent, isOwnDate: test.isOwnDate, began: sent, end: sent.Add(10 * time.Second)}
		shown := &EnterpriseCodeSigningCertificate{ID: "x", Subject: "CN=Contoso", UploadDateTime: test.date}
		if got, _ := s.judge(shown, serviceClock{isKnown: true}, func() rivals { return test.rivals }); got != test.want {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}

func TestSameCertificate(t *testing.T) {
	expires := time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC)
	parsed := codeSigning(t, 1, expires)
	own, other := FromX509(parsed), FromX509(codeSigning(t, 2, expires))
	type record = EnterpriseCodeSigningCertificate
	shown := func(changes ...func(*record)) *record {
		r := *own
		r.ID, r.Content, r.Status, r.UploadDateTime = "x", nil, CertificateStatusProvisioned, expires
		for _, change := range changes {
			change(&r)
		}
		return &r
	}
	for _, test := range []struct {
		name string
		a, b *record
		want bool
	}{
		{"itself", own, own, true},
		{"ids, dates and status do not count", own, shown(), true},
		{"names in another order", own, shown(func(r *record) { r.Subject = "C=US,O=Contoso Ltd,CN=Contoso" }), true},
		{"other content", own, other, false},
		{"equal content, other names", own, shown(func(r *record) { r.Content, r.Subject, r.Issuer = own.Content, "CN=x", "CN=y" }), true},
		{"another subject", own, shown(func(r *record) { r.Subject, r.SubjectName = "CN=Fabrikam", "" }), false},
		{"another issuer", own, shown(func(r *record) { r.Issuer, r.IssuerName = "CN=Fabrikam", "" }), false},
		{"another expiration", own, shown(func(r *record) { r.ExpirationDateTime = expires.Add(time.Minute) }), false},
		{"no expiration", own, shown(func(r *record) { r.ExpirationDateTime = time.Time{} }), true},
		{"nothing to compare", own, new(record), false},
		{"two of nothing", new(record), new(record), false},
		{"nil", own, nil, false},
	} {
		if got, reverse := test.a.SameCertificate(test.b), test.b.SameCertificate(test.a); got != test.want || reverse != test.want {
			t.Errorf("%s: got %v, and %v the other way round, want %v", test.name, got, reverse, test.want)
		}
	}
}
