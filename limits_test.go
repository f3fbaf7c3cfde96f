package intune_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// timed is a service that notes when requests of each method arrive, in virtual time.
type timed struct {
	mu    sync.Mutex
	times map[string][]time.Time
	all   []time.Time
}

func (s *timed) RoundTrip(req *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.times == nil {
		s.times = make(map[string][]time.Time)
	}
	now := time.Now()
	s.times[req.Method] = append(s.times[req.Method], now)
	s.all = append(s.all, now)
	return httpmock.NewStringResponse(http.StatusOK, "{}"), nil
}

func (s *timed) client(tb testing.TB, opts ...intune.Option) *intune.Client {
	tb.Helper()
	return newClient(tb, staticToken(), append(opts, intune.WithHTTPClient(&http.Client{Transport: s}))...)
}

// within says whether there are never more than n of the times in a window.
func within(times []time.Time, n int, window time.Duration) bool {
	times = slices.Clone(times)
	slices.SortFunc(times, time.Time.Compare)
	for i := range max(len(times)-n, 0) {
		if times[i+n].Sub(times[i]) < window {
			return false
		}
	}
	return true
}

// TestQuotaHoldsHoweverCallersInterleave lets callers come at random, with random methods, and looks at every window.
func TestQuotaHoldsHoweverCallersInterleave(t *testing.T) {
	quotas := []intune.Quota{
		{Requests: 7, Window: 5 * time.Second, Methods: []string{"POST", "PATCH"}},
		{Requests: 20, Window: 3 * time.Second},
		{Requests: 2, Window: time.Second, Methods: []string{"PATCH"}},
	}
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			service := new(timed)
			client := service.client(t, intune.WithQuota(quotas...))
			methods := []string{"GET", "GET", "POST", "PATCH"}
			var wait sync.WaitGroup
			for range 300 {
				method, start := methods[random.IntN(4)], time.Duration(random.IntN(30_000))*time.Millisecond
				wait.Go(func() {
					time.Sleep(start)
					if err := client.Do(t.Context(), method, "/x", nil, nil); err != nil {
						t.Error(err)
					}
				})
			}
			wait.Wait()
			writes := append(slices.Clone(service.times["POST"]), service.times["PATCH"]...)
			if !within(writes, 7, 5*time.Second) || !within(service.all, 20, 3*time.Second) || !within(service.times["PATCH"], 2, time.Second) {
				t.Errorf("seed %d: a quota was exceeded", seed)
			}
			if len(service.all) != 300 {
				t.Errorf("%d requests arrived", len(service.all))
			}
		})
	}
}

func TestQuotaLetsThroughWhatFits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := new(timed)
		client := service.client(t) // the default: 100 writes and 1000 requests in 20 s
		began := time.Now()
		for range 101 {
			if err := client.Do(t.Context(), "POST", "/x", nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		if at := service.all[99].Sub(began); at != 0 {
			t.Errorf("the 100th write waited %v", at)
		}
		if at := service.all[100].Sub(began); at < 20*time.Second || at > 20*time.Second+500*time.Millisecond {
			t.Errorf("the 101st write was sent after %v, want 20 s and at most half a second more", at)
		}
	})
}

func TestReadsDoNotWaitBehindWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := new(timed)
		client := service.client(t)
		began := time.Now()
		var wait sync.WaitGroup
		for range 150 {
			wait.Go(func() { _ = client.Do(t.Context(), "POST", "/x", nil, nil) })
		}
		synctest.Wait()
		if err := client.Do(t.Context(), "GET", "/x", nil, nil); err != nil || time.Since(began) != 0 {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		wait.Wait()
	})
}

func TestQuotaKeepsTheOrderOfArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := new(timed)
		client := service.client(t, intune.WithQuota(intune.Quota{Requests: 1, Window: time.Second}))
		var mu sync.Mutex
		var order []int
		var wait sync.WaitGroup
		for i := range 20 {
			wait.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				_ = client.Do(t.Context(), "GET", "/x", nil, nil)
				mu.Lock()
				defer mu.Unlock()
				order = append(order, i)
			})
		}
		wait.Wait()
		if !slices.IsSorted(order) {
			t.Errorf("got %v", order)
		}
	})
}

func TestQuotaHonorsContexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := new(timed)
		client := service.client(t, intune.WithQuota(intune.Quota{Requests: 1, Window: 10 * time.Second}))
		if err := get(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		short, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		began := time.Now()
		err := get(short, client)
		if !errors.Is(err, intune.ErrThrottled) || isContextError(err) || intune.RetryAfter(err) < 10*time.Second || time.Since(began) != 0 {
			t.Errorf("a wait that outlasts the context: %v after %v, retry after %v", err, time.Since(began), intune.RetryAfter(err))
		}
		ended, end := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, end)
		behind := make(chan error)
		go func() {
			time.Sleep(500 * time.Millisecond)
			behind <- get(t.Context(), client)
		}()
		go func() { // whose deadline comes before the turn of whoever stands in front
			time.Sleep(700 * time.Millisecond)
			tooShort, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			err := get(tooShort, client)
			if !errors.Is(err, intune.ErrThrottled) || isContextError(err) || intune.RetryAfter(err) < 9*time.Second || time.Since(began) != 700*time.Millisecond {
				t.Errorf("in the queue: %v after %v, retry after %v", err, time.Since(began), intune.RetryAfter(err))
			}
		}()
		if err := get(ended, client); !errors.Is(err, context.Canceled) || !errors.Is(err, intune.ErrThrottled) || time.Since(began) != time.Second {
			t.Errorf("a context that ends meanwhile: %v after %v", err, time.Since(began))
		}
		if err := <-behind; err != nil || time.Since(began) > 10*time.Second+500*time.Millisecond {
			t.Errorf("whoever stood behind: %v after %v", err, time.Since(began))
		}
	})
}

func isContextError(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

func TestWithoutQuotaThereIsNoLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := new(timed)
		client := service.client(t, intune.WithQuota())
		began := time.Now()
		for range 2000 {
			if err := get(t.Context(), client); err != nil {
				t.Fatal(err)
			}
		}
		if time.Since(began) != 0 {
			t.Errorf("waited %v", time.Since(began))
		}
	})
}

// shared is a Limiter that several clients use.
type shared struct {
	methods []string
	err     error
}

func (s *shared) Wait(_ context.Context, method string) error {
	s.methods = append(s.methods, method)
	return s.err
}

func TestLimiterIsAskedForEveryAttempt(t *testing.T) {
	limiter := new(shared)
	w := newWire(t, reply(429, ""), reply(201, created))
	if _, err := create(w.client(intune.WithLimiter(limiter), intune.WithRetry(intune.RetryPolicy{ReconcileWindow: 1, MinDelay: 1, MaxDelay: 1}))); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(limiter.methods, []string{"POST", "POST"}) {
		t.Errorf("asked for %v", limiter.methods)
	}
	limiter.err = errors.New("the shared store is down")
	if _, err := create(newWire(t).client(intune.WithLimiter(limiter))); !errors.Is(err, limiter.err) || errors.As(err, new(*intune.OutcomeUnknownError)) {
		t.Errorf("got %v", err)
	}
}

// TestOneRejectionPausesTheWholeClient: fifty goroutines do not each find out.
func TestOneRejectionPausesTheWholeClient(t *testing.T) {
	for _, fault := range []intunetest.Fault{{Status: 429, RetryAfter: "20"}, {Status: 509, RetryAfter: "20"}, {Status: 503, RetryAfter: "20"}} {
		virtual(t, func(t *testing.T) {
			server := memoryServer(t)
			client := server.Client()
			server.Inject(fault)
			began := time.Now()
			var wait sync.WaitGroup
			for i := range 50 {
				wait.Go(func() {
					time.Sleep(time.Duration(i) * time.Millisecond)
					if _, err := client.EnterpriseCodeSigningCertificates().List(t.Context(), nil); err != nil {
						t.Error(err)
					}
				})
			}
			wait.Wait()
			released := make(map[time.Time]bool)
			for _, req := range server.Requests()[2:] {
				if after := req.Time.Sub(began); after < 20*time.Second || after > 20*time.Second+550*time.Millisecond {
					t.Errorf("a request after %v: want them all in the half second after the pause", after)
				}
				released[req.Time] = true
			}
			if got := len(server.Requests()); got != 1+1+50 || len(released) < 25 {
				t.Errorf("%d requests, released at %d different times; want one rejected, then fifty, spread", got, len(released))
			}
		})
	}
}

