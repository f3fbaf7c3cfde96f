package match

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

// TestVerdicts is the table of the rules by which a create recognizes its record, in their order.
func TestVerdicts(t *testing.T) {
	expires := time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC)
	own, other, next := codeSigning(t, 1, expires), codeSigning(t, 2, expires), codeSigning(t, 3, expires.AddDate(1, 0, 0))
	sent := time.Date(2026, 11, 23, 12, 0, 7, 123456700, time.UTC) // the date, by a clock that is right
	began, end := sent.Add(time.Second), sent.Add(61*time.Second)
	caller := time.Date(2026, 3, 1, 9, 0, 0, 123456700, time.UTC)
	type record = Record
	at := func(date time.Time) func(*record) { return func(r *record) { r.Uploaded = date } }
	both := func(changes ...func(*record)) func(*record) {
		return func(r *record) {
			for _, change := range changes {
				change(r)
			}
		}
	}
	subject := func(text string) func(*record) { return func(r *record) { r.Subject, r.SubjectName = text, "" } }
	issuer := func(text string) func(*record) { return func(r *record) { r.Issuer, r.IssuerName = text, "" } }
	expiring := func(date time.Time) func(*record) { return func(r *record) { r.Expires = date } }
	holding := func(der []byte) func(*record) { return func(r *record) { r.Content = der } }
	tests := []struct {
		name    string
		change  func(*record) // of a record with the names and the expiration, dated as sent, without content
		want    Verdict
		by      By
		dated   bool          // by the caller
		noClock bool          // the listings have no Date
		ahead   time.Duration // the clock of the service
	}{
		// Ours by the date that was sent.
		{name: "the date", change: both(), want: Ours, by: ByUploadDate},
		{name: "the date, without a clock", change: both(), want: Ours, by: ByUploadDate, noClock: true},
		{name: "the date, in another time zone", change: at(sent.In(time.FixedZone("", 3600))), want: Ours, by: ByUploadDate},
		{name: "the date alone", change: func(r *record) { *r = record{Uploaded: sent} }, want: Ours, by: ByUploadDate},
		{name: "the date, names rewritten", change: subject("Contoso of Contoso Ltd"), want: Ours, by: ByUploadDate},
		{name: "the date, an expiration a day off", change: expiring(expires.Add(24 * time.Hour)), want: Ours, by: ByUploadDate},
		{name: "the date, no expiration", change: expiring(time.Time{}), want: Ours, by: ByUploadDate},
		{name: "the date, no issuer", change: issuer(""), want: Ours, by: ByUploadDate},
		{name: "the date and the content", change: holding(own.Raw), want: Ours, by: ByContent},
		{name: "the date, cut to microseconds", change: at(sent.Truncate(time.Microsecond)), want: Ours, by: ByUploadDate, noClock: true},
		{name: "the date, cut to milliseconds", change: at(sent.Truncate(time.Millisecond)), want: Ours, by: ByUploadDate, noClock: true},
		{name: "the date, cut to seconds", change: at(sent.Truncate(time.Second)), want: Ours, by: ByUploadDate, noClock: true},
		{name: "the date, cut to minutes, without a clock", change: at(sent.Truncate(time.Minute)), want: CannotTell, noClock: true},
		{name: "the date, cut to seconds, on other names", change: both(at(sent.Truncate(time.Second)), subject("CN=Fabrikam, O=Fabrikam, C=US")), want: NotOurs},

		// The caller's date counts only on the same certificate.
		{name: "the caller's date", change: at(caller), want: Ours, by: ByUploadDate, dated: true},
		{name: "the caller's date, cut to seconds", change: at(caller.Truncate(time.Second)), want: Ours, by: ByUploadDate, dated: true},
		{name: "the caller's date, other names", change: both(at(caller), subject("CN=Fabrikam, O=Fabrikam, C=US")), want: NotOurs, dated: true},
		{name: "the caller's date, an expiration a day off", change: both(at(caller), expiring(expires.Add(24*time.Hour))), want: CannotTell, dated: true},
		{name: "the caller's date, other content", change: both(at(caller), holding(other.Raw)), want: NotOurs, dated: true},

		// Ours by names and the time of the attempts.
		{name: "during the attempts", change: at(began.Add(30 * time.Second)), want: Ours, by: ByNames},
		{name: "a minute before the first", change: at(began.Add(-time.Minute)), want: Ours, by: ByNames},
		{name: "more than a minute before", change: at(began.Add(-time.Minute - Tick)), want: CannotTell},
		{name: "a minute after the last", change: at(end.Add(time.Minute)), want: Ours, by: ByNames},
		{name: "more than a minute after", change: at(end.Add(time.Minute + Tick)), want: CannotTell},
		{name: "a whole minute stands for its minute", change: at(began.Truncate(time.Minute).Add(-time.Minute)), want: Ours, by: ByNames},
		{name: "two whole minutes before", change: at(began.Truncate(time.Minute).Add(-2 * time.Minute)), want: CannotTell},
		{name: "without a clock", change: at(began), want: CannotTell, noClock: true},
		{name: "a clock ten minutes ahead", change: at(began.Add(10 * time.Minute)), want: Ours, by: ByNames, ahead: 10 * time.Minute},
		{name: "a clock ten minutes behind", change: at(began.Add(-10 * time.Minute)), want: Ours, by: ByNames, ahead: -10 * time.Minute},
		{name: "shifted by a time zone", change: at(sent.Add(-8 * time.Hour)), want: CannotTell},
		{name: "the names in another order", change: both(at(began), subject("c=us, o=CONTOSO LTD, cn=contoso")), want: Ours, by: ByNames},
		{name: "the common name as text", change: both(at(began), subject("Contoso")), want: CannotTell},
		{name: "the common name alone", change: both(at(began), subject("CN=Contoso")), want: CannotTell},
		{name: "without the organization", change: both(at(began), subject("CN=Contoso, C=US")), want: CannotTell},
		{name: "no subject", change: both(at(began), subject("")), want: CannotTell},
		{name: "no issuer", change: both(at(began), issuer("")), want: Ours, by: ByNames},
		{name: "an expiration in the same second", change: both(at(began), expiring(expires.Add(900*time.Millisecond))), want: Ours, by: ByNames},
		{name: "no expiration", change: both(at(began), expiring(time.Time{})), want: Ours, by: ByNames},
		{name: "an expiration a minute off", change: both(at(began), expiring(expires.Add(time.Minute))), want: CannotTell},

		// Ours by content.
		{name: "content during the attempts", change: both(at(began), holding(own.Raw), subject("CN=x")), want: Ours, by: ByContent},
		{name: "content 15 minutes after the last", change: both(at(end.Add(15*time.Minute)), holding(own.Raw)), want: Ours, by: ByContent},
		{name: "content later than that", change: both(at(end.Add(15*time.Minute+Tick)), holding(own.Raw)), want: CannotTell},
		{name: "content, two minutes before", change: both(at(began.Add(-2*time.Minute)), holding(own.Raw)), want: CannotTell},
		{name: "content without a date", change: both(at(time.Time{}), holding(own.Raw)), want: CannotTell},

		// Certainly another one.
		{name: "other content", change: both(at(began), holding(other.Raw)), want: NotOurs},
		{name: "the date, other content", change: holding(other.Raw), want: NotOurs},
		{name: "the date, another subject", change: subject("CN=Fabrikam, O=Contoso Ltd, C=US"), want: NotOurs},
		{name: "the date, another organization", change: subject("CN=Contoso, O=Fabrikam, C=US"), want: NotOurs},
		{name: "the date, one attribute more", change: subject("CN=Contoso, O=Contoso Ltd, C=US, SERIALNUMBER=1"), want: NotOurs},
		{name: "the date, another issuer", change: issuer("CN=x"), want: NotOurs},
		{name: "content that is no certificate", change: both(at(began), holding([]byte("junk"))), want: CannotTell},
		{name: "dated more than a day before", change: at(sent.Add(-25 * time.Hour)), want: NotOurs},
		{name: "dated more than a day before, without a clock", change: at(sent.Add(-25 * time.Hour)), want: NotOurs, noClock: true},
		{name: "dated more than a day before what the caller sent, but today", change: at(began.Add(-time.Hour)), want: CannotTell, dated: true},
		{name: "dated a day before the first attempt, but after the caller's date", change: at(began.Add(-48 * time.Hour)), want: CannotTell, dated: true},
		{name: "an expiration three days off", change: both(at(time.Time{}), expiring(expires.Add(72*time.Hour))), want: NotOurs},
		{name: "an expiration a day off", change: both(at(time.Time{}), expiring(expires.Add(24*time.Hour))), want: CannotTell},
		{name: "another subject", change: both(at(began), subject("CN=Fabrikam")), want: NotOurs},
		{name: "another organization", change: both(at(began), subject("CN=Contoso, O=Fabrikam")), want: NotOurs},
		{name: "another issuer", change: both(at(began), issuer("CN=Another CA")), want: NotOurs},
		{name: "the certificate of the next year", change: both(at(began), holding(next.Raw)), want: NotOurs},

		// A date that is not shown proves nothing.
		{name: "no date", change: at(time.Time{}), want: CannotTell},
		{name: "the year 1", change: at(time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC)), want: CannotTell},
		{name: "the year 1999", change: at(time.Date(1999, 12, 31, 23, 59, 59, 0, time.UTC)), want: CannotTell},
		{name: "nothing at all", change: func(r *record) { *r = record{} }, want: CannotTell},
	}
	for _, test := range tests {
		cert := NamesOf(own)
		cert.Content = own.Raw
		s := &Sent{Identity: New(cert), Date: sent, IsOwnDate: !test.dated, Began: began, End: end}
		if test.dated {
			s.Date = caller
		}
		shown := *NamesOf(own)
		shown.SubjectName, shown.IssuerName, shown.Uploaded = shown.Subject, shown.Issuer, sent
		test.change(&shown)
		got, by := s.Judge(&shown, Clock{Ahead: test.ahead, IsKnown: !test.noClock}, EvidenceOf(&shown), func() Rivals { return Rivals{} })
		if got != test.want || by != test.by {
			t.Errorf("%s: got %v by %q, want %v by %q", test.name, got, by, test.want, test.by)
		}
	}
}

