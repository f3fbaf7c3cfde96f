package intune_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// rotating runs a test in virtual time, late enough for uploads of earlier years.
func rotating(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	virtual(t, func(t *testing.T) {
		t.Helper()
		time.Sleep(5 * 365 * day)
		test(t)
	})
}

// had adds an upload that was made so long ago.
func (s *simulation) had(cert *certificate, ago time.Duration) *certificate {
	record := s.add(cert)
	record.UploadDateTime = uploaded(cert, ago).UploadDateTime
	s.commits[record.ID] = time.Now().Add(-ago)
	return record
}

var deleteOld = &intune.RotateOptions{DeleteOld: true}

func TestRotateFirstUpload(t *testing.T) {
	rotating(t, func(t *testing.T) {
		s, cert := new(simulation), issue(t)
		cert.Status, cert.UploadDateTime = intune.CertificateStatusProvisioned, time.Now().AddDate(-1, 0, 0) // not the caller's choice
		got, err := s.process(t).Rotate(t.Context(), cert, nil)
		if err != nil || !got.Created || got.MatchedBy != "" || len(got.Old)+len(got.Deleted) > 0 || got.Certificate.ID != s.records[0].ID {
			t.Errorf("got %+v, %v", got, err)
		}
		if sent := s.records[0]; sent.Status != "" || time.Since(sent.UploadDateTime) > time.Minute {
			t.Errorf("sent %v", sent)
		}
	})
}

// TestRotateEveryYear is the job that people have, at services of each kind: it ends with the new certificate alone, and
// can be run again.
func TestRotateEveryYear(t *testing.T) {
	for name, habits := range everyHabit {
		if habits.bareNames || habits.dropsDates {
			continue // they do not show enough to delete anything
		}
		rotating(t, func(t *testing.T) {
			s, foreign := &simulation{habits: habits}, issue(t, subjectOf("Fabrikam", "Fabrikam Ltd"))
			s.had(foreign, 900*day)
			for year := range 5 {
				cert := issue(t)
				for run := range 2 {
					got, err := s.process(t).Rotate(t.Context(), cert, deleteOld)
					wantDeleted := min(year, 1)
					if run == 1 {
						wantDeleted = 0
					}
					if err != nil || got.Created != (run == 0) || (got.MatchedBy != "") != (run == 1) || len(got.Deleted) != wantDeleted || s.count(cert) != 1 || s.count(foreign) != 1 || len(s.records) != 2 {
						t.Fatalf("%s, year %d, run %d: got %+v, %v; the tenant has %v", name, year, run, got, err, s.records)
					}
					time.Sleep(day)
				}
				time.Sleep(350 * day)
			}
		})
	}
}

func TestRotateDeletesOnlyIfAskedAndOldestFirst(t *testing.T) {
	rotating(t, func(t *testing.T) {
		s, cert := new(simulation), issue(t)
		b, a := s.had(issue(t, yearsAgo(1)), 300*day), s.had(issue(t, yearsAgo(2)), 700*day)
		got, err := s.process(t).Rotate(t.Context(), cert, nil)
		if err != nil || !slices.Equal(ids(got.Old), []string{a.ID, b.ID}) || len(s.deleted) > 0 {
			t.Errorf("got %+v, %v, deleted %v", got, err, s.deleted)
		}
		got, err = s.process(t).Rotate(t.Context(), cert, deleteOld)
		if want := []string{a.ID, b.ID}; err != nil || !slices.Equal(s.deleted, want) || !slices.Equal(got.Deleted, want) || !slices.Equal(ids(got.Old), want) {
			t.Errorf("got %+v, %v, deleted %v", got, err, s.deleted)
		}
	})
}

