package intune_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// postFaults are the ways in which a create can go wrong once, all over before RetryPolicy.MaxDelay has passed.
var postFaults = []intunetest.Fault{
	{Status: 500}, {Status: 500, Committed: true},
	{Status: 502, Gateway: true}, {Status: 502, Gateway: true, Committed: true},
	{Status: 503, Gateway: true}, {Status: 503, Gateway: true, Committed: true},
	{Status: 504, Gateway: true}, {Status: 504, Gateway: true, Committed: true},
	{Status: 200, Committed: true},
	{Status: 429}, {Status: 429, RetryAfter: "20"}, {Status: 503}, {Status: 503, RetryAfter: "20"}, {Status: 401},
	{Drop: intunetest.DropBeforeReading}, {Drop: intunetest.DropWhileReading}, {Drop: intunetest.DropAfterReading},
	{Drop: intunetest.DropAfterCommit}, {Drop: intunetest.DropInResponse},
	{Status: 504, Gateway: true, Committed: true, VisibleAfter: 29 * time.Second},
	{Drop: intunetest.DropAfterCommit, VisibleAfter: 700 * time.Millisecond}, {Drop: intunetest.DropInResponse, VisibleAfter: 10 * time.Second},
	{Delay: 50 * time.Second}, {ResponseDelay: 50 * time.Second},
	{Delay: 70 * time.Second},         // carried out ten seconds after the client has left
	{ResponseDelay: 70 * time.Second}, // carried out, and answered ten seconds after the client has left
}

// services are the ways in which a service may treat what it is sent.
var services = map[string][]intunetest.ServerOption{
	"keeps what it is sent":                    nil,
	"dates uploads itself":                     {intunetest.WithOwnUploadDates()},
	"dates uploads itself, ten minutes ahead":  {intunetest.WithOwnUploadDates(), intunetest.WithClockSkew(10 * time.Minute)},
	"dates uploads itself, ten minutes behind": {intunetest.WithOwnUploadDates(), intunetest.WithClockSkew(-10 * time.Minute)},
	"spells names anew and cuts times":         {intunetest.WithRespelling(), intunetest.WithClockSkew(10 * time.Minute)},
	"dates, spells and cuts":                   {intunetest.WithRespelling(), intunetest.WithOwnUploadDates()},
}

// tenantWithTwin is a tenant on virtual time that holds an identical record, uploaded two days ago.
func tenantWithTwin(t *testing.T, cert *intune.EnterpriseCodeSigningCertificate, opts ...intunetest.ServerOption) (server *intunetest.Server, twin string) {
	t.Helper()
	time.Sleep(24 * time.Hour) // virtual time begins in the year 2000, before which a date counts as not shown
	server = intunetest.NewServer(t, append(opts, intunetest.WithListener(intunetest.ListenMemory()))...)
	created, err := server.Client().EnterpriseCodeSigningCertificates().Create(t.Context(), cert)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(48 * time.Hour)
	return server, created.ID
}

// wantOne fails unless the tenant holds one certificate beside the twin, and it is the one that was returned.
func wantOne(t *testing.T, server *intunetest.Server, twin string, got *intune.EnterpriseCodeSigningCertificate, err error) {
	t.Helper()
	held := server.Certificates()
	if err != nil || got == nil {
		t.Errorf("%d held, error %v", len(held), err)
		return
	}
	if len(held) != 2 || held[0].ID != twin || held[1].ID != got.ID {
		t.Errorf("got %s beside the twin %s; the tenant holds %v", got.ID, twin, held)
	}
}

// TestCreateExactlyOnce strikes a create with every fault, alone and in pairs, at every kind of service. It ends with
// one record and its id in hand, and a twin that was there before is neither taken for ours nor a reason not to create.
func TestCreateExactlyOnce(t *testing.T) {
	parsed := newCertificate(t)
	for name, opts := range services {
		t.Run(name, func(t *testing.T) {
			for _, first := range postFaults {
				exactlyOnce(t, parsed, opts, first)
				for _, second := range postFaults {
					exactlyOnce(t, parsed, opts, first, second)
				}
			}
		})
	}
}

