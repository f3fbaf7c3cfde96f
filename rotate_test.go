package intune_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
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

// TestDeletionsFollowTheirLookSoon: a DELETE that has to wait for long is left to the next run.
func TestDeletionsFollowTheirLookSoon(t *testing.T) {
	rotating(t, func(t *testing.T) {
		s, cert := new(simulation), issue(t)
		s.had(issue(t, yearsAgo(1)), 300*day)
		client := over(t, func(req *http.Request) (*http.Response, error) {
			if req.Method == http.MethodDelete && len(s.records) == 2 {
				s.records = s.records[:1] // somebody deletes the new one
				return reply(429, graphRefusal("TooManyRequests"), "Retry-After", "3000")(req)
			}
			return s.RoundTrip(req)
		})
		got, err := client.EnterpriseCodeSigningCertificates().Rotate(t.Context(), cert, deleteOld)
		if !errors.Is(err, intune.ErrThrottled) || len(s.deleted) > 0 || len(got.Deleted) > 0 {
			t.Errorf("got %+v, %v, deleted %v", got, err, s.deleted)
		}
	})
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

// summary says on one line what a call has done.
func summary(got *intune.Rotation, err error) string {
	kind := "nil"
	switch {
	case err == nil:
	case errors.Is(err, intune.ErrOtherSubject):
		kind = "other subject"
	case errors.Is(err, intune.ErrNotLatest):
		kind = "not latest"
	case errors.Is(err, intune.ErrNotProvisioned):
		kind = "not provisioned"
	case errors.As(err, new(*intune.AmbiguousMatchError)):
		kind = "ambiguous"
	case errors.As(err, new(*intune.InputError)):
		kind = "input"
	default:
		kind = err.Error()
	}
	if got == nil {
		return kind
	}
	if got.Created {
		kind += ", created"
	}
	for _, list := range []struct {
		name string
		len  int
	}{{"old", len(got.Old)}, {"deleted", len(got.Deleted)}, {"pending", len(got.Pending)}} {
		if list.len > 0 {
			kind += fmt.Sprintf(", %d %s", list.len, list.name)
		}
	}
	return kind
}

// expect runs Rotate in a process of its own and compares what it has done, and how many records there are then.
func (s *simulation) expect(t *testing.T, cert *certificate, options *intune.RotateOptions, want string, records int) *intune.Rotation {
	t.Helper()
	got, err := s.process(t).Rotate(t.Context(), cert, options)
	if have := summary(got, err); have != want || len(s.records) != records {
		t.Errorf("got %q, want %q; %v; the tenant has %v", have, want, err, s.records)
	}
	return got
}

// TestRotateEveryYear is the job that people have, at services of each kind: it ends with the new certificate alone, and
// can be run again.
func TestRotateEveryYear(t *testing.T) {
	for name, habits := range everyHabit {
		rotating(t, func(t *testing.T) {
			s, foreign := &simulation{habits: habits}, issue(t, ofFabrikam("Fabrikam"))
			s.had(foreign, 900*day)
			options := &intune.RotateOptions{DeleteOld: true, NewSubject: true}
			for year := range 5 {
				cert, want := issue(t), "nil, created"
				if year > 0 {
					want += ", 1 old, 1 deleted"
				}
				s.expect(t, cert, options, want, 2)
				time.Sleep(day)
				if again := s.expect(t, cert, options, "nil", 2); again.MatchedBy == "" || s.count(cert) != 1 || s.count(foreign) != 1 {
					t.Errorf("%s, year %d: the tenant has %v", name, year, s.records)
				}
				time.Sleep(350 * day)
				options = deleteOld
			}
		})
	}
}

func tenDaysAgo(c *x509.Certificate) { c.NotBefore = c.NotBefore.Add(-10 * day) }

// TestRotateLooksAgainAfterItsWait: nil means that the certificate is deployed.
func TestRotateLooksAgainAfterItsWait(t *testing.T) {
	for want, change := range map[string]func(t *testing.T, s *simulation, cert *certificate){
		"not latest, created": func(t *testing.T, s *simulation, _ *certificate) {
			t.Helper()
			s.had(issue(t, ofFabrikam("Fabrikam")), 0)
		},
		"nil, created, 1 old": func(_ *testing.T, s *simulation, cert *certificate) { s.had(cert, 0) },
		"ambiguous, created":  func(_ *testing.T, s *simulation, _ *certificate) { s.records = nil },
	} {
		rotating(t, func(t *testing.T) {
			s, cert := &simulation{habits: habits{provisioning: 10 * time.Minute}}, issue(t)
			s.meanwhile(isPoll, func() {
				change(t, s, cert)
				if len(s.records) > 0 {
					s.provisioning = 0
				}
			})
			got, err := s.process(t).Rotate(t.Context(), cert, &intune.RotateOptions{WaitProvisioned: time.Hour})
			if summary(got, err) != want || errors.Is(err, intune.ErrNotFound) {
				t.Errorf("got %s, %v, want %s", summary(got, err), err, want)
			}
		})
	}
}

// TestRotateIsDatedAfterTheLatestUpload: Intune deploys only the latest.
func TestRotateIsDatedAfterTheLatestUpload(t *testing.T) {
	rotating(t, func(t *testing.T) {
		s, cert := new(simulation), issue(t)
		old := s.had(issue(t, yearsAgo(1)), -time.Hour)
		s.commits[old.ID] = time.Now().Add(-day)
		got := s.expect(t, cert, deleteOld, "nil, created, 1 old, 1 deleted", 1)
		if after := got.Certificate.UploadDateTime.Sub(old.UploadDateTime.Add(time.Second)); after <= 0 || after >= time.Microsecond {
			t.Errorf("uploaded %v after what is to be a second later", after)
		}
	})
}

// TestDryRunSaysWhatTheRunDoes compares the two.
func TestDryRunSaysWhatTheRunDoes(t *testing.T) {
	isThere := func(t *testing.T, s *simulation) *certificate { // uploaded a day ago, and provisioned an hour from now
		t.Helper()
		cert := issue(t, tenDaysAgo)
		s.provisioning = day + time.Hour
		s.had(cert, day)
		return cert
	}
	isNew := func(t *testing.T, _ *simulation) *certificate {
		t.Helper()
		return issue(t)
	}
	for name, test := range map[string]struct {
		prepare func(t *testing.T, s *simulation) *certificate
		options intune.RotateOptions
		want    string
	}{
		"new":                           {isNew, intune.RotateOptions{DeleteOld: true}, "nil, created, 1 old, 1 deleted"},
		"new, nothing is deleted":       {isNew, intune.RotateOptions{}, "nil, created, 1 old"},
		"new, with an overlap":          {isNew, intune.RotateOptions{DeleteOld: true, Overlap: 3 * day}, "nil, created, 1 old, 1 pending"},
		"not provisioned":               {isThere, intune.RotateOptions{DeleteOld: true}, "not provisioned, 1 old, 1 pending"},
		"not provisioned, with a wait":  {isThere, intune.RotateOptions{DeleteOld: true, WaitProvisioned: 2 * time.Hour}, "nil, 1 old, 1 deleted"},
		"there for part of the overlap": {isThere, intune.RotateOptions{DeleteOld: true, WaitProvisioned: 2 * time.Hour, Overlap: 3 * day}, "nil, 1 old, 1 pending"},
		"there for the overlap":         {isThere, intune.RotateOptions{DeleteOld: true, WaitProvisioned: 2 * time.Hour, Overlap: day}, "nil, 1 old, 1 deleted"},
		"not valid yet": {func(t *testing.T, _ *simulation) *certificate {
			t.Helper()
			return issue(t, func(c *x509.Certificate) { c.NotBefore = c.NotBefore.Add(10 * day) })
		}, intune.RotateOptions{}, "input"},
		"of another subject": {func(t *testing.T, _ *simulation) *certificate {
			t.Helper()
			return issue(t, ofFabrikam("Fabrikam"))
		}, intune.RotateOptions{DeleteOld: true}, "other subject"},
		"made from the old record": {func(t *testing.T, s *simulation) *certificate {
			t.Helper()
			cert := issue(t)
			cert.ID = s.records[0].ID
			return cert
		}, intune.RotateOptions{DeleteOld: true}, "nil, created, 1 old, 1 deleted"},
	} {
		rotating(t, func(t *testing.T) {
			time.Sleep(time.Hour) // a date at midnight stands for its day
			s := new(simulation)
			s.had(issue(t, yearsAgo(1)), 300*day)
			cert := test.prepare(t, s)
			dry := test.options
			dry.DryRun = true
			would, dryErr := s.process(t).Rotate(t.Context(), cert, &dry)
			if slices.ContainsFunc(s.requests, func(r string) bool { return r != "GET" }) {
				t.Errorf("%s: a dry run sent %v", name, s.requests)
			}
			did, err := s.process(t).Rotate(t.Context(), cert, &test.options)
			if summary(would, dryErr) != test.want || summary(did, err) != test.want || fmt.Sprint(dryErr) != fmt.Sprint(err) || !slices.Equal(would.Deleted, did.Deleted) {
				t.Errorf("%s: a dry run said %s, %v; the run %s, %v; want %s", name, summary(would, dryErr), dryErr, summary(did, err), err, test.want)
			}
			if would.Created && (would.Certificate.ID != "" || would.Certificate.Subject != cert.Subject) {
				t.Errorf("%s: would upload %v", name, would.Certificate)
			}
		})
	}
}

// TestRotateReportsWhatIsLeftAfterAFailedDeletion: a 404 means that somebody else was faster.
func TestRotateReportsWhatIsLeftAfterAFailedDeletion(t *testing.T) {
	rotating(t, func(t *testing.T) {
		s, cert := new(simulation), issue(t)
		var old []string
		for year := range 4 {
			old = append(old, s.had(issue(t, yearsAgo(5-year)), time.Duration(5-year)*350*day).ID)
		}
		client := over(t, func(req *http.Request) (*http.Response, error) {
			switch {
			case req.Method == http.MethodDelete && strings.HasSuffix(req.URL.Path, old[0]):
				return reply(404, graphRefusal("ResourceNotFound"))(req)
			case req.Method == http.MethodDelete && strings.HasSuffix(req.URL.Path, old[2]):
				return reply(403, graphRefusal("Forbidden"))(req)
			}
			return s.RoundTrip(req)
		})
		got, err := client.EnterpriseCodeSigningCertificates().Rotate(t.Context(), cert, deleteOld)
		if !errors.Is(err, intune.ErrForbidden) || !slices.Equal(got.Deleted, old[1:2]) || !slices.Equal(got.Pending, old[2:]) || !slices.Equal(ids(got.Old), old) {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

func TestRotateRejectsBadInputBeforeAnythingIsSent(t *testing.T) {
	expired := issue(t, yearsAgo(2))
	for name, test := range map[string]struct {
		cert    *certificate
		options *intune.RotateOptions
		opts    []intune.RequestOption
	}{
		"nil": {}, "empty": {cert: &certificate{}}, "expired": {cert: expired}, "nothing to recognize it by": {cert: &certificate{Content: []byte("content")}},
		"private key":     {cert: &certificate{Content: []byte("-----BEGIN PRIVATE KEY-----")}},
		"negative wait":   {cert: issue(t), options: &intune.RotateOptions{WaitProvisioned: -1}},
		"negative time":   {cert: issue(t), options: &intune.RotateOptions{Overlap: -1}},
		"option of a Get": {cert: issue(t), opts: []intune.RequestOption{intune.WithSelect(intune.PropertyID)}},
	} {
		w := newWire(t)
		_, err := certificates(w).Rotate(t.Context(), test.cert, test.options, test.opts...)
		if errorAs[*intune.InputError](t, err); len(w.requests) > 0 {
			t.Errorf("%s: something was sent", name)
		}
	}
	s := new(simulation)
	if got, err := s.process(t).Rotate(t.Context(), expired, nil, intune.WithExpiredAllowed()); err != nil || !got.Created {
		t.Errorf("an expired certificate that is allowed: %v", err)
	}
}

// TestCallsForTheSameSubjectWaitForEachOther: each lists before it uploads.
func TestCallsForTheSameSubjectWaitForEachOther(t *testing.T) {
	virtual(t, func(t *testing.T) {
		s, cert, other := new(simulation), issue(t), issue(t, ofFabrikam("Fabrikam"))
		s.around = func(req *http.Request, sent bool) error {
			if isPost(req) && !sent {
				time.Sleep(time.Second)
			}
			return nil
		}
		process := s.process(t)
		began := time.Now()
		created := make(chan bool)
		for range 4 {
			go func() {
				got, err := process.Rotate(t.Context(), cert, nil)
				created <- err == nil && got.Created
			}()
		}
		if _, err := process.Rotate(t.Context(), other, &intune.RotateOptions{Force: true}); errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 2*time.Second {
			t.Errorf("another subject: %v after %v", err, time.Since(began))
		}
		n := 0
		for range 4 {
			if <-created {
				n++
			}
		}
		if n > 1 || s.count(cert) != 1 {
			t.Errorf("%d have created it; the tenant has %v", n, s.records)
		}
	})
}
