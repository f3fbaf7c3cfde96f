package intune_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"

	intune "github.com/seed-230b9595/intune-go"
)

const gatewayPage = "<html><body>Service Unavailable</body></html>"

// follow is what an operation does after an attempt that was answered in one way, when the next one would succeed.
type follow string

const (
	retries follow = "retries"
	fails   follow = "fails"   // with the error itself
	unknown follow = "unknown" // with an OutcomeUnknownError around it
)

// TestOutcomes is the table of outcomes: what follows from each kind of answer, for methods that may be repeated
// and for POST.
func TestOutcomes(t *testing.T) {
	withRetryAfter := []string{"Retry-After", "1"}
	tests := []struct {
		name         string
		answer       httpmock.Responder
		others, post follow
	}{
		{"429", reply(429, ""), retries, retries},
		{"429 with Retry-After", reply(429, "", withRetryAfter...), retries, retries},
		{"509", reply(509, ""), retries, retries},
		{"503 with Retry-After", reply(503, gatewayPage, withRetryAfter...), retries, retries},
		{"503 of Graph", reply(503, graphRefusal("ServiceUnavailable")), retries, retries},
		{"408 with Retry-After", reply(408, "", withRetryAfter...), retries, retries},
		{"408 of Graph", reply(408, graphRefusal("RequestTimeout")), retries, retries},
		{"401", reply(401, graphRefusal("InvalidAuthenticationToken")), retries, retries},

		{"400", reply(400, graphRefusal("BadRequest")), fails, fails},
		{"403", reply(403, graphRefusal("Forbidden")), fails, fails},
		{"404", reply(404, graphRefusal("ResourceNotFound")), fails, fails},
		{"408", reply(408, ""), fails, fails},
		{"409", reply(409, graphRefusal("Conflict")), fails, fails},
		{"413 with a cut body", cut(413, "{"), fails, fails},
		{"422 with HTML", reply(422, gatewayPage), fails, fails},
		{"501", reply(501, ""), fails, fails},
		{"302", reply(302, "", "Location", "https://elsewhere.example/"), fails, fails},
		{"307", reply(307, "", "Location", "https://elsewhere.example/"), fails, fails},
		{"307 to nowhere", reply(307, "", "Location", "::"), fails, fails},
		{"304", reply(304, ""), fails, fails},

		{"connection lost", lost(), retries, unknown},
		{"time-out", httpmock.NewErrorResponder(timeout{}), retries, unknown},
		{"500", reply(500, graphRefusal("InternalServerError")), retries, unknown},
		{"502", reply(502, gatewayPage), retries, unknown},
		{"504", reply(504, gatewayPage), retries, unknown},
		{"bare 503", reply(503, gatewayPage), retries, unknown},
		{"503 with a cut body", cut(503, graphRefusal("ServiceUnavailable")[:20]), retries, unknown},
		{"2xx with a cut body", cut(201, created), retries, unknown},
		{"2xx that is not JSON", reply(201, gatewayPage), retries, unknown},
		{"2xx without a body", reply(201, ""), retries, unknown},
		{"101", reply(101, ""), retries, unknown},
		{"999", reply(999, ""), retries, unknown},
	}
	methods := map[string]bool{"GET": false, "PUT": false, "PATCH": false, "DELETE": false, "POST": true, "Create": true}
	for _, test := range tests {
		for method, isPost := range methods {
			t.Run(test.name+"/"+method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWire(t, test.answer, reply(http.StatusCreated, created))
					err := call(w.client(), method)
					want := test.others
					if isPost {
						want = test.post
					}
					if got := followOf(err, len(w.requests)); got != want {
						t.Errorf("it %s, want %s: %d requests, %v", got, want, len(w.requests), err)
					}
				})
			})
		}
	}
}

type timeout struct{}

func (timeout) Error() string   { return "timeout" }
func (timeout) Timeout() bool   { return true }
func (timeout) Temporary() bool { return true }

func call(client *intune.Client, method string) error {
	if method == "Create" {
		_, err := create(client, intune.WithoutReconcile())
		return err
	}
	out := new(intune.EnterpriseCodeSigningCertificate)
	return client.Do(context.Background(), method, path, nil, out)
}

func followOf(err error, requests int) follow {
	switch {
	case errors.As(err, new(*intune.OutcomeUnknownError)) && requests == 1:
		return unknown
	case err != nil && requests == 1:
		return fails
	case err == nil && requests == 2:
		return retries
	}
	return follow(fmt.Sprintf("makes %d requests and gives %v", requests, err))
}