func exactlyOnce(t *testing.T, parsed *x509.Certificate, opts []intunetest.ServerOption, faults ...intunetest.Fault) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cert := intune.FromX509(parsed)
		server, twin := tenantWithTwin(t, cert, opts...)
		for _, fault := range faults {
			fault.Method = http.MethodPost
			server.Inject(fault)
		}
		got, err := server.Client().EnterpriseCodeSigningCertificates().Create(t.Context(), cert)
		if len(faults) == 2 && faults[0].Status == 401 && faults[1].Status == 401 {
			if !errors.Is(err, intune.ErrUnauthorized) || len(server.Certificates()) != 1 {
				t.Errorf("a fresh token was refused as well: got %v", err)
			}
			return
		}
		if wantOne(t, server, twin, got, err); t.Failed() {
			t.Fatalf("under %+v", faults)
		}
	})
}

// TestCreateExactlyOnceWhileListingFails lets the looks fail too: they are repeated, and only when they fail for longer
// than absence takes to be believed is the outcome unknown.
func TestCreateExactlyOnceWhileListingFails(t *testing.T) {
	listing := intunetest.Fault{Method: http.MethodGet, Status: 500}
	for _, committed := range []bool{false, true} {
		for _, failures := range []int{1, 3, 4, 8, 400} {
			synctest.Test(t, func(t *testing.T) {
				cert := intune.FromX509(newCertificate(t))
				server, twin := tenantWithTwin(t, cert)
				server.Inject(intunetest.Fault{Method: http.MethodPost, Status: 504, Gateway: true, Committed: committed})
				for range failures {
					server.Inject(listing)
				}
				got, err := server.Client().EnterpriseCodeSigningCertificates().Create(t.Context(), cert)
				if failures < 400 {
					wantOne(t, server, twin, got, err)
					return
				}
				unknown := errorAs[*intune.OutcomeUnknownError](t, err)
				if unknown.Attempts != 1 || !strings.Contains(err.Error(), "504") || !strings.Contains(err.Error(), "cannot be listed") {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

func TestListingThatIsRefusedLeavesTheOutcomeUnknownAtOnce(t *testing.T) {
	for _, status := range []int{400, 403, 404} {
		synctest.Test(t, func(t *testing.T) {
			server := intunetest.NewServer(t, intunetest.WithListener(intunetest.ListenMemory()))
			server.Inject(intunetest.Fault{Drop: intunetest.DropAfterCommit}, intunetest.Fault{Status: status})
			began := time.Now()
			_, err := create(server.Client())
			if errorAs[*intune.OutcomeUnknownError](t, err); time.Since(began) > time.Second {
				t.Errorf("%d: returned after %v", status, time.Since(began))
			}
		})
	}
}

func TestReconciledSaysHow(t *testing.T) {
	for matchedBy, opts := range map[intune.MatchedBy][]intunetest.ServerOption{
		"uploadDateTime": nil, "names": {intunetest.WithOwnUploadDates(), intunetest.WithClockSkew(time.Second)},
	} {
		synctest.Test(t, func(t *testing.T) {
			server := intunetest.NewServer(t, append(opts, intunetest.WithListener(intunetest.ListenMemory()))...)
			server.Inject(intunetest.Fault{Drop: intunetest.DropAfterCommit})
			var meta intune.Response
			got, err := create(server.Client(), intune.WithResponse(&meta))
			if err != nil || !meta.Reconciled || meta.MatchedBy != matchedBy || meta.Attempts != 1 || got.ID != server.Certificates()[0].ID {
				t.Errorf("got %v, %v, %+v", got, err, meta)
			}
			if _, err = create(server.Client(), intune.WithResponse(&meta)); err != nil || meta.Reconciled || meta.MatchedBy != "" {
				t.Errorf("without a fault: %v, %+v", err, meta)
			}
		})
	}
}

func TestReconcileRecognisesContentThatTheServiceStillShows(t *testing.T) {
	sent := intune.FromX509(newCertificate(t))
	sent.UploadDateTime = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	listed := func(content []byte) string {
		return fmt.Sprintf(`{"value":[{"id":"x","content":%q,"subject":"CN=Somebody else","uploadDateTime":"2026-11-23T12:00:00Z"}]}`, b64(content))
	}
	w := newWire(t, reply(200, `{"value":[]}`), lost(), reply(200, listed(sent.Content)))
	var meta intune.Response
	got, err := w.client().EnterpriseCodeSigningCertificates().Create(t.Context(), sent, intune.WithResponse(&meta))
	if err != nil || got.ID != "x" || meta.MatchedBy != "content" {
		t.Errorf("got %v, %v, %+v", got, err, meta)
	}
}

// TestNothingBareAfterAnUnknownOutcome shows that what follows an attempt of unknown outcome is never returned alone.
func TestNothingBareAfterAnUnknownOutcome(t *testing.T) {
	lostBefore := intunetest.Fault{Method: http.MethodPost, Drop: intunetest.DropAfterReading}
	tests := map[string]struct {
		then    intunetest.Fault
		timeout time.Duration
		is      error
	}{
		"400":                         {intunetest.Fault{Status: 400}, time.Hour, intune.ErrBadRequest},
		"403":                         {intunetest.Fault{Status: 403}, time.Hour, intune.ErrForbidden},
		"409":                         {intunetest.Fault{Status: 409}, time.Hour, intune.ErrConflict},
		"429 for too long":            {intunetest.Fault{Status: 429, RetryAfter: "3000"}, 20 * time.Minute, intune.ErrThrottled},
		"429 for absurdly long":       {intunetest.Fault{Status: 429, RetryAfter: "9000"}, 9 * time.Hour, intune.ErrThrottled},
		"the context while it waits":  {intunetest.Fault{ResponseDelay: time.Hour}, 70 * time.Second, context.DeadlineExceeded},
		"the context before absence":  {intunetest.Fault{}, 20 * time.Second, nil},
		"the context in another look": {intunetest.Fault{}, 200 * time.Millisecond, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := intunetest.NewServer(t, intunetest.WithListener(intunetest.ListenMemory()))
				test.then.Method = http.MethodPost
				server.Inject(lostBefore, test.then)
				ctx, cancel := context.WithTimeout(t.Context(), test.timeout)
				defer cancel()
				_, err := createContext(ctx, server.Client())
				errorAs[*intune.OutcomeUnknownError](t, err)
				if test.is != nil && !errors.Is(err, test.is) {
					t.Errorf("got %v, want %v in it", err, test.is)
				}
			})
		})
	}
}

// TestLaterErrorIsForgivenWhereTheCertificateHasTurnedUp: the first attempt's certificate becomes visible while the
// second attempt is refused.
func TestLaterErrorIsForgivenWhereTheCertificateHasTurnedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := intunetest.NewServer(t, intunetest.WithListener(intunetest.ListenMemory()))
		server.Inject(intunetest.Fault{Method: http.MethodPost, Drop: intunetest.DropAfterCommit, VisibleAfter: 40 * time.Second},
			intunetest.Fault{Method: http.MethodPost, Status: 409, Delay: 20 * time.Second})
		var meta intune.Response
		got, err := create(server.Client(), intune.WithResponse(&meta))
		if err != nil || !meta.Reconciled || meta.Attempts != 2 || len(server.Certificates()) != 1 || got.ID != server.Certificates()[0].ID {
			t.Errorf("got %v, %v, %+v", got, err, meta)
		}
	})
}

