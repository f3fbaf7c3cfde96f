package intune_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
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
			s, foreign := &simulation{habits: habits}, issue(t, subjectOf("Fabrikam", "Fabrikam Ltd"))
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

// TestRotateToAnotherSubject: the apps of the deployed certificate would lose their trust.
func TestRotateToAnotherSubject(t *testing.T) {
	for name, subject := range map[string]string{
		"another publisher": "CN=Fabrikam, O=Fabrikam Ltd, C=US", "another organization": "CN=Contoso, O=Contoso Inc, C=US",
		"a street more": "CN=Contoso, O=Contoso Ltd, C=US, STREET=1 Main St", "a number more": "CN=Contoso, O=Contoso Ltd, C=US, SERIALNUMBER=42",
		"a postal code more": "CN=Contoso, O=Contoso Ltd, C=US, PostalCode=98052", "a locality more": "CN=Contoso, O=Contoso Ltd, L=Redmond, C=US",
		"a country less": "CN=Contoso, O=Contoso Ltd", "a common name": "CN=Contoso", "no name": "",
	} {
		rotating(t, func(t *testing.T) {
			s, cert := new(simulation), issue(t, func(c *x509.Certificate) { c.NotAfter = c.NotBefore.Add(4 * day) })
			deployed := s.had(issue(t, yearsAgo(1), func(c *x509.Certificate) { c.NotAfter = c.NotAfter.Add(day) }), 300*day)
			deployed.Subject, deployed.SubjectName = subject, subject
			_, err := s.process(t).Rotate(t.Context(), cert, nil)
			for _, part := range []string{deployed.ID, subject, "2004-03-07", "2005-01-02", "CN=Contoso, O=Contoso Ltd, C=US", "NewSubject"} {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Errorf("%s: %v does not name %q", name, err, part)
				}
			}
			got := s.expect(t, cert, deleteOld, "other subject", 1)
			if got.Previous == nil || got.Previous.ID != deployed.ID || slices.ContainsFunc(s.requests, func(r string) bool { return r != "GET" }) {
				t.Errorf("%s: got %+v after %v", name, got, s.requests)
			}
			s.expect(t, cert, &intune.RotateOptions{NewSubject: true}, "nil, created", 2)
			s.expect(t, cert, nil, "nil", 2)
		})
	}
}

// TestReissue: a new key, the same names, the same end. Intune shows nothing else.
func TestReissue(t *testing.T) {
	const midnight = true
	for _, test := range []struct {
		gap         time.Duration // between the upload of the first one and the re-issue, which is at noon
		isMidnight  bool          // the validity begins at midnight, not at noon
		want        string
		wantRecords int
	}{
		{time.Hour, !midnight, "ambiguous", 2},
		{5 * time.Hour, !midnight, "ambiguous", 2},
		{25 * time.Hour, !midnight, "nil, created, 2 old, 2 deleted", 1},
		{time.Hour, midnight, "nil, 1 old, 1 deleted", 1}, // taken for it: docs/rotation.md says when Force is needed
		{13 * time.Hour, midnight, "ambiguous", 2},
		{25 * time.Hour, midnight, "ambiguous", 2},
		{37 * time.Hour, midnight, "nil, created, 2 old, 2 deleted", 1},
	} {
		for _, isForced := range []bool{false, true} {
			rotating(t, func(t *testing.T) {
				time.Sleep(12 * time.Hour)
				s, cert := new(simulation), issue(t)
				s.had(issue(t, yearsAgo(1)), 300*day)
				time.Sleep(30 * day)
				lost := s.had(cert, test.gap)
				again := issue(t, func(c *x509.Certificate) {
					if test.isMidnight {
						c.NotBefore = c.NotBefore.Truncate(day)
					}
					c.NotAfter = cert.ExpirationDateTime
				})
				if !isForced {
					got := s.expect(t, again, deleteOld, test.want, test.wantRecords)
					if test.want == "ambiguous" && got.Certificate != nil {
						t.Errorf("got %+v", got)
					}
					return
				}
				forced := s.expect(t, again, &intune.RotateOptions{Force: true}, "nil, created, 2 old", 3)
				if forced.Previous == nil || forced.Previous.ID != lost.ID {
					t.Errorf("deployed before: %v", forced.Previous)
				}
				time.Sleep(day)
				s.expect(t, again, nil, "nil, 2 old", 3)
				s.expect(t, again, deleteOld, "nil, 2 old, 2 deleted", 1)
				s.expect(t, again, deleteOld, "nil", 1)
				if s.count(again) != 1 {
					t.Errorf("after %v: the lost one stays", test.gap)
				}
			})
		}
	}
}

