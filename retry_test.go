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
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// follow is what an operation does after an attempt that ended in one way, when the next one would succeed.
type follow string

const (
	retries follow = "retries"
	fails   follow = "fails"   // with the error itself
	unknown follow = "unknown" // with an OutcomeUnknownError around it
)

// TestOutcomes is the table of outcomes in the documentation: what follows from each way in which an attempt can end.
func TestOutcomes(t *testing.T) {
	graph := func(status int) httpmock.Responder { return reply(status, graphRefusal("Code")) }
	gateway := func(status int) httpmock.Responder { return reply(status, gatewayPage, "Retry-After", "1") }
	challenge := []string{"WWW-Authenticate", `Bearer error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ=="`}
	tests := []struct {
		name             string
		response         httpmock.Responder
		get, write, post follow // write: PUT, PATCH and DELETE
	}{
		// rejected
		{"429", reply(429, ""), retries, retries, retries},
		{"429 of a gateway", gateway(429), retries, retries, retries},
		{"509", reply(509, ""), retries, retries, retries},
		{"401", graph(401), retries, retries, retries},
		{"401 of a gateway", gateway(401), retries, retries, retries},
		{"401 with a claims challenge", reply(401, graphRefusal("Code"), challenge...), retries, retries, retries},
		{"403 with a claims challenge", reply(403, graphRefusal("Code"), challenge...), retries, retries, retries},

		// failed
		{"400", graph(400), fails, fails, fails},
		{"403", graph(403), fails, fails, fails},
		{"404", graph(404), fails, fails, fails},
		{"409", graph(409), fails, fails, fails},
		{"412", graph(412), fails, fails, fails},
		{"499 of Graph", graph(499), fails, fails, fails},
		{"501 of Graph", graph(501), fails, fails, fails},
		{"400 behind a byte-order mark", reply(400, "\uFEFF"+graphRefusal("BadRequest")), fails, fails, fails},

		// failed for a GET, unknown otherwise
		{"400 of a gateway", gateway(400), fails, retries, unknown},
		{"403 of a gateway", gateway(403), fails, retries, unknown},
		{"404 of a gateway", gateway(404), fails, retries, unknown},
		{"404 without a code", reply(404, `{"error":{"code":"","message":"x"}}`), fails, retries, unknown},
		{"404 with a code of another type", reply(404, `{"error":{"code":5}}`), fails, retries, unknown},
		{"404 of OAuth", reply(404, `{"error":"invalid"}`), fails, retries, unknown},
		{"400 truncated", cut(400, graphRefusal("BadRequest")[:20]), fails, retries, unknown},
		{"413 without a body", reply(413, ""), fails, retries, unknown},
		{"422 of a gateway", gateway(422), fails, retries, unknown},
		{"460 without a body", reply(460, ""), fails, retries, unknown},
		{"499 without a body", reply(499, ""), fails, retries, unknown},

		// unknown
		{"101", reply(101, ""), retries, retries, unknown},
		{"302", reply(302, "", "Location", "https://elsewhere.example/"), retries, retries, unknown},
		{"303", reply(303, "", "Location", "https://elsewhere.example/"), retries, retries, unknown},
		{"304", reply(304, ""), retries, retries, unknown},
		{"307 to nowhere", reply(307, "", "Location", "::"), retries, retries, unknown},
		{"408", reply(408, ""), retries, retries, unknown},
		{"408 of Graph", graph(408), retries, retries, unknown},
		{"408 with Retry-After", gateway(408), retries, retries, unknown},
		{"500", graph(500), retries, retries, unknown},
		{"501 of a gateway", gateway(501), retries, retries, unknown},
		{"502", gateway(502), retries, retries, unknown},
		{"503 of a gateway", gateway(503), retries, retries, unknown},
		{"503 of Graph", graph(503), retries, retries, unknown},
		{"503 of Graph with Retry-After", reply(503, graphRefusal("ServiceUnavailable"), "Retry-After", "1"), retries, retries, unknown},
		{"504", gateway(504), retries, retries, unknown},
		{"999", reply(999, ""), retries, retries, unknown},
		{"2xx truncated", cut(201, created), retries, retries, unknown},
		{"2xx that is not JSON", reply(201, gatewayPage), retries, retries, unknown},
		{"2xx without a body", reply(201, ""), retries, retries, unknown},
		{"connection lost", lost(), retries, retries, unknown},
		{"timeout", httpmock.NewErrorResponder(timeout{}), retries, retries, unknown},
		{"dialling failed, by the word of a foreign transport", httpmock.NewErrorResponder(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}), retries, retries, unknown},
	}
	for _, test := range tests {
		for method, want := range map[string]follow{
			"GET": test.get, "PUT": test.write, "PATCH": test.write, "DELETE": test.write, "POST": test.post, "Create": test.post,
		} {
			t.Run(test.name+"/"+method, func(t *testing.T) {
				virtual(t, func(t *testing.T) {
					w := newWire(t, test.response, reply(http.StatusCreated, created))
					err := call(w.client(), method)
					if got := followOf(err, len(w.requests)); got != want {
						t.Errorf("it %s, want %s: %d requests, %v", got, want, len(w.requests), err)
					}
				})
			})
		}
	}
}