// TestCommitThatBecomesVisibleTooLate is beyond what Create guarantees, and yet it says so.
func TestCommitThatBecomesVisibleTooLate(t *testing.T) {
	late := intunetest.Fault{Method: http.MethodPost, Drop: intunetest.DropAfterCommit, VisibleAfter: 40 * time.Second}
	t.Run("with one attempt the outcome is unknown", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			server := intunetest.NewServer(t, intunetest.WithListener(intunetest.ListenMemory()))
			server.Inject(late)
			began := time.Now()
			_, err := create(server.Client(intune.WithRetry(intune.RetryPolicy{MaxAttempts: 1})))
			if errorAs[*intune.OutcomeUnknownError](t, err); time.Since(began) != 30*time.Second || len(server.Certificates()) != 1 {
				t.Errorf("got %v after %v", err, time.Since(began))
			}
		})
	})
	t.Run("with another attempt the duplicate is named", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			server := intunetest.NewServer(t, intunetest.WithListener(intunetest.ListenMemory()))
			server.Inject(late, intunetest.Fault{Method: http.MethodPost, ResponseDelay: 20 * time.Second})
			got, err := create(server.Client())
			duplicate := errorAs[*intune.DuplicateError](t, err)
			held := server.Certificates()
			if len(held) != 2 || got == nil || got.ID != held[1].ID || len(duplicate.OtherIDs) != 1 || duplicate.OtherIDs[0] != held[0].ID ||
				duplicate.Certificate.ID != got.ID {
				t.Errorf("got %v, %v; the tenant holds %v", got, err, held)
			}
		})
	})
}