// TestReissueIsKnownToTheClientThatUploadedTheFirst: for an hour, whatever the service shows.
func TestReissueIsKnownToTheClientThatUploadedTheFirst(t *testing.T) {
	for _, isUpdated := range []bool{false, true} {
		rotating(t, func(t *testing.T) {
			s, lost := new(simulation), issue(t)
			process := s.process(t)
			again := issue(t)
			got, err := process.Rotate(t.Context(), lost, nil)
			if err != nil {
				t.Fatal(err)
			}
			if isUpdated { // by an update, the record of the one becomes that of the other
				if _, err := process.Update(t.Context(), got.Certificate.ID, &intune.EnterpriseCodeSigningCertificateUpdate{Content: again.Content}); err != nil {
					t.Fatal(err)
				}
				lost, again = again, lost
			}
			for _, cert := range []*certificate{lost, again} {
				if matches, err := process.Find(t.Context(), cert); err != nil || len(matches) == 1 != (cert == lost) {
					t.Errorf("found %v, %v", matches, err)
				}
			}
			if got, err := process.Rotate(t.Context(), again, nil); err != nil || !got.Created {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// TestSameSecond: certificates of organization validation and of extended validation, ordered on one day.
func TestSameSecond(t *testing.T) {
	for _, attribute := range []string{
		"SERIALNUMBER=42", "STREET=1 Main St", "PostalCode=98052", "E=it@contoso.com", "OID.2.5.4.15=Private Organization", "OID.1.3.6.1.4.1.311.60.2.1.3=US",
	} {
		for _, isExtendedFirst := range []bool{false, true} {
			rotating(t, func(t *testing.T) {
				s := new(simulation)
				plain, extended := issue(t), issue(t)
				for _, name := range []*string{&extended.Subject, &extended.SubjectName} {
					*name += ", " + attribute
				}
				extended.Content = nil
				first, second := plain, extended
				if isExtendedFirst {
					first, second = extended, plain
				} else {
					other := s.had(issue(t, yearsAgo(1)), 300*day) // so the service shows such attributes
					other.Subject += ", " + attribute + "0"
				}
				s.had(first, 0)
				n := len(s.records)
				s.expect(t, second, deleteOld, "other subject", n)
				s.expect(t, second, &intune.RotateOptions{DeleteOld: true, NewSubject: true}, "nil, created", n+1)
				s.expect(t, second, deleteOld, "nil", n+1)
				if matches, err := s.process(t).Find(t.Context(), first); err != nil || len(matches) != 1 {
					t.Errorf("%s: found %v, %v", attribute, matches, err)
				}
			})
		}
	}
}

// TestRotateBack: to an earlier certificate, with Force, once.
func TestRotateBack(t *testing.T) {
	for _, isThere := range []bool{false, true} {
		rotating(t, func(t *testing.T) {
			s, first := new(simulation), issue(t)
			second := issue(t, func(c *x509.Certificate) { c.NotAfter = c.NotAfter.AddDate(1, 0, 0) })
			copies := 0
			if isThere {
				s.had(first, 0)
				copies = 1
			}
			time.Sleep(day)
			s.had(second, 0)
			time.Sleep(day)
			s.expect(t, first, nil, "not latest", copies+1)
			want := "nil, created"
			if isThere {
				want += ", 1 old"
			}
			forced := s.expect(t, first, &intune.RotateOptions{Force: true}, want, copies+2)
			if forced.Previous == nil || forced.Previous.ID != s.records[copies].ID {
				t.Errorf("deployed before: %v", forced.Previous)
			}
			time.Sleep(day)
			got, err := s.process(t).Rotate(t.Context(), first, deleteOld)
			if err != nil || len(got.Deleted) != copies || s.count(second) != 1 {
				t.Errorf("got %+v, %v; the tenant has %v", got, err, s.records)
			}
			s.expect(t, second, nil, "not latest", 2)
		})
	}
}

// TestProxyThatRepeatsAPOST: the copies heal, and every process keeps the same one.
func TestProxyThatRepeatsAPOST(t *testing.T) {
	for name, habits := range everyHabit {
		if habits.dropsDates {
			continue
		}
		rotating(t, func(t *testing.T) {
			s, cert := &simulation{habits: habits}, issue(t)
			s.had(issue(t, yearsAgo(1)), 300*day)
			transport := roundTripper(func(req *http.Request) (*http.Response, error) {
				if !isPost(req) {
					return s.RoundTrip(req)
				}
				body, _ := io.ReadAll(req.Body)
				for range 2 {
					again := req.Clone(req.Context())
					again.Body = io.NopCloser(bytes.NewReader(body))
					_, _ = s.RoundTrip(again)
				}
				req.Body = io.NopCloser(bytes.NewReader(body))
				return s.RoundTrip(req)
			})
			client := newClient(t, staticToken(), intune.WithHTTPClient(&http.Client{Transport: transport}))
			got, err := client.EnterpriseCodeSigningCertificates().Rotate(t.Context(), cert, nil)
			if err != nil || s.count(cert) != 3 || len(got.Old) < 1 {
				t.Errorf("%s: got %+v, %v", name, got, err)
			}
			kept := got.Certificate.ID
			for range 2 {
				time.Sleep(day)
				if got, err := s.process(t).Rotate(t.Context(), cert, deleteOld); err != nil || got.Certificate.ID != kept {
					t.Errorf("%s: got %+v, %v, kept %s", name, got, err, kept)
				}
			}
			if !habits.assignsDates && len(s.records) != 1 { // three equal dates that the service made up have no order
				t.Errorf("%s: the tenant has %v", name, s.records)
			}
		})
	}
}

// TestRotateKeepsTheOldOneForTheOverlap: that is a normal state, day by day.
func TestRotateKeepsTheOldOneForTheOverlap(t *testing.T) {
	rotating(t, func(t *testing.T) {
		s, cert := new(simulation), issue(t)
		old := s.had(issue(t, yearsAgo(1)), 300*day)
		until := time.Now().Add(30 * day)
		options := &intune.RotateOptions{DeleteOld: true, Overlap: 30 * day}
		want := "nil, created, 1 old, 1 pending"
		for range 30 {
			got := s.expect(t, cert, options, want, 2)
			if !slices.Equal(got.Pending, []string{old.ID}) || got.PendingUntil.Sub(until).Abs() > time.Second {
				t.Errorf("pending are %v until %v, want %v", got.Pending, got.PendingUntil, until)
			}
			want = "nil, 1 old, 1 pending"
			time.Sleep(day)
		}
		time.Sleep(time.Second)
		if got := s.expect(t, cert, options, "nil, 1 old, 1 deleted", 1); !got.PendingUntil.IsZero() {
			t.Errorf("pending until %v", got.PendingUntil)
		}
	})
}

// TestServicesThatAreNotRecognizedTheNextDay: an error at the first run, not a copy a day.
func TestServicesThatAreNotRecognizedTheNextDay(t *testing.T) {
	for name, show := range map[string]func(r *certificate){
		"another name":         func(r *certificate) { r.Subject, r.SubjectName = "CN=0815", "CN=0815" },
		"the common name":      func(r *certificate) { r.Subject, r.SubjectName = "CN=Contoso", "CN=Contoso" },
		"no organization":      func(r *certificate) { r.Subject, r.SubjectName = "CN=Contoso, C=US", "" },
		"a text":               func(r *certificate) { r.Subject, r.SubjectName = "Contoso of Contoso Ltd", "" },
		"no name":              func(r *certificate) { r.Subject, r.SubjectName = "", "" },
		"no expiration":        func(r *certificate) { r.ExpirationDateTime = time.Time{} },
		"an expiration moved":  func(r *certificate) { r.ExpirationDateTime = r.ExpirationDateTime.Add(-day) },
		"no date":              func(r *certificate) { r.UploadDateTime = time.Time{} },
		"a date that is ahead": func(r *certificate) { r.UploadDateTime = r.UploadDateTime.AddDate(0, 0, 2) },
		"a date in time zone":  func(r *certificate) { r.UploadDateTime = r.UploadDateTime.Add(-8 * time.Hour) },
	} {
		rotating(t, func(t *testing.T) {
			s, cert := &simulation{habits: habits{keepsContent: true}, shows: show}, issue(t)
			if got, err := s.process(t).Rotate(t.Context(), cert, nil); summary(got, err) != "ambiguous, created" || !strings.Contains(err.Error(), s.records[0].ID) {
				t.Errorf("%s: got %s, %v", name, summary(got, err), err)
			}
			s.keepsContent = false
			for range 3 {
				time.Sleep(day)
				if _, err := s.process(t).Rotate(t.Context(), cert, nil); len(s.records) > 2 {
					t.Errorf("%s: %v; the tenant has %v", name, err, s.records)
				}
			}
		})
	}
}

// TestOverlapCountsFromTheTrueUpload: the service cuts dates to days, or shows local time as UTC.
func TestOverlapCountsFromTheTrueUpload(t *testing.T) {
	shift := func(d time.Duration) func(r *certificate) {
		return func(r *certificate) { r.UploadDateTime = r.UploadDateTime.Add(d) }
	}
	for name, show := range map[string]func(r *certificate){
		"cut to days":        func(r *certificate) { r.UploadDateTime = r.UploadDateTime.Truncate(day) },
		"eight hours behind": shift(-8 * time.Hour), "eight hours ahead": shift(8 * time.Hour),
	} {
		rotating(t, func(t *testing.T) {
			time.Sleep(12 * time.Hour)
			s, cert := &simulation{shows: show}, issue(t, tenDaysAgo)
			s.had(issue(t, yearsAgo(1)), 300*day)
			got, err := s.process(t).Rotate(t.Context(), cert, &intune.RotateOptions{DeleteOld: true, Overlap: 7 * time.Hour})
			if err != nil || len(got.Pending) != 1 || got.PendingUntil.Before(time.Now().Add(6*time.Hour)) {
				t.Errorf("%s: got %+v, %v", name, got, err)
			}
		})
	}
}

func tenDaysAgo(c *x509.Certificate) { c.NotBefore = c.NotBefore.Add(-10 * day) }

// TestRotateWaitsAlthoughTheRecordIsNotFound: a 404 may be an early reading, and another id is none.
func TestRotateWaitsAlthoughTheRecordIsNotFound(t *testing.T) {
	for name, response := range map[string]func(req *http.Request) (*http.Response, error){
		"404": reply(404, graphRefusal("ResourceNotFound")), "another record": reply(200, `{"id":"another","subject":"CN=Fabrikam","status":"provisioned"}`),
	} {
		for _, isForever := range []bool{false, true} {
			rotating(t, func(t *testing.T) {
				s, cert := &simulation{habits: habits{provisioning: 10 * time.Minute}}, issue(t)
				s.had(issue(t, yearsAgo(1)), 300*day)
				polls := 0
				transport := roundTripper(func(req *http.Request) (*http.Response, error) {
					if isPoll(req) {
						if polls++; isForever || polls < 4 {
							return response(req)
						}
					}
					return s.RoundTrip(req)
				})
				client := newClient(t, staticToken(), intune.WithHTTPClient(&http.Client{Transport: transport}))
				got, err := client.EnterpriseCodeSigningCertificates().Rotate(t.Context(), cert, &intune.RotateOptions{DeleteOld: true, WaitProvisioned: time.Hour})
				if want := "nil, created, 1 old, 1 deleted"; summary(got, err) != want || polls < 4 { // a look decides
					t.Errorf("%s: got %s, %v after %d polls", name, summary(got, err), err, polls)
				}
			})
		}
	}
}

// TestRotateLooksAgainAfterItsWait: nil means that the certificate is deployed.
func TestRotateLooksAgainAfterItsWait(t *testing.T) {
	for want, change := range map[string]func(t *testing.T, s *simulation, cert *certificate){
		"not latest, created": func(t *testing.T, s *simulation, _ *certificate) {
			t.Helper()
			s.had(issue(t, subjectOf("Fabrikam", "Fabrikam Ltd")), 0)
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

// TestRotateByOddClocks: now is the Date of the service.
func TestRotateByOddClocks(t *testing.T) {
	for name, test := range map[string]struct {
		ahead time.Duration // the clock of the service
		want  string
	}{
		"the client is behind by an hour": {time.Hour, "nil, created, 1 old, 1 pending"},
		"the client is ahead by an hour":  {-time.Hour, "nil, created, 1 old, 1 pending"},
		"the client is ahead by two days": {-2 * day, "ambiguous, created"}, // its date counts as undated
	} {
		rotating(t, func(t *testing.T) {
			s, cert := new(simulation), issue(t, tenDaysAgo)
			s.had(issue(t, yearsAgo(1)), 300*day)
			transport := roundTripper(func(req *http.Request) (*http.Response, error) {
				resp, err := s.RoundTrip(req)
				if err == nil {
					resp.Header.Set("Date", time.Now().Add(test.ahead).UTC().Format(http.TimeFormat))
				}
				return resp, err
			})
			client := newClient(t, staticToken(), intune.WithHTTPClient(&http.Client{Transport: transport}))
			got, err := client.EnterpriseCodeSigningCertificates().Rotate(t.Context(), cert, &intune.RotateOptions{DeleteOld: true, Overlap: 12 * time.Hour})
			if summary(got, err) != test.want {
				t.Errorf("%s: got %s, %v", name, summary(got, err), err)
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
			return issue(t, subjectOf("Fabrikam", "Fabrikam Ltd"))
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
		transport := roundTripper(func(req *http.Request) (*http.Response, error) {
			switch {
			case req.Method == http.MethodDelete && strings.HasSuffix(req.URL.Path, old[0]):
				return reply(404, graphRefusal("ResourceNotFound"))(req)
			case req.Method == http.MethodDelete && strings.HasSuffix(req.URL.Path, old[2]):
				return reply(403, graphRefusal("Forbidden"))(req)
			}
			return s.RoundTrip(req)
		})
		client := newClient(t, staticToken(), intune.WithHTTPClient(&http.Client{Transport: transport}))
		got, err := client.EnterpriseCodeSigningCertificates().Rotate(t.Context(), cert, deleteOld)
		if !errors.Is(err, intune.ErrForbidden) || !slices.Equal(got.Deleted, old[1:2]) || !slices.Equal(got.Pending, old[2:]) || !slices.Equal(ids(got.Old), old) {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

// TestRotateBesideOddRecords: every tenth record is odd in one property. They are another publisher's.
func TestRotateBesideOddRecords(t *testing.T) {
	const mayBeLatest = "ambiguous"
	for property, test := range map[string]struct {
		odd  []string // in place of the value
		want string   // "" for success
	}{
		"id":                 {[]string{`null`, `7`, `""`, `{"a":1}`}, ""},
		"content":            {[]string{`"!!"`, `7`, `"anVuaw=="`, `[1]`}, ""},
		"status":             {[]string{`null`, `7`, `"\u001b[31m"`, `[]`}, ""},
		"subject":            {[]string{`null`, `7`, `"=,+=,+"`, `{}`}, ""},
		"issuer":             {[]string{`null`, `7`, `"=,+=,+"`}, ""},
		"expirationDateTime": {[]string{`null`, `"tomorrow"`, `7`, `"0001-01-01T00:00:00Z"`}, ""},
		"uploadDateTime":     {[]string{`null`, `"tomorrow"`, `7`, `"1601-01-01T00:00:00Z"`}, mayBeLatest},
		"extra":              {[]string{`{"a":[1,2,{"b":null}]}`}, ""},
	} {
		for _, odd := range test.odd {
			rotating(t, func(t *testing.T) {
				s, cert := new(simulation), issue(t)
				for i := range 40 {
					s.had(issue(t, subjectOf(fmt.Sprint("Fabrikam ", i), "Fabrikam Ltd")), time.Duration(400+i)*day)
				}
				s.had(issue(t, yearsAgo(1)), 300*day)
				s.spoils = func(record *certificate, text string) string {
					if i := slices.Index(s.records, record); i%10 != 0 || i >= 40 {
						return text
					}
					members := make(map[string]json.RawMessage)
					if err := json.Unmarshal([]byte(text), &members); err != nil {
						t.Fatal(err)
					}
					members[property] = json.RawMessage(odd)
					data, _ := json.Marshal(members)
					return string(data)
				}
				if test.want == "" {
					s.expect(t, cert, deleteOld, "nil, created, 1 old, 1 deleted", 41)
					s.expect(t, cert, deleteOld, "nil", 41)
					return
				}
				s.expect(t, cert, deleteOld, test.want, 41)
				s.expect(t, cert, &intune.RotateOptions{Force: true}, "nil, created, 1 old", 42)
				s.expect(t, cert, deleteOld, test.want, 42)
			})
		}
	}
}

func TestRotateRejectsBadInputBeforeAnythingIsSent(t *testing.T) {
	expired := issue(t, yearsAgo(2))
	for name, cert := range map[string]*certificate{
		"nil": nil, "empty": {}, "private key": {Content: []byte("-----BEGIN PRIVATE KEY-----")}, "nothing to recognize it by": {Content: []byte("content")},
		"expired": expired,
	} {
		w := newWire(t)
		_, err := certificates(w).Rotate(t.Context(), cert, nil)
		if errorAs[*intune.InputError](t, err); len(w.requests) > 0 {
			t.Errorf("%s: something was sent", name)
		}
	}
	_, err := certificates(newWire(t)).Rotate(t.Context(), issue(t), nil, intune.WithSelect(intune.PropertyID))
	errorAs[*intune.InputError](t, err)
	s := new(simulation)
	if got, err := s.process(t).Rotate(t.Context(), expired, nil, intune.WithExpiredAllowed()); err != nil || !got.Created {
		t.Errorf("an expired certificate that is allowed: %v", err)
	}
}

// TestCallsForTheSameSubjectWaitForEachOther: each lists before it uploads.
func TestCallsForTheSameSubjectWaitForEachOther(t *testing.T) {
	virtual(t, func(t *testing.T) {
		s, cert, other := new(simulation), issue(t), issue(t, subjectOf("Fabrikam", "Fabrikam Ltd"))
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
