package intune_test

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

func ids(records []*certificate) []string {
	ids := make([]string, len(records))
	for i, record := range records {
		ids[i] = record.ID
	}
	return ids
}

func TestFindJudgesEachRecord(t *testing.T) {
	const ambiguous = "ambiguous"
	tests := map[string]struct {
		change func(record *certificate)
		want   string // MatchedBy, ambiguous or "" for another certificate
	}{
		"the same names and expiration": {func(*certificate) {}, "names"},
		"equal content":                 {func(r *certificate) { r.Content = []byte("own") }, "content"},
		"equal content, other names":    {func(r *certificate) { r.Content, r.Subject, r.Issuer = []byte("own"), "CN=x", "CN=y" }, "content"},
		"equal content, uploaded years before": {func(r *certificate) {
			r.Content, r.UploadDateTime = []byte("own"), time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
		}, "content"},
		"equal content, without a date":         {func(r *certificate) { r.Content, r.UploadDateTime = []byte("own"), time.Time{} }, "content"},
		"other content":                         {func(r *certificate) { r.Content = []byte("other") }, ""},
		"content that is no certificate":        {func(r *certificate) { r.Content = []byte("junk") }, ambiguous},
		"names in another order":                {func(r *certificate) { r.Subject = "C=US,O=Contoso Ltd,CN=contoso" }, "names"},
		"the common name alone":                 {func(r *certificate) { r.Subject, r.SubjectName = "CN=Contoso", "" }, "names"},
		"the common name as text":               {func(r *certificate) { r.Subject, r.SubjectName = "Contoso", "" }, "names"},
		"without an upload date":                {func(r *certificate) { r.UploadDateTime = time.Time{} }, ambiguous},
		"an upload date before the year 2000":   {func(r *certificate) { r.UploadDateTime = time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC) }, ambiguous},
		"uploaded within a day before it began": {func(r *certificate) { r.UploadDateTime = r.UploadDateTime.Add(-23 * time.Hour) }, "names"},
		"uploaded more than a day before":       {func(r *certificate) { r.UploadDateTime = r.UploadDateTime.Add(-25 * time.Hour) }, ""},
		"expires in the same second":            {func(r *certificate) { r.ExpirationDateTime = r.ExpirationDateTime.Add(900 * time.Millisecond) }, "names"},
		"expires a day later":                   {func(r *certificate) { r.ExpirationDateTime = r.ExpirationDateTime.Add(day) }, ambiguous},
		"expires three days later":              {func(r *certificate) { r.ExpirationDateTime = r.ExpirationDateTime.Add(3 * day) }, ""},
		"without an expiration":                 {func(r *certificate) { r.ExpirationDateTime = time.Time{} }, ambiguous},
		"another organization":                  {func(r *certificate) { r.Subject, r.SubjectName = "CN=Contoso, O=Contoso Inc, C=US", "" }, ambiguous},
		"another common name":                   {func(r *certificate) { r.Subject, r.SubjectName = "CN=Fabrikam, O=Contoso Ltd, C=US", "" }, ""},
		"another issuer":                        {func(r *certificate) { r.Issuer, r.IssuerName = "CN=Fabrikam CA, C=US", "" }, ""},
		"without an issuer":                     {func(r *certificate) { r.Issuer, r.IssuerName = "", "" }, "names"},
	}
	for name, test := range tests {
		virtual(t, func(t *testing.T) {
			time.Sleep(3 * 365 * day)
			cert, other := issue(t), issue(t)
			record := *uploaded(cert, 0)
			record.ID, record.Content = "x", nil
			test.change(&record)
			switch string(record.Content) {
			case "own":
				record.Content = cert.Content
			case "other":
				record.Content = other.Content
			}
			s := &simulation{habits: habits{keepsContent: true, dropsDates: record.UploadDateTime.IsZero()}}
			s.add(&record)
			matches, err := s.process(t).Find(t.Context(), cert)
			got := ""
			if len(matches) > 0 {
				got = string(matches[0].By)
			}
			var doubt *intune.AmbiguousMatchError
			if errors.As(err, &doubt) {
				got += ambiguous
				if !slices.Equal(ids(doubt.Candidates), []string{"x"}) {
					t.Errorf("%s: candidates %v", name, doubt.Candidates)
				}
			}
			if got != test.want || len(matches) > 1 || err != nil && doubt == nil {
				t.Errorf("%s: got %v, %v, want %q", name, matches, err, test.want)
			}
		})
	}
}

