package intune_test

import (
	"crypto/x509"
	"net/http"
	"slices"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

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