// TestRotateInDoubtDeletesNothing: each doubt is an error that says what to do.
func TestRotateInDoubtDeletesNothing(t *testing.T) {
	type setup struct {
		habits  habits
		prepare func(t *testing.T, s *simulation, cert *certificate)
		options intune.RotateOptions
		want    string // notLatest, notProvisioned, ambiguous, duplicate or input
		uploads bool   // this call uploads the certificate
		already int    // how often it is there before
	}
	old := func(t *testing.T, s *simulation, _ *certificate) {
		t.Helper()
		s.had(issue(t, yearsAgo(1)), 300*day)
	}
	tests := map[string]setup{
		"a stale job": {want: "notLatest", prepare: func(t *testing.T, s *simulation, _ *certificate) {
			t.Helper()
			s.had(issue(t, yearsAgo(-1)), 10*day)
		}},
		"a stale job, though its certificate is there": {want: "notLatest", already: 1, prepare: func(t *testing.T, s *simulation, cert *certificate) {
			t.Helper()
			s.had(issue(t, yearsAgo(-1)), day)
			s.had(cert, 10*day)
		}},
		"a later upload of another subject": {want: "notLatest", already: 1, prepare: func(t *testing.T, s *simulation, cert *certificate) {
			t.Helper()
			old(t, s, cert)
			s.had(cert, 10*day)
			s.had(issue(t, subjectOf("Fabrikam", "Fabrikam Ltd")), day)
		}},
		"a later upload of the same subject that expires earlier": {want: "notLatest", already: 1, prepare: func(t *testing.T, s *simulation, cert *certificate) {
			t.Helper()
			s.had(cert, 10*day)
			s.had(issue(t, yearsAgo(1)), day)
		}},
		"a tie": {want: "ambiguous", already: 1, prepare: func(t *testing.T, s *simulation, cert *certificate) {
			t.Helper()
			a, b := s.had(cert, 10*day), s.had(issue(t, yearsAgo(1)), 10*day)
			b.UploadDateTime = a.UploadDateTime
		}},
		"an undated record beside the new one": {want: "ambiguous", already: 1, habits: habits{keepsContent: true, dropsDates: true}, prepare: func(t *testing.T, s *simulation, cert *certificate) {
			t.Helper()
			old(t, s, cert)
			s.had(cert, day)
		}},
		"an undated record without content": {want: "ambiguous", habits: habits{dropsDates: true}, prepare: func(t *testing.T, s *simulation, _ *certificate) {
			t.Helper()
			s.had(issue(t), 10*day)
		}},
		"bare common names": {want: "ambiguous", uploads: true, habits: habits{bareNames: true}, prepare: old},
		"bare common names of one that expires later": {want: "ambiguous", habits: habits{bareNames: true}, prepare: func(t *testing.T, s *simulation, _ *certificate) {
			t.Helper()
			s.had(issue(t, yearsAgo(-1), subjectOf("Contoso", "Another Contoso")), 10*day)
		}},
		"duplicates": {want: "duplicate", already: 2, prepare: func(t *testing.T, s *simulation, cert *certificate) {
			t.Helper()
			old(t, s, cert)
			s.had(cert, 2*day)
			s.had(cert, day)
		}},
		"not provisioned":           {want: "notProvisioned", uploads: true, habits: habits{provisioning: time.Hour}, prepare: old},
		"waited too short":          {want: "notProvisioned", uploads: true, habits: habits{provisioning: time.Hour}, options: intune.RotateOptions{WaitProvisioned: 20 * time.Minute}, prepare: old},
		"not there for long enough": {want: "notProvisioned", uploads: true, options: intune.RotateOptions{Overlap: time.Hour}, prepare: old},
		"no date to tell how long": {want: "ambiguous", already: 1, habits: habits{keepsContent: true, dropsDates: true}, options: intune.RotateOptions{Overlap: time.Hour}, prepare: func(t *testing.T, s *simulation, cert *certificate) {
			t.Helper()
			old(t, s, cert)
			s.had(cert, 10*day)
		}},
	}
	for name, test := range tests {
		rotating(t, func(t *testing.T) {
			s, cert := &simulation{habits: test.habits}, issue(t, func(c *x509.Certificate) { c.NotBefore = c.NotBefore.Add(-20 * day) })
			test.prepare(t, s, cert)
			options := test.options
			options.DeleteOld = true
			for run := range 2 {
				got, err := s.process(t).Rotate(t.Context(), cert, &options)
				kind := "success"
				switch {
				case errors.Is(err, intune.ErrNotLatest):
					kind = "notLatest"
				case errors.Is(err, intune.ErrNotProvisioned):
					kind = "notProvisioned"
				case errors.As(err, new(*intune.AmbiguousMatchError)):
					kind = "ambiguous"
				case errors.As(err, new(*intune.DuplicateError)):
					kind = "duplicate"
				case errors.As(err, new(*intune.InputError)):
					kind = "input"
				case err != nil:
					kind = err.Error()
				}
				copies := test.already
				if test.uploads {
					copies = 1
				}
				if kind != test.want || len(s.deleted) > 0 || s.count(cert) != copies {
					t.Errorf("%s, run %d: got %+v, %v; the tenant has %v", name, run, got, err, s.records)
				}
				isStale := strings.HasPrefix(name, "a stale job") // not looked for
				if copies > 0 && !isStale && (got == nil || got.Certificate == nil || got.Created != (test.uploads && run == 0)) {
					t.Errorf("%s, run %d: got %+v beside %v", name, run, got, err)
				}
			}
		})
	}
}

// TestRotateTellsWhatWasListedBeforeItsUpload: without dates, what was there before is older.
func TestRotateTellsWhatWasListedBeforeItsUpload(t *testing.T) {
	rotating(t, func(t *testing.T) {
		s, cert := &simulation{habits: habits{keepsContent: true, dropsDates: true}}, issue(t)
		s.had(issue(t, yearsAgo(1)), 300*day)
		got, err := s.process(t).Rotate(t.Context(), cert, deleteOld)
		if err != nil || len(got.Deleted) != 1 || len(s.records) != 1 {
			t.Errorf("got %+v, %v; the tenant has %v", got, err, s.records)
		}
	})
}

// TestRotateIsDatedAfterTheLatestUpload: Intune deploys only the latest.
func TestRotateIsDatedAfterTheLatestUpload(t *testing.T) {
	rotating(t, func(t *testing.T) {
		s, cert := new(simulation), issue(t)
		old := s.had(issue(t, yearsAgo(1)), -time.Hour)
		s.commits[old.ID] = time.Now().Add(-day)
		got, err := s.process(t).Rotate(t.Context(), cert, deleteOld)
		if want := old.UploadDateTime.Add(100 * time.Nanosecond); err != nil || !got.Certificate.UploadDateTime.Equal(want) || len(s.records) != 1 {
			t.Errorf("got %+v, %v, want the date %v", got, err, want)
		}
	})
}