func TestFindOrdersByUploadAndTellsDoubtsBesideMatches(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cert := issue(t)
		s := new(simulation)
		for i, ago := range []time.Duration{2 * time.Hour, time.Hour, 3 * time.Hour} {
			record := uploaded(cert, ago)
			record.ID = fmt.Sprint(i)
			s.add(record)
		}
		matches, err := s.process(t).Find(t.Context(), cert)
		if err != nil || len(matches) != 3 || matches[0].Certificate.ID+matches[1].Certificate.ID+matches[2].Certificate.ID != "102" {
			t.Errorf("got %v, %v", matches, err)
		}
		near := *uploaded(cert, 0)
		near.ID, near.ExpirationDateTime = "near", near.ExpirationDateTime.Add(day)
		s.add(&near)
		matches, err = s.process(t).Find(t.Context(), cert)
		if doubt := errorAs[*intune.AmbiguousMatchError](t, err); len(matches) != 3 || !slices.Equal(ids(doubt.Candidates), []string{"near"}) {
			t.Errorf("got %v, %v", matches, err)
		}
		s = new(simulation)
		if matches, err := s.process(t).Find(t.Context(), cert); len(matches) != 0 || err != nil {
			t.Errorf("an empty tenant: got %v, %v", matches, err)
		}
	})
}

func TestFindWithoutContent(t *testing.T) {
	virtual(t, func(t *testing.T) {
		time.Sleep(3 * 365 * day)
		cert := issue(t)
		s := new(simulation)
		s.add(uploaded(cert, 400*day)) // rules on NotBefore are skipped
		named := *cert
		named.Content = nil
		if matches, err := s.process(t).Find(t.Context(), &named); err != nil || len(matches) != 1 {
			t.Errorf("got %v, %v", matches, err)
		}
	})
	for name, cert := range map[string]*certificate{
		"nil": nil, "empty": {}, "content that is no certificate": {Content: []byte("x")},
		"no issuer": {Subject: "CN=x", ExpirationDateTime: time.Now()}, "no expiration": {Subject: "CN=x", Issuer: "CN=y"},
	} {
		w := newWire(t)
		_, err := certificates(w).Find(t.Context(), cert)
		if errorAs[*intune.InputError](t, err); len(w.requests) > 0 {
			t.Errorf("%s: something was sent", name)
		}
	}
}

func TestLatest(t *testing.T) {
	date := func(hour int) time.Time { return time.Date(2026, 1, 1, hour, 0, 0, 0, time.UTC) }
	for name, test := range map[string]struct {
		dates      []time.Time
		want       string
		candidates []string
	}{
		"one":            {[]time.Time{date(1)}, "0", nil},
		"several":        {[]time.Time{date(1), date(3), date(2)}, "1", nil},
		"a tie":          {[]time.Time{date(3), date(1), date(3)}, "", []string{"0", "2"}},
		"an earlier tie": {[]time.Time{date(1), date(3), date(1)}, "1", nil},
		"one undated":    {[]time.Time{date(1), {}}, "", []string{"0", "1"}},
		"only undated":   {[]time.Time{{}}, "", []string{"0"}},
	} {
		var listed string
		for i, at := range test.dates {
			listed += fmt.Sprintf(`,{"id":"%d","uploadDateTime":%q}`, i, at.Format(time.RFC3339Nano))
		}
		got, err := certificates(newWire(t, reply(200, `{"value":[`+listed[1:]+`]}`))).Latest(t.Context())
		if test.want != "" {
			if err != nil || got.ID != test.want {
				t.Errorf("%s: got %v, %v", name, got, err)
			}
			continue
		}
		if doubt := errorAs[*intune.AmbiguousMatchError](t, err); got != nil || !slices.Equal(ids(doubt.Candidates), test.candidates) {
			t.Errorf("%s: got %v, %v", name, got, doubt.Candidates)
		}
	}
	if got, err := certificates(newWire(t, reply(200, `{"value":[]}`))).Latest(t.Context()); !errors.Is(err, intune.ErrNotFound) || got != nil {
		t.Errorf("an empty tenant: got %v, %v", got, err)
	}
}

// everyHabit are services of each kind, all of which show enough to recognise an upload.
var everyHabit = map[string]habits{
	"keeps names and dates": {}, "assigns dates": {assignsDates: true}, "respells": {respells: true}, "keeps content": {keepsContent: true},
	"keeps content, drops dates": {keepsContent: true, dropsDates: true}, "bare names": {bareNames: true}, "lags": {lag: 5 * time.Second},
}

func TestEnsureCreatesOnceAndThenFinds(t *testing.T) {
	for name, habits := range everyHabit {
		virtual(t, func(t *testing.T) {
			s, cert := &simulation{habits: habits}, issue(t)
			cert.Status, cert.UploadDateTime = intune.CertificateStatusProvisioned, time.Now().AddDate(-1, 0, 0) // not the caller's choice
			var meta intune.Response
			first, created, err := s.process(t).Ensure(t.Context(), cert, intune.WithResponse(&meta))
			if err != nil || !created || meta.MatchedBy != "" {
				t.Fatalf("%s: %v, %v, %v, %+v", name, first, created, err, meta)
			}
			if sent := s.records[0]; sent.Status != "" || time.Since(sent.UploadDateTime) > time.Minute {
				t.Errorf("%s: sent %v", name, sent)
			}
			for range 3 {
				time.Sleep(day)
				again, created, err := s.process(t).Ensure(t.Context(), cert, intune.WithResponse(&meta))
				if err != nil || created || again.ID != first.ID || meta.MatchedBy == "" {
					t.Errorf("%s: again: %v, %v, %v, %+v", name, again, created, err, meta)
				}
			}
			if s.count(cert) != 1 {
				t.Errorf("%s: the tenant has %v", name, s.records)
			}
		})
	}
}