type timeout struct{}

func (timeout) Error() string { return "timeout" }

func (timeout) Timeout() bool { return true }

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

// TestOnlyGraphSaysNotFound: a gateway's 404 says nothing about the object, so a state file does not lose a live record.
func TestOnlyGraphSaysNotFound(t *testing.T) {
	virtual(t, func(t *testing.T) {
		for body, want := range map[string]bool{graphRefusal("ResourceNotFound"): true, gatewayPage: false, `{"error":"not_found"}`: false, "": false} {
			_, err := certificates(newWire(t, reply(404, body))).Get(t.Context(), anID)
			if errors.Is(err, intune.ErrNotFound) != want || errorAs[*intune.APIError](t, err).StatusCode != 404 {
				t.Errorf("%q: got %v", body, err)
			}
		}
	})
}

func TestDeleteThatMeets404AfterAnUnknownOutcomeHasSucceeded(t *testing.T) {
	gone, gateway := reply(404, graphRefusal("ResourceNotFound")), reply(404, gatewayPage)
	for name, test := range map[string]struct {
		responses []httpmock.Responder
		isGone    bool
	}{
		"502, then Graph's 404":                        {[]httpmock.Responder{reply(502, gatewayPage), gone}, true},
		"502, then a gateway's 404":                    {[]httpmock.Responder{reply(502, gatewayPage), gateway, gateway, gateway}, false},
		"a gateway's 404, then Graph's":                {[]httpmock.Responder{gateway, gone}, true},
		"502, a gateway's 404, then Graph's":           {[]httpmock.Responder{reply(502, gatewayPage), gateway, gone}, true},
		"lost, then a 404 without a code of the error": {[]httpmock.Responder{lost(), reply(404, `{"error":{}}`), reply(404, ""), reply(404, "")}, false},
	} {
		virtual(t, func(t *testing.T) {
			if err := certificates(newWire(t, test.responses...)).Delete(t.Context(), anID); (err == nil) != test.isGone || errors.Is(err, intune.ErrNotFound) {
				t.Errorf("%s: got %v", name, err)
			}
		})
	}
	virtual(t, func(t *testing.T) {
		w := newWire(t, reply(429, ""), gone)
		if err := call(w.client(), "DELETE"); !errors.Is(err, intune.ErrNotFound) {
			t.Errorf("after a rejection: got %v, want ErrNotFound", err)
		}
	})
}

