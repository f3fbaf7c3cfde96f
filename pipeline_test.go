package intune_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

func TestMiddlewareSeesTheLibrarysHeadersExceptTheTokenAndReplacesNone(t *testing.T) {
	var seen []http.Header
	meddle := middleware(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
		seen = append(seen, req.Header.Clone())
		req = req.Clone(req.Context())
		for _, name := range []string{
			"Accept", "Authorization", "User-Agent", "Content-Type", "Client-Request-Id", "Accept-Encoding", "Content-Encoding",
			"Idempotency-Key", "X-Idempotency-Key",
		} {
			req.Header.Set(name, "meddled")
		}
		req.Header.Set("X-Trace", "kept")
		req.Host = "elsewhere.example"
		return next.RoundTrip(req)
	})
	w := newWire(t, reply(429, "", "Retry-After", "0"), reply(http.StatusCreated, created))
	if _, err := create(w.client(meddle, fast)); err != nil {
		t.Fatal(err)
	}
	for _, header := range seen {
		if names := slices.Sorted(maps.Keys(header)); !slices.Equal(names, []string{"Accept", "Client-Request-Id", "Content-Type", "User-Agent"}) {
			t.Errorf("the middleware saw %v", header)
		}
	}
	for _, req := range w.requests {
		want := http.Header{
			"Accept": {"application/json"}, "Content-Type": {"application/json"}, "Authorization": {"Bearer " + aToken},
			"Client-Request-Id": {w.requests[0].Header.Get("Client-Request-Id")}, "User-Agent": {req.Header.Get("User-Agent")}, "X-Trace": {"kept"},
		}
		if !reflect.DeepEqual(req.Header, want) || strings.Contains(req.UserAgent(), "meddled") || req.Host != "" || req.GetBody != nil {
			t.Errorf("sent %v to host %q", req.Header, req.Host)
		}
	}
	if len(seen) != 2 {
		t.Errorf("the middleware ran %d times, want once for each attempt", len(seen))
	}
}

func TestMiddlewareRunsOutermostFirst(t *testing.T) {
	var order string
	named := func(name string) intune.Option {
		return middleware(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
			order += name
			return next.RoundTrip(req)
		})
	}
	if _, err := create(newWire(t, reply(http.StatusCreated, created)).client(named("a"), named("b"))); err != nil || order != "ab" {
		t.Errorf("got %s, %v", order, err)
	}
}

func TestTokenGoesToTheConfiguredOriginOnly(t *testing.T) {
	for _, target := range []string{
		"https://evil.example/beta/x", "http://graph.microsoft.com/beta/x", "https://graph.microsoft.com:444/beta/x",
		"https://user@graph.microsoft.com/beta/x", "https:opaque",
	} {
		redirect := middleware(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
			req = req.Clone(req.Context())
			var err error
			if req.URL, err = req.URL.Parse(target); err != nil {
				return nil, err
			}
			return next.RoundTrip(req)
		})
		w := newWire(t)
		_, err := create(w.client(redirect))
		if err == nil || len(w.requests) > 0 || !strings.Contains(err.Error(), "origin") || errors.As(err, new(*intune.OutcomeUnknownError)) {
			t.Errorf("%s: got %v and %d requests", target, err, len(w.requests))
		}
	}
}

func TestMiddlewareThatDropsTheContextIsToldSo(t *testing.T) {
	drop := middleware(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
		return next.RoundTrip(req.WithContext(context.Background()))
	})
	if _, err := create(newWire(t).client(drop)); err == nil || !strings.Contains(err.Error(), "context") {
		t.Errorf("got %v", err)
	}
	if _, err := create(newWire(t).client(middleware(func(http.RoundTripper, *http.Request) (*http.Response, error) { return nil, nil }),
		intune.WithRetry(intune.RetryPolicy{MaxAttempts: 1})), intune.WithoutReconcile()); err == nil || !strings.Contains(err.Error(), "neither") {
		t.Errorf("got %v", err)
	}
}