func TestDeleteThatMeets404AfterAnUnknownOutcomeHasSucceeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := reply(404, graphRefusal("ResourceNotFound"))
		w := newWire(t, reply(504, gatewayPage), gone)
		if err := call(w.client(), "DELETE"); err != nil {
			t.Error(err)
		}
		w = newWire(t, reply(429, ""), gone)
		if err := call(w.client(), "DELETE"); !errors.Is(err, intune.ErrNotFound) {
			t.Errorf("after a refusal: got %v, want ErrNotFound", err)
		}
	})
}

func TestSecond401IsFinal(t *testing.T) {
	refusal := reply(401, graphRefusal("InvalidAuthenticationToken"))
	w := newWire(t, refusal, refusal)
	if err := call(w.client(), "POST"); !errors.Is(err, intune.ErrUnauthorized) || len(w.requests) != 2 {
		t.Errorf("got %v after %d requests", err, len(w.requests))
	}
}

func TestWaits(t *testing.T) {
	intuneWait := `{"error":{"code":"TooManyRequests","message":"{\"Message\":\"slow down\",\"RetryAfter\":\"7\"}"}}`
	tests := []struct {
		name     string
		answer   httpmock.Responder
		min, max time.Duration
	}{
		{"seconds", reply(429, "", "Retry-After", "3"), 3 * time.Second, 3 * time.Second},
		{"HTTP date", reply(503, "", "Retry-After", "Sat, 01 Jan 2000 00:01:30 GMT"), 90 * time.Second, 90 * time.Second},
		{
			"HTTP date by the clock of the service",
			reply(429, "", "Date", "Sun, 23 Nov 2026 12:00:00 GMT", "Retry-After", "Sun, 23 Nov 2026 12:00:05 GMT"), 5 * time.Second, 5 * time.Second,
		},
		{"HTTP date in the past", reply(429, "", "Retry-After", "Fri, 31 Dec 1999 23:59:59 GMT"), 0, 500 * time.Millisecond},
		{"Intune's own", reply(429, intuneWait), 7 * time.Second, 7 * time.Second},
		{"the header stands over Intune's own", reply(429, intuneWait, "Retry-After", "2"), 2 * time.Second, 2 * time.Second},
		{"an hour", reply(429, "", "Retry-After", "3600"), time.Hour, time.Hour},
		{"nothing asked", reply(429, ""), 0, 500 * time.Millisecond},
		{"nonsense asked", reply(429, "", "Retry-After", "soon"), 0, 500 * time.Millisecond},
		{"a fresh token", reply(401, "", "Retry-After", "3"), 0, 0},
		{"Graph's 503 without a word of time", reply(503, graphRefusal("ServiceUnavailable")), 0, 500 * time.Millisecond},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWire(t, test.answer, reply(http.StatusCreated, created))
				if _, err := create(w.client()); err != nil {
					t.Fatal(err)
				}
				if got := w.times[1].Sub(w.times[0]); got < test.min || got > test.max {
					t.Errorf("waited %v, want %v to %v", got, test.min, test.max)
				}
			})
		})
	}
}

func TestBackoffDoublesUpToMaxDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const attempts = 40
		w := newWire(t)
		for range attempts {
			w.answers = append(w.answers, reply(500, ""))
		}
		client := w.client(intune.WithRetry(intune.RetryPolicy{ReconcileWindow: 1, MaxAttempts: attempts, MinDelay: time.Second, MaxDelay: 8 * time.Second}))
		var meta intune.Response
		err := client.Do(t.Context(), "GET", path, nil, nil, intune.WithResponse(&meta))
		if !strings.Contains(fmt.Sprint(err), "gave up after 40 of 40 attempts") || meta.Attempts != attempts || meta.StatusCode != 500 {
			t.Errorf("got %v, %+v", err, meta)
		}
		ceiling, longest := time.Second, time.Duration(0)
		for i := range w.times[1:] {
			got := w.times[i+1].Sub(w.times[i])
			if got > ceiling {
				t.Errorf("wait %d is %v, want at most %v", i+1, got, ceiling)
			}
			ceiling, longest = min(2*ceiling, 8*time.Second), max(longest, got)
		}
		if longest < 2*time.Second {
			t.Errorf("no wait of 39 was above %v: that is not full jitter up to 8 s", longest)
		}
	})
}

func TestMaxAttemptsOfOneNeverSendsAgain(t *testing.T) {
	for _, answer := range []httpmock.Responder{reply(429, "", "Retry-After", "1"), reply(401, ""), reply(500, "")} {
		w := newWire(t, answer)
		err := call(w.client(intune.WithRetry(intune.RetryPolicy{ReconcileWindow: 1, MaxAttempts: 1})), "GET")
		if errorAs[*intune.APIError](t, err); len(w.requests) != 1 {
			t.Errorf("got %v after %d requests", err, len(w.requests))
		}
	}
}