func TestWaits(t *testing.T) {
	intuneWait := `{"error":{"code":"TooManyRequests","message":"{\"Message\":\"slow down\",\"RetryAfter\":\"7\"}"}}`
	tests := []struct {
		name     string
		response httpmock.Responder
		min, max time.Duration
	}{
		{"seconds", reply(429, "", "Retry-After", "3"), 3 * time.Second, 3 * time.Second},
		{"a gateway's", reply(504, gatewayPage, "Retry-After", "3"), 3 * time.Second, 3 * time.Second},
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
				w := newWire(t, test.response, reply(http.StatusOK, created))
				if err := call(w.client(), "GET"); err != nil {
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
			w.responses = append(w.responses, reply(500, ""))
		}
		client := w.client(intune.WithRetry(intune.RetryPolicy{MaxAttempts: attempts, MinDelay: time.Second, MaxDelay: 8 * time.Second}))
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

// TestLastAttempt: a call ends with MaxAttempts of 1, and with the second 401.
func TestLastAttempt(t *testing.T) {
	rejection := reply(401, graphRefusal("InvalidAuthenticationToken"))
	for _, test := range []struct {
		method      string
		responses   []httpmock.Responder
		maxAttempts int
		want        error
	}{
		{"POST", []httpmock.Responder{reply(429, "", "Retry-After", "1")}, 1, intune.ErrThrottled},
		{"POST", []httpmock.Responder{rejection}, 1, intune.ErrUnauthorized},
		{"GET", []httpmock.Responder{reply(502, "")}, 1, intune.ErrUnavailable},
		{"POST", []httpmock.Responder{rejection, rejection}, 0, intune.ErrUnauthorized},
	} {
		w := newWire(t, test.responses...)
		err := call(w.client(intune.WithRetry(intune.RetryPolicy{MaxAttempts: test.maxAttempts})), test.method)
		if !errors.Is(err, test.want) || errors.As(err, new(*intune.OutcomeUnknownError)) || len(w.requests) != len(test.responses) {
			t.Errorf("got %v after %d requests, want %v", err, len(w.requests), test.want)
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

// TestRetryAfterOfMoreThanAnHourEndsEveryCallAtOnce, not only the first one.
func TestRetryAfterOfMoreThanAnHourEndsEveryCallAtOnce(t *testing.T) {
	for _, asked := range []string{"3601", "99999999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"} {
		for _, response := range []httpmock.Responder{reply(429, "", "Retry-After", asked), reply(503, graphRefusal("ServiceUnavailable"), "Retry-After", asked)} {
			virtual(t, func(t *testing.T) {
				began := time.Now()
				w := newWire(t, response, reply(http.StatusOK, created))
				client := w.client()
				for _, want := range []string{"the service asked to wait", "requests must wait another"} {
					err := call(client, "GET")
					if err == nil || !strings.Contains(err.Error(), want) || intune.RetryAfter(err) <= time.Hour || time.Since(began) != 0 {
						t.Errorf("%s: got %v after %v, want %q", asked, err, time.Since(began), want)
					}
				}
				time.Sleep(time.Second)
				if err := call(client, "GET"); (err == nil) != (asked == "3601") {
					t.Errorf("%s: got %v a second later", asked, err)
				}
			})
		}
	}
}

// TestContextEndsAWait: the error has the context's, and that of the last attempt.
func TestContextEndsAWait(t *testing.T) {
	for name, test := range map[string]struct {
		method   string
		response httpmock.Responder
		want     error
	}{
		"that the service asks for": {"POST", reply(429, "", "Retry-After", "60"), intune.ErrThrottled},
		"of the backoff":            {"GET", reply(502, gatewayPage), intune.ErrUnavailable},
	} {
		virtual(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Microsecond, cancel)
			w := newWire(t, test.response)
			began := time.Now()
			err := w.client(intune.WithRetry(intune.RetryPolicy{MinDelay: time.Hour, MaxDelay: time.Hour})).Do(ctx, test.method, path, nil, nil)
			if !errors.Is(err, context.Canceled) || !errors.Is(err, test.want) || errors.As(err, new(*intune.OutcomeUnknownError)) || time.Since(began) != time.Microsecond {
				t.Errorf("%s: got %v after %v", name, err, time.Since(began))
			}
		})
	}
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
	for name, cause := range map[string]error{"canceled": context.Canceled, "out of time": context.DeadlineExceeded} {
		ctx, cancel := context.WithCancel(t.Context())
		if cause == context.DeadlineExceeded { //nolint:errorlint // a sentinel of the test
			ctx, cancel = context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		}
		cancel()
		_, err := createContext(ctx, newWire(t).client())
		if !errors.Is(err, cause) || errors.As(err, new(*intune.OutcomeUnknownError)) || !strings.Contains(err.Error(), "had ended before the call") {
			t.Errorf("%s: got %v, want the context's error alone: nothing was sent", name, err)
		}
	}
}

// TestNotSentNeedsProof shows over real sockets, and with middleware, what counts as proof that nothing was sent: a
// POST is then tried again, and else it is not.
func TestNotSentNeedsProof(t *testing.T) {
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
		}, true, 0},
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

// deafConn is a connection on which nothing can be written.
type deafConn struct{ net.Conn }

func (*deafConn) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// brokenBody is a request body that a careless middleware has made: it ends with an error, or is longer than announced.
type brokenBody struct {
	io.Reader

	closeErr error
}

func (b *brokenBody) Close() error { return b.closeErr }

// TestErrorAfterTheLastByteProvesNothing: net/http reports a failed write also where the whole body has been sent.
func TestErrorAfterTheLastByteProvesNothing(t *testing.T) {
	for name, breaking := range map[string]func(body io.Reader) io.ReadCloser{
		"the body cannot be closed": func(body io.Reader) io.ReadCloser { return &brokenBody{body, errors.New("close failed")} },
		"the body is longer than it said": func(body io.Reader) io.ReadCloser {
			return &brokenBody{io.MultiReader(body, strings.NewReader("\n")), nil}
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := intunetest.NewServer(t)
			client := server.Client(fast, middleware(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
				if req.Body != nil {
					req = req.Clone(req.Context())
					req.Body = breaking(req.Body)
				}
				return next.RoundTrip(req)
			}))
			cert := &intune.EnterpriseCodeSigningCertificate{Subject: "CN=" + strings.Repeat("x", 20_000)}
			_, err := client.EnterpriseCodeSigningCertificates().Create(t.Context(), cert, intune.WithoutReconcile())
			if held := len(server.Certificates()); held > 1 || err != nil && !errors.As(err, new(*intune.OutcomeUnknownError)) {
				t.Errorf("%d held, %v", held, err)
			}
		})
	}
}

