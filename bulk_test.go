package intune_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"iter"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// numberedCerts is an input of n certificates, the one at index bad without a subject.
func numberedCerts(n, bad int) iter.Seq[*intune.EnterpriseCodeSigningCertificate] {
	return func(yield func(*intune.EnterpriseCodeSigningCertificate) bool) {
		for i := range n {
			cert := &intune.EnterpriseCodeSigningCertificate{Subject: fmt.Sprintf("CN=%d", i)}
			if i == bad {
				cert.Subject = ""
			}
			if !yield(cert) {
				return
			}
		}
	}
}

func TestCreateAllCreatesEachOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := memoryServer(t)
		server.Inject(intunetest.Fault{Drop: intunetest.DropAfterCommit}, intunetest.Fault{Status: 429, RetryAfter: "3"}, intunetest.Fault{Drop: intunetest.DropAfterReading})
		seen := make(map[int]string)
		for index, result := range server.Client().EnterpriseCodeSigningCertificates().CreateAll(t.Context(), numberedCerts(20, 7), nil) {
			if _, twice := seen[index]; twice {
				t.Errorf("%d came twice", index)
			}
			seen[index] = ""
			if index == 7 {
				if errorAs[*intune.InputError](t, result.Err); result.Done() {
					t.Error("the bad one is done")
				}
				continue
			}
			if result.Err != nil || result.Certificate.Subject != fmt.Sprintf("CN=%d", index) || result.Response.Attempts == 0 {
				t.Errorf("%d: %+v", index, result)
				continue
			}
			seen[index] = result.Certificate.ID
		}
		held := server.Certificates()
		if len(seen) != 20 || len(held) != 19 {
			t.Errorf("%d results, %d held", len(seen), len(held))
		}
		for _, cert := range held {
			if !slices.Contains(slices.Collect(mapValues(seen)), cert.ID) {
				t.Errorf("%v was not reported", cert)
			}
		}
	})
}

func mapValues(m map[int]string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}

// slow is a service that takes a second for each create and counts how many are under way.
type slow struct{ underWay, most, sent atomic.Int32 }

func (s *slow) RoundTrip(req *http.Request) (*http.Response, error) {
	s.sent.Add(1)
	n := s.underWay.Add(1)
	defer s.underWay.Add(-1)
	for most := s.most.Load(); n > most && !s.most.CompareAndSwap(most, n); most = s.most.Load() {
	}
	select {
	case <-time.After(time.Second):
		return reply(http.StatusCreated, created)(req)
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
}

func (s *slow) service(tb testing.TB) *intune.EnterpriseCodeSigningCertificatesService {
	tb.Helper()
	return newClient(tb, staticToken(), intune.WithHTTPClient(&http.Client{Transport: s})).EnterpriseCodeSigningCertificates()
}

func TestCreateAllIsBounded(t *testing.T) {
	for concurrency, want := range map[int]int32{0: 4, 1: 1, 9: 9} {
		synctest.Test(t, func(t *testing.T) {
			s := new(slow)
			began := time.Now()
			for range s.service(t).CreateAll(t.Context(), numberedCerts(36, -1), &intune.CreateAllOptions{Concurrency: concurrency}) {
			}
			if s.most.Load() != want || time.Since(began) != time.Duration(36/want)*time.Second {
				t.Errorf("at most %d at once, in %v; want %d", s.most.Load(), time.Since(began), want)
			}
		})
	}
}

func TestCreateAllLeavingTheLoopStartsNothingNewAndWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(slow)
		var reported []int
		options := &intune.CreateAllOptions{Concurrency: 4, OnResult: func(index int, _ intune.CreateAllResult) { reported = append(reported, index) }}
		for range s.service(t).CreateAll(t.Context(), numberedCerts(100, -1), options) {
			break
		}
		if s.underWay.Load() != 0 || s.sent.Load() != int32(len(reported)) || len(reported) > 8 || len(reported) < 4 {
			t.Errorf("%d under way, %d sent, %d reported", s.underWay.Load(), s.sent.Load(), len(reported))
		}
	})
}

func TestCreateAllStopsOnErrorWhereAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(slow)
		var last int
		var lastErr error
		results := 0
		for index, result := range s.service(t).CreateAll(t.Context(), numberedCerts(100, 5), &intune.CreateAllOptions{Concurrency: 2, StopOnError: true}) {
			last, lastErr = index, result.Err
			results++
		}
		if !errors.Is(lastErr, intune.ErrNotTried) || last > 9 || last < 6 || results != last+1 || int(s.sent.Load()) != last-1 {
			t.Errorf("%d results, the last %d with %v; %d sent", results, last, lastErr, s.sent.Load())
		}
	})
}

func TestCreateAllReportsWhatACancelledContextLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(slow)
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		var untried []int
		unknown, done := 0, 0
		for index, result := range s.service(t).CreateAll(ctx, numberedCerts(100, -1), &intune.CreateAllOptions{Concurrency: 3}) {
			switch {
			case errors.Is(result.Err, intune.ErrNotTried):
				if untried = append(untried, index); !errors.Is(result.Err, context.DeadlineExceeded) {
					t.Errorf("got %v", result.Err)
				}
			case errors.As(result.Err, new(*intune.OutcomeUnknownError)):
				unknown++
			case result.Done():
				done++
			}
		}
		if !slices.Equal(untried, []int{9}) || done != 6 || unknown != 3 || s.underWay.Load() != 0 {
			t.Errorf("untried %v, %d done, %d unknown", untried, done, unknown)
		}
	})
}

func TestCreateAllOfNothingAndOfJustEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(slow)
		for index := range s.service(t).CreateAll(t.Context(), numberedCerts(0, -1), nil) {
			t.Errorf("result %d of nothing", index)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		for index, result := range s.service(t).CreateAll(ctx, numberedCerts(1, -1), nil) {
			cancel()
			if index != 0 || result.Err != nil {
				t.Errorf("%d: %v: all were tried", index, result.Err)
			}
		}
	})
}

func TestCreateAllDuplicateCountsAsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := memoryServer(t)
		server.Inject(intunetest.Fault{Method: http.MethodPost, Drop: intunetest.DropAfterCommit, VisibleAfter: 40 * time.Second},
			intunetest.Fault{Method: http.MethodPost, ResponseDelay: 20 * time.Second})
		results := 0
		service := server.Client().EnterpriseCodeSigningCertificates()
		for _, result := range service.CreateAll(t.Context(), numberedCerts(2, -1), &intune.CreateAllOptions{Concurrency: 1, StopOnError: true}) {
			if results++; !result.Done() {
				t.Errorf("got %v", result.Err)
			}
			if results == 1 {
				errorAs[*intune.DuplicateError](t, result.Err)
			}
		}
		if results != 2 {
			t.Errorf("%d results", results)
		}
	})
}

func TestCreateAllPassesRequestOptionsOn(t *testing.T) {
	w := newWire(t, reply(201, created))
	for _, result := range certificates(w).CreateAll(t.Context(), numberedCerts(1, -1), &intune.CreateAllOptions{RequestOptions: []intune.RequestOption{intune.WithHeader("X-Run", "1")}}) {
		if result.Err != nil {
			t.Error(result.Err)
		}
	}
	if w.requests[0].Header.Get("X-Run") != "1" || strings.Contains(w.bodies[0], "null") {
		t.Errorf("sent %v %s", w.requests[0].Header, w.bodies[0])
	}
}

func TestCreateAllLetsAPanicOfTheLoopThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(slow)
		defer func() {
			if got := recover(); got != "mine" || s.underWay.Load() != 0 {
				t.Errorf("recovered %v with %d under way", got, s.underWay.Load())
			}
		}()
		for range s.service(t).CreateAll(t.Context(), numberedCerts(20, -1), &intune.CreateAllOptions{Concurrency: math.MaxInt}) {
			panic("mine")
		}
	})
}

