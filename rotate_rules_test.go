package intune_test

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"

	intune "github.com/seed-230b9595/intune-go"
)

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
			client := over(t, func(req *http.Request) (*http.Response, error) {
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

// TestRotateWaitsAlthoughTheRecordIsNotFound: a 404 may be an early reading, another id is none, and a GET may spell the id
// differently from the listing.
func TestRotateWaitsAlthoughTheRecordIsNotFound(t *testing.T) {
	inCapitals := func(s *simulation, req *http.Request) (*http.Response, error) {
		resp, err := s.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(resp.Body)
		id := s.records[len(s.records)-1].ID
		if err != nil {
			return nil, err
		}
		return reply(200, strings.ReplaceAll(string(body), id, strings.ToUpper(id)))(req)
	}
	always := func(response httpmock.Responder) func(*simulation, *http.Request) (*http.Response, error) {
		return func(_ *simulation, req *http.Request) (*http.Response, error) { return response(req) }
	}
	for name, test := range map[string]struct {
		response func(*simulation, *http.Request) (*http.Response, error)
		isFound  bool
	}{
		"404":            {always(reply(404, graphRefusal("ResourceNotFound"))), false},
		"another record": {always(reply(200, `{"id":"another","subject":"CN=Fabrikam","status":"provisioned"}`)), false},
		"its id differs": {inCapitals, true},
	} {
		for _, isForever := range []bool{false, true} {
			rotating(t, func(t *testing.T) {
				s, cert := &simulation{habits: habits{provisioning: 10 * time.Minute}}, issue(t)
				s.had(issue(t, yearsAgo(1)), 300*day)
				polls := 0
				client := over(t, func(req *http.Request) (*http.Response, error) {
					if isPoll(req) {
						if polls++; isForever || polls < 4 {
							return test.response(s, req)
						}
					}
					return s.RoundTrip(req)
				})
				began, isSeen := time.Now(), test.isFound || !isForever
				got, err := client.EnterpriseCodeSigningCertificates().Rotate(t.Context(), cert, &intune.RotateOptions{DeleteOld: true, WaitProvisioned: time.Hour})
				if want := "nil, created, 1 old, 1 deleted"; summary(got, err) != want || polls < 4 { // a look decides
					t.Errorf("%s: got %s, %v after %d polls", name, summary(got, err), err, polls)
				}
				if waited := time.Since(began); isSeen != (waited < 12*time.Minute) {
					t.Errorf("%s: waited %v", name, waited)
				}
			})
		}
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
			client := over(t, func(req *http.Request) (*http.Response, error) {
				resp, err := s.RoundTrip(req)
				if err == nil {
					resp.Header.Set("Date", time.Now().Add(test.ahead).UTC().Format(http.TimeFormat))
				}
				return resp, err
			})
			got, err := client.EnterpriseCodeSigningCertificates().Rotate(t.Context(), cert, &intune.RotateOptions{DeleteOld: true, Overlap: 12 * time.Hour})
			if summary(got, err) != test.want {
				t.Errorf("%s: got %s, %v", name, summary(got, err), err)
			}
		})
	}
}

// TestRotateBesideOddRecords: every tenth record is odd in one property. They are another publisher's.
func TestRotateBesideOddRecords(t *testing.T) {
	const mayBeLatest = "ambiguous"
	for property, test := range map[string]struct {
		odd  []string // instead of the value
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
				for i := range 12 {
					s.had(issue(t, ofFabrikam(fmt.Sprint("Fabrikam ", i))), time.Duration(400+i)*day)
				}
				s.had(issue(t, yearsAgo(1)), 300*day)
				s.spoils = func(record *certificate, text string) string {
					if i := slices.Index(s.records, record); i%3 != 0 || i >= 12 {
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
					s.expect(t, cert, deleteOld, "nil, created, 1 old, 1 deleted", 13)
					s.expect(t, cert, deleteOld, "nil", 13)
					return
				}
				s.expect(t, cert, deleteOld, test.want, 13)
				s.expect(t, cert, &intune.RotateOptions{Force: true}, "nil, created, 1 old", 14)
				s.expect(t, cert, deleteOld, test.want, 14)
			})
		}
	}
}