// TestEnsureDatesNothingBeyondTheYear9999: .NET's DateTimeOffset.MaxValue is the date of a record.
func TestEnsureDatesNothingBeyondTheYear9999(t *testing.T) {
	rotating(t, func(t *testing.T) {
		s, cert := new(simulation), issue(t)
		s.had(issue(t, subjectOf("Fabrikam", "Fabrikam Ltd")), 300*day).UploadDateTime = time.Date(9999, 12, 31, 23, 59, 59, 999999900, time.UTC)
		if _, created, err := s.process(t).Ensure(t.Context(), cert); err != nil || !created || s.count(cert) != 1 {
			t.Errorf("got %v, %v", created, err)
		}
	})
}

// TestEnsureInDoubtAboutARecordWithoutSubject: the service may not have populated it yet.
func TestEnsureInDoubtAboutARecordWithoutSubject(t *testing.T) {
	rotating(t, func(t *testing.T) {
		cert := issue(t)
		for _, shown := range []certificate{{}, {Issuer: cert.Issuer}, {ExpirationDateTime: cert.ExpirationDateTime}} {
			s := new(simulation)
			record := s.had(cert, time.Second)
			shown.ID, shown.UploadDateTime = record.ID, record.UploadDateTime
			*record = shown
			_, created, err := s.process(t).Ensure(t.Context(), cert)
			if errorAs[*intune.AmbiguousMatchError](t, err); created || len(s.records) != 1 {
				t.Errorf("%v: got %v, %v", shown, created, err)
			}
		}
	})
}

// TestEnsureReadsTheNameFromTheOtherProperty: subject is a text, and subjectName the distinguished name.
func TestEnsureReadsTheNameFromTheOtherProperty(t *testing.T) {
	rotating(t, func(t *testing.T) {
		s, cert := new(simulation), issue(t)
		s.had(cert, time.Second).Subject = "Code signing of Contoso"
		if _, created, err := s.process(t).Ensure(t.Context(), cert); created || err != nil {
			t.Errorf("got %v, %v", created, err)
		}
	})
}

// TestErrorsNameSomeOfManyRecords: also of a tenant with 10,000 copies.
func TestErrorsNameSomeOfManyRecords(t *testing.T) {
	rotating(t, func(t *testing.T) {
		s, cert := new(simulation), issue(t)
		for range 10_000 {
			s.had(cert, time.Second)
		}
		_, err := s.process(t).Rotate(t.Context(), cert, &intune.RotateOptions{OldID: s.records[9_999].ID})
		if errorAs[*intune.DuplicateError](t, err); len(err.Error()) > 1000 || !strings.Contains(err.Error(), "more") {
			t.Errorf("an error of %d characters", len(err.Error()))
		}
	})
}

// TestEnsureReportsAServiceThatHidesTheUpload: a daily run would otherwise make one copy a day.
func TestEnsureReportsAServiceThatHidesTheUpload(t *testing.T) {
	virtual(t, func(t *testing.T) {
		s, cert := &simulation{habits: habits{dropsDates: true}}, issue(t)
		got, created, err := s.process(t).Ensure(t.Context(), cert)
		if errorAs[*intune.AmbiguousMatchError](t, err); !created || got == nil || got.ID != s.records[0].ID {
			t.Errorf("got %v, %v, %v", got, created, err)
		}
		for range 3 {
			time.Sleep(day)
			_, created, err := s.process(t).Ensure(t.Context(), cert)
			if errorAs[*intune.AmbiguousMatchError](t, err); created || s.count(cert) != 1 {
				t.Errorf("again: %v, %v; the tenant has %v", created, err, s.records)
			}
		}
	})
}

func TestEnsureNamesDuplicates(t *testing.T) {
	virtual(t, func(t *testing.T) {
		s, cert := new(simulation), issue(t)
		s.add(uploaded(cert, time.Hour))
		latest := s.add(uploaded(cert, time.Minute))
		got, created, err := s.process(t).Ensure(t.Context(), cert)
		duplicate := errorAs[*intune.DuplicateError](t, err)
		if created || got.ID != latest.ID || duplicate.Certificate.ID != latest.ID || !slices.Equal(duplicate.OtherIDs, []string{s.records[0].ID}) {
			t.Errorf("got %v, %v, %v", got, created, err)
		}
	})
}