func TestTransportErrorsNameTheRequestOnce(t *testing.T) {
	const prefix, suffix = "get enterpriseCodeSigningCertificate: ", ": gave up after 2 of 2 attempts"
	target := `Get "https://graph.microsoft.com/beta` + path + "/" + anID + `": `
	noHost := &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "graph.microsoft.com"}}
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"no responder":       {httpmock.NoResponderFound, target + "no responder found"},
		"no such host":       {noHost, target + noHost.Error()},
		"named by net/http":  {&url.Error{Op: "Get", URL: "https://named.example", Err: io.EOF}, `Get "https://named.example": EOF`},
		"with the token":     {errors.New("sent " + aToken), target + "sent ***"},
		"the library's own":  {context.DeadlineExceeded, target + "no connection in time"},
		"wrapped by another": {fmt.Errorf("outer: %w", &url.Error{Op: "Get", URL: "https://named.example", Err: io.EOF}), `outer: Get "https://named.example": EOF`},
	} {
		client := over(t, func(*http.Request) (*http.Response, error) { return nil, test.err },
			intune.WithRetry(intune.RetryPolicy{MaxAttempts: 2, MinDelay: time.Nanosecond}))
		_, err := client.EnterpriseCodeSigningCertificates().Get(t.Context(), anID, intune.WithSelect(intune.PropertyStatus))
		if err == nil || err.Error() != prefix+test.want+suffix {
			t.Errorf("%s: got %v, want %s", name, err, prefix+test.want+suffix)
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") }))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, status)
		}))
		var meta intune.Response
		_, err := create(newClient(t, staticToken(), intune.WithBaseURL(server.URL)), intune.WithResponse(&meta), intune.WithoutReconcile())
		unknown := errorAs[*intune.OutcomeUnknownError](t, err)
		if errorAs[*intune.APIError](t, unknown.Err).StatusCode != status || meta.Header.Get("Location") == "" {
			t.Errorf("%d: got %v, %v", status, err, meta.Header)
		}
		server.Close()
	}
}

func TestConnectionsAreReused(t *testing.T) {
	connections := make(map[string]bool)
	responses := []func(w http.ResponseWriter){
		func(w http.ResponseWriter) { w.WriteHeader(http.StatusCreated); _, _ = io.WriteString(w, created) },
		func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, graphRefusal("ResourceNotFound")+strings.Repeat(" ", 100_000))
		},
		func(w http.ResponseWriter) { w.WriteHeader(http.StatusTooManyRequests) },
		func(w http.ResponseWriter) { w.WriteHeader(http.StatusCreated); _, _ = io.WriteString(w, created) },
	}
	served := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connections[r.RemoteAddr] = true
		w.Header().Set("Content-Type", "application/json")
		responses[served](w)
		served++
	}))
	defer server.Close()
	client := newClient(t, staticToken(), intune.WithBaseURL(server.URL), fast)
	for range 3 {
		_, _ = create(client)
	}
	client.CloseIdleConnections()
	if served != len(responses) || len(connections) != 1 {
		t.Errorf("%d requests over %d connections, want %d over one", served, len(connections), len(responses))
	}
}

// closeCounter counts how often its pool was drained.
type closeCounter struct {
	http.RoundTripper

	closed int
}

func (c *closeCounter) CloseIdleConnections() { c.closed++ }

func TestUsersPoolIsDrainedOnlyByTheUser(t *testing.T) {
	base := &closeCounter{RoundTripper: newWire(t, reply(404, ""), lost()).mock}
	httpClient := &http.Client{Transport: base}
	client := newClient(t, staticToken(), intune.WithHTTPClient(httpClient))
	_, _ = create(client, intune.WithoutReconcile())
	_, _ = create(client, intune.WithoutReconcile())
	if base.closed != 0 {
		t.Errorf("the pool was drained %d times by failures", base.closed)
	}
	client.CloseIdleConnections()
	if base.closed != 1 || httpClient.CheckRedirect != nil || httpClient.Transport != base {
		t.Errorf("closed %d times, client %+v", base.closed, httpClient)
	}
}