// manyCerts is an input of n certificates with subjects of their own.
func manyCerts(n int) iter.Seq[*intune.EnterpriseCodeSigningCertificate] { return numberedCerts(n, -1) }

// TestCreateAllStartsNothingAfterAFailureWhileItsSourceBlocked: the failure is known before the next certificate is.
func TestCreateAllStartsNothingAfterAFailureWhileItsSourceBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		requests := 0
		service := roundTripper(func(req *http.Request) (*http.Response, error) {
			requests++
			return reply(403, graphRefusal("Forbidden"))(req)
		})
		client := newClient(t, staticToken(), intune.WithHTTPClient(&http.Client{Transport: service}))
		certs := func(yield func(*certificate) bool) {
			if yield(&certificate{Subject: "CN=1"}) {
				time.Sleep(time.Hour)
				yield(&certificate{Subject: "CN=2"})
			}
		}
		var last error
		for _, result := range client.EnterpriseCodeSigningCertificates().CreateAll(t.Context(), certs, &intune.CreateAllOptions{StopOnError: true}) {
			last = result.Err
		}
		if requests != 1 || !errors.Is(last, intune.ErrNotTried) {
			t.Errorf("%d requests, %v", requests, last)
		}
	})
}

func TestCreateAllDoesNotRunTheLoopAfterAPanicOfOnResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := roundTripper(func(req *http.Request) (*http.Response, error) { return reply(201, created)(req) })
		client := newClient(t, staticToken(), intune.WithHTTPClient(&http.Client{Transport: service}))
		calls, bodies := 0, 0
		func() {
			defer func() { _ = recover() }()
			options := &intune.CreateAllOptions{OnResult: func(int, intune.CreateAllResult) {
				if calls++; calls == 1 {
					panic("OnResult")
				}
			}}
			for range client.EnterpriseCodeSigningCertificates().CreateAll(t.Context(), numberedCerts(8, -1), options) {
				bodies++
			}
		}()
		if bodies > 0 || calls == 0 {
			t.Errorf("the body of the loop ran %d times", bodies)
		}
	})
}

// TestCreateAllSkipsWhatItCannotTell: an unknown outcome of the same certificate, and one that Find would not recognise.
func TestCreateAllSkipsWhatItCannotTell(t *testing.T) {
	rotating(t, func(t *testing.T) {
		s, cert := new(simulation), issue(t)
		posts := 0
		service := roundTripper(func(req *http.Request) (*http.Response, error) {
			isRejected := posts > 0 && req.Method == http.MethodGet
			if isPost(req) {
				posts++
			}
			resp, err := s.RoundTrip(req)
			switch {
			case isRejected:
				return reply(403, graphRefusal("Forbidden"))(req)
			case isPost(req):
				return reply(502, gatewayPage, "Content-Type", "text/html")(req)
			}
			return resp, err
		})
		client := newClient(t, staticToken(), intune.WithHTTPClient(&http.Client{Transport: service}))
		certs := slices.Values([]*certificate{cert, cert})
		for index, result := range client.EnterpriseCodeSigningCertificates().CreateAll(t.Context(), certs, &intune.CreateAllOptions{SkipExisting: true}) {
			if !errors.As(result.Err, new(*intune.OutcomeUnknownError)) {
				t.Errorf("%d: %v", index, result.Err)
			}
		}
		if s.count(cert) != 1 {
			t.Errorf("%d copies", s.count(cert))
		}
	})
	rotating(t, func(t *testing.T) {
		s := new(simulation)
		certs := slices.Values([]*certificate{issue(t, func(c *x509.Certificate) { c.NotBefore = c.NotBefore.Add(2 * day) })})
		for _, result := range s.process(t).CreateAll(t.Context(), certs, &intune.CreateAllOptions{SkipExisting: true}) {
			errorAs[*intune.InputError](t, result.Err)
		}
		if len(s.records) != 0 {
			t.Errorf("uploaded %v", s.records)
		}
	})
}