// TestRequestThatAMiddlewareRepeats: what one of its requests was refused proves nothing about the other.
func TestRequestThatAMiddlewareRepeats(t *testing.T) {
	server := intunetest.NewServer(t)
	inject(server, intunetest.Fault{Drop: intunetest.DropAfterCommit}, intunetest.Fault{Status: 400})
	client := server.Client(fast, middleware(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		again := req.Clone(req.Context())
		req = req.Clone(req.Context())
		req.Body, again.Body = io.NopCloser(strings.NewReader(string(body))), io.NopCloser(strings.NewReader(string(body)))
		if resp, err := next.RoundTrip(req); err == nil {
			return resp, nil
		}
		return next.RoundTrip(again)
	}))
	_, err := create(client, intune.WithoutReconcile())
	errorAs[*intune.OutcomeUnknownError](t, err)
}

// TestOperationsUnderFaults does what may be repeated under every fault: it succeeds, and has been done once.
func TestOperationsUnderFaults(t *testing.T) {
	name := "CN=Updated"
	operations := map[string]func(ctx context.Context, s *intune.EnterpriseCodeSigningCertificatesService, id string) error{
		"GET": func(ctx context.Context, s *intune.EnterpriseCodeSigningCertificatesService, id string) error {
			got, err := s.Get(ctx, id)
			if err == nil && got.ID != id {
				return fmt.Errorf("got %v", got)
			}
			return err
		},
		"GET list": func(ctx context.Context, s *intune.EnterpriseCodeSigningCertificatesService, id string) error {
			for cert, err := range s.All(ctx, nil) {
				if err != nil || cert.ID != id {
					return fmt.Errorf("%v: %w", cert, err)
				}
			}
			return nil
		},
		"GET count": func(ctx context.Context, s *intune.EnterpriseCodeSigningCertificatesService, _ string) error {
			n, err := s.Count(ctx, intune.Filter{})
			if err == nil && n != 1 {
				return fmt.Errorf("counted %d", n)
			}
			return err
		},
		"PATCH": func(ctx context.Context, s *intune.EnterpriseCodeSigningCertificatesService, id string) error {
			got, err := s.Update(ctx, id, &intune.EnterpriseCodeSigningCertificateUpdate{Subject: &name, Clear: []intune.Property{intune.PropertyIssuer}})
			if err == nil && (got.Subject != name || got.Issuer != "") {
				return fmt.Errorf("got %v", got)
			}
			return err
		},
		"DELETE": func(ctx context.Context, s *intune.EnterpriseCodeSigningCertificatesService, id string) error {
			return s.Delete(ctx, id)
		},
	}
	for operation, do := range operations {
		method, _, _ := strings.Cut(operation, " ")
		for _, fault := range postFaults {
			synctest.Test(t, func(t *testing.T) {
				server := memoryServer(t)
				service := server.Client().EnterpriseCodeSigningCertificates()
				cert := exampleCertificate()
				cert.UploadDateTime = time.Time{}
				created, err := service.Create(t.Context(), cert)
				if err != nil {
					t.Fatal(err)
				}
				fault.Method, fault.VisibleAfter = method, 0
				server.Inject(fault)
				err = do(t.Context(), service, created.ID)
				if isFailed := method == "GET" && fault.Status/100 == 4 && fault.Gateway && fault.Status != http.StatusRequestTimeout; isFailed {
					if err == nil || errors.Is(err, intune.ErrNotFound) {
						t.Errorf("%s under %+v: got %v", operation, fault, err)
					}
				} else if err != nil {
					t.Errorf("%s under %+v: %v", operation, fault, err)
				}
				held := server.Certificates()
				switch {
				case method == "DELETE" && len(held) > 0, method != "DELETE" && len(held) != 1:
					t.Errorf("%s under %+v: the tenant holds %v", operation, fault, held)
				case method == "PATCH" && held[0].Subject != name:
					t.Errorf("under %+v: %v was not updated", fault, held[0])
				}
			})
		}
		for status, want := range map[int]error{400: intune.ErrBadRequest, 403: intune.ErrForbidden, 404: intune.ErrNotFound, 409: intune.ErrConflict} {
			server := intunetest.NewServer(t)
			server.Inject(intunetest.Fault{Status: status})
			if err := do(t.Context(), server.Client().EnterpriseCodeSigningCertificates(), anID); !errors.Is(err, want) {
				t.Errorf("%s, %d: got %v", operation, status, err)
			}
		}
	}
}