// TestEnsureLooksAgainAfterItsUpload: another process may have uploaded the certificate between the look and the POST.
func TestEnsureLooksAgainAfterItsUpload(t *testing.T) {
	virtual(t, func(t *testing.T) {
		s, cert := new(simulation), issue(t)
		s.around = func(req *http.Request, sent bool) error {
			if req.Method == http.MethodPost && !sent {
				s.add(uploaded(cert, 0))
			}
			return nil
		}
		got, _, err := s.process(t).Ensure(t.Context(), cert)
		if duplicate := errorAs[*intune.DuplicateError](t, err); got == nil || len(duplicate.OtherIDs) != 1 || s.count(cert) != 2 {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

func TestEnsureRejectsBadInputBeforeAnythingIsSent(t *testing.T) {
	expired := issue(t, yearsAgo(2))
	for name, cert := range map[string]*certificate{
		"nil": nil, "empty": {}, "private key": {Content: []byte("-----BEGIN PRIVATE KEY-----")}, "nothing to recognise it by": {Content: []byte("content")},
		"expired": expired,
	} {
		w := newWire(t)
		_, _, ensureErr := certificates(w).Ensure(t.Context(), cert)
		_, rotateErr := certificates(w).Rotate(t.Context(), cert, nil)
		errorAs[*intune.InputError](t, ensureErr)
		if errorAs[*intune.InputError](t, rotateErr); len(w.requests) > 0 {
			t.Errorf("%s: something was sent", name)
		}
	}
	_, _, err := certificates(newWire(t)).Ensure(t.Context(), issue(t), intune.WithSelect(intune.PropertyID))
	errorAs[*intune.InputError](t, err)
	s := new(simulation)
	if _, created, err := s.process(t).Ensure(t.Context(), expired, intune.WithExpiredAllowed()); err != nil || !created {
		t.Errorf("an expired certificate that is allowed: %v", err)
	}
}

func TestEnsureDoesNotUploadLongBeforeNotBefore(t *testing.T) {
	virtual(t, func(t *testing.T) {
		later := func(d time.Duration) func(*x509.Certificate) {
			return func(c *x509.Certificate) { c.NotBefore = c.NotBefore.Add(d) }
		}
		s := new(simulation)
		_, _, err := s.process(t).Ensure(t.Context(), issue(t, later(25*time.Hour)))
		if errorAs[*intune.InputError](t, err); len(s.records) > 0 {
			t.Errorf("uploaded %v", s.records)
		}
		if _, created, err := s.process(t).Ensure(t.Context(), issue(t, later(23*time.Hour))); err != nil || !created {
			t.Errorf("within a day: %v", err)
		}
	})
}

// TestCallsForTheSameSubjectWaitForEachOther: each looks before it uploads.
func TestCallsForTheSameSubjectWaitForEachOther(t *testing.T) {
	virtual(t, func(t *testing.T) {
		s, cert, other := new(simulation), issue(t), issue(t, subjectOf("Fabrikam", "Fabrikam Ltd"))
		s.around = func(req *http.Request, sent bool) error {
			if req.Method == http.MethodPost && !sent {
				time.Sleep(time.Second)
			}
			return nil
		}
		process := s.process(t)
		began := time.Now()
		created := make(chan bool)
		for range 4 {
			go func() {
				_, isNew, err := process.Ensure(t.Context(), cert)
				if err != nil {
					t.Error(err)
				}
				created <- isNew
			}()
		}
		if _, _, err := process.Ensure(t.Context(), other); err != nil || time.Since(began) != time.Second {
			t.Errorf("another subject: %v after %v", err, time.Since(began))
		}
		n := 0
		for range 4 {
			if <-created {
				n++
			}
		}
		if n != 1 || s.count(cert) != 1 {
			t.Errorf("%d have created it; the tenant has %v", n, s.records)
		}
	})
}

// TestIDsThatDifferInCaseAreTwoRecords: only OldID is compared without regard to case.
func TestIDsThatDifferInCaseAreTwoRecords(t *testing.T) {
	rotating(t, func(t *testing.T) {
		s, cert := new(simulation), issue(t, tenDaysAgo)
		s.had(cert, 9*day).ID = "aGVsbG8"
		s.had(issue(t, subjectOf("Fabrikam", "Fabrikam Ltd")), day).ID = "AGVsbG8"
		if got, err := s.process(t).Rotate(t.Context(), cert, nil); !errors.Is(err, intune.ErrNotLatest) {
			t.Errorf("got %+v, %v", got, err)
		}
		if got, err := s.process(t).Latest(t.Context()); err != nil || got.ID != "AGVsbG8" {
			t.Errorf("the latest is %v, %v", got, err)
		}
	})
}