// TestVerdictsBesideRivals: while another create has no record, a record that may be its own is ours only by the exact date.
func TestVerdictsBesideRivals(t *testing.T) {
	sent := time.Date(2026, 11, 23, 12, 0, 0, 123456700, time.UTC)
	cert := &Record{Subject: "CN=Contoso"}
	for _, test := range []struct {
		name      string
		date      time.Time
		isOwnDate bool
		rivals    Rivals
		want      Verdict
	}{
		{"the exact date", sent, true, Rivals{Some: true}, Ours},
		{"the exact date of the caller", sent, false, Rivals{Some: true}, Ours},
		{"the exact date of the caller, which the rival has sent too", sent, false, Rivals{Some: true, SameDate: true}, CannotTell},
		{"the date, cut to seconds", sent.Truncate(time.Second), true, Rivals{Some: true}, CannotTell},
		{"during the attempts", sent.Add(5 * time.Second), true, Rivals{Some: true}, CannotTell},
		{"during the attempts, without a rival", sent.Add(5 * time.Second), true, Rivals{}, Ours},
	} {
		s := &Sent{Identity: New(cert), Date: sent, IsOwnDate: test.isOwnDate, Began: sent, End: sent.Add(10 * time.Second)}
		shown := &Record{Subject: "CN=Contoso", Uploaded: test.date}
		if got, _ := s.Judge(shown, Clock{IsKnown: true}, EvidenceOf(shown), func() Rivals { return test.rivals }); got != test.want {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}