// TestOtherRetryAfterHoldsForItsCallAlone: a gateway, or an error that is not about load, pauses nobody else.
func TestOtherRetryAfterHoldsForItsCallAlone(t *testing.T) {
	for name, response := range map[string]httpmock.Responder{
		"503 of a gateway": reply(503, gatewayPage, "Retry-After", "20"), "502": reply(502, gatewayPage, "Retry-After", "20"),
		"500 of Graph": reply(500, graphRefusal("InternalServerError"), "Retry-After", "20"), "408": reply(408, "", "Retry-After", "20"),
	} {
		virtual(t, func(t *testing.T) {
			w := newWire(t, response, reply(200, "{}"), reply(200, "{}"))
			client := w.client()
			done := make(chan error)
			go func() { done <- get(t.Context(), client) }()
			time.Sleep(time.Second)
			began := time.Now()
			if err := get(t.Context(), client); err != nil || time.Since(began) != 0 {
				t.Errorf("%s: another call: %v after %v", name, err, time.Since(began))
			}
			if err := <-done; err != nil || time.Since(began) != 19*time.Second {
				t.Errorf("%s: the call: %v after %v", name, err, time.Since(began))
			}
		})
	}
}

// pausable is a Limiter that is told when the service throttles.
type pausable struct {
	shared

	pauses []time.Duration
}

func (p *pausable) Pause(pause time.Duration) { p.pauses = append(p.pauses, pause) }

func TestLimiterIsToldWhenTheServiceThrottles(t *testing.T) {
	for status, want := range map[int][]time.Duration{429: {7 * time.Second}, 509: {7 * time.Second}, 503: nil} {
		virtual(t, func(t *testing.T) {
			limiter := new(pausable)
			w := newWire(t, reply(status, graphRefusal("Code"), "Retry-After", "7"), reply(200, "{}"))
			if err := get(t.Context(), w.client(intune.WithLimiter(limiter))); err != nil || !slices.Equal(limiter.pauses, want) {
				t.Errorf("%d: %v, told %v", status, err, limiter.pauses)
			}
		})
	}
}

// TestPauseHoldsAlsoIfTheRejectedCallGivesUp: the others learn of it all the same.
func TestPauseHoldsAlsoIfTheRejectedCallGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := intunetest.NewServer(t, intunetest.WithListener(intunetest.ListenMemory()))
		client := server.Client(intune.WithRetry(intune.RetryPolicy{MaxAttempts: 1}))
		server.Inject(intunetest.Fault{Status: 429, RetryAfter: "20"})
		began := time.Now()
		if _, err := create(client); !errors.Is(err, intune.ErrThrottled) || time.Since(began) != 0 {
			t.Errorf("the rejected call: %v after %v", err, time.Since(began))
		}
		if _, err := create(client); err != nil || time.Since(began) != 20*time.Second {
			t.Errorf("the next one: %v after %v", err, time.Since(began))
		}
	})
}

func TestPauseThatOutlastsTheContextIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := intunetest.NewServer(t, intunetest.WithListener(intunetest.ListenMemory()))
		client := server.Client()
		server.Inject(intunetest.Fault{Status: 429, RetryAfter: "600"})
		go func() { _, _ = create(client) }()
		time.Sleep(time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		_, err := createContext(ctx, client)
		if !errors.Is(err, intune.ErrThrottled) || isContextError(err) || intune.RetryAfter(err).Round(time.Second) != 599*time.Second || time.Since(began) != 0 {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
		time.Sleep(10 * time.Minute)
	})
}

func TestContextEndsThePauseOfAnotherCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := intunetest.NewServer(t, intunetest.WithListener(intunetest.ListenMemory()))
		client := server.Client()
		server.Inject(intunetest.Fault{Status: 429, RetryAfter: "600"})
		go func() { _, _ = create(client) }()
		time.Sleep(time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err := createContext(ctx, client)
		if !errors.Is(err, intune.ErrThrottled) || !errors.Is(err, context.Canceled) || errors.As(err, new(*intune.OutcomeUnknownError)) {
			t.Errorf("got %v", err)
		}
		time.Sleep(10 * time.Minute)
	})
}
