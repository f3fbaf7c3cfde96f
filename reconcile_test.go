package intune_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// postFaults are the ways in which a create can go wrong once, all over before RetryPolicy.ReconcileWindow has passed.
var postFaults = []intunetest.Fault{
	{Status: 500}, {Status: 500, Committed: true},
	{Status: 502, Gateway: true, Committed: true}, {Status: 503, Gateway: true}, {Status: 504, Gateway: true, Committed: true},
	{Status: 503, RetryAfter: "20"}, {Status: 503, RetryAfter: "20", Committed: true},
	{Status: 503, Gateway: true, RetryAfter: "20", Committed: true},
	{Status: 200, Committed: true}, {Status: 101, Committed: true},
	{Status: 302, Location: "https://elsewhere.example/", Committed: true},
	{Status: 404, Gateway: true}, {Status: 408, Gateway: true, Committed: true}, {Status: 499, Gateway: true, Committed: true},
	{Status: 429}, {Status: 429, RetryAfter: "20"}, {Status: 401},
	{Drop: intunetest.DropBeforeReading}, {Drop: intunetest.DropWhileReading}, {Drop: intunetest.DropAfterReading},
	{Drop: intunetest.DropAfterCommit}, {Drop: intunetest.DropInResponse},
	{Status: 504, Gateway: true, Committed: true, VisibleAfter: 29 * time.Second},
	{Drop: intunetest.DropAfterCommit, VisibleAfter: 700 * time.Millisecond}, {Drop: intunetest.DropInResponse, VisibleAfter: 10 * time.Second},
	{Delay: 50 * time.Second}, {ResponseDelay: 50 * time.Second},
	{Delay: 70 * time.Second},         // carried out ten seconds after the client has left
	{ResponseDelay: 70 * time.Second}, // carried out, and responded to ten seconds after the client has left
}

// tenantWithIdentical is a tenant on virtual time that has an identical record, uploaded two days ago by another process.
func tenantWithIdentical(t *testing.T, cert *intune.EnterpriseCodeSigningCertificate, opts ...intunetest.ServerOption) (server *intunetest.Server, identical string) {
	t.Helper()
	server = memoryServer(t, opts...)
	created, err := server.Client().EnterpriseCodeSigningCertificates().Create(t.Context(), cert)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(48 * time.Hour)
	return server, created.ID
}

// wantOne fails unless the tenant has one certificate beside the identical record, and it is the one that was returned.
func wantOne(t *testing.T, server *intunetest.Server, identical string, got *intune.EnterpriseCodeSigningCertificate, err error) {
	t.Helper()
	held := server.Certificates()
	if err != nil || got == nil {
		t.Errorf("%d held, error %v", len(held), err)
		return
	}
	if len(held) != 2 || held[0].ID != identical || held[1].ID != got.ID {
		t.Errorf("got %s beside the identical record %s; the tenant has %v", got.ID, identical, held)
	}
}

// TestCreateExactlyOnce meets a create with every fault alone, and with a sample of pairs, at every kind of service. The
// sample is larger if INTUNE_ALL_CASES is set. It ends with one record and its id, and an older identical record is neither
// mistaken for it nor a reason not to create.
func TestCreateExactlyOnce(t *testing.T) {
	parsed := newCertificate(t)
	random := rand.New(rand.NewPCG(1, 2))
	pairs := 1 // with each fault
	if os.Getenv("INTUNE_ALL_CASES") != "" {
		pairs = 10
	}
	for name, opts := range services {
		t.Run(name, func(t *testing.T) {
			for _, first := range postFaults {
				exactlyOnce(t, parsed, opts, first)
				for range pairs {
					exactlyOnce(t, parsed, opts, first, postFaults[random.IntN(len(postFaults))])
				}
			}
		})
	}
}