func TestWaitThatOutlastsTheContextIsNotBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		began := time.Now()
		_, err := createContext(ctx, newWire(t, reply(429, "", "Retry-After", "11")).client())
		if !errors.Is(err, intune.ErrThrottled) || !strings.Contains(err.Error(), "11s") || time.Since(began) != 0 {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
	})
}

func TestAbsurdRetryAfterEndsTheCall(t *testing.T) {
	for _, asked := range []string{"3601", "99999999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"} {
		_, err := create(newWire(t, reply(429, "", "Retry-After", asked)).client())
		if !errors.Is(err, intune.ErrThrottled) || !strings.Contains(err.Error(), "the service asked to wait") {
			t.Errorf("%s: got %v", asked, err)
		}
	}
}

func TestContextEndsAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		w := newWire(t, reply(429, "", "Retry-After", "60"))
		_, err := createContext(ctx, w.client())
		if !errors.Is(err, context.Canceled) || !errors.Is(err, intune.ErrThrottled) || errors.As(err, new(*intune.OutcomeUnknownError)) {
			t.Errorf("got %v", err)
		}
		if waited := time.Since(w.times[0]); waited != time.Second {
			t.Errorf("returned after %v", waited)
		}
	})
}

func TestContextThatEndsWhileAnAttemptIsUnderWay(t *testing.T) {
	cause := errors.New("a cause of the caller's own")
	for method, wantUnknown := range map[string]bool{"POST": true, "GET": false} {
		ctx, cancel := context.WithCancelCause(t.Context())
		base := roundTripper(func(req *http.Request) (*http.Response, error) {
			cancel(cause)
			return nil, context.Cause(req.Context())
		})
		err := newClient(t, staticToken(), intune.WithHTTPClient(&http.Client{Transport: base})).Do(ctx, method, path, nil, nil)
		if !errors.Is(err, context.Canceled) || !errors.Is(err, cause) || errors.As(err, new(*intune.OutcomeUnknownError)) != wantUnknown {
			t.Errorf("%s: got %v", method, err)
		}
	}
}

func TestContextThatHasEndedSendsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := createContext(ctx, newWire(t).client())
	if !errors.Is(err, context.Canceled) || errors.As(err, new(*intune.OutcomeUnknownError)) {
		t.Errorf("got %v, want the context's error alone: nothing was sent", err)
	}
}

func TestAttemptIsLimitedInTime(t *testing.T) {
	for name, limit := range map[string]time.Duration{"default": 0, "given": 5 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hangs := func(req *http.Request) (*http.Response, error) {
					<-req.Context().Done()
					return nil, req.Context().Err()
				}
				w := newWire(t, hangs)
				client := newClient(t, staticToken(), intune.WithHTTPClient(&http.Client{Transport: w.mock, Timeout: limit}))
				began := time.Now()
				_, err := create(client, intune.WithoutReconcile())
				want := limit
				if want == 0 {
					want = time.Minute
				}
				errorAs[*intune.OutcomeUnknownError](t, err)
				if time.Since(began) != want || !strings.Contains(err.Error(), "no answer within") {
					t.Errorf("got %v after %v", err, time.Since(began))
				}
				if errors.Is(err, context.DeadlineExceeded) {
					t.Error("the limit of an attempt is taken for the caller's deadline")
				}
			})
		})
	}
}