func TestJarOfTheUserIsUsed(t *testing.T) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	w := newWire(t, reply(http.StatusCreated, created, "Set-Cookie", "affinity=1"), reply(http.StatusCreated, created))
	client := newClient(t, staticToken(), intune.WithHTTPClient(&http.Client{Transport: w.mock, Jar: jar}))
	for range 2 {
		if _, err := create(client); err != nil {
			t.Fatal(err)
		}
	}
	if got := w.requests[1].Header.Get("Cookie"); got != "affinity=1" {
		t.Errorf("cookie %q", got)
	}
}

func TestOwnTransportRefusesOldTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = tlsAtMost11()
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	client := newClient(t, staticToken(), intune.WithBaseURL(server.URL), intune.WithRetry(intune.RetryPolicy{MaxAttempts: 1}))
	if err := client.Do(t.Context(), "GET", "/x", nil, nil); err == nil || !strings.Contains(err.Error(), "protocol version") {
		t.Errorf("got %v", err)
	}
}

func TestMiddlewareDoesNotSeeTheTokenOnTheWayBackEither(t *testing.T) {
	server := intunetest.NewServer(t)
	var seen []string
	var hooks int
	client := server.Client(middleware(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
		trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { hooks++ }}
		resp, err := next.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
		if err == nil {
			seen = append(seen, fmt.Sprint(resp.Request.Header))
		}
		return resp, err
	}))
	if _, err := create(client); err != nil {
		t.Fatal(err)
	}
	if hooks != 1 || strings.Contains(fmt.Sprint(seen), "Bearer") {
		t.Errorf("%d connections, seen %v", hooks, seen)
	}
}

func TestHeadersInOtherSpellingsReplaceNothing(t *testing.T) {
	var got http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, created)
	}))
	defer server.Close()
	client := newClient(t, staticToken(), intune.WithBaseURL(server.URL), middleware(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
		req = req.Clone(req.Context())
		for _, name := range []string{"accept", "ACCEPT", "authorization", "idempotency-key", "x-idempotency-Key"} {
			req.Header[name] = []string{"meddled"}
		}
		return next.RoundTrip(req)
	}))
	if _, err := create(client); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(fmt.Sprint(got), "meddled") || fmt.Sprint(got["Accept"]) != "[application/json]" {
		t.Errorf("sent %v", got)
	}
}

func TestResponsesThatNetHTTPTolerates(t *testing.T) {
	for name, base := range map[string]roundTripper{
		"no body": func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusNoContent}, nil
		},
		"no response": func(*http.Request) (*http.Response, error) { return nil, nil },
	} {
		client := newClient(t, staticToken(), intune.WithHTTPClient(&http.Client{Transport: base}), intune.WithRetry(intune.RetryPolicy{MaxAttempts: 1}))
		if err := client.Do(t.Context(), "POST", "/x", nil, nil); (err == nil) != (name == "no body") {
			t.Errorf("%s: %v", name, err)
		}
		signIn := newClient(t, intune.ClientSecretCredential(tenant, app, aSecret), intune.WithHTTPClient(&http.Client{Transport: base}), intune.WithRetry(intune.RetryPolicy{MaxAttempts: 1}))
		if err := get(t.Context(), signIn); err == nil {
			t.Errorf("%s: signed in", name)
		}
	}
}

func TestCookiesAreThoseOfTheJarForEachAttempt(t *testing.T) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	site, _ := url.Parse("https://graph.microsoft.com/")
	jar.SetCookies(site, []*http.Cookie{{Name: "affinity", Value: "0", Path: "/"}})
	throttled := reply(429, "", "Set-Cookie", "affinity=1; Path=/")
	w := newWire(t, throttled, reply(201, created))
	client := newClient(t, staticToken(), intune.WithHTTPClient(&http.Client{Transport: w.mock, Jar: jar}), fast)
	if _, err := create(client); err != nil {
		t.Fatal(err)
	}
	if got := w.requests[1].Header["Cookie"]; fmt.Sprint(got) != "[affinity=1]" {
		t.Errorf("the second attempt sends %v", got)
	}
}