func TestRotateWaitsUntilTheNewOneIsProvisioned(t *testing.T) {
	rotating(t, func(t *testing.T) {
		s, cert := &simulation{habits: habits{provisioning: 10 * time.Minute}}, issue(t)
		s.had(issue(t, yearsAgo(1)), 300*day)
		log := new(bytes.Buffer)
		began := time.Now()
		process := s.process(t, intune.WithLogger(slog.New(slog.NewTextHandler(log, nil))))
		got, err := process.Rotate(t.Context(), cert, &intune.RotateOptions{DeleteOld: true, WaitProvisioned: time.Hour})
		if waited := time.Since(began); err != nil || len(got.Deleted) != 1 || waited < 10*time.Minute || waited > 12*time.Minute {
			t.Errorf("got %+v, %v after %v", got, err, waited)
		}
		if !strings.Contains(log.String(), "intune: waiting") || !strings.Contains(log.String(), "reason=provisioning") || !strings.Contains(log.String(), "intune: waited") {
			t.Errorf("logged %s", log)
		}
		if polls := len(s.requests); polls > 25 {
			t.Errorf("%d requests: %v", polls, s.requests)
		}
	})
	rotating(t, func(t *testing.T) {
		s, cert := &simulation{habits: habits{provisioning: time.Hour}}, issue(t)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		began := time.Now()
		got, err := s.process(t).Rotate(ctx, cert, &intune.RotateOptions{WaitProvisioned: 2 * time.Hour})
		if !errors.Is(err, intune.ErrNotProvisioned) || !errors.Is(err, context.DeadlineExceeded) || got == nil || time.Since(began) > 5*time.Minute {
			t.Errorf("got %+v, %v after %v", got, err, time.Since(began))
		}
	})
}

// TestRotateDeletesNothingIfProvisioningIsWithdrawn: the status that ended the wait is out of date when it comes to deleting.
func TestRotateDeletesNothingIfProvisioningIsWithdrawn(t *testing.T) {
	rotating(t, func(t *testing.T) {
		s, cert := &simulation{habits: habits{provisioning: 10 * time.Minute}}, issue(t)
		old := s.had(issue(t, yearsAgo(1)), 300*day)
		provisioned := 0
		s.around = func(req *http.Request, sent bool) error {
			if isPoll(req) && sent && time.Since(s.commits[s.records[1].ID]) >= s.provisioning {
				provisioned++
				s.provisioning = day
			}
			return nil
		}
		got, err := s.process(t).Rotate(t.Context(), cert, &intune.RotateOptions{DeleteOld: true, WaitProvisioned: time.Hour})
		if !errors.Is(err, intune.ErrNotProvisioned) || provisioned != 1 || len(got.Deleted) > 0 || !s.has(old.ID) {
			t.Errorf("got %+v, %v after %d polls that showed it as provisioned", got, err, provisioned)
		}
	})
}

// meanwhile calls do once, before the first request that is wanted.
func (s *simulation) meanwhile(isWanted func(req *http.Request) bool, do func()) {
	done := false
	s.around = func(req *http.Request, sent bool) error {
		if !sent && !done && isWanted(req) {
			done = true
			do()
		}
		return nil
	}
}

func isPost(req *http.Request) bool { return req.Method == http.MethodPost }
func isPoll(req *http.Request) bool {
	return req.Method == http.MethodGet && !strings.HasSuffix(req.URL.Path, path)
}

// expiringSoon makes the certificate that was issued most of a year ago.
func expiringSoon(c *x509.Certificate) {
	c.NotBefore, c.NotAfter = c.NotBefore.Add(-300*day), c.NotAfter.Add(-300*day)
}

// TestStaleRotationNeverDeletesTheSuccessor: also if the first look does not show it, or not all of it.
func TestStaleRotationNeverDeletesTheSuccessor(t *testing.T) {
	for name, prepare := range map[string]func(s *simulation, successor *certificate){
		"uploaded at the same time": func(s *simulation, successor *certificate) {
			s.meanwhile(isPost, func() { s.had(successor, time.Millisecond) })
		},
		"hidden by a listing that lags": func(s *simulation, successor *certificate) {
			s.lag = 8 * time.Second
			s.had(successor, 5*time.Second)
		},
		"its expiration only in its content": func(s *simulation, successor *certificate) {
			s.keepsContent = true
			s.had(successor, day).ExpirationDateTime = time.Time{}
		},
	} {
		rotating(t, func(t *testing.T) {
			s, stale, successor := new(simulation), issue(t, expiringSoon), issue(t)
			s.had(issue(t, yearsAgo(1)), 400*day)
			prepare(s, successor)
			got, err := s.process(t).Rotate(t.Context(), stale, deleteOld)
			if !errors.Is(err, intune.ErrNotLatest) || s.count(successor) != 1 || len(s.deleted) > 0 {
				t.Errorf("%s: got %+v, %v, deleted %v", name, got, err, s.deleted)
			}
		})
	}
}