func TestLooksDoubleUntilAbsenceIsBelieved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := intunetest.NewServer(t, intunetest.WithListener(intunetest.ListenMemory()))
		server.Inject(intunetest.Fault{Drop: intunetest.DropAfterReading})
		if _, err := create(server.Client()); err != nil {
			t.Fatal(err)
		}
		var sequence []string
		var lostAt time.Time
		for _, req := range server.Requests() {
			if strings.HasSuffix(req.URL, "/token") {
				continue
			}
			if lostAt.IsZero() {
				lostAt = req.Time
			}
			sequence = append(sequence, fmt.Sprintf("%s %v", req.Method, req.Time.Sub(lostAt)))
		}
		want := "POST 0s, GET 0s, GET 500ms, GET 1.5s, GET 3.5s, GET 7.5s, GET 15.5s, GET 30s, POST 30s, GET 30s"
		if got := strings.Join(sequence, ", "); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		bodies := make(map[string]bool)
		for _, req := range server.Requests() {
			if req.Method == http.MethodPost && !strings.HasSuffix(req.URL, "/token") {
				bodies[string(req.Body)] = true
			}
		}
		if len(bodies) != 1 {
			t.Errorf("the two requests differ: %v", bodies)
		}
	})
}

// TestUploadDatedByTheCaller: the date that the caller has chosen identifies the record too, on the same certificate.
func TestUploadDatedByTheCaller(t *testing.T) {
	for _, fault := range []intunetest.Fault{{}, {Drop: intunetest.DropAfterCommit}, {Drop: intunetest.DropAfterReading}} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(48 * time.Hour)
			cert := intune.FromX509(newCertificate(t))
			cert.UploadDateTime = time.Now().Add(-time.Hour)
			server := memoryServer(t)
			inject(server, fault)
			got, err := server.Client().EnterpriseCodeSigningCertificates().Create(t.Context(), cert)
			if held := server.Certificates(); err != nil || len(held) != 1 || held[0].ID != got.ID || !got.UploadDateTime.Equal(cert.UploadDateTime) {
				t.Errorf("got %v, %v; the tenant holds %v", got, err, held)
			}
		})
	}
}

// TestTwinOfTheSameMoment: two calls of one client create the same certificate at the same instant; the loser of its
// answer does not take the other's record.
func TestTwinOfTheSameMoment(t *testing.T) {
	for name, opts := range services {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(24 * time.Hour)
				server := intunetest.NewServer(t, append(opts, intunetest.WithListener(intunetest.ListenMemory()))...)
				client := server.Client()
				first, err := create(client)
				if err != nil {
					t.Fatal(err)
				}
				server.Inject(intunetest.Fault{Method: http.MethodPost, Drop: intunetest.DropAfterReading})
				second, err := create(client)
				wantOne(t, server, first.ID, second, err)
			})
		})
	}
}