// TestHostileResponsesAreBounded feeds responses that never end, at every layer, and looks that the call does.
func TestHostileResponsesAreBounded(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	var round atomic.Int32
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				_, _ = io.ReadAtLeast(conn, make([]byte, 4096), 100)
				prefix := "HTTP/1.1 200 OK\r\nX: "
				if round.Add(1)%2 == 0 {
					prefix = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
				}
				_, _ = io.WriteString(conn, prefix)
				_, _ = io.Copy(conn, io.LimitReader(endless("a"), 64<<20))
			}()
		}
	}()
	client := newClient(t, staticToken(), intune.WithBaseURL("http://"+listener.Addr().String()), intune.WithRetry(intune.RetryPolicy{MaxAttempts: 2, MinDelay: 1, MaxDelay: 1}))
	defer client.CloseIdleConnections()
	var out json.RawMessage
	if err := client.Do(t.Context(), "GET", "/x", nil, &out); err == nil {
		t.Error("an endless response was accepted")
	}
}

// TestLateRequestOfAMiddlewareIsNotSent shows that the proof of an attempt that was not sent holds afterwards: a
// middleware that gave up and calls its next step too late would make the retry a second POST.
func TestLateRequestOfAMiddlewareIsNotSent(t *testing.T) {
	w := newWire(t, reply(http.StatusCreated, created))
	retried, late := make(chan struct{}), make(chan error)
	first := true
	client := w.client(fast,
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
			opts := append(opts, intune.WithBaseURL(server.URL), fast)
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
				if time.Since(began) != want || !strings.Contains(err.Error(), "no response within") {
					t.Errorf("got %v after %v", err, time.Since(began))
				}
				if errors.Is(err, context.DeadlineExceeded) {
					t.Error("the limit of an attempt is taken for the caller's deadline")
				}
			})
		})
	}
}

func TestSlowResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := intunetest.NewServer(t, intunetest.WithListener(intunetest.ListenMemory()))
		server.Inject(intunetest.Fault{Delay: 59 * time.Second}, intunetest.Fault{Delay: 61 * time.Second})
		client := server.Client()
		if _, err := create(client); err != nil {
			t.Errorf("59 s: %v", err)
		}
		_, err := create(client, intune.WithoutReconcile())
		errorAs[*intune.OutcomeUnknownError](t, err)
		if !strings.Contains(err.Error(), "no response within 1m0s") {
			t.Errorf("61 s: %v", err)
		}
	})
}

func TestDeadlineOfTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := intunetest.NewServer(t, intunetest.WithListener(intunetest.ListenMemory()))
		server.Inject(intunetest.Fault{Token: true, Delay: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		began := time.Now()
		_, err := createContext(ctx, server.Client())
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 100*time.Millisecond || errors.As(err, new(*intune.OutcomeUnknownError)) {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
	})
}

func TestMiddlewareThatReturnsNilIsReportedByNewClient(t *testing.T) {
	client, err := intune.NewClient(staticToken(), intune.WithMiddleware(func(http.RoundTripper) http.RoundTripper { return nil }))
	if errorAs[*intune.InputError](t, err); client != nil {
		t.Errorf("got %v", client)
	}
}