// TestCreateAllWithinTheQuota: 250 creates meet no refusal, and take hardly longer than the quota makes them.
func TestCreateAllWithinTheQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := memoryServer(t)
		began := time.Now()
		for index, result := range server.Client().EnterpriseCodeSigningCertificates().CreateAll(t.Context(), manyCerts(250), &intune.CreateAllOptions{Concurrency: 16}) {
			if result.Err != nil || result.Response.Attempts != 1 {
				t.Errorf("%d: %v after %d attempts", index, result.Err, result.Response.Attempts)
			}
		}
		took := time.Since(began)
		for _, req := range server.Requests() {
			if req.Status == http.StatusTooManyRequests {
				t.Error("a request was refused")
			}
		}
		const least = 40 * time.Second // 100 at once, 100 after 20 s, 50 after 40 s
		if len(server.Certificates()) != 250 || took > least*105/100 {
			t.Errorf("%d held after %v, want 250 after at most %v", len(server.Certificates()), took, least*105/100)
		}
	})
}

// TestCreateAllBeyondTheQuota: without the limiter, the refusals are honoured, and nothing is lost or duplicated.
func TestCreateAllBeyondTheQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := memoryServer(t)
		client := server.Client(intune.WithQuota(), intune.WithRetry(intune.RetryPolicy{MaxAttempts: 10}))
		for index, result := range client.EnterpriseCodeSigningCertificates().CreateAll(t.Context(), manyCerts(250), &intune.CreateAllOptions{Concurrency: 16}) {
			if result.Err != nil {
				t.Errorf("%d: %v", index, result.Err)
			}
		}
		subjects := make(map[string]bool)
		for _, cert := range server.Certificates() {
			subjects[cert.Subject] = true
		}
		refused := 0
		for _, req := range server.Requests() {
			if req.Status == http.StatusTooManyRequests {
				refused++
			}
		}
		if len(server.Certificates()) != 250 || len(subjects) != 250 || refused == 0 {
			t.Errorf("%d held, %d different, %d refused", len(server.Certificates()), len(subjects), refused)
		}
	})
}

// TestCreateAllSkipsWhatIsThere: a second run uploads nothing, after one listing for all.
func TestCreateAllSkipsWhatIsThere(t *testing.T) {
	virtual(t, func(t *testing.T) {
		s := new(simulation)
		var certs []*certificate
		for i := range 20 {
			certs = append(certs, issue(t, subjectOf(fmt.Sprintf("Contoso %d", i), "Contoso Ltd")))
		}
		s.had(certs[3], time.Hour)
		certs = append(certs, certs[5]) // twice in the input
		for run, want := range []int{19, 0} {
			s.requests = nil
			created := 0
			for index, result := range s.process(t).CreateAll(t.Context(), slices.Values(certs), &intune.CreateAllOptions{SkipExisting: true, Concurrency: 8}) {
				if result.Err != nil || !result.Done() || result.Created == (result.Response.MatchedBy != "") {
					t.Errorf("run %d, %d: %+v", run, index, result)
				}
				if result.Created {
					created++
				}
			}
			listings := 0
			for _, request := range s.requests {
				if request == "GET" {
					listings++
				}
			}
			if created != want || len(s.records) != 20 || listings != 1 {
				t.Errorf("run %d: %d created, %d records, %d listings", run, created, len(s.records), listings)
			}
			time.Sleep(time.Hour)
		}
		near := *certs[0]
		near.Content, near.ExpirationDateTime = nil, near.ExpirationDateTime.Add(24*time.Hour)
		for _, result := range s.process(t).CreateAll(t.Context(), slices.Values([]*certificate{&near, nil}), &intune.CreateAllOptions{SkipExisting: true, Concurrency: 1}) {
			if result.Done() || !errors.As(result.Err, new(*intune.AmbiguousMatchError)) && !errors.As(result.Err, new(*intune.InputError)) {
				t.Errorf("got %+v", result)
			}
		}
		if len(s.records) != 20 {
			t.Errorf("%d records", len(s.records))
		}
	})
}