// TestFaultsOnTheWire shows what one Create comes to under each fault, and how many certificates the tenant then holds.
func TestFaultsOnTheWire(t *testing.T) {
	type fault = intunetest.Fault
	tests := map[string]struct {
		fault    fault
		want     string // "created", "refused" or "unknown"
		stored   int
		attempts int
	}{
		"429":                   {fault{Status: 429}, "created", 1, 2},
		"504 after storing":     {fault{Status: 504, Gateway: true, Committed: true}, "unknown", 1, 1},
		"200 instead of 201":    {fault{Status: 200, Committed: true}, "unknown", 1, 1},
		"400":                   {fault{Status: 400}, "refused", 0, 1},
		"closed before reading": {fault{Drop: intunetest.DropBeforeReading}, "unknown", 0, 1},
		"closed after reading":  {fault{Drop: intunetest.DropAfterReading}, "unknown", 0, 1},
		"closed after storing":  {fault{Drop: intunetest.DropAfterCommit}, "unknown", 1, 1},
		"body truncated":        {fault{Drop: intunetest.DropInResponse}, "unknown", 1, 1},
		"token endpoint down":   {fault{Token: true, Status: 503}, "created", 1, 2},
		"token endpoint closed": {fault{Token: true, Drop: intunetest.DropAfterReading}, "created", 1, 2},
		"token truncated":       {fault{Token: true, Drop: intunetest.DropInResponse}, "created", 1, 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := intunetest.NewServer(t)
			server.Inject(test.fault)
			var meta intune.Response
			client := server.Client(fast)
			_, err := create(client, intune.WithResponse(&meta), intune.WithoutReconcile())
			got := "refused"
			switch {
			case err == nil:
				got = "created"
			case errors.As(err, new(*intune.OutcomeUnknownError)):
				got = "unknown"
			}
			if stored := len(server.Certificates()); got != test.want || stored != test.stored || meta.Attempts != test.attempts {
				t.Errorf("%s with %d stored after %d attempts: %v", got, stored, meta.Attempts, err)
			}
			if _, err := create(client); err != nil {
				t.Errorf("the next create: %v", err)
			}
		})
	}
}