// TestMiddlewareCannotChangeTheBody: what is sent is what Create has checked, and will look for.
func TestMiddlewareCannotChangeTheBody(t *testing.T) {
	for name, body := range map[string]io.ReadCloser{
		"another one": io.NopCloser(strings.NewReader(`{"subject":"CN=Fabrikam"}`)), "none": http.NoBody, "nil": nil, "broken": io.NopCloser(failingReader{}),
	} {
		w := newWire(t, reply(http.StatusCreated, created))
		client := w.client(middleware(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
			req = req.Clone(req.Context())
			req.Body, req.ContentLength = body, 3
			return next.RoundTrip(req)
		}))
		if _, err := create(client); err != nil || !strings.Contains(w.bodies[0], "CN=Contoso") || w.requests[0].ContentLength != int64(len(w.bodies[0])) {
			t.Errorf("%s: %v, sent %v", name, err, w.bodies)
		}
	}
}

// TestUnknownAuthorityIsFinalAtOnce: waiting does not help, and the error says where a private authority goes.
func TestUnknownAuthorityIsFinalAtOnce(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	for name, opts := range map[string][]intune.Option{"the library's transport": nil, "a transport of net/http": {intune.WithHTTPClient(&http.Client{Transport: new(http.Transport)})}} {
		client := newClient(t, staticToken(), append(opts, intune.WithBaseURL(server.URL))...)
		var meta intune.Response
		_, err := create(client, intune.WithResponse(&meta))
		if meta.Attempts != 1 || err == nil || errors.As(err, new(*intune.OutcomeUnknownError)) || !strings.Contains(err.Error(), "WithHTTPClient") {
			t.Errorf("%s: %v after %d attempts", name, err, meta.Attempts)
		}
		if err := client.Do(t.Context(), "GET", "/x", nil, nil, intune.WithResponse(&meta)); err == nil || meta.Attempts != 1 {
			t.Errorf("%s: a GET: %v after %d attempts", name, err, meta.Attempts)
		}
		client.CloseIdleConnections()
	}
}

func TestColdStartOfManyAsksForOneToken(t *testing.T) {
	server := intunetest.NewServer(t)
	client := server.Client()
	var wait sync.WaitGroup
	for range 100 {
		wait.Go(func() {
			if _, err := create(client); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	tokens := 0
	for _, req := range server.Requests() {
		if strings.HasSuffix(req.URL, "/token") {
			tokens++
		}
	}
	if stored := len(server.Certificates()); tokens != 1 || stored != 100 {
		t.Errorf("%d token requests for %d certificates", tokens, stored)
	}
}

func TestExpiredTokenIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := intunetest.NewServer(t, intunetest.WithListener(intunetest.ListenMemory()), intunetest.WithTokenLifetime(time.Minute))
		client := server.Client()
		for range 10 {
			if _, err := create(client); err != nil {
				t.Fatal(err)
			}
			time.Sleep(45 * time.Second)
		}
	})
}

func TestRevokedTokenIsReplacedOnce(t *testing.T) {
	server := intunetest.NewServer(t)
	server.Inject(intunetest.Fault{Status: http.StatusUnauthorized})
	var meta intune.Response
	if _, err := create(server.Client(), intune.WithResponse(&meta)); err != nil || meta.Attempts != 2 {
		t.Errorf("%v after %d attempts", err, meta.Attempts)
	}
	tokens := 0
	for _, req := range server.Requests() {
		if strings.HasSuffix(req.URL, "/token") {
			tokens++
		}
	}
	if tokens != 2 {
		t.Errorf("%d token requests, want a second one after the 401", tokens)
	}
}

func TestPauseOfTheTokenEndpointHoldsForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := &issuer{fail: func(n int) error {
			if n == 1 {
				return &intune.AuthError{StatusCode: 429, RetryAfter: time.Minute}
			}
			return nil
		}}
		client := new(service).client(t, tokens)
		done := make(chan error)
		began := time.Now()
		for i := range 5 {
			go func() {
				time.Sleep(time.Duration(i) * time.Second)
				done <- get(t.Context(), client)
			}()
		}
		for range 5 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if tokens.count() != 2 || time.Since(began) != time.Minute {
			t.Errorf("%d token requests in %v", tokens.count(), time.Since(began))
		}
	})
}