func exactlyOnce(t *testing.T, parsed *x509.Certificate, opts []intunetest.ServerOption, faults ...intunetest.Fault) {
	t.Helper()
	virtual(t, func(t *testing.T) {
		cert := intune.FromX509(parsed)
		server, identical := tenantWithIdentical(t, cert, opts...)
		inject(server, faults...)
		got, err := server.Client().EnterpriseCodeSigningCertificates().Create(t.Context(), cert)
		if len(faults) == 2 && faults[0].Status == 401 && faults[1].Status == 401 {
			if !errors.Is(err, intune.ErrUnauthorized) || len(server.Certificates()) != 1 {
				t.Errorf("a fresh token was rejected as well: got %v", err)
			}
			return
		}
		if wantOne(t, server, identical, got, err); t.Failed() {
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
			virtual(t, func(t *testing.T) {
				cert := intune.FromX509(newCertificate(t))
				server, identical := tenantWithIdentical(t, cert)
				server.Inject(intunetest.Fault{Method: http.MethodPost, Status: 504, Gateway: true, Committed: committed})
				for range failures {
					server.Inject(listing)
				}
				got, err := server.Client().EnterpriseCodeSigningCertificates().Create(t.Context(), cert)
				if failures < 400 {
					wantOne(t, server, identical, got, err)
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
		virtual(t, func(t *testing.T) {
			server := memoryServer(t)
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
		virtual(t, func(t *testing.T) {
			server := memoryServer(t, opts...)
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

// TestNothingBareAfterAnUnknownOutcome shows that what follows an attempt of unknown outcome is never returned alone.
func TestNothingBareAfterAnUnknownOutcome(t *testing.T) {
	lostBefore := intunetest.Fault{Method: http.MethodPost, Drop: intunetest.DropAfterReading}
	tests := map[string]struct {
		then intunetest.Fault
		ends time.Duration // when the context does
		is   error
	}{
		"400":                         {intunetest.Fault{Status: 400}, time.Hour, intune.ErrBadRequest},
		"403":                         {intunetest.Fault{Status: 403}, time.Hour, intune.ErrForbidden},
		"409":                         {intunetest.Fault{Status: 409}, time.Hour, intune.ErrConflict},
		"429 for too long":            {intunetest.Fault{Status: 429, RetryAfter: "3000"}, 20 * time.Minute, intune.ErrThrottled},
		"429 for absurdly long":       {intunetest.Fault{Status: 429, RetryAfter: "9000"}, 9 * time.Hour, intune.ErrThrottled},
		"the context while it waits":  {intunetest.Fault{ResponseDelay: time.Hour}, 70 * time.Second, context.DeadlineExceeded},
		"the context before absence":  {intunetest.Fault{}, 20 * time.Second, context.DeadlineExceeded},
		"the context in another look": {intunetest.Fault{}, 200 * time.Millisecond, context.DeadlineExceeded},
		"the caller before absence":   {intunetest.Fault{}, 5 * time.Second, context.Canceled},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				server := memoryServer(t)
				test.then.Method = http.MethodPost
				server.Inject(lostBefore, test.then)
				ctx, cancel := context.WithTimeout(t.Context(), test.ends)
				if test.is == context.Canceled { //nolint:errorlint // a sentinel of the test
					ctx, cancel = context.WithCancel(t.Context())
					time.AfterFunc(test.ends, cancel)
				}
				defer cancel()
				_, err := createContext(ctx, server.Client())
				if errorAs[*intune.OutcomeUnknownError](t, err); !errors.Is(err, test.is) {
					t.Errorf("got %v, want %v in it", err, test.is)
				}
			})
		})
	}
}

// TestLaterErrorIsForgivenWhereTheCertificateHasTurnedUp: the first attempt's certificate becomes visible while the
// second attempt is refused.
func TestLaterErrorIsForgivenWhereTheCertificateHasTurnedUp(t *testing.T) {
	virtual(t, func(t *testing.T) {
		server := memoryServer(t)
		server.Inject(intunetest.Fault{Method: http.MethodPost, Drop: intunetest.DropAfterCommit, VisibleAfter: 40 * time.Second},
			intunetest.Fault{Method: http.MethodPost, Status: 409, Delay: 20 * time.Second})
		var meta intune.Response
		got, err := create(server.Client(), intune.WithResponse(&meta))
		if err != nil || !meta.Reconciled || meta.Attempts != 2 || len(server.Certificates()) != 1 || got.ID != server.Certificates()[0].ID {
			t.Errorf("got %v, %v, %+v", got, err, meta)
		}
	})
}

func TestLooksDoubleUntilAbsenceIsBelieved(t *testing.T) {
	virtual(t, func(t *testing.T) {
		server := memoryServer(t)
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
				bodies[req.Body] = true
			}
		}
		if len(bodies) != 1 {
			t.Errorf("the two requests differ: %v", bodies)
		}
	})
}

// TestTwinOfTheSameMoment: two calls of one client create the same certificate at the same instant; the loser of its
// answer does not take the other's record.
func TestTwinOfTheSameMoment(t *testing.T) {
	for name, opts := range services {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				server := memoryServer(t, opts...)
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

// TestDatesThatAgreeToTheSecondProveNothing: a service that dates uploads itself, in whole seconds, agrees by chance with
// the first upload of a client, and does not with the second.
func TestDatesThatAgreeToTheSecondProveNothing(t *testing.T) {
	virtual(t, func(t *testing.T) {
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

// TestCommitThatBecomesVisibleTooLate is beyond what Create guarantees, and it says so.
func TestCommitThatBecomesVisibleTooLate(t *testing.T) {
	late := intunetest.Fault{Method: http.MethodPost, Drop: intunetest.DropAfterCommit, VisibleAfter: 40 * time.Second}
	for _, window := range []time.Duration{30 * time.Second, 10 * time.Second} {
		virtual(t, func(t *testing.T) {
			server := memoryServer(t)
			server.Inject(late)
			began := time.Now()
			_, err := create(server.Client(intune.WithRetry(intune.RetryPolicy{MaxAttempts: 1, ReconcileWindow: window})))
			if errorAs[*intune.OutcomeUnknownError](t, err); time.Since(began) != window || len(server.Certificates()) != 1 {
				t.Errorf("with one attempt and a window of %v: %v after %v", window, err, time.Since(began))
			}
		})
	}
	t.Run("with another attempt the duplicate is named", func(t *testing.T) {
		virtual(t, func(t *testing.T) {
			server := memoryServer(t)
			server.Inject(late, intunetest.Fault{Method: http.MethodPost, ResponseDelay: 20 * time.Second})
			got, err := create(server.Client())
			duplicate := errorAs[*intune.DuplicateError](t, err)
			var ids []string
			for _, held := range server.Certificates() {
				ids = append(ids, held.ID)
			}
			slices.Sort(ids) // both have the date that was sent, so the smallest id is kept
			if len(ids) != 2 || got == nil || got.ID != ids[0] || duplicate.Certificate.ID != ids[0] || !slices.Equal(duplicate.OtherIDs, ids[1:]) {
				t.Errorf("got %v, %v; the tenant has %v", got, err, ids)
			}
		})
	})
}

// TestCreateIsOnePOST: no other request precedes or follows it, whoever chose the date. A double that knows only the POST
// is enough for a test of a user's program.
func TestCreateIsOnePOST(t *testing.T) {
	for name, date := range map[string]time.Time{"dated by the caller": exampleCertificate().UploadDateTime, "dated by the library": {}} {
		virtual(t, func(t *testing.T) {
			mock := httpmock.NewMockTransport()
			mock.RegisterResponder(http.MethodPost, "https://graph.microsoft.com/beta"+path, reply(http.StatusCreated, exampleResponse))
			client := newClient(t, staticToken(), intune.WithHTTPClient(&http.Client{Transport: mock}))
			cert := exampleCertificate()
			cert.UploadDateTime = date
			began := time.Now()
			if _, err := client.EnterpriseCodeSigningCertificates().Create(t.Context(), cert); err != nil || mock.GetTotalCallCount() != 1 || time.Since(began) != 0 {
				t.Errorf("%s: %v after %d requests and %v", name, err, mock.GetTotalCallCount(), time.Since(began))
			}
		})
	}
}

// TestWindowIsNotTheBackoff: a caller who shortens the backoff does not believe in absence earlier.
func TestWindowIsNotTheBackoff(t *testing.T) {
	virtual(t, func(t *testing.T) {
		server := memoryServer(t)
		inject(server, intunetest.Fault{Status: 504, Gateway: true, Committed: true, VisibleAfter: 20 * time.Second})
		client := server.Client(intune.WithRetry(intune.RetryPolicy{MinDelay: time.Millisecond, MaxDelay: time.Millisecond}))
		if got, err := create(client); err != nil || len(server.Certificates()) != 1 || got.ID != server.Certificates()[0].ID {
			t.Errorf("got %v, %v; the tenant has %v", got, err, server.Certificates())
		}
	})
}

// TestConcurrentTwinsAreNotMixedUp: two calls of one client with the same names at once, each of which loses its response,
// never get the same record. Only a service that keeps the date lets them have one each.
func TestConcurrentTwinsAreNotMixedUp(t *testing.T) {
	for name, opts := range services {
		for _, faults := range [][]intunetest.Fault{
			{{Drop: intunetest.DropAfterCommit}, {Drop: intunetest.DropAfterCommit}},
			{{Drop: intunetest.DropAfterReading}, {ResponseDelay: 5 * time.Second, Drop: intunetest.DropAfterCommit}},
			{{Drop: intunetest.DropAfterCommit, VisibleAfter: 3 * time.Second}, {Drop: intunetest.DropAfterReading}},
		} {
			virtual(t, func(t *testing.T) {
				server := memoryServer(t, opts...)
				client := server.Client()
				inject(server, faults...)
				got := make(chan string)
				for range 2 {
					go func() {
						cert, err := create(client)
						switch {
						case err == nil:
							got <- cert.ID
						case errors.As(err, new(*intune.OutcomeUnknownError)):
							got <- ""
						default:
							t.Errorf("%s, %+v: %v", name, faults, err)
							got <- ""
						}
					}()
				}
				a, b := <-got, <-got
				if a == b && a != "" || name == "keeps what it is sent" && (a == "" || b == "") {
					t.Errorf("%s, %+v: %q and %q; the tenant has %v", name, faults, a, b, server.Certificates())
				}
			})
		}
	}
}

// TestUploadDatedByTheCaller: the caller's date counts only on the same certificate.
func TestUploadDatedByTheCaller(t *testing.T) {
	date := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	cert := &intune.EnterpriseCodeSigningCertificate{
		Subject: "CN=Contoso, O=Contoso Ltd", Issuer: "CN=CA", ExpirationDateTime: time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC), UploadDateTime: date,
	}
	for name, test := range map[string]struct {
		record string
		isOurs bool
	}{
		"the same certificate":              {`{"id":"x","subject":"O=Contoso Ltd,CN=Contoso","issuer":"CN=CA","expirationDateTime":"2027-06-01T00:00:00Z","uploadDateTime":"2026-11-23T12:00:00Z"}`, true},
		"another subject":                   {`{"id":"x","subject":"CN=Fabrikam","issuer":"CN=CA","expirationDateTime":"2027-06-01T00:00:00Z","uploadDateTime":"2026-11-23T12:00:00Z"}`, false},
		"another expiration":                {`{"id":"x","subject":"CN=Contoso","issuer":"CN=CA","expirationDateTime":"2028-06-01T00:00:00Z","uploadDateTime":"2026-11-23T12:00:00Z"}`, false},
		"the same certificate, other dates": {`{"id":"x","subject":"CN=Contoso","issuer":"CN=CA","expirationDateTime":"2027-06-01T00:00:00Z","uploadDateTime":"2025-11-23T12:00:00Z"}`, false},
	} {
		virtual(t, func(t *testing.T) {
			posts := 0
			client := over(t, func(req *http.Request) (*http.Response, error) {
				if req.Method != http.MethodPost {
					return reply(200, `{"value":[`+test.record+`]}`)(req)
				}
				if posts++; posts == 1 {
					return nil, io.ErrUnexpectedEOF
				}
				return reply(400, graphRefusal("BadRequest"))(req)
			})
			got, err := client.EnterpriseCodeSigningCertificates().Create(t.Context(), cert)
			if test.isOurs && (err != nil || got.ID != "x" || posts != 1) || !test.isOurs && (err == nil || posts != 2) {
				t.Errorf("%s: got %v, %v after %d POSTs", name, got, err, posts)
			}
		})
	}
}

// one is a policy for scripted listings: a single look, without a wait.
var one = intune.WithRetry(intune.RetryPolicy{MaxAttempts: 1, MinDelay: 1, MaxDelay: 1, ReconcileWindow: 1})

// datedRecord and datedCertificate are the same certificate with the same date.
const datedRecord = `{"id":"x","subject":"CN=Contoso","uploadDateTime":"2026-11-23T12:00:00Z"}`

func datedCertificate() *intune.EnterpriseCodeSigningCertificate {
	return &intune.EnterpriseCodeSigningCertificate{Subject: "CN=Contoso", UploadDateTime: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
}

func TestListingIsFollowedPageByPageWithinTheService(t *testing.T) {
	page := func(next string) string { return `{"value":[],"@odata.nextLink":"` + next + `"}` }
	root := "https://graph.microsoft.com/beta"
	w := newWire(t, lost(), reply(200, page(root+path+"?$skiptoken=2")), reply(200, `{"value":[`+datedRecord+`]}`))
	if got, err := w.client(one).EnterpriseCodeSigningCertificates().Create(t.Context(), datedCertificate()); err != nil || got.ID != "x" {
		t.Errorf("got %v, %v", got, err)
	}
	if got := w.requests[2].URL.String(); got != root+path+"?$skiptoken=2" {
		t.Errorf("the second page is %s", got)
	}
	for name, body := range map[string]string{
		"another host": page("https://evil.example/beta/x"), "another version": page("https://graph.microsoft.com/v1.0/x"),
		"itself": page(root + path), "no list": `{}`, "null in the list": `{"value":[null]}`, "list of another type": `{"value":{}}`,
	} {
		virtual(t, func(t *testing.T) {
			client := over(t, func(req *http.Request) (*http.Response, error) {
				if req.URL.Host != "graph.microsoft.com" {
					t.Errorf("%s: a request went to %s", name, req.URL)
				}
				if req.Method == http.MethodPost {
					return nil, io.ErrUnexpectedEOF
				}
				return reply(200, body)(req)
			})
			_, err := client.EnterpriseCodeSigningCertificates().Create(t.Context(), datedCertificate())
			if errorAs[*intune.OutcomeUnknownError](t, err); !strings.Contains(err.Error(), "cannot be listed") {
				t.Errorf("%s: got %v", name, err)
			}
		})
	}
}

// TestSureMatchNeedsNoFurtherPage: after a single POST nothing on a later page can make the record on the first one less
// certain.
func TestSureMatchNeedsNoFurtherPage(t *testing.T) {
	w := newWire(t, lost(), reply(200, `{"value":[`+datedRecord+`],"@odata.nextLink":"https://graph.microsoft.com/beta`+path+`?2"}`))
	got, err := w.client(one).EnterpriseCodeSigningCertificates().Create(t.Context(), datedCertificate())
	if err != nil || got.ID != "x" || len(w.requests) != 2 {
		t.Errorf("got %v, %v after %d requests", got, err, len(w.requests))
	}
}

func TestReconcileRecognizesContentThatTheServiceStillShows(t *testing.T) {
	sent := intune.FromX509(newCertificate(t))
	sent.UploadDateTime = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	listed := fmt.Sprintf(`{"value":[{"id":"x","content":%q,"subject":"CN=Somebody else","uploadDateTime":"2026-11-23T12:00:00Z"}]}`, b64(sent.Content))
	w := newWire(t, lost(), reply(200, listed))
	var meta intune.Response
	got, err := w.client(one).EnterpriseCodeSigningCertificates().Create(t.Context(), sent, intune.WithResponse(&meta))
	if err != nil || got.ID != "x" || meta.MatchedBy != intune.MatchedByContent || meta.StatusCode != 0 {
		t.Errorf("got %v, %v, %+v", got, err, meta)
	}
}

// TestRecordOnTwoPagesIsNoDuplicate: paging by position repeats a record if one was added meanwhile.
func TestRecordOnTwoPagesIsNoDuplicate(t *testing.T) {
	first := reply(200, `{"value":[`+datedRecord+`],"@odata.nextLink":"https://graph.microsoft.com/beta`+path+`?2"}`)
	second := reply(200, `{"value":[`+datedRecord+`]}`)
	virtual(t, func(t *testing.T) {
		absent := reply(200, `{"value":[]}`)
		w := newWire(t, lost(), absent, absent, lost(), first, second)
		client := w.client(intune.WithRetry(intune.RetryPolicy{MinDelay: 1, MaxDelay: 1, ReconcileWindow: 1}))
		if got, err := client.EnterpriseCodeSigningCertificates().Create(t.Context(), datedCertificate()); err != nil || got.ID != "x" {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

// TestListingWithoutEndIsGivenUp: a look is bounded.
func TestListingWithoutEndIsGivenUp(t *testing.T) {
	pages := 0
	client := over(t, func(req *http.Request) (*http.Response, error) {
		if req.Method == http.MethodPost {
			return nil, errors.New("connection lost")
		}
		pages++
		return reply(200, fmt.Sprintf(`{"value":[],"@odata.nextLink":"https://graph.microsoft.com/beta%s?%d"}`, path, pages))(req)
	}, intune.WithQuota(), one)
	if _, err := create(client); !errors.As(err, new(*intune.OutcomeUnknownError)) || pages > 10_000 {
		t.Errorf("got %v after %d pages", err, pages)
	}
}

func TestPausesBetweenLooksGrowUpToMaxDelay(t *testing.T) {
	virtual(t, func(t *testing.T) {
		var pauses []string
		last := time.Now()
		client := over(t, func(req *http.Request) (*http.Response, error) {
			pauses, last = append(pauses, time.Since(last).String()), time.Now()
			if req.Method == http.MethodPost {
				return lost()(req)
			}
			return reply(200, `{"value":[]}`)(req)
		}, intune.WithRetry(intune.RetryPolicy{MaxAttempts: 1, MinDelay: time.Second, MaxDelay: 4 * time.Second, ReconcileWindow: 13 * time.Second}))
		_, err := create(client)
		if want := []string{"0s", "0s", "1s", "2s", "4s", "4s", "2s"}; !errors.As(err, new(*intune.OutcomeUnknownError)) || !slices.Equal(pauses, want) {
			t.Errorf("got %v after pauses of %v, want %v", err, pauses, want)
		}
	})
}

// TestLookIsNotDelayedByAGateway: the Retry-After of a 504 delays the next attempt of its call, and neither its looks nor
// other calls.
func TestLookIsNotDelayedByAGateway(t *testing.T) {
	virtual(t, func(t *testing.T) {
		var times []string
		var began time.Time
		posts := 0
		var mu sync.Mutex
		client := over(t, func(req *http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			times = append(times, fmt.Sprint(req.Method, " ", time.Since(began)))
			switch {
			case req.Method == http.MethodGet && posts < 2:
				return reply(200, `{"value":[]}`)(req)
			case req.Method == http.MethodGet:
				return reply(200, `{"value":[{"id":"`+anID+`","subject":"CN=Contoso","uploadDateTime":"`+began.UTC().Format(time.RFC3339Nano)+`"}]}`)(req)
			}
			if posts++; posts == 1 {
				return reply(504, gatewayPage, "Retry-After", "120")(req)
			}
			return reply(201, created[:len(created)-1]+`,"uploadDateTime":"`+began.UTC().Format(time.RFC3339Nano)+`"}`)(req)
		})
		began = time.Now()
		time.AfterFunc(time.Minute, func() { _ = get(t.Context(), client) })
		if _, err := create(client); err != nil {
			t.Fatal(err)
		}
		want := "POST 0s, GET 0s, GET 500ms, GET 1.5s, GET 3.5s, GET 7.5s, GET 15.5s, GET 30s, GET 1m0s, POST 2m0s, GET 2m0s"
		mu.Lock()
		defer mu.Unlock()
		if got := strings.Join(times, ", "); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

// TestLookWaitsOnlyForThrottling: a 503 of Graph pauses every other call, a 429 pauses the looks as well.
func TestLookWaitsOnlyForThrottling(t *testing.T) {
	for status, want := range map[int]time.Duration{429: 19 * time.Second, 509: 19 * time.Second, 503: 0} {
		virtual(t, func(t *testing.T) {
			server := memoryServer(t)
			client := server.Client()
			inject(server, intunetest.Fault{Drop: intunetest.DropAfterCommit, ResponseDelay: time.Second}, intunetest.Fault{Status: status, RetryAfter: "20"})
			other := make(chan error)
			go func() {
				time.Sleep(time.Second / 2)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, err := createContext(ctx, client, intune.WithoutReconcile())
				other <- err
			}()
			began := time.Now()
			_, err := create(client)
			if waited := time.Since(began) - time.Second; err != nil || waited < want || waited > want+time.Second {
				t.Errorf("%d: %v after %v, want %v", status, err, waited, want)
			}
			if err := <-other; err == nil {
				t.Errorf("%d: the other call succeeded", status)
			}
		})
	}
}

// TestCandidates: an unclear record never counts as absent, and the error names it.
func TestCandidates(t *testing.T) {
	virtual(t, func(t *testing.T) {
		posts := 0
		undated := `{"id":"b","subject":"CN=Contoso"},{"id":"a","subject":"CN=Contoso"},{"id":"c","subject":"CN=Fabrikam"}`
		client := over(t, func(req *http.Request) (*http.Response, error) {
			if req.Method == http.MethodPost {
				posts++
				return nil, io.ErrUnexpectedEOF
			}
			return reply(200, `{"value":[`+undated+`]}`, "Date", time.Now().UTC().Format(http.TimeFormat))(req)
		})
		began := time.Now()
		_, err := create(client)
		unknown := errorAs[*intune.OutcomeUnknownError](t, err)
		var ids []string
		for _, candidate := range unknown.Candidates {
			ids = append(ids, candidate.ID)
		}
		if fmt.Sprint(ids) != "[a b]" || posts != 1 || time.Since(began) != 30*time.Second || !strings.Contains(err.Error(), "it may be record a, b") {
			t.Errorf("candidates %v after %d POSTs and %v: %v", ids, posts, time.Since(began), err)
		}
	})
}

// TestCandidatesAreBounded: a hostile listing does not fill the memory.
func TestCandidatesAreBounded(t *testing.T) {
	var body strings.Builder
	body.WriteString(`{"value":[{"id":"0","subject":"CN=Contoso"}`)
	for i := range 5000 {
		fmt.Fprintf(&body, `,{"id":"%d","subject":"CN=Contoso"}`, i+1)
	}
	body.WriteString("]}")
	w := newWire(t, lost(), reply(200, body.String()), reply(200, body.String()))
	_, err := create(w.client(one))
	if unknown := errorAs[*intune.OutcomeUnknownError](t, err); len(unknown.Candidates) == 0 || len(unknown.Candidates) > 100 {
		t.Errorf("%d candidates", len(unknown.Candidates))
	}
}

// TestOddForeignRecordDoesNotDecide: one record without a name or a date leaves a create unknown only if nothing tells it
// from ours.
func TestOddForeignRecordDoesNotDecide(t *testing.T) {
	cert := intune.FromX509(newCertificate(t))
	for _, record := range []string{
		`{"id":"x","subject":"CN=Fabrikam, O=Fabrikam"}`, `{"id":"x","subject":"CN=Contoso","expirationDateTime":"2020-01-01T00:00:00Z"}`,
		`{"id":"x","subject":"CN=Contoso","uploadDateTime":"2000-01-01T00:00:01Z"}`, `{"id":"x","issuer":"CN=Fabrikam CA"}`,
	} {
		virtual(t, func(t *testing.T) {
			posts := 0
			var sent string
			client := over(t, func(req *http.Request) (*http.Response, error) {
				date := time.Now().UTC().Format(http.TimeFormat)
				if req.Method == http.MethodGet {
					return reply(200, `{"value":[`+record+sent+`]}`, "Date", date)(req)
				}
				if posts++; posts == 1 {
					return nil, io.ErrUnexpectedEOF
				}
				body, _ := io.ReadAll(req.Body)
				sent = `,{"id":"new",` + string(body)[1:]
				return reply(201, sent[1:], "Date", date)(req)
			})
			if got, err := client.EnterpriseCodeSigningCertificates().Create(t.Context(), cert); err != nil || got.ID != "new" || posts != 2 {
				t.Errorf("beside %s: got %v, %v after %d POSTs", record, got, err, posts)
			}
		})
	}
}

// TestA201AfterAnUnknownAttempt: it is not enough, because the earlier attempt may have made a record as well.
func TestA201AfterAnUnknownAttempt(t *testing.T) {
	for name, test := range map[string]struct {
		response string // with %s for the date that was sent
		listings []string
		want     string
	}{
		"it shows":                   {`{"id":"b","subject":"CN=Contoso","uploadDateTime":"%s"}`, []string{`{"id":"b","subject":"CN=Contoso","uploadDateTime":"%s"}`}, "b"},
		"it shows later":             {`{"id":"b","subject":"CN=Contoso","uploadDateTime":"%s"}`, []string{"", "", `{"id":"b","subject":"CN=Contoso","uploadDateTime":"%s"}`}, "b"},
		"it never shows":             {`{"id":"b","subject":"CN=Contoso","uploadDateTime":"%s"}`, []string{""}, "unknown"},
		"the other one shows too":    {`{"id":"b","subject":"CN=Contoso","uploadDateTime":"%s"}`, []string{`{"id":"b","subject":"CN=Contoso","uploadDateTime":"%s"},{"id":"a","subject":"CN=Contoso","uploadDateTime":"%[1]s"}`}, "duplicate"},
		"the service hides the date": {`{"id":"b","subject":"CN=Contoso"}`, []string{`{"id":"b","subject":"CN=Contoso"}`}, "unknown"},
		"another one is unclear":     {`{"id":"b","subject":"CN=Contoso","uploadDateTime":"%s"}`, []string{`{"id":"b","subject":"CN=Contoso","uploadDateTime":"%s"},{"id":"a","subject":"CN=Contoso"}`}, "unknown"},
		"neither can be told":        {`{"id":"b","subject":"CN=Contoso","uploadDateTime":"%s"}`, []string{`{"id":"b","subject":"CN=Contoso"},{"id":"a","subject":"CN=Contoso"}`}, "unknown"},
		"it is listed without date":  {`{"id":"b","subject":"CN=Contoso","uploadDateTime":"%s"}`, []string{`{"id":"b","subject":"CN=Contoso"}`}, "b"},
	} {
		virtual(t, func(t *testing.T) {
			posts, looks := 0, 0
			sent := ""
			client := over(t, func(req *http.Request) (*http.Response, error) {
				fill := func(text string) string {
					if strings.Contains(text, "%") {
						text = fmt.Sprintf(text, sent)
					}
					return text
				}
				if req.Method == http.MethodPost {
					body, _ := io.ReadAll(req.Body)
					_, after, _ := strings.Cut(string(body), `"uploadDateTime":"`)
					sent, _, _ = strings.Cut(after, `"`)
					if posts++; posts == 1 {
						return nil, io.ErrUnexpectedEOF
					}
					return reply(201, fill(test.response))(req)
				}
				listing := ""
				if posts == 2 {
					listing = test.listings[min(looks, len(test.listings)-1)]
					looks++
				}
				return reply(200, `{"value":[`+fill(listing)+`]}`)(req)
			})
			got, err := create(client)
			result := ""
			switch {
			case errors.As(err, new(*intune.OutcomeUnknownError)):
				result = "unknown"
			case errors.As(err, new(*intune.DuplicateError)):
				result = "duplicate"
			case err == nil:
				result = got.ID
			}
			if result != test.want {
				t.Errorf("%s: got %q, %v", name, result, err)
			}
		})
	}
}

// TestEveryProcessIsToldToKeepTheSameRecord: the latest upload, and of several the smallest id.
func TestEveryProcessIsToldToKeepTheSameRecord(t *testing.T) {
	listed := func(ids ...string) string {
		var records []string
		for _, id := range ids {
			second := "00"
			if id == "late" {
				second = "30"
			}
			records = append(records, `{"id":"`+id+`","subject":"CN=Contoso","uploadDateTime":"2000-01-03T00:00:`+second+`Z"}`)
		}
		return `{"value":[` + strings.Join(records, ",") + `]}`
	}
	for _, ids := range [][]string{{"a", "b"}, {"b", "a"}, {"a", "late"}, {"late", "b", "a"}} {
		virtual(t, func(t *testing.T) {
			posts := 0
			client := over(t, func(req *http.Request) (*http.Response, error) {
				if req.Method == http.MethodPost {
					posts++
					return nil, io.ErrUnexpectedEOF
				}
				if posts == 1 {
					return reply(200, `{"value":[]}`, "Date", time.Now().UTC().Format(http.TimeFormat))(req)
				}
				return reply(200, listed(ids...), "Date", time.Now().UTC().Format(http.TimeFormat))(req)
			})
			got, err := create(client)
			duplicate := errorAs[*intune.DuplicateError](t, err)
			keep := "a"
			if slices.Contains(ids, "late") {
				keep = "late"
			}
			if got.ID != keep || duplicate.Certificate.ID != keep || len(duplicate.OtherIDs) != len(ids)-1 {
				t.Errorf("%v: keep %v, delete %v", ids, got.ID, duplicate.OtherIDs)
			}
		})
	}
}

// TestUnusualCertificatesAreFoundAfterALostResponse: Windows accepts certificates that crypto/x509 rejects.
func TestUnusualCertificatesAreFoundAfterALostResponse(t *testing.T) {
	files, err := filepath.Glob("internal/format/lenientx509/testdata/*.der")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := (&intune.EnterpriseCodeSigningCertificate{Content: content}).X509()
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		for _, opts := range services {
			virtual(t, func(t *testing.T) {
				server := memoryServer(t, opts...)
				inject(server, intunetest.Fault{Drop: intunetest.DropAfterCommit})
				got, err := server.Client().EnterpriseCodeSigningCertificates().Create(t.Context(), intune.FromX509(parsed), intune.WithExpiredAllowed())
				if held := server.Certificates(); err != nil || len(held) != 1 || got.ID != held[0].ID {
					t.Errorf("%s: got %v, %v; the tenant has %v", file, got, err, held)
				}
			})
		}
	}
}