// TestRotateLooksAgainAfterItsWait: nil means that no other upload is later, and that cert is there once.
func TestRotateLooksAgainAfterItsWait(t *testing.T) {
	for name, test := range map[string]struct {
		change func(t *testing.T, s *simulation, cert *certificate)
		want   any
	}{
		"a later upload": {func(t *testing.T, s *simulation, _ *certificate) {
			t.Helper()
			s.had(issue(t, subjectOf("Fabrikam", "Fabrikam Ltd")), 0)
		}, intune.ErrNotLatest},
		"a second record": {func(_ *testing.T, s *simulation, cert *certificate) { s.had(cert, 0) }, new(*intune.DuplicateError)},
		"it is gone":      {func(_ *testing.T, s *simulation, _ *certificate) { s.records = nil }, new(*intune.AmbiguousMatchError)},
	} {
		rotating(t, func(t *testing.T) {
			s, cert := &simulation{habits: habits{provisioning: 10 * time.Minute}}, issue(t)
			s.meanwhile(isPoll, func() { test.change(t, s, cert) })
			got, err := s.process(t).Rotate(t.Context(), cert, &intune.RotateOptions{WaitProvisioned: time.Hour})
			var isWanted bool
			if sentinel, ok := test.want.(error); ok {
				isWanted = errors.Is(err, sentinel)
			} else {
				isWanted = errors.As(err, test.want)
			}
			if !isWanted || errors.Is(err, intune.ErrNotFound) || got == nil || !got.Created {
				t.Errorf("%s: got %+v, %v", name, got, err)
			}
		})
	}
}