func TestListingIsFollowedPageByPageWithinTheService(t *testing.T) {
	page := func(next string) string { return `{"value":[],"@odata.nextLink":"` + next + `"}` }
	root := "https://graph.microsoft.com/beta"
	ours := `{"value":[{"id":"x","subject":"CN=Contoso","uploadDateTime":"2026-11-23T12:00:00Z"}]}`
	cert := &intune.EnterpriseCodeSigningCertificate{Subject: "CN=Contoso", UploadDateTime: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	one := intune.WithRetry(intune.RetryPolicy{MaxAttempts: 1, MinDelay: 1, MaxDelay: 1, ReconcileWindow: 1})
	w := newWire(t, lost(), reply(200, page(root+path+"?$skiptoken=2")), reply(200, ours))
	if got, err := w.client(one).EnterpriseCodeSigningCertificates().Create(t.Context(), cert); err != nil || got.ID != "x" {
		t.Errorf("got %v, %v", got, err)
	}
	if got := w.requests[2].URL.String(); got != root+path+"?$skiptoken=2" {
		t.Errorf("the second page is %s", got)
	}
	for name, answer := range map[string]string{
		"another host": page("https://evil.example/beta/x"), "another version": page("https://graph.microsoft.com/v1.0/x"),
		"itself": page(root + path), "no list": `{}`, "null in the list": `{"value":[null]}`, "list of another type": `{"value":{}}`,
	} {
		w := newWire(t, lost(), reply(200, answer))
		_, err := w.client(one).EnterpriseCodeSigningCertificates().Create(t.Context(), cert)
		if errorAs[*intune.OutcomeUnknownError](t, err); !strings.Contains(err.Error(), "cannot be listed") {
			t.Errorf("%s: got %v", name, err)
		}
		for _, req := range w.requests {
			if req.URL.Host != "graph.microsoft.com" {
				t.Errorf("%s: a request went to %s", name, req.URL)
			}
		}
	}
}

func TestWithoutReconcileIsForCreateAlone(t *testing.T) {
	w := newWire(t)
	errorAs[*intune.InputError](t, w.client().Do(t.Context(), "GET", path, nil, nil, intune.WithoutReconcile()))
	errorAs[*intune.InputError](t, w.client().Do(t.Context(), "POST", path, nil, nil, intune.WithoutReconcile()))
}

// inject queues faults for creates.
func inject(server *intunetest.Server, faults ...intunetest.Fault) {
	for _, fault := range faults {
		fault.Method = http.MethodPost
		server.Inject(fault)
	}
}

// TestDatesThatAgreeToTheSecondProveNothing: a service that dates uploads itself, in whole seconds, agrees by chance with
// the first upload of a client, and does not with the second.
func TestDatesThatAgreeToTheSecondProveNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := memoryServer(t, intunetest.WithOwnUploadDates(), intunetest.WithRespelling())
		client := server.Client()
		first, err := create(client)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(10*time.Second + 900*time.Millisecond)
		inject(server, intunetest.Fault{Delay: 200 * time.Millisecond, Drop: intunetest.DropAfterCommit})
		second, err := create(client)
		wantOne(t, server, first.ID, second, err)
	})
}

// TestConcurrentCreatesOfOneCertificate: two calls of one client that lose their responses never take the same record. If
// the service keeps the dates, both find theirs; otherwise a call may have to say that it does not know.
func TestConcurrentCreatesOfOneCertificate(t *testing.T) {
	for name, opts := range services {
		for _, faults := range [][]intunetest.Fault{
			{{Drop: intunetest.DropAfterCommit}, {Drop: intunetest.DropAfterCommit}},
			{{Drop: intunetest.DropAfterReading}, {ResponseDelay: 5 * time.Second, Drop: intunetest.DropAfterCommit}},
			{{Drop: intunetest.DropAfterCommit, VisibleAfter: 3 * time.Second}, {Drop: intunetest.DropAfterReading}},
		} {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(24 * time.Hour)
				server := memoryServer(t, opts...)
				client := server.Client()
				inject(server, faults...)
				results := make(chan *intune.EnterpriseCodeSigningCertificate)
				for i := range 2 {
					go func() {
						time.Sleep(time.Duration(i) * time.Millisecond)
						cert, err := create(client)
						if err != nil && (len(opts) == 0 || !errors.As(err, new(*intune.OutcomeUnknownError))) {
							t.Errorf("%s, %+v: %v", name, faults, err)
						}
						results <- cert
					}()
				}
				a, b := <-results, <-results
				if a != nil && b != nil && (a.ID == b.ID || len(server.Certificates()) != 2) {
					t.Errorf("%s, %+v: both got %s, %s; the tenant holds %v", name, faults, a.ID, b.ID, server.Certificates())
				}
			})
		}
	}
}

// dated is a double of a service that shows records of the given JSON and loses the answer to every POST.
func dated(w *[]string, date bool, posts *int) roundTripper {
	return func(req *http.Request) (*http.Response, error) {
		if req.Method == http.MethodPost {
			*posts++
			return nil, errors.New("connection lost")
		}
		headers := []string{}
		if date {
			headers = append(headers, "Date", time.Now().UTC().Format(http.TimeFormat))
		}
		return reply(200, `{"value":[`+strings.Join(*w, ",")+`]}`, headers...)(req)
	}
}