// TestNotSentNeedsProof shows over real sockets, and with middleware, what counts as proof that nothing was sent: a
// POST is then tried again, and else it is not.
func TestNotSentNeedsProof(t *testing.T) {
	fast := intune.WithRetry(intune.RetryPolicy{ReconcileWindow: 1, MinDelay: time.Nanosecond, MaxDelay: time.Nanosecond})
	var mu sync.Mutex
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		mu.Lock()
		requests++
		mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, created)
	}))
	defer server.Close()
	broken := errors.New("broken")
	once := func(fail func() error) func() error { // fail the first time only
		var done bool
		return func() error {
			if done {
				return nil
			}
			done = true
			return fail()
		}
	}
	tests := []struct {
		name         string
		opts         func() []intune.Option
		wantUnknown  bool
		wantRequests int
	}{
		{"dialling failed", func() []intune.Option {
			fail := once(func() error { return broken })
			return []intune.Option{intune.WithHTTPClient(&http.Client{Transport: &http.Transport{
				DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
					if err := fail(); err != nil {
						return nil, err
					}
					return new(net.Dialer).DialContext(ctx, network, addr)
				},
			}})}
		}, false, 1},
		{"writing failed", func() []intune.Option {
			fail := once(func() error { return broken })
			return []intune.Option{intune.WithHTTPClient(&http.Client{Transport: &http.Transport{
				WriteBufferSize: 64, // smaller than the request, so that writing fails before it is through
				DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
					conn, err := new(net.Dialer).DialContext(ctx, network, addr)
					if fail() != nil {
						return &deafConn{conn}, err
					}
					return conn, err
				},
			}})}
		}, false, 1},
		{"a middleware failed before it sent anything", func() []intune.Option {
			fail := once(func() error { return broken })
			return []intune.Option{middleware(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
				if err := fail(); err != nil {
					return nil, err
				}
				return next.RoundTrip(req)
			})}
		}, false, 1},
		{"a middleware made up a 504", func() []intune.Option {
			fail := once(func() error { return broken })
			return []intune.Option{middleware(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
				if fail() != nil {
					return reply(504, "")(req)
				}
				return next.RoundTrip(req)
			})}
		}, false, 1},
		{"a middleware failed after it had sent it", func() []intune.Option {
			return []intune.Option{middleware(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
				if _, err := next.RoundTrip(req); err != nil {
					return nil, err
				}
				return nil, broken
			})}
		}, true, 1},
		{"a transport without hooks failed", func() []intune.Option {
			return []intune.Option{intune.WithHTTPClient(&http.Client{Transport: newWire(t, httpmock.NewErrorResponder(broken)).mock})}
		}, true, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			requests = 0
			opts := append(test.opts(), intune.WithBaseURL(server.URL), fast)
			client := newClient(t, staticToken(), opts...)
			defer client.CloseIdleConnections()
			_, err := create(client, intune.WithoutReconcile())
			mu.Lock()
			defer mu.Unlock()
			if got := errors.As(err, new(*intune.OutcomeUnknownError)); got != test.wantUnknown || requests != test.wantRequests {
				t.Errorf("got %v and %d requests", err, requests)
			}
			if !test.wantUnknown && err != nil {
				t.Error(err)
			}
		})
	}
}

func middleware(do func(next http.RoundTripper, req *http.Request) (*http.Response, error)) intune.Option {
	return intune.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) { return do(next, req) })
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// deafConn is a connection on which nothing can be written.
type deafConn struct{ net.Conn }

func (*deafConn) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// TestLateRequestOfAMiddlewareIsNotSent shows that the proof of an attempt that was not sent holds afterwards: a
// middleware that gave up and calls its next step too late would make the retry a second POST.
func TestLateRequestOfAMiddlewareIsNotSent(t *testing.T) {
	w := newWire(t, reply(http.StatusCreated, created))
	retried, late := make(chan struct{}), make(chan error)
	first := true
	client := w.client(intune.WithRetry(intune.RetryPolicy{ReconcileWindow: 1, MinDelay: time.Nanosecond, MaxDelay: time.Nanosecond}),
		middleware(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
			if !first {
				return next.RoundTrip(req)
			}
			first = false
			go func() {
				<-retried
				_, err := next.RoundTrip(req)
				late <- err
			}()
			return nil, errors.New("the middleware lost patience")
		}))
	if _, err := create(client); err != nil {
		t.Fatal(err)
	}
	close(retried)
	if err := <-late; err == nil || len(w.requests) != 1 {
		t.Errorf("the late request: %v, %d requests", err, len(w.requests))
	}
}

func TestAttemptAfterA503UsesANewConnection(t *testing.T) {
	for name, opts := range map[string][]intune.Option{
		"our transport":   nil,
		"somebody else's": {intune.WithHTTPClient(&http.Client{Transport: &http.Transport{}})},
	} {
		t.Run(name, func(t *testing.T) {
			var connections []string
			var closing []bool
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				connections = append(connections, r.RemoteAddr)
				closing = append(closing, r.Close)
				if len(connections) == 2 {
					w.Header().Set("Retry-After", "0")
					w.WriteHeader(http.StatusServiceUnavailable)
					return
				}
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, created)
			}))
			defer server.Close()
			opts := append(opts, intune.WithBaseURL(server.URL), intune.WithRetry(intune.RetryPolicy{ReconcileWindow: 1, MinDelay: 1, MaxDelay: 1}))
			client := newClient(t, staticToken(), opts...)
			for range 2 {
				if err := call(client, "GET"); err != nil {
					t.Fatal(err)
				}
			}
			if connections[0] != connections[1] {
				t.Error("the connection was not reused before the 503")
			}
			if ours := name == "our transport"; ours && connections[2] == connections[1] || !ours && !closing[2] {
				t.Errorf("connections %v, closing %v", connections, closing)
			}
		})
	}
}