func TestRotateTakesNoOtherRecordForTheNewOneWhileItWaits(t *testing.T) {
	rotating(t, func(t *testing.T) {
		s, cert := &simulation{habits: habits{provisioning: time.Minute}}, issue(t)
		service := roundTripper(func(req *http.Request) (*http.Response, error) {
			if isPoll(req) {
				return reply(200, `{"id":"another","subject":"CN=Fabrikam","status":"provisioned"}`)(req)
			}
			return s.RoundTrip(req)
		})
		client := newClient(t, staticToken(), intune.WithHTTPClient(&http.Client{Transport: service}))
		got, err := client.EnterpriseCodeSigningCertificates().Rotate(t.Context(), cert, &intune.RotateOptions{WaitProvisioned: time.Hour})
		if errorAs[*intune.AmbiguousMatchError](t, err); got.Certificate.ID != s.records[0].ID {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

// TestOverlapIsNotShortenedByAWrongClock: the client or the service may have dated the upload.
func TestOverlapIsNotShortenedByAWrongClock(t *testing.T) {
	for name, ahead := range map[string]time.Duration{"the client's is behind": 25 * time.Hour, "the service's is ahead by years": 50 * 365 * day} {
		rotating(t, func(t *testing.T) {
			s, cert := new(simulation), issue(t)
			s.had(issue(t, yearsAgo(1)), 300*day)
			service := roundTripper(func(req *http.Request) (*http.Response, error) {
				resp, err := s.RoundTrip(req)
				if err == nil {
					resp.Header.Set("Date", time.Now().Add(ahead).UTC().Format(http.TimeFormat))
				}
				return resp, err
			})
			client := newClient(t, staticToken(), intune.WithHTTPClient(&http.Client{Transport: service}))
			for range 2 {
				got, err := client.EnterpriseCodeSigningCertificates().Rotate(t.Context(), cert, &intune.RotateOptions{DeleteOld: true, Overlap: day})
				if !errors.Is(err, intune.ErrNotProvisioned) || len(s.deleted) > 0 {
					t.Errorf("%s: got %+v, %v, deleted %v", name, got, err, s.deleted)
				}
				time.Sleep(12 * time.Hour)
			}
		})
	}
}

// TestDeletionsFollowTheirLookSoon: a DELETE that has to wait for long is left to the next run.
func TestDeletionsFollowTheirLookSoon(t *testing.T) {
	rotating(t, func(t *testing.T) {
		s, cert := new(simulation), issue(t)
		s.had(issue(t, yearsAgo(1)), 300*day)
		service := roundTripper(func(req *http.Request) (*http.Response, error) {
			if req.Method == http.MethodDelete && len(s.records) == 2 {
				s.records = s.records[:1] // somebody deletes the new one
				return reply(429, graphRefusal("TooManyRequests"), "Retry-After", "3000")(req)
			}
			return s.RoundTrip(req)
		})
		client := newClient(t, staticToken(), intune.WithHTTPClient(&http.Client{Transport: service}))
		got, err := client.EnterpriseCodeSigningCertificates().Rotate(t.Context(), cert, deleteOld)
		if !errors.Is(err, intune.ErrThrottled) || len(s.deleted) > 0 || len(got.Deleted) > 0 {
			t.Errorf("got %+v, %v, deleted %v", got, err, s.deleted)
		}
	})
}

// TestDryRunSaysWhatTheRunDoes compares the two.
func TestDryRunSaysWhatTheRunDoes(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(t *testing.T, s *simulation) *certificate
		options intune.RotateOptions
	}{
		"not valid yet": {func(t *testing.T, _ *simulation) *certificate {
			t.Helper()
			return issue(t, func(c *x509.Certificate) { c.NotBefore = c.NotBefore.Add(10 * day) })
		}, intune.RotateOptions{}},
		"there, but not provisioned": {func(t *testing.T, s *simulation) *certificate {
			t.Helper()
			cert := issue(t)
			s.provisioning = 10 * day
			s.had(cert, time.Hour)
			return cert
		}, intune.RotateOptions{DeleteOld: true}},
		"not there for Overlap": {func(t *testing.T, _ *simulation) *certificate {
			t.Helper()
			return issue(t)
		}, intune.RotateOptions{DeleteOld: true, Overlap: day}},
		"made from the old record": {func(t *testing.T, s *simulation) *certificate {
			t.Helper()
			cert := issue(t)
			cert.ID = s.records[0].ID
			return cert
		}, intune.RotateOptions{DeleteOld: true}},
	} {
		rotating(t, func(t *testing.T) {
			s := new(simulation)
			s.had(issue(t, yearsAgo(1)), 300*day)
			cert := test.prepare(t, s)
			dry := test.options
			dry.DryRun = true
			would, dryErr := s.process(t).Rotate(t.Context(), cert, &dry)
			did, err := s.process(t).Rotate(t.Context(), cert, &test.options)
			if fmt.Sprint(dryErr) != fmt.Sprint(err) || would.Created != did.Created || !slices.Equal(would.Deleted, did.Deleted) {
				t.Errorf("%s: a dry run said %+v, %v; the run %+v, %v", name, would, dryErr, did, err)
			}
		})
	}
}

func TestResponseSaysHowTheCertificateWasFound(t *testing.T) {
	rotating(t, func(t *testing.T) {
		s, cert := &simulation{habits: habits{provisioning: time.Minute}}, issue(t)
		s.had(issue(t, yearsAgo(1)), 300*day)
		posts := 0
		s.around = func(req *http.Request, sent bool) error {
			if isPost(req) && sent {
				posts++
				return io.ErrUnexpectedEOF
			}
			return nil
		}
		for run := range 2 {
			var response intune.Response
			_, err := s.process(t).Rotate(t.Context(), cert, &intune.RotateOptions{DeleteOld: true, WaitProvisioned: time.Hour}, intune.WithResponse(&response))
			if err != nil || response.Reconciled != (run == 0) || response.MatchedBy == "" || posts != 1 {
				t.Errorf("run %d: %+v, %v", run, response, err)
			}
		}
	})
}

func TestRotateKeepsTheOldOneForTheOverlap(t *testing.T) {
	rotating(t, func(t *testing.T) {
		s, cert := new(simulation), issue(t)
		s.had(issue(t, yearsAgo(1)), 300*day)
		options := &intune.RotateOptions{DeleteOld: true, Overlap: 7 * day}
		for elapsed := range 7 {
			if _, err := s.process(t).Rotate(t.Context(), cert, options); !errors.Is(err, intune.ErrNotProvisioned) || len(s.records) != 2 {
				t.Fatalf("after %d days: %v; the tenant has %v", elapsed, err, s.records)
			}
			time.Sleep(day)
		}
		if got, err := s.process(t).Rotate(t.Context(), cert, options); err != nil || len(got.Deleted) != 1 || len(s.records) != 1 {
			t.Errorf("after the overlap: %+v, %v; the tenant has %v", got, err, s.records)
		}
	})
}

func TestRotateDryRunChangesNothing(t *testing.T) {
	rotating(t, func(t *testing.T) {
		s, cert := new(simulation), issue(t)
		old, foreign := s.had(issue(t, yearsAgo(1)), 300*day), s.had(issue(t, subjectOf("Fabrikam", "Fabrikam Ltd")), 400*day)
		got, err := s.process(t).Rotate(t.Context(), cert, &intune.RotateOptions{DeleteOld: true, DryRun: true})
		if err != nil || !got.Created || got.Certificate == nil || !slices.Equal(got.Deleted, []string{old.ID}) || !slices.Equal(ids(got.Old), []string{old.ID}) {
			t.Errorf("got %+v, %v", got, err)
		}
		if len(s.records) != 2 || !s.has(foreign.ID) || slices.ContainsFunc(s.requests, func(r string) bool { return !strings.HasPrefix(r, "GET") }) {
			t.Errorf("sent %v", s.requests)
		}
	})
}

func TestRotateDryRunDeletesNoMoreThanTheRunWould(t *testing.T) {
	for name, test := range map[string]struct {
		options    intune.RotateOptions
		isThere    bool // uploaded a day ago, and provisioned an hour from now
		isDeleting bool
	}{
		"new":                           {isDeleting: true},
		"new, with an overlap":          {options: intune.RotateOptions{Overlap: 3 * day}},
		"not provisioned":               {isThere: true},
		"not provisioned, with a wait":  {options: intune.RotateOptions{WaitProvisioned: 2 * time.Hour}, isThere: true, isDeleting: true},
		"there for part of the overlap": {options: intune.RotateOptions{WaitProvisioned: 2 * time.Hour, Overlap: 3 * day}, isThere: true},
		"there for the overlap":         {options: intune.RotateOptions{WaitProvisioned: 2 * time.Hour, Overlap: day}, isThere: true, isDeleting: true},
	} {
		t.Run(name, func(t *testing.T) {
			rotating(t, func(t *testing.T) {
				s, cert := new(simulation), issue(t, func(c *x509.Certificate) { c.NotBefore = c.NotBefore.Add(-20 * day) })
				s.had(issue(t, yearsAgo(1)), 300*day)
				if test.isThere {
					s.provisioning = day + time.Hour
					s.had(cert, day)
				}
				test.options.DeleteOld = true
				plan := test.options
				plan.DryRun = true
				planned, planErr := s.process(t).Rotate(t.Context(), cert, &plan)
				done, err := s.process(t).Rotate(t.Context(), cert, &test.options)
				if !slices.Equal(planned.Deleted, done.Deleted) || errors.Is(planErr, intune.ErrNotProvisioned) != errors.Is(err, intune.ErrNotProvisioned) {
					t.Errorf("planned %v, %v; done %v, %v", planned.Deleted, planErr, done.Deleted, err)
				}
				if (len(done.Deleted) == 1) != test.isDeleting {
					t.Errorf("deleted %v, %v", done.Deleted, err)
				}
			})
		})
	}
}

// TestReissueWithTheSameNamesIsToldByNotBefore: what was uploaded more than a day before it is another certificate.
func TestReissueWithTheSameNamesIsToldByNotBefore(t *testing.T) {
	rotating(t, func(t *testing.T) {
		s, first := new(simulation), issue(t)
		end := first.ExpirationDateTime
		s.had(first, 10*day)
		again := issue(t, func(c *x509.Certificate) { c.NotAfter = end })
		got, err := s.process(t).Rotate(t.Context(), again, deleteOld)
		if err != nil || !got.Created || len(got.Deleted) != 1 || s.count(again) != 1 || len(s.records) != 1 {
			t.Errorf("got %+v, %v; the tenant has %v", got, err, s.records)
		}
	})
}

func TestRotateOptionsThatMakeNoSense(t *testing.T) {
	for _, options := range []*intune.RotateOptions{{WaitProvisioned: -1}, {Overlap: -1}} {
		w := newWire(t)
		_, err := certificates(w).Rotate(t.Context(), issue(t), options)
		if errorAs[*intune.InputError](t, err); len(w.requests) > 0 {
			t.Errorf("%+v: something was sent", options)
		}
	}
}

func TestRotateSendsTheCallersHeadersWithEveryRequest(t *testing.T) {
	rotating(t, func(t *testing.T) {
		s := new(simulation)
		s.had(issue(t, yearsAgo(1)), 300*day)
		s.around = func(req *http.Request, sent bool) error {
			if !sent && req.Header.Get("X-Run") != "1" {
				t.Errorf("%s %s goes without", req.Method, req.URL)
			}
			return nil
		}
		if _, err := s.process(t).Rotate(t.Context(), issue(t), deleteOld, intune.WithHeader("X-Run", "1")); err != nil {
			t.Error(err)
		}
	})
}

// crash breaks a process off at a request: before the service has seen it, or after it has carried it out. If isLost, only
// the connection is lost, and the process goes on.
type crash struct {
	request int // from 1; 0 for none
	after   bool
	isLost  bool
}

// run lets a process rotate until its crash.
func (s *simulation) run(t *testing.T, cert *certificate, options *intune.RotateOptions, c crash) (*intune.Rotation, error) {
	t.Helper()
	ctx, end := context.WithCancel(t.Context())
	defer end()
	n := 0
	s.around = func(_ *http.Request, sent bool) error {
		if !sent {
			n++
		}
		if n != c.request || sent != c.after {
			return nil
		}
		if !c.isLost {
			end()
		}
		return io.ErrUnexpectedEOF
	}
	defer func() { s.around = nil }()
	return s.process(t).Rotate(ctx, cert, options)
}

// TestRotateAfterACrashAtAnyPoint breaks a run off at each of its requests, and lets another process run it again.
func TestRotateAfterACrashAtAnyPoint(t *testing.T) {
	for _, after := range []bool{false, true} {
		for _, isLost := range []bool{false, true} {
			for request, more := 1, true; more; request++ {
				rotating(t, func(t *testing.T) {
					s, cert := new(simulation), issue(t)
					s.had(issue(t, yearsAgo(1)), 300*day)
					s.had(issue(t, yearsAgo(2)), 700*day)
					before := len(s.requests)
					_, err := s.run(t, cert, deleteOld, crash{request, after, isLost})
					more = len(s.requests)-before >= request || err != nil
					time.Sleep(time.Minute)
					got, err := s.process(t).Rotate(t.Context(), cert, deleteOld)
					if err != nil || s.count(cert) != 1 || len(s.records) != 1 || got.Certificate.ID != s.records[0].ID {
						t.Errorf("crash at request %d, after it %v, lost %v: %+v, %v; the tenant has %v", request, after, isLost, got, err, s.records)
					}
				})
				if request > 50 {
					t.Fatal("a rotation does not end")
				}
			}
		}
	}
}

// TestRotateByTwoProcessesAtOnce: never two records without a *DuplicateError at one of them at least, and never none. Two
// such errors name the same record to keep.
func TestRotateByTwoProcessesAtOnce(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	duplicates, bothTold := 0, 0
	for round := range 200 {
		rotating(t, func(t *testing.T) {
			server := memoryServer(t, intunetest.WithoutQuota())
			cert, old := issue(t), issue(t, yearsAgo(1))
			if _, err := server.Client().EnterpriseCodeSigningCertificates().Create(t.Context(), old, intune.WithExpiredAllowed()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(day)
			for range 12 {
				server.Inject(intunetest.Fault{Delay: time.Duration(random.IntN(500)) * time.Millisecond, ResponseDelay: time.Duration(random.IntN(500)) * time.Millisecond})
			}
			errs := make(chan error, 2)
			for range 2 {
				start := time.Duration(random.IntN(500)) * time.Millisecond
				go func() {
					time.Sleep(start)
					_, err := server.Client().EnterpriseCodeSigningCertificates().Rotate(t.Context(), cert, deleteOld)
					errs <- err
				}()
			}
			first, second := <-errs, <-errs
			copies := 0
			for _, held := range server.Certificates() {
				if held.Subject == cert.Subject && held.ExpirationDateTime.Equal(cert.ExpirationDateTime) {
					copies++
				}
			}
			var one, other *intune.DuplicateError
			isOneTold, isOtherTold := errors.As(first, &one), errors.As(second, &other)
			if copies == 0 || copies > 2 || copies == 2 && !isOneTold && !isOtherTold {
				t.Errorf("round %d: %d copies, %v and %v", round, copies, first, second)
			}
			if isOneTold && isOtherTold {
				bothTold++
				if one.Certificate.ID != other.Certificate.ID {
					t.Errorf("round %d: told to keep %s and %s", round, one.Certificate.ID, other.Certificate.ID)
				}
			}
			if copies == 2 {
				duplicates++
			}
		})
	}
	if duplicates == 0 || bothTold == 0 {
		t.Errorf("%d rounds made two records, and both processes were told in %d: they do not meet", duplicates, bothTold)
	}
}

// TestRotateHoldsInRandomTenants is a property test: whatever the service shows, whatever the tenant has, and wherever runs
// break off, nothing is deleted that is not certainly old, and success is what it says.
func TestRotateHoldsInRandomTenants(t *testing.T) {
	const seeds = 400
	succeeded, deleted := 0, 0
	for seed := range uint64(seeds) {
		rotating(t, func(t *testing.T) {
			r := newRandomRotation(t, rand.New(rand.NewPCG(seed, 7)))
			var got *intune.Rotation
			var err error
			for run := range 8 {
				c := crash{}
				if run < 4 {
					c = crash{request: 1 + r.random.IntN(12), after: r.random.IntN(2) == 0, isLost: r.random.IntN(2) == 0}
				}
				got, err = r.service.run(t, r.cert, &r.options, c)
				if r.check(); t.Failed() {
					t.Fatalf("seed %d, run %d, %+v of %+v at %+v: %+v, %v; it deleted %v of %v", seed, run, c, r.options, r.service.habits, got, err, r.service.deleted, r.describe())
				}
				time.Sleep(time.Hour + time.Duration(r.random.Int64N(int64(day))))
			}
			if err == nil {
				succeeded++
				r.checkSuccess(got)
			} else if !isExplained(err) {
				t.Errorf("got %v", err)
			}
			deleted += len(r.service.deleted)
			if t.Failed() {
				t.Fatalf("seed %d, %+v at %+v: %+v, %v; it deleted %v of %v", seed, r.options, r.service.habits, got, err, r.service.deleted, r.describe())
			}
		})
	}
	t.Logf("%d of %d succeeded, %d records deleted", succeeded, seeds, deleted)
	if succeeded < seeds/4 || deleted < seeds/4 {
		t.Errorf("%d of %d succeeded, %d records deleted: the test hardly tests anything", succeeded, seeds, deleted)
	}
}

func isExplained(err error) bool {
	return errors.Is(err, intune.ErrNotLatest) || errors.Is(err, intune.ErrNotProvisioned) || errors.Is(err, intune.ErrNotFound) ||
		errors.As(err, new(*intune.AmbiguousMatchError)) || errors.As(err, new(*intune.DuplicateError)) || errors.As(err, new(*intune.InputError))
}

// randomRotation is a tenant and what is asked of it.
type randomRotation struct {
	t       *testing.T
	random  *rand.Rand
	service *simulation
	cert    *certificate
	options intune.RotateOptions
	before  []*certificate // all that was there, by its true dates
	began   time.Time
}

func tenDaysAgo(c *x509.Certificate) { c.NotBefore = c.NotBefore.Add(-10 * day) }

func newRandomRotation(t *testing.T, random *rand.Rand) *randomRotation {
	t.Helper()
	chance := func(percent int) bool { return random.IntN(100) < percent }
	r := &randomRotation{t: t, random: random, cert: issue(t, tenDaysAgo), service: &simulation{habits: habits{
		assignsDates: chance(30), dropsDates: chance(15), keepsContent: chance(30), respells: chance(30), bareNames: chance(10),
		provisioning: []time.Duration{0, time.Minute, time.Hour}[random.IntN(3)], lag: []time.Duration{0, 0, 8 * time.Second}[random.IntN(3)],
	}}}
	for range random.IntN(5) {
		var record *certificate
		ago := time.Duration(1+random.IntN(600)) * day
		switch kind := random.IntN(100); {
		case kind < 55:
			record = issue(t, yearsAgo(1+random.IntN(3)))
		case kind < 75:
			record = issue(t, subjectOf("Fabrikam", "Fabrikam Ltd"))
		case kind < 80:
			record = issue(t, subjectOf("Contoso", "Another Contoso"), yearsAgo(1))
		case kind < 85:
			record = issue(t, yearsAgo(-1))
		case kind < 92:
			record = issue(t, tenDaysAgo) // with the same names and dates; NotBefore tells them apart
			ago += 11 * day
		default:
			record, ago = r.cert, min(ago, 9*day)
			if r.service.count(r.cert) > 0 {
				continue
			}
		}
		r.before = append(r.before, r.service.had(record, ago))
	}
	r.options = intune.RotateOptions{
		DeleteOld: chance(75), Overlap: []time.Duration{0, 0, time.Hour, 2 * day}[random.IntN(4)], WaitProvisioned: []time.Duration{0, 2 * time.Hour}[random.IntN(2)],
	}
	r.began = time.Now()
	return r
}

// check is what holds after each run, wherever it broke off.
func (r *randomRotation) check() {
	t, s := r.t, r.service
	t.Helper()
	if copies := s.count(r.cert); copies > 1 {
		t.Errorf("%d copies", copies)
	}
	isThere := s.count(r.cert) == 1
	wasThere, remaining := false, 0
	for _, record := range r.before {
		if record.Subject != r.cert.Subject {
			continue
		}
		wasThere = true
		if s.has(record.ID) {
			remaining++
		}
	}
	if wasThere && !isThere && remaining == 0 {
		t.Error("neither the old nor the new one is there")
	}
	for _, id := range s.deleted {
		index := slices.IndexFunc(r.before, func(record *certificate) bool { return record.ID == id })
		switch {
		case index < 0:
			t.Errorf("%s was deleted, which was not there at first", id)
		case !r.options.DeleteOld:
			t.Errorf("%s was deleted without being asked for", id)
		case r.before[index].Subject != r.cert.Subject:
			t.Errorf("%s of another subject was deleted", id)
		case bytes.Equal(r.before[index].Content, r.cert.Content):
			t.Errorf("%s, the new one, was deleted", id)
		case !isThere:
			t.Errorf("%s was deleted without the new one", id)
		case !s.commits[id].Before(s.commits[r.newID()]):
			t.Errorf("%s was deleted, which is not older", id)
		case time.Since(s.commits[r.newID()]) < max(r.options.Overlap, s.provisioning):
			t.Errorf("%s was deleted too early", id)
		}
	}
}

// newID returns the id of the record of the certificate, "" if it is not there.
func (r *randomRotation) newID() string {
	for _, record := range r.service.records {
		if bytes.Equal(record.Content, r.cert.Content) {
			return record.ID
		}
	}
	return ""
}

// checkSuccess is what a nil error means.
func (r *randomRotation) checkSuccess(got *intune.Rotation) {
	t, s := r.t, r.service
	t.Helper()
	newID := r.newID()
	if newID == "" && !slices.ContainsFunc(s.records, func(record *certificate) bool {
		return record.ID == got.Certificate.ID && got.MatchedBy == intune.MatchedByNames
	}) {
		t.Error("success without the new one")
	}
	for _, record := range s.records {
		isOld := record.Subject == r.cert.Subject && record.ID != got.Certificate.ID
		if r.options.DeleteOld && isOld && s.commits[record.ID].Before(s.commits[got.Certificate.ID]) {
			t.Errorf("success beside the old %s", record.ID)
		}
		if !s.dropsDates && record.UploadDateTime.After(s.records[slices.IndexFunc(s.records, func(c *certificate) bool { return c.ID == got.Certificate.ID })].UploadDateTime) {
			t.Errorf("success, and %s is later", record.ID)
		}
	}
}

func (r *randomRotation) describe() string {
	var all []string
	for _, record := range r.before {
		all = append(all, fmt.Sprintf("%s of %q, until %s, uploaded %s", record.ID, record.Subject, record.ExpirationDateTime.Format(time.DateOnly), record.UploadDateTime.Format(time.DateOnly)))
	}
	return strings.Join(all, "; ")
}

// TestRotateKnowsItsRecordInAnyCase: a GET may spell the id differently from the listing.
func TestRotateKnowsItsRecordInAnyCase(t *testing.T) {
	rotating(t, func(t *testing.T) {
		s, cert := &simulation{habits: habits{provisioning: time.Minute}}, issue(t)
		service := roundTripper(func(req *http.Request) (*http.Response, error) {
			resp, err := s.RoundTrip(req)
			if err == nil && isPoll(req) {
				body, _ := io.ReadAll(resp.Body)
				id := s.records[0].ID
				return reply(200, strings.ReplaceAll(string(body), id, strings.ToUpper(id)))(req)
			}
			return resp, err
		})
		client := newClient(t, staticToken(), intune.WithHTTPClient(&http.Client{Transport: service}))
		got, err := client.EnterpriseCodeSigningCertificates().Rotate(t.Context(), cert, &intune.RotateOptions{WaitProvisioned: time.Hour})
		if err != nil || got.Certificate.Status != intune.CertificateStatusProvisioned {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}