func TestRecordsThatPuzzleLeaveTheOutcomeUnknown(t *testing.T) {
	tests := map[string]struct {
		record string // with %s for the uploadDateTime
		date   bool
		shift  time.Duration
	}{
		"our names, another date, and no clock":     {`{"id":"1","subject":"CN=Contoso","expirationDateTime":"2027-01-01T00:00:00Z","uploadDateTime":"%s"}`, false, -time.Minute},
		"our date and names, but the id is missing": {`{"subject":"CN=Contoso","expirationDateTime":"2027-01-01T00:00:00Z","uploadDateTime":"%s"}`, true, 0},
	}
	for name, test := range tests {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(123456700)
			var records []string
			posts := 0
			base := dated(&records, test.date, &posts)
			tamper := roundTripper(func(req *http.Request) (*http.Response, error) {
				resp, err := base(req)
				if req.Method == http.MethodPost {
					records = []string{fmt.Sprintf(test.record, time.Now().Add(test.shift).UTC().Format(time.RFC3339Nano))}
				}
				return resp, err
			})
			client := newClient(t, staticToken(), intune.WithHTTPClient(&http.Client{Transport: tamper}))
			cert := &intune.EnterpriseCodeSigningCertificate{Subject: "CN=Contoso", ExpirationDateTime: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}
			got, err := client.EnterpriseCodeSigningCertificates().Create(t.Context(), cert)
			if !errors.As(err, new(*intune.OutcomeUnknownError)) || posts != 1 {
				t.Errorf("%s: got %v, %v after %d POSTs", name, got, err, posts)
			}
		})
	}
}

func TestRecordOnTwoPagesIsNoDuplicate(t *testing.T) {
	record := `{"id":"x","subject":"CN=Contoso","uploadDateTime":"2026-11-23T12:00:00Z"}`
	cert := &intune.EnterpriseCodeSigningCertificate{Subject: "CN=Contoso", UploadDateTime: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	w := newWire(t, reply(200, `{"value":[]}`), lost(),
		reply(200, `{"value":[`+record+`],"@odata.nextLink":"https://graph.microsoft.com/beta`+path+`?2"}`), reply(200, `{"value":[`+record+`]}`))
	if got, err := certificates(w).Create(t.Context(), cert); err != nil || got.ID != "x" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestListingWithoutEndIsGivenUp(t *testing.T) {
	pages := 0
	endless := roundTripper(func(req *http.Request) (*http.Response, error) {
		if req.Method == http.MethodPost {
			return nil, errors.New("connection lost")
		}
		pages++
		return reply(200, fmt.Sprintf(`{"value":[],"@odata.nextLink":"https://graph.microsoft.com/beta%s?%d"}`, path, pages))(req)
	})
	client := newClient(t, staticToken(), intune.WithHTTPClient(&http.Client{Transport: endless}), intune.WithQuota(),
		intune.WithRetry(intune.RetryPolicy{MaxAttempts: 1, MinDelay: 1, MaxDelay: 1, ReconcileWindow: 1}))
	if _, err := create(client); !errors.As(err, new(*intune.OutcomeUnknownError)) || pages > 10_000 {
		t.Errorf("got %v after %d pages", err, pages)
	}
	var body strings.Builder
	body.WriteString(`{"value":[{}`)
	for range 100_000 {
		body.WriteString(`,{}`)
	}
	body.WriteString("]}")
	_, err := certificates(newWire(t, reply(200, body.String()), reply(200, body.String()), reply(200, body.String()), reply(200, body.String()))).List(t.Context(), nil)
	errorAs[*intune.ResponseError](t, err)
}

func TestContextThatEndsASearchIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := memoryServer(t)
		inject(server, intunetest.Fault{Drop: intunetest.DropAfterReading}, intunetest.Fault{Drop: intunetest.DropAfterReading})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(5*time.Second, cancel)
		_, err := createContext(ctx, server.Client())
		if errorAs[*intune.OutcomeUnknownError](t, err); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: got %v", err)
		}
		limited, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err = createContext(limited, server.Client())
		if errorAs[*intune.OutcomeUnknownError](t, err); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("out of time: got %v", err)
		}
	})
}

func TestReconciledCreatesCostTheRetryBudgetNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := memoryServer(t)
		client := server.Client(intune.WithQuota())
		for range 150 {
			inject(server, intunetest.Fault{Status: 429}, intunetest.Fault{Drop: intunetest.DropAfterCommit})
			if _, err := create(client); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestRetryAfterOfAGatewayHoldsForTheClientAsWell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t, reply(504, gatewayPage, "Retry-After", "120"), reply(200, `{"value":[]}`), reply(200, `{"value":[]}`), reply(201, created), reply(200, `{"value":[]}`))
		if _, err := create(w.client()); err != nil {
			t.Fatal(err)
		}
		if waited := w.times[1].Sub(w.times[0]); waited != 120*time.Second {
			t.Errorf("looked after %v", waited)
		}
	})
}