// TestRetryAfterWithAFractionIsHonored, rounded up, in the header and in Intune's message, by the call and the whole client.
func TestRetryAfterWithAFractionIsHonored(t *testing.T) {
	message := `{"error":{"code":"TooManyRequests","message":"{\"Message\":\"slow down\",\"RetryAfter\":%s}"}}`
	for name, rejection := range map[string]httpmock.Responder{
		"in the header":      reply(429, "", "Retry-After", "2.128"),
		"in the message":     reply(429, strings.ReplaceAll(message, "%s", "2.128")),
		"as text in it":      reply(429, strings.ReplaceAll(message, "%s", `\"2.128\"`)),
		"of a busy service":  reply(503, graphRefusal("ServiceUnavailable"), "Retry-After", "2.128"),
		"less than a second": reply(429, "", "Retry-After", "2.0001"),
		"of a 509":           reply(509, "", "Retry-After", "2.9"),
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWire(t, rejection, reply(200, created), reply(200, created))
			client := w.client()
			other := make(chan error)
			go func() {
				time.Sleep(time.Second)
				other <- get(t.Context(), client)
			}()
			began := time.Now()
			err := get(t.Context(), client)
			if failure := <-other; err != nil || failure != nil {
				t.Fatalf("%s: %v, %v", name, err, failure)
			}
			for _, at := range w.times[1:] {
				if waited := at.Sub(began); waited < 3*time.Second || waited > 4*time.Second {
					t.Errorf("%s: sent after %v", name, waited)
				}
			}
		})
	}
	client, _ := served(t, respond(429, "", "Retry-After", "2.128"))
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := get(ctx, client); intune.RetryAfter(err) != 3*time.Second {
		t.Errorf("over a socket: %v, retry after %v", err, intune.RetryAfter(err))
	}
}

// TestA407IsFinalFromAnyone: only a proxy sends it, so the service has not seen the request.
func TestA407IsFinalFromAnyone(t *testing.T) {
	for name, body := range map[string]string{
		"nothing": "", "a page": "<html>Authenticate</html>", "Graph's words": graphRefusal("ProxyAuthenticationRequired"), "its own words": `{"message":"who are you?"}`,
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete} {
			client, requests := served(t, respond(http.StatusProxyAuthRequired, body))
			err := client.Do(t.Context(), method, "/x", nil, nil)
			if rejection := errorAs[*intune.APIError](t, err); rejection.StatusCode != 407 || len(*requests) != 1 || errors.As(err, new(*intune.OutcomeUnknownError)) {
				t.Errorf("%s to a %s: got %v after %d requests", name, method, err, len(*requests))
			}
			if !strings.Contains(err.Error(), "the proxy requires a user name and a password") {
				t.Errorf("%s: got %v", name, err)
			}
		}
	}
}
